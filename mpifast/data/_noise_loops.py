"""Loops that draw Gaussian noise."""

from __future__ import annotations

import numpy as np

from mpifast._compiled.elementary import cosine_sine, log
from mpifast._compiled.jit import jit
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
