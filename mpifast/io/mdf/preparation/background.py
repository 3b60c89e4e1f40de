"""The background of measured frames: their mean, or blocks of them interpolated in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mpifast.io.mdf.data import MdfData

BACKGROUND = ("subtract", "mean", "interpolate", "keep")


@dataclass(frozen=True, eq=False)
class Drift:
    """The background at some frames: (1 - share) mean of one block of background frames + share times that of the next.

    Attributes
    ----------
    empty : ndarray
        int64[E]: the background frames.
    groups : ndarray
        int64[E]: the block of each, rising from 0.
    counts : ndarray
        float64[G]: frames of each block; none: nothing is subtracted.
    left, share : ndarray
        int64[frames] and float64[frames].
    in_blocks : bool
        Whether the frames were asked for in blocks, and not as one mean: NumPy rounds the two sums differently.
    """

    empty: np.ndarray
    groups: np.ndarray
    counts: np.ndarray
    left: np.ndarray
    share: np.ndarray
    in_blocks: bool = False

    def means(self, values: np.ndarray) -> np.ndarray:
        """The means of the blocks, complex128[G, rows], of the background frames' values complex128[E, rows]."""
        if not self.counts.size:
            return np.zeros((1, values.shape[1]), np.complex128)
        if not self.in_blocks:
            return np.asarray(values.mean(axis=0, keepdims=True))
        starts = np.searchsorted(self.groups, np.arange(len(self.counts)))
        return np.asarray(np.add.reduceat(values, starts) / self.counts[:, None])

    def at(self, values: np.ndarray) -> np.ndarray:
        """The background of the frames, complex128[frames or 1, rows]; ``values`` as for `means`."""
        means = self.means(values)
        if len(means) == 1:
            return means
        share = self.share[:, None]
        return (1.0 - share) * means[self.left] + share * means[np.minimum(self.left + 1, len(means) - 1)]


def drift_of(file: MdfData, frames: np.ndarray, background: str) -> Drift:
    """What is to be subtracted from frames of a file.

    Nothing if the file has no background frames, or says that it was done. "interpolate": consecutive background
    frames are averaged, and their means interpolated linearly in time, constant before the middle of the first block
    and after that of the last. A drift that is linear in time is removed exactly between them.
    """
    empty, nowhere = np.flatnonzero(file.is_background), np.zeros(len(frames), np.int64)
    if background == "keep" or not empty.size or file["/measurement/isBackgroundCorrected"]:
        return Drift(empty[:0], empty[:0], np.empty(0), nowhere, np.zeros(len(frames)))
    if background != "interpolate":
        return Drift(empty, np.zeros_like(empty), np.array([float(len(empty))]), nowhere, np.zeros(len(frames)))
    time = times_of(file)
    empty = empty[np.argsort(time[empty], kind="stable")]
    moments = time[empty]
    starts = np.flatnonzero(np.diff(moments, prepend=-np.inf) > 1)
    counts = np.diff(np.append(starts, len(moments)))
    middles = np.add.reduceat(moments, starts) / counts
    place = np.interp(time[frames], middles, np.arange(len(middles)))
    left = np.minimum(place.astype(np.int64), max(len(middles) - 2, 0))
    return Drift(empty, np.repeat(np.arange(len(counts)), counts), counts.astype(np.float64), left, place - left, True)


def background_of(
    file: MdfData, frames: np.ndarray, background: str, read: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """The background of frames, complex128[n or 1, rows]; ``read`` gives the rows of frames, complex128[n, rows]."""
    drift = drift_of(file, frames, background)
    return drift.at(read(drift.empty))


def times_of(file: MdfData) -> np.ndarray:
    """When each frame was taken, in frames: its number before the frames were sorted."""
    count = file.shape[0]
    order = file.get("/measurement/framePermutation") if file["/measurement/isFramePermutation"] else None
    if order is None:
        return np.arange(count, dtype=np.float64)
    if np.shape(order) != (count,):
        raise ValueError(f"{file.path}: /measurement/framePermutation has {np.size(order)} entries for {count} frames")
    return np.asarray(order, np.float64)
