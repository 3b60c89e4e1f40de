"""Solvers whose images have zeros: FISTA for the 1-norm, and SciPy's non-negative least squares."""

from __future__ import annotations

from typing import Any

import numpy as np
from tqdm import tqdm

from mpifast import _validation as check
from mpifast._compiled.jit import thread_count
from mpifast._compiled.products import lanes, padded
from mpifast.solvers import _solver_loops as loops
from mpifast.solvers.iteration import iterate, options
from mpifast.solvers.solution import Solution, problem, solution


def sparse(
    system: Any,
    u: Any,
    alpha: Any = None,
    iterations: int = 10_000,
    tolerance: float = 1e-6,
    nonnegative: bool = False,
    full_output: bool = False,
    progress: bool | None = None,
    threads: int | None = None,
) -> np.ndarray | Solution:
    """Sparse images: the minimum of ||S c - u||_2^2 + alpha ||c||_1, eq. (5) with p = 1, by FISTA with restart.

    With L = s_1^2, the square of the largest singular value, and c = y = 0, t = 1 in the beginning, an iteration is::

        z   = y - S^T (S y - u) / L                                  # a gradient step
        c'  = sign(z) max(|z| - alpha / (2 L), 0)                    # shrunk; max(z - alpha / (2 L), 0) if nonnegative
        t   = 1 where (y - c') . (c' - c) > 0                        # restart: the momentum points uphill
        t'  = (1 + sqrt(1 + 4 t^2)) / 2
        y   = c' + (t - 1) / t' (c' - c);  c, t = c', t'

    Parameters
    ----------
    system : SystemMatrix
        The system matrix; its real form `SystemMatrix.real` is inverted.
    u : array_like
        float[n, harmonics], raw spectra.
    alpha : float or array_like, optional
        Weight of the 1-norm, not scaled by anything: one number, or float[n] one for each spectrum. From 2 max |S^T u|
        on the image is zero. None: a thousandth of that.
    iterations : int, optional
        Most steps.
    tolerance : float, optional
        A spectrum is done when ||c' - y|| is below this fraction of ||c'||: at the minimum a step changes nothing.
    nonnegative : bool, optional
        Whether to minimise over images without negative values.
    full_output, progress, threads
        As for `mpifast.kaczmarz`.

    Returns
    -------
    ndarray or Solution
        float64[n, voxels].

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type, shape or range, or not finite.

    References
    ----------
    Chae 2017, eq. (5); Beck and Teboulle, SIAM J. Imaging Sci. 2:183, 2009; O'Donoghue and Candes, Found. Comput. Math.
    15:715, 2015.

    Examples
    --------
    >>> import mpifast
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> dots = mpifast.phantoms.points()[[40, 60]]
    >>> images = mpifast.sparse(system, system.spectra(dots))
    >>> images.argmax(axis=1), (abs(images) > 0.01).sum(axis=1)
    (array([40, 60]), array([1, 1]))
    """
    real, spectra = problem(system, u, full_output, progress)
    iterations, tolerance, nonnegative = options(iterations, tolerance, nonnegative)
    threads = thread_count(threads)
    if alpha is None:
        alpha = 2e-3 * np.abs(spectra @ real).max(axis=1)
    alpha = check.per_row("alpha", alpha, len(spectra), low=0.0)
    n, voxels = len(spectra), system.voxels
    largest = float(system.svd[1][0]) ** 2
    lipschitz = largest if largest > 0.0 else 1.0
    rows, width = padded(n, loops.TILE), padded(voxels, lanes(np.dtype(np.float64)))
    gram, target, threshold = np.zeros((width, width)), np.zeros((rows, width)), np.zeros(rows)
    gram[:voxels, :voxels] = real.T @ real / lipschitz
    target[:n, :voxels] = spectra @ real / lipschitz
    threshold[:n] = alpha / (2.0 * lipschitz)
    kernel = loops.Fista(gram, target, threshold, tolerance, nonnegative)
    images, points, momentum = np.zeros((rows, width)), np.zeros((rows, width)), np.ones(rows)
    slots = max(1, min(threads, rows // loops.TILE))

    def step(first: int, history: np.ndarray) -> None:
        loops.fista(kernel, images, points, momentum, history, slots, threads=slots)

    history = iterate("sparse", step, n, rows, iterations, n * gram.size, progress, full_output)
    return solution(real, spectra, np.ascontiguousarray(images[:n, :voxels]), alpha, history, full_output)


def nnls(
    system: Any, u: Any, alpha: Any = 0.0, full_output: bool = False, progress: bool | None = None
) -> np.ndarray | Solution:
    """Images without negative values: the minimum of ||S c - u||_2^2 + alpha ||c||_2^2 over c >= 0, by SciPy's active
    sets.

    Exact after finitely many steps, and serial: `mpifast.kaczmarz` with ``nonnegative=True`` comes to the same image.

    Parameters
    ----------
    system : SystemMatrix
        The system matrix; its real form `SystemMatrix.real` is inverted.
    u : array_like
        float[n, harmonics], raw spectra.
    alpha : float or array_like, optional
        Strength of the regularisation as for `mpifast.tikhonov`: one number, or float[n] one for each spectrum.
    full_output, progress
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

    real, spectra = problem(system, u, full_output, progress)
    alpha = check.per_row("alpha", alpha, len(spectra), low=0.0)
    rotation, triangle = np.linalg.qr(real)  # the same minimum, and no more rows than voxels
    data = spectra @ rotation
    voxels = system.voxels
    images = np.empty((len(spectra), voxels))
    for n in tqdm(
        range(len(spectra)), desc="nnls", unit="spectrum", delay=2, disable=None if progress is None else not progress
    ):
        stacked, right = triangle, data[n]
        if alpha[n] > 0.0:
            stacked, right = (
                np.vstack([triangle, np.sqrt(alpha[n]) * np.eye(voxels)]),
                np.append(data[n], np.zeros(voxels)),
            )
        images[n] = active_set(stacked, right, maxiter=30 * voxels)[0]
    return solution(real, spectra, images, alpha, None, full_output)
