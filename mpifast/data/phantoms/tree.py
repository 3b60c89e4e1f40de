"""Vessels: branching tubes, some of them narrowed by a stenosis."""

from __future__ import annotations

import numpy as np

from mpifast import _validation as check
from mpifast.data.phantoms.arguments import Range, between, grid_of, lengths
from mpifast.data.phantoms.generator import Generator, axes_of, extent_of, painted, voxel_size
from mpifast.physics.fields.grid import Grid

PIECES = 10  # tubes of a branch
ROOT, BRANCH = 11, 11  # random numbers
CUT = 0.15  # of the field of view: how far behind the middle of a tree a line cuts it


def vessels(
    grid: Grid,
    generations: int = 5,
    radius: float | tuple[float, float] | None = None,
    *,
    stenosis: float = 0.5,
    binary: bool = False,
) -> Generator:
    """Trees of vessels: bent tubes that enter at an edge of the field of view and branch in two, again and again.

    The radii r of a branch and of its two children follow Murray's law, r^3 = r1^3 + r2^3, and no vessel is thinner
    than a voxel.

    Parameters
    ----------
    grid : Grid
        Where the voxels lie. On a line the phantom is a cut across the tree.
    generations : int, optional
        How many branches follow one another from the root to a tip, 1 to 8.
    radius : float or (float, float), optional
        Radius of the root, metres: one length, or the shortest and the longest. By default 0.05 to 0.08 of the shortest
        field of view.
    stenosis : float, optional
        Probability that one of the first three branches has a stenosis, which takes 50 to 85 % of its radius.
    binary : bool, optional
        Zeros and ones; otherwise the edges of vessels are as wide as a voxel.

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
    C. D. Murray, Proc. Natl. Acad. Sci. USA 12, 207 (1926).

    Examples
    --------
    >>> import mpifast
    >>> generator = mpifast.phantoms.vessels(mpifast.Grid((40, 40), (24e-3, 24e-3)), radius=1.5e-3)
    >>> c = generator.draw(7, range(10))
    >>> c.shape, c.dtype, bool((c.max(axis=1) == 1.0).all())
    ((10, 1600), dtype('float32'), True)
    """
    grid, generations = grid_of(grid), check.integer("generations", generations, low=1, high=8)
    radius = lengths("radius", radius, grid, (0.05, 0.08))
    stenosis = check.number("stenosis", stenosis, low=0.0, high=1.0)
    options = {"generations": generations, "radius": list(radius), "stenosis": stenosis}
    known = {"generations": generations, "radius": radius, "stenosis": stenosis}
    return painted("vessels", grid, binary, options, ROOT + BRANCH * (2**generations - 1), _paint, **known)


def _paint(
    uniform: np.ndarray, images: np.ndarray, threads: int, grid: Grid, generations: int, radius: Range, stenosis: float
) -> None:
    from mpifast.data.phantoms._painting_loops import paint_tubes

    tubes = tree(uniform, grid, generations, radius, stenosis)
    axes = axes_of(grid)
    if len(grid.shape) == 1:
        axes[1] = axes[1] + CUT * extent_of(grid)[1]
    paint_tubes(tubes, *axes, voxel_size(grid), images, threads, threads=threads)


def tree(uniform: np.ndarray, grid: Grid, generations: int, radius: Range, stenosis: float) -> np.ndarray:
    """The tubes of trees, float64[n, tubes, 8]: from a point [3] to a point [3], and the radii there.

    The trees of all phantoms grow together, one generation after the other: positions, directions and radii of the
    branches are [n, branches, ...].
    """
    count, extent = len(uniform), extent_of(grid)
    axes = max(2, len(grid.shape))  # a line is a cut across a tree in a plane, which grows along y
    thinnest = voxel_size(grid) / 2 * (axes - 1) ** 0.5  # thinner ones would fall apart into voxels
    flat = np.arange(3) < axes
    root, branches = uniform[:, :ROOT], uniform[:, ROOT:].reshape(count, -1, BRANCH)
    along = np.full(count, 1) if len(grid.shape) == 1 else np.minimum((root[:, 0] * axes).astype(int), axes - 1)
    sign = np.where((root[:, 1] < 0.5) & (len(grid.shape) > 1), -1.0, 1.0)
    inward = np.zeros((count, 3))
    inward[np.arange(count), along] = sign
    # The root enters through the middle of a face and points roughly across.
    start = np.where(inward == 0.0, 0.4 * (root[:, 2:5] - 0.5), -0.5 * inward) * extent * flat
    way = _unit(inward + 0.5 * (root[:, 5:8] - 0.5) * flat - 1.0 * start / extent * (inward == 0.0))
    start, way = start[:, None], way[:, None]
    size = between(root[:, 8:9], *radius)
    length = 0.34 * (inward != 0.0) @ extent
    narrowed = np.where(root[:, 9] < stenosis, np.minimum((root[:, 10] * 3).astype(int), 2), -1)
    tubes, first = [], 0
    for generation in range(generations):
        number = 2**generation
        own = branches[:, first : first + number]
        # Each piece is turned by the same small angle as the one before it, so the branch is an arc.
        bend = (2.0 * own[..., :3] - 1.0) * flat * 0.12
        step = (length * 0.74**generation)[:, None] * between(own[..., 3], 0.75, 1.15) / PIECES
        points, ways = [start], [way]
        for _ in range(PIECES):
            points.append(points[-1] + step[..., None] * ways[-1])
            ways.append(_unit(ways[-1] + bend))
        place = np.arange(PIECES + 1) / PIECES
        middle, wide = between(own[..., 9:10], 0.35, 0.65), size / np.maximum(step * PIECES, 1e-300)
        dent = np.exp(-0.5 * ((place - middle) / (0.9 * wide[..., None])) ** 2) * between(own[..., 10:11], 0.5, 0.85)
        here = (narrowed[:, None] == first + np.arange(number))[..., None]
        radii = np.maximum(size[..., None] * (1.0 - 0.1 * place) * np.where(here, 1.0 - dent, 1.0), thinnest)
        line = np.stack(points, axis=2)
        tubes.append(np.concatenate([line[:, :, :-1], line[:, :, 1:], radii[..., :-1, None], radii[..., 1:, None]], -1))
        # Two children: the thinner one turns away by more.
        part = between(own[..., 4], 0.3, 0.7)
        side = _across(ways[-1], 2.0 * own[..., 5:8] - 1.0, axes)
        split = np.stack([part, 1.0 - part], axis=-1)
        angle = between(own[..., 8:9], 0.45, 0.75) * (1.5 - split) * np.array([1.0, -1.0])
        way = np.cos(angle)[..., None] * ways[-1][:, :, None] + np.sin(angle)[..., None] * side[:, :, None]
        size = 0.9 * (size[..., None] * split ** (1.0 / 3.0)).reshape(count, -1)
        way, start = way.reshape(count, -1, 3), np.repeat(points[-1], 2, axis=1)
        first += number
    return np.ascontiguousarray(np.concatenate([part.reshape(count, -1, 8) for part in tubes], axis=1))


def _across(way: np.ndarray, random: np.ndarray, axes: int) -> np.ndarray:
    """Random unit vectors at right angles to directions: in a plane one of two."""
    if axes == 2:
        normal = np.stack([-way[..., 1], way[..., 0], np.zeros(way.shape[:-1])], axis=-1)
        return np.where(random[..., :1] < 0.0, -normal, normal)
    return _unit(random - (random * way).sum(axis=-1, keepdims=True) * way)


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors over their lengths; zero stays zero."""
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    return vectors / np.maximum(np.sqrt(x * x + y * y + z * z), 1e-300)[..., None]
