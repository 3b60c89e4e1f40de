"""Loops that draw random binary phantoms."""

from __future__ import annotations

import numpy as np
from numba import prange

from mpifast._jit import Twin, jit
from mpifast._philox import PHANTOMS, fill_words

WORD = 64  # voxels drawn together


@jit
def words_needed(voxels: int, digits: int) -> int:
    """Random words for one phantom, rounded up to whole Philox blocks."""
    return 4 * ((-(-voxels // WORD) * digits + 3) // 4)


@jit
def draw_phantom(phantom: np.ndarray, words: np.ndarray, sample: int, keys: np.ndarray, numerator: int, digits: int) -> None:
    """One phantom (uint8[voxels]) whose voxels are 1 with probability numerator / 2^digits.

    Sixty-four voxels at a time: from the last binary digit of the density to the first, "or" with a random word maps the
    probability p to (1 + p)/2 and "and" maps it to p/2. A density of 1/2 takes one word.
    """
    voxels = len(phantom)
    fill_words(words, -(-voxels // WORD) * digits, sample, PHANTOMS, keys)
    for group in range(-(-voxels // WORD)):
        bits = np.uint64(0) - np.uint64(numerator >> digits)  # all ones for a density of 1
        for digit in range(digits):
            word = words[group * digits + digit]
            bits = bits | word if (numerator >> digit) & 1 else bits & word
        start = group * WORD
        for v in range(min(WORD, voxels - start)):
            phantom[start + v] = (bits >> np.uint64(v)) & np.uint64(1)


def _draw(samples: np.ndarray, keys: np.ndarray, numerator: int, digits: int, phantoms: np.ndarray, slots: int) -> None:
    """Random phantoms uint8[n, voxels] of the given sample numbers, one contiguous share a slot."""
    count, voxels = phantoms.shape
    for slot in prange(slots):
        words = np.empty(words_needed(voxels, digits), np.uint64)
        for s in range(count * slot // slots, count * (slot + 1) // slots):
            draw_phantom(phantoms[s], words, samples[s], keys, numerator, digits)


draw = Twin(_draw)
