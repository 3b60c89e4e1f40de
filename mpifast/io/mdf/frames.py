"""The frames of an MDF file: whatever way round and in whatever domain they are stored, read when asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from mpifast.io.mdf.format import DATA
from mpifast.io.mdf.metadata import Metadata

BLOCK = 2**22  # numbers converted at a time
ROWS = 2**19  # numbers of rows that are read together: in the last cache, and Python takes little beside the loops


class Frames:
    """The data of a measurement or calibration file.

    Attributes
    ----------
    shape : tuple of int
        Frames, periods, channels, and frequencies or samples.
    fourier : bool
        Whether the data are frequencies.
    points : int
        Samples of a period.
    bins : ndarray
        int64[K], the number of each frequency, counted from 0: those that are stored, or all that the samples give.
    """

    def __init__(self, metadata: Metadata, array: Any) -> None:
        self.path, self.array = metadata.path, array
        self.fourier, self.fast = (
            bool(metadata[f"/measurement/{name}"]) for name in ("isFourierTransformed", "isFastFrameAxis")
        )
        self.points = int(metadata.number("/acquisition/receiver/numSamplingPoints"))
        self._sparse = bool(metadata["/measurement/isSparsityTransformed"])
        self._set_axes()
        self._set_bins(metadata)
        self._set_factor(metadata)

    def _set_axes(self) -> None:
        """Where frames and values are, in an array that may lack the axis of periods and have one for real and
        imaginary part.
        """
        shape = list(self.array.shape)
        where = f"{self.path}: {DATA} is {self.array.dtype}{shape}"
        self._pair: int | None = None  # version 1 and drafts of version 2 store complex numbers as pairs
        if self.fourier and self.array.dtype.kind != "c":
            self._pair = -1 if shape[-1:] == [2] else 0 if shape[:1] == [2] else None
            if self._pair is None:
                raise ValueError(f"{where}, expected complex numbers: isFourierTransformed is set")
            del shape[self._pair]
        if not self.fourier and self.array.dtype.kind == "c":
            raise ValueError(f"{where}, expected real numbers: isFourierTransformed is not set")
        self._periodless = len(shape) == 3  # as in version 1
        if self._periodless:
            shape.insert(0 if self.fast else 1, 1)
        if len(shape) != 4 or 0 in shape:
            raise ValueError(f"{where}, expected four axes that are not empty: frames, periods, channels and values")
        self.shape = tuple(shape[3:] + shape[:3] if self.fast else shape)

    def _set_bins(self, metadata: Metadata) -> None:
        last = self.points // 2
        selected = (
            metadata.get("/measurement/frequencySelection") if metadata["/measurement/isFrequencySelection"] else None
        )
        self.selected = selected is not None
        expected = self.points if not self.fourier else last + 1 if selected is None else len(selected)
        if self.shape[3] != expected:  # before anything is made of a size that a file only claims
            raise ValueError(f"{self.path}: {DATA} has {self.shape[3]} values a period, expected {expected}")
        self.bins = np.arange(last + 1) if selected is None else selected - 1
        if np.any(self.bins < 0) or np.any(self.bins > last):
            raise ValueError(f"{self.path}: /measurement/frequencySelection is not within 1 to {last + 1}")

    def _set_factor(self, metadata: Metadata) -> None:
        """Numbers are a r + b, one pair a channel; None where that changes nothing."""
        factor = metadata.get("/acquisition/receiver/dataConversionFactor")
        if factor is not None and (factor.shape != (self.shape[2], 2) or not np.isfinite(factor).all()):
            text = f"{factor.tolist()}, expected (a, b) for each of {self.shape[2]} channels"
            raise ValueError(f"{self.path}: /acquisition/receiver/dataConversionFactor is {text}")
        self._factor = None if factor is None or (factor == (1.0, 0.0)).all() else factor

    @np.errstate(all="ignore")  # a damaged file may hold anything
    def read(self, indices: np.ndarray, fourier: bool) -> np.ndarray:
        """Frames in one of the domains, [n, periods, channels, values]."""
        if self._sparse:
            raise ValueError(
                f"{self.path} is compressed by a sparsity transformation, which is not read: write it without"
            )
        if self.selected and not fourier:
            raise ValueError(
                f"{self.path} holds selected frequencies: they have no signal in time; use domain='fourier'"
            )
        values = self._physical(self._stored(indices))
        if self.fourier == fourier:
            return values
        return np.fft.rfft(values, axis=-1) if fourier else np.fft.irfft(values, self.points, axis=-1)

    @np.errstate(all="ignore")
    def components(self, indices: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Chosen frequencies of frames, complex128[n, rows]; ``mask`` bool[periods, channels, K]. Little more is in
        memory than they.
        """
        result = np.empty((len(indices), int(mask.sum())), np.complex128)
        if self.fast and self._pair is None and not self._periodless and not self._sparse:
            row = 0
            for period, channel, first, last in _runs(mask):
                block = self.array[period, channel, first:last]
                part = self._physical(np.moveaxis(block[None, None], -1, 0), channel, slice(first, last))[:, 0, 0]
                result[:, row : row + last - first] = part[indices]
                row += last - first
            return result
        step = max(1, BLOCK // max(1, int(np.prod(self.shape[1:]))))
        for start in range(0, len(indices), step):
            result[start : start + step] = self.read(indices[start : start + step], fourier=True)[:, mask]
        return result

    @property
    def direct(self) -> bool:
        """Whether `by_rows` reads the bytes of the rows themselves: it then may run in several threads."""
        plain = self.fourier and self.fast and self._pair is None and not self._sparse
        return plain and self.array.offset is not None

    @np.errstate(all="ignore")
    def by_rows(self, mask: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """Chosen frequencies of all frames, some rows after the others, in the order of the file.

        Parameters
        ----------
        mask : ndarray
            bool[periods, channels, K].

        Yields
        ------
        int, ndarray
            The number of the first row, and complex[n, frames], in the precision of the file and valid until the next.
        """
        if self._sparse:
            raise ValueError(
                f"{self.path} is compressed by a sparsity transformation, which is not read: write it without"
            )
        if not self.fourier or self._pair is not None:
            yield from self._from_frames(mask)
        elif self.fast:
            yield from self._fast_rows(mask)
        else:
            yield from self._slow_rows(mask)

    def _fast_rows(self, mask: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """Rows that are stored one after the other: their bytes, where these are what the memory wants."""
        count, length = self.shape[0], len(self.bins)
        places = np.flatnonzero(mask)
        step = max(1, ROWS // count)
        buffer = np.empty((min(step, len(places)), count), self.array.dtype)
        with open(self.path, "rb", buffering=0) as file:
            for start in range(0, len(places), step):
                some = places[start : start + step]
                block = buffer[: len(some)]
                breaks = np.flatnonzero((np.diff(some) != 1) | (np.diff(some // length) != 0)) + 1
                for first, last in zip([0, *breaks], [*breaks, len(some)], strict=True):
                    part, place = block[first:last], int(some[first])
                    if self.array.offset is None:
                        row, k = divmod(place, length)
                        index = (row,) if self._periodless else divmod(row, self.shape[2])
                        part[...] = self.array[(*index, slice(k, k + last - first))]
                        continue
                    file.seek(self.array.offset + place * count * part.itemsize)
                    if file.readinto(part.reshape(-1).view(np.uint8).data) != part.nbytes:
                        raise ValueError(f"{self.path} ends within {DATA}: it was changed while it was read")
                yield start, self._scaled(block, some)

    def _slow_rows(self, mask: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """Rows whose numbers are stored far from each other: pieces of all frames, with the rows in between."""
        step, row = max(1, BLOCK // self.shape[0]), 0
        for period, channel in np.ndindex(mask.shape[:2]):
            wanted = np.flatnonzero(mask[period, channel])
            while wanted.size:
                low = int(wanted[0])
                some, wanted = wanted[wanted < low + step], wanted[wanted >= low + step]
                index = (slice(None), *(() if self._periodless else (period,)), channel, slice(low, int(some[-1]) + 1))
                block = np.ascontiguousarray(self.array[index][:, some - low].T)
                yield row, self._scaled(block, some + (period * mask.shape[1] + channel) * mask.shape[2])
                row += len(some)

    def _from_frames(self, mask: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """Rows that are made of whole frames, which are read again for each group of rows."""
        places, everything = np.flatnonzero(mask), np.arange(self.shape[0])
        step = max(1, BLOCK // len(everything))
        for start in range(0, len(places), step):
            some = np.zeros_like(mask)
            some.reshape(-1)[places[start : start + step]] = True
            yield start, np.ascontiguousarray(self.components(everything, some).T)

    def _scaled(self, block: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Physical numbers of rows [n, frames] at some places of [periods, channels, K]."""
        if self._factor is None:
            return block
        row, k = np.divmod(places, len(self.bins))
        scale, offset = self._factor[row % self.shape[2]].T[:, :, None]
        return block * scale + self.points * offset * (self.bins[k] == 0)[:, None]

    def _stored(self, indices: np.ndarray) -> np.ndarray:
        """Frames as they are in the file, axes [n, periods, channels, values]; what lies between the first and the last
        is read.
        """
        low, high = (int(indices.min()), int(indices.max()) + 1) if indices.size else (0, 0)
        axes = len(self.array.shape)
        axis = axes - 1 - (self._pair == -1) if self.fast else int(self._pair == 0)
        block = self.array[tuple(slice(low, high) if i == axis else slice(None) for i in range(axes))]
        if self._pair is not None:
            parts = np.moveaxis(block, self._pair, 0)
            block = np.empty(parts.shape[1:], np.complex64 if parts.dtype == np.float32 else np.complex128)
            block.real, block.imag = parts
        if self._periodless:
            block = np.expand_dims(block, 0 if self.fast else 1)
        if self.fast:
            block = np.moveaxis(block, -1, 0)
        return block if np.array_equal(indices, np.arange(low, high)) else block[indices - low]

    def _physical(self, values: np.ndarray, channels: Any = slice(None), chosen: Any = slice(None)) -> np.ndarray:
        """Physical numbers, a r + b for each channel; in the Fourier domain the offset is at frequency zero, V b."""
        if values.dtype.kind in "iub":
            values = values.astype(np.float64)
        if self._factor is None:
            return values
        scale, offset = np.atleast_2d(self._factor[channels]).T[:, :, None]
        if self.fourier:
            offset = self.points * offset * (self.bins[chosen] == 0)
        return values * scale + offset


def _runs(mask: np.ndarray) -> Iterator[tuple[int, int, int, int]]:
    """Period, channel, first frequency and the one after the last of each unbroken run of chosen frequencies."""
    for period, channel in np.ndindex(mask.shape[:2]):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], mask[period, channel], [False]])))
        for first, last in edges.reshape(-1, 2):
            yield period, channel, int(first), int(last)
