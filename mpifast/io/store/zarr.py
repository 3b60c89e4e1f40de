"""A store as a folder of zarr (format 3): zarr writes what describes it, blocks are files of their own that appear
whole or not at all.
"""

from __future__ import annotations

import json
import math
import os
import stat
from pathlib import Path
from typing import Any

import numpy as np

from mpifast.io.store.blocks import Blocks, Place
from mpifast.io.store.layout import Layout

LARGEST_DESCRIPTION = 2**20  # bytes
DESCRIPTION = "zarr.json"


def create(folder: Path, layout: Layout) -> None:
    """Groups and arrays, with coordinates and without blocks."""
    try:
        import zarr
        from zarr.codecs import BytesCodec, Crc32cCodec, GzipCodec
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError('zarr stores need zarr: python -m pip install "mpifast[store]"') from missing
    group = zarr.create_group(str(folder), attributes=layout.attributes)
    for name, array in layout.arrays.items():
        compressed = layout.compression > 0 and name in ("spectra", "phantoms")
        deflate = [GzipCodec(level=layout.compression)] if compressed else []
        stored = group.create_array(
            name, shape=array.shape, dtype=array.dtype, chunks=_chunks(name, layout), fill_value=0,
            attributes=array.attributes, filters=None, serializer=BytesCodec(), compressors=[*deflate, Crc32cCodec()],
            dimension_names=array.dimensions, chunk_key_encoding={"name": "default", "separator": "."},
        )  # fmt: skip
        if array.values is not None:
            stored[...] = array.values


def read_attributes(folder: Path) -> dict[str, Any]:
    """Attributes of the group.

    Raises
    ------
    OSError, ValueError
        If there is no such folder, or it is no group of zarr format 3.
    """
    found = _describe(folder, Path())
    attributes = found.get("attributes")
    if found.get("node_type") != "group" or not isinstance(attributes, dict):
        raise ValueError(f"{folder} is not a group of zarr")
    return attributes


def read_blocks(folder: Path, layout: Layout) -> dict[str, Blocks]:
    """The arrays of spectra, phantoms and checksums, after a look at what zarr would take them for.

    Raises
    ------
    OSError, ValueError
        If the store declares something else: other shapes, codecs, or files outside the folder.
    """
    for name in ("spectra", "phantoms", "checksums"):
        coded = layout.compression > 0 and name != "checksums"
        _check(folder, name, layout.arrays[name].dtype, layout.arrays[name].shape, _chunks(name, layout), coded)
    return blocks_of(folder, layout, "gzip" if layout.compression else "")


def read_array(folder: Path, name: str, dtype: np.dtype, shapes: list[tuple[int, ...]]) -> np.ndarray | None:
    """A small array of the group in one chunk, None if there is none; it must have the type and one of the shapes."""
    if not (folder / name / DESCRIPTION).exists():
        return None
    stated = tuple(_list(_describe(folder, Path(name)).get("shape")))
    shape = stated if stated in shapes else shapes[0]
    _check(folder, name, dtype.str, shape, shape, coded=False)
    place = Place(_inside(folder, Path(name, ".".join(["c", *"0" * len(shape)]))))
    if not place.path.exists():
        return np.zeros(shape, dtype)  # zarr leaves out a chunk of zeros
    rows = shape[0]
    blocks = Blocks(dtype, (rows, math.prod(shape[1:])), rows, lambda _: place, padded=True, trailer=True)
    return blocks.read(0).reshape(shape)


def _check(folder: Path, name: str, dtype: str, shape: tuple[int, ...], chunks: tuple[int, ...], coded: bool) -> None:
    """An error unless the array is declared as `create` declares it."""
    found = _describe(folder, Path(name))
    codecs = [codec.get("name") if isinstance(codec, dict) else codec for codec in _list(found.get("codecs"))]
    wanted = {
        "node_type": "array",
        "shape": list(shape),
        "data_type": np.dtype(dtype).name,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(chunks)}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "."}},
        "codecs": ["bytes", *(["gzip"] if coded else []), "crc32c"],
    }
    for key, value in wanted.items():
        declared = codecs if key == "codecs" else found.get(key)
        if declared != value:
            raise ValueError(
                f"{folder}: {name} has {key} {declared!r:.80}, expected {value!r}: it is damaged or was written by "
                "something else"
            )
    if _list(found.get("storage_transformers")) or (
        dtype != "|u1" and found["codecs"][0] != {"name": "bytes", "configuration": {"endian": "little"}}
    ):
        raise ValueError(f"{folder}: {name} is stored in a way that is not known here")


def blocks_of(folder: Path, layout: Layout, coding: str) -> dict[str, Blocks]:
    """Blocks as files of zarr's names in a folder."""
    found = {}
    for name in ("spectra", "phantoms", "checksums"):
        array, rows = layout.arrays[name], _chunks(name, layout)[0]
        shape = (array.shape[0], array.shape[1])
        inside = coding if name != "checksums" else ""
        found[name] = Blocks(
            np.dtype(array.dtype), shape, rows, _Files(folder, name), inside, padded=True, trailer=True
        )
    return found


class _Files:
    """Places of blocks: one file each, and none outside the folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name

    def __call__(self, block: int) -> Place:
        return Place(_inside(self.folder, Path(self.name, f"c.{block}.0")))


def _inside(folder: Path, name: Path) -> Path:
    """The path of a file in a folder, unless a link leads elsewhere."""
    real = os.path.realpath(folder)
    if os.path.realpath(folder / name) != os.path.join(real, name):
        raise ValueError(f"{folder / name} is a link, and links are not followed")
    return folder / name


def _describe(folder: Path, array: Path) -> dict[str, Any]:
    """A checked ``zarr.json``."""
    path = _inside(folder, array / DESCRIPTION)
    info = os.stat(path)
    if not stat.S_ISREG(info.st_mode) or info.st_size > LARGEST_DESCRIPTION:
        raise ValueError(f"{path} is not a description of at most {LARGEST_DESCRIPTION:,} bytes")
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    if not isinstance(found, dict) or found.get("zarr_format") != 3:
        raise ValueError(f"{path} does not describe zarr of format 3")
    return found


def _chunks(name: str, layout: Layout) -> tuple[int, ...]:
    shape = layout.arrays[name].shape
    return (layout.chunks, *shape[1:]) if name in ("spectra", "phantoms") else shape


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
