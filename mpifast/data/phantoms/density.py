"""Random voxels: each is filled independently of the others."""

from __future__ import annotations

import functools
import math
from typing import Any, overload

import numpy as np

from mpifast import _validation as check
from mpifast.data.phantoms.generator import Generator
from mpifast.physics.fields.grid import Grid

DENSITY_DIGITS = 24  # binary digits kept of a density


@overload
def random(grid: Grid, /, density: float = 0.5) -> Generator: ...


@overload
def random(
    count: int, voxels: int = 129, density: float = 0.5, seed: int = 0, start: int = 0, threads: int | None = None
) -> np.ndarray: ...


def random(*arguments: Any, **options: Any) -> Any:
    """Random binary phantoms: each voxel is filled independently.

    They are the phantoms of `mpifast.Spectra` with the same seed and density. Call it as

        random(grid, density=0.5)                                                 a generator
        random(count, voxels=129, density=0.5, seed=0, start=0, threads=None)     an array

    Parameters
    ----------
    grid : Grid
        Gives a generator, which takes the density alone.
    count : int
        Number of phantoms.
    voxels : int, optional
        Voxels in each.
    density : float, optional
        Probability that a voxel is 1, from 0 to 1; rounded to 24 binary digits.
    seed : int, optional
        Seed of the random stream.
    start : int, optional
        Number of the first sample; sample i depends on nothing but i, the seed and the density.
    threads : int, optional
        Number of threads; all by default. The result does not depend on it.

    Returns
    -------
    Generator or ndarray
        For a grid a generator, otherwise uint8[count, voxels].

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of range.

    Examples
    --------
    >>> import mpifast
    >>> print(mpifast.phantoms.random(2, voxels=8, seed=7))
    [[0 1 1 1 0 1 0 1]
     [1 0 0 0 0 1 1 1]]
    >>> print(mpifast.phantoms.random(mpifast.Grid((2, 4), (2e-3, 4e-3))).draw(7, [1]))
    [[1 0 0 0 0 1 1 1]]
    """
    return (_on_grid if arguments and isinstance(arguments[0], Grid) else _on_line)(*arguments, **options)


def _on_grid(grid: Grid, density: float = 0.5) -> Generator:
    numerator, digits = density_digits(density)
    make = functools.partial(_draw, grid.voxels, numerator, digits)
    return Generator("random", grid, True, {"density": numerator / 2**digits}, make)


def _on_line(
    count: int, voxels: int = 129, density: float = 0.5, seed: int = 0, start: int = 0, threads: int | None = None
) -> np.ndarray:
    from mpifast._compiled.jit import thread_count

    count, start = check.integer("count", count), check.integer("start", start, high=2**62)
    voxels, digits = check.integer("voxels", voxels, low=1), density_digits(density)
    samples = np.arange(start, start + count, dtype=np.int64)
    return _draw(voxels, *digits, check.seed("seed", seed), samples, thread_count(threads))


def _draw(voxels: int, numerator: int, digits: int, seed: int, samples: np.ndarray, threads: int) -> np.ndarray:
    from mpifast._compiled.philox import key
    from mpifast.data._phantoms_loops import draw

    phantoms = np.empty((len(samples), voxels), np.uint8)
    draw(samples, key(seed), numerator, digits, phantoms, threads, threads=threads)
    return phantoms


def density_digits(density: Any) -> tuple[int, int]:
    """A density as the fraction numerator / 2^digits in lowest terms, with at most `DENSITY_DIGITS` digits.

    Examples
    --------
    >>> from mpifast.data.phantoms import density_digits
    >>> density_digits(0.375)  # 3 / 2^3
    (3, 3)
    """
    density = check.number("density", density, low=0.0, high=1.0)
    numerator, digits = round(math.ldexp(density, DENSITY_DIGITS)), DENSITY_DIGITS
    while digits > 0 and numerator % 2 == 0:
        numerator, digits = numerator // 2, digits - 1
    return numerator, digits
