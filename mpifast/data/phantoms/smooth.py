"""Smooth phantoms: sums of Gaussian blobs."""

from __future__ import annotations

from typing import Any

import numpy as np

from mpifast.data.phantoms.arguments import Range, between, chosen, counts, grid_of, lengths
from mpifast.data.phantoms.generator import Generator, axes_of, extent_of, painted
from mpifast.physics.fields.grid import Grid


def blobs(
    grid: Grid,
    count: int | tuple[int, int] = (3, 10),
    width: float | tuple[float, float] | None = None,
    *,
    binary: bool = False,
) -> Generator:
    """Sums of Gaussian blobs of random place, size and height: smooth distributions of tracer.

    Parameters
    ----------
    grid : Grid
        Where the voxels lie.
    count : int or (int, int), optional
        Blobs in a phantom: a number, or the least and the most.
    width : float or (float, float), optional
        Standard deviation of the blobs along each axis, metres: one length, or the shortest and the longest. By default
        0.05 to 0.2 of the shortest field of view.
    binary : bool, optional
        Zeros and ones: one where the grey phantom is at least 1/2, which makes islands with smooth shores.

    Returns
    -------
    Generator
        Phantoms float32[n, voxels], or uint8. A phantom whose sum exceeds 1 somewhere is scaled to a largest value
        of 1.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of range.

    Examples
    --------
    >>> import mpifast
    >>> c = mpifast.phantoms.blobs(mpifast.Grid((20, 20), (20e-3, 20e-3))).draw(7, range(10))
    >>> c.shape, c.dtype, bool(c.min() >= 0.0), bool(c.max() <= 1.0)
    ((10, 400), dtype('float32'), True, True)
    """
    grid, count, width = grid_of(grid), counts("count", count), lengths("width", width, grid, (0.05, 0.2))
    options = {"count": list(count), "width": list(width)}
    return painted("blobs", grid, binary, options, 1 + 7 * count[1], _paint, count=count, width=width)


def _paint(uniform: np.ndarray, images: np.ndarray, threads: int, grid: Grid, count: Any, width: Range) -> None:
    most = count[1]
    present, blob = chosen(uniform[:, 0], count, most), uniform[:, 1:].reshape(-1, most, 7)
    height = np.where(present, between(blob[..., 0], 0.3, 1.0), 0.0)
    center, sigma = between(blob[..., 1:4], -0.5, 0.5) * extent_of(grid), between(blob[..., 4:7], *width)
    profiles = [  # one Gaussian along each axis, float64[n, blobs, voxels of the axis]
        np.exp(-0.5 * ((axis - center[..., k, None]) / sigma[..., k, None]) ** 2)
        for k, axis in enumerate(axes_of(grid))
    ]
    profiles[0] *= height[..., None]
    if len(grid.shape) < 3:
        profiles[2][:] = 1.0
    if len(grid.shape) < 2:
        profiles[1][:] = 1.0
    for image, x, y, z in zip(images, *profiles, strict=True):
        plane = np.einsum("by,bz->byz", y, z).reshape(most, -1)
        total = np.einsum("bx,bv->xv", x, plane)  # not BLAS: its bits may depend on threads
        image[...] = (total / max(1.0, total.max())).reshape(image.shape)
