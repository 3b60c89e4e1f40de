"""Figure 9: training with one hidden layer against the particle's diameter, beside one layer; and what a second hidden
layer does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mpifast.paper.experiments import Experiment, Outcome
from mpifast.paper.options import Options
from mpifast.paper.records import Record
from mpifast.paper.studies import DIAMETERS, hidden_layer, one_layer

TITLE = "One hidden layer: training against the diameter of the particles"
DEEP = (30, 35)  # nm: where the paper expects deeper networks to help
QUICK_DEEP = (35,)
CLAIM = 35  # nm: where the paper finds a hidden layer clearly better than none


def experiments(options: Options) -> dict[tuple[str, int], Experiment]:
    """By (kind, diameter): one hidden layer of 200 at every size; at some, no hidden layer and two at the same
    settings, and each at its best.

    "best" are the settings of least error among those tried at 35 nm: four scalings, rates from 0.015 to 1, initial
    weights of 0.1 to 0.5.
    """
    found: dict[tuple[str, int], Experiment] = {}
    for diameter in DIAMETERS:
        own = one_layer(diameter, options)
        hidden = hidden_layer(200, options, diameter=diameter)
        found["2layer", diameter] = hidden
        if diameter in (QUICK_DEEP if options.quick else DEEP):
            found["1layer_same_settings", diameter] = replace(hidden, hidden=(), epochs=own.epochs)
            found["3layer", diameter] = replace(hidden, hidden=(200, 200))
        if diameter == CLAIM:
            found["1layer_best_settings", diameter] = replace(own, scaling="standard", learning_rate=0.2)
            found["2layer_best_settings", diameter] = replace(
                hidden, scaling="standard", learning_rate=0.03, weight_range=0.1
            )
    return found


def measure(
    options: Options, outcomes: Mapping[tuple[str, int], Outcome]
) -> tuple[Mapping[tuple[str, int], Outcome], list[Record]]:
    """Errors over training and test set. A network of n layers has n - 1 hidden ones."""
    records = []
    for (kind, diameter), outcome in outcomes.items():
        settings = options.settings(**outcome.experiment.settings)
        for part, value in (("train", outcome.train_mse), ("test", outcome.test_mse)):
            records.append(Record("fig9", f"{part}_mse_{kind}_{diameter}nm", None, value, settings, outcome.seconds))
    return outcomes, records


def draw(outcomes: Mapping[tuple[str, int], Outcome], axes_of: Any) -> Any:
    """Panels: curves by diameter with a hidden layer; at 30 and 35 nm, networks of one to three layers."""
    from mpifast.plots import COLORS

    deep = [diameter for kind, diameter in outcomes if kind == "3layer"]
    sheet, axes = axes_of(1 + len(deep))
    for index, ((kind, diameter), outcome) in enumerate(outcomes.items()):
        passes = range(1, len(outcome.curve) + 1)
        if kind == "2layer":
            axes[0, 0].loglog(passes, outcome.curve, color=COLORS[DIAMETERS.index(diameter)], label=f"{diameter} nm")
        if diameter in deep:
            label = kind.replace("_", ", ").replace("layer", " layer" if kind[0] == "1" else " layers")
            axes[0, 1 + deep.index(diameter)].loglog(
                passes, outcome.curve, color=COLORS[index % len(COLORS)], label=label
            )
    axes[0, 0].set_title("one hidden layer of 200")
    for panel, diameter in zip(axes[0, 1:], deep, strict=True):
        panel.set_title(f"{diameter} nm: layers of weights")
    for panel in axes[0]:
        panel.set(xlabel="iteration (pass over all samples)", ylabel="mean squared error")
        panel.legend(fontsize="small")
    return sheet
