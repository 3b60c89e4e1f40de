"""Loops of the forward model: sums of table rows for binary phantoms, products for grey ones."""

from __future__ import annotations

import numpy as np
from numba import prange

from mpifast._jit import Twin, jit
from mpifast._tile import ROWS, multiply_add

BITS = 7  # voxels in a group: tables of 2^7 rows, 102 kB a group for 200 harmonics in float32
STRIDE = 4  # tables summed in one sweep over a spectrum
TILE = 64  # spectra a thread holds while it walks through the tables: four tables and the tile share its L2 cache


@jit
def pack(phantom: np.ndarray, index: np.ndarray) -> None:
    """index[j] = sum_b phantom[j + b groups] 2^b, for one binary phantom (uint8[voxels] -> uint8[groups])."""
    groups, voxels = len(index), len(phantom)
    index[:] = np.uint8(0)
    for bit in range(BITS):
        for j in range(min(groups, voxels - bit * groups)):
            index[j] |= phantom[bit * groups + j] << bit


@jit
def sum_rows(index: np.ndarray, tables: np.ndarray, spectra: np.ndarray) -> None:
    """spectra[s] = sum_j tables[j, index[s, j]]; index uint8[n, groups], tables [groups, 128, rows], spectra [n, rows]."""
    for first in range(0, index.shape[1], STRIDE):
        for s in range(len(spectra)):
            row = spectra[s]
            row_0, row_1 = tables[first, index[s, first]], tables[first + 1, index[s, first + 1]]
            row_2, row_3 = tables[first + 2, index[s, first + 2]], tables[first + 3, index[s, first + 3]]
            if first == 0:
                for r in range(len(row)):
                    row[r] = (row_0[r] + row_1[r]) + (row_2[r] + row_3[r])
            else:
                for r in range(len(row)):
                    row[r] += (row_0[r] + row_1[r]) + (row_2[r] + row_3[r])


def _look_up(phantoms: np.ndarray, tables: np.ndarray, spectra: np.ndarray, slots: int) -> None:
    """Spectra of binary phantoms: uint8[n, voxels] -> [n, rows], one contiguous share of the samples a slot."""
    samples = len(phantoms)
    for slot in prange(slots):
        index = np.empty((TILE, tables.shape[0]), np.uint8)
        last = samples * (slot + 1) // slots
        for first in range(samples * slot // slots, last, TILE):
            count = min(TILE, last - first)
            for s in range(count):
                pack(phantoms[first + s], index[s])
            sum_rows(index[:count], tables, spectra[first : first + count])


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
