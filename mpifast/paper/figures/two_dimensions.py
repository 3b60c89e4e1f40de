"""The paper in two dimensions: networks and solvers on a Lissajous scanner, over noise, particle size and kind of
phantom.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from mpifast.metrics import mse
from mpifast.paper.experiments import Outcome
from mpifast.paper.figures.comparison import timed
from mpifast.paper.methods import Condition, Solve, noise_name, tuned_solvers
from mpifast.paper.options import Options
from mpifast.paper.plane import FIELD_OF_VIEW, KINDS, PlaneExperiment, plane, word
from mpifast.paper.plane_text import METHODS, NETWORKS, SOLVERS, name_of, reading
from mpifast.paper.records import Record

TITLE = "Two dimensions: networks and solvers on a Lissajous scanner"
TIMED = True  # the time of each method is measured
LARGEST, NOISE_DB = 30, 30.0  # nm and dB: where the other of the two is varied, and of the pictures
DIAMETERS, NOISES = (15, 20, 25, 30), (None, 40.0, 30.0, 20.0)
QUICK_DIAMETERS, QUICK_NOISES = (20, 30), (None, 30.0)
UNITS = (0.25, 0.5, 0.75, 1.0, 1.25)  # of a hidden layer, over the number of voxels
QUICK_UNITS = (0.25, 1.25)
TUNING = 50  # phantoms that set a solver's parameter
PICTURED = 2  # which of the test phantoms
SWEEPS = 200  # of Kaczmarz
# Of a hidden layer: the settings of least error among those tried on 16 x 16 voxels at 30 nm and 30 dB. Those of the
# line (each sample over its largest value, rate 0.45) gave 2.6 times the error, a rate of 0.1 gave 2.3 times, and 20
# passes no less than 8.
HIDDEN: dict[str, Any] = {"scaling": "standard", "learning_rate": 0.03, "weight_range": 0.1}
FLOOR = 1e-6  # of errors that are drawn
ROWS = ("words", "vessels", "random")
TITLES = {
    "phantom": "phantom",
    "tsvd": "TSVD",
    "tikhonov": "Tikhonov",
    "kaczmarz": "Kaczmarz",
    "nnls": "NNLS",
    "one_layer": "one layer,\nrandom",
    "hidden": "hidden layer,\nrandom",
    "one_layer_vessels": "one layer,\nvessels",
    "hidden_vessels": "hidden layer,\nvessels",
}


class Key(NamedTuple):
    """One training: hidden units over voxels (0: no hidden layer), phantoms, diameter in nm, noise in dB."""

    hidden: float
    kind: str
    diameter: int
    snr_db: float | None
    recipe: str = "paper"


@dataclass(frozen=True)
class Pictures:
    """A phantom of each kind and its images, by kind and method ("phantom" itself among them); all records."""

    voxels: int
    images: dict[str, dict[str, np.ndarray]]
    records: list[Record]


def conditions(options: Options) -> list[tuple[int, float | None]]:
    """Diameters at one level of noise, and levels of noise at one diameter."""
    diameters, noises = (QUICK_DIAMETERS, QUICK_NOISES) if options.quick else (DIAMETERS, NOISES)
    return [*((LARGEST, snr) for snr in noises), *((size, NOISE_DB) for size in diameters if size != LARGEST)]


def experiment(key: Key, options: Options) -> PlaneExperiment:
    """The training of a key."""
    voxels, samples = (17, 3_000) if options.quick else (20, 10_000)
    bias = key.kind != "random"
    common: dict[str, Any] = {"diameter_nm": float(key.diameter), "snr_db": key.snr_db, "seed": options.seed}
    common |= {"recipe": key.recipe, "voxels": voxels, "kind": key.kind, "samples": samples, "bias": bias}
    if key.hidden == 0.0:
        return PlaneExperiment(epochs=4 if key.recipe == "fast" else 7 if options.quick else 30, **common)
    units = round(key.hidden * voxels**2)
    return PlaneExperiment(hidden=(units,), epochs=3 if options.quick else 12, **(HIDDEN | common))


def experiments(options: Options) -> dict[Key, PlaneExperiment]:
    """One layer and a hidden one, trained on random phantoms and on vessels under each condition; hidden layers of
    several widths.
    """
    widest = max(UNITS)
    keys = [
        Key(hidden, kind, *condition)
        for condition in conditions(options)
        for kind in ("random", "vessels")
        for hidden in (0.0, widest)
    ]
    keys += [Key(part, "random", LARGEST, None) for part in (QUICK_UNITS if options.quick else UNITS)]
    if not options.quick:  # the fast recipe has loops of its own to compile
        keys.append(Key(0.0, "random", LARGEST, None, "fast"))
    return {key: experiment(key, options) for key in keys}


def methods(
    outcomes: Mapping[Key, Outcome], diameter: int, snr: float | None, tuning: tuple[np.ndarray, np.ndarray]
) -> dict[str, tuple[Solve, Any]]:
    """By name, the function that makes images of spectra, and its parameter if it has one."""
    found: dict[str, tuple[Solve, Any]] = {}
    for name, (hidden, kind) in NETWORKS.items():
        network = outcomes[Key(hidden * max(UNITS), kind, diameter, snr)].network
        found[name] = (partial(network.predict, threads=1), None)
    system = outcomes[Key(0.0, "random", diameter, snr)].experiment.system
    u, c = tuning
    return found | tuned_solvers(system, u.astype(np.float64), c, SOLVERS, SWEEPS)


def measure(options: Options, outcomes: Mapping[Key, Outcome]) -> tuple[Pictures, list[Record]]:
    """Mean squared errors over phantoms that no method has seen: half-full random ones, vessels, and words of three
    letters.

    The scanner has the dividers 102 and 96, drive fields of 12 mT (cosines), a gradient of (-1, -1, 2) T/m and both
    receive channels; its rows are those above 80 kHz and a hundredth of the largest one. Networks are trained on random
    phantoms, as the paper's, or on vessels, in both cases at the noise they are tested at; words train none of them.
    Each solver's parameter is the one of least error over fifty other phantoms of the kind it is tested on. The noise
    is white, its level so many decibels below the spectra of that kind. Seconds are of one image on one thread.
    """
    count = 10 if options.quick else 50
    records: list[Record] = []
    pictures: dict[str, dict[str, np.ndarray]] = {}
    for diameter, snr in conditions(options):
        base = experiment(Key(0.0, "random", diameter, snr), options)
        shown = (diameter, snr) == (LARGEST, NOISE_DB)
        for kind in KINDS:
            spectra = replace(base, dtype="float64").spectra_of(kind)
            u, c = spectra[base.samples : base.samples + count + TUNING]
            if shown and kind == "words":  # one of them is the word of the picture, with the same noise
                here, forward = slice(PICTURED, PICTURED + 1), partial(base.system.spectra, dtype="float64", threads=1)
                u[here] -= forward(c[here])
                c[here] = word(plane(base.voxels))
                u[here] += forward(c[here])
            for name, (solve, parameter) in methods(outcomes, diameter, snr, (u[count:], c[count:])).items():
                solve(u[:1])  # compiles
                images, seconds = timed(solve, u[:count])
                condition = Condition(name, diameter, snr, kind)
                value = None if parameter is None else float(parameter)
                settings = options.settings(**condition._asdict(), parameter=value, voxels=base.voxels, tests=count)
                records.append(Record("2d", name_of(condition), None, mse(images, c[:count]), settings, seconds))
                if shown:
                    pictures.setdefault(kind, {})[name] = images[PICTURED]
            if shown:
                pictures[kind]["phantom"] = c[PICTURED]
    for key, outcome in outcomes.items():
        if (key.kind, key.diameter, key.snr_db) == ("random", LARGEST, None):
            width = {"hidden_over_voxels": key.hidden} if key.recipe == "paper" else {}
            settings = options.settings(**outcome.experiment.settings, **width)
            for part, error in (("train", outcome.train_mse), ("test", outcome.test_mse)):
                name = f"{sum(outcome.experiment.hidden)}units" if key.recipe == "paper" else key.recipe
                records.append(Record("2d", f"2d_{part}_mse_{name}", None, error, settings, outcome.seconds))
    return Pictures(base.voxels, pictures, records), records


def draw(pictures: Pictures, axes_of: Any) -> Any:
    """Phantoms and their images by each method, in millimetres; errors on vessels against noise and against diameter;
    errors against the width of the hidden layer.
    """
    names = ("phantom", *SOLVERS, *NETWORKS)
    sheet, axes = axes_of(1, width=12.6, height=8.2)
    axes[0, 0].remove()
    above, below = sheet.subfigures(2, 1, height_ratios=[1.55, 1.0])
    axes = above.subplots(len(KINDS), len(names), sharex=True, sharey=True)
    for row, kind in enumerate(ROWS):
        for column, name in enumerate(names):
            panel = axes[row, column]
            drawn = _picture(panel, pictures, kind, name)
            error = "" if name == "phantom" else f"MSE {mse(*_pair(pictures, kind, name)):.2g}"
            panel.set_title(f"{TITLES[name]}\n{error}" if row == 0 else error, fontsize=10)
            panel.set(xticks=[-10, 0, 10], yticks=[-10, 0, 10])
            panel.tick_params(labelsize=8)
        axes[row, 0].set_ylabel(f"{kind}\ny (mm)")
    for panel in axes[-1]:
        panel.set_xlabel("x (mm)", fontsize=8)
    above.colorbar(drawn, ax=axes, label="concentration", extend="both", aspect=40, pad=0.01)
    panels = below.subplots(1, 3)
    _curves(panels, pictures.records)
    below.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(METHODS), fontsize=9)
    return sheet


def _pair(pictures: Pictures, kind: str, name: str) -> tuple[np.ndarray, np.ndarray]:
    return pictures.images[kind][name][None], pictures.images[kind]["phantom"][None]


def _picture(panel: Any, pictures: Pictures, kind: str, name: str) -> Any:
    """One image: x to the right, y upwards."""
    half = 1e3 * FIELD_OF_VIEW / 2
    values = pictures.images[kind][name].reshape(pictures.voxels, pictures.voxels).T
    options: dict[str, Any] = {"vmin": 0.0, "vmax": 1.0, "interpolation": "nearest", "origin": "lower"}
    return panel.imshow(values, cmap="inferno", extent=(-half, half, -half, half), **options)


def _curves(panels: Any, records: list[Record]) -> None:
    """Errors on vessels against noise and diameter, and against the width of the hidden layer on random phantoms."""
    from mpifast.plots import COLORS

    values = {Condition.of(record): record.measured for record in records if "method" in record.settings}
    noises = [snr for snr in NOISES if any(condition.snr_db == snr for condition in values)]
    sizes = sorted({condition.diameter for condition in values})
    for index, method in enumerate((*SOLVERS, *NETWORKS)):
        color = COLORS[index % len(SOLVERS)]
        style: dict[str, Any] = {"color": color, "marker": ".", "linestyle": "--" if method in SOLVERS else "-"}
        by_noise = [max(values[Condition(method, LARGEST, snr, "vessels")], FLOOR) for snr in noises]
        by_size = [values[Condition(method, size, NOISE_DB, "vessels")] for size in sizes]
        panels[0].semilogy(range(len(noises)), by_noise, label=TITLES[method].replace("\n", " "), **style)
        panels[1].semilogy(sizes, by_size, **style)
    panels[0].set_xticks(range(len(noises)), [noise_name(snr).replace("dB", " dB") for snr in noises])
    panels[0].set(title=f"vessels, {LARGEST} nm", xlabel="signal-to-noise ratio")
    panels[0].set_ylabel(f"mean squared error (at least $10^{{{round(np.log10(FLOOR))}}}$)")
    panels[1].set(title=f"vessels, {NOISE_DB:g} dB", xlabel="diameter (nm)", xticks=sizes)
    for part, color in (("train", COLORS[0]), ("test", COLORS[1])):
        line = {
            record.settings["hidden_over_voxels"]: record.measured
            for record in records
            if record.quantity.startswith(f"2d_{part}_") and "hidden_over_voxels" in record.settings
        }
        wide = sorted(width for width in line if width)
        panels[2].semilogy(wide, [line[width] for width in wide], "o-", color=color, label=f"hidden layer, {part}")
        panels[2].axhline(line[0.0], color=color, linestyle=":", label=f"one layer, {part}")
    for record in records:
        if record.quantity == "2d_test_mse_fast":
            panels[2].axhline(record.measured, color=COLORS[2], linestyle=":", label="one layer, test, fast recipe")
    panels[2].set(title=f"random phantoms, {LARGEST} nm, noise-free", xlabel="hidden units / voxels")
    panels[2].set_ylim(bottom=panels[2].get_ylim()[0] / 30)  # room for the legend
    panels[2].legend(fontsize=8, loc="lower left", ncols=2, columnspacing=1.0)


__all__ = ["TITLE", "draw", "experiments", "measure", "reading"]
