"""Rows of a calibration file on their way into a matrix, in one pass while they are in the cache."""

from __future__ import annotations

import numpy as np

from mpifast._compiled.jit import span
from mpifast._compiled.loop import Loop

ONE = np.uint64(1)


def _load(
    numbers: np.ndarray,
    divisors: np.ndarray,
    places: np.ndarray,
    means: np.ndarray,
    left: np.ndarray,
    share: np.ndarray,
    targets: np.ndarray,
    result: np.ndarray,
    state: np.ndarray,
    slots: int,
    slot: int,
) -> None:
    """Background subtracted and divided, as real and imaginary rows in the order of the grid: a slot's share of rows.

    numbers   float[n, 2 frames], real and imaginary parts in turn
    divisors  float64[n, 3]: (p, q, s) of `loading.divisors_of`
    places    uint64[voxels]: 2 x the frame of each voxel
    means     float64[n, 2, G + 1]: real and imaginary background at G moments; the last is the neighbour of the one
              before, whose share is 0
    left      uint64[voxels], share float64[voxels]: between which of them a voxel is
    targets   int64[n]: rows of result float[2, rows, voxels]
    state     int64[n, 3]: real and imaginary numbers that are not zero, and those that are not finite
    """
    rows, voxels = len(numbers), len(places)
    products = np.empty((4, voxels))
    for row in range(rows * slot // slots, rows * (slot + 1) // slots):
        for v in span(0, voxels):  # kept apart from their sum, or a fused product would round otherwise than NumPy
            products[0, v] = (1.0 - share[v]) * means[row, 0, left[v]]
            products[1, v] = share[v] * means[row, 0, left[v] + ONE]
            products[2, v] = (1.0 - share[v]) * means[row, 1, left[v]]
            products[3, v] = share[v] * means[row, 1, left[v] + ONE]
        p, q, s = divisors[row, 0], divisors[row, 1], divisors[row, 2]
        target, real, imaginary, bad = targets[row], 0, 0, 0
        for v in span(0, voxels):
            x = numbers[row, places[v]] - (products[0, v] + products[1, v])
            y = numbers[row, places[v] + ONE] - (products[2, v] + products[3, v])
            result[0, target, v] = (x * p + y * q) * s
            result[1, target, v] = (y * p - x * q) * s
            real += result[0, target, v] != 0.0
            imaginary += result[1, target, v] != 0.0
            bad += not (abs(result[0, target, v]) < np.inf and abs(result[1, target, v]) < np.inf)
        state[row, 0], state[row, 1], state[row, 2] = real, imaginary, bad


load = Loop(_load)
