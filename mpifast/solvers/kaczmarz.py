"""Kaczmarz' method, regularised: one equation at a time, many spectra side by side."""

from __future__ import annotations

from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast._compiled.jit import thread_count
from mpifast._compiled.products import ROWS, padded
from mpifast.solvers import _solver_loops as loops
from mpifast.solvers.iteration import iterate, options
from mpifast.solvers.parameter_choice import Spectral
from mpifast.solvers.solution import Solution, problem, solution
from mpifast.solvers.spectral import choose_alpha


def kaczmarz(
    system: Any,
    u: Any,
    alpha: Any = None,
    iterations: int = 5000,
    tolerance: float = 1e-4,
    weights: Any = None,
    nonnegative: bool = False,
    order: str = "sequential",
    seed: int = 0,
    full_output: bool = False,
    progress: bool | None = None,
    threads: int | None = None,
) -> np.ndarray | Solution:
    """Images by the regularised Kaczmarz method: the minimum of ||W (S c - u)||_2^2 + alpha ||c||_2^2, row by row.

    Plain Kaczmarz projects the image onto one equation S_k c = u_k after the other. Noisy equations contradict each
    other and it never settles. The regularised method gives each equation a slack v_k of its own and solves S_k c +
    sqrt(alpha) v_k = u_k, which always has a solution; of all of them it finds that of least norm, and this is
    Tikhonov's image::

        c = 0, v = 0
        repeat                                                       # one iteration: a sweep over all harmonics
            for each harmonic k:
                step = (u_k - S_k c - sqrt(alpha) v_k) / (||S_k||^2 + alpha)
                c   += step S_k                                      # the projection of (c, v) onto equation k
                v_k += step sqrt(alpha)
            if nonnegative:
                c, q = max(c + q, 0), min(c + q, 0)                  # Dykstra's projection; q = 0 in the beginning
        until the residuals u_k - S_k c - sqrt(alpha) v_k met in a sweep are small

    At the end v = (u - S c) / sqrt(alpha). Where q is left out, as many programs do, the non-negative image is not the
    minimum.

    Parameters
    ----------
    system : SystemMatrix
        The system matrix; its real form `SystemMatrix.real` is inverted.
    u : array_like
        float[n, harmonics], raw spectra.
    alpha : float or array_like, optional
        Strength of the regularisation in the unit of squared singular values, as for `mpifast.tikhonov`: one number, or
        float[n] one for each spectrum. None: for each by generalised cross-validation. With 0 and noisy spectra there
        is no convergence.
    iterations : int, optional
        Most sweeps. The smaller alpha, the more are needed.
    tolerance : float, optional
        A spectrum is done when the norm of the residuals met in a sweep is below this fraction of ||W u||.
    weights : "energy" or array_like, optional
        Weights W of the equations, float[harmonics] and not negative: both sides are multiplied. "energy": 1 / ||S_k||.
        None: 1.
    nonnegative : bool, optional
        Whether to minimise over images without negative values.
    order : {"sequential", "random"}, optional
        Harmonics in their order, or in a new random one each sweep.
    seed : int, optional
        Seed of the random order.
    full_output : bool, optional
        Whether to return a `Solution` with the alphas, residuals and the convergence history.
    progress : bool, optional
        Whether to show a progress bar on stderr. None: on a terminal, after two seconds. Ctrl-C ends between sweeps.
    threads : int, optional
        Number of threads; all by default. The result does not depend on it.

    Returns
    -------
    ndarray or Solution
        float64[n, voxels].

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type, shape or range, or not finite.

    Notes
    -----
    MPIReco.jl takes lambda relative to the mean squared norm of the matrix' columns: alpha = lambda ||W S||_F^2 /
    voxels.

    References
    ----------
    Chae 2017, eq. (5); Kaczmarz 1937; Knopp et al., Phys. Med. Biol. 55:1577, 2010 (for MPI); Boyle and Dykstra 1986.

    Examples
    --------
    >>> import mpifast, numpy as np
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> u, c = mpifast.Spectra(system, seed=7, snr_db=30.0)[:10]
    >>> fit = mpifast.kaczmarz(system, u, alpha=1.0, tolerance=1e-9, full_output=True)
    >>> bool(np.allclose(fit.images, mpifast.tikhonov(system, u, alpha=1.0), atol=1e-6)), len(fit.history) < 1500
    (True, True)
    """
    real, spectra = problem(system, u, full_output, progress)
    n, rows = len(spectra), len(real)
    iterations, tolerance, nonnegative = options(iterations, tolerance, nonnegative)
    if alpha is not None:
        alpha = check.per_row("alpha", alpha, n, low=0.0)
    weights = _weights(weights, real)
    check.choice("order", order, ("sequential", "random"))
    seed, threads = check.seed("seed", seed), thread_count(threads)
    weighted, data = weights[:, None] * real, spectra * weights
    if alpha is None:
        alpha = choose_alpha("gcv", Spectral.of(*np.linalg.svd(weighted, full_matrices=False)), data)
    blocks, width = -(-n // loops.LANES), padded(system.voxels, ROWS)
    matrix = np.zeros((rows, width))
    matrix[:, : system.voxels] = weighted
    scale = np.linalg.norm(data, axis=1)
    goal = np.square(tolerance * scale)
    kernel = loops.Kaczmarz(
        matrix, weighted @ weighted.T, _blocked(alpha[:, None], blocks)[:, 0], _blocked(goal[:, None], blocks)[:, 0]
    )
    equations = _blocked(data, blocks)
    images, auxiliary = np.zeros((blocks, width, loops.LANES)), np.zeros_like(equations)
    memory = np.zeros_like(images) if nonnegative else np.zeros((0, width, loops.LANES))
    slots = max(1, min(threads, blocks))

    def sweep(first: int, history: np.ndarray) -> None:
        orders = np.tile(np.arange(rows), (len(history) - 1, 1))
        if order == "random":
            orders = np.stack([np.random.default_rng([seed, first + i]).permutation(rows) for i in range(len(orders))])
        loops.sweep(kernel, orders, equations, images, auxiliary, memory, history, slots, threads=slots)

    history = iterate("kaczmarz", sweep, n, loops.LANES * blocks, iterations, n * matrix.size, progress, full_output)
    if history is not None:
        history = np.sqrt(history) / np.where(scale > 0.0, scale, 1.0)
    found = np.ascontiguousarray(images.transpose(0, 2, 1).reshape(-1, width)[:n, : system.voxels])
    return solution(real, spectra, found, alpha, history, full_output)


def _weights(weights: Any, real: np.ndarray) -> np.ndarray:
    """float64[harmonics]; a harmonic without signal gets none."""
    if weights is None:
        return np.ones(len(real))
    if isinstance(weights, str):
        check.choice("weights", weights, ("energy",))
        norms = np.linalg.norm(real, axis=1)
        return np.where(norms > 0.0, 1.0 / np.where(norms > 0.0, norms, 1.0), 0.0)
    return check.per_row("weights", weights, len(real), low=0.0)


def _blocked(values: np.ndarray, blocks: int) -> np.ndarray:
    """[n, columns] as [blocks, columns, LANES], with zeros for the spectra that are missing in the last block."""
    filled = np.zeros((blocks * loops.LANES, values.shape[1]))
    filled[: len(values)] = values
    return np.ascontiguousarray(filled.reshape(blocks, loops.LANES, values.shape[1]).transpose(0, 2, 1))
