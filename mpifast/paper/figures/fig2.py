"""Figure 2: convolved signals of the particles, and the resolution they set."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mpifast.analysis import fwhm
from mpifast.data import phantoms
from mpifast.paper.experiments import Experiment, Outcome
from mpifast.paper.options import Options
from mpifast.paper.records import Record
from mpifast.physics.fields.scanner import Scanner
from mpifast.physics.tracer.langevin import langevin_derivative
from mpifast.physics.tracer.particle import Particle

TITLE = "Convolved signals, and the width of the Langevin derivative"
DIAMETERS = (30e-9, 50e-9)
PRINTED_MM = {30: 1.0, 50: 0.25}  # figure 2(b)


@dataclass(frozen=True)
class Curves:
    """Positions in mm and the signals over them, by diameter in nm; the law of the width over diameters in nm."""

    position: np.ndarray
    phantom: np.ndarray
    random: dict[int, np.ndarray]
    neighbours: dict[int, np.ndarray]
    diameter: np.ndarray
    width: np.ndarray


def convolved(scanner: Scanner, particle: Particle, phantom: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Signal against the position of the field-free point (metres): the phantom convolved with L'(beta G x), largest
    value 1.
    """
    signal = langevin_derivative(particle.beta * scanner.gradient * (position[:, None] - scanner.positions)) @ phantom
    return signal / signal.max()


def experiments(options: Options) -> dict[Any, Experiment]:
    """Nothing to train."""
    return {}


def measure(options: Options, outcomes: Mapping[Any, Outcome]) -> tuple[Curves, list[Record]]:
    """Widths and signals at 30 and 50 nm; how deep the valley between two neighbouring voxels is."""
    start = time.perf_counter()
    scanner = Scanner()
    position = np.linspace(-4e-3, 4e-3, 3201)
    phantom = phantoms.random(1, scanner.voxels, seed=options.seed)[0]
    pair = phantoms.dots([1], scanner.voxels)[0]
    particles = {round(d * 1e9): Particle(d) for d in DIAMETERS}
    sizes = np.linspace(20.0, 60.0, 161)
    curves = Curves(
        position * 1e3,
        phantom,
        {d: convolved(scanner, particle, phantom, position) for d, particle in particles.items()},
        {d: convolved(scanner, particle, pair, position) for d, particle in particles.items()},
        sizes,
        np.array([fwhm(Particle(d * 1e-9), scanner) * 1e3 for d in sizes]),
    )
    middle = np.abs(position - scanner.positions[pair == 1].mean()).argmin()
    settings = options.settings(temperature_K=300.0, gradient_T_per_m=scanner.gradient)
    seconds = time.perf_counter() - start
    records = [
        Record("fig2", f"fwhm_mm_{d}nm", PRINTED_MM[d], fwhm(p, scanner) * 1e3, settings, seconds)
        for d, p in particles.items()
    ]
    # 1: two voxels 0.25 mm apart make one peak; less: they are two, with a valley between.
    records += [
        Record("fig2", f"neighbour_valley_{d}nm", None, float(s[middle]), settings, seconds)
        for d, s in curves.neighbours.items()
    ]
    return curves, records


def draw(curves: Curves, axes_of: Any) -> Any:
    """Panels: the signal of random particles, of two neighbours, and the width against the diameter."""
    from mpifast.plots import COLORS

    sheet, axes = axes_of(3)
    random, pair, law = axes[0]
    for color, (diameter, signal) in zip(COLORS, curves.random.items(), strict=False):
        random.plot(curves.position, signal, color=color, label=f"{diameter} nm")
        pair.plot(curves.position, curves.neighbours[diameter], color=color, label=f"{diameter} nm")
    random.set(title="(a) random particles", xlabel="position (mm)", ylabel="convolved signal (largest = 1)")
    pair.set(title="(a) two voxels 0.25 mm apart", xlabel="position (mm)", xlim=(-2, 2))
    law.plot(curves.diameter, curves.width, color=COLORS[2], label="4.161 / (βG), 300 K")
    law.plot(list(PRINTED_MM), list(PRINTED_MM.values()), "o", color=COLORS[6], label="paper")
    law.axhline(0.25, color=COLORS[4], linestyle="--", label="voxel pitch")
    law.set(title="(b) width of the Langevin derivative", xlabel="diameter (nm)", ylabel="FWHM (mm)", yscale="log")
    for panel in axes[0]:
        panel.legend()
    return sheet
