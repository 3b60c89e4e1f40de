"""Transfer functions: one complex factor for each row of a system."""

from __future__ import annotations

from typing import Any

import numpy as np

from mpifast import _validation as check


def row_factors(values: Any, rows: np.ndarray) -> np.ndarray:
    """The factor of each row of a system, complex128[rows]; see `LinearSystem.with_transfer_function`.

    Parameters
    ----------
    values : array_like or callable
        complex[rows], complex[channels, numbers], or a function of (frequency, channel).
    rows : ndarray
        Labels of the rows: channel, number and frequency.

    Raises
    ------
    TypeError, ValueError
        If the values are no numbers, of another shape or not finite, or a function is given and a frequency is unknown.

    Examples
    --------
    >>> import mpifast
    >>> rows = mpifast.linear_system([[1.0], [2.0]], numbers=[1, 2], frequencies=[1e3, 2e3]).rows
    >>> print(row_factors(lambda frequency, channel: 1 / (1 + 1j * frequency / 1e3), rows))
    [0.5-0.5j 0.2-0.4j]
    >>> print(row_factors([[0, 5, 7]], rows))
    [5.+0.j 7.+0.j]
    """
    if callable(values):
        if not np.isfinite(rows["frequency"]).all():
            raise ValueError(
                "values is a function of the frequency, and the system has rows of unknown frequency: give an array"
                " complex[rows], or the frequencies, e.g. mpifast.linear_system(array, frequencies=...)"
            )
        values = np.asarray(values(np.array(rows["frequency"]), rows["channel"].astype(np.int64)))
        if values.ndim == 0:  # the function is constant
            values = np.full(len(rows), values)
    array = check.number_array("values", values)
    if array.ndim == 2:
        channels, numbers = rows["channel"], rows["number"]
        if min(channels.min(), numbers.min()) < 0 or channels.max() >= len(array) or numbers.max() >= array.shape[1]:
            raise ValueError(
                f"values has the shape {array.shape}, and the rows have channels up to {channels.max()} and frequency"
                f" numbers {numbers.min()} to {numbers.max()}: give complex[channels, numbers from 0], or"
                " complex[rows]"
            )
        array = array[channels, numbers]
    if array.shape != rows.shape:
        raise ValueError(
            f"values has the shape {array.shape}, expected ({len(rows)},): one factor for each row, an array"
            " [channels, numbers], or a function of (frequency, channel)"
        )
    return np.array(check.finite("values", array), np.complex128)
