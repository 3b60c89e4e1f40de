"""What a measurement shares with the matrix that reconstructs it, and what is said where it does not."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from mpifast.io.mdf.data import MdfData
from mpifast.io.mdf.preparation.averaging import Periods
from mpifast.io.mdf.selection import TRANSFER, transfer_function_of
from mpifast.physics.linear_system import LinearSystem

CORRECTED = "/measurement/isTransferFunctionCorrected"
# Compared where both files say it.
SHARED = (
    "/acquisition/receiver/numSamplingPoints",
    "/acquisition/receiver/bandwidth",
    "/acquisition/drivefield/strength",
    "/acquisition/drivefield/divider",
    "/acquisition/drivefield/baseFrequency",
    "/acquisition/gradient",
    "/acquisition/_voxels",
    CORRECTED,
)
NEEDED = SHARED[:2]  # without which rows are not found: never forced
BY_PERIOD = ("/acquisition/drivefield/strength", "/acquisition/gradient")


class SystemWarning(UserWarning):
    """The system matrix and the measurement are of different systems.

    Examples
    --------
    >>> import mpifast, warnings
    >>> warnings.simplefilter("error", mpifast.SystemWarning)  # stop instead of warning
    >>> warnings.simplefilter("default", mpifast.SystemWarning)
    """


def compare_chains(measurement: MdfData, places: np.ndarray, system: LinearSystem, name: str, cure: str) -> None:
    """Warn the caller of `measured` of a measurement whose data contain another transfer function than a system;
    ``places`` int64[rows] are its rows in [periods, channels, K].
    """
    found = transfer_function_of(measurement, places)
    there, here = (1.0 if values is None else values for values in (found, system.transfer_function))
    if not np.allclose(there, here, rtol=1e-6, atol=0.0):
        text = f"{measurement.path.name} and {name} contain different transfer functions ({TRANSFER})"
        warnings.warn(f"{text}: use {cure}", SystemWarning, stacklevel=4)


def check_facts(
    measurement: MdfData, facts: dict[str, Any], name: str, divided: bool, periods: Periods, force: bool
) -> None:
    """An error, or by force a warning of the caller of `MdfSystem.measured`, if a measurement is not of the scanner and
    sequence of a matrix.

    Parameters
    ----------
    measurement : MdfData
        An open measurement file.
    facts : dict
        `SHARED` datasets of the matrix.
    name : str
        Its file.
    divided : bool
        Whether it was divided by its transfer function.
    periods : Periods
        The chosen ones of the measurement.
    force : bool
        Whether what is not `NEEDED` may differ.
    """
    here = measurement.path.name
    for dataset, expected in facts.items():
        found = measurement.get(dataset)
        if found is None or (dataset == CORRECTED and divided):
            continue
        if dataset in BY_PERIOD:
            found, expected = _of_periods(found, expected, measurement, periods)
        if same(found, expected):
            continue
        text = f"{here} does not fit {name}: {dataset} is {_brief(found)}, in the matrix {_brief(expected)}"
        cure = "use its own matrix"
        if dataset == CORRECTED:
            cure += ", or transfer_function='divide' for the matrix"
        if not force or dataset in NEEDED:
            raise ValueError(f"{text}; {cure}" + ("" if dataset in NEEDED else ", or force=True"))
        warnings.warn(f"{text}; used by force", SystemWarning, stacklevel=5)


def _of_periods(found: Any, expected: Any, measurement: MdfData, periods: Periods) -> tuple[Any, Any]:
    """Datasets with an entry a period, those of the chosen periods and of the matrix beside them."""
    found, expected = np.asarray(found), np.asarray(expected)
    if found.ndim and expected.ndim and len(found) == measurement.shape[1] and found.shape[1:] == expected.shape[1:]:
        found = found[periods.numbers]
        if len(expected) == periods.count:
            expected = np.repeat(expected, periods.average, axis=0)
        elif len(expected) == 1:
            expected = np.broadcast_to(expected, found.shape)
    if found.ndim and expected.ndim and len(found) == 1 and found.shape[1:] == expected.shape[1:]:
        found = np.broadcast_to(found, expected.shape)
    return found, expected


def same(found: Any, expected: Any) -> bool:
    """Whether two datasets have the same numbers; any file may have text or something else in their place."""
    found, expected = np.asarray(found), np.asarray(expected)
    numbers = found.dtype.kind in "iufb" and expected.dtype.kind in "iufb" and found.shape == expected.shape
    return numbers and bool(np.allclose(found, expected, rtol=1e-6, atol=0.0))


def _brief(value: Any) -> str:
    text = str(np.asarray(value).tolist())
    return text if len(text) <= 60 else text[:57] + "..."
