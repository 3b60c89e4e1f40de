"""The loop that finds how many directions a set of spectra has, and what they are made of."""

from __future__ import annotations

import numpy as np

from mpifast._compiled.jit import jit, jit_entry, jit_reduction, span

CANCELLED = 1e-3  # a difference of so little of what it began with has lost digits


@jit_reduction
def dot(rows: np.ndarray, i: int, j: int) -> float:
    """Scalar product of two rows."""
    total = 0.0
    for s in range(rows.shape[1]):
        total += rows[i, s] * rows[j, s]
    return total


@jit
def subtract(rows: np.ndarray, j: int, factor: float, i: int) -> None:
    """Row j -= factor times row i."""
    for s in span(0, rows.shape[1]):
        rows[j, s] -= factor * rows[i, s]


@jit
def factor(rows: np.ndarray, triangle: np.ndarray, order: np.ndarray, tolerance: float) -> int:
    """Gram and Schmidt, the strongest row first: rows[j] = sum_k triangle[k, j] q_k with orthonormal q, which take the
    place of the rows.

    Row order[k] gave q_k; triangle and order are zero before. Returns the rank: rows that are left with less than
    ``tolerance`` of the largest length count as zero.
    """
    count = len(rows)
    lengths, measured = (
        np.empty(count),
        np.empty(count),
    )  # squared: as they should be by now, and when they were last looked at
    for j in range(count):
        lengths[j] = measured[j] = dot(rows, j, j)
    limit = tolerance * tolerance * lengths.max()
    for k in range(count):
        best = lengths.argmax()
        if not lengths[best] > limit:
            return k
        order[k] = best
        length = np.sqrt(lengths[best])
        lengths[best] = -1.0  # done
        triangle[k, best] = length
        for s in span(0, rows.shape[1]):
            rows[best, s] /= length
        for j in range(count):
            if lengths[j] >= 0.0:
                triangle[k, j] = dot(rows, best, j)
                subtract(rows, j, triangle[k, j], best)
                lengths[j] = max(lengths[j] - triangle[k, j] ** 2, 0.0)
                if lengths[j] < CANCELLED * measured[j]:
                    lengths[j] = measured[j] = dot(rows, j, j)
    return count


@jit
def invert(triangle: np.ndarray, order: np.ndarray, rank: int, inverse: np.ndarray) -> None:
    """inverse[order[i], k], i <= k: the inverse of the upper triangle[i, order[k]]; the other rows of ``inverse`` are
    left alone.
    """
    for k in range(rank):
        inverse[order[k], k] = 1.0 / triangle[k, order[k]]
        for i in range(k - 1, -1, -1):
            total = 0.0
            for m in range(i + 1, k + 1):
                total += triangle[i, order[m]] * inverse[order[m], k]
            inverse[order[i], k] = -total / triangle[i, order[i]]


@jit_entry
def directions(
    rows: np.ndarray, triangle: np.ndarray, inverse: np.ndarray, tolerance: float, order: np.ndarray, rank: np.ndarray
) -> None:
    """`factor` and `invert` for float64[inputs, samples]; triangle and inverse are float64[inputs, inputs] of zeros. A
    hundredth of a second, so always serial.
    """
    rank[0] = factor(rows, triangle, order, tolerance)
    invert(triangle, order, rank[0], inverse)


def directions_of(rows: np.ndarray, tolerance: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Triangle[rank, inputs], inverse[inputs, rank] and the orthonormal q[rank, samples] of float64[inputs, samples];
    see `factor`.
    """
    q, count = np.array(rows, np.float64, order="C"), len(rows)
    triangle, inverse, order, rank = (
        np.zeros((count, count)),
        np.zeros((count, count)),
        np.zeros(count, np.int64),
        np.zeros(1, np.int64),
    )
    directions(q, triangle, inverse, float(tolerance), order, rank)
    return triangle[: rank[0]], inverse[:, : rank[0]], q[order[: rank[0]]]
