"""System matrices written into a file by blocks of voxels: no second copy of the matrix is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import IO, Any, NamedTuple

import numpy as np

from mpifast.io.mdf.format import DATA
from mpifast.physics.linear_system import LinearSystem
from mpifast.physics.systems.scanner_system import ScannerSystem

BLOCK = 2**25  # bytes of a block; a few of them are in memory
SNR = "/calibration/snr"
ITEM = np.dtype("<c16").itemsize


class Reserved(NamedTuple):
    """A dataset whose place in the file is kept free, to be written later."""

    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class Columns:
    """The data of a calibration file, [1, channels, K, voxels], and the signal-to-noise ratio that follows.

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
        What the signal-to-noise ratio is relative to, as a part of the largest number of the matrix.
    """

    system: LinearSystem
    places: np.ndarray
    points: int
    order: np.ndarray
    error: float

    def reserved(self, channels: int, count: int) -> dict[str, Reserved]:
        """The datasets to be reserved, of so many channels and frequencies."""
        shape = (1, channels, count)
        return {DATA: Reserved((*shape, self.system.voxels), "<c16"), SNR: Reserved(shape, "<f8")}

    @np.errstate(over="ignore", invalid="ignore")  # what is not finite is refused by the validator
    def write(self, file: IO[bytes], offsets: Mapping[str, int], reserved: Mapping[str, Reserved]) -> None:
        """Fill the two datasets, whose bytes are at ``offsets`` and zero."""
        voxels = self.system.voxels
        parts = list(self._parts())
        squares, peaks = np.zeros((2, len(self.places)))
        for part in parts:
            block = self._block(part)
            size = np.abs(block)
            np.maximum(peaks, size.max(axis=1), out=peaks)
            squares += np.square(size, out=size).sum(axis=1)
            block = np.asarray(block * float(self.points), "<c16")
            if len(parts) == 1:
                block = block[:, self.order]
            for place, row in zip(self.places.tolist(), np.ascontiguousarray(block), strict=True):
                file.seek(offsets[DATA] + (place * voxels + part.start) * ITEM)
                file.write(row.data)
        if len(parts) > 1 and (np.diff(self.order) != 1).any():
            self._sort(file, offsets[DATA], prod(reserved[DATA].shape[:3]))
        snr = np.zeros(prod(reserved[SNR].shape), "<f8")
        snr[self.places] = np.sqrt(squares / voxels) / (self.error * peaks.max() or 1.0)
        file.seek(offsets[SNR])
        file.write(snr.data)

    def _parts(self) -> Iterator[slice]:
        """Blocks of neighbouring voxels: whole planes of the grid where a block holds one."""
        voxels, step = self.system.voxels, max(1, BLOCK // (ITEM * len(self.places)))
        plane = voxels // self.system.grid.shape[0] if self.system.grid is not None else 1
        step = step - step % plane or step
        return (slice(first, min(first + step, voxels)) for first in range(0, voxels, step))

    def _block(self, part: slice) -> Any:
        system = self.system
        lazy = isinstance(system, ScannerSystem) and "matrix" not in vars(system)
        return system.columns(part) if lazy else system.matrix[:, part]  # type: ignore[attr-defined]

    def _sort(self, file: IO[bytes], start: int, rows: int) -> None:
        """From the order of the system to that of the file, a few rows at a time."""
        length = self.system.voxels * ITEM
        step = max(1, BLOCK // length)
        for first in range(0, rows, step):
            file.seek(start + first * length)
            found = np.frombuffer(file.read(min(step, rows - first) * length), "<c16")
            file.seek(start + first * length)
            file.write(np.ascontiguousarray(found.reshape(-1, self.system.voxels)[:, self.order]).data)
