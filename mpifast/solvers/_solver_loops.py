"""Loops of the iterative solvers: Kaczmarz sweeps and FISTA steps, many spectra side by side.

Kaczmarz takes `LANES` spectra as a block, so that each number of the algorithm becomes `LANES` neighbours in memory:

    images[blocks, width, LANES]            voxels padded to a multiple of eight
    spectra, auxiliary[blocks, rows, LANES] u and v of the extended system
    memory[blocks, width, LANES]            Dykstra's correction of the non-negativity, or no blocks without it

and a tile of `ROWS` equations together (`visit`), which turns scalar products into matrix products. The loop reads the
matrix where it is, a tile at a time. FISTA is a product with the Gram matrix S^T S; there spectra are rows: [n, width],
n a multiple of `TILE`, width of `lanes`. Padding is zero throughout and stays zero. A converged spectrum is left alone,
so its result does not depend on its neighbours.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mpifast._compiled.jit import jit, jit_reduction, span
from mpifast._compiled.loop import Loop
from mpifast._compiled.products import multiply_add

LANES = 16  # spectra in a block of Kaczmarz; a multiple of products.lanes
ROWS = 16  # equations in a tile of Kaczmarz; a multiple of products.ROWS
TILE = 16  # spectra in a block of FISTA; a multiple of products.ROWS


class Kaczmarz(NamedTuple):
    """The system W S, the order of its rows, and when a spectrum has converged.

    ``real`` float64[rows, voxels] and ``weights`` float64[rows] are S and W. ``orders`` int64[k, rows] is the order of
    the rows in each sweep, and ``grams`` float64[k, tiles, ROWS, ROWS] the Gram matrices of the tiles in this order;
    k = 1 serves all sweeps. For each spectrum, [blocks, LANES]: ``alpha``; ``bound``, which turns the norm of the
    residuals into a bound of the image's error; ``least``, the smallest norm of an image that this error is compared
    with. ``tolerance`` ends the iteration.
    """

    real: np.ndarray
    weights: np.ndarray
    orders: np.ndarray
    grams: np.ndarray
    alpha: np.ndarray
    bound: np.ndarray
    least: np.ndarray
    tolerance: float


class Fista(NamedTuple):
    """S^T S and S^T u over its largest eigenvalue, and for each spectrum the threshold of a step; ``tolerance`` ends
    the iteration.
    """

    gram: np.ndarray
    target: np.ndarray
    threshold: np.ndarray
    tolerance: float
    nonnegative: bool


class Work(NamedTuple):
    """Scratch of a slot: `ROWS` rows of W S, their residuals S_k c + sqrt(alpha) v_k - u_k and steps, and for each
    spectrum the sum of squared residuals and 1 if it still takes part, 0 if not.
    """

    rows: np.ndarray
    residuals: np.ndarray
    steps: np.ndarray
    totals: np.ndarray
    active: np.ndarray


@jit
def row_steps(
    system: Kaczmarz, order: np.ndarray, begin: int, gram: np.ndarray, auxiliary: np.ndarray, block: int, work: Work
) -> None:
    """The steps of a tile's equations from their residuals at the image before the first of them; this adds the change
    of the residuals by the steps between.
    """
    for k in range(min(ROWS, len(order) - begin)):
        row = order[begin + k]
        for m in range(k):
            overlap = gram[k, m]
            for s in range(LANES):
                work.residuals[k, s] += overlap * work.steps[m, s]
        norm = gram[k, k]
        for s in range(LANES):
            root, residual = np.sqrt(system.alpha[block, s]), work.residuals[k, s]
            step = -work.active[s] * residual / (norm + system.alpha[block, s]) if norm > 0.0 else 0.0
            work.totals[s] += residual * residual if norm > 0.0 else 0.0  # no image fits an equation without signal
            work.steps[k, s] = step
            auxiliary[block, row, s] += root * step


@jit
def visit(
    system: Kaczmarz,
    order: np.ndarray,
    begin: int,
    gram: np.ndarray,
    spectra: np.ndarray,
    image: np.ndarray,
    auxiliary: np.ndarray,
    block: int,
    work: Work,
) -> None:
    """The tile of equations order[begin:], one after the other, with the image read and written once.

    Before equation k the image is c + sum_{m<k} step_m S_m, c that at the start, so its residual is S_k c + sum_{m<k}
    (S_k . S_m) step_m - ...
    """
    voxels = system.real.shape[1]
    for k in range(ROWS):
        row = order[begin + k] if begin + k < len(order) else -1
        weight = system.weights[row] if row >= 0 else 0.0
        for j in span(0, voxels):
            work.rows[k, j] = weight * system.real[row, j] if row >= 0 else 0.0
        for s in range(LANES):
            work.steps[k, s] = 0.0
            work.residuals[k, s] = (
                np.sqrt(system.alpha[block, s]) * auxiliary[block, row, s] - spectra[block, row, s] if row >= 0 else 0.0
            )
    multiply_add(work.residuals, work.rows, image)
    row_steps(system, order, begin, gram, auxiliary, block, work)
    multiply_add(image, work.rows.T, work.steps)


@jit
def project(image: np.ndarray, memory: np.ndarray, block: int, active: np.ndarray) -> None:
    """Dykstra's projection onto c >= 0: what it takes away it gives back before the next one."""
    for j in range(len(image)):
        for s in range(LANES):
            raised = image[j, s] + memory[block, j, s]
            clipped = max(raised, 0.0)
            if active[s] != 0.0:
                image[j, s] = clipped
                memory[block, j, s] = raised - clipped


@jit
def measure(system: Kaczmarz, image: np.ndarray, history: np.ndarray, sweep: int, block: int, work: Work) -> None:
    """Bound of each image's error over its norm, from the residuals of the sweep, to history[1 + sweep]."""
    for s in range(LANES):
        if work.active[s] != 0.0:
            size = 0.0
            for j in range(len(image)):
                size += image[j, s] * image[j, s]
            size = max(np.sqrt(size), system.least[block, s])
            error = system.bound[block, s] * np.sqrt(work.totals[s])
            history[1 + sweep, LANES * block + s] = error / size if size > 0.0 else (np.inf if error > 0.0 else 0.0)


@jit
def sweep_block(
    system: Kaczmarz,
    spectra: np.ndarray,
    images: np.ndarray,
    auxiliary: np.ndarray,
    memory: np.ndarray,
    history: np.ndarray,
    block: int,
    work: Work,
) -> None:
    """All sweeps of one block; arguments as for `_sweep`."""
    image = images[block]
    for sweep in range(len(history) - 1):
        for s in range(LANES):
            work.totals[s] = 0.0
            before = history[sweep, LANES * block + s]  # NaN: converged earlier
            work.active[s] = 1.0 if before > system.tolerance else 0.0
        if work.active.sum() == 0.0:
            break
        order, grams = system.orders[sweep % len(system.orders)], system.grams[sweep % len(system.orders)]
        for begin in range(0, len(order), ROWS):
            visit(system, order, begin, grams[begin // ROWS], spectra, image, auxiliary, block, work)
        if len(memory) > 0:
            project(image, memory, block, work.active)
        measure(system, image, history, sweep, block, work)


@jit
def scratch(width: int) -> Work:
    """The scratch of one slot."""
    return Work(
        np.zeros((ROWS, width)), np.empty((ROWS, LANES)), np.empty((ROWS, LANES)), np.empty(LANES), np.empty(LANES)
    )


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


def _sweep(
    system: Kaczmarz,
    spectra: np.ndarray,
    images: np.ndarray,
    auxiliary: np.ndarray,
    memory: np.ndarray,
    history: np.ndarray,
    slots: int,
    slot: int,
) -> None:
    """One sweep for each row of history[1:], which gets the bound of `measure`, and stays NaN after convergence.

    history[0] is the bound after the sweep before, or infinite.
    """
    blocks = len(images)
    work = scratch(images.shape[1])
    for block in range(blocks * slot // slots, blocks * (slot + 1) // slots):
        sweep_block(system, spectra, images, auxiliary, memory, history, block, work)


sweep, fista = Loop(_sweep), Loop(_fista)
