"""Rows of several systems that are of the same channel and frequency."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mpifast.physics.linear_system import LinearSystem

SAME = 1e-6  # relative difference of frequencies that are the same


def same_rows(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether two lists of rows have the same channels and frequencies, or numbers where frequencies are not known."""
    if len(first) != len(second) or not np.array_equal(first["channel"], second["channel"]):
        return False
    places, others = _places(first, second)
    return bool(np.allclose(places, others, rtol=SAME, atol=0.0))


def common_rows(systems: Sequence[LinearSystem]) -> list[np.ndarray]:
    """The rows that all systems have, int64[n] for each system in the order of the first one.

    Raises
    ------
    ValueError
        If there are none, a system has two rows of one channel and frequency, or the order of rows differs.

    Examples
    --------
    >>> import mpifast, numpy as np
    >>> one = mpifast.linear_system(np.eye(3), numbers=[1, 2, 5])
    >>> other = mpifast.linear_system(np.eye(3), numbers=[2, 4, 5])
    >>> print(*common_rows([one, other]))
    [1 2] [0 2]
    """
    kept = np.arange(len(systems[0].rows))
    for number, system in enumerate(systems):
        found = _found(systems[0].rows[kept], system.rows, number)
        kept = kept[found >= 0]
    if not len(kept):
        raise ValueError("the systems have no row in common: they are of different sequences or channels")
    rows = [_found(systems[0].rows[kept], system.rows, number) for number, system in enumerate(systems)]
    for number, chosen in enumerate(rows):
        if (np.diff(chosen) <= 0).any():
            raise ValueError(
                f"systems[{number}] has the common rows in another order than systems[0]: sort one of them"
            )
    return rows


def _found(wanted: np.ndarray, rows: np.ndarray, number: int) -> np.ndarray:
    """The row of each wanted one, int64[n]; -1 where there is none."""
    places, others = _places(wanted, rows)
    result = np.full(len(wanted), -1)
    for channel in np.unique(wanted["channel"]):
        here, there = np.flatnonzero(wanted["channel"] == channel), np.flatnonzero(rows["channel"] == channel)
        there = there[np.argsort(others[there], kind="stable")]
        if not len(there):
            continue
        if np.isclose(others[there][1:], others[there][:-1], rtol=SAME, atol=0.0).any():
            raise ValueError(f"systems[{number}] has two rows of one channel and frequency: select one of them")
        right = np.searchsorted(others[there], places[here])
        for near in (np.maximum(right - 1, 0), np.minimum(right, len(there) - 1)):
            same = np.isclose(others[there][near], places[here], rtol=SAME, atol=0.0)
            result[here[same]] = there[near[same]]
    return result


def _places(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies, or numbers where a frequency is not known."""
    known = all(np.isfinite(rows["frequency"]).all() for rows in (first, second))
    name = "frequency" if known else "number"
    return first[name].astype(np.float64), second[name].astype(np.float64)
