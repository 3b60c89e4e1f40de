"""Squares of the rows of a matrix, at the speed of reading it."""

from __future__ import annotations

import numpy as np

from mpifast._compiled.jit import jit_reduction, span
from mpifast._compiled.loop import Loop


@jit_reduction
def squared(real: np.ndarray, row: int) -> float:
    """||S_k||^2 in double precision: float32 has no squares below 1e-45."""
    total = 0.0
    for j in span(0, real.shape[1]):
        value = np.float64(real[row, j])
        total += value * value
    return total


def _row_norms(real: np.ndarray, squares: np.ndarray, slots: int, slot: int) -> None:
    """||S_k||^2 float64[rows] of S [rows, n]."""
    for row in range(len(real) * slot // slots, len(real) * (slot + 1) // slots):
        squares[row] = squared(real, row)


row_norms = Loop(_row_norms)
