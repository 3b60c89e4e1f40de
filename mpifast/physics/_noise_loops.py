"""Loops that draw noise: white, of any covariance, picked from frames, drifting."""

from __future__ import annotations

import numpy as np

from mpifast._compiled.elementary import cosine_sine, log
from mpifast._compiled.jit import jit, span
from mpifast._compiled.loop import Loop
from mpifast._compiled.philox import fill_words, high_product
from mpifast._compiled.products import ROWS, multiply_add, padded

TOGETHER = 2 * ROWS  # samples that a panel of the factor is read for


@jit
def draw_normals(
    first: np.ndarray, second: np.ndarray, words: np.ndarray, sample: int, stream: int, keys: np.ndarray
) -> None:
    """Standard normal numbers of one sample by Box and Muller: float32[h] twice, from h random words.

    The upper 31 bits of a word give the radius, the lower 32 the angle; tails reach 6.6 sigma. Always in float32
    arithmetic, so the noise of a sample is the same whatever the type of its spectrum.
    """
    fill_words(words, len(first), sample, stream, keys)
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


def _disturb(
    samples: np.ndarray, keys: np.ndarray, stream: int, levels: np.ndarray, spectra: np.ndarray, slots: int, slot: int
) -> None:
    """Add white noise of the given sample numbers to spectra [n, rows], each row with its standard deviation
    float32[rows]: a slot's contiguous share.
    """
    count, rows = spectra.shape
    half = (rows + 1) // 2
    random = np.empty(4 * ((half + 3) // 4), np.uint64)
    first, second = np.empty(half, np.float32), np.empty(half, np.float32)
    for s in range(count * slot // slots, count * (slot + 1) // slots):
        draw_normals(first, second, random, samples[s], stream, keys)
        for r in range(np.uint64(half)):
            spectra[s, r] += levels[r] * first[r]
        for r in range(np.uint64(rows - half)):
            spectra[s, half + r] += levels[half + r] * second[r]


@jit
def add_coloured(
    spectra: np.ndarray,
    samples: np.ndarray,
    keys: np.ndarray,
    stream: int,
    panels: np.ndarray,
    depths: np.ndarray,
    offset: np.ndarray,
    normals: np.ndarray,
    result: np.ndarray,
    random: np.ndarray,
) -> None:
    """Add an offset float32[rows padded to `lanes`] and z F to a few spectra [n, rows], where z are standard normals of
    the sample numbers and F is a matrix in panels float32[panels, rank, width].

    Of each panel only the first rows are not zero, as many as ``depths`` says: half of a triangular matrix. Room for z,
    float32[n padded to `ROWS`, 2 h], for as many rows of noise, and for h random words.
    """
    (count, rows), (number, _, width) = spectra.shape, panels.shape
    half, whole = normals.shape[1] // 2, padded(count, ROWS)
    for s in range(count):
        draw_normals(normals[s, :half], normals[s, half:], random, samples[s], stream, keys)
    for s in range(whole):
        for r in span(0, len(offset)):
            result[s, r] = offset[r]
    for panel in range(number):
        left, right = panel * width, min(panel * width + width, len(offset))
        factor = panels[panel, : depths[panel], : right - left]  # panels have the width of the widest
        multiply_add(result[:whole, left:right], normals[:whole, : depths[panel]], factor)
    for s in range(count):
        for r in span(0, rows):
            spectra[s, r] += result[s, r]


def _colour(
    samples: np.ndarray,
    keys: np.ndarray,
    stream: int,
    panels: np.ndarray,
    depths: np.ndarray,
    offset: np.ndarray,
    spectra: np.ndarray,
    slots: int,
    slot: int,
) -> None:
    """Add coloured noise of the given sample numbers to spectra [n, rows]: a slot's contiguous share."""
    half = (panels.shape[1] + 1) // 2
    random = np.empty(padded(half, 4), np.uint64)
    normals, result = np.zeros((TOGETHER, 2 * half), np.float32), np.empty((TOGETHER, len(offset)), np.float32)
    last = len(spectra) * (slot + 1) // slots
    for start in range(len(spectra) * slot // slots, last, TOGETHER):
        stop = min(start + TOGETHER, last)
        add_coloured(
            spectra[start:stop], samples[start:stop], keys, stream, panels, depths, offset, normals, result, random
        )


def _pick(
    samples: np.ndarray, keys: np.ndarray, stream: int, count: int, picks: np.ndarray, slots: int, slot: int
) -> None:
    """One of ``count`` numbers for each sample, int64[n]: a slot's contiguous share."""
    random, number = np.empty(4, np.uint64), len(samples)
    for s in range(number * slot // slots, number * (slot + 1) // slots):
        fill_words(random, 1, samples[s], stream, keys)
        picks[s] = np.int64(high_product(random[0], np.uint64(count)))


def _sway(
    samples: np.ndarray, steps: np.ndarray, phases: np.ndarray, result: np.ndarray, slots: int, slot: int
) -> None:
    """Sums of cosines of mean square 1, float32[n, patterns], at the given sample numbers: a slot's contiguous share.

    Frequencies and phases are whole numbers, 2^64 of them a turn: exact for any sample number.
    """
    (patterns, waves), number = phases.shape, len(samples)
    scale = np.float32(np.sqrt(2.0 / waves))
    for s in range(number * slot // slots, number * (slot + 1) // slots):
        for p in range(patterns):
            total = np.float32(0.0)
            for k in range(waves):
                turn = np.uint64(samples[s]) * steps[k] + phases[p, k]
                cosine, _ = cosine_sine(np.int32(turn >> np.uint64(32)))
                total += cosine
            result[s, p] = scale * total


disturb, colour, pick, sway = Loop(_disturb), Loop(_colour), Loop(_pick), Loop(_sway)
