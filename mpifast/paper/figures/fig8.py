"""Figure 8: tests of the networks with 123 and 200 hidden units, on random phantoms and on the pattern."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mpifast.data import phantoms
from mpifast.metrics import mse
from mpifast.paper.experiments import Experiment, Outcome
from mpifast.paper.figures.fig6 import images_of
from mpifast.paper.figures.fig7 import EPOCHS
from mpifast.paper.options import Options
from mpifast.paper.records import Record
from mpifast.paper.studies import hidden_layer, with_seeds

TITLE = "One hidden layer of 123 and 200 units: test and pattern"
UNITS = (123, 200)
PRINTED = {
    "train_mse_123hidden": 6.19e-6,
    "test_mse_123hidden": 2.06e-4,
    "train_mse_200hidden": 8.17e-7,
    "test_mse_200hidden": 1.77e-6,
}


@dataclass(frozen=True)
class Tests:
    """Ten test phantoms and the pattern, and their images by number of hidden units."""

    phantoms: np.ndarray
    images: dict[int, np.ndarray]
    test_mse: dict[int, float]
    pattern: np.ndarray
    patterns: dict[int, np.ndarray]


def experiments(options: Options) -> dict[tuple[int, int], Experiment]:
    """Both networks with three seeds, by (units, seed)."""
    return {(units, e.seed): e for units in UNITS for e in with_seeds(hidden_layer(units, options, EPOCHS), options)}


def measure(options: Options, outcomes: Mapping[tuple[int, int], Outcome]) -> tuple[Tests, list[Record]]:
    """The median over the seeds of each error, with the spread in the settings; images of the first seed."""
    first = {units: outcomes[units, options.seed] for units in UNITS}
    test_u, test_c = first[200].experiment.test_set
    images = {units: outcome.network.predict(test_u[:10], threads=1) for units, outcome in first.items()}
    pattern = phantoms.pattern()
    errors = {units: outcome.test_mse for units, outcome in first.items()}
    tests = Tests(
        test_c[:10], images, errors, pattern, {units: images_of(outcome, pattern) for units, outcome in first.items()}
    )
    records = []
    for units in UNITS:
        runs = [outcome for (count, _), outcome in outcomes.items() if count == units]
        for part in ("train", "test"):
            values = [float(getattr(run, f"{part}_mse")) for run in runs]
            settings = options.settings(**runs[0].experiment.settings, by_seed=values)
            name = f"{part}_mse_{units}hidden"
            records.append(
                Record(
                    "fig8", name, PRINTED[name], float(np.median(values)), settings, sum(run.seconds for run in runs)
                )
            )
        records.append(
            Record(
                "fig8",
                f"pattern_mse_{units}hidden",
                None,
                mse(tests.patterns[units], pattern),
                settings,
                runs[0].seconds,
            )
        )
    return tests, records


def draw(tests: Tests, axes_of: Any) -> Any:
    """Panels: phantoms and images above, the pattern and its images below."""
    from mpifast.plots import image

    sheet, axes = axes_of(1 + len(tests.images), rows=2, height=2.8)
    image(axes[0, 0], tests.phantoms, "(a) ten test phantoms")
    image(axes[1, 0], tests.pattern, "(b) pattern")
    for column, units in enumerate(tests.images, start=1):
        image(axes[0, column], tests.images[units], f"(a) {units} units: MSE {tests.test_mse[units]:.2e}")
        image(axes[1, column], tests.patterns[units], f"(b) {units} units")
    return sheet
