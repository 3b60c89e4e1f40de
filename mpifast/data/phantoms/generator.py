"""Phantom generators: phantom i of a seed as a pure function, on any grid."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.physics.fields.grid import Grid

SAMPLES = 256  # painted together: their lists of shapes take a few megabytes
FULL = 0.5  # grey value from which a voxel of a binary phantom is filled

Paint = Callable[[np.ndarray, np.ndarray, int], None]  # (uniform[n, numbers], images[n, nx, ny, nz], threads)


@dataclass(frozen=True)
class Generator:
    """Random phantoms on a grid: phantom i is a pure function of the seed and i.

    The functions of `mpifast.phantoms` make generators; `mpifast.Spectra` takes them. A generator is immutable, and can
    be pickled.

    Attributes
    ----------
    name : str
        The function that made it.
    grid : Grid
        Where the voxels lie.
    binary : bool
        Whether phantoms are uint8, zeros and ones, or float32 from 0 to 1.
    options : dict
        The arguments of that function.

    Examples
    --------
    >>> import mpifast
    >>> generator = mpifast.phantoms.blobs(mpifast.Grid((20, 30), (20e-3, 30e-3)))
    >>> generator.dtype, generator.draw(7, [0, 1, 2]).shape
    (dtype('float32'), (3, 600))
    >>> bool((generator.draw(7, [2]) == generator.draw(7, [0, 1, 2])[2]).all())
    True
    """

    name: str
    grid: Grid
    binary: bool
    options: dict[str, Any] = field(hash=False)
    make: Callable[[int, np.ndarray, int], np.ndarray] = field(compare=False, repr=False)

    @property
    def dtype(self) -> np.dtype:
        """Type of the phantoms: uint8 or float32."""
        return np.dtype(np.uint8 if self.binary else np.float32)

    @property
    def settings(self) -> dict[str, Any]:
        """What the phantoms follow from beside seed and sample number, as JSON has it."""
        grid = {name: list(values) for name, values in asdict(self.grid).items()}
        return {"name": self.name, "binary": self.binary, **self.options, "grid": grid}

    def draw(self, seed: int, samples: Any, threads: int | None = None) -> np.ndarray:
        """Phantoms of a seed.

        Parameters
        ----------
        seed : int
            Key of the random stream, as for `mpifast.Spectra`.
        samples : array_like of int
            Sample numbers, in any order.
        threads : int, optional
            Number of threads; all by default. The result does not depend on it.

        Returns
        -------
        ndarray
            uint8 or float32[n, voxels].

        Raises
        ------
        TypeError, ValueError
            If a parameter is of the wrong type or out of range.

        Examples
        --------
        >>> import mpifast
        >>> generator = mpifast.phantoms.random(mpifast.Grid((2, 4), (2e-3, 4e-3)))
        >>> print(generator.draw(7, [0, 1]))
        [[0 1 1 1 0 1 0 1]
         [1 0 0 0 0 1 1 1]]
        """
        from mpifast._compiled.jit import thread_count

        seed, numbers = check.seed("seed", seed), sample_numbers("samples", samples)
        return self.make(seed, numbers, thread_count(threads))


def painted(
    name: str, grid: Grid, binary: Any, options: dict[str, Any], numbers: int, paint: Callable[..., None], **known: Any
) -> Generator:
    """A generator whose phantom is painted from so many random numbers: ``paint(uniform, images, threads, grid=grid,
    **known)`` fills float32[n, nx, ny, nz].
    """
    binary = check.flag("binary", binary)
    make = functools.partial(_make, grid, binary, numbers, functools.partial(paint, grid=grid, **known))
    return Generator(name, grid, binary, options, make)


def _make(
    grid: Grid, binary: bool, numbers: int, paint: Paint, seed: int, samples: np.ndarray, threads: int
) -> np.ndarray:
    phantoms = np.empty((len(samples), grid.voxels), np.uint8 if binary else np.float32)
    for first in range(0, len(samples), SAMPLES):
        part = samples[first : first + SAMPLES]
        images = np.zeros((len(part), *shape_of(grid)), np.float32)
        paint(uniform_numbers(seed, part, numbers, threads), images, threads)
        flat = images.reshape(len(part), -1)
        phantoms[first : first + SAMPLES] = flat >= FULL if binary else flat
    return phantoms


def uniform_numbers(seed: int, samples: np.ndarray, numbers: int, threads: int) -> np.ndarray:
    """Random numbers from 0 to 1 of each sample, float64[n, numbers], of the stream of phantoms (`philox`)."""
    from mpifast._compiled.philox import key
    from mpifast.data.phantoms._painting_loops import fill_uniform

    uniform = np.empty((len(samples), numbers))
    fill_uniform(samples, key(seed), uniform, threads, threads=threads)
    return uniform


def sample_numbers(name: str, samples: Any) -> np.ndarray:
    """Sample numbers int64[n]."""
    array = np.asarray(samples)
    if array.size == 0:
        return np.zeros(0, np.int64)
    if array.dtype.kind not in "iu" or array.ndim != 1:
        raise TypeError(
            f"{name} must be one-dimensional and of integers, got dtype {array.dtype} and shape {array.shape}"
        )
    if array.min() < 0 or array.max() > 2**62:
        raise ValueError(f"{name} has samples from {array.min()} to {array.max()}: give numbers from 0 to 2**62")
    return array.astype(np.int64)


def shape_of(grid: Grid) -> tuple[int, ...]:
    """Voxels along x, y and z."""
    return (*grid.shape, 1, 1)[:3]


def axes_of(grid: Grid) -> list[np.ndarray]:
    """Coordinates along x, y and z from the middle of the grid, float64[n] each, metres."""
    axes = [axis - center for axis, center in zip(grid.axes, grid.center, strict=True)]
    return [*axes, np.zeros(1), np.zeros(1)][:3]


def extent_of(grid: Grid) -> np.ndarray:
    """Field of view along x, y and z, float64[3], metres; an axis that is not there is as long as the shortest."""
    return np.array((*grid.field_of_view, *[min(grid.field_of_view)] * 2)[:3])


def voxel_size(grid: Grid) -> float:
    """Mean distance between voxels, metres: the width of edges."""
    return float(np.mean(grid.spacing))


def digest(array: np.ndarray) -> str:
    """What tells arrays apart in settings."""
    facts = repr((array.dtype.str, array.shape)).encode()
    return hashlib.blake2b(facts + np.ascontiguousarray(array).tobytes(), digest_size=16).hexdigest()
