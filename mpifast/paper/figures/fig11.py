"""Figure 11: the paper says that linear units stall at a threshold and that the sigmoid's weights curve up at both ends
(eq. 12).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from mpifast.analysis import chebyshev_basis, end_curvature
from mpifast.paper.experiments import Experiment, Outcome
from mpifast.paper.options import Options
from mpifast.paper.records import Record
from mpifast.paper.studies import one_layer

TITLE = "Linear and sigmoid units at 40 nm: training, and weights against Chebyshev polynomials"
LINEAR_RATE = 0.01  # higher rates diverge: the residuals of linear units are not damped by y (1 - y)
COLUMNS = (1, 3)  # of the weights, drawn


def experiments(options: Options) -> dict[str, Experiment]:
    """The 40 nm network of figure 5, and the same with linear units."""
    sigmoid = one_layer(40, options)
    return {"sigmoid": sigmoid, "linear": replace(sigmoid, activation="linear", learning_rate=LINEAR_RATE)}


def measure(options: Options, outcomes: Mapping[str, Outcome]) -> tuple[Mapping[str, Outcome], list[Record]]:
    """Where linear training stands at the end, and how steeply weights rise at the ends, in units of U_n's own rise."""
    settings = {name: options.settings(**outcome.experiment.settings) for name, outcome in outcomes.items()}
    linear = outcomes["linear"]
    records = [Record("fig11", "linear_threshold_mse", None, linear.train_mse, settings["linear"], linear.seconds)]
    for name, outcome in outcomes.items():
        rise = float(np.median(end_curvature(outcome.network.weights[0])))
        records.append(Record("fig11", f"end_curvature_{name}", None, rise, settings[name], outcome.seconds))
    return outcomes, records


def draw(outcomes: Mapping[str, Outcome], axes_of: Any) -> Any:
    """Panels: both training curves, and two columns of both weight matrices beside the polynomials."""
    from mpifast.plots import COLORS

    sheet, axes = axes_of(1 + len(COLUMNS))
    panels = axes[0]
    position = np.linspace(-16.0, 16.0, 129)
    for color, (name, outcome) in zip(COLORS, outcomes.items(), strict=False):
        panels[0].loglog(range(1, len(outcome.curve) + 1), outcome.curve, color=color, label=name)
        for panel, column in zip(panels[1:], COLUMNS, strict=True):
            weights = outcome.network.weights[0][:, column].astype(np.float64)
            sign = np.sign(weights @ chebyshev_basis(column + 1, position / 16.0)[column])
            panel.plot(position, sign * weights / np.sqrt(np.square(weights[13:-13]).mean()), color=color, label=name)
    panels[0].set(title="training", xlabel="iteration (pass over all samples)", ylabel="mean squared error")
    for panel, column in zip(panels[1:], COLUMNS, strict=True):
        basis = chebyshev_basis(column + 1, position / 16.0)[column]
        panel.plot(
            position, basis / np.sqrt(np.square(basis[13:-13]).mean()), "--", color=COLORS[6], label=f"$U_{column}$"
        )
        panel.set(title=f"weights of harmonic {column + 1}", xlabel="position (mm)", ylabel="weight (inner rms = 1)")
    for panel in panels:
        panel.legend()
    return sheet
