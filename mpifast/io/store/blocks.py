"""Arrays on disk as blocks of rows: each a range of bytes in a file, read whole, checked, and given no more memory than
it may need.
"""

from __future__ import annotations

import os
import stat
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mpifast._files import replacing

try:
    import google_crc32c
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError('stores need google-crc32c: python -m pip install "mpifast[store]"') from missing

TRAILER = 4  # bytes of the CRC-32C (RFC 3720) after a block, little endian: zarr's codec "crc32c"
WINDOW_BITS = {"gzip": 31, "shuffle+deflate": 15}


class DamagedError(ValueError):
    """Bytes of a block that are not what was written."""


@dataclass(frozen=True)
class Place:
    """Where the bytes of a block are; ``size`` None: the whole file."""

    path: Path
    offset: int = 0
    size: int | None = None


@dataclass(frozen=True)
class Blocks:
    """An array [n, columns] in blocks of ``rows`` rows.

    Attributes
    ----------
    dtype : numpy.dtype
        Little endian.
    shape : tuple of int
        Rows and columns.
    rows : int
        Rows in a block.
    place : callable
        Where block i is.
    coding : {"", "gzip", "shuffle+deflate"}
        Compression of a block: none, zarr's or HDF5's.
    padded : bool
        Whether the last block is as large as the others.
    trailer : bool
        Whether a CRC-32C follows the bytes of a block.
    """

    dtype: np.dtype
    shape: tuple[int, int]
    rows: int
    place: Callable[[int], Place]
    coding: str = ""
    padded: bool = False
    trailer: bool = False

    @property
    def count(self) -> int:
        """Number of blocks."""
        return -(-self.shape[0] // self.rows)

    @property
    def row_bytes(self) -> int:
        """Bytes in a row."""
        return self.dtype.itemsize * self.shape[1]

    def read(self, block: int) -> np.ndarray:
        """The rows of a block.

        Raises
        ------
        OSError
            If its file cannot be opened.
        DamagedError
            If it is too short or long, fails its own checksum or cannot be decompressed.
        """
        expected = self._expected(block)
        raw = self.read_raw(block)
        if self.coding:
            raw = _decompress(raw, self.coding, expected, self.dtype.itemsize, self.place(block).path)
        return np.frombuffer(raw, self.dtype).reshape(-1, self.shape[1])[: self._height(block)]

    def read_raw(self, block: int) -> bytes:
        """The bytes of a block as they are stored, without the trailer, which is checked; errors as from `read`."""
        expected, place, trailer = self._expected(block), self.place(block), TRAILER if self.trailer else 0
        # What deflate cannot compress grows by less than a hundredth.
        limit = expected + trailer if not self.coding else expected + expected // 100 + 1024
        with _open(place) as file:
            size = os.fstat(file.fileno()).st_size if place.size is None else place.size
            if not trailer <= size <= limit or (not self.coding and size != limit):
                raise DamagedError(f"{place.path} has {size:,} bytes for a block of {limit:,}")
            raw = _read(file, place, size)
        if not trailer:
            return raw
        raw, found = raw[:-trailer], raw[-trailer:]
        if found != checksum(raw).to_bytes(trailer, "little"):
            raise DamagedError(f"{place.path}: the checksum of the block does not agree with its bytes")
        return raw

    def read_rows(self, block: int, first: int, last: int) -> np.ndarray:
        """Rows ``first`` to ``last`` of a block that has been checked before; only their bytes are read where that can
        be.
        """
        if self.coding:
            return self.read(block)[first:last]
        place = self.place(block)
        with _open(place) as file:
            part = Place(place.path, place.offset + first * self.row_bytes)
            return np.frombuffer(_read(file, part, (last - first) * self.row_bytes), self.dtype).reshape(
                -1, self.shape[1]
            )

    def encode(self, array: np.ndarray, level: int) -> bytes:
        """The bytes of a block, without trailer; padded with zeros."""
        array = np.ascontiguousarray(array, self.dtype)
        if self.padded and len(array) < self.rows:
            array = np.concatenate([array, np.zeros((self.rows - len(array), self.shape[1]), self.dtype)])
        if not self.coding:
            return array.tobytes()
        raw = (
            array.view(np.uint8).reshape(-1, self.dtype.itemsize).T.tobytes()
            if self.coding == "shuffle+deflate"
            else array.tobytes()
        )
        return zlib.compress(raw, level, wbits=WINDOW_BITS[self.coding])

    def write(self, block: int, array: np.ndarray, level: int) -> None:
        """Write a block as a file of its own, with its trailer; it appears whole or not at all."""
        raw = self.encode(array, level)
        with replacing(self.place(block).path, sync=False) as file:
            file.write(raw)
            file.write(checksum(raw).to_bytes(TRAILER, "little"))

    def _expected(self, block: int) -> int:
        return (self.rows if self.padded else self._height(block)) * self.row_bytes

    def _height(self, block: int) -> int:
        return min(self.rows, self.shape[0] - block * self.rows)


def checksum(data: Any) -> int:
    """CRC-32C of bytes or of a contiguous array."""
    return int(google_crc32c.value(data))


def _open(place: Place) -> Any:
    if not stat.S_ISREG(os.stat(place.path).st_mode):  # a pipe would never end
        raise DamagedError(f"{place.path} is not a file")
    return open(place.path, "rb", buffering=0)


def _read(file: Any, place: Place, size: int) -> bytes:
    if place.offset + size > os.fstat(file.fileno()).st_size:  # before memory is given to it
        raise DamagedError(f"{place.path} ends before the {size:,} bytes at {place.offset:,}")
    file.seek(place.offset)
    parts, missing = [], size
    while missing and (part := file.read(missing)):  # a read gives at most 2 GiB
        parts.append(part)
        missing -= len(part)
    if missing:
        raise DamagedError(f"{place.path} has become shorter")
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _decompress(raw: bytes, coding: str, expected: int, itemsize: int, path: Path) -> bytes:
    machine = zlib.decompressobj(wbits=WINDOW_BITS[coding])
    try:
        data = machine.decompress(raw, expected + 1)
    except zlib.error as error:
        raise DamagedError(f"{path}: a block cannot be decompressed ({error})") from error
    if len(data) != expected or not machine.eof or machine.unused_data:
        raise DamagedError(f"{path}: a block has not the {expected:,} bytes it should")
    return np.frombuffer(data, np.uint8).reshape(itemsize, -1).T.tobytes() if coding == "shuffle+deflate" else data
