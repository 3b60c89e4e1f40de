"""Figure 6: a pattern picture and letters through the one-layer networks of figure 5."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mpifast.data import phantoms
from mpifast.metrics import mse
from mpifast.paper.experiments import Experiment, Outcome
from mpifast.paper.options import Options
from mpifast.paper.records import Record
from mpifast.paper.studies import DIAMETERS, one_layer

TITLE = "One layer: pattern and letters against the diameter of the particles"
SPARSE, HALF = (0.0, 0.1), (0.4, 0.6)  # filled part of a row


@dataclass(frozen=True)
class Pictures:
    """Two pictures and their images, by diameter in nm."""

    originals: dict[str, np.ndarray]
    images: dict[str, dict[int, np.ndarray]]


def images_of(outcome: Outcome, picture: np.ndarray) -> np.ndarray:
    """A picture of phantoms, one a row, through the system and the network."""
    experiment = outcome.experiment
    return outcome.network.predict(experiment.system.spectra(picture, dtype=experiment.dtype, threads=1), threads=1)


def rows_filled(picture: np.ndarray, part: tuple[float, float]) -> np.ndarray:
    """Which rows have a filled part between the two bounds."""
    filled = picture.mean(axis=1)
    return (filled >= part[0]) & (filled <= part[1])


def experiments(options: Options) -> dict[int, Experiment]:
    """Those of figure 5."""
    return {diameter: one_layer(diameter, options) for diameter in DIAMETERS}


def measure(options: Options, outcomes: Mapping[int, Outcome]) -> tuple[Pictures, list[Record]]:
    """Errors of both pictures; at 40 nm those of nearly empty rows and of half-full ones.

    Without a bias z = W u has to build the -1/2 of every voxel from the mean of the others, which only half-full
    phantoms supply: that is why sparse rows fail.
    """
    pictures = Pictures(
        {"pattern": phantoms.pattern(), "letters": phantoms.letters("MPI")}, {"pattern": {}, "letters": {}}
    )
    records = []
    for name, original in pictures.originals.items():
        for diameter, outcome in outcomes.items():
            settings = options.settings(**outcome.experiment.settings)
            image = pictures.images[name][diameter] = images_of(outcome, original)
            records.append(
                Record("fig6", f"{name}_mse_{diameter}nm", None, mse(image, original), settings, outcome.seconds)
            )
            if name == "pattern" and diameter == 40:
                for kind, part in (("sparse", SPARSE), ("half_full", HALF)):
                    rows = rows_filled(original, part)
                    records.append(
                        Record(
                            "fig6",
                            f"{kind}_rows_mse_40nm",
                            None,
                            mse(image[rows], original[rows]),
                            settings,
                            outcome.seconds,
                        )
                    )
    return pictures, records


def draw(pictures: Pictures, axes_of: Any) -> Any:
    """Originals and images, a row of panels for each picture."""
    from mpifast.plots import image

    sheet, axes = axes_of(1 + len(pictures.images["pattern"]), rows=2, width=2.4, height=2.4)
    for line, (name, original) in zip(axes, pictures.originals.items(), strict=True):
        image(line[0], original, name)
        for panel, (diameter, picture) in zip(line[1:], pictures.images[name].items(), strict=True):
            image(panel, picture, f"{diameter} nm")
    return sheet
