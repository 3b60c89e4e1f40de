"""Figure 5: one-layer training against the particle's diameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mpifast.paper.experiments import Experiment, Outcome
from mpifast.paper.options import Options
from mpifast.paper.records import Record
from mpifast.paper.studies import DIAMETERS, one_layer

TITLE = "One layer: training against the diameter of the particles"


def experiments(options: Options) -> dict[int, Experiment]:
    """One training a diameter (nm)."""
    return {diameter: one_layer(diameter, options) for diameter in DIAMETERS}


def measure(options: Options, outcomes: Mapping[int, Outcome]) -> tuple[Mapping[int, Outcome], list[Record]]:
    """Errors over training and test set; the paper only says that training is very poor below 30 nm."""
    records = []
    for diameter, outcome in outcomes.items():
        settings = options.settings(**outcome.experiment.settings)
        for part, value in (("train", outcome.train_mse), ("test", outcome.test_mse)):
            records.append(Record("fig5", f"{part}_mse_1layer_{diameter}nm", None, value, settings, outcome.seconds))
    return outcomes, records


def draw(outcomes: Mapping[int, Outcome], axes_of: Any) -> Any:
    """The training curves, and the final errors against the diameter."""
    from mpifast.plots import COLORS

    sheet, axes = axes_of(2)
    curves, errors = axes[0]
    for color, (diameter, outcome) in zip(COLORS, outcomes.items(), strict=False):
        curves.loglog(range(1, len(outcome.curve) + 1), outcome.curve, color=color, label=f"{diameter} nm")
    curves.set(title="training", xlabel="iteration (pass over all samples)", ylabel="mean squared error")
    curves.legend()
    errors.semilogy(
        list(outcomes),
        [outcome.train_mse for outcome in outcomes.values()],
        "o-",
        color=COLORS[0],
        label="training set",
    )
    errors.semilogy(
        list(outcomes), [outcome.test_mse for outcome in outcomes.values()], "s--", color=COLORS[1], label="test set"
    )
    errors.set(title="after the last pass", xlabel="diameter (nm)", ylabel="mean squared error")
    errors.legend()
    return sheet
