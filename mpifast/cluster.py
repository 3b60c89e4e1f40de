"""Work spread over a dask cluster: spectra and system matrices as dask arrays, stores written in parallel, sweeps. The
bits are those of one machine.

Every piece of work is a pure function of its arguments, so a piece that is lost with its worker is computed again.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numba
import numpy as np

import mpifast
from mpifast import _validation as check
from mpifast.data.spectra import Samples, Spectra
from mpifast.physics.linear_system import LinearSystem
from mpifast.physics.systems.scanner_system import ScannerSystem

try:
    import dask
    import dask.array
    from distributed import Client, as_completed
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError('clusters need dask and distributed: python -m pip install "mpifast[dask]"') from missing

__all__ = ["as_dask", "connect", "save", "sweep", "system_matrix"]

CHUNKS = 16_384  # samples
USUAL_CHUNKS, MOST_CHUNKS = 10**6, 10**7  # of an array
LARGEST_CHUNK = 2**30  # bytes
AHEAD = 4  # pieces of work sent for each thread of the cluster: it never waits, and the scheduler never holds a million
RETRIES = 3


def __dir__() -> list[str]:
    return __all__


@contextmanager
def connect(address: str, timeout: float = 30.0) -> Iterator[Client]:
    """A client of a running scheduler, closed at the end of the block.

    Parameters
    ----------
    address : str
        What ``dask scheduler`` prints: ``tcp://HOST:PORT``.
    timeout : float, optional
        Seconds to wait for the scheduler, and then for a first worker.

    Yields
    ------
    distributed.Client
        For the other functions here.

    Raises
    ------
    ConnectionError
        If there is no scheduler at the address, or it has no worker.
    RuntimeError
        If a worker has another version of mpifast.

    Examples
    --------
    >>> from distributed import LocalCluster
    >>> from mpifast import cluster
    >>> with LocalCluster(n_workers=1, processes=False, dashboard_address=":0") as local:
    ...     with cluster.connect(local.scheduler_address) as client:
    ...         dict(cluster.sweep(abs, [-1, -2], client))[-2]
    2
    """
    if not isinstance(address, str) or not address:
        raise TypeError(f"address must be a string like 'tcp://HOST:8786', got {address!r}")
    timeout = check.positive("timeout", timeout, "s")
    before = dask.config.get("scheduler", None)
    try:
        with _client(address, timeout) as client:
            yield client
    finally:  # a client that fails, or whose scheduler is gone, leaves itself there
        dask.config.set({"scheduler": before})


class _Connecting(Client):
    """A client that is closed where it cannot connect. Left to the garbage collector, it may be closed in the middle of
    the next one's start, and then waits for ever for a lock that its own thread holds.
    """

    def start(self, **options: Any) -> None:
        try:
            super().start(**options)
        except BaseException:
            self.close()
            raise


@contextmanager
def _client(address: str, timeout: float) -> Iterator[Client]:
    """A client whose workers are there, and of this version."""
    try:
        connecting = _Connecting(address, timeout=timeout)
    except (OSError, ValueError, AssertionError) as error:  # the last: distributed's event loop gave up
        raise ConnectionError(
            f"no dask scheduler answers at {address!r}: start one with `dask scheduler` and give the address it prints"
        ) from error
    with connecting as client:
        try:
            client.wait_for_workers(1, timeout=timeout)
        except TimeoutError as error:
            raise ConnectionError(
                f"the dask scheduler at {address} has no worker: start some with `dask worker {address}`"
            ) from error
        for worker, version in client.run(_version).items():
            if version != mpifast.__version__:
                raise RuntimeError(
                    f"worker {worker} has mpifast {version}, this is {mpifast.__version__}: install the same version "
                    "everywhere"
                )
        yield client


def as_dask(spectra: Any, count: int, chunks: Any = None) -> tuple[dask.array.Array, dask.array.Array]:
    """The first ``count`` samples as dask arrays, made on the workers when they are needed.

    Building them takes no time for each chunk: a graph of blocks is written out by dask when it is computed.

    Parameters
    ----------
    spectra : Spectra or StoredSpectra
        The data set, or one on a disk that all workers see.
    count : int
        Number of samples; at most as many as a store has.
    chunks : int or sequence of int, optional
        Samples in each chunk; a sequence has one number for each chunk. The bits do not depend on it. By default
        16,384, or as many as make a million chunks, but no chunk of more than 1 GiB.

    Returns
    -------
    spectra, phantoms : dask.array.Array
        [count, equations] and [count, voxels]; a chunk of spectra and its chunk of phantoms are made together. Their
        names follow from the data set, the count and the chunks.

    Raises
    ------
    TypeError, ValueError
        If the chunks are not positive integers, do not add up to ``count``, or are more than ten million; if the store
        has fewer samples.

    Examples
    --------
    >>> import mpifast
    >>> from mpifast import cluster
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> u, c = cluster.as_dask(mpifast.Spectra(system, seed=7), count=10_000, chunks=1000)
    >>> u.shape, u.chunksize, c.dtype
    ((10000, 200), (1000, 200), dtype('uint8'))
    >>> bool((u[4_321].compute() == mpifast.Spectra(system, seed=7)[4_321][0]).all())
    True
    """
    count = check.integer("count", count, low=1, high=2**62)
    if not isinstance(spectra, Spectra) and count > len(spectra):
        raise ValueError(f"count={count} is out of range: {spectra.path} has {len(spectra)} samples")
    virtual = isinstance(spectra, Spectra)
    facts = spectra.source().facts if virtual else (str(spectra.path), spectra.settings)
    shape = {"equations": spectra.equations, "voxels": spectra.system.voxels} if virtual else spectra.settings
    kinds = {"spectra": (shape["equations"], spectra.dtype), "phantoms": (shape["voxels"], spectra.phantom_dtype)}
    sizes, edges = _sizes(count, chunks, sum(width * dtype.itemsize for width, dtype in kinds.values()))
    token = dask.base.tokenize(mpifast.__version__, facts, count, edges)
    source = dask.delayed(_serial(spectra), name=f"mpifast-{token}")
    # A block of `pairs` is a tuple of two arrays, which dask passes on unseen; so both are made by one call.
    pairs = dask.array.map_blocks(
        _pair, source, edges, count, chunks=(sizes,), dtype=object, meta=np.empty(0, object), name=f"pairs-{token}"
    )
    arrays = [
        dask.array.map_blocks(
            _part,
            pairs,
            which,
            chunks=(sizes, (width,)),
            new_axis=1,
            dtype=dtype,
            meta=np.empty((0, 0), dtype),
            name=f"{name}-{token}",
        )
        for which, (name, (width, dtype)) in enumerate(kinds.items())
    ]
    return arrays[0], arrays[1]


def system_matrix(system: LinearSystem, chunks: Any = None) -> dask.array.Array:
    """The matrix of a system as a dask array, whose blocks are computed on the workers when they are needed.

    Workers are sent the description of a scanner on a grid (scanner, particle, rows), and nothing as large as the
    matrix. Blocks of any size have the bits of ``system.matrix``.

    Parameters
    ----------
    system : LinearSystem
        The system of a scanner on a grid, from `mpifast.system_matrix`. The matrix of any other system is sent in
        blocks.
    chunks : int, list of int, or (rows, voxels), optional
        Voxels in each block; a list has one number for each block, a tuple gives the rows first, then the voxels. None:
        all rows, and 16,384 voxels or as many as 1 GiB holds. The rows of a Kronecker form may be divided, those of
        other systems of scanners are computed together.

    Returns
    -------
    dask.array.Array
        complex128[rows, voxels]. Its name follows from the system and the chunks.

    Raises
    ------
    TypeError, ValueError
        If ``system`` is not a system; if the chunks are not positive integers, do not add up, are more than ten
        million, or divide rows that are computed together.

    Examples
    --------
    >>> import mpifast
    >>> from mpifast import cluster
    >>> scanner = mpifast.LissajousScanner(mpifast.Grid((10, 10), (24e-3, 24e-3)))
    >>> system = mpifast.system_matrix(scanner, mpifast.Particle(20e-9), mixing_order=3)
    >>> matrix = cluster.system_matrix(system, chunks=40)
    >>> matrix.shape, matrix.chunks[1]
    ((26, 100), (40, 40, 20))
    >>> bool((matrix.compute() == system.matrix).all())
    True
    """
    check.instance("system", system, LinearSystem)
    shape = len(system.rows), system.voxels
    by_rows, by_voxels = chunks if isinstance(chunks, tuple) and len(chunks) == 2 else (None, chunks)
    together = isinstance(system, ScannerSystem) and not getattr(system.route, "by_rows", False)
    if by_rows is not None and together:
        raise ValueError(f"chunks={chunks!r} divide rows that are computed together: give voxels, chunks={by_voxels!r}")
    rows, row_edges = _sizes(shape[0], shape[0] if by_rows is None else by_rows, 16, "rows")
    voxels, voxel_edges = _sizes(shape[1], by_voxels, 16 * max(rows), "voxels")
    token = dask.base.tokenize(mpifast.__version__, system.fingerprint, getattr(system, "tolerance", 0.0), rows, voxels)
    if not isinstance(system, ScannerSystem):
        return dask.array.from_array(system.matrix, (rows, voxels), name=f"matrix-{token}")
    source = dask.delayed(system.select(), name=f"mpifast-{token}")  # its rows are known, and not to be found again
    edges, meta = (row_edges, voxel_edges), np.empty((0, 0), np.complex128)
    return dask.array.map_blocks(
        _block, source, edges, shape, chunks=(rows, voxels), dtype=meta.dtype, meta=meta, name=f"matrix-{token}"
    )


def save(
    spectra: Spectra,
    path: str | Path,
    count: int,
    client: Client,
    *,
    chunks: int | None = None,
    compression: int | None = None,
    packed: bool = True,
    progress: bool | None = None,
) -> None:
    """Write a zarr store with all workers at once. It has the bits that `mpifast.Spectra.save` writes, and is resumed
    and protected in the same way.

    Parameters
    ----------
    spectra : Spectra
        The data set.
    path : str or Path
        Folder name ending in .zarr, on a disk that this process and all workers see under the same name.
    count, chunks, compression, packed, progress
        As for `mpifast.Spectra.save`.
    client : distributed.Client
        From `connect`.

    Raises
    ------
    TypeError, ValueError, OSError, ModuleNotFoundError
        As for `mpifast.Spectra.save`.

    Examples
    --------
    >>> import mpifast, tempfile
    >>> from distributed import Client
    >>> from mpifast import cluster
    >>> spectra = mpifast.Spectra(mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9)), seed=7)
    >>> with tempfile.TemporaryDirectory() as folder, Client(processes=False, dashboard_address=":0") as client:
    ...     cluster.save(spectra, f"{folder}/data.zarr", 10_000, client, chunks=1000)
    ...     len(mpifast.open_spectra(f"{folder}/data.zarr"))
    10000
    """
    from mpifast.io.store.writer import writing

    path = check.path("path", path).absolute()  # workers have other working folders
    if path.suffix != ".zarr":
        raise ValueError(f"path={str(path)!r} cannot be written in parallel: choose a name ending in .zarr")
    source = _serial(check.instance("spectra", spectra, Spectra)).source()
    with writing(
        source,
        path,
        count,
        chunks=chunks,
        compression=compression,
        packed=packed,
        progress=progress,
    ) as job:
        if job is not None:
            for block, sums in sweep(_write, job.missing(), client, source, job.target):
                job.note(block, sums)


def sweep(
    function: Callable[..., Any], items: Iterable[Any], client: Client, *shared: Any
) -> Iterator[tuple[Any, Any]]:
    """Call ``function(item, *shared)`` for each item on the cluster; results come as they are done.

    Parameters
    ----------
    function : callable
        Pure: it may be called again if a worker is lost.
    items : iterable
        Read one by one, as the cluster has room for them.
    client : distributed.Client
        From `connect`.
    *shared
        More arguments, sent once rather than with every item.

    Yields
    ------
    item, result : tuple
        In the order in which they are finished.

    Raises
    ------
    Exception
        What the function raised on a worker; the rest is cancelled.

    Examples
    --------
    >>> from distributed import Client
    >>> from mpifast import cluster
    >>> with Client(processes=False, dashboard_address=":0") as client:
    ...     sorted(cluster.sweep(pow, [1, 2, 3], client, 2))
    [(1, 1), (2, 4), (3, 9)]
    """
    # Not scattered: what was scattered is lost with its worker, what a task gave is made again.
    common = [client.submit(_identity, value, pure=False) for value in shared]
    rest, running, sent = iter(items), as_completed(), {}

    def send(number: int) -> None:
        for item in itertools.islice(rest, number):
            future = client.submit(function, item, *common, pure=False, retries=RETRIES)
            sent[future.key] = item, future
            running.add(future)

    try:
        send(AHEAD * max(1, sum(client.nthreads().values())))
        for future in running:
            result = future.result()
            item, _ = sent.pop(future.key)
            send(1)
            yield item, result
    finally:
        client.cancel([future for _, future in sent.values()])


def _serial(spectra: Any) -> Any:
    """The data set with one thread, unless told otherwise: a worker runs as many pieces of work as it has cores."""
    if isinstance(spectra, Spectra) and spectra.threads is None:
        spectra = copy.copy(spectra)
        spectra.threads = 1
    return spectra


def _sizes(count: int, chunks: Any, item_bytes: int, what: str = "samples") -> tuple[tuple[int, ...], Any]:
    """Samples in each chunk, and what tells the first sample of a chunk: their one size, or all the first samples."""
    if isinstance(chunks, (list, tuple)):
        sizes = tuple(check.integer(f"chunks[{i}]", size, low=1) for i, size in enumerate(chunks))
        if sum(sizes) != count:
            raise ValueError(f"chunks add up to {sum(sizes)}, not to {_number(what, count)}: give one number, or all")
        return sizes, np.cumsum([0, *sizes])
    if chunks is None:
        size = min(max(CHUNKS, -(-count // USUAL_CHUNKS)), max(1, LARGEST_CHUNK // item_bytes))
    else:
        size = check.integer("chunks", chunks, low=1)
    whole, rest = divmod(count, size)
    if whole + (rest > 0) > MOST_CHUNKS:
        name = f"chunks={chunks}" if chunks is not None else _number(what, count)
        raise ValueError(
            f"{name} makes {whole + (rest > 0):,} chunks of {size:,} {what}, and a graph has at most {MOST_CHUNKS:,}: "
            f"give chunks={-(-count // MOST_CHUNKS)} or more, or fewer {what}"
        )
    return (size,) * whole + ((rest,) if rest else ()), size


def _number(what: str, count: int) -> str:
    return f"count={count}" if what == "samples" else f"{count} {what}"


def _place(edges: Any, block: int, count: int) -> slice:
    """Samples, rows or voxels of a block."""
    if isinstance(edges, int):
        return slice(block * edges, min((block + 1) * edges, count))
    return slice(int(edges[block]), int(edges[block + 1]))


def _pair(spectra: Any, edges: Any, count: int, block_id: tuple[int, ...] = (0,)) -> Samples:
    """The samples of a block."""
    return spectra[_place(edges, block_id[0], count)]


def _block(system: Any, edges: Any, shape: Any, block_id: tuple[int, ...] = (0, 0)) -> np.ndarray:
    """A block of a matrix, by one thread: a worker runs as many pieces of work as it has cores."""
    rows, voxels = (_place(*part) for part in zip(edges, block_id, shape, strict=True))
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        part = system if rows == slice(0, shape[0]) else system.select(rows=np.arange(rows.start, rows.stop))
        return part.columns(voxels)
    finally:
        numba.set_num_threads(before)


def _part(pair: Samples, which: int) -> np.ndarray:
    """Spectra or phantoms of a block."""
    return pair[which]


def _write(block: int, source: Any, target: Any) -> tuple[int, int]:
    from mpifast.io.store.targets import sums_of
    from mpifast.io.store.writer import make

    arrays = make(source, target.layout, block)
    return target.write(block, *arrays, sums_of(*arrays))


def _identity(value: Any) -> Any:
    return value


def _version() -> str:
    return mpifast.__version__
