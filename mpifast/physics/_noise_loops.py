"""Loops that draw Gaussian noise."""

from __future__ import annotations

import numpy as np

from mpifast._compiled.elementary import cosine_sine, log
from mpifast._compiled.jit import jit
from mpifast._compiled.loop import Loop
from mpifast._compiled.philox import NOISE, fill_words


@jit
def draw_normals(first: np.ndarray, second: np.ndarray, words: np.ndarray, sample: int, keys: np.ndarray) -> None:
    """Standard normal numbers of one sample by Box and Muller: float32[h] twice, from h random words.

    The upper 31 bits of a word give the radius, the lower 32 the angle; tails reach 6.6 sigma. Always in float32
    arithmetic, so the noise of a sample is the same whatever the type of its spectrum.
    """
    fill_words(words, len(first), sample, NOISE, keys)
    for j in range(len(first)):
        upper = np.int32(words[j] >> np.uint64(33))
        uniform = np.float32(upper) * np.float32(2.0**-31) + np.float32(2.0**-32)
        radius = np.sqrt(np.float32(-2.0) * log(uniform))
        cosine, sine = cosine_sine(np.int32(words[j] & np.uint64(0xFFFFFFFF)))
        first[j] = radius * cosine
        second[j] = radius * sine


@jit
def add_noise(spectrum: np.ndarray, level: float, first: np.ndarray, second: np.ndarray) -> None:
    """spectrum[rows] += level times the normals, ``first`` and then ``second``."""
    half = len(first)
    scale = np.float32(level)
    for r in range(half):
        spectrum[r] += scale * first[r]
    for r in range(len(spectrum) - half):
        spectrum[half + r] += scale * second[r]


def _disturb(samples: np.ndarray, keys: np.ndarray, level: float, spectra: np.ndarray, slots: int, slot: int) -> None:
    """Add the noise of the given sample numbers to spectra [n, rows]: a slot's contiguous share."""
    count, rows = spectra.shape
    half = (rows + 1) // 2
    random = np.empty(4 * ((half + 3) // 4), np.uint64)
    first, second = np.empty(half, np.float32), np.empty(half, np.float32)
    for s in range(count * slot // slots, count * (slot + 1) // slots):
        draw_normals(first, second, random, samples[s], keys)
        add_noise(spectra[s], level, first, second)


disturb = Loop(_disturb)
