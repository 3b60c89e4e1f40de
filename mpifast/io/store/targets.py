"""Where the blocks of a store in the making go. A target knows which blocks are there, writes others in any order, and
puts the store together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from mpifast._files import sync
from mpifast.io.store import zarr
from mpifast.io.store.blocks import Blocks, DamagedError, checksum
from mpifast.io.store.layout import Layout

Sums = tuple[int, int]
NAMES = ("spectra", "phantoms")


def sums_of(spectra: np.ndarray, phantoms: np.ndarray) -> Sums:
    """Checksums of a block, in the types that are written."""
    return checksum(spectra), checksum(phantoms)


@dataclass(frozen=True)
class FileTarget:
    """An HDF5 file of full length. Its array of checksums is the journal: a block is there if its bytes agree with its
    checksums.
    """

    content: Path
    layout: Layout

    @staticmethod
    def create(content: Path, layout: Layout) -> None:
        """An empty one."""
        _hdf5().create(content, layout)

    @cached_property
    def blocks(self) -> dict[str, Blocks]:
        """Where they are in the file."""
        return _hdf5().read_blocks(self.content, self.layout)

    def done(self, block: int) -> Sums | None:
        """Checksums of a block that is there."""
        noted = self.blocks["checksums"].read_rows(0, block, block + 1)[0]
        sums = (int(noted[0]), int(noted[1]))
        return sums if any(sums) and sums == tuple(checksum(self.blocks[name].read(block)) for name in NAMES) else None

    def write(self, block: int, spectra: np.ndarray, phantoms: np.ndarray, sums: Sums) -> Sums:
        """Write a block, then its checksums."""
        journal = self.blocks["checksums"]
        with open(self.content, "r+b") as file:
            for name, array in zip(NAMES, (spectra, phantoms), strict=True):
                file.seek(self.blocks[name].place(block).offset)
                file.write(array.data)
            file.flush()
            file.seek(journal.place(0).offset + block * journal.row_bytes)
            file.write(np.array(sums, journal.dtype).tobytes())
        return sums

    def finish(self, sums: np.ndarray) -> Path:
        """See everything on the disk; the file to be renamed."""
        sync(self.content)
        return self.content


@dataclass(frozen=True)
class FolderTarget:
    """A zarr store; a block is there if its files agree with their own checksums."""

    content: Path
    layout: Layout

    @staticmethod
    def create(content: Path, layout: Layout) -> None:
        """An empty one."""
        zarr.create(content, layout)

    @cached_property
    def blocks(self) -> dict[str, Blocks]:
        """Where they are in the folder."""
        return zarr.blocks_of(self.content, self.layout, "gzip" if self.layout.compression else "")

    def done(self, block: int) -> Sums | None:
        """Checksums of a block that is there."""
        try:
            first, second = (checksum(self.blocks[name].read(block)) for name in NAMES)
        except (FileNotFoundError, DamagedError):
            return None
        return first, second

    def write(self, block: int, spectra: np.ndarray, phantoms: np.ndarray, sums: Sums) -> Sums:
        """Write the two files of a block."""
        for name, array in zip(NAMES, (spectra, phantoms), strict=True):
            self.blocks[name].write(block, array, self.layout.compression)
        return sums

    def finish(self, sums: np.ndarray) -> Path:
        """Write the checksums; the folder to be renamed."""
        for stray in self.content.glob("*/.*.tmp"):  # of a writer that was killed
            stray.unlink()
        self.blocks["checksums"].write(0, sums, 0)
        sync(self.content)
        return self.content


class SpoolTarget(FolderTarget):
    """A folder of compressed blocks that becomes an HDF5 file when all are there."""

    @staticmethod
    def create(content: Path, layout: Layout) -> None:
        """An empty one."""
        for name in NAMES:
            (content / name).mkdir(parents=True)

    @cached_property
    def blocks(self) -> dict[str, Blocks]:
        """Where they are in the folder."""
        return zarr.blocks_of(self.content, self.layout, "shuffle+deflate")

    def finish(self, sums: np.ndarray) -> Path:
        """Put the file together; it is to be renamed."""
        path = self.content / "whole"
        path.unlink(missing_ok=True)
        _hdf5().create(path, self.layout)
        _hdf5().fill(path, {name: self.blocks[name] for name in NAMES}, sums)
        sync(path)
        return path


Target = FileTarget | FolderTarget


def target_class(kind: str, compression: int) -> Any:
    """The target of a kind of store."""
    if kind == "zarr":
        return FolderTarget
    return SpoolTarget if compression else FileTarget


def _hdf5() -> ModuleType:
    """On first use: zarr stores do without h5py."""
    from mpifast.io.store import hdf5

    return hdf5
