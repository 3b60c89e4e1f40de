"""Figure 4: training and test of the one-layer network at 40 nm, for several sizes of the training set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mpifast.paper.experiments import Experiment, Outcome
from mpifast.paper.options import Options
from mpifast.paper.records import Record

TITLE = "One layer at 40 nm: training and test against the size of the training set"
SIZES = (700, 2_000, 5_000, 10_000, 30_000)
QUICK_SIZES = (700, 30_000)
PRINTED = {"train_mse_30000": 7.16e-5, "test_mse_30000": 7.23e-5, "test_mse_700": 5.69e-3}


def experiments(options: Options) -> dict[int, Experiment]:
    """The first n spectra of one data set, by n."""
    return {size: Experiment(samples=size, seed=options.seed) for size in (QUICK_SIZES if options.quick else SIZES)}


def measure(options: Options, outcomes: Mapping[int, Outcome]) -> tuple[Mapping[int, Outcome], list[Record]]:
    """Errors over training and test set."""
    records = []
    for size, outcome in outcomes.items():
        for name, value in ((f"train_mse_{size}", outcome.train_mse), (f"test_mse_{size}", outcome.test_mse)):
            records.append(
                Record(
                    "fig4",
                    name,
                    PRINTED.get(name),
                    value,
                    options.settings(**outcome.experiment.settings),
                    outcome.seconds,
                )
            )
    return outcomes, records


def draw(outcomes: Mapping[int, Outcome], axes_of: Any) -> Any:
    """Panels: the training curves, and test images of the smallest and largest training set beside the phantoms."""
    from mpifast.plots import COLORS, image

    sheet, axes = axes_of(4)
    panels = axes[0]
    for color, (size, outcome) in zip(COLORS, outcomes.items(), strict=False):
        panels[0].loglog(range(1, len(outcome.curve) + 1), outcome.curve, color=color, label=f"{size:,} samples")
    panels[0].axhline(PRINTED["train_mse_30000"], color=COLORS[6], linestyle=":", label="paper, 30,000")
    panels[0].set(title="(a) training", xlabel="iteration (pass over all samples)", ylabel="mean squared error")
    panels[0].legend(loc="upper right", fontsize="small")
    for panel, size in zip(panels[2:], (min(outcomes), max(outcomes)), strict=True):
        outcome = outcomes[size]
        u, c = outcome.experiment.test_set
        image(panels[1], c[:10], "(b) ten test phantoms")
        image(panel, outcome.network.predict(u[:10], threads=1), f"(b) {size:,} samples: MSE {outcome.test_mse:.2e}")
    return sheet
