"""Loops that draw random binary phantoms."""

from __future__ import annotations

import numpy as np

from mpifast._compiled.bits import WORD, to_bytes, words
from mpifast._compiled.jit import jit, jit_or_plain
from mpifast._compiled.loop import Loop
from mpifast._compiled.philox import PHANTOMS, fill_words


@jit_or_plain
def words_needed(voxels: int, digits: int) -> int:
    """Random words for one phantom, rounded up to whole Philox blocks."""
    return 4 * ((-(-voxels // WORD) * digits + 3) // 4)


@jit
def draw_bits(
    bits: np.ndarray, random: np.ndarray, voxels: int, sample: int, keys: np.ndarray, numerator: int, digits: int
) -> None:
    """One phantom, as bits, whose voxels are 1 with probability numerator / 2^digits.

    Sixty-four voxels at a time: from the last binary digit of the density to the first, "or" with a random word maps
    the probability p to (1 + p)/2 and "and" maps it to p/2. A density of 1/2 takes one word.
    """
    groups = -(-voxels // WORD)
    fill_words(random, groups * digits, sample, PHANTOMS, keys)
    for group in range(groups):
        word = np.uint64(0) - np.uint64(numerator >> digits)  # all ones for a density of 1
        for digit in range(digits):
            coins = random[group * digits + digit]
            word = word | coins if (numerator >> digit) & 1 else word & coins
        bits[group] = word
    bits[groups] = 0
    if voxels % WORD:
        bits[groups - 1] &= (np.uint64(1) << np.uint64(voxels % WORD)) - np.uint64(1)


def _draw(
    samples: np.ndarray, keys: np.ndarray, numerator: int, digits: int, phantoms: np.ndarray, slots: int, slot: int
) -> None:
    """Random phantoms uint8[n, voxels] of the given sample numbers: a slot's contiguous share."""
    count, voxels = phantoms.shape
    random, bits = np.empty(words_needed(voxels, digits), np.uint64), np.empty(words(voxels), np.uint64)
    for s in range(count * slot // slots, count * (slot + 1) // slots):
        draw_bits(bits, random, voxels, samples[s], keys, numerator, digits)
        to_bytes(phantoms, s, bits)


draw = Loop(_draw)
