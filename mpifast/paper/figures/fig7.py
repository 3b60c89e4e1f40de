"""Figure 7: training with one hidden layer, against the size of the training set and the number of hidden units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from mpifast.paper.experiments import Experiment, Outcome
from mpifast.paper.options import Options
from mpifast.paper.records import Record
from mpifast.paper.studies import hidden_layer

TITLE = "One hidden layer at 40 nm: training against samples and hidden units"
SIZES = (2_000, 10_000, 30_000)
UNITS = (60, 100, 115, 119, 121, 123, 129, 150, 200)
QUICK_UNITS = (60, 121, 200)
EPOCHS = 1_000  # of the 30,000 samples; the paper's


def experiments(options: Options) -> dict[tuple[str, int], Experiment]:
    """200 units and several training sets; 30,000 samples and several numbers of units."""
    full = hidden_layer(200, options, EPOCHS)
    by_size = {
        ("samples", size): replace(full, samples=size) for size in ((10_000, 30_000) if options.quick else SIZES)
    }
    return by_size | {
        ("units", units): hidden_layer(units, options) for units in (QUICK_UNITS if options.quick else UNITS)
    }


def threshold(units: np.ndarray, errors: np.ndarray) -> float:
    """Number of hidden units at the steepest fall of the logarithm of the error: the middle of that interval."""
    steepest = np.argmin(np.diff(np.log(errors)) / np.diff(units))
    return float(units[steepest : steepest + 2].mean())


def measure(
    options: Options, outcomes: Mapping[tuple[str, int], Outcome]
) -> tuple[Mapping[tuple[str, int], Outcome], list[Record]]:
    """Final training errors, and where the number of units makes the drastic change (the paper: at 121)."""
    records = []
    for (kind, count), outcome in outcomes.items():
        settings = options.settings(**outcome.experiment.settings)
        name = f"train_mse_hidden_{count}_samples" if kind == "samples" else f"train_mse_{count}units"
        records.append(Record("fig7", name, None, outcome.train_mse, settings, outcome.seconds))
    by_units = {count: outcome for (kind, count), outcome in outcomes.items() if kind == "units"}
    errors = np.array([outcome.train_mse for outcome in by_units.values()])
    settings = options.settings(**next(iter(by_units.values())).experiment.settings | {"hidden": list(by_units)})
    seconds = sum(outcome.seconds for outcome in by_units.values())
    records.append(
        Record("fig7", "hidden_threshold", 121.0, threshold(np.array(list(by_units), float), errors), settings, seconds)
    )
    return outcomes, records


def draw(outcomes: Mapping[tuple[str, int], Outcome], axes_of: Any) -> Any:
    """Panels: curves by training-set size, curves by hidden units, final error against hidden units."""
    from mpifast.plots import COLORS

    sheet, axes = axes_of(3)
    by_size, by_units, final = axes[0]
    for index, ((kind, count), outcome) in enumerate(outcomes.items()):
        panel, label = (by_size, f"{count:,} samples") if kind == "samples" else (by_units, f"{count} units")
        style = "-" if index // len(COLORS) % 2 == 0 else "--"
        panel.loglog(
            range(1, len(outcome.curve) + 1), outcome.curve, style, color=COLORS[index % len(COLORS)], label=label
        )
    for panel, title in ((by_size, "(a) 200 hidden units"), (by_units, "(b) 30,000 samples")):
        panel.set(title=title, xlabel="iteration (pass over all samples)", ylabel="mean squared error")
        panel.legend(fontsize="small")
    units = [count for kind, count in outcomes if kind == "units"]
    final.semilogy(units, [outcomes["units", count].train_mse for count in units], "o-", color=COLORS[0])
    final.axvline(121, color=COLORS[6], linestyle=":", label="paper: drastic change at 121")
    final.set(title="(b) after the last pass", xlabel="hidden units", ylabel="mean squared error")
    final.legend()
    return sheet
