"""Spectral leakage correction: signals that are not quite periodic, windowed over their neighbours."""

from __future__ import annotations

import numpy as np

from mpifast.io.mdf.data import MdfData
from mpifast.io.mdf.frames import BLOCK
from mpifast.io.mdf.preparation.background import times_of

CORRECTED = "/measurement/isSpectralLeakageCorrected"
FIELDS = ("/acquisition/offsetField", "/acquisition/gradient", "/acquisition/drivefield/strength")


def hann(lengths: int, points: int) -> np.ndarray:
    """A periodic Hann window over some periods, float64[lengths, points], of which the sum over the periods is 1.

    Examples
    --------
    >>> print(hann(2, 4).round(3))
    [[0.    0.146 0.5   0.854]
     [1.    0.854 0.5   0.146]]
    """
    angle = 2.0 * np.pi / (lengths * points) * np.arange(lengths * points)
    return ((1.0 - np.cos(angle)) / lengths).reshape(lengths, points)


@np.errstate(all="ignore")  # what is not finite is refused at the end
def corrected_components(file: MdfData, frames: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Chosen frequencies of frames after the correction, complex128[n, rows]; ``mask`` bool[periods, channels, K].

    A period is replaced by the sum of itself and its two neighbours in time, each times its third of one Hann window
    of three periods; beside a gap by that of two. In frequency this is a windowed record of three periods of which
    every third line is kept. The window is the periodic one, whose parts add up to 1: a periodic signal stays as it is.
    Neighbours are of the same kind, background or not, and of the same fields. A file that says that it was done is
    read as it is.

    References
    ----------
    MPIFiles.jl, src/Measurements.jl, spectralLeakageCorrection (with the symmetric window).
    """
    data = file.data
    if file[CORRECTED]:
        return data.components(frames, mask)
    before, after = _neighbours(file)
    joined = _joined(file)
    three, two = hann(3, data.points), hann(2, data.points)
    result = np.empty((len(frames), int(mask.sum())), np.complex128)
    step = max(1, BLOCK // max(1, int(np.prod(data.shape[1:]))))
    for start in range(0, len(frames), step):
        some = frames[start : start + step]
        own = data.read(some, fourier=False)
        earlier, there = _beside(data.read(np.maximum(before[some], 0), fourier=False), own, joined, forward=False)
        later, follows = _beside(data.read(np.maximum(after[some], 0), fourier=False), own, joined, forward=True)
        there[:, 0] &= before[some] >= 0
        follows[:, -1] &= after[some] >= 0
        kinds = (there & follows, there & ~follows, ~there & follows)
        both, first, second = (kind[:, :, None, None] for kind in kinds)
        values = np.where(both, three[0] * earlier + three[1] * own + three[2] * later, own)
        values = np.where(first, two[0] * earlier + two[1] * own, values)
        values = np.where(second, two[0] * own + two[1] * later, values)
        result[start : start + step] = np.fft.rfft(values, axis=-1)[:, mask]
    return result


def _beside(other: np.ndarray, own: np.ndarray, joined: np.ndarray, forward: bool) -> tuple[np.ndarray, np.ndarray]:
    """The periods before or after those of frames [n, periods, ...], and which of them may be used, bool[n, periods]:
    the last one of the frame before, or the first one of that after, and the neighbours within a frame.
    """
    if forward:
        values, usable = np.concatenate([own[:, 1:], other[:, :1]], axis=1), joined
    else:
        values, usable = np.concatenate([other[:, -1:], own[:, :-1]], axis=1), np.roll(joined, 1)
    return values, np.broadcast_to(usable, own.shape[:2]).copy()


def _neighbours(file: MdfData) -> tuple[np.ndarray, np.ndarray]:
    """The frames that were taken just before and after each, of the same kind, int64[frames]; -1: none."""
    time, empty = times_of(file), file.is_background
    order = np.argsort(time, kind="stable")
    linked = (np.diff(time[order]) == 1.0) & (empty[order][1:] == empty[order][:-1])
    before, after = np.full((2, len(time)), -1)
    before[order[1:][linked]], after[order[:-1][linked]] = order[:-1][linked], order[1:][linked]
    return before, after


def _joined(file: MdfData) -> np.ndarray:
    """Whether each period of a frame and the one after it (the first of the next frame) are in the same fields."""
    periods = file.shape[1]
    joined = np.ones(periods, bool)
    for name in FIELDS:
        values = np.asarray(file.get(name, np.empty(0)))
        if values.ndim and len(values) == periods:
            values = values.reshape(periods, -1)
            joined &= (values == np.roll(values, -1, axis=0)).all(axis=1)
    return joined
