"""System matrices written into a file by blocks of rows or voxels: no second copy of the matrix is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import IO, Any, NamedTuple

import numpy as np

from mpifast.io.mdf.format import DATA
from mpifast.physics.linear_system import LinearSystem
from mpifast.physics.split_system import SplitSystem
from mpifast.physics.systems.scanner_system import ScannerSystem

BLOCK = 2**25  # bytes of a block; a few of them are in memory
SNR = "/calibration/snr"


class Reserved(NamedTuple):
    """A dataset whose place in the file is kept free, to be written later."""

    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class Columns:
    """The data of a calibration file, [1, channels, K, frames], and the signal-to-noise ratio that follows: the voxels,
    and after them the background frames.

    Attributes
    ----------
    system : LinearSystem
        Its columns are the frames.
    places : ndarray
        int64[rows]: the position of each row in [channels, K].
    points : int
        Factor of the numbers.
    order : ndarray
        int64[voxels]: the number in the system of each voxel of the file.
    error : float
        What the signal-to-noise ratio is relative to without background frames, as a part of the largest number of the
        matrix.
    background : ndarray
        complex[n, rows], the background frames; the signal-to-noise ratio is relative to their deviation.
    """

    system: LinearSystem
    places: np.ndarray
    points: int
    order: np.ndarray
    error: float
    background: np.ndarray

    @property
    def dtype(self) -> np.dtype:
        """That of the data: single precision where the system is stored in it."""
        system = self.system
        if isinstance(system, ScannerSystem):
            return np.dtype("<c16")
        stored = system.real if isinstance(system, SplitSystem) else system.matrix
        return np.result_type(stored, np.complex64).newbyteorder("<")

    @property
    def frames(self) -> int:
        """Voxels and background frames."""
        return self.system.voxels + len(self.background)

    def reserved(self, channels: int, count: int) -> dict[str, Reserved]:
        """The datasets to be reserved, of so many channels and frequencies."""
        shape = (1, channels, count)
        return {DATA: Reserved((*shape, self.frames), self.dtype.str), SNR: Reserved(shape, "<f8")}

    @np.errstate(over="ignore", invalid="ignore")  # what is not finite is refused by the validator
    def write(self, file: IO[bytes], offsets: Mapping[str, int], reserved: Mapping[str, Reserved]) -> None:
        """Fill the two datasets, whose bytes are at ``offsets`` and zero."""
        voxels, frames, dtype, sorted_ = self.system.voxels, self.frames, self.dtype, True
        squares, peaks = np.zeros((2, len(self.places)))
        empty = self.background.mean(axis=0) if len(self.background) else np.zeros(len(self.places))
        for rows, part, block in self._pieces():
            size = np.abs(block - empty[rows, None] if len(self.background) else block).astype(np.float64)
            peaks[rows] = np.maximum(peaks[rows], size.max(axis=1))
            squares[rows] += np.square(size, out=size).sum(axis=1)
            block = np.asarray(block * float(self.points), dtype)
            if block.shape[1] == voxels:
                block = block[:, self.order]
            else:
                sorted_ = False
            for place, row in zip(self.places[rows].tolist(), np.ascontiguousarray(block), strict=True):
                file.seek(offsets[DATA] + (place * frames + part.start) * dtype.itemsize)
                file.write(row.data)
        if not sorted_ and (np.diff(self.order) != 1).any():
            self._sort(file, offsets[DATA], prod(reserved[DATA].shape[:3]))
        noise = np.full(len(self.places), self.error * peaks.max() or 1.0)
        if len(self.background):
            for place, row in zip(self.places.tolist(), self.background.T, strict=True):
                file.seek(offsets[DATA] + (place * frames + voxels) * dtype.itemsize)
                file.write(np.ascontiguousarray(row * float(self.points), dtype).data)
            deviation = np.sqrt(np.square(np.abs(self.background - empty)).mean(axis=0))
            noise = np.maximum(noise, deviation)
        snr = np.zeros(prod(reserved[SNR].shape), "<f8")
        snr[self.places] = np.sqrt(squares / voxels) / noise
        file.seek(offsets[SNR])
        file.write(snr.data)

    def _pieces(self) -> Iterator[tuple[slice, slice, Any]]:
        """Rows, voxels and numbers of one block after another: of rows where they are at hand or made one by one, else
        of voxels, whole planes of the grid where a block holds one.
        """
        system, voxels, count = self.system, self.system.voxels, len(self.places)
        lazy = isinstance(system, ScannerSystem) and "matrix" not in vars(system)
        if not lazy or getattr(system.route, "by_rows", False):  # type: ignore[attr-defined]
            step = max(1, BLOCK // (self.dtype.itemsize * voxels))
            for rows in (slice(first, min(first + step, count)) for first in range(0, count, step)):
                yield rows, slice(0, voxels), self._rows(rows, lazy)
            return
        step = max(1, BLOCK // (self.dtype.itemsize * count))
        plane = voxels // self.system.grid.shape[0] if self.system.grid is not None else 1
        step = step - step % plane or step
        for part in (slice(first, min(first + step, voxels)) for first in range(0, voxels, step)):
            yield slice(0, count), part, system.columns(part)  # type: ignore[attr-defined]

    def _rows(self, rows: slice, lazy: bool) -> Any:
        if isinstance(self.system, SplitSystem):  # its complex matrix is not formed
            return self.system.select(rows=np.arange(rows.start, rows.stop)).matrix
        if not lazy:
            return self.system.matrix[rows]
        some = self.system
        if rows.stop - rows.start < len(self.places):
            some = some.select(rows=np.arange(rows.start, rows.stop))
        return some.columns()  # type: ignore[attr-defined]

    def _sort(self, file: IO[bytes], start: int, rows: int) -> None:
        """From the order of the system to that of the file, a few rows at a time."""
        length, dtype = self.frames * self.dtype.itemsize, self.dtype
        order = np.concatenate([self.order, np.arange(self.system.voxels, self.frames)])
        step = max(1, BLOCK // length)
        for first in range(0, rows, step):
            file.seek(start + first * length)
            found = np.frombuffer(file.read(min(step, rows - first) * length), dtype)
            file.seek(start + first * length)
            file.write(np.ascontiguousarray(found.reshape(-1, self.frames)[:, order]).data)
