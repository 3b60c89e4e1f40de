"""The signal-to-noise ratio of the rows of a calibration file, from its background frames."""

from __future__ import annotations

import numpy as np

from mpifast.io.mdf.data import MdfData

BEST, NEAR, CLEAR = 20, 0.9, 3.5  # rows of the mask; parts of a maximum; ratio above which a row has its own mask


@np.errstate(all="ignore")  # rows without noise, or damaged ones
def computed_snr(file: MdfData) -> np.ndarray:
    """The signal-to-noise ratio as MPIFiles.jl computes it, float64[periods, channels, K].

    The noise of a row is the mean magnitude of its background frames without their mean, its signal the median
    magnitude, without this mean, over the voxels of a mask: those above 90 % of the maximum of one of the 20 best rows
    of the same channel, by the median over all voxels. A row whose signal is above 3.5 times the noise has a mask of
    its own, the voxels above 90 % of its maximum. All periods get the median over the periods.

    The rows are read twice, a few at a time. A row of zeros has the ratio 0, one without noise infinity.

    Raises
    ------
    ValueError
        If the file has less than two background frames.

    References
    ----------
    MPIFiles.jl, src/SystemMatrix.jl, calculateSystemMatrixSNR.
    """
    periods, channels, count = file.shape[1], file.shape[2], len(file.data.bins)
    empty = np.flatnonzero(file.is_background)
    frames = np.flatnonzero(~file.is_background)
    if len(empty) < 2 or not len(frames):
        raise ValueError(
            f"{file.path} has {len(empty)} background frames (/measurement/isBackgroundFrame), and the signal-to-noise"
            " ratio needs two: leave out snr, or choose rows by band and mixing_order"
        )
    result = np.empty((periods, channels, count))
    for period, channel in np.ndindex(periods, channels):
        result[period, channel] = _channel(file, period, channel, frames, empty)
    result[:] = np.median(result, axis=0)
    return np.nan_to_num(result, nan=0.0, posinf=np.inf)


def _channel(file: MdfData, period: int, channel: int, frames: np.ndarray, empty: np.ndarray) -> np.ndarray:
    """The ratios of one channel in one period, float64[K]."""
    mask = np.zeros((file.shape[1], file.shape[2], len(file.data.bins)), bool)
    mask[period, channel] = True
    noise, median = np.empty((2, mask.shape[2]))
    for first, block in file.data.by_rows(mask):
        last = first + len(block)
        size, noise[first:last] = _sizes(block, frames, empty)
        median[first:last] = np.median(size, axis=1)
    ratio = np.nan_to_num(median / noise, nan=-1.0)
    best = np.argsort(-ratio, kind="stable")[:BEST]
    mask[period, channel] = False
    mask[period, channel, best] = True
    region = np.zeros(len(frames), bool)
    for _, block in file.data.by_rows(mask):
        size = np.abs(block[:, frames])
        region |= (size > NEAR * size.max(axis=1, keepdims=True)).any(axis=0)
    if not region.any():
        return np.zeros(len(noise))
    mask[period, channel] = True
    signal = np.empty(len(noise))
    for first, block in file.data.by_rows(mask):
        last = first + len(block)
        size, _ = _sizes(block, frames, empty)
        signal[first:last] = np.median(size[:, region], axis=1)
        for row in np.flatnonzero(signal[first:last] > CLEAR * noise[first:last]):
            signal[first + row] = np.median(size[row, size[row] > NEAR * size[row].max()])
    return signal / noise


def _sizes(block: np.ndarray, frames: np.ndarray, empty: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Magnitudes without the mean background, float64[n, frames], and the noise float64[n] of some rows."""
    background = block[:, empty].astype(np.complex128)
    mean = background.mean(axis=1, keepdims=True)
    return np.abs(block[:, frames] - mean), np.abs(background - mean).mean(axis=1)
