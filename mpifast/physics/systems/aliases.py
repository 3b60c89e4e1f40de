"""Which tensors c_p each row of a system matrix sums: every p with p . n = k, down to an error."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

NEGLIGIBLE = 1e-2  # parts of the error: a row has about three terms below the error, each far below the one before


class Aliases(NamedTuple):
    """The terms of each row, row after row, the largest first.

    Row i sums ``factors[t] * c_p``, p = ``orders[t]``, for t from ``starts[i]`` to ``starts[i + 1]``. ``bounds`` and
    ``dropped`` bound the magnitude of each row, and the terms left out of it.
    """

    starts: np.ndarray  # int64[rows + 1]
    orders: np.ndarray  # int32[terms, 3], not negative: c_p depends on abs(p)
    factors: np.ndarray  # complex128[terms]
    bounds: np.ndarray  # float64[rows]
    dropped: np.ndarray  # float64[rows]

    def select(self, rows: np.ndarray) -> Aliases:
        """The terms of some rows."""
        counts = np.diff(self.starts)[rows]
        starts = np.append(0, np.cumsum(counts))
        terms = np.repeat(self.starts[rows] - starts[:-1], counts) + np.arange(starts[-1])
        return Aliases(starts, self.orders[terms], self.factors[terms], self.bounds[rows], self.dropped[rows])


def find_aliases(
    bounds: Sequence[np.ndarray],
    multiples: Sequence[int],
    phases: Sequence[float],
    channels: np.ndarray,
    numbers: np.ndarray,
    error: float,
) -> Aliases:
    """Terms of rows (channel, number): mhat[k] = sum over p . n = k of c_abs(p) exp(i sum_d p_d (phi_d - pi/2)).

    Each row drops terms whose bounds add up to less than ``error``.

    Parameters
    ----------
    bounds : sequence of ndarray
        Bound of max abs(c_p) for each channel 0, 1, 2: float64[orders of x, of y, of z].
    multiples, phases : sequence
        n_d and phi_d (rad) of the three axes; n_d = 0 where an axis is not driven.
    channels, numbers : ndarray
        int64[rows]; numbers not negative.
    error : float
        Absolute.

    Returns
    -------
    Aliases

    Examples
    --------
    >>> import numpy as np
    >>> from mpifast.physics.systems.aliases import find_aliases
    >>> flat = np.full((4, 4, 1), 1.0)
    >>> rows = find_aliases([flat] * 3, (2, 3, 0), (np.pi / 2,) * 3, np.array([0]), np.array([1]), 0.1)
    >>> print(rows.orders[:, :2].tolist())
    [[1, 1], [2, 1]]
    """
    quarters = [phase / (np.pi / 2) - 1.0 for phase in phases]  # of a turn, exact where phi is a multiple of pi/2
    found = []
    for channel in np.unique(channels):
        bound = bounds[channel].ravel()
        places = np.flatnonzero(bound > NEGLIGIBLE * error)
        orders = [p.astype(np.int32) for p in np.unravel_index(places, bounds[channel].shape)]
        shifts = [p * np.int32(n) for p, n in zip(orders, multiples, strict=True)]
        reach = sum(int(shift.max(initial=0)) for shift in shifts)
        row_of = np.full(2 * reach + 1, -1, np.int32)  # of p . n, from -reach on; p and -p belong to one row
        wanted = np.flatnonzero((channels == channel) & (numbers <= reach))
        row_of[reach + numbers[wanted]] = row_of[reach - numbers[wanted]] = wanted
        for signs in itertools.product(*[(1, -1) if n else (1,) for n in multiples]):
            if next((sign for sign, n in zip(signs, multiples, strict=True) if n), 1) < 0:
                continue  # these are -p
            k = np.full(len(places), reach, np.int32)
            for sign, shift in zip(signs, shifts, strict=True):
                k += sign * shift
            rows = row_of.take(k)
            kept = np.flatnonzero(rows >= 0)
            p = [order[kept] for order in orders]
            once, before = np.ones(len(kept), bool), np.zeros(len(kept), bool)
            for sign, order in zip(signs, p, strict=True):
                if sign < 0:  # an order 0 has no sign, and the first order that is not 0 is positive
                    once &= (order > 0) & before
                before |= order > 0
            kept, p = kept[once], [order[once] for order in p]
            turns = sum(sign * quarter * order for sign, quarter, order in zip(signs, quarters, p, strict=True))
            term = rows[kept], *p, turns * np.where(k[kept] < reach, -1, 1), bound[places[kept]]
            found.append(term)
            both = np.flatnonzero((k[kept] == reach) & (p[0] + p[1] + p[2] > 0))  # p . n = 0: -p is another term
            found.append(tuple(part[both] * (-1 if i == 4 else 1) for i, part in enumerate(term)))
    row, x, y, z, turns, sizes = (np.concatenate(parts) for parts in zip(*found, strict=True))
    small = np.bincount(row[sizes < error], minlength=len(numbers))  # terms of a row among which the error is shared
    kept = np.flatnonzero(sizes * np.maximum(small, 1)[row] > error)
    total, left = np.bincount(row, sizes, len(numbers)), np.bincount(row[kept], sizes[kept], len(numbers))
    kept = kept[np.lexsort((-sizes[kept], row[kept]))]  # the largest term of each row first
    starts = np.append(0, np.cumsum(np.bincount(row[kept], minlength=len(numbers))))
    return Aliases(
        starts, np.column_stack([x[kept], y[kept], z[kept]]), quarter_turns(turns[kept]), total, total - left
    )


def quarter_turns(turns: np.ndarray) -> np.ndarray:
    """exp(i pi turns / 2), exact where ``turns`` is a whole number."""
    rest = np.remainder(turns, 4.0)
    whole = np.rint(rest)
    small = np.pi / 2 * (rest - whole)
    return np.array([1, 1j, -1, -1j])[whole.astype(np.int64) % 4] * (np.cos(small) + 1j * np.sin(small))
