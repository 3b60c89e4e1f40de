"""Strings of variable length in HDF5 files, read without the HDF5 library: on a damaged heap it can loop for ever.

They are references of 16 bytes (length, address of a heap, index in it) to objects in global heaps. HDF5 File Format
Specification 3.0, sections III.E and IV.A.2.d (class 9).
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

SMALLEST = 4096  # bytes of a heap: the library makes none smaller


def read_strings(path: Path, creation: Any, offset: int, count: int) -> list[bytes]:
    """The bytes of ``count`` strings whose references lie together at ``offset`` of the file; ``creation`` is the
    file's property list.

    Raises
    ------
    ValueError
        If a reference leads nowhere.
    """
    if creation.get_sizes() != (8, 8):
        raise ValueError(f"it has addresses and lengths of {creation.get_sizes()} bytes, expected 8 and 8")
    base, heaps = creation.get_userblock(), dict[int, dict[int, bytes]]()
    with open(path, "rb") as file:
        file.seek(offset)
        references = list(struct.iter_unpack("<IQI", file.read(16 * count)))
        texts = []
        for length, address, index in references:
            if length and address not in heaps:
                heaps[address] = _heap(file, base + address)
            text = heaps[address].get(index, b"") if length else b""
            if len(text) < length:
                raise ValueError(f"a string of {length:,} bytes is not in the file")
            texts.append(text[:length].split(b"\0")[0])
    return texts


def _heap(file: Any, address: int) -> dict[int, bytes]:
    """The objects of a global heap by their indices."""
    end = file.seek(0, 2)
    if not 0 <= address <= end - 16:
        raise ValueError("a string is outside the file")
    file.seek(address)
    signature, version, size = struct.unpack("<4sB3xQ", file.read(16))
    if signature != b"GCOL" or version != 1 or not SMALLEST <= size <= end - address:
        raise ValueError("its strings are not in a heap of the file")
    content, objects, start = file.read(size - 16), dict[int, bytes](), 0
    while start + 16 <= len(content):
        index, length = struct.unpack_from("<H6xQ", content, start)
        if index == 0 or length > len(content) - start - 16:  # the free space at the end
            break
        objects[index] = content[start + 16 : start + 16 + length]
        start += 16 + (length + 7) // 8 * 8
    return objects
