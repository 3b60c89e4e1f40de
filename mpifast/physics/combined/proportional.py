"""Rows of a matrix that are one pattern up to a factor, found without products of all pairs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

BLOCK = 2**22  # numbers of a matrix that are projected together
WIDTH = 24  # random projections of a row
LEADING = 8  # of them, that are searched
FAR = 43.0  # chi-square of LEADING degrees of freedom that one of a million exceeds


class Sketch(NamedTuple):
    """``norms`` float64[rows]; ``points`` float64[rows, WIDTH]: random projections of the rows over their norms, whose
    distances are those of the rows, to some 15 %.
    """

    norms: np.ndarray
    points: np.ndarray


def sketch(read: Callable[[np.ndarray], np.ndarray], count: int, voxels: int) -> Sketch:
    """The sketch of the rows 0 to count of a matrix, of which ``read`` gives some at a time."""
    draws = np.random.Generator(np.random.Philox(7)).standard_normal((voxels, WIDTH)) / math.sqrt(WIDTH)
    found, step = Sketch(np.zeros(count), np.zeros((count, WIDTH))), max(1, BLOCK // voxels)
    for some in (np.arange(first, min(first + step, count)) for first in range(0, count, step)):
        rows = read(some).astype(np.float64, copy=False)
        peaks = np.maximum(rows.max(axis=1), -rows.min(axis=1))
        scale = np.ldexp(1.0, -np.maximum(np.frexp(peaks)[1], -1000))  # exact; squares neither overflow nor vanish
        rows *= scale[:, None]
        lengths = np.sqrt(np.einsum("kj,kj->k", rows, rows))
        found.norms[some] = lengths / scale
        found.points[some] = rows @ draws / np.where(lengths > 0.0, lengths, 1.0)[:, None]
    return found


def leaders(points: np.ndarray, strengths: np.ndarray, tolerance: float) -> np.ndarray:
    """The leader of each row, int64[rows]: the strongest one that it is proportional to as far as a sketch shows.

    A leader leads itself; a row of strength 0 has none, -1.

    Examples
    --------
    >>> import numpy as np
    >>> points = np.random.default_rng(0).standard_normal((2, WIDTH))[[0, 1, 0, 0]] * [[1], [1], [-1], [1]]
    >>> print(leaders(points, np.array([1.0, 2.0, 3.0, 0.0]), 1e-3))
    [ 2  1  2 -1]
    """
    from scipy.spatial import KDTree  # here: physics alone does not load it

    found, live = np.full(len(points), -1), np.flatnonzero(strengths > 0.0)
    if not live.size:
        return found
    places = np.abs(points[:, :LEADING])  # of both signs alike, and never farther apart than the points
    tree, reach = KDTree(places[live]), tolerance * math.sqrt(FAR / WIDTH)
    for leader in live[np.argsort(-strengths[live], kind="stable")].tolist():
        if found[leader] >= 0:
            continue
        near = live[np.sort(tree.query_ball_point(places[leader], reach))]
        near = near[(found[near] < 0) & (near != leader)]
        signs = np.where(points[near] @ points[leader] < 0.0, -1.0, 1.0)
        close = np.linalg.norm(points[near] * signs[:, None] - points[leader], axis=1) <= tolerance
        found[near[close]] = found[leader] = leader
    return found
