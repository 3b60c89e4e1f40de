"""Phantoms on a line alone: the paper's pattern, and two points at a distance."""

from __future__ import annotations

from typing import Any

import numpy as np

from mpifast import _validation as check


def pattern(voxels: int = 129, rows: int = 40) -> np.ndarray:
    """A picture of repeated hourglasses, each row a one-dimensional phantom, after the paper's figure 6.

    The rows run from full at the top and bottom to a single voxel in 32 at the waist, so very sparse rows are among
    them.

    Parameters
    ----------
    voxels, rows : int, optional
        Size of the picture.

    Returns
    -------
    ndarray
        uint8[rows, voxels].

    Examples
    --------
    >>> import mpifast
    >>> print(mpifast.phantoms.pattern(voxels=32, rows=5).sum(axis=1))
    [32 15  1 15 32]
    """
    voxels, rows = check.integer("voxels", voxels, low=1), check.integer("rows", rows, low=1)
    period = 32
    height = np.abs(np.linspace(-1.0, 1.0, rows))[:, None]
    distance = np.abs(np.arange(voxels)[None, :] % period - period / 2) / (period / 2)
    return ((distance < height) | (distance == 0.0) | (height == 1.0)).astype(np.uint8)


def dots(distances: Any = (1, 2, 3, 4, 6, 8, 12, 16), voxels: int = 129) -> np.ndarray:
    """Two single voxels about the centre, one phantom for each distance: the two-point resolution test.

    Parameters
    ----------
    distances : sequence of int, optional
        Distances between the two voxels, in voxels and less than ``voxels``.
    voxels : int, optional
        Voxels in each phantom.

    Returns
    -------
    ndarray
        uint8[len(distances), voxels].

    Examples
    --------
    >>> import mpifast
    >>> print(mpifast.phantoms.dots([1, 4], voxels=7))
    [[0 0 0 1 1 0 0]
     [0 1 0 0 0 1 0]]
    """
    voxels = check.integer("voxels", voxels, low=2)
    gaps = integers("distances", distances, low=1, high=voxels - 1)
    left = (voxels - gaps) // 2
    phantoms = np.zeros((len(gaps), voxels), np.uint8)
    phantoms[np.arange(len(gaps)), left] = phantoms[np.arange(len(gaps)), left + gaps] = 1
    return phantoms


def integers(name: str, values: Any, low: int, high: int | None = None) -> np.ndarray:
    """A list of integers."""
    array = check.real_array(name, values)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} must be a list of integers, got shape {array.shape}")
    return np.array([check.integer(f"{name}[{i}]", value, low=low, high=high) for i, value in enumerate(array)])
