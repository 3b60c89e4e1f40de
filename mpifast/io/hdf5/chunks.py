"""Compressed datasets of HDF5 files, inflated by zlib with a bound, which the HDF5 library lacks."""

from __future__ import annotations

import zlib
from math import prod
from typing import Any

import numpy as np

DEFLATE, SHUFFLE, FLETCHER32 = 1, 2, 3  # the filters every HDF5 library has
WORDS = 2**16  # words summed at a time: no sum overflows 64 bits


def inflate(dataset: Any, dtype: np.dtype, shape: tuple[int, ...], file_bytes: int) -> np.ndarray:
    """All chunks of a dataset, put together."""
    stored = dataset.get_create_plist()
    chunk, filters = stored.get_chunk(), [stored.get_filter(i)[0] for i in range(stored.get_nfilters())]
    if set(filters) - {DEFLATE, SHUFFLE, FLETCHER32}:
        raise ValueError(f"it is compressed by the filters {filters}; deflate, shuffle and fletcher32 are known")
    size = prod(chunk) * dtype.itemsize
    expected = prod(-(-length // step) for length, step in zip(shape, chunk, strict=True))
    if dataset.get_num_chunks() != expected or dataset.get_storage_size() > file_bytes:
        raise ValueError(
            f"it has {dataset.get_num_chunks():,} of {expected:,} chunks: the data it declares are not there"
        )
    chunks: list[Any] = []
    dataset.chunk_iter(chunks.append)
    result = np.zeros(shape, dtype)
    for info in chunks:
        if info.size > file_bytes:
            raise ValueError("a chunk is larger than the file")
        mask, raw = dataset.read_direct_chunk(info.chunk_offset)
        for position in reversed(range(len(filters))):
            if not mask >> position & 1:
                raw = _undo(filters[position], raw, size, dtype.itemsize)
        if len(raw) != size:
            raise ValueError(f"a chunk has {len(raw):,} bytes, expected {size:,}")
        target = tuple(slice(start, start + step) for start, step in zip(info.chunk_offset, chunk, strict=True))
        part = result[target]
        part[...] = np.frombuffer(raw, dtype).reshape(chunk)[tuple(slice(length) for length in part.shape)]
    return result


def fletcher32(data: bytes) -> int:
    """Fletcher's checksum as the HDF5 library computes it.

    Sums modulo 65,535 of the words w_0 ... w_{n-1} of 16 bits, high byte first, an odd byte at the end filled up with
    zeros: s = sum_i w_i in the lower half of the result, and the sum of the partial sums, sum_i (n - i) w_i, in the
    upper half. A sum that is a multiple of 65,535 but not zero is written as 65,535 (H5_checksum_fletcher32).

    Parameters
    ----------
    data : bytes
        Of any length.

    Returns
    -------
    int
        32 bits.

    Examples
    --------
    >>> hex(fletcher32(b"abcde"))
    '0x4ff029c7'
    """
    words = np.frombuffer(data + bytes(len(data) % 2), ">u2")
    total = sums = 0
    for start in range(0, len(words), WORDS):
        part = words[start : start + WORDS].astype(np.uint64)
        sums += total * len(part) + int(part @ np.arange(len(part), 0, -1, dtype=np.uint64))
        total += int(part.sum())
    low, high = ((value - 1) % 65_535 + 1 if value else 0 for value in (total, sums))
    return high << 16 | low


def _undo(code: int, raw: bytes, size: int, itemsize: int) -> bytes:
    """One filter, backwards; never more than ``size`` bytes and the four of a checksum."""
    if code == DEFLATE:
        machine = zlib.decompressobj()
        data = machine.decompress(raw, size + 5)
        if len(data) < size + 5 and not machine.eof:  # zlib compares its own checksum at the end of the stream
            raise ValueError("a chunk is incomplete: its compressed data have no end")
        return data
    if code == FLETCHER32:
        return _verified(raw)
    whole = len(raw) // itemsize * itemsize
    return np.frombuffer(raw[:whole], np.uint8).reshape(itemsize, -1).T.tobytes() + raw[whole:]


def _verified(raw: bytes) -> bytes:
    """The bytes before a checksum that agrees with them.

    HDF5 before 1.6.3 exchanged the two bytes of each half of the sum on little-endian machines; as in the library, such
    sums are accepted.
    """
    data, stored = raw[:-4], int.from_bytes(raw[-4:], "little")
    found = fletcher32(data)
    exchanged = (found & 0x00FF00FF) << 8 | (found & 0xFF00FF00) >> 8
    if len(raw) < 4 or stored not in (found, exchanged):
        raise ValueError("a chunk is damaged: it does not agree with its Fletcher-32 checksum")
    return data
