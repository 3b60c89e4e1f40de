"""Phantoms of solid shapes: points, bars, ellipses in ellipses."""

from __future__ import annotations

from typing import Any, overload

import numpy as np

from mpifast import _validation as check
from mpifast.data.phantoms.arguments import Range, between, chosen, counts, grid_of, lengths
from mpifast.data.phantoms.generator import Generator, axes_of, extent_of, painted, voxel_size
from mpifast.data.phantoms.line import integers
from mpifast.physics.fields.grid import Grid

FAR = 1e3  # times the extent: the radius of a shape along an axis that is not there
FAINTEST = 0.25  # of the concentrations of grey points and bars


@overload
def points(
    grid: Grid, /, count: int | tuple[int, int] = (1, 5), radius: float | Range = 0.0, *, binary: bool = True
) -> Generator: ...


@overload
def points(voxels: int = 129) -> np.ndarray: ...


def points(*arguments: Any, **options: Any) -> Any:
    """Points anywhere on a grid, or each voxel of a line alone: the spectra are the columns of the system matrix.

    Call it as

        points(grid, count=(1, 5), radius=0.0, *, binary=True)      a generator
        points(voxels=129)                                          an array

    Parameters
    ----------
    grid : Grid
        Gives a generator, which takes what follows.
    count : int or (int, int), optional
        Points in a phantom: a number, or the least and the most.
    radius : float or (float, float), optional
        Radius of the points, metres: discs in two dimensions, balls in three. 0: single voxels.
    binary : bool, optional
        Zeros and ones; otherwise each point has a concentration of 0.25 to 1, and the edge of a disc or ball is as
        wide as a voxel.
    voxels : int, optional
        Number of voxels of a line.

    Returns
    -------
    Generator or ndarray
        For a grid a generator, otherwise the identity uint8[voxels, voxels].

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of range.

    Examples
    --------
    >>> import mpifast
    >>> print(mpifast.phantoms.points(2))
    [[1 0]
     [0 1]]
    >>> grid = mpifast.Grid((20, 20, 20), (20e-3, 20e-3, 20e-3))
    >>> mpifast.phantoms.points(grid, count=3).draw(7, [0]).sum()
    np.uint64(3)
    """
    if arguments and isinstance(arguments[0], Grid):
        return _points_on_grid(*arguments, **options)
    return _points_on_line(*arguments, **options)


def _points_on_line(voxels: int = 129) -> np.ndarray:
    return np.eye(check.integer("voxels", voxels, low=1), dtype=np.uint8)


def _points_on_grid(grid: Grid, count: Any = (1, 5), radius: Any = 0.0, *, binary: Any = True) -> Generator:
    count, radius = counts("count", count), lengths("radius", radius, grid, (0.0, 0.0), zero=True)
    options = {"count": list(count), "radius": list(radius)}
    numbers = 1 + 5 * count[1]
    return painted("points", grid, binary, options, numbers, _paint_points, count=count, radius=radius, grey=not binary)


def _paint_points(
    uniform: np.ndarray, images: np.ndarray, threads: int, grid: Grid, count: Any, radius: Range, grey: bool
) -> None:
    most = count[1]
    present, point = chosen(uniform[:, 0], count, most), uniform[:, 1:].reshape(-1, most, 5)
    value = np.where(present, between(point[..., 4], FAINTEST, 1.0) if grey else 1.0, -1.0)
    if radius[1] == 0.0:
        shape = np.array(images.shape[1:])
        sample, number = np.nonzero(present)
        place = tuple((point[sample, number, :3] * shape).astype(np.int64).T)
        np.maximum.at(images, (sample, *place), value[sample, number].astype(np.float32))
        return
    center = between(point[..., :3], -0.5, 0.5) * extent_of(grid)
    radii = np.repeat(between(point[..., 3:4], *radius), 3, axis=2)
    paint(center, radii, np.broadcast_to(np.eye(3), (*value.shape, 3, 3)), value, True, images, threads, grid)


@overload
def bars(
    grid: Grid,
    /,
    count: int | tuple[int, int] = (1, 4),
    width: float | Range | None = None,
    length: float | Range | None = None,
    *,
    binary: bool = True,
) -> Generator: ...


@overload
def bars(widths: Any = (1, 2, 4, 8, 16), voxels: int = 129) -> np.ndarray: ...


def bars(*arguments: Any, **options: Any) -> Any:
    """Bars at any place and angle of a grid, or bar gratings on a line, the resolution test of imaging.

    A grating has gaps as wide as its bars, and is a phantom of its own for each bar width. Call it as

        bars(grid, count=(1, 4), width=None, length=None, *, binary=True)      a generator
        bars(widths=(1, 2, 4, 8, 16), voxels=129)                              an array

    Parameters
    ----------
    grid : Grid
        Gives a generator, which takes what follows.
    count : int or (int, int), optional
        Bars in a phantom: a number, or the least and the most.
    width, length : float or (float, float), optional
        Size of the bars, metres: one length, or the shortest and the longest. In three dimensions they are as thick as
        wide, and on a line the width counts alone. By default 0.05 to 0.15 and 0.3 to 0.8 of the shortest field of
        view.
    binary : bool, optional
        Zeros and ones; otherwise each bar has a concentration of 0.25 to 1 and an edge as wide as a voxel.
    widths : sequence of int, optional
        Bar widths of the gratings in voxels.
    voxels : int, optional
        Voxels of a line.

    Returns
    -------
    Generator or ndarray
        For a grid a generator, otherwise uint8[len(widths), voxels].

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of range.

    Examples
    --------
    >>> import mpifast
    >>> print(mpifast.phantoms.bars([1, 3], voxels=8))
    [[1 0 1 0 1 0 1 0]
     [1 1 1 0 0 0 1 1]]
    >>> mpifast.phantoms.bars(mpifast.Grid((20, 20), (20e-3, 20e-3)), width=3e-3).draw(7, [0]).shape
    (1, 400)
    """
    if arguments and isinstance(arguments[0], Grid):
        return _bars_on_grid(*arguments, **options)
    return _bars_on_line(*arguments, **options)


def _bars_on_line(widths: Any = (1, 2, 4, 8, 16), voxels: int = 129) -> np.ndarray:
    voxels = check.integer("voxels", voxels, low=1)
    sizes = integers("widths", widths, low=1)
    return (np.arange(voxels)[None, :] // sizes[:, None] % 2 == 0).astype(np.uint8)


def _bars_on_grid(
    grid: Grid, count: Any = (1, 4), width: Any = None, length: Any = None, *, binary: Any = True
) -> Generator:
    count = counts("count", count)
    width, length = lengths("width", width, grid, (0.05, 0.15)), lengths("length", length, grid, (0.3, 0.8))
    options = {"count": list(count), "width": list(width), "length": list(length)}
    known = {"count": count, "width": width, "length": length, "grey": not binary}
    return painted("bars", grid, binary, options, 1 + 9 * count[1], _paint_bars, **known)


def _paint_bars(
    uniform: np.ndarray,
    images: np.ndarray,
    threads: int,
    grid: Grid,
    count: Any,
    width: Range,
    length: Range,
    grey: bool,
) -> None:
    most = count[1]
    present, bar = chosen(uniform[:, 0], count, most), uniform[:, 1:].reshape(-1, most, 9)
    value = np.where(present, between(bar[..., 8], FAINTEST, 1.0) if grey else 1.0, -1.0)
    across = between(bar[..., 4], *width) / 2
    along = between(bar[..., 3], *length) / 2 if len(grid.shape) > 1 else across
    radii = np.stack([along, across, across], axis=-1)
    center = between(bar[..., :3], -0.35, 0.35) * extent_of(grid)  # most of a bar is within the field of view
    paint(center, radii, rotations(bar[..., 5:8], grid), value, False, images, threads, grid)


def ellipses(grid: Grid, count: int | tuple[int, int] = (3, 8), *, binary: bool = False) -> Generator:
    """An ellipse with a rim and other ellipses in it, after Shepp and Logan; ellipsoids in three dimensions.

    Parameters
    ----------
    grid : Grid
        Where the voxels lie.
    count : int or (int, int), optional
        Ellipses within the outer one: a number, or the least and the most. Each has a concentration of its own, and
        the later ones cover those before them.
    binary : bool, optional
        Zeros and ones: one where the grey phantom is at least 1/2.

    Returns
    -------
    Generator
        Phantoms float32[n, voxels], or uint8.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of range.

    Notes
    -----
    L. A. Shepp and B. F. Logan, IEEE Trans. Nucl. Sci. 21, 21 (1974), have ten ellipses at fixed places.

    Examples
    --------
    >>> import mpifast
    >>> c = mpifast.phantoms.ellipses(mpifast.Grid((20, 20), (20e-3, 20e-3))).draw(7, range(100))
    >>> c.shape, c.dtype, bool(c.min() >= 0.0), bool(c.max() <= 1.0)
    ((100, 400), dtype('float32'), True, True)
    """
    grid, count = grid_of(grid), counts("count", count)
    numbers = 12 + 10 * count[1]
    return painted("ellipses", grid, binary, {"count": list(count)}, numbers, _paint_ellipses, count=count)


def _paint_ellipses(uniform: np.ndarray, images: np.ndarray, threads: int, grid: Grid, count: Any) -> None:
    most, half = count[1], extent_of(grid) / 2
    body, inner = uniform[:, None, 1:12], uniform[:, 12:].reshape(-1, most, 10)
    # The body, turned by little, and a rim of 6 to 12 % of its radii around it.
    radii = between(body[..., :3], 0.65, 0.9) * half
    center = (2.0 * body[..., 3:6] - 1.0) * (0.9 * half - radii)
    turned = rotations(body[..., 6:9] * [0.08, 1.0, 0.0] - [0.04, 0.0, 0.0], grid)  # about z, by up to 29 degrees
    rim, tissue = np.full(body.shape[:2], 1.0), between(body[..., 10], 0.1, 0.4)
    within = radii * between(body[..., 9:10], 0.88, 0.94)
    # What is inside: at most half as large, in places within the body.
    small = within.min(axis=-1, keepdims=True) * between(inner[..., :3], 0.08, 0.4)
    place = (2.0 * inner[..., 3:6] - 1.0) * 0.55 * within
    value = np.where(chosen(uniform[:, 0], count, most), inner[..., 9], -1.0)
    paint(
        np.concatenate([center, center, center + place], axis=1),
        np.concatenate([radii, within, small], axis=1),
        np.concatenate([turned, turned, rotations(inner[..., 6:9], grid)], axis=1),
        np.concatenate([rim, tissue, value], axis=1),
        True,
        images,
        threads,
        grid,
    )


def rotations(uniform: np.ndarray, grid: Grid) -> np.ndarray:
    """Random rotations float64[..., 3, 3] from three numbers each: of a line none, of a plane about z, of space all
    (Shoemake's quaternions, Graphics Gems III, 1992).
    """
    axes = len(grid.shape)
    if axes == 1:
        return np.broadcast_to(np.eye(3), (*uniform.shape[:-1], 3, 3))
    first, second = 2.0 * np.pi * uniform[..., 0], 2.0 * np.pi * uniform[..., 1]
    third = uniform[..., 2] if axes == 3 else np.zeros_like(first)
    x, y = np.sqrt(third) * np.sin(second), np.sqrt(third) * np.cos(second)
    z, w = np.sqrt(1.0 - third) * np.sin(first), np.sqrt(1.0 - third) * np.cos(first)
    rows = [
        [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - z * w), 2.0 * (x * z + y * w)],
        [2.0 * (x * y + z * w), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - x * w)],
        [2.0 * (x * z - y * w), 2.0 * (y * z + x * w), 1.0 - 2.0 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def paint(
    center: np.ndarray,
    radii: np.ndarray,
    axes: np.ndarray,
    value: np.ndarray,
    round_: bool,
    images: np.ndarray,
    threads: int,
    grid: Grid,
) -> None:
    """Paint shapes [n, shapes] one over the other."""
    from mpifast.data.phantoms._painting_loops import paint_solids

    there = np.arange(3) < len(grid.shape)
    center, radii = np.where(there, center, 0.0), np.where(there, radii, FAR * extent_of(grid).max())
    flat = axes.reshape(*value.shape, 9)
    shapes = np.ascontiguousarray(np.concatenate([center, radii, flat, value[..., None]], axis=-1))
    paint_solids(shapes, *axes_of(grid), voxel_size(grid), round_, images, threads, threads=threads)
