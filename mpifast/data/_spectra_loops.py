"""The loops that generate spectra from nothing but sample numbers: phantoms, look-up, noise, in one sweep through the
caches.
"""

from __future__ import annotations

import numpy as np

from mpifast._compiled.bits import TOGETHER, fields, to_bytes, words
from mpifast._compiled.loop import Loop
from mpifast._compiled.philox import NOISE
from mpifast._compiled.products import padded, sum_rows
from mpifast.data._phantoms_loops import draw_bits, words_needed
from mpifast.physics import _noise_loops as noises
from mpifast.physics._forward_loops import SPECTRA
from mpifast.physics._noise_loops import add_coloured, add_noise, draw_normals


def _generate(
    samples: np.ndarray,
    keys: np.ndarray,
    numerator: int,
    digits: int,
    tables: np.ndarray,
    noise: float,
    spectra: np.ndarray,
    phantoms: np.ndarray,
    slots: int,
    slot: int,
) -> None:
    """Spectra [n, rows] and phantoms uint8[n, voxels] of the given sample numbers: a slot's contiguous share."""
    (count, rows), voxels = spectra.shape, phantoms.shape[1]
    half = (rows + 1) // 2
    random = np.empty(max(words_needed(voxels, digits), 4 * ((half + 3) // 4)), np.uint64)
    index, bits = np.empty((SPECTRA, padded(len(tables), TOGETHER)), np.uint8), np.empty(words(voxels), np.uint64)
    first, second = np.empty(half, np.float32), np.empty(half, np.float32)
    stop = count * (slot + 1) // slots
    for start in range(count * slot // slots, stop, SPECTRA):
        size = min(SPECTRA, stop - start)
        for s in range(size):
            draw_bits(bits, random, voxels, samples[start + s], keys, numerator, digits)
            to_bytes(phantoms, start + s, bits)
            fields(index, s, bits)
        sum_rows(spectra[start : start + size], index, tables)
        if noise > 0.0:
            for s in range(size):
                draw_normals(first, second, random, samples[start + s], NOISE, keys)
                add_noise(spectra[start + s], noise, first, second)


def _generate_coloured(
    samples: np.ndarray,
    keys: np.ndarray,
    numerator: int,
    digits: int,
    tables: np.ndarray,
    panels: np.ndarray,
    depths: np.ndarray,
    offset: np.ndarray,
    spectra: np.ndarray,
    phantoms: np.ndarray,
    slots: int,
    slot: int,
) -> None:
    """The same with coloured noise (`add_coloured`)."""
    count, voxels = phantoms.shape
    half = (panels.shape[1] + 1) // 2
    random = np.empty(max(words_needed(voxels, digits), padded(half, 4)), np.uint64)
    index, bits = (
        np.empty((noises.TOGETHER, padded(len(tables), TOGETHER)), np.uint8),
        np.empty(words(voxels), np.uint64),
    )
    normals = np.zeros((noises.TOGETHER, 2 * half), np.float32)
    result = np.empty((noises.TOGETHER, len(offset)), np.float32)
    last = count * (slot + 1) // slots
    for start in range(count * slot // slots, last, noises.TOGETHER):
        stop = min(start + noises.TOGETHER, last)
        for s in range(start, stop):
            draw_bits(bits, random, voxels, samples[s], keys, numerator, digits)
            to_bytes(phantoms, s, bits)
            fields(index, s - start, bits)
        sum_rows(spectra[start:stop], index, tables)
        add_coloured(
            spectra[start:stop], samples[start:stop], keys, NOISE, panels, depths, offset, normals, result, random
        )


generate, generate_coloured = Loop(_generate), Loop(_generate_coloured)
