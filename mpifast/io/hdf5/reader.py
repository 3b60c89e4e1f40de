"""HDF5 files from strangers: nothing in them is believed unchecked, and no other file is opened.

Only hard links are followed: a soft or external link, a dataset stored in other files (external storage, virtual
datasets) and a filter that would load a plug-in are errors. Memory is given to what the file really holds, not to what
it declares: contiguous data must lie inside the file, compressed data must have all their chunks, and are inflated by
zlib with a bound. Types are numbers, complex pairs and strings.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

try:
    import h5py as h5py
    from h5py import h5d, h5g, h5l, h5o, h5s, h5t
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError('HDF5 files need h5py: python -m pip install "mpifast[mdf]"') from missing

from mpifast.io.hdf5.chunks import inflate
from mpifast.io.hdf5.strings import read_strings

STRINGS = 65_536  # most strings in a dataset: they are read one by one
NAMES = 10_000  # most names listed of a group
# What h5py and NumPy raise on arbitrary bytes.
UNREADABLE = (
    OSError,
    RuntimeError,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    OverflowError,
    NotImplementedError,
    zlib.error,
)

COMPLEX = {"float32": "complex64", "float64": "complex128"}
NUMBERS = [
    *((f"int{n}", getattr(h5t, f"STD_I{n}LE"), getattr(h5t, f"STD_I{n}BE")) for n in (8, 16, 32, 64)),
    *((f"uint{n}", getattr(h5t, f"STD_U{n}LE"), getattr(h5t, f"STD_U{n}BE")) for n in (8, 16, 32, 64)),
    *((f"float{n}", getattr(h5t, f"IEEE_F{n}LE"), getattr(h5t, f"IEEE_F{n}BE")) for n in (32, 64)),
]


class UnreadableError(ValueError):
    """Something in a file that is not read: ``reason``, and in the message the file and the dataset before it."""

    def __init__(self, reason: str, where: str = "") -> None:
        super().__init__(f"{where}: {reason}" if where else reason)
        self.reason = reason


@dataclass(frozen=True)
class Layout:
    """What a dataset declares: ``kind`` "int8", "float64", "complex128", "bool", "string", ... or what else it is, in
    words.
    """

    kind: str
    little: bool
    shape: tuple[int, ...] | None  # None: no dataspace
    storage: str  # "contiguous", "compact", "chunked"

    @property
    def size(self) -> int:
        """Number of elements."""
        return 0 if self.shape is None else prod(self.shape)


class File:
    """An HDF5 file opened for reading; close it, or use it in a ``with`` statement.

    Parameters
    ----------
    path : Path
        File name.

    Raises
    ------
    OSError
        If there is no such file or it may not be read.
    ValueError
        If it is not HDF5, or damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with open(
            path, "rb"
        ) as file:  # the operating system's own errors first: no such file, a folder, no right to read
            self.bytes = file.seek(0, 2)
        with self._reading("/"):
            if not h5py.is_hdf5(path):
                raise UnreadableError("not HDF5: it has no signature")
            self._file = h5py.File(path, "r", locking=False)

    def __enter__(self) -> File:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        self._file.close()

    def names(self, group: str) -> list[str]:
        """Names in a group; none if there is no such group."""
        with self._reading(group):
            found = self._open(group)
            if not isinstance(found, h5g.GroupID):
                return []
            if found.get_num_objs() > NAMES:
                raise UnreadableError(f"it has more than {NAMES:,} entries")
            return sorted(name.decode("utf-8", "replace") for name in found)

    def is_dataset(self, name: str) -> bool:
        """Whether there is such a dataset."""
        with self._reading(name):
            return isinstance(self._open(name), h5d.DatasetID)

    def is_group(self, name: str) -> bool:
        """Whether there is such a group."""
        with self._reading(name):
            return isinstance(self._open(name), h5g.GroupID)

    def layout(self, name: str) -> Layout:
        """Type, shape and storage of a dataset."""
        with self._reading(name):
            return _layout(self._dataset(name))

    def array(self, name: str) -> Array:
        """A dataset of numbers whose slices are read when asked for."""
        with self._reading(name):
            dataset = self._dataset(name)
            return Array(self, name, dataset, _layout(dataset))

    def read(self, name: str) -> Any:
        """A whole dataset: str, int, float, complex, or an ndarray of numbers or str.

        Raises
        ------
        ValueError
            If there is no such dataset, or it is not what it declares.
        """
        with self._reading(name):
            dataset = self._dataset(name)
            layout = _layout(dataset)
            value = (
                self._strings(dataset, layout)
                if layout.kind == "string"
                else Array(self, name, dataset, layout).slice(...)
            )
            return value.item() if layout.shape == () else value

    def _strings(self, dataset: Any, layout: Layout) -> np.ndarray:
        if layout.shape is None or layout.size > STRINGS or layout.storage == "chunked":
            raise UnreadableError(
                f"{layout.size:,} strings, {layout.storage}; at most {STRINGS:,}, stored together, are read"
            )
        stored = dataset.get_type()
        size = 16 if stored.is_variable_str() else stored.get_size()
        _stored(dataset, layout.size * size, self.bytes)
        if not stored.is_variable_str():
            found = np.empty(layout.shape, f"S{size}")
            dataset.read(h5s.ALL, h5s.ALL, found, stored)
            raw = [
                text.split(b"\0")[0].rstrip(b" " if stored.get_strpad() == h5t.STR_SPACEPAD else b"")
                for text in found.ravel().tolist()
            ]
        elif layout.size == 0 or dataset.get_offset() is None:
            raw = [b""] * layout.size
        else:
            raw = read_strings(self.path, self._file.id.get_create_plist(), dataset.get_offset(), layout.size)
        texts = np.empty(layout.size, dtype=object)
        texts[:] = [text.decode("utf-8", "replace") for text in raw]
        return texts.reshape(layout.shape)

    def _dataset(self, name: str) -> Any:
        found = self._open(name)
        if not isinstance(found, h5d.DatasetID):
            raise UnreadableError("there is no such dataset")
        return found

    def _open(self, name: str) -> Any:
        """The object of a path, or None; every step must be a hard link."""
        found = h5o.open(self._file.id, b"/")
        for part in filter(None, name.split("/")):
            key = part.encode()
            if not isinstance(found, h5g.GroupID) or not found.links.exists(key):
                return None
            if found.links.get_info(key).type != h5l.TYPE_HARD:
                raise UnreadableError(f"{part!r} is a soft or external link, and those are not followed")
            found = h5o.open(found, key)
        if isinstance(found, h5d.DatasetID):
            stored = found.get_create_plist()
            if stored.get_layout() == h5d.VIRTUAL or stored.get_external_count() > 0:
                raise UnreadableError("its data are in other files, and those are not opened")
        return found

    @contextmanager
    def _reading(self, name: str) -> Iterator[None]:
        """Whatever a damaged file makes the libraries raise becomes a ValueError that names file and dataset."""
        where = f"{self.path}" if name == "/" else f"{self.path}: {name}"
        try:
            yield
        except UnreadableError as error:
            raise UnreadableError(error.reason, where) from error.__cause__
        except UNREADABLE as error:
            raise UnreadableError(
                f"damaged or not HDF5 ({' '.join(str(error).split()) or type(error).__name__})", where
            ) from error


class Array:
    """A dataset of numbers in a file: ``shape``, ``dtype``, and slices that are read when asked for.

    ``offset`` is the byte at which its numbers begin in the file, where they lie there as `dtype` has them, one after
    the other; None: they are stored in another way.
    """

    def __init__(self, file: File, name: str, dataset: Any, layout: Layout) -> None:
        if layout.shape is None:
            raise UnreadableError("it is empty, expected numbers")
        if not layout.kind.startswith(("int", "uint", "float", "complex", "bool")):
            raise UnreadableError(f"its type is {layout.kind}, expected numbers")
        self.shape = layout.shape
        self.dtype = np.dtype(layout.kind)
        self._file, self._name, self._dataset = file, name, dataset
        self._inflated: np.ndarray | None = None
        self._chunked = layout.storage == "chunked"
        if not self._chunked:
            _stored(dataset, layout.size * dataset.get_type().get_size(), file.bytes)
        plain = (
            layout.storage == "contiguous"
            and layout.little == (sys.byteorder == "little")
            and dataset.get_type().get_size() == self.dtype.itemsize
            and file._file.id.get_create_plist().get_userblock() == 0
        )
        self.offset: int | None = dataset.get_offset() if plain else None

    def __getitem__(self, index: Any) -> np.ndarray:
        """A slice as NumPy would give it."""
        with self._file._reading(self._name):
            return self.slice(index)

    @np.errstate(all="ignore")  # signalling NaN
    def slice(self, index: Any) -> np.ndarray:
        """A slice, with the libraries' own errors."""
        if self._chunked and self._inflated is None:
            self._inflated = inflate(self._dataset, h5py.Dataset(self._dataset).dtype, self.shape, self._file.bytes)
        source = h5py.Dataset(self._dataset) if self._inflated is None else self._inflated
        found = np.asarray(source[index])
        if found.dtype.names:  # a pair of numbers whose names h5py does not know as those of a complex one
            result = np.empty(found.shape, self.dtype)
            result.real, result.imag = (found[name] for name in found.dtype.names)
            return result
        return found.astype(self.dtype, copy=False)


def _layout(dataset: Any) -> Layout:
    storage = {h5d.CONTIGUOUS: "contiguous", h5d.COMPACT: "compact"}.get(
        dataset.get_create_plist().get_layout(), "chunked"
    )
    space = dataset.get_space()
    shape = (
        None
        if space.get_simple_extent_type() == h5s.NULL
        else tuple(int(size) for size in space.get_simple_extent_dims())
    )
    kind, little = _kind(dataset.get_type())
    return Layout(kind, little, shape, storage)


def _kind(stored: Any) -> tuple[str, bool]:
    """Name of a type and whether it is little endian. Only the standard types: of others' conversion the library is not
    to be trusted.
    """
    for name, little, big in NUMBERS:
        if stored.equal(little) or stored.equal(big):
            return name, bool(stored.equal(little))
    group, size = stored.get_class(), stored.get_size()
    if group == h5t.STRING:
        return "string", True
    if group == h5t.COMPOUND and stored.get_nmembers() == 2:
        (real, little), (imaginary, _) = _kind(stored.get_member_type(0)), _kind(stored.get_member_type(1))
        if (
            real == imaginary
            and real in COMPLEX
            and stored.get_member_offset(0) == 0
            and 2 * stored.get_member_offset(1) == size
        ):
            return COMPLEX[real], little
    if group == h5t.ENUM:  # h5py's booleans
        names = {stored.get_member_name(i): stored.get_member_value(i) for i in range(min(stored.get_nmembers(), 3))}
        return "bool" if size == 1 and names == {b"FALSE": 0, b"TRUE": 1} else "an enumeration", True
    return f"of HDF5's type class {group}, {size} bytes", True


def _stored(dataset: Any, expected: int, file_bytes: int) -> None:
    """Refuse data that are declared but not in the file."""
    if expected == 0:
        return
    offset = dataset.get_offset()  # None: compact, or never written
    compact = dataset.get_create_plist().get_layout() == h5d.COMPACT
    if (
        dataset.get_storage_size() != expected
        or expected > file_bytes
        or (not compact and (offset is None or offset + expected > file_bytes))
    ):
        raise UnreadableError(f"it declares {expected:,} bytes of data that the file does not hold")
