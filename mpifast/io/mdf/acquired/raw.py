"""Measurements as a scanner stores them: in the numbers of its converter, background frames where they were taken."""

from __future__ import annotations

from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.io.mdf.any_system import acquired
from mpifast.io.mdf.format import DATA

TYPES = ("float64", "float32", "int32", "int16")
FACTOR = "/acquisition/receiver/dataConversionFactor"


def digitised(values: dict[str, Any], domain: str, dtype: Any) -> None:
    """Change the signals in time of a file to a type of real numbers.

    Integers fill the range of the type with the largest signal of each channel, a r + b with b = 0.
    """
    check.choice("dtype", dtype, TYPES)
    if dtype == "float64":
        return
    if domain != "time":
        raise ValueError(f"dtype={dtype!r} is one of signals in time: domain='time'")
    data = values[DATA]
    if dtype == "float32":
        with np.errstate(over="ignore"):
            values[DATA] = check.finite("spectra in float32", data.astype(dtype))
        return
    peak = np.abs(data).max(axis=(0, 1, 3), initial=0.0)
    factor = np.where(peak > 0.0, peak / np.iinfo(dtype).max, 1.0)
    values[DATA] = np.rint(data / factor[:, None]).astype(dtype)
    values[FACTOR] = np.stack([factor, np.zeros(len(factor))], axis=1)


def in_order(values: dict[str, Any], backgrounds: int, background_at: Any) -> None:
    """Put the frames of a measurement, the background frames last, into the order in which they were taken."""
    if background_at is None:
        return
    if not backgrounds:
        raise ValueError("background_at belongs to background frames: give background")
    frames = len(values[DATA]) - backgrounds
    order = np.argsort(acquired(frames, backgrounds, background_at))
    for name in (DATA, "/measurement/isBackgroundFrame"):
        values[name] = np.asarray(values[name])[order]
