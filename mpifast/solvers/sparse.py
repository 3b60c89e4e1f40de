"""Solvers whose images have zeros: FISTA for the 1-norm, and SciPy's non-negative least squares."""

from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np

from mpifast._compiled.jit import thread_count
from mpifast._compiled.products import lanes, padded
from mpifast._progress import tqdm
from mpifast.solvers._loops import fista as loops
from mpifast.solvers.iteration import Run, iterate, options, together, warn_unconverged
from mpifast.solvers.linear_algebra.normal_equations import gram, largest_eigenvalue
from mpifast.solvers.proximal import OneNorm, descend
from mpifast.solvers.solution import Problem, Solution, problem, solution, strength

DEFAULTS = {True: (10_000, 1e-6), False: (500, 0.05)}  # iterations and tolerance of small and of large systems
WIDE = 2048  # voxels beyond which the Gram matrix counts, however few equations there are: 32 MB


@overload
def sparse(
    system: Any, u: Any, alpha: Any = ..., iterations: int | None = ..., tolerance: float | None = ...,
    nonnegative: bool = ..., full_output: Literal[False] = ..., progress: bool | None = ...,
    threads: int | None = ..., relative: bool = ..., weights: Any = ...,
) -> np.ndarray: ...  # fmt: skip
@overload
def sparse(
    system: Any, u: Any, alpha: Any = ..., iterations: int | None = ..., tolerance: float | None = ...,
    nonnegative: bool = ..., *, full_output: Literal[True], progress: bool | None = ...,
    threads: int | None = ..., relative: bool = ..., weights: Any = ...,
) -> Solution: ...  # fmt: skip
@overload
def sparse(
    system: Any, u: Any, alpha: Any = ..., iterations: int | None = ..., tolerance: float | None = ...,
    nonnegative: bool = ..., full_output: bool = ..., progress: bool | None = ...,
    threads: int | None = ..., relative: bool = ..., weights: Any = ...,
) -> np.ndarray | Solution: ...  # fmt: skip
def sparse(
    system: Any,
    u: Any,
    alpha: Any = None,
    iterations: int | None = None,
    tolerance: float | None = None,
    nonnegative: bool = False,
    full_output: bool = False,
    progress: bool | None = None,
    threads: int | None = None,
    relative: bool = False,
    weights: Any = None,
) -> np.ndarray | Solution:
    """Sparse images: the minimum of ||W (S c - u)||_2^2 + alpha ||c||_1, eq. (5) with p = 1, by FISTA with restart.

    With L = s_1^2, the square of the largest singular value of W S, and c = y = 0, t = 1 in the beginning, an iteration
    is::

        z   = y - S^T W^2 (S y - u) / L                              # a gradient step
        c'  = sign(z) max(|z| - alpha / (2 L), 0)                    # shrunk; max(z - alpha / (2 L), 0) if nonnegative
        t   = 1 where (y - c') . (c' - c) > 0                        # restart: the momentum points uphill
        t'  = (1 + sqrt(1 + 4 t^2)) / 2
        y   = c' + (t - 1) / t' (c' - c);  c, t = c', t'

    A small system, of at most 4.2 million numbers and 2,048 voxels, takes products with the Gram matrix S^T W^2 S. A
    large one takes a product with S and one with S^T, in its own precision and without a copy of the matrix, or by the
    operator of a computed system without a matrix at all.

    Parameters
    ----------
    system : SystemMatrix, LinearSystem or array_like
        The system, or its real or complex matrix [rows, voxels]. Images are real.
    u : array_like
        Spectra: complex[n, rows], or float[n, equations] in the order of `LinearSystem.real`.
    alpha : float or array_like, optional
        Weight of the 1-norm: one number, or float[n] one for each spectrum. The image is zero from 2 max |S^T W^2 u|
        on. None: a thousandth of that.
    iterations : int, optional
        Largest number of steps. None: 10,000 for a small system, 500 for a large one.
    tolerance : float, optional
        Small system: a spectrum has converged when ||c' - y|| is not above this fraction of ||c'||: at the minimum a
        step changes nothing. Large system: when the duality gap is not above this fraction of the objective, which is
        then no further above its minimum. None: 1e-6 and 0.05. 0: exactly ``iterations`` steps, without a warning.
    nonnegative : bool, optional
        Whether to minimise over images without negative values.
    full_output, progress, relative
        As for `mpifast.kaczmarz`.
    threads : int, optional
        Number of threads of the loop for a small system; all by default. The result does not depend on it.
    weights : "energy" or array_like, optional
        Weights W, as for `mpifast.kaczmarz`.

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
        If a spectrum has not converged after ``iterations`` steps.

    Notes
    -----
    The gap of a large system compares the objective with that of a dual point, the residual scaled until
    2 |S^T W^2 (u - S c)| is at most alpha. With ``alpha=0`` there is no such scale, and the gap does not close: choose
    the number of steps, with ``tolerance=0``.

    References
    ----------
    Chae 2017, eq. (5); Beck and Teboulle, SIAM J. Imaging Sci. 2:183, 2009; O'Donoghue and Candes, Found. Comput. Math.
    15:715, 2015; Kim et al., IEEE J. Sel. Top. Signal Process. 1:606, 2007 (the gap).

    Examples
    --------
    >>> import mpifast
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> dots = mpifast.phantoms.points()[[40, 60]]
    >>> images = mpifast.sparse(system, system.spectra(dots))
    >>> images.argmax(axis=1), (abs(images) > 0.01).sum(axis=1)
    (array([40, 60]), array([1, 1]))
    """
    given = problem(system, u, full_output, progress, weights)
    small = given.equations.small and given.equations.shape[1] <= WIDE
    default = DEFAULTS[small]
    iterations, tolerance, nonnegative = options(
        default[0] if iterations is None else iterations, default[1] if tolerance is None else tolerance, nonnegative
    )
    threads = thread_count(threads)
    pull = given.equations.adjoint(given.data)
    weight = strength(alpha, relative, given)
    if weight is None:
        weight = 2e-3 * np.abs(pull).max(axis=1, initial=0.0).astype(np.float64)
    if small:
        images, run = _by_gram_matrix(
            given, pull, weight, iterations, tolerance, nonnegative, threads, progress, bool(full_output)
        )
        meaning = "a step still changes an image by {:.2g} times its norm"
    else:
        penalty = OneNorm(weight, nonnegative)
        images, run = descend(
            "sparse", given.equations, given.data, penalty, iterations, tolerance, progress, bool(full_output)
        )
        meaning = "the objective may be above its minimum by {:.2g} times itself"
    warn_unconverged("sparse", run, tolerance, iterations, meaning, "raise iterations, alpha or tolerance")
    return solution(given, images, weight, run, full_output)


def _by_gram_matrix(
    given: Problem,
    pull: np.ndarray,
    weight: np.ndarray,
    iterations: int,
    tolerance: float,
    nonnegative: bool,
    threads: int,
    progress: bool | None,
    keep: bool,
) -> tuple[np.ndarray, Run]:
    """FISTA on S^T W^2 S and the pull S^T W^2 u float64[n, voxels]."""
    n, voxels = pull.shape
    real = given.equations.weights[:, None] * given.real
    square = gram(real)
    largest = largest_eigenvalue(square if len(real) >= voxels else gram(real.T))
    lipschitz = largest if largest > 0.0 else 1.0
    rows, width = padded(n, loops.TILE), padded(voxels, lanes(np.dtype(np.float64)))
    scaled, target, threshold = np.zeros((width, width)), np.zeros((rows, width)), np.zeros(rows)
    scaled[:voxels, :voxels] = square / lipschitz
    target[:n, :voxels] = pull / lipschitz
    threshold[:n] = weight / (2.0 * lipschitz)
    kernel = loops.Fista(scaled, target, threshold, tolerance, nonnegative)
    images, points, momentum = np.zeros((rows, width)), np.zeros((rows, width)), np.ones(rows)
    slots = max(1, min(threads, rows // loops.TILE))

    def step(first: int, history: np.ndarray) -> None:
        loops.fista(kernel, images, points, momentum, history, slots, threads=slots)

    run = iterate("sparse", step, n, rows, iterations, tolerance, together(n * scaled.size), progress, keep)
    return np.ascontiguousarray(images[:n, :voxels]), run


@overload
def nnls(
    system: Any, u: Any, alpha: Any = ...,
    full_output: Literal[False] = ..., progress: bool | None = ..., relative: bool = ...,
) -> np.ndarray: ...  # fmt: skip
@overload
def nnls(
    system: Any, u: Any, alpha: Any = ...,
    *, full_output: Literal[True], progress: bool | None = ..., relative: bool = ...,
) -> Solution: ...  # fmt: skip
@overload
def nnls(
    system: Any, u: Any, alpha: Any = ...,
    full_output: bool = ..., progress: bool | None = ..., relative: bool = ...,
) -> np.ndarray | Solution: ...  # fmt: skip
def nnls(
    system: Any,
    u: Any,
    alpha: Any = 0.0,
    full_output: bool = False,
    progress: bool | None = None,
    relative: bool = False,
) -> np.ndarray | Solution:
    """Images without negative values: the minimum of ||S c - u||_2^2 + alpha ||c||_2^2 over c >= 0, by SciPy's active
    sets.

    Exact after finitely many steps, and serial. Up to their tolerances two other solvers converge to the same image:
    with alpha > 0 `mpifast.kaczmarz` with ``nonnegative=True``, with more sweeps the smaller alpha is; with alpha = 0
    `mpifast.sparse` with ``alpha=0.0`` and ``nonnegative=True``, where only one image is the minimum.

    Parameters
    ----------
    system : SystemMatrix, LinearSystem or array_like
        The system, or its real or complex matrix [rows, voxels]. Images are real.
    u : array_like
        Spectra: complex[n, rows], or float[n, equations] in the order of `LinearSystem.real`.
    alpha : float or array_like, optional
        Strength of the regularisation as for `mpifast.tikhonov`: one number, or float[n] one for each spectrum.
    full_output, progress, relative
        As for `mpifast.kaczmarz`.

    Returns
    -------
    ndarray or Solution
        float64[n, voxels].

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type, shape or range, or not finite.
    RuntimeError
        If SciPy finds no solution in its number of steps.

    References
    ----------
    Lawson and Hanson, Solving Least Squares Problems, SIAM 1995, chapter 23; `scipy.optimize.nnls`.

    Examples
    --------
    >>> import mpifast
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> u, c = mpifast.Spectra(system, seed=7, dtype="float64")[:3]
    >>> bool(abs(mpifast.nnls(system, u) - c).max() < 1e-9)
    True
    """
    from scipy.optimize import nnls as active_set

    given = problem(system, u, full_output, progress)
    if alpha is None:
        raise TypeError("alpha must be a number, or one for each spectrum, got None: 0.0 is least squares")
    strengths = strength(alpha, relative, given)
    assert strengths is not None
    rotation, triangle = np.linalg.qr(given.real)  # the same minimum, and no more rows than voxels
    data, voxels = given.spectra @ rotation, given.real.shape[1]
    images = np.empty((len(data), voxels))
    hidden = None if progress is None else not progress
    for n in tqdm(range(len(data)), desc="nnls", unit="spectrum", delay=2, disable=hidden):
        stacked, right = triangle, data[n]
        if strengths[n] > 0.0:
            stacked = np.vstack([triangle, np.sqrt(strengths[n]) * np.eye(voxels)])
            right = np.append(data[n], np.zeros(voxels))
        images[n] = active_set(stacked, right, maxiter=30 * voxels)[0]
    return solution(given, images, strengths, None, full_output)
