"""Stores read back: slices of spectra and phantoms, compared with their checksums."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np

from mpifast import _display
from mpifast import _validation as check
from mpifast._progress import tqdm
from mpifast.io.store import source
from mpifast.io.store.blocks import Blocks, DamagedError
from mpifast.io.store.layout import Layout
from mpifast.io.store.source import Samples
from mpifast.io.store.targets import sums_of
from mpifast.physics.system_matrix import SystemMatrix
from mpifast.physics.systems.scanner_system import ScannerSystem


def open_spectra(path: str | Path) -> StoredSpectra:
    """Open a store that `mpifast.Spectra.save` wrote. Nothing but its description is read.

    Parameters
    ----------
    path : str or Path
        An HDF5 file or a zarr folder.

    Returns
    -------
    StoredSpectra
        Sliced like `mpifast.Spectra`.

    Raises
    ------
    OSError
        If it is not there, or may not be read.
    ValueError
        If it is not such a store, is damaged, or of another format version.
    ModuleNotFoundError
        If a library is missing: they are in the extra ``store``.

    Examples
    --------
    >>> import mpifast, tempfile
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mpifast.Spectra(system, seed=7).save(f"{folder}/data.h5", 1000)
    ...     stored = mpifast.open_spectra(f"{folder}/data.h5")
    ...     u, c = stored[10:20]
    >>> len(stored), u.shape, c.shape
    (1000, (10, 200), (10, 129))
    >>> bool((u == mpifast.Spectra(system, seed=7)[10:20][0]).all())
    True
    """
    return StoredSpectra(path)


class StoredSpectra(_display.Shown):
    """Spectra and phantoms in a store. Open one with `open_spectra`.

    A chunk is read whole and compared with its checksum when it is first touched; after that, only the rows asked for
    are read. No file is kept open, so an object may be used by many threads, sent to other processes, and needs no
    closing; in a ``with`` statement it gives back the chunk that it keeps in memory.

    Attributes
    ----------
    path : Path
        The store.
    settings : dict
        Everything the store says about itself, fields of later versions included; docs/stores.md has the list.
    dtype, phantom_dtype : numpy.dtype
        Type of the spectra, and of the phantoms: uint8, or float32 if they are grey.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = check.path("path", path)
        try:
            self._layout, self._blocks = describe(self.path)
            self._sums = self._blocks["checksums"].read(0)
        except ValueError as error:
            raise ValueError(f"{self.path} is not a store of mpifast or is damaged: {error}") from error
        self.settings = self._layout.facts
        self.dtype, self.phantom_dtype = self._layout.dtype.newbyteorder("="), self._layout.phantoms
        self._stamp = _stamp(self.path)
        self._checked: set[int] = set()
        self._last: tuple[int, np.ndarray, np.ndarray] | None = None  # a compressed block: it is only read whole

    def __reduce__(self) -> tuple[Any, ...]:
        return StoredSpectra, (self.path,)

    def __len__(self) -> int:
        return self._layout.count

    def __repr__(self) -> str:
        layout = self._layout
        shape = f"{layout.count} samples, {layout.equations} equations, {layout.voxels} voxels"
        return f"StoredSpectra({str(self.path)!r}, {shape}, dtype={self.dtype.name!r})"

    def _heading(self) -> str:
        return "Stored spectra"

    def _facts(self) -> dict[str, Any]:
        layout = self._layout
        facts = {"path": self.path, "samples": layout.count, "equations": layout.equations, "voxels": layout.voxels}
        facts |= {"dtype": self.dtype.name, "chunks": layout.chunks}
        names = ("model", "seed", "density", "phantoms", "snr_db", "fingerprint", "mpifast_version")
        facts |= {name: self.settings[name] for name in names if name in self.settings}
        packing = f", deflated at level {layout.compression}" if layout.compression else ""
        return facts | {"size": _display.size(layout.count * layout.row_bytes) + packing}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._last = None

    def __getitem__(self, index: Any) -> Samples:
        """Spectra and phantoms of one sample, of a slice, or of an integer array of sample numbers.

        Returns
        -------
        spectra, phantoms : ndarray
            As from `mpifast.Spectra`: dtype[n, equations] and uint8 or float32[n, voxels], without n for a single
            sample.

        Raises
        ------
        IndexError
            If there is no such sample.
        ValueError
            If a chunk is damaged.
        """
        if isinstance(index, slice):
            return self._gather(np.arange(*index.indices(len(self)), dtype=np.int64))
        if isinstance(index, (np.ndarray, list)) and np.ndim(index) > 0:
            return self._gather(check.indices("index", index, len(self)))
        if isinstance(index, tuple):
            raise TypeError(
                f"index={index!r}: a store has one axis, its samples; index the result for harmonics or voxels"
            )
        sample = check.integer("index", index, low=-(2**62), high=2**62)
        if not -len(self) <= sample < len(self):
            raise IndexError(f"index={sample} is out of range: the store has {len(self)} samples")
        spectra, phantoms = self._gather(np.array([sample % len(self)]))
        return spectra[0], phantoms[0]

    def batches(self, size: int, start: int = 0, stop: int | None = None) -> Iterator[Samples]:
        """Consecutive slices of ``size`` samples from ``start`` to ``stop`` or the end, the last one shorter."""
        size, start = check.integer("size", size, low=1), check.integer("start", start)
        end = len(self) if stop is None else min(check.integer("stop", stop), len(self))
        return (self[first : min(first + size, end)] for first in range(start, end, size))

    def verify(self, progress: bool | None = None) -> None:
        """Read everything and compare it with its checksums.

        Raises
        ------
        ValueError
            If chunks are damaged; the message has the first of them.
        """
        hidden = None if progress is None else not check.flag("progress", progress)
        for block in tqdm(range(self._layout.blocks), desc="verifying", unit="chunk", delay=2, disable=hidden):
            self._read(block)

    def to_xarray(self, chunks: int | None = None) -> Any:
        """The samples as an `xarray.Dataset`, phantoms unpacked, with labels and positions as coordinates.

        Parameters
        ----------
        chunks : int, optional
            Samples in a chunk of a lazy data set, which dask reads piece by piece. None: the chunks of the store where
            the samples take more than 256 MiB, otherwise everything is read at once.

        Returns
        -------
        xarray.Dataset
            ``spectra`` dtype[sample, harmonic or equation] and ``phantoms`` [sample, position or voxel]; the
            coordinates of docs/stores.md; ``settings`` as JSON among the attributes.

        Raises
        ------
        TypeError, ValueError
            If ``chunks`` is no positive integer, or the store is damaged.
        ModuleNotFoundError
            If a library is missing: they are in the extra ``xarray``.

        Examples
        --------
        >>> import mpifast, tempfile
        >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     mpifast.Spectra(system, seed=7).save(f"{folder}/data.h5", 1000)
        ...     with mpifast.open_spectra(f"{folder}/data.h5") as stored:
        ...         data = stored.to_xarray()
        >>> dict(data.sizes)
        {'sample': 1000, 'harmonic': 200, 'position': 129}
        >>> data.phantoms.sel(position=0.0, method="nearest").shape
        (1000,)
        """
        from mpifast.io.store.dataset import to_xarray

        return to_xarray(self, self._layout, chunks)

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the system that the spectra are of."""
        return str(self.settings["fingerprint"])

    @cached_property
    def system(self) -> SystemMatrix | ScannerSystem:
        """The system that the spectra are of, computed again from the settings; that of a scanner on a grid, with its
        rows, is computed when asked for.

        Raises
        ------
        ValueError
            If the system does not follow from the settings, or this version of mpifast computes another one.
        """
        try:
            if self.settings.get("model") == ScannerSystem.model:
                from mpifast.io.store import scanner_system  # here: it imports this folder

                return scanner_system.rebuild(self.path, self._layout)
            return source.rebuild(self.settings)
        except ValueError as error:
            raise ValueError(f"{self.path}: {error}") from error

    def _gather(self, samples: np.ndarray) -> Samples:
        spectra = np.empty((len(samples), self._layout.equations), self.dtype)
        phantoms = np.empty((len(samples), self._layout.voxels), self.phantom_dtype)
        if _stamp(self.path) != self._stamp:
            raise ValueError(f"{self.path} has changed since it was opened: open it again")
        home = samples // self._layout.chunks
        order = np.argsort(home, kind="stable")
        blocks, starts = np.unique(home[order], return_index=True)
        for block, where in zip(blocks.tolist(), np.split(order, starts[1:]), strict=bool(len(samples))):
            rows = samples[where] - block * self._layout.chunks
            first, last = int(rows.min()), int(rows.max()) + 1
            u, c = self._rows(block, first, last)
            spectra[where], phantoms[where] = u[rows - first], self._layout.unpack(c)[rows - first]
        return spectra, phantoms

    def _rows(self, block: int, first: int, last: int) -> Samples:
        if block in self._checked and not self._layout.compression:
            spectra, phantoms = (self._blocks[name].read_rows(block, first, last) for name in ("spectra", "phantoms"))
            return spectra, phantoms
        kept = self._last
        if kept is None or kept[0] != block:
            kept = block, *self._read(block)
            self._last = kept if self._layout.compression else None
        self._checked.add(block)
        return kept[1][first:last], kept[2][first:last]

    def _read(self, block: int) -> Samples:
        """A whole block, compared with its checksums."""
        rows = self._layout.rows(block)
        samples = f"samples {rows.start} to {rows.stop - 1}"
        where = f"{self.path} is damaged in {samples}: remove it and save again, which makes the same samples"
        try:
            spectra, phantoms = self._blocks["spectra"].read(block), self._blocks["phantoms"].read(block)
        except (DamagedError, FileNotFoundError) as error:
            raise ValueError(f"{where} ({error})") from error
        if sums_of(spectra, phantoms) != tuple(self._sums[block]):
            raise ValueError(f"{where} (they do not agree with their checksums)")
        return spectra, phantoms


def describe(path: Path) -> tuple[Layout, dict[str, Blocks]]:
    """Layout and blocks of a store on disk."""
    if path.is_dir():
        from mpifast.io.store import zarr as container
    else:
        from mpifast.io.store import hdf5 as container  # type: ignore[no-redef]
    layout = Layout.read(container.read_attributes(path))
    return layout, container.read_blocks(path, layout)


def _stamp(path: Path) -> tuple[int, int, int]:
    """What changes when the store is replaced."""
    info = os.stat(path / "zarr.json" if path.is_dir() else path)
    return info.st_ino, info.st_size, info.st_mtime_ns
