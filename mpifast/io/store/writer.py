"""Stores written: samples streamed block by block into HDF5 or zarr, resumed after an interruption."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast._compiled.jit import thread_count
from mpifast._files import locked
from mpifast._progress import tqdm
from mpifast.io.store import partial
from mpifast.io.store.layout import Layout, difference
from mpifast.io.store.reader import describe
from mpifast.io.store.source import Samples, Source
from mpifast.io.store.targets import Sums, Target, sums_of, target_class

KINDS = {".h5": "hdf5", ".hdf5": "hdf5", ".zarr": "zarr"}


class Job:
    """A store in the making: which blocks are missing, and what has been written."""

    def __init__(self, source: Source, target: Target, progress: bool | None) -> None:
        self.source, self.target, self.layout = source, target, target.layout
        self.sums = np.zeros((self.layout.blocks, 2), np.uint32)
        self.bar = tqdm(
            total=self.layout.count,
            desc="saving",
            unit="spectra",
            unit_scale=True,
            delay=2,
            disable=None if progress is None else not progress,
        )
        self.written = 0  # samples

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
                alike = sums_of(*make(self.source, self.layout, block)) == sums
            if not alike:
                raise ValueError(
                    f"{self.target.content.parent} was begun on a machine or with libraries that make other bits: "
                    "finish it there, or remove it"
                )
            self.note(block, sums)

    def note(self, block: int, sums: Sums) -> None:
        """A block is there."""
        self.sums[block] = sums
        rows = self.layout.rows(block)
        self.written += rows.stop - rows.start
        self.bar.update(rows.stop - rows.start)


def save(
    source: Source,
    path: str | Path,
    count: int,
    *,
    chunks: int | None = None,
    compression: int | None = None,
    packed: bool = True,
    progress: bool | None = None,
) -> None:
    """Stream samples to disk; see `mpifast.Spectra.save`.

    One thread writes a block while the others make the next one.
    """
    with (
        writing(source, path, count, chunks=chunks, compression=compression, packed=packed, progress=progress) as job,
        ThreadPoolExecutor(1) as pool,
    ):
        if job is None:
            return
        pending: tuple[int, Future[Sums]] | None = None
        layout, rows = job.layout, min(job.layout.chunks, count)
        rooms = [
            (np.empty((rows, layout.equations), source.dtype), np.empty((rows, layout.voxels), source.phantoms))
            for _ in range(2)
        ]
        threads = max(1, thread_count(source.threads) - 1)
        for turn, block in enumerate(job.missing()):
            arrays = make(source, layout, block, rooms[turn % 2], threads)
            sums = sums_of(*arrays)  # here, since the disk takes longer than the loops
            if pending is not None:
                job.note(pending[0], pending[1].result())
            pending = block, pool.submit(job.target.write, block, *arrays, sums)
        if pending is not None:
            job.note(pending[0], pending[1].result())


@contextmanager
def writing(
    source: Source, path: str | Path, count: int, *, chunks: Any, compression: Any, packed: Any, progress: bool | None
) -> Iterator[Job | None]:
    """A job whose store gets its name at the end of the block; None if the very store is there already."""
    if progress is not None:
        check.flag("progress", progress)
    layout = Layout.of(source, count, chunks, compression, packed)
    path = check.path("path", path)
    target = target_class(_kind(path), layout.compression)
    if _is_there(path, layout) and not partial.folder_of(path).exists():
        yield None
        return
    with locked(path):
        if _is_there(path, layout):  # a writer was killed before it could remove its folder, or finished meanwhile
            partial.discard(path)
            yield None
            return
        _check_room(path, layout)
        with partial.partial(path, layout, lambda content: target.create(content, layout)) as content:
            job = Job(source, target(content, layout), progress)
            try:
                with job.bar:
                    yield job
                whole = job.target.finish(job.sums)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                raise OSError(errno.ENOSPC, _full(path, job)) from error
            if os.path.lexists(path):
                raise FileExistsError(
                    errno.EEXIST,
                    f"{path} has been made by something else meanwhile: move it and save again, which takes no time",
                )
            os.rename(whole, path)


def make(
    source: Source, layout: Layout, block: int, room: Samples | None = None, threads: int | None = None
) -> Samples:
    """Spectra and phantoms of a block as they are stored; ``room`` and ``threads`` as for `Source.make`."""
    rows = layout.rows(block)
    u, c = source.make(np.arange(rows.start, rows.stop, dtype=np.int64), room, threads)
    return u.astype(layout.dtype, copy=False), layout.pack(c)


def _kind(path: Path) -> str:
    if path.suffix not in KINDS:
        raise ValueError(f"path={str(path)!r} has the ending {path.suffix!r}: choose one of {', '.join(KINDS)}")
    return KINDS[path.suffix]


def _is_there(path: Path, layout: Layout) -> bool:
    """Whether the store has been saved before; an error if something else has its name."""
    if not os.path.lexists(path):
        return False
    try:
        other = difference(layout.facts, describe(path)[0].facts)
    except (OSError, ValueError) as error:
        other = str(error)
    if other:
        raise FileExistsError(
            errno.EEXIST, f"{path} exists and is something else ({other}): remove it, or choose another name"
        )
    return True


def _room(path: Path, layout: Layout) -> int:
    """Bytes of a store without compression. Zarr fills the last chunk up to the size of the others."""
    samples = layout.blocks * layout.chunks if _kind(path) == "zarr" else layout.count
    return samples * layout.row_bytes


def _check_room(path: Path, layout: Layout) -> None:
    """Refuse what the disk cannot hold before anything is made that would be in the way of fewer samples."""
    needed, free = _room(path, layout) - partial.occupied(path), shutil.disk_usage(path.parent).free
    if not layout.compression and needed > free:
        rows = layout.chunks if _kind(path) == "zarr" else 1
        fit = free // (rows * layout.row_bytes) * rows
        raise OSError(
            errno.ENOSPC,
            f"{path} needs {_size(needed)} and its disk has {_size(free)}: free some, choose another disk, or save "
            f"fewer spectra (count={fit} fits)",
        )


def _full(path: Path, job: Job) -> str:
    """What to say when the disk has become full."""
    layout, folder = job.layout, partial.folder_of(path)
    missing = (layout.count - job.written) * layout.row_bytes
    more = f"free {_size(missing)}" if not layout.compression else f"free up to {_size(2 * _room(path, layout))}"
    return (
        f"{path}: the disk is full after {job.written:,} of {layout.count:,} samples; {more} and save again, which "
        f"goes on from there, or remove {folder} to give it up"
    )


def _size(number: float) -> str:
    """Bytes in words."""
    return f"{number / 1e9:.2f} GB" if number >= 1e9 else f"{number / 1e6:.2f} MB"
