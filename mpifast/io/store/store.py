"""Spectra on disk: streamed block by block into HDF5 or zarr, resumed after an interruption, and read back by slices."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from mpifast import _validation as check
from mpifast._compiled.jit import thread_count
from mpifast.data.spectra import Samples, Spectra, array_samples
from mpifast.io.store.blocks import Blocks, DamagedError
from mpifast.io.store.layout import Layout, difference, part
from mpifast.io.store.partial import discard, partial
from mpifast.io.store.targets import Sums, Target, sums_of, target_class
from mpifast.physics.particle import Particle
from mpifast.physics.system_matrix import SystemMatrix, ideal_system_matrix, system_matrix

KINDS = {".h5": "hdf5", ".hdf5": "hdf5", ".zarr": "zarr"}
CHUNKS = 16_384  # samples: 13 MB of float32 spectra at the paper's size


class Job:
    """A store in the making: which blocks are missing, and what has been written."""

    def __init__(self, spectra: Spectra, target: Target, progress: bool | None) -> None:
        self.spectra, self.target, self.layout = spectra, target, target.layout
        self.sums = np.zeros((self.layout.blocks, 2), np.uint32)
        self.bar = tqdm(
            total=self.layout.count,
            desc="saving",
            unit="spectra",
            unit_scale=True,
            delay=2,
            disable=None if progress is None else not progress,
        )

    def missing(self) -> Iterator[int]:
        """The blocks that are not there yet, in order.

        Raises
        ------
        ValueError
            If those that are there have other bits than this machine makes.
        """
        alike = False
        for block in range(self.layout.blocks):
            sums = self.target.done(block)
            if sums is None:
                yield block
                continue
            if not alike:
                alike = sums_of(*make(self.spectra, self.layout, block)) == sums
            if not alike:
                raise ValueError(
                    f"{self.target.content.parent} was begun on a machine or with libraries that make other bits: finish it there, or remove it"
                )
            self.note(block, sums)

    def note(self, block: int, sums: Sums) -> None:
        """A block is there."""
        self.sums[block] = sums
        rows = self.layout.rows(block)
        self.bar.update(rows.stop - rows.start)


def save(
    spectra: Spectra,
    path: str | Path,
    count: int,
    *,
    chunks: int = CHUNKS,
    compression: int | None = None,
    packed: bool = True,
    progress: bool | None = None,
) -> None:
    """Stream spectra to disk; see `mpifast.Spectra.save`."""
    with (
        writing(spectra, path, count, chunks=chunks, compression=compression, packed=packed, progress=progress) as job,
        ThreadPoolExecutor(1) as pool,
    ):
        if job is None:
            return
        pending: tuple[int, Future[Sums]] | None = None
        rows = min(job.layout.chunks, count)
        rooms = [
            (np.empty((rows, job.layout.harmonics), spectra.dtype), np.empty((rows, job.layout.voxels), np.uint8))
            for _ in range(2)
        ]
        threads = max(
            1, thread_count(spectra.threads) - 1
        )  # and one that writes: the next block is made while the last one is written
        for turn, block in enumerate(job.missing()):
            arrays = make(spectra, job.layout, block, rooms[turn % 2], threads)
            sums = sums_of(*arrays)  # here, since the disk takes longer than the loops
            if pending is not None:
                job.note(pending[0], pending[1].result())
            pending = block, pool.submit(job.target.write, block, *arrays, sums)
        if pending is not None:
            job.note(pending[0], pending[1].result())


@contextmanager
def writing(
    spectra: Spectra, path: str | Path, count: int, *, chunks: Any, compression: Any, packed: Any, progress: bool | None
) -> Iterator[Job | None]:
    """A job whose store gets its name at the end of the block; None if the very store is there already."""
    if progress is not None:
        check.flag("progress", progress)
    layout = Layout.of(spectra, count, chunks, compression, packed)
    path = check.path("path", path)
    kind = _kind(path)
    if _is_there(path, layout):
        yield None
        return
    create = target_class(kind, layout.compression)

    def begin(content: Path) -> None:
        needed, free = layout.count * layout.row_bytes, shutil.disk_usage(path.parent).free
        if not layout.compression and needed > free:
            raise OSError(
                errno.ENOSPC,
                f"{path} needs {needed / 1e9:.2f} GB and its disk has {free / 1e9:.2f}: free some, or save fewer spectra",
            )
        create.create(content, layout)

    with partial(path, layout, begin) as content:
        job = Job(spectra, create(content, layout), progress)
        with job.bar:
            yield job
        whole = job.target.finish(job.sums)
        if os.path.lexists(path):
            raise FileExistsError(
                errno.EEXIST,
                f"{path} has been made by something else meanwhile: move it and save again, which takes no time",
            )
        os.rename(whole, path)


def make(
    spectra: Spectra, layout: Layout, block: int, room: Samples | None = None, threads: int | None = None
) -> Samples:
    """Spectra and phantoms of a block as they are stored; ``room`` and ``threads`` as for `Spectra._generate`."""
    rows = layout.rows(block)
    u, c = spectra._generate(np.arange(rows.start, rows.stop, dtype=np.int64), room, threads)
    return u.astype(layout.dtype, copy=False), layout.pack(c)


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


class StoredSpectra:
    """Spectra and phantoms in a store. Open one with `open_spectra`.

    A chunk is read whole and compared with its checksum when it is first touched; after that, only the rows asked for
    are read. No file is kept open, so an object may be used by many threads, sent to other processes, and needs no
    closing.

    Attributes
    ----------
    path : Path
        The store.
    settings : dict
        Everything it was made from; docs/stores.md has the list.
    dtype : numpy.dtype
        Type of the spectra.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = check.path("path", path)
        try:
            self._layout, self._blocks = _describe(self.path)
            self._sums = self._blocks["checksums"].read(0)
        except ValueError as error:
            raise ValueError(f"{self.path} is not a store of mpifast or is damaged: {error}") from error
        self.settings = dict(self._layout.settings)
        self.dtype = self._layout.dtype.newbyteorder("=")
        self._stamp = _stamp(self.path)
        self._checked: set[int] = set()
        self._last: tuple[int, np.ndarray, np.ndarray] | None = (
            None  # a compressed block, since no part of it can be read alone
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return StoredSpectra, (self.path,)

    def __len__(self) -> int:
        return self._layout.count

    def __repr__(self) -> str:
        layout = self._layout
        shape = f"{layout.count} samples, {layout.harmonics} harmonics, {layout.voxels} voxels"
        return f"StoredSpectra({str(self.path)!r}, {shape}, dtype={self.dtype.name!r})"

    def __getitem__(self, index: Any) -> Samples:
        """Spectra and phantoms of one sample, of a slice, or of an integer array of sample numbers.

        Returns
        -------
        spectra, phantoms : ndarray
            As from `mpifast.Spectra`: dtype[n, harmonics] and uint8[n, voxels], without n for a single sample.

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
            samples = array_samples(index)
            if samples.max(initial=0) >= len(self):
                raise IndexError(f"index has sample {samples.max()}, the store ends at {len(self) - 1}")
            return self._gather(samples)
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

    @property
    def fingerprint(self) -> str:
        """That of the system the spectra were made with: `SystemMatrix.fingerprint`."""
        return str(self.settings["fingerprint"])

    @cached_property
    def system(self) -> SystemMatrix:
        """The system the spectra were made with, computed again.

        Raises
        ------
        ValueError
            If this version of mpifast computes another one.
        """
        scanner, particle = self._layout.scanner, Particle(**part(self.settings, "particle_"))
        tolerance = self.settings["tolerance"]
        ideal = tolerance == 0.0
        system = (
            ideal_system_matrix(scanner, particle, self._layout.harmonics)
            if ideal
            else system_matrix(scanner, particle, self._layout.harmonics, tolerance)
        )
        if system.fingerprint != self.fingerprint:
            raise ValueError(
                f"{self.path} has spectra of a system that this version of mpifast does not compute: use the one that wrote it"
            )
        return system

    def _gather(self, samples: np.ndarray) -> Samples:
        spectra = np.empty((len(samples), self._layout.harmonics), self.dtype)
        phantoms = np.empty((len(samples), self._layout.voxels), np.uint8)
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
            return self._blocks["spectra"].read_rows(block, first, last), self._blocks["phantoms"].read_rows(
                block, first, last
            )
        kept = self._last
        if kept is None or kept[0] != block:
            kept = block, *self._read(block)
            self._last = kept if self._layout.compression else None
        self._checked.add(block)
        return kept[1][first:last], kept[2][first:last]

    def _read(self, block: int) -> Samples:
        """A whole block, compared with its checksums."""
        rows = self._layout.rows(block)
        where = f"{self.path} is damaged in samples {rows.start} to {rows.stop - 1}: save them again"
        try:
            spectra, phantoms = self._blocks["spectra"].read(block), self._blocks["phantoms"].read(block)
        except (DamagedError, FileNotFoundError) as error:
            raise ValueError(f"{where} ({error})") from error
        if sums_of(spectra, phantoms) != tuple(self._sums[block]):
            raise ValueError(f"{where} (they do not agree with their checksums)")
        return spectra, phantoms


def _kind(path: Path) -> str:
    if path.suffix not in KINDS:
        raise ValueError(f"path={str(path)!r} has the ending {path.suffix!r}: choose one of {', '.join(KINDS)}")
    return KINDS[path.suffix]


def _describe(path: Path) -> tuple[Layout, dict[str, Blocks]]:
    """Layout and blocks of a store on disk."""
    if path.is_dir():
        from mpifast.io.store import zarr as container
    else:
        from mpifast.io.store import hdf5 as container  # type: ignore[no-redef]
    layout = Layout.read(container.read_attributes(path))
    return layout, container.read_blocks(path, layout)


def _is_there(path: Path, layout: Layout) -> bool:
    """Whether the store has been saved before; an error if something else has its name."""
    if not os.path.lexists(path):
        return False
    try:
        other = difference(layout.settings, _describe(path)[0].settings)
    except (OSError, ValueError) as error:
        other = str(error)
    if other:
        raise FileExistsError(
            errno.EEXIST, f"{path} exists and is something else ({other}): remove it, or choose another name"
        )
    discard(path)
    return True


def _stamp(path: Path) -> tuple[int, int, int]:
    """What changes when the store is replaced."""
    info = os.stat(path / "zarr.json" if path.is_dir() else path)
    return info.st_ino, info.st_size, info.st_mtime_ns
