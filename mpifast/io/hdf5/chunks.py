"""Compressed datasets of HDF5 files, inflated by zlib with a bound: the HDF5 library inflates whatever a chunk holds."""

from __future__ import annotations

import zlib
from math import prod
from typing import Any

import numpy as np

DEFLATE, SHUFFLE, FLETCHER32 = 1, 2, 3  # the filters every HDF5 library has


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


def _undo(code: int, raw: bytes, size: int, itemsize: int) -> bytes:
    """One filter, backwards; never more than ``size`` bytes and the four of a checksum."""
    if code == DEFLATE:
        return zlib.decompressobj().decompress(raw, size + 5)
    if code == FLETCHER32:
        return raw[:-4]
    whole = len(raw) // itemsize * itemsize
    return np.frombuffer(raw[:whole], np.uint8).reshape(itemsize, -1).T.tobytes() + raw[whole:]
