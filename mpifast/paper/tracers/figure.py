"""What a wrong tracer costs: networks and solvers whose data come from another tracer, or another receive chain, than
they know.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from mpifast.metrics import mse
from mpifast.paper.experiments import Outcome
from mpifast.paper.methods import Solve, tuned_solvers
from mpifast.paper.options import Options
from mpifast.paper.plane import FIELD_OF_VIEW
from mpifast.paper.records import Record
from mpifast.paper.tracers.study import (
    CASES,
    REFERENCE,
    TracerExperiment,
    mixture,
    received,
    spectra_of,
    system_of,
    to_complex,
)
from mpifast.paper.tracers.text import KINDS, METHODS, name_of, reading
from mpifast.physics.linear_system import LinearSystem
from mpifast.physics.receive.fit import fit_transfer_function
from mpifast.solvers.kaczmarz import kaczmarz
from mpifast.solvers.spectral import tikhonov

TITLE = "What a wrong tracer costs"
NOISE_DB = 30.0
TUNING = 50  # phantoms that set a solver's parameter
SWEEPS = 200  # of Kaczmarz
TICKS = (0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5)  # of errors
PICTURED = 2  # which of the test phantoms
QUICK_CASES = ("same", "relaxation", "all")
TITLES = {
    "phantom": "phantom",
    "tikhonov": "Tikhonov,\nreference",
    "kaczmarz": "Kaczmarz,\nreference",
    "kaczmarz_fitted": "Kaczmarz,\nfitted",
    "kaczmarz_true": "Kaczmarz,\ntrue matrix",
    "one_layer": "one layer,\nreference",
    "one_layer_fitted": "one layer,\nfitted",
    "one_layer_mixture": "one layer,\nmixture",
    "one_layer_true": "one layer,\ntrue tracer",
}


@dataclass(frozen=True)
class Pictures:
    """Images of one phantom of vessels by case and method ("phantom" itself among them); all records."""

    voxels: int
    images: dict[str, dict[str, np.ndarray]]
    records: list[Record]


def experiments(options: Options) -> dict[str, TracerExperiment]:
    """One layer trained on the reference ("same"), on a mixture of tracers, and on the tracer of each other case."""
    voxels, samples, epochs = (17, 1_000, 6) if options.quick else (20, 10_000, 15)
    common: dict[str, Any] = {"snr_db": NOISE_DB, "seed": options.seed, "voxels": voxels, "samples": samples}
    common |= {"epochs": epochs, "kind": "vessels", "bias": True}
    tracers = {name: (CASES[name],) for name in cases(options)} | {"mixture": mixture(6 if options.quick else 16)}
    return {name: TracerExperiment(tracers=those, **common) for name, those in tracers.items()}


def cases(options: Options) -> tuple[str, ...]:
    """Tracers of the data; a quick run has the reference, what a fit can mend and what it cannot."""
    return QUICK_CASES if options.quick else tuple(CASES)


def kinds(options: Options) -> tuple[str, ...]:
    """Phantoms; those of the training first."""
    return KINDS[:1] if options.quick else KINDS


def measure(options: Options, outcomes: Mapping[str, Outcome]) -> tuple[Pictures, list[Record]]:
    """Mean squared errors over phantoms that no method has seen, vessels and words, on the scanner of the study in two
    dimensions at 30 dB. The reference, which the methods know, is a tracer of one size (25 nm) in equilibrium and ideal
    coils. The data are of that tracer ("same"), of one 8 % larger ("size"), of two sizes 15 % below and above it
    ("spread"), with a Debye time of 2 microseconds ("relaxation"), with the anisotropy of particles in a fluid
    ("anisotropy"), received through a low-pass of 500 kHz by channels of unequal gain ("chain"), or with all of these
    ("all"). "fitted": by one factor for each row, fitted to a noise-free calibration, which scales the matrix of a
    solver or divides the spectra of a network. "mixture": trained on tracers and receive chains drawn around the
    reference. "true": the matrix or the training is of the tracer of the data. The rows are those of mixing orders up
    to 12 above 80 kHz. Networks are trained on vessels. Alpha of the solvers, relative to the matrix that they have,
    is the one of least error over fifty other phantoms with spectra of the reference. Seconds are of one image, beside
    what is being trained.
    """
    count = 5 if options.quick else 50
    base = outcomes["same"].experiment
    assert isinstance(base, TracerExperiment)
    records: list[Record] = []
    pictures: dict[str, dict[str, np.ndarray]] = {}
    study = _Study(base, outcomes)
    for case in cases(options):
        for kind in kinds(options):
            truth = system_of(CASES[case], base.voxels)
            u, c = study.samples(truth, kind, slice(base.samples, base.samples + count))
            for name, (solve, parameter) in study.methods(case, kind).items():
                start = time.perf_counter()
                images = np.asarray(solve(u))
                seconds = (time.perf_counter() - start) / count
                value = None if parameter is None else float(parameter)
                facts = {"method": name, "case": case, "phantoms": kind, "snr_db": NOISE_DB, "parameter": value}
                facts |= {"voxels": base.voxels, "tests": count, "tracer": asdict(CASES[case])}
                quantity, settings = name_of(name, case, kind), options.settings(**facts)
                records.append(Record("tracers", quantity, None, mse(images, c), settings, seconds))
                if kind == "vessels":
                    pictures.setdefault(case, {"phantom": c[PICTURED]})[name] = images[PICTURED]
    return Pictures(base.voxels, pictures, records), records


class _Study:
    """The methods of each case, as functions of complex spectra."""

    def __init__(self, base: TracerExperiment, outcomes: Mapping[str, Outcome]) -> None:
        self.base, self.outcomes = base, outcomes
        self.reference = system_of(REFERENCE, base.voxels)
        self._alphas: dict[str, float] = {}

    def samples(self, system: LinearSystem, kind: str, numbers: slice) -> tuple[np.ndarray, np.ndarray]:
        """Complex spectra and phantoms."""
        options: dict[str, Any] = {"snr_db": NOISE_DB, "dtype": "float64"}
        u, c = spectra_of(system, self.base.voxels, kind, self.base.seed, **options)[numbers]
        return to_complex(u), c

    def alpha(self, kind: str) -> float:
        """Tikhonov's alpha of least error with the reference, over its squared norm."""
        if kind not in self._alphas:
            u, c = self.samples(self.reference, kind, slice(self.base.samples - TUNING, self.base.samples))
            _, alpha = tuned_solvers(self.reference, self.reference.to_real(u), c, ("tikhonov",))["tikhonov"]
            assert alpha is not None
            self._alphas[kind] = alpha / float(np.square(self.reference.real).sum()) * self.reference.voxels
        return self._alphas[kind]

    def methods(self, case: str, kind: str) -> dict[str, tuple[Solve, float | None]]:
        """All methods by name, with their parameter if they have one."""
        truth = system_of(CASES[case], self.base.voxels)
        factors = fit_transfer_function(truth, self.reference).values
        fitted, alpha = received(self.reference, factors), self.alpha(kind)
        relative: Any = {"alpha": alpha, "relative": True}
        sweeps: Any = {"iterations": SWEEPS, "nonnegative": True, "tolerance": 0.0, "progress": False, "threads": 1}
        found: dict[str, tuple[Solve, float | None]] = {
            "tikhonov": (partial(tikhonov, self.reference, **relative), alpha)
        }
        for name, system in (("kaczmarz", self.reference), ("kaczmarz_fitted", fitted), ("kaczmarz_true", truth)):
            found[name] = (partial(kaczmarz, system, **relative, **sweeps), alpha)
        networks = {"one_layer": ("same", 1.0), "one_layer_fitted": ("same", factors)}
        networks |= {"one_layer_mixture": ("mixture", 1.0), "one_layer_true": (case, 1.0)}
        for name, (training, divisors) in networks.items():
            found[name] = (partial(_predicted, self.outcomes[training], divisors), None)
        return found


def _predicted(outcome: Outcome, factors: Any, u: np.ndarray) -> Any:
    """Images by a network of complex spectra over factors."""
    experiment = outcome.experiment
    assert isinstance(experiment, TracerExperiment)
    u = u / factors
    inputs = np.concatenate([u.real, u.imag], axis=1)[:, experiment.inputs]
    return outcome.network.predict(np.ascontiguousarray(inputs, np.float32), threads=1)


def draw(pictures: Pictures, axes_of: Any) -> Any:
    """A phantom of vessels and its images by case and method, in millimetres, with the error over all phantoms; below,
    the errors by case.
    """
    names = ("phantom", *METHODS)
    rows = len(pictures.images)
    sheet, axes = axes_of(1, width=12.6, height=4.6 + 1.35 * rows)
    axes[0, 0].remove()
    above, below = sheet.subfigures(2, 1, height_ratios=[0.6 + 1.35 * rows, 4.0])
    axes = above.subplots(rows, len(names), sharex=True, sharey=True)
    errors = {record.quantity: record.measured for record in pictures.records}
    half = 1e3 * FIELD_OF_VIEW / 2
    options: dict[str, Any] = {"vmin": 0.0, "vmax": 1.0, "interpolation": "nearest", "origin": "lower"}
    for row, case in enumerate(pictures.images):
        for column, name in enumerate(names):
            panel = axes[row, column]
            values = pictures.images[case][name].reshape(pictures.voxels, pictures.voxels).T
            drawn = panel.imshow(values, cmap="inferno", extent=(-half, half, -half, half), **options)
            error = "" if name == "phantom" else f"MSE {errors[name_of(name, case, 'vessels')]:.2g}"
            panel.set_title(f"{TITLES[name]}\n{error}" if row == 0 else error, fontsize=9)
            panel.set(xticks=[-10, 0, 10], yticks=[-10, 0, 10])
            panel.tick_params(labelsize=7)
        axes[row, 0].set_ylabel(f"{case}\ny (mm)", fontsize=9)
    for panel in axes[-1]:
        panel.set_xlabel("x (mm)", fontsize=8)
    above.colorbar(drawn, ax=axes, label="concentration", extend="both", aspect=50, pad=0.01)
    drawn_kinds = dict.fromkeys(record.settings["phantoms"] for record in pictures.records)
    panels = below.subplots(1, len(drawn_kinds), sharey=True, squeeze=False)[0]
    for panel, kind in zip(panels, drawn_kinds, strict=True):
        _curves(panel, errors, list(pictures.images), kind)
    panels[0].set_ylabel("mean squared error")
    ticks = [tick for tick in TICKS if panels[0].get_ylim()[0] <= tick <= panels[0].get_ylim()[1]]
    panels[0].set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    panels[0].set_yticks([], minor=True)
    below.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=9)
    return sheet


def _curves(panel: Any, errors: dict[str, float], names: list[str], kind: str) -> None:
    """Errors on a kind of phantom by case; solvers dashed, a colour for what a method knows."""
    from mpifast.plots import COLORS

    colors = {"fitted": COLORS[2], "mixture": COLORS[1], "true": COLORS[6]}
    for method in METHODS:
        style: dict[str, Any] = {"color": colors.get(method.rpartition("_")[2], COLORS[0])}
        style |= {
            "marker": "^" if method == "tikhonov" else ".",
            "linestyle": "-" if method.startswith("one") else "--",
        }
        values = [errors[name_of(method, case, kind)] for case in names]
        label = TITLES[method].replace("\n", " ")
        panel.semilogy(range(len(names)), values, label=label, linewidth=1.2, markersize=5, **style)
    panel.set_xticks(range(len(names)), names)
    panel.set(title=f"{kind}, {REFERENCE.diameter_nm:g} nm, {NOISE_DB:g} dB", xlabel="the tracer of the data")


__all__ = ["TITLE", "draw", "experiments", "measure", "reading"]
