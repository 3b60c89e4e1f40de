"""Loops of the forward model: sums of table rows for binary phantoms, products for grey ones."""

from __future__ import annotations

import numpy as np
from numba import prange

from mpifast._jit import Twin, jit
from mpifast._tile import ROWS, multiply_add, sum_rows

BITS = 5  # voxels in a group: tables of 2^5 rows, for 129 voxels and 200 harmonics 0.7 MB in float32, which an L2 cache holds
TILE = 16  # spectra made together


@jit
def pack(phantom: np.ndarray, index: np.ndarray, s: int) -> None:
    """index[s, j] = sum_b phantom[j + b groups] 2^b, for one binary phantom (uint8[voxels] -> uint8[groups])."""
    groups, voxels = index.shape[1], len(phantom)
    whole = max(voxels - (BITS - 1) * groups, 0)  # groups that have all their bits
    for j in range(np.uint64(whole)):
        bits = np.uint8(0)
        for b in range(BITS):
            bits |= np.uint8(phantom[j + b * groups] << b)
        index[s, j] = bits
    for j in range(whole, groups):
        index[s, j] = 0
        for b in range((voxels - j + groups - 1) // groups):
            index[s, j] |= phantom[j + b * groups] << b


def _look_up(phantoms: np.ndarray, tables: np.ndarray, spectra: np.ndarray, slots: int) -> None:
    """Spectra of binary phantoms: uint8[n, voxels] -> [n, rows], one contiguous share of the samples a slot."""
    samples = len(phantoms)
    for slot in prange(slots):
        index = np.empty((TILE, len(tables)), np.uint8)
        last = samples * (slot + 1) // slots
        for first in range(samples * slot // slots, last, TILE):
            count = min(TILE, last - first)
            for s in range(count):
                pack(phantoms[first + s], index, s)
            sum_rows(spectra[first : first + count], index, tables)


def _multiply(phantoms: np.ndarray, columns: np.ndarray, spectra: np.ndarray, slots: int) -> None:
    """Spectra of grey phantoms: [n, voxels] times columns [voxels, rows, padded] -> [n, rows]."""
    samples, voxels = phantoms.shape
    for slot in prange(slots):
        block = np.zeros((ROWS, voxels), phantoms.dtype)
        result = np.empty((ROWS, columns.shape[1]), phantoms.dtype)
        last = samples * (slot + 1) // slots
        for first in range(samples * slot // slots, last, ROWS):
            count = min(ROWS, last - first)
            block[:count] = phantoms[first : first + count]
            result[:] = 0
            multiply_add(result, block, columns)
            spectra[first : first + count] = result[:count, : spectra.shape[1]]


look_up, multiply = Twin(_look_up), Twin(_multiply)
