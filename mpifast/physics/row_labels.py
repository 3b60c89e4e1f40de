"""Rows of several systems, or of a system and a file, that are of the same channel and frequency."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mpifast.physics.linear_system import LinearSystem

SAME = 1e-6  # relative difference of frequencies that are the same


def nearest(values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The place of the nearest of ``values`` [m], in any order, to each of ``wanted`` [n]: int64[n].

    Examples
    --------
    >>> import numpy as np
    >>> nearest(np.array([9.0, 2.0, 4.0]), np.array([2.1, 100.0, 3.9, -1.0]))
    array([1, 0, 2, 1])
    """
    order = np.argsort(values, kind="stable")
    listed = values[order]
    right = np.minimum(np.searchsorted(listed, wanted), len(listed) - 1)
    left = np.maximum(right - 1, 0)
    return order[np.where(np.abs(wanted - listed[left]) < np.abs(listed[right] - wanted), left, right)]


def same_rows(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether two lists of rows have the same channels and frequencies, in the same order."""
    if len(first) != len(second) or not np.array_equal(first["channel"], second["channel"]):
        return False
    _, places, others, same = _places(first, second)
    return bool(np.allclose(places, others, rtol=same, atol=0.0))


def find_rows(
    wanted: np.ndarray, rows: np.ndarray, names: tuple[str, str] = ("the list of rows", "the system")
) -> np.ndarray:
    """The place of each wanted row in the rows of a system, int64[n]; -1 where there is none.

    Parameters
    ----------
    wanted, rows : ndarray
        Labels of rows, as in `LinearSystem.rows`. Where a frequency is not known, numbers are compared.
    names : tuple of str
        What they are of, for the error.

    Raises
    ------
    ValueError
        If two rows on one side are alike.

    Examples
    --------
    >>> import mpifast
    >>> wanted, rows = (mpifast.linear_system([[1.0]] * len(n), numbers=n).rows for n in ([3, 4, 5], [5, 7, 3]))
    >>> find_rows(wanted, rows)
    array([ 2, -1,  0])
    """
    label, mine, theirs, same = _places(wanted, rows)
    result = np.full(len(wanted), -1)
    for channel in np.unique(rows["channel"]):
        here, there = np.flatnonzero(wanted["channel"] == channel), np.flatnonzero(rows["channel"] == channel)
        for name, values in zip(names, (mine[here], theirs[there]), strict=True):
            listed = np.sort(values)
            for at in np.flatnonzero(np.diff(listed) <= same * np.abs(listed[1:]))[:1]:
                raise ValueError(
                    f"{name} has two rows of channel {channel}, {label} {listed[at]:g}: choose one of them, with"
                    " system.select"
                )
        near = there[nearest(theirs[there], mine[here])]
        result[here] = np.where(np.abs(theirs[near] - mine[here]) <= same * np.abs(mine[here]), near, -1)
    return result


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
    first = systems[0].rows
    names = [f"systems[{number}]" for number in range(len(systems))]
    found = np.array(
        [find_rows(first, system.rows, (names[0], name)) for name, system in zip(names, systems, strict=True)]
    )
    found = found[:, (found >= 0).all(axis=0)]
    if not found.size:
        raise ValueError("the systems have no row in common: they are of different sequences or channels")
    for number, chosen in enumerate(found):
        if (np.diff(chosen) <= 0).any():
            raise ValueError(
                f"systems[{number}] has the common rows in another order than systems[0]: sort one of them"
            )
    return list(found)


def _places(first: np.ndarray, second: np.ndarray) -> tuple[str, np.ndarray, np.ndarray, float]:
    """What rows are compared by: frequencies, or numbers where one is not known; and their relative tolerance."""
    known = all(np.isfinite(rows["frequency"]).all() for rows in (first, second))
    label, same = ("frequency", SAME) if known else ("number", 0.0)
    return label, first[label].astype(np.float64), second[label].astype(np.float64), same
