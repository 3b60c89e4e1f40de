"""Loops of the iterative solvers: FISTA steps, many spectra side by side.

A step is a product with the Gram matrix S^T S; spectra are rows: [n, width], n a multiple of `TILE`, width of `lanes`.
Padding is zero throughout and stays zero. A converged spectrum is left alone, so its result does not depend on its
neighbours.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mpifast._compiled.jit import jit, jit_reduction, span
from mpifast._compiled.loop import Loop
from mpifast._compiled.products import multiply_add

TILE = 16  # spectra in a block of FISTA; a multiple of products.ROWS


class Fista(NamedTuple):
    """S^T S and S^T u over its largest eigenvalue, and for each spectrum the threshold of a step; ``tolerance`` ends
    the iteration.
    """

    gram: np.ndarray
    target: np.ndarray
    threshold: np.ndarray
    tolerance: float
    nonnegative: bool


@jit_reduction
def turn(images: np.ndarray, points: np.ndarray, shrunk: np.ndarray, sample: int, line: int) -> float:
    """(y - c') . (c' - c): positive where the momentum points uphill."""
    total = 0.0
    for j in range(images.shape[1]):
        total += (points[sample, j] - shrunk[line, j]) * (shrunk[line, j] - images[sample, j])
    return total


@jit_reduction
def moved(points: np.ndarray, shrunk: np.ndarray, sample: int, line: int) -> float:
    """||c' - y||^2: zero at the minimum only."""
    total = 0.0
    for j in range(points.shape[1]):
        total += (points[sample, j] - shrunk[line, j]) * (points[sample, j] - shrunk[line, j])
    return total


@jit_reduction
def squared(shrunk: np.ndarray, line: int) -> float:
    """||c'||^2."""
    total = 0.0
    for j in range(shrunk.shape[1]):
        total += shrunk[line, j] * shrunk[line, j]
    return total


@jit
def shrink(shrunk: np.ndarray, line: int, points: np.ndarray, sample: int, threshold: float, nonnegative: bool) -> None:
    """Apply the soft threshold to y - step, the step being in ``shrunk``; negative values become zero if
    ``nonnegative``.
    """
    for j in span(0, shrunk.shape[1]):
        z = points[sample, j] - shrunk[line, j]
        positive = max(z - threshold, 0.0)
        shrunk[line, j] = positive if nonnegative else positive + min(z + threshold, 0.0)


@jit
def fista_block(
    problem: Fista,
    images: np.ndarray,
    points: np.ndarray,
    momentum: np.ndarray,
    history: np.ndarray,
    begin: int,
    shrunk: np.ndarray,
) -> None:
    """All steps of the spectra begin..begin + `TILE`; ``shrunk`` float64[TILE, width] is scratch, the rest as for
    `_fista`.
    """
    for step in range(len(history) - 1):
        active = 0
        for n in range(begin, begin + TILE):
            active += history[step, n] > problem.tolerance
        if active == 0:
            break
        for line in range(TILE):
            for j in span(0, shrunk.shape[1]):
                shrunk[line, j] = -problem.target[begin + line, j]
        multiply_add(
            shrunk, points[begin : begin + TILE], problem.gram
        )  # the gradient at y over the Lipschitz constant
        for line in range(TILE):
            n = begin + line
            if not history[step, n] > problem.tolerance:  # NaN: converged earlier
                continue
            shrink(shrunk, line, points, n, problem.threshold[n], problem.nonnegative)
            size, distance = squared(shrunk, line), moved(points, shrunk, n, line)
            history[step + 1, n] = np.sqrt(distance / size) if size > 0.0 else (np.inf if distance > 0.0 else 0.0)
            if turn(images, points, shrunk, n, line) > 0.0:
                momentum[n] = 1.0
            after = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum[n] * momentum[n]))
            factor = (momentum[n] - 1.0) / after
            momentum[n] = after
            for j in span(0, shrunk.shape[1]):
                points[n, j] = shrunk[line, j] + factor * (shrunk[line, j] - images[n, j])
                images[n, j] = shrunk[line, j]


def _fista(
    problem: Fista,
    images: np.ndarray,
    points: np.ndarray,
    momentum: np.ndarray,
    history: np.ndarray,
    slots: int,
    slot: int,
) -> None:
    """Steps of FISTA from images c, points y, momentum t [n]; history[1 + step, n] gets ||c' - y|| / ||c'||, and stays
    NaN after convergence.

    history[0] is the measure of the step before, or infinite.
    """
    blocks, width = len(images) // TILE, images.shape[1]
    shrunk = np.empty((TILE, width))
    for block in range(blocks * slot // slots, blocks * (slot + 1) // slots):
        fista_block(problem, images, points, momentum, history, TILE * block, shrunk)


fista = Loop(_fista)
