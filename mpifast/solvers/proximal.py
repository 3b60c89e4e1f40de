"""Accelerated proximal gradients for ||W (S c - u)||^2 + penalty, with a product with W S and one with its transpose an
iteration, until the duality gap is small: for systems of any size.
"""

from __future__ import annotations

import itertools
from typing import Protocol

import numpy as np

from mpifast.solvers.equations import Equations
from mpifast.solvers.iteration import Run, iterate, together

STEPS, ACCURACY = 40, 1e-2  # of Lanczos' method for the step size


class Penalty(Protocol):
    """What is added to the least squares. ``some`` int64[m] are the spectra whose images [m, voxels] these are."""

    def prox(self, points: np.ndarray, steps: np.ndarray, some: np.ndarray) -> np.ndarray:
        """The images c of least ||c - points||^2 / 2 + step * penalty."""

    def value(self, images: np.ndarray, some: np.ndarray) -> np.ndarray:
        """The penalty, float64[m]."""

    def room(self, pull: np.ndarray, some: np.ndarray) -> np.ndarray:
        """A number s float64[m] with s pull . c <= penalty(c) for all images c and for all smaller s >= 0."""


class OneNorm:
    """alpha ||c||_1, over all images or over those without negative values."""

    def __init__(self, alpha: np.ndarray, nonnegative: bool) -> None:
        self.alpha, self.nonnegative = alpha, nonnegative

    def prox(self, points: np.ndarray, steps: np.ndarray, some: np.ndarray) -> np.ndarray:
        """Soft thresholds."""
        return shrunk(points, (steps * self.alpha[some])[:, None], self.nonnegative)

    def value(self, images: np.ndarray, some: np.ndarray) -> np.ndarray:
        """The weighted norm."""
        return self.alpha[some] * np.abs(images).sum(axis=1)

    def room(self, pull: np.ndarray, some: np.ndarray) -> np.ndarray:
        """The threshold over the largest pull."""
        most = (pull if self.nonnegative else np.abs(pull)).max(axis=1)
        return np.where(most > 0.0, self.alpha[some] / np.where(most > 0.0, most, 1.0), np.inf)


def shrunk(points: np.ndarray, threshold: np.ndarray, nonnegative: bool) -> np.ndarray:
    """The soft threshold; negative values become zero if ``nonnegative``."""
    positive = np.maximum(points - threshold, 0.0)
    return positive if nonnegative else positive + np.minimum(points + threshold, 0.0)


def descend(
    name: str,
    equations: Equations,
    data: np.ndarray,
    penalty: Penalty,
    most: int,
    tolerance: float,
    progress: bool | None,
    keep: bool,
) -> tuple[np.ndarray, Run]:
    """Images float64[n, voxels] of least ||W S c - data||^2 + penalty(c), and how far they converged.

    As `mpifast.sparse`, but for the products: the slope S^T (S c - u) is linear in c, so that at the point y = c' + f
    (c' - c) follows from those at c' and c, and the residual of each image is at hand. With r = u - S c and any s <=
    room(2 S^T r) the minimum is at least 2 s r . u - s^2 ||r||^2. The measure is the duality gap, from the largest of
    these bounds so far to the objective, over the objective: the minimum is no further below.

    Parameters
    ----------
    name, most, tolerance, progress, keep
        As for `iterate`.
    equations : Equations
        W S.
    data : ndarray
        W u float64[n, equations].
    penalty : Penalty
        What is added.
    """
    n, voxels = len(data), equations.shape[1]
    lipschitz = largest_square(equations)
    images, points = np.zeros((n, voxels)), np.zeros((n, voxels))
    slopes = -equations.adjoint(data).astype(np.float64)
    ahead = slopes.copy()  # at the points
    momentum, bound = np.ones(n), np.zeros(n)  # of the dual function: nothing is below zero

    def one(some: np.ndarray) -> np.ndarray:
        """A step of some spectra: their gaps."""
        before, point = images[some], points[some]
        steps = np.full(len(some), 0.5 / lipschitz)
        after = penalty.prox(point - ahead[some] / lipschitz, steps, some)
        rest = data[some] - equations.forward(after)
        slope = -equations.adjoint(rest).astype(np.float64)
        uphill = np.einsum("nj,nj->n", point - after, after - before) > 0.0
        now = np.where(uphill, 1.0, momentum[some])
        momentum[some] = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * now**2))
        factor = ((now - 1.0) / momentum[some])[:, None]
        points[some], ahead[some] = after + factor * (after - before), slope + factor * (slope - slopes[some])
        images[some], slopes[some] = after, slope
        energy, overlap = np.einsum("nk,nk->n", rest, rest), np.einsum("nk,nk->n", rest, data[some])
        value = energy + penalty.value(after, some)
        best = np.clip(overlap / np.where(energy > 0.0, energy, 1.0), 0.0, penalty.room(-2.0 * slope, some))
        bound[some] = np.maximum(bound[some], best * (2.0 * overlap - best * energy))
        return np.where(value > 0.0, np.maximum(value - bound[some], 0.0) / np.where(value > 0.0, value, 1.0), 0.0)

    def step(first: int, history: np.ndarray) -> None:
        for before, now in itertools.pairwise(history):
            some = np.flatnonzero(before > tolerance)
            if len(some):
                now[some] = one(some)

    work = 2 * n * equations.shape[0] * voxels
    run = iterate(name, step, n, n, most, tolerance, together(work), progress, keep)
    return images, run


def largest_square(equations: Equations) -> float:
    """The largest eigenvalue of (W S)^T W S, from above and a few percent too large; 1 of a matrix of zeros.

    The bidiagonalisation of Golub and Kahan from a fixed start: its largest singular value plus the norm of the
    residual.
    """
    right = np.random.default_rng(0).normal(size=(1, equations.shape[1]))
    right /= np.linalg.norm(right)
    left, above = np.zeros((1, equations.shape[0])), 0.0
    band = np.zeros((STEPS, STEPS))
    for k in range(STEPS):
        left = equations.forward(right) - above * left
        band[k, k] = np.linalg.norm(left)
        if band[k, k] == 0.0:
            break
        left /= band[k, k]
        right = equations.adjoint(left) - band[k, k] * right
        above = float(np.linalg.norm(right))
        vectors, values, _ = np.linalg.svd(band[: k + 1, : k + 1])
        rest = values[0] * above * abs(vectors[k, 0])
        if rest <= ACCURACY * values[0] ** 2 or k == STEPS - 1:
            break
        right /= above
        band[k, k + 1] = above
    largest = float(np.linalg.norm(band[: k + 1, : k + 1], 2))
    return 1.02 * largest**2 if largest > 0.0 else 1.0
