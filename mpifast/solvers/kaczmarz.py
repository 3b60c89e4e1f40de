"""Kaczmarz' method, regularised: one equation at a time, many spectra side by side."""

from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np

from mpifast import _validation as check
from mpifast._compiled.jit import thread_count
from mpifast._compiled.products import ROWS, padded
from mpifast.physics.forward import product
from mpifast.solvers import _solver_loops as loops
from mpifast.solvers.iteration import iterate, options, together, warn_unconverged
from mpifast.solvers.normal_equations import BLOCK
from mpifast.solvers.parameter_choice import Spectral
from mpifast.solvers.solution import Problem, Solution, problem, solution, strength
from mpifast.solvers.spectral import choose_alpha
from mpifast.solvers.tall import TALL, triangle

GRAMS = 2**22  # numbers in the Gram matrices of the orders of one call: 32 MB
TILES = 16  # of which so many are multiplied together


@overload
def kaczmarz(
    system: Any, u: Any, alpha: Any = ..., iterations: int = ..., tolerance: float = ..., weights: Any = ...,
    nonnegative: bool = ..., order: str = ..., seed: int = ...,
    full_output: Literal[False] = ..., progress: bool | None = ..., threads: int | None = ...,
    relative: bool = ...,
) -> np.ndarray: ...  # fmt: skip
@overload
def kaczmarz(
    system: Any, u: Any, alpha: Any = ..., iterations: int = ..., tolerance: float = ..., weights: Any = ...,
    nonnegative: bool = ..., order: str = ..., seed: int = ...,
    *, full_output: Literal[True], progress: bool | None = ..., threads: int | None = ...,
    relative: bool = ...,
) -> Solution: ...  # fmt: skip
@overload
def kaczmarz(
    system: Any, u: Any, alpha: Any = ..., iterations: int = ..., tolerance: float = ..., weights: Any = ...,
    nonnegative: bool = ..., order: str = ..., seed: int = ...,
    full_output: bool = ..., progress: bool | None = ..., threads: int | None = ...,
    relative: bool = ...,
) -> np.ndarray | Solution: ...  # fmt: skip
def kaczmarz(
    system: Any,
    u: Any,
    alpha: Any = None,
    iterations: int = 2000,
    tolerance: float = 0.05,
    weights: Any = None,
    nonnegative: bool = False,
    order: str = "sequential",
    seed: int = 0,
    full_output: bool = False,
    progress: bool | None = None,
    threads: int | None = None,
    relative: bool = False,
) -> np.ndarray | Solution:
    """Images by the regularised Kaczmarz method: the minimum of ||W (S c - u)||_2^2 + alpha ||c||_2^2, row by row.

    Plain Kaczmarz projects the image onto one equation S_k c = u_k after the other. Noisy equations contradict each
    other and it never settles. The regularised method gives each equation a slack v_k of its own and solves S_k c +
    sqrt(alpha) v_k = u_k, which always has a solution; of all of them it finds that of least norm, and this is
    Tikhonov's image::

        c = 0, v = 0
        repeat                                                       # one iteration: a sweep over all equations
            for each equation k:
                step = (u_k - S_k c - sqrt(alpha) v_k) / (||S_k||^2 + alpha)
                c   += step S_k                                      # the projection of (c, v) onto equation k
                v_k += step sqrt(alpha)
            if nonnegative:
                c, q = max(c + q, 0), min(c + q, 0)                  # Dykstra's projection; q = 0 in the beginning
        until ||r|| / (2 sqrt(alpha)) <= tolerance ||c||             # r_k = u_k - S_k c - sqrt(alpha) v_k

    At the end v = (u - S c) / sqrt(alpha). Without q, which many programs leave out, the non-negative image is not the
    minimum. Sixteen equations together take one product with the image and one with their own Gram matrix; the iterates
    are those of the loop above. The matrix is read where it is, without a copy.

    Parameters
    ----------
    system : SystemMatrix, LinearSystem or array_like
        The system, or its real or complex matrix [rows, voxels]. Images are real.
    u : array_like
        Spectra: complex[n, rows], or float[n, equations] in the order of `LinearSystem.real`.
    alpha : float or array_like, optional
        Strength of the regularisation in the unit of squared singular values, as for `mpifast.tikhonov`: one number, or
        float[n] one for each spectrum. None: for each by generalised cross-validation.
    iterations : int, optional
        Most sweeps. The smaller alpha, the more are needed.
    tolerance : float, optional
        A spectrum is done when its image is within this fraction of its norm from the minimum, by the bound in the
        notes. 0: exactly ``iterations`` sweeps, without a warning.
    weights : "energy" or array_like, optional
        Weights W, not negative: both sides are multiplied. float[rows], or float[equations] one for each real equation.
        "energy": 1 / ||S_k|| of each row. None: 1.
    nonnegative : bool, optional
        Whether to minimise over images without negative values.
    order : {"sequential", "random"}, optional
        Equations in their order, or in a new random one each sweep.
    seed : int, optional
        Seed of the random order.
    full_output : bool, optional
        Whether to return a `Solution` with the alphas, residuals, iterations and the convergence history.
    progress : bool, optional
        Whether to show a progress bar on stderr. None: on a terminal, after two seconds. Ctrl-C ends between sweeps.
    threads : int, optional
        Number of threads; all by default. The result does not depend on it.
    relative : bool, optional
        Whether ``alpha`` is a multiple of ||W S||_F^2 / voxels, as lambda is in MPIReco.jl.

    Returns
    -------
    ndarray or Solution
        float64[n, voxels].

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type, shape or range, or not finite.

    Warns
    -----
    ConvergenceWarning
        If a spectrum has not converged after ``iterations`` sweeps.

    Notes
    -----
    ||r||^2 is the duality gap of the minimum, with or without ``nonnegative``, so the image is within ||r|| / (2
    sqrt(alpha)) of it. The loop takes each r_k before the step of its own equation, which makes ||r|| as large or
    larger in practice, and the bound pessimistic: the image is usually five times as near. Below 2.2e-16 ||W S||_F^2
    alpha counts as this in the bound: smaller singular values are lost in rounding. So noisy spectra with alpha = 0,
    whose equations contradict each other, do not converge, and neither do the images of ill-conditioned systems with a
    small alpha: `mpifast.tikhonov` has no such limit.

    References
    ----------
    Chae 2017, eq. (5); Kaczmarz 1937; Knopp et al., Phys. Med. Biol. 55:1577, 2010 (for MPI); Boyle and Dykstra 1986;
    Shalev-Shwartz and Zhang, J. Mach. Learn. Res. 14:567, 2013 (the duality gap).

    Examples
    --------
    >>> import mpifast, numpy as np
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> u, c = mpifast.Spectra(system, seed=7, snr_db=30.0)[:10]
    >>> fit = mpifast.kaczmarz(system, u, alpha=1.0, full_output=True)
    >>> bool(fit.converged.all()), bool((fit.iterations < 300).all())
    (True, True)
    >>> exact = mpifast.tikhonov(system, u, alpha=1.0)
    >>> bool(np.linalg.norm(fit.images - exact) < 0.05 * np.linalg.norm(exact))
    True
    """
    given = problem(system, u, full_output, progress, weights)
    n, (rows, voxels) = len(given.spectra), given.real.shape
    iterations, tolerance, nonnegative = options(iterations, tolerance, nonnegative)
    weights = given.equations.weights
    strengths = strength(alpha, relative, given)
    check.choice("order", order, ("sequential", "random"))
    seed, threads = check.seed("seed", seed), thread_count(threads)
    data, energy = given.data, float(given.equations.norms.sum())
    if strengths is None:
        strengths = _cross_validated(given, weights, data)
    blocks, width = -(-n // loops.LANES), padded(voxels, ROWS)
    counted = np.maximum(strengths, np.finfo(np.float64).eps * energy)  # alpha in the bound
    bound = 0.5 / np.sqrt(np.where(counted > 0.0, counted, np.inf))
    pull = _pulled(data * weights, given.real, threads)
    least = np.linalg.norm(pull, axis=1) / (
        energy + strengths + (energy == 0.0)
    )  # no more than the norm of Tikhonov's image
    alphas, bounds, leasts = (_blocked(values[:, None], blocks)[:, 0] for values in (strengths, bound, least))
    equations = _blocked(data, blocks)
    images, auxiliary = np.zeros((blocks, width, loops.LANES)), np.zeros_like(equations)
    memory = np.zeros_like(images) if nonnegative else np.zeros((0, width, loops.LANES))
    real, slots = given.real.view(), max(1, min(threads, blocks))
    real.flags.writeable = False  # of any system: one type for the compiler
    sequential = np.arange(rows)[None]
    fixed = None if order == "random" else (sequential, _grams(real, weights, sequential))

    def sweep(first: int, history: np.ndarray) -> None:
        if fixed is not None:
            orders, grams = fixed
        else:
            numbers = range(first, first + len(history) - 1)
            orders = np.stack([np.random.default_rng([seed, number]).permutation(rows) for number in numbers])
            grams = _grams(real, weights, orders)
        kernel = loops.Kaczmarz(real, weights, orders, grams, alphas, bounds, leasts, tolerance)
        loops.sweep(kernel, equations, images, auxiliary, memory, history, slots, threads=slots)

    calls = together(n * rows * width)
    if order == "random":
        calls = min(calls, max(1, GRAMS // (padded(rows, loops.ROWS) * loops.ROWS)))
    run = iterate("kaczmarz", sweep, n, loops.LANES * blocks, iterations, tolerance, calls, progress, bool(full_output))
    meaning = "an image may be off by {:.2g} times its norm"
    cure = "raise iterations, alpha or tolerance, or use mpifast.tikhonov, or mpifast.nnls for nonnegative=True"
    warn_unconverged("kaczmarz", run, tolerance, iterations, meaning, cure)
    found = np.ascontiguousarray(images.transpose(0, 2, 1).reshape(-1, width)[:n, :voxels])
    return solution(given, found, strengths, run, full_output)


def _cross_validated(given: Problem, weights: np.ndarray, data: np.ndarray) -> np.ndarray:
    """An alpha for each spectrum by generalised cross-validation."""
    rows, voxels = given.real.shape
    if rows > TALL * voxels and len(data):
        small, right = triangle(given.real, weights, data)
        return choose_alpha("gcv", Spectral.of(*np.linalg.svd(small, full_matrices=False)), right, equations=rows)
    svd = np.linalg.svd(weights[:, None] * given.real, full_matrices=False)
    return choose_alpha("gcv", Spectral.of(*svd), data)


def _pulled(spectra: np.ndarray, real: np.ndarray, threads: int) -> np.ndarray:
    """S^T u float64[n, voxels], with a copy of some rows of S at a time, and without BLAS: its threads would go on
    spinning beside those of the sweeps.
    """
    total = np.zeros((len(spectra), real.shape[1]))
    for first in range(0, len(real), BLOCK):
        part = slice(first, first + BLOCK)
        total += product(np.ascontiguousarray(spectra[:, part]), real[part], threads)
    return total


def _grams(real: np.ndarray, weights: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """Gram matrices of the tiles of W S in each order, float64[k, tiles, ROWS, ROWS]."""
    count, length = len(orders), padded(orders.shape[1], loops.ROWS)
    order, scale = np.zeros((count, length), np.int64), np.zeros((count, length))
    # The rows that the last tile lacks have weight 0.
    order[:, : orders.shape[1]], scale[:, : orders.shape[1]] = orders, weights[orders]
    tiles, scales = order.reshape(-1, loops.ROWS), scale.reshape(-1, loops.ROWS)
    grams = np.empty((len(tiles), loops.ROWS, loops.ROWS))
    for first in range(0, len(tiles), TILES):
        rows = real[tiles[first : first + TILES]]
        rows *= scales[first : first + TILES, :, None]
        np.matmul(rows, rows.transpose(0, 2, 1), out=grams[first : first + TILES])
    return grams.reshape(count, -1, loops.ROWS, loops.ROWS)


def _blocked(values: np.ndarray, blocks: int) -> np.ndarray:
    """[n, columns] as [blocks, columns, LANES], with zeros for the spectra that are missing in the last block."""
    filled = np.zeros((blocks * loops.LANES, values.shape[1]))
    filled[: len(values)] = values
    return np.ascontiguousarray(filled.reshape(blocks, loops.LANES, values.shape[1]).transpose(0, 2, 1))
