"""Loops of the forward model: sums of table rows for binary phantoms, products for grey ones."""

from __future__ import annotations

import numpy as np

from mpifast._compiled.bits import TOGETHER, fields, to_bits, words
from mpifast._compiled.loop import Loop
from mpifast._compiled.products import ROWS, multiply_add, padded, sum_rows

SPECTRA = 16  # made together


def _look_up(phantoms: np.ndarray, tables: np.ndarray, spectra: np.ndarray, slots: int, slot: int) -> None:
    """Spectra of binary phantoms, uint8[n, voxels] -> [n, rows]: a slot's contiguous share of the samples."""
    samples = len(phantoms)
    index = np.empty((SPECTRA, padded(len(tables), TOGETHER)), np.uint8)
    bits = np.empty(words(phantoms.shape[1]), np.uint64)
    last = samples * (slot + 1) // slots
    for first in range(samples * slot // slots, last, SPECTRA):
        count = min(SPECTRA, last - first)
        for s in range(count):
            to_bits(bits, phantoms, first + s)
            fields(index, s, bits)
        sum_rows(spectra[first : first + count], index, tables)


def _multiply(phantoms: np.ndarray, panels: np.ndarray, spectra: np.ndarray, slots: int, slot: int) -> None:
    """Spectra of grey phantoms, [n, voxels] times a matrix in panels [panels, voxels, width] -> [n, rows]: a slot's
    contiguous share of the samples.

    A panel stays in the cache for all samples of the share. In rows of the whole matrix each of its lines would be on
    a memory page of its own.
    """
    (samples, voxels), rows, width = phantoms.shape, spectra.shape[1], panels.shape[2]
    block, result = np.zeros((ROWS, voxels), phantoms.dtype), np.empty((ROWS, width), phantoms.dtype)
    start, last = samples * slot // slots, samples * (slot + 1) // slots
    for panel in range(len(panels)):
        left = panel * width
        columns = min(width, rows - left)
        for first in range(start, last, ROWS):
            count = min(ROWS, last - first)
            for s in range(count):
                for v in range(np.uint64(voxels)):
                    block[s, v] = phantoms[first + s, v]
            result[:] = 0
            multiply_add(result, block, panels[panel])
            for s in range(count):
                for r in range(np.uint64(columns)):
                    spectra[first + s, left + r] = result[s, r]


def _fold(images: np.ndarray, even: np.ndarray, odd: np.ndarray, slots: int, slot: int) -> None:
    """Sums and differences of voxels and their mirror images along the middle axis of images [n, outer, length, inner]:
    a slot's contiguous share of the samples. A voxel in the middle is its own mirror image.
    """
    outer, length, inner = np.uint64(images.shape[1]), np.uint64(images.shape[2]), np.uint64(images.shape[3])
    half, one = np.uint64(even.shape[2]), np.uint64(1)
    for s in range(len(images) * slot // slots, len(images) * (slot + 1) // slots):
        for i in range(outer):
            for j in range(half):
                plus, minus = length - half + j, half - one - j
                for k in range(inner):
                    a = even.dtype.type(images[s, i, plus, k])
                    b = even.dtype.type(images[s, i, minus, k])
                    even[s, i, j, k], odd[s, i, j, k] = a + b, a - b
                if plus == minus:
                    for k in range(inner):
                        even[s, i, j, k] = even.dtype.type(images[s, i, plus, k])


look_up, multiply, fold = Loop(_look_up), Loop(_multiply), Loop(_fold)
