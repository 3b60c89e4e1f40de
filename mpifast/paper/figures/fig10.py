"""Figure 10: the first six columns of the trained weights are Chebyshev polynomials of the second kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mpifast.analysis import chebyshev_basis, chebyshev_correlation
from mpifast.paper.experiments import Experiment, Outcome
from mpifast.paper.options import Options
from mpifast.paper.records import Record
from mpifast.paper.studies import DIAMETERS, one_layer

TITLE = "One layer: the first columns of the weights, and Chebyshev polynomials"
COLUMNS = 7  # harmonics 1 to 7: the paper draws six, the text below compares U_0 to U_6
SHOWN = (25, 35, 40)  # nm
END = 6  # voxels left out at either end for the correlation of the interior


def experiments(options: Options) -> dict[int, Experiment]:
    """Those of figure 5."""
    return {diameter: one_layer(diameter, options) for diameter in DIAMETERS}


def measure(options: Options, outcomes: Mapping[int, Outcome]) -> tuple[dict[int, np.ndarray], list[Record]]:
    """|Correlation| of column k with U_{k-1} (for U_0 the cosine similarity), over all voxels, and at 25 nm over the
    interior too.
    """
    records = []
    weights = {diameter: outcome.network.weights[0] for diameter, outcome in outcomes.items()}
    for diameter in SHOWN:
        outcome = outcomes[diameter]
        settings = options.settings(**outcome.experiment.settings)
        tables = {"": chebyshev_correlation(weights[diameter], COLUMNS)} | (
            {"_interior": chebyshev_correlation(weights[diameter], COLUMNS, margin=END)} if diameter == 25 else {}
        )
        for suffix, values in tables.items():
            size = "" if diameter == 40 else f"{diameter}nm{suffix}_"
            for n, value in enumerate(values):
                records.append(
                    Record("fig10", f"chebyshev_correlation_{size}{n}", None, float(value), settings, outcome.seconds)
                )
    return weights, records


def draw(weights: dict[int, np.ndarray], axes_of: Any) -> Any:
    """A row of panels for each diameter, a column for each weight column; the polynomials dashed, scaled to fit."""
    from mpifast.plots import COLORS

    sheet, axes = axes_of(COLUMNS, rows=len(SHOWN), width=2.1, height=2.0, sharex=True)
    position = np.linspace(-16.0, 16.0, len(weights[SHOWN[0]]))
    basis = chebyshev_basis(COLUMNS, position / 16.0)
    for line, diameter in zip(axes, SHOWN, strict=True):
        for n, panel in enumerate(line):
            column = weights[diameter][:, n].astype(np.float64)
            panel.plot(position, column, color=COLORS[0])
            panel.plot(
                position, basis[n] * (basis[n] @ column) / (basis[n] @ basis[n]), "--", color=COLORS[1], linewidth=1
            )
            panel.set_title(f"{diameter} nm, k = {n + 1}", fontsize="small")
        line[0].set_ylabel("weight")
    for panel in axes[-1]:
        panel.set_xlabel("position (mm)")
    return sheet
