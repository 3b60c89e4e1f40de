"""The bands around the drive frequencies, in which a scanner receives its own drive field."""

from __future__ import annotations

from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.physics.fields.field_free_line import FieldFreeLineScanner
from mpifast.physics.fields.scanner import Scanner
from mpifast.physics.fields.sequence import Sequence

MOST = 10_000  # bands


def band_stop(drive: Any, width: float, harmonics: int = 1) -> tuple[tuple[float, float], ...]:
    """The bands around the drive frequencies, for `LinearSystem.select`.

    Parameters
    ----------
    drive : Scanner, LissajousScanner, FieldFreeLineScanner or array_like
        A scanner, or drive frequencies in hertz.
    width : float
        Width of each band in hertz.
    harmonics : int, optional
        Bands around the multiples of each drive frequency up to this one; 1: around the drive frequencies alone.

    Returns
    -------
    tuple of (float, float)
        Lowest and highest frequency of each band, rising.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or range, or the scanner has no drive frequencies of its own (a
        `SampledScanner`).

    Examples
    --------
    >>> import mpifast
    >>> scanner = mpifast.LissajousScanner(mpifast.Grid((10, 10), (24e-3, 24e-3)))
    >>> stop = mpifast.receive.band_stop(scanner, width=1e3)
    >>> print([f"{low:.0f} to {high:.0f} Hz" for low, high in stop])
    ['24010 to 25010 Hz', '25542 to 26542 Hz']
    >>> system = mpifast.system_matrix(scanner, mpifast.Particle(20e-9))
    >>> len(system.rows), len(system.select(stop=stop).rows)
    (1634, 1630)
    """
    frequencies = drive_frequencies(drive)
    width = check.number("width", width, low=0.0, unit="Hz")
    harmonics = check.integer("harmonics", harmonics, low=1, high=max(1, MOST // len(frequencies)))
    middles = np.sort(np.outer(np.arange(1, harmonics + 1), frequencies), axis=None)
    return tuple((max(0.0, float(f - 0.5 * width)), float(f + 0.5 * width)) for f in middles)


def drive_frequencies(drive: Any) -> np.ndarray:
    """The drive frequencies of a scanner, or those that are given: float64[n], hertz, rising, each once."""
    if isinstance(drive, Scanner):
        return np.array([drive.drive_frequency])
    if isinstance(drive, FieldFreeLineScanner):
        return np.array([drive.base_frequency / drive.divider])
    if isinstance(drive, Sequence):
        if drive.multiples is None:
            raise ValueError(f"drive is a {type(drive).__name__}, whose drive frequencies are not known: give them")
        return np.array([multiple / drive.period for multiple in sorted(set(drive.multiples)) if multiple])
    array = np.atleast_1d(check.finite("drive", check.real_array("drive", drive)))
    if array.ndim != 1 or not array.size or (array <= 0.0).any() or array.size > MOST:
        raise ValueError(f"drive={check.brief(drive)}: give a scanner, or drive frequencies above zero in hertz")
    return np.unique(array.astype(np.float64))


def inside(frequencies: np.ndarray, stop: Any) -> np.ndarray:
    """Which frequencies lie in one of the bands ``stop``, edges included: bool[n].

    Raises
    ------
    TypeError, ValueError
        If ``stop`` is no sequence of pairs of frequencies, or a frequency is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> print(inside(np.array([1e3, 2e3, 3e3]), [(1.5e3, 2e3)]))
    [False  True False]
    """
    bands = check.sequence("stop", stop)
    found = np.zeros(len(frequencies), bool)
    for band in bands:
        if not isinstance(band, (tuple, list, np.ndarray)) or len(band) != 2:
            raise ValueError(
                f"stop has the band {check.brief(band)}: give pairs of the lowest and the highest frequency to leave"
                " out, e.g. stop=((24e3, 27e3),)"
            )
        low, high = (check.number("stop", edge, low=0.0, unit="Hz") for edge in band)
        if low > high:
            raise ValueError(f"stop has the band ({low:g}, {high:g}) Hz: give the lower frequency first")
        found |= (frequencies >= low) & (frequencies <= high)
    if bands and np.isnan(frequencies).any():
        raise ValueError("stop is given, and the system has rows of unknown frequency: choose rows by number (rows=)")
    return found
