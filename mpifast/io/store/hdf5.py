"""A store as one HDF5 file.

Without compression the file is laid out at once, contiguously and at its full length, and blocks are written at their
offsets: nothing that HDF5 itself keeps is touched again, so a killed process leaves a file that opens. Compressed
blocks are kept as files until the last is there, and then put together, since an HDF5 file that grows does not survive
a kill.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

try:
    import h5py
    from h5py import h5a, h5d, h5p, h5t
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError('stores need h5py: python -m pip install "mpifast[store]"') from missing

from mpifast.io.hdf5.chunks import DEFLATE, SHUFFLE
from mpifast.io.hdf5.reader import File, UnreadableError
from mpifast.io.store.blocks import Blocks, Place
from mpifast.io.store.coordinates import Declared
from mpifast.io.store.layout import LONGEST_SETTINGS, Layout

# netCDF-4's way to name a dimension that has no coordinate
NAMELESS = "This is a netCDF dimension but not a netCDF variable. %10d"
LONGEST_TEXT = LONGEST_SETTINGS  # bytes of an attribute
NUMBERS = ((h5t.STD_I64LE, "<i8"), (h5t.IEEE_F64LE, "<f8"))
CODING = "shuffle+deflate"


def create(path: Path, layout: Layout) -> None:
    """A new file of the full length, its blocks not yet written; compressed ones not even allocated."""
    with h5py.File(path, "w", locking=False) as file:
        for name, value in layout.attributes.items():  # text of a fixed length, as netCDF has it: no global heap
            file.attrs[name] = np.bytes_(value) if isinstance(value, str) else value
        sizes = {
            name: size
            for array in layout.arrays.values()
            for name, size in zip(array.dimensions, array.shape, strict=True)
        }
        for name, array in layout.arrays.items():
            stored = file.create_dataset(name, array.shape, array.dtype, dcpl=_storage(name, array, layout))
            stored.attrs.update(array.attributes)
            if array.values is not None:
                stored[...] = array.values
        for name, size in sizes.items():
            if name in file:
                file[name].make_scale(name)
            else:
                file.create_dataset(name, (size,), "u1").make_scale(NAMELESS % size)
        for name, array in layout.arrays.items():
            for axis, dimension in enumerate(array.dimensions):
                file[name].dims[axis].label = dimension
                if dimension != name:
                    file[name].dims[axis].attach_scale(file[dimension])


def fill(path: Path, blocks: dict[str, Blocks], sums: np.ndarray) -> None:
    """Copy blocks compressed before, and the checksums, into a file from `create`."""
    with h5py.File(path, "r+", locking=False) as file:
        file["checksums"][...] = sums
        for name, array in blocks.items():
            for block in range(array.count):
                file[name].id.write_direct_chunk((block * array.rows, 0), array.read_raw(block))


def read_attributes(path: Path) -> dict[str, Any]:
    """Attributes of the root that a store has: text and numbers, in the very types that `create` gives them.

    Raises
    ------
    OSError, ValueError
        If there is no such file, or it is not HDF5 or damaged.
    """
    with File(path) as file, file._reading("/"):
        root = file._file.id
        names = [name for name in Layout.NAMES if h5a.exists(root, name.encode())]
        return {name: _value(name, h5a.open(root, name.encode())) for name in names}


def read_blocks(path: Path, layout: Layout) -> dict[str, Blocks]:
    """The arrays of spectra, phantoms and checksums, found where the layout says they are.

    Raises
    ------
    OSError, ValueError
        If the file declares something else, or its data are not in it.
    """
    with File(path) as file:
        return {name: _blocks(file, name, layout) for name in ("spectra", "phantoms", "checksums")}


def _blocks(file: File, name: str, layout: Layout) -> Blocks:
    wanted, rows = layout.arrays[name], layout.blocks if name == "checksums" else layout.chunks
    dtype, path = np.dtype(wanted.dtype), file.path
    found = file.layout(name)
    if (found.kind, found.shape) != (dtype.name, wanted.shape) or not found.little:
        raise UnreadableError(
            f"it is {found.kind}{list(found.shape or ())}, expected {dtype.name}{list(wanted.shape)}", f"{path}: {name}"
        )
    size = dtype.itemsize * wanted.shape[1]
    with file._reading(name):
        dataset = file._dataset(name)
        if found.storage == "contiguous":
            start = dataset.get_offset()
            if start is None or start + wanted.shape[0] * size > file.bytes:
                raise UnreadableError("it declares data that the file does not hold")
            return Blocks(dtype, wanted.shape, rows, _Contiguous(path, start, rows * size, wanted.shape[0] * size))  # type: ignore[arg-type]
        stored = dataset.get_create_plist()
        filters = [stored.get_filter(i)[0] for i in range(stored.get_nfilters())]
        if found.storage != "chunked" or stored.get_chunk() != (rows, wanted.shape[1]) or filters != [SHUFFLE, DEFLATE]:
            raise UnreadableError(
                f"it is {found.storage} with filters {filters}, expected chunks of {rows:,} rows, shuffled and deflated"
            )
        if dataset.get_num_chunks() != layout.blocks:
            raise UnreadableError(f"it has {dataset.get_num_chunks():,} of {layout.blocks:,} chunks")
        places = np.full((layout.blocks, 2), -1, np.int64)

        def note(info: Any) -> None:
            if info.filter_mask == 0 and info.byte_offset is not None:
                places[info.chunk_offset[0] // rows] = info.byte_offset, info.size

        dataset.chunk_iter(note)
        if places.min() < 0 or (places[:, 0] > file.bytes).any():
            raise UnreadableError("some of its chunks are missing")
    return Blocks(dtype, wanted.shape, rows, _Listed(path, places), CODING, padded=True)  # type: ignore[arg-type]


class _Contiguous:
    """Places of blocks that follow one another."""

    def __init__(self, path: Path, start: int, step: int, size: int) -> None:
        self.path, self.start, self.step, self.size = path, start, step, size

    def __call__(self, block: int) -> Place:
        return Place(self.path, self.start + block * self.step, min(self.step, self.size - block * self.step))


class _Listed:
    """Places of blocks from the file's own list, int64[blocks, (offset, size)]."""

    def __init__(self, path: Path, places: np.ndarray) -> None:
        self.path, self.places = path, places

    def __call__(self, block: int) -> Place:
        return Place(self.path, *map(int, self.places[block]))


def _storage(name: str, array: Declared, layout: Layout) -> Any:
    """Allocated with the file and not filled, or in compressed chunks."""
    plist = h5p.create(h5p.DATASET_CREATE)
    if layout.compression and name in ("spectra", "phantoms"):
        plist.set_chunk((layout.chunks, array.shape[1]))
        plist.set_shuffle()
        plist.set_deflate(layout.compression)
    else:
        plist.set_alloc_time(h5d.ALLOC_TIME_EARLY)
        plist.set_fill_time(h5d.FILL_TIME_NEVER)
    return plist


def _value(name: str, attribute: Any) -> str | int | float:
    """An attribute's value. Nothing is converted: of a type made up by a stranger the library's conversion may not
    return.
    """
    stored = attribute.get_type()
    text = stored.get_class() == h5t.STRING and not stored.is_variable_str() and stored.get_size() <= LONGEST_TEXT
    dtype = f"S{stored.get_size()}" if text else next((code for kind, code in NUMBERS if stored.equal(kind)), None)
    if dtype is None or attribute.shape != ():
        raise UnreadableError(f"its attribute {name!r} is neither a number of 64 bits nor a text of a fixed length")
    value = np.empty((), dtype)
    attribute.read(value, mtype=stored)
    return value.item().decode("utf-8", "replace") if text else value.item()


def read_array(path: Path, name: str, dtype: np.dtype, shapes: list[tuple[int, ...]]) -> np.ndarray | None:
    """A small array of the root, None if there is none; it must have the type and one of the shapes."""
    with File(path) as file:
        if not file.is_dataset(name):
            return None
        found = file.layout(name)
        if found.kind != dtype.name or found.shape not in shapes:
            raise UnreadableError(
                f"it is {found.kind}{list(found.shape or ())}, expected {dtype.name}{list(shapes[0])}",
                f"{path}: {name}",
            )
        return np.asarray(file.read(name)).reshape(found.shape)
