"""Figure 3: spectra and system functions at 30 and 40 nm."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mpifast.data.spectra import Spectra
from mpifast.paper.experiments import Experiment, Outcome
from mpifast.paper.options import Options
from mpifast.paper.records import Record
from mpifast.physics.fields.scanner import Scanner
from mpifast.physics.system_matrix import system_matrix
from mpifast.physics.tracer.particle import Particle

TITLE = "Spectra and system functions at 30 and 40 nm"
DIAMETERS = (30e-9, 40e-9)
ROWS = (2, 3, 6, 11)  # harmonics drawn in (b)
PHANTOMS = 1000  # over which the decay is measured
FIT = slice(19, 200)  # harmonics 20 to 200


@dataclass(frozen=True)
class Curves:
    """Spectra over harmonics and rows of S over positions in mm, by diameter in nm."""

    harmonic: np.ndarray
    spectrum: dict[int, np.ndarray]
    position: np.ndarray
    rows: dict[int, np.ndarray]


def experiments(options: Options) -> dict[Any, Experiment]:
    """Nothing to train."""
    return {}


def measure(options: Options, outcomes: Mapping[Any, Outcome]) -> tuple[Curves, list[Record]]:
    """Spectra of one random phantom; the decay in decades per hundred harmonics of their rms over a thousand."""
    scanner = Scanner()
    harmonic = np.arange(1, 201)
    spectrum, rows, records = {}, {}, []
    for diameter in DIAMETERS:
        start = time.perf_counter()
        system = system_matrix(scanner, Particle(diameter))
        u, _ = Spectra(system, seed=options.seed, dtype="float64", threads=1)[:PHANTOMS]  # 30 nm needs float64
        size = round(diameter * 1e9)
        spectrum[size], rows[size] = u[0], system.real[[k - 1 for k in ROWS]]
        slope = np.polyfit(harmonic[FIT], np.log10(np.sqrt(np.square(u).mean(axis=0)))[FIT], 1)[0]
        settings = options.settings(
            diameter_nm=size, temperature_K=300.0, phantoms=PHANTOMS, unit="decades per 100 harmonics"
        )
        records.append(
            Record("fig3", f"spectrum_decay_{size}nm", None, float(-100 * slope), settings, time.perf_counter() - start)
        )
    return Curves(harmonic, spectrum, scanner.positions * 1e3, rows), records


def draw(curves: Curves, axes_of: Any) -> Any:
    """Panels: the spectra, and four system functions at each size."""
    from mpifast.plots import COLORS

    sheet, axes = axes_of(1 + len(curves.rows))
    panels = axes[0]
    for color, (diameter, spectrum) in zip(COLORS, curves.spectrum.items(), strict=False):
        panels[0].semilogy(curves.harmonic, np.abs(spectrum), ".", markersize=4, color=color, label=f"{diameter} nm")
    panels[0].set(
        title="(a) spectra of one random phantom", xlabel="harmonic of 20 kHz", ylabel="|u| (V s, unit sensitivity)"
    )
    panels[0].legend()
    for panel, (diameter, rows) in zip(panels[1:], curves.rows.items(), strict=True):
        for color, harmonic, row in zip(COLORS, ROWS, rows, strict=False):
            panel.plot(curves.position, row, color=color, label=f"k = {harmonic}")
        panel.set(
            title=f"(b) system functions, {diameter} nm",
            xlabel="position (mm)",
            ylabel="Im S (V s, unit sensitivity)",
            ylim=(-2.6, 3.4),
        )
        panel.legend(ncols=4, loc="upper center", handlelength=1.2, columnspacing=1.0)
    return sheet
