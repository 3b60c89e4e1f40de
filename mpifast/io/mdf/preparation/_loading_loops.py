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
    bits: np.ndarray,
    largest: np.ndarray,
    slots: int,
    slot: int,
) -> None:
    """Background subtracted and divided, as real and imaginary rows in the order of the grid: a slot's share of rows.

    numbers   complex[n, frames]
    divisors  float64[n, 3]: (p, q, s) of `loading.divisors_of`
    places    uint64[voxels]: the frame of each voxel
    means     float64[n, 2, G + 1]: real and imaginary background at G moments; the last is the neighbour of the one
              before, whose share is 0
    left      uint64[voxels], share float64[voxels]: between which of them a voxel is
    targets   int64[n]: rows of result float[2, rows, voxels]
    bits      result as integers of its width, whose order without the sign bit is that of the magnitudes
    largest   int64[n, 2]: the largest of them in the real and in the imaginary part of each row
    """
    rows, voxels, blocks = len(numbers), len(places), means.shape[2] - 1
    gathered, products = np.empty(voxels, numbers.dtype), np.empty((4, voxels if blocks > 1 else 0))
    magnitude = bits.dtype.type(2 ** (8 * bits.itemsize - 1) - 1)
    for row in range(rows * slot // slots, rows * (slot + 1) // slots):
        p, q, s, target = divisors[row, 0], divisors[row, 1], divisors[row, 2], targets[row]
        for v in span(0, voxels):  # apart from the arithmetic, which vectorises
            gathered[v] = numbers[row, places[v]]
        if blocks > 1:
            for v in span(0, voxels):  # apart from their sum: a fused product would round otherwise than NumPy
                products[0, v] = (1.0 - share[v]) * means[row, 0, left[v]]
                products[1, v] = share[v] * means[row, 0, left[v] + ONE]
                products[2, v] = (1.0 - share[v]) * means[row, 1, left[v]]
                products[3, v] = share[v] * means[row, 1, left[v] + ONE]
            for v in span(0, voxels):
                x = np.float64(gathered[v].real) - (products[0, v] + products[1, v])
                y = np.float64(gathered[v].imag) - (products[2, v] + products[3, v])
                result[0, target, v] = (x * p + y * q) * s
                result[1, target, v] = (y * p - x * q) * s
        else:
            x0, y0 = means[row, 0, 0], means[row, 1, 0]
            for v in span(0, voxels):
                x, y = np.float64(gathered[v].real) - x0, np.float64(gathered[v].imag) - y0
                result[0, target, v] = (x * p + y * q) * s
                result[1, target, v] = (y * p - x * q) * s
        for part in range(2):
            most = bits.dtype.type(0)
            for v in span(0, voxels):
                size = bits.dtype.type(bits[part, target, v] & magnitude)
                most = size if size > most else most
            largest[row, part] = most


load = Loop(_load)
