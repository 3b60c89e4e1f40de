"""What was tried for the hidden layer, whose settings the paper leaves open: scalings, rates and initial weights at 123
and 200 units.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mpifast.paper.experiments import Experiment, Outcome
from mpifast.paper.options import Options
from mpifast.paper.records import Record

TITLE = "Settings tried for one hidden layer at 40 nm"
SETTINGS = (  # scaling, learning rate, weight range
    ("global", 0.5, 0.5),
    ("global", 0.9, 0.5),
    ("sample", 0.4, 0.5),
    ("sample", 0.45, 0.5),
    ("sample", 0.5, 0.5),
    ("harmonic", 0.3, 0.1),
)
UNITS, QUICK_UNITS = (123, 200), (200,)
Key = tuple[int, str, float, float]


def experiments(options: Options) -> dict[Key, Experiment]:
    """Every setting at both numbers of hidden units, a hundred and fifty passes."""
    epochs = 1 if options.quick else 150
    return {
        (units, scaling, rate, weights): Experiment(
            hidden=(units,), epochs=epochs, scaling=scaling, learning_rate=rate, weight_range=weights, seed=options.seed
        )
        for units in (QUICK_UNITS if options.quick else UNITS)
        for scaling, rate, weights in SETTINGS
    }


def measure(options: Options, outcomes: Mapping[Key, Outcome]) -> tuple[Mapping[Key, Outcome], list[Record]]:
    """Errors over training and test set after a hundred and fifty passes; figures 7 to 9 use the setting that came
    nearest to the paper.
    """
    records = []
    for (units, scaling, rate, weights), outcome in outcomes.items():
        settings = options.settings(**outcome.experiment.settings)
        for part, value in (("train", outcome.train_mse), ("test", outcome.test_mse)):
            records.append(
                Record(
                    "tried",
                    f"{part}_mse_{units}_{scaling}_rate{rate:g}_weights{weights:g}",
                    None,
                    value,
                    settings,
                    outcome.seconds,
                )
            )
    return outcomes, records


def draw(outcomes: Mapping[Key, Outcome], axes_of: Any) -> Any:
    """The training curves, a panel for each number of hidden units."""
    from mpifast.plots import COLORS

    drawn = list(dict.fromkeys(units for units, *_ in outcomes))
    sheet, axes = axes_of(len(drawn))
    for panel, units in zip(axes[0], drawn, strict=True):
        for color, setting in zip(COLORS, SETTINGS, strict=False):
            curve = outcomes[(units, *setting)].curve
            panel.loglog(
                range(1, len(curve) + 1), curve, color=color, label="{}, rate {:g}, weights ±{:g}".format(*setting)
            )
        panel.set(
            title=f"{units} hidden units", xlabel="iteration (pass over all samples)", ylabel="mean squared error"
        )
        panel.legend(fontsize="small")
    return sheet
