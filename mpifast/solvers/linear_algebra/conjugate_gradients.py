"""Tikhonov's image of a large system: conjugate gradients on the normal equations (S^T S + alpha) c = S^T u, with S for
W S and u for W u.

The matrix is only multiplied, in its own precision; a Gram matrix could take as much memory as itself. What makes
these equations ill-conditioned is a few large singular values, which a sketch of the system knows (the preconditioner
of Frangella, Tropp and Udell, SIAM J. Matrix Anal. Appl. 44:718, 2023): with the singular vectors V^T and y = V^T g::

    P^-1 g = V y / (s^2 + alpha) + (g - V y) / (s_k^2 + alpha)

and the condition number falls from (s_1^2 + alpha) / alpha to (s_k^2 + alpha) / alpha. As all other eigenvalues are at
least alpha, the image of gradient g is at most ||V y / (s^2 + alpha) + (g - V y) / alpha|| from the minimum.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mpifast.physics.linear_system import LinearSystem
from mpifast.solvers.equations import Equations
from mpifast.solvers.iteration import Run, iterate
from mpifast.solvers.linear_algebra.randomized import BLOCK, kept_sketch, most

# The sketch grows while its last singular values squared are above this times alpha: then a block of it costs about as
# many products as the iterations that it saves.
NEAR = 64.0
ROWS = 32  # rows in double precision at a time
RENEWED = 100  # iterations between residuals in double precision

Preconditioner = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def conjugate_gradients(
    system: LinearSystem,
    equations: Equations,
    data: np.ndarray,
    alpha: np.ndarray,
    tolerance: float,
    iterations: int,
    progress: bool | None,
    keep: bool,
) -> tuple[np.ndarray, Run]:
    """Images float64[n, voxels] of least ||W S c - data||^2 + alpha ||c||^2, and how far they converged.

    The measure is the bound of the error above over the image's norm. An alpha below the rounding of ||W S||_F^2 counts
    as this in the bound. Residuals that are to show convergence are computed in double precision.
    """
    n, voxels = len(data), equations.shape[1]
    counted = np.maximum(alpha, np.finfo(equations.dtype).eps * equations.norms.sum())
    counted[counted == 0.0] = 1.0  # nothing but zeros
    precondition = _preconditioner(system, equations, counted)
    scale = np.linalg.norm(data, axis=1)[:, None]
    unit = data / np.where(scale > 0.0, scale, 1.0)  # float32 has no products below 1e-45
    images, left = np.zeros((n, voxels)), unit.copy()  # left: W (u - S c)
    gradient = equations.adjoint(left).astype(np.float64)
    direction, _ = precondition(gradient, counted)
    energy = _dot(gradient, direction)

    def step(done: int, history: np.ndarray) -> None:
        on = np.flatnonzero(history[0, :n] > tolerance)
        along, before = direction[on], gradient[on]
        ahead = equations.forward(along).astype(np.float64)
        length = _ratio(_dot(before, along), _dot(ahead, ahead) + alpha[on] * _dot(along, along))[:, None]
        images[on] += length * along
        left[on] -= length * ahead
        slope = equations.adjoint(left[on]) - alpha[on, None] * images[on]
        pulled, bound = precondition(slope, counted[on])
        measure = _relative(bound, images[on])
        met = (measure <= tolerance) | (done % RENEWED == RENEWED - 1)
        if met.any():
            again = on[met]
            left[again], slope[met] = _exact(equations, unit[again], images[again])
            slope[met] -= alpha[again, None] * images[again]
            pulled[met], bound[met] = precondition(slope[met], counted[again])
            measure = _relative(bound, images[on])
        history[1, on] = measure
        # Polak and Ribiere's factor, not below 0: rounding in single precision would add up in the usual one.
        turn = np.maximum(_ratio(_dot(pulled, slope - before), energy[on]), 0.0)
        direction[on] = pulled + turn[:, None] * along
        gradient[on], energy[on] = slope, _dot(slope, pulled)

    run = iterate("tikhonov", step, n, n, iterations, tolerance, 1, progress, keep)
    return images * scale, run


def _preconditioner(system: LinearSystem, equations: Equations, alpha: np.ndarray) -> Preconditioner:
    """P^-1 of gradients float64[n, voxels] and their alphas, and the bound of their images' errors float64[n]."""
    bound, size = most(equations), min(BLOCK, *equations.shape)
    sketch = kept_sketch(system, equations, size)
    least = alpha.min(initial=np.inf)
    while size < bound and np.square(sketch.part[-1], dtype=np.float64).sum(axis=1).mean() > NEAR * least:
        size = min(size + BLOCK, bound)
        sketch = kept_sketch(system, equations, size)
    values, right = sketch.right()
    squares = values**2

    def precondition(gradient: np.ndarray, alpha: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        alpha = alpha[:, None]
        inside = gradient.astype(right.dtype) @ right.T
        gains = (squares[-1] + alpha) / (squares + alpha)
        both = np.concatenate([inside, inside * (1.0 - gains)]).astype(right.dtype) @ right
        outside, pulled = gradient - both[: len(gradient)], gradient - both[len(gradient) :]
        near = np.square(inside / (squares + alpha)).sum(axis=1)
        far = np.square(outside / alpha).sum(axis=1)
        return pulled / (squares[-1] + alpha), np.sqrt(near + far)

    return precondition


def _exact(equations: Equations, data: np.ndarray, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The residuals data - W S c, and (W S)^T times them, in double precision."""
    if equations.dtype == np.float64:
        left = data - equations.forward(images)
        return left, equations.adjoint(left)
    left, pulled = np.empty_like(data), np.zeros_like(images)
    for numbers, rows in equations.blocks(ROWS):
        double = rows.astype(np.float64)
        left[:, numbers] = data[:, numbers] - images @ double.T
        pulled += left[:, numbers] @ double
    return left, pulled


def _relative(bound: np.ndarray, images: np.ndarray) -> np.ndarray:
    """The bound over the norms of the images; infinite for an image of zeros that is not the minimum."""
    norms = np.linalg.norm(images, axis=1)
    return np.where(norms > 0.0, _ratio(bound, norms), np.where(bound > 0.0, np.inf, 0.0))


def _dot(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Scalar products of rows."""
    return np.einsum("nj,nj->n", left, right)


def _ratio(over: np.ndarray, under: np.ndarray) -> np.ndarray:
    """The quotient; 0 for a spectrum of zeros."""
    return np.divide(over, under, out=np.zeros_like(over), where=under > 0.0)
