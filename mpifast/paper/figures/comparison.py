"""What the paper never compared: networks and the regularised solvers of eq. (5), over particle size, noise and kind of
phantom.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from mpifast.data import phantoms
from mpifast.metrics import mse
from mpifast.paper.comparison_text import reading
from mpifast.paper.experiments import DATA_SET, Experiment, Outcome
from mpifast.paper.methods import METHODS, NETWORKS, PHANTOMS, Condition, Solve, noise_name, tuned_solvers
from mpifast.paper.options import Options
from mpifast.paper.records import Record
from mpifast.paper.studies import DIAMETERS, hidden_layer, one_layer
from mpifast.physics.noise import noise_level

TITLE = "Networks and regularised solvers: size, noise and sparsity"
TIMED = True  # the time of each method is measured
NOISE_DB = (None, 60.0, 40.0, 30.0, 20.0)
SPARSE_DENSITY = 0.05
TUNING = 50  # training phantoms that set a solver's parameter

Key = tuple[str, int, float | None]


def levels(options: Options) -> dict[int, tuple[float | None, ...]]:
    """Signal-to-noise ratios in dB at each diameter in nm: in a quick run those that are drawn."""
    if options.quick:
        return {30: (30.0,), 40: (None, 30.0)}
    return dict.fromkeys(DIAMETERS, NOISE_DB)


def experiments(options: Options) -> dict[Key, Experiment]:
    """By (kind, diameter, noise): the networks of figures 5 and 9, and others trained with noise."""
    found: dict[Key, Experiment] = {}
    for diameter, noises in levels(options).items():
        for kind, clean in (
            ("one_layer", one_layer(diameter, options)),
            ("hidden", hidden_layer(200, options, diameter=diameter)),
        ):
            # Noise ends the gain of long trainings, and drowns what float64 would keep.
            noisy = replace(clean, epochs=2 if options.quick else 40, dtype="float32")
            found |= {
                (kind, diameter, snr): clean if snr is None else replace(noisy, snr_db=snr) for snr in (None, *noises)
            }
    return found


def test_phantoms(options: Options) -> dict[str, np.ndarray]:
    """The four kinds: half-full random ones that no network has seen, two pictures, and nearly empty random ones."""
    count = 20 if options.quick else 100
    return {
        "random": phantoms.random(count, seed=options.seed, start=DATA_SET, threads=1),
        "pattern": phantoms.pattern(),
        "letters": phantoms.letters("MPI"),
        "sparse": phantoms.random(count, density=SPARSE_DENSITY, seed=options.seed, start=DATA_SET, threads=1),
    }


def methods(outcomes: Mapping[Key, Outcome], diameter: int, snr: float | None) -> dict[str, tuple[Solve, Any]]:
    """By name, the function that makes images of spectra, and its parameter if it has one."""
    system = outcomes["one_layer", diameter, None].experiment.system
    found: dict[str, tuple[Solve, Any]] = {}
    for kind in ("one_layer", "hidden"):
        for name, level in ((kind, None), (f"{kind}_noise", snr)):
            found[name] = (
                partial(outcomes[kind, diameter, level].network.predict, threads=1),
                None,
            )  # compiled for the trainings already
    spectra = replace(outcomes["one_layer", diameter, None].experiment, snr_db=snr, dtype="float64").spectra
    return found | tuned_solvers(system, *spectra[:TUNING])


def measure(options: Options, outcomes: Mapping[Key, Outcome]) -> tuple[list[Record], list[Record]]:
    """Mean squared errors over each kind of phantom, and the time an image takes when a few hundred are made together,
    on one thread.

    The noise is white and as strong for all phantoms: its ratio in dB is that of half-full random ones. Each solver's
    parameter is the one of least error over fifty training phantoms of the same size and noise; the networks have seen
    30,000, for 300 passes without noise and for 40 with it.
    """
    tests = test_phantoms(options)
    c, ends = np.concatenate(list(tests.values())), np.cumsum([len(picture) for picture in tests.values()])
    records = []
    for diameter, noises in levels(options).items():
        system = outcomes["one_layer", diameter, None].experiment.system
        noise = np.random.Generator(np.random.Philox([options.seed, diameter])).standard_normal(
            (len(c), len(system.equations))
        )
        clean = system.spectra(c, dtype="float64", threads=1)
        for snr in noises:
            u = clean + noise_level(system.real, snr) * noise
            for name, (solve, parameter) in methods(outcomes, diameter, snr).items():
                solve(u[:1])  # compiles
                images, seconds = timed(solve, u)
                for kind, image in zip(tests, np.split(images, ends[:-1]), strict=True):
                    condition = Condition(name, diameter, snr, kind)
                    settings = options.settings(
                        **condition._asdict(), parameter=None if parameter is None else float(parameter)
                    )
                    records.append(
                        Record("comparison", condition.quantity, None, mse(image, tests[kind]), settings, seconds)
                    )
    return records, records


def timed(solve: Solve, u: np.ndarray) -> tuple[np.ndarray, float]:
    """The images, and seconds for each: the least of three calls where they are short, since threads of the method
    before may still spin.
    """
    seconds: list[float] = []
    while not seconds or (sum(seconds) < 0.1 and len(seconds) < 3):
        start = time.perf_counter()
        images = np.asarray(solve(u))
        seconds.append(time.perf_counter() - start)
    return images, min(seconds) / len(u)


def draw(records: list[Record], axes_of: Any) -> Any:
    """A column of panels for each kind of phantom: error against noise at 40 nm, and against the diameter at 30 dB."""
    from mpifast.plots import COLORS

    values = {Condition.of(record): record.measured for record in records}
    sizes = sorted({condition.diameter for condition in values})
    noises = [snr for snr in NOISE_DB if any(condition.snr_db == snr for condition in values)]
    sheet, axes = axes_of(len(PHANTOMS), rows=2, sharey="row")
    for column, kind in enumerate(PHANTOMS):
        for index, method in enumerate(METHODS):
            # A network's two trainings share a colour; dashes: without noise.
            color = COLORS[index // 2] if method in NETWORKS else COLORS[index - 2]
            style = {"color": color, "linestyle": "--" if method in ("one_layer", "hidden") else "-", "marker": "."}
            by_noise = [max(values[Condition(method, 40, snr, kind)], 1e-9) for snr in noises]
            by_size = [max(values[Condition(method, size, 30.0, kind)], 1e-9) for size in sizes]
            axes[0, column].semilogy(range(len(noises)), by_noise, label=method.replace("_", " "), **style)
            axes[1, column].semilogy(sizes, by_size, **style)
        axes[0, column].set(title=f"{kind}, 40 nm", xlabel="signal-to-noise ratio")
        axes[0, column].set_xticks(range(len(noises)), [noise_name(snr) for snr in noises])
        axes[1, column].set(title=f"{kind}, 30 dB", xlabel="diameter (nm)")
    for line in axes:
        line[0].set_ylabel("mean squared error (at least 1e-9)")
    sheet.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=len(METHODS), fontsize="small"
    )
    return sheet


__all__ = ["TITLE", "draw", "experiments", "measure", "reading"]
