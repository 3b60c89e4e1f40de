"""Mixing orders: which multiples of the drive frequencies meet at a frequency of the spectrum."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mpifast import _validation as check

MAX_TABLE = 2**26  # entries of the table of all mixing orders


def mixing_orders(multiples: Any, numbers: Any, order: int) -> list[np.ndarray]:
    """All mixing orders p with p . n = k and a sum of |p_d| up to ``order``, for each frequency number k.

    The spectrum at k / period is a sum over them (see Notes); the terms fall with the order.

    Parameters
    ----------
    multiples : sequence of int
        n: the drive frequencies in units of 1 / period, 0 for an axis without drive, whose p is 0
        (`LissajousScanner.multiples`).
    numbers : array_like
        Frequency numbers k, int[rows].
    order : int
        Largest sum of the magnitudes of p.

    Returns
    -------
    list of ndarray
        int64[count, axes] for each k: the lowest order first, then in lexicographic order. Empty where there is none.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or range, or the table of all orders has more than 67,108,864 entries.

    Notes
    -----
    With one phase for each axis the magnetisation is F(theta), theta_d = 2 pi n_d t / period, even in every theta_d. So
    mhat[k] is the sum over p of c_p exp(i sum_d p_d (phi_d - pi/2)), with c_p real.

    Examples
    --------
    >>> from mpifast.physics.fields.frequencies import mixing_orders
    >>> for orders in mixing_orders((16, 17), [1, 33], order=4):
    ...     print(orders.tolist())
    [[-1, 1]]
    [[1, 1]]
    """
    n, k = _arguments(multiples, numbers)
    order = check.integer("order", order, low=0, high=100_000)
    table = _table(n, order)
    sums = table @ n
    by_sum = np.argsort(sums, kind="stable")  # keeps the order within each sum
    first = np.searchsorted(sums[by_sum], k, "left")
    last = np.searchsorted(sums[by_sum], k, "right")
    return [table[by_sum[a:b]] for a, b in zip(first, last, strict=True)]


def lowest_mixing_orders(multiples: Any, numbers: Any) -> np.ndarray:
    """The lowest mixing order p with p . n = k for each frequency number k: the least sum of |p_d|, as in MPIFiles.jl.

    Of several the one of smallest Euclidean norm, then the lexicographically first.

    Parameters
    ----------
    multiples, numbers
        As for `mixing_orders`.

    Returns
    -------
    ndarray
        int64[rows, axes].

    Raises
    ------
    TypeError, ValueError
        As for `mixing_orders`, or if no mixing order gives some k.

    Examples
    --------
    >>> from mpifast.physics.fields.frequencies import lowest_mixing_orders
    >>> print(lowest_mixing_orders((16, 17), [16, 18, 50]).tolist())
    [[1, 0], [-1, 2], [1, 2]]
    """
    n, k = _arguments(multiples, numbers)
    unreachable = k[k % math.gcd(*n.tolist()) != 0]
    if unreachable.size:
        raise ValueError(
            f"numbers contains {unreachable[0]}, which no mixing of multiples={tuple(n.tolist())} gives: leave it out"
        )
    result, missing, order = np.zeros((len(k), len(n)), np.int64), np.arange(len(k)), 8
    while missing.size:
        found = mixing_orders(n, k[missing], order)
        for row, orders in zip(missing, found, strict=True):
            if len(orders):
                result[row] = orders[0]
        missing, order = missing[[len(orders) == 0 for orders in found]], 2 * order
    return result


def _arguments(multiples: Any, numbers: Any) -> tuple[np.ndarray, np.ndarray]:
    n = np.array([check.integer(f"multiples[{i}]", v) for i, v in enumerate(check.sequence("multiples", multiples))])
    if not 1 <= len(n) <= 3 or not n.any():
        raise ValueError(f"multiples={tuple(n.tolist())}: give one to three, at least one of them above zero")
    k = check.real_array("numbers", numbers)
    if k.ndim != 1 or (k.size and k.dtype.kind not in "iu"):
        raise ValueError(f"numbers has shape {k.shape} and dtype {k.dtype}: give a vector of integers")
    return n.astype(np.int64), k.astype(np.int64)


def _table(n: np.ndarray, order: int) -> np.ndarray:
    """All p with a sum of |p_d| up to order, int64[count, axes], sorted by both norms, then lexicographically."""
    ranges = [np.arange(-order, order + 1) if part else np.zeros(1, np.int64) for part in n]
    count = math.prod(map(len, ranges))
    if count > MAX_TABLE:
        raise ValueError(f"order={order} has a table of {count:,} mixing orders, the limit is {MAX_TABLE:,}: lower it")
    table = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, len(n))
    sizes = np.abs(table).sum(axis=1)
    table, sizes = table[sizes <= order], sizes[sizes <= order]
    by_size = np.lexsort((*table.T[::-1], (table**2).sum(axis=1), sizes))
    return table[by_size]
