"""Pictures as phantoms: arrays and image files, resampled to the grid."""

from __future__ import annotations

import functools
import os
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.data.phantoms.arguments import grid_of
from mpifast.data.phantoms.generator import FULL, Generator, digest
from mpifast.data.phantoms.text import overlap
from mpifast.physics.fields.grid import Grid


def images(grid: Grid, source: Any, *, shuffle: bool = False, binary: bool = False) -> Generator:
    """Pictures at hand, from an array or from files, resampled to a grid: a voxel has the mean over its volume.

    Parameters
    ----------
    grid : Grid
        Where the voxels lie. A picture fills the field of view.
    source : array_like, path or sequence of paths
        Values from 0 to 1: one picture with the axes of the grid, or [n, ...] of them. Files are .npy arrays of the
        same kind, or pictures (PNG and whatever else matplotlib reads), which a grid of two axes takes: x runs to the
        right and y upwards, colours become grey.
    shuffle : bool, optional
        Sample i is picture i modulo their number, whatever the seed; with ``shuffle`` a random one.
    binary : bool, optional
        Zeros and ones: one where the resampled picture is at least 1/2.

    Returns
    -------
    Generator
        Phantoms float32[n, voxels], or uint8.

    Raises
    ------
    TypeError, ValueError
        If the pictures do not have the axes of the grid, or have values below 0, above 1 or not finite.
    OSError
        If a file cannot be read.
    ModuleNotFoundError
        If a picture file needs matplotlib, which is in the extra ``paper``.

    Examples
    --------
    >>> import mpifast, numpy as np
    >>> checks = np.indices((8, 8)).sum(axis=0) % 2
    >>> generator = mpifast.phantoms.images(mpifast.Grid((4, 2), (4e-3, 2e-3)), checks)
    >>> print(generator.draw(7, [0]))
    [[0.5 0.5 0.5 0.5 0.5 0.5 0.5 0.5]]
    """
    grid, shuffle, binary = grid_of(grid), check.flag("shuffle", shuffle), check.flag("binary", binary)
    paths = _paths(source)
    stacks = [_resampled(grid, _read(grid, path), f"source {path}") for path in paths or []]
    stack = np.concatenate(stacks) if paths else _resampled(grid, check.real_array("source", source), "source")
    phantoms = (stack >= FULL).view(np.uint8) if binary else stack
    options = {"shuffle": shuffle, "digest": digest(phantoms), "count": len(phantoms)}
    return Generator("images", grid, binary, options, functools.partial(_pick, phantoms, shuffle))


def _pick(phantoms: np.ndarray, shuffle: bool, seed: int, samples: np.ndarray, threads: int) -> np.ndarray:
    from mpifast.data.phantoms.generator import uniform_numbers

    if not shuffle:
        return phantoms[samples % len(phantoms)]
    return phantoms[(uniform_numbers(seed, samples, 1, threads)[:, 0] * len(phantoms)).astype(np.int64)]


def _paths(source: Any) -> list[Any]:
    """Names of files; empty for an array."""
    if isinstance(source, (str, os.PathLike)):
        return [source]
    listed = isinstance(source, (list, tuple)) and source and all(isinstance(p, (str, os.PathLike)) for p in source)
    return list(source) if listed else []


def _read(grid: Grid, path: Any) -> np.ndarray:
    """The array of a file, its axes those of the grid."""
    path = check.path("source", path)
    if path.suffix == ".npy":
        return check.real_array(f"source {path}", np.load(path, allow_pickle=False))
    try:
        from matplotlib.image import imread
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError('picture files need matplotlib: python -m pip install "mpifast[paper]"') from missing
    if len(grid.shape) != 2:
        raise ValueError(f"source={str(path)!r} is a picture, the grid has {len(grid.shape)} axes: give a .npy file")
    picture = np.asarray(imread(path))
    values = picture / np.iinfo(picture.dtype).max if picture.dtype.kind == "u" else picture
    if values.ndim == 3:
        opaque = values[..., -1] if values.shape[2] in (2, 4) else 1.0
        grey = np.array([0.299, 0.587, 0.114]) if values.shape[2] > 2 else np.ones(1)  # ITU-R BT.601
        values = opaque * (values[..., : len(grey)] @ grey)
    return values[::-1].T


def _resampled(grid: Grid, array: np.ndarray, name: str) -> np.ndarray:
    """Pictures float32[n, voxels] of a grid."""
    axes = len(grid.shape)
    if array.ndim == axes:
        array = array[None]
    if array.ndim != axes + 1 or array.size == 0:
        raise ValueError(
            f"{name} has shape {array.shape}: give pictures with the {axes} axes of the grid, one or [n, ...] of them"
        )
    check.finite(name, array)
    low, high = float(array.min()), float(array.max())
    if low < 0.0 or high > 1.0:
        raise ValueError(f"{name} has values from {low:g} to {high:g}: scale it to 0 to 1, for bytes divide by 255")
    values = array.astype(np.float64)
    for axis, n in enumerate(grid.shape):
        there = values.shape[axis + 1]
        # In units of the picture's pixels each interval between whole numbers is a pixel.
        middle = (np.arange(n) + 0.5) * (there / n)
        weights = overlap(middle, there / n, np.arange(there + 1.0))
        values = np.moveaxis(np.tensordot(values, weights, (axis + 1, 1)), -1, axis + 1)
    return np.clip(values.reshape(len(values), -1), 0.0, 1.0).astype(np.float32)
