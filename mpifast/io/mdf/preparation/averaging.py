"""The rows of measured frames: chosen periods and frames, averaged, with the background of the same or another file."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.io.mdf.data import MdfData
from mpifast.io.mdf.preparation.background import BACKGROUND, background_of, times_of
from mpifast.io.mdf.preparation.leakage import corrected_components


class PreparationWarning(UserWarning):
    """Measured data are not used as the options say: an average has fewer frames than the others."""


@dataclass(frozen=True, eq=False)
class Periods:
    """Which periods of a frame are used.

    Attributes
    ----------
    numbers : ndarray
        int64[n], counted from 0.
    average : int
        How many of them, one after the other, are averaged to one.
    """

    numbers: np.ndarray
    average: int

    @classmethod
    def of(cls, file: MdfData, periods: Any, average: Any) -> Periods:
        """All periods by default; ``average`` 0: all of them to one."""
        count = file.shape[1]
        if periods is None:
            numbers = np.arange(count)
        elif isinstance(periods, slice):
            numbers = np.arange(count)[periods]
        else:
            chosen = [check.integer("periods", p, high=count - 1) for p in check.sequence("periods", periods)]
            numbers = np.array(chosen, np.int64)
        if not numbers.size or np.unique(numbers).size != numbers.size:
            raise ValueError(f"periods={periods!r}: give one or more of the {count} periods of {file.path.name}, once")
        average = check.integer("average_periods", average) or len(numbers)
        if len(numbers) % average:
            raise ValueError(
                f"average_periods={average} does not divide the {len(numbers)} periods of {file.path.name}: choose some"
                " with periods="
            )
        return cls(numbers, average)

    @property
    def count(self) -> int:
        """Periods after averaging."""
        return len(self.numbers) // self.average

    def reader(self, file: MdfData, mask: np.ndarray, leakage: bool) -> Callable[[np.ndarray], np.ndarray]:
        """What gives the rows of frames, complex128[n, rows]; ``mask`` bool[count, channels, K]."""
        every = np.zeros((file.shape[1], *mask.shape[1:]), bool)
        every[self.numbers] = np.repeat(mask, self.average, axis=0)
        ends = np.cumsum(every.sum(axis=(1, 2)))

        def read(frames: np.ndarray) -> np.ndarray:
            found = corrected_components(file, frames, every) if leakage else file.data.components(frames, every)
            if self.average == 1 and (np.diff(self.numbers) > 0).all():
                return found
            parts = np.split(found, ends[:-1], axis=1)
            groups = self.numbers.reshape(-1, self.average)
            return np.concatenate([np.mean([parts[p] for p in group], axis=0) for group in groups], axis=1)

        return read


def averaged(values: np.ndarray, average: int, name: str) -> np.ndarray:
    """Rows of frames [n, rows], averaged so many at a time; 0 for all."""
    starts = np.arange(0, len(values), average or len(values))
    if average == 1:
        return values
    counts = np.diff(np.append(starts, len(values)))
    if counts[-1] != counts[0]:
        warnings.warn(
            f"average={average}: the last of {len(counts)} averages has {counts[-1]} of the {len(values)} frames of"
            f" {name}; leave them out with frames=, or choose average= to divide {len(values)}",
            PreparationWarning,
            stacklevel=4,
        )
    return np.asarray(np.add.reduceat(values, starts) / counts[:, None])


def measured_background(
    file: MdfData,
    frames: np.ndarray,
    background: Any,
    read: Callable[[np.ndarray], np.ndarray],
    empty_rows: Callable[[MdfData], np.ndarray],
) -> np.ndarray:
    """What is subtracted from frames of a measurement, complex128[n or 1, rows].

    ``background`` is one of `BACKGROUND`; the file of an empty scanner, for the mean of its frames; or two of them,
    before and after, between which it is interpolated: the one before belongs to the moment at which the first frame
    begins, the one after to that at which the last one ends. ``empty_rows`` gives the rows of a file's empty frames.
    """
    if isinstance(background, str):
        check.choice("background", background, BACKGROUND)
        return background_of(file, frames, background, read)
    files = [background] if isinstance(background, MdfData) else background
    given = isinstance(files, Sequence) and len(files) in (1, 2) and all(isinstance(f, MdfData) for f in files)
    if not given:
        raise ValueError(
            f"background={check.brief(background)} is unknown: choose one of {', '.join(map(repr, BACKGROUND))}, an"
            " open MDF file of the empty scanner, or a pair of them, before and after"
        )
    if file["/measurement/isBackgroundCorrected"]:
        raise ValueError(f"{file.path} says that its background was subtracted: use background='keep'")
    means = [empty_rows(other).mean(axis=0) for other in files]
    time = times_of(file)
    share = (time[frames] - time.min() + 0.5)[:, None] / (time.max() - time.min() + 1.0)
    return means[0][None] if len(means) == 1 else (1.0 - share) * means[0] + share * means[1]


def empty_frames_of(file: MdfData, frames: Any = None) -> np.ndarray:
    """The frames of a file that are marked as background, or all of one that marks none, int64[n]."""
    if frames is not None:
        return file.frame_numbers(frames)
    marked = np.flatnonzero(file.is_background)
    return marked if marked.size else np.arange(file.shape[0])
