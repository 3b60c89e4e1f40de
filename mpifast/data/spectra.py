"""The virtual data set: an endless sequence of random phantoms and their spectra, made when asked for."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mpifast import _display
from mpifast import _validation as check
from mpifast._compiled.jit import thread_count
from mpifast._compiled.philox import key
from mpifast.data import _spectra_loops as loops
from mpifast.data._phantoms_loops import draw as draw_phantoms
from mpifast.data.noise.draws import Coloured
from mpifast.data.noise.model import Bound, Noise
from mpifast.data.noise.white import white
from mpifast.data.phantoms.density import density_digits
from mpifast.data.phantoms.generator import Generator, sample_numbers
from mpifast.data.phantoms.own import Own, as_generator
from mpifast.physics._forward_loops import look_up
from mpifast.physics.array_system import as_system
from mpifast.physics.linear_system import LinearSystem
from mpifast.physics.noise import level_below
from mpifast.physics.precision import warn_of_float32

if TYPE_CHECKING:
    from mpifast.io.store.source import Source

Samples = tuple[np.ndarray, np.ndarray]
PART = 1024  # phantoms that a generator draws at a time, beside the array they go to
SIGNAL = 256  # samples whose spectra set the noise level of a generator
NOISY = 2**20  # numbers of spectra for each thread, which get the rest of their noise while a cache has them


class Spectra(_display.Shown):
    """An endless data set of spectra and the phantoms they belong to: random binary ones, or those of a generator.

    Nothing is stored: sample i is a pure function of the system, the options, the seed and i, so any slice, in any
    order and on any number of threads, has the same bits.

    Parameters
    ----------
    system : LinearSystem or array_like
        Any system, or a bare real or complex array [rows, voxels].
    seed : int, optional
        Key of NumPy's counter-based Philox generator; sample i starts at counter ``i * 2**64``.
    density : float, optional
        Probability that a voxel is filled, from 0 to 1, where the phantoms are random; 1/2 by default.
    snr_db : float, optional
        Signal-to-noise ratio in decibels: rms of the noise-free spectra over rms of the noise, both over all rows and
        samples (see `mpifast.physics.noise.noise_level`; of a generator over its samples 0 to 255 with seed 0, so data
        sets of several seeds have the same noise). The noise is white and Gaussian, and a function of i like all else.
        None: no noise.
    dtype : {"float32", "float64"}, optional
        Type of the spectra. Use float64 for ill-conditioned systems (the paper's scanner at 30 nm and below).
    threads : int, optional
        Number of threads; all by default.
    phantoms : generator or callable, optional
        Where the phantoms come from: a generator of `mpifast.phantoms` on the grid of the system; an object with its
        attributes ``grid`` (or None), ``binary``, ``settings`` (a dict that JSON can hold) and ``draw(seed, samples)``;
        or a function ``f(seed, samples)``. Both get the seed and sample numbers int64[n], and give uint8[n, voxels] of
        zeros and ones, or concentrations of at least 0 as floats, which become float32. Phantom i must follow from seed
        and i alone, whatever the other samples, the thread or process; draws of another type, shape or range are
        refused. None: random binary phantoms.
    noise : Noise, optional
        A model of `mpifast.noise` in place of ``snr_db``: white, by channel, coloured, measured, drifting, or a sum of
        them. ``noise_level`` is the root mean square of the whole noise.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of range, ``phantoms`` or ``noise`` do not fit the system, or both
        ``noise`` and ``snr_db`` are given.

    Warns
    -----
    PrecisionWarning
        If noise-free float32 spectra are asked of a system so ill-conditioned that rounding counts as noise.

    Examples
    --------
    >>> import mpifast
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> spectra = mpifast.Spectra(system, seed=7)
    >>> u, c = spectra[:1000]
    >>> u.shape, u.dtype, c.shape, c.dtype
    ((1000, 200), dtype('float32'), (1000, 129), dtype('uint8'))
    >>> u7, c7 = spectra[7]
    >>> bool((u7 == u[7]).all())
    True

    Blobs instead of random voxels:

    >>> spectra = mpifast.Spectra(system, seed=7, phantoms=mpifast.phantoms.blobs(system.grid))
    >>> spectra[:10][1].dtype
    dtype('float32')

    Another standard deviation for each row:

    >>> import numpy as np
    >>> levels = np.linspace(1.0, 0.1, 200)
    >>> spectra = mpifast.Spectra(system, seed=7, noise=mpifast.noise.by_row(levels, snr_db=20.0))
    >>> bool(np.isclose(spectra.noise_level, mpifast.Spectra(system, snr_db=20.0).noise_level))
    True
    """

    def __init__(
        self,
        system: LinearSystem,
        seed: int = 0,
        density: float | None = None,
        snr_db: float | None = None,
        dtype: Any = "float32",
        threads: int | None = None,
        *,
        phantoms: Any = None,
        noise: Noise | None = None,
    ) -> None:
        self.system = as_system("system", system)
        self.seed = check.seed("seed", seed)
        self._keys = key(self.seed)
        self._density = density_digits(0.5 if density is None else density)
        self.density: float | None = self._density[0] / 2 ** self._density[1]
        self.phantoms: Generator | Own | None = None
        if phantoms is None:
            level_of: Callable[[float], float] = functools.partial(self.system.noise_level, density=self.density)
        else:
            if density is not None:
                raise ValueError(f"density={density} is of random phantoms, and phantoms has others: leave one out")
            self.density, self.phantoms = None, as_generator(phantoms, self.system)
            level_of = functools.partial(_noise_level, self.system, self.phantoms)
        self.noise = _noise_of(noise, snr_db)
        alone = self.noise.terms[0] if self.noise is not None and len(self.noise.terms) == 1 else None
        self.snr_db = alone.snr_db if alone is not None and alone.name == "white" else None
        self.disturbance = Bound() if self.noise is None else self.noise.bound(self.system, level_of)
        self.noise_level = self.disturbance.level
        self.dtype = check.float_dtype("dtype", dtype)
        if self.noise is None and self.dtype == np.float32:
            warn_of_float32(self.system.condition, stacklevel=2)
        self.threads = threads if threads is None else check.integer("threads", threads, low=1)

    def __getitem__(self, index: Any) -> Samples:
        """Spectra and phantoms of one sample, of a slice that has a stop, or of an integer array of sample numbers.

        Returns
        -------
        spectra : ndarray
            dtype[n, rows]; dtype[rows] for a single sample.
        phantoms : ndarray
            uint8[n, voxels], of grey phantoms float32; [voxels] for a single sample.
        """
        if isinstance(index, slice):
            samples = _slice_samples(index)
            room = self._room(len(samples))
            return self._generate(np.arange(samples.start, samples.stop, samples.step, dtype=np.int64), room)
        if isinstance(index, (np.ndarray, list)) and np.ndim(index) > 0:
            return self._generate(sample_numbers("index", index))
        if isinstance(index, tuple):
            raise TypeError(
                f"index={index!r}: a data set has one axis, its samples; index the result for harmonics or voxels"
            )
        spectra, phantoms = self._generate(np.array([check.integer("index", index, low=0, high=2**62)], np.int64))
        return spectra[0], phantoms[0]

    def __iter__(self) -> Iterator[Samples]:
        raise TypeError("the data set is endless: iterate over .batches(size, stop=...) instead")

    @property
    def equations(self) -> int:
        """Numbers in a spectrum: the real equations of the system."""
        return len(self.system.equations)

    @property
    def phantom_dtype(self) -> np.dtype:
        """Type of the phantoms: uint8, or float32 if they are grey."""
        return np.dtype(np.uint8) if self.phantoms is None else self.phantoms.dtype

    def __repr__(self) -> str:
        named = "" if self.noise is None else f", noise={self.noise}"
        noise = named if self.snr_db is None else f", snr_db={self.snr_db}"
        known = self.system._equations_known  # of a system with a level the rows may still have to be found
        shape = ", ".join([f"{known} equations"] * (known is not None) + [f"{self.system.voxels} voxels"])
        kind = f"density={self.density:g}" if self.phantoms is None else f"phantoms={self.phantoms.name!r}"
        return f"Spectra({shape}, seed={self.seed}, {kind}{noise}, dtype={self.dtype.name!r})"

    def _heading(self) -> str:
        return "Spectra: an endless data set"

    def _facts(self) -> dict[str, Any]:
        known, voxels = self.system._equations_known, self.system.voxels
        facts = {"system": repr(self.system), "equations": known, "voxels": voxels, "dtype": self.dtype.name}
        names = ("seed", "density", "noise" if self.snr_db is None else "snr_db")
        facts |= {name: getattr(self, name) for name in names}
        facts["phantoms"] = None if self.phantoms is None else f"{self.phantoms.name}, {self.phantom_dtype.name}"
        facts["noise_level"] = f"{self.noise_level:.4g}" if self.noise_level else None
        if known is not None:
            sample = known * self.dtype.itemsize + voxels * self.phantom_dtype.itemsize
            facts["memory"] = f"none; 1,000 samples take {_display.size(1000 * sample)}"
        return facts

    def batches(self, size: int, start: int = 0, stop: int | None = None) -> Iterator[Samples]:
        """Consecutive slices of ``size`` samples, the last one shorter; endless without ``stop``.

        Parameters
        ----------
        size : int
            Samples in a batch.
        start, stop : int, optional
            First sample, and the one after the last.

        Yields
        ------
        spectra, phantoms : ndarray
            As from indexing.

        Examples
        --------
        >>> import mpifast
        >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
        >>> [len(u) for u, c in mpifast.Spectra(system).batches(400, stop=1000)]
        [400, 400, 200]
        """
        size, start = check.integer("size", size, low=1), check.integer("start", start)
        end = None if stop is None else check.integer("stop", stop)

        def produce() -> Iterator[Samples]:
            first = start
            while end is None or first < end:
                last = first + size if end is None else min(first + size, end)
                yield self[first:last]
                first = last

        return produce()

    def save(
        self,
        path: str | Path,
        count: int,
        *,
        chunks: int | None = None,
        compression: int | None = None,
        packed: bool = True,
        progress: bool | None = None,
    ) -> None:
        """Stream the first ``count`` samples to disk, in memory that does not grow with their number.

        The store gets its name when it is complete. Until then its parts are in a folder ``PATH.partial``; interrupted,
        even killed, the same call goes on from there, to the same bits. A finished store of the same settings is left
        as it is; nothing is overwritten.

        Parameters
        ----------
        path : str or Path
            File name ending in .h5 or .hdf5, or folder name ending in .zarr. docs/stores.md describes the layout.
        count : int
            Number of samples.
        chunks : int, optional
            Samples in a chunk: the unit of checksums, of compression and of reading. At most 1 GiB; by default 16,384,
            or as many as 256 MiB hold.
        compression : int, optional
            Level of deflate, from 1 to 9; None for none, which is by far the fastest: spectra hardly compress.
        packed : bool, optional
            Store binary phantoms as bits, eight voxels a byte (numpy.unpackbits), instead of a byte a voxel. Grey ones
            are stored as float32.
        progress : bool, optional
            Show a progress bar; None: on a terminal, after two seconds.

        Raises
        ------
        TypeError, ValueError
            If a parameter is of the wrong type or out of range, or parts begun elsewhere have other bits than this
            machine makes.
        FileExistsError
            If the name, or its folder of parts, is taken by something else.
        BlockingIOError
            If another process is writing the same store.
        OSError
            If the disk is full or the folder cannot be written: what was written is kept, and the same call goes on.
        ModuleNotFoundError
            If a library is missing: they are in the extra ``store``.

        Examples
        --------
        >>> import mpifast, tempfile
        >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     mpifast.Spectra(system, seed=7).save(f"{folder}/data.zarr", 1000)
        ...     mpifast.open_spectra(f"{folder}/data.zarr")[:3][0].shape
        (3, 200)
        """
        from mpifast.io.store.writer import save

        save(self.source(), path, count, chunks=chunks, compression=compression, packed=packed, progress=progress)

    def source(self) -> Source:
        """What a store is written from: see `mpifast.io.store.source.Source`.

        Examples
        --------
        >>> import mpifast
        >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
        >>> mpifast.Spectra(system, seed=7).source().settings
        {'seed': '7', 'density': 0.5, 'noise_level': 0.0}
        """
        from mpifast.io.store.source import Source

        noise: dict[str, Any] = {} if self.noise is None else {"noise": self.noise.settings}
        noise = noise if self.snr_db is None else {"snr_db": float(self.snr_db)}
        kind = {"density": self.density} if self.phantoms is None else {"phantoms": self.phantoms.settings}
        settings = {"seed": str(self.seed), **kind, "noise_level": float(self.noise_level), **noise}
        return Source(self.system, settings, self.dtype, self._generate, self.threads, self.phantom_dtype)

    def _room(self, count: int) -> Samples:
        """New arrays for so many samples."""
        try:
            spectra = np.empty((count, self.equations), self.dtype)
            return spectra, np.empty((count, self.system.voxels), self.phantom_dtype)
        except (MemoryError, ValueError) as error:
            size = count * (self.equations * self.dtype.itemsize + self.system.voxels * self.phantom_dtype.itemsize)
            raise MemoryError(
                f"{count:,} samples take {size / 1e9:,.0f} GB: ask for fewer, or stream them with .batches or .save"
            ) from error

    def _generate(self, samples: np.ndarray, room: Samples | None = None, threads: int | None = None) -> Samples:
        """The samples, in new arrays or in the first rows of ``room``: new memory takes as long to touch as to fill."""
        threads, count = threads or thread_count(self.threads), len(samples)
        if room is None:
            room = self._room(count)
        spectra, phantoms = (array[:count] for array in room)
        draw = (samples, self._keys, *self._density)
        tables = self.system.forward_model.tables(self.dtype) if self.phantom_dtype == np.uint8 else None
        noise = self.disturbance
        if self.phantoms is None and tables is not None:
            rest = len(noise.draws) - (noise.first is not None)
            step = NOISY // self.equations * threads + 1 if rest else max(1, count)
            for first in range(0, count, step):
                part = slice(first, first + step)
                self._from_tables(samples[part], tables, spectra[part], phantoms[part], threads)
                noise.add(samples[part], self._keys, spectra[part], threads, skip=len(noise.draws) - rest)
            return spectra, phantoms
        if self.phantoms is None:
            draw_phantoms(*draw, phantoms, threads, threads=threads)
        else:
            for first in range(0, count, PART):
                part = slice(first, first + PART)
                phantoms[part] = self.phantoms.draw(self.seed, samples[part], threads)
        if tables is not None:
            look_up(phantoms, tables, spectra, threads, threads=threads)
        else:
            self.system.forward_model.multiply(phantoms, spectra, threads)
        noise.add(samples, self._keys, spectra, threads)
        return spectra, phantoms

    def _from_tables(
        self, samples: np.ndarray, tables: np.ndarray, spectra: np.ndarray, phantoms: np.ndarray, threads: int
    ) -> None:
        """Random binary phantoms and their spectra by look-up tables, with the first draw of the noise if that is a
        part of a loop.
        """
        start, first = (samples, self._keys, *self._density, tables), self.disturbance.first
        if isinstance(first, Coloured):
            loops.generate_coloured(*start, *first.panels, spectra, phantoms, threads, threads=threads)
        else:
            level = 0.0 if first is None or first.uniform is None else first.uniform
            loops.generate(*start, level, spectra, phantoms, threads, threads=threads)


def _slice_samples(index: slice) -> range:
    """Sample numbers of a slice that counts from the first sample."""
    if index.stop is None:
        raise ValueError("the slice has no stop and the data set no end: give one, e.g. spectra[:30_000]")
    stop = check.integer("stop", index.stop, high=2**62)
    start = 0 if index.start is None else check.integer("start", index.start, high=2**62)
    step = 1 if index.step is None else check.integer("step", index.step, low=-(2**62), high=2**62)
    if step == 0:
        raise ValueError("step=0 is out of range: give a step other than zero")
    return range(start, stop, step)


def _noise_of(noise: Any, snr_db: Any) -> Noise | None:
    """The noise model of the arguments."""
    if noise is None:
        return None if snr_db is None else white(snr_db)
    if not isinstance(noise, Noise):
        raise TypeError(
            f"noise must be a model of mpifast.noise, such as mpifast.noise.white(20.0), got {check.brief(noise)}"
        )
    if snr_db is not None:
        raise ValueError(f"snr_db={snr_db!r} beside noise={noise}: give one of the two; models take snr_db themselves")
    return noise


def _noise_level(system: LinearSystem, phantoms: Generator | Own, snr_db: Any) -> float:
    """The level of the noise for a signal-to-noise ratio, from the spectra of some phantoms."""
    threads = thread_count(None)
    u = system.forward_model(phantoms.draw(0, np.arange(SIGNAL, dtype=np.int64), threads), "float64", threads)
    return level_below(float(np.sqrt((u**2).mean())), snr_db)
