"""Kaczmarz's method, regularised: one equation at a time, many spectra side by side."""

from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np

from mpifast import _validation as check
from mpifast._compiled.jit import thread_count
from mpifast.solvers.iteration import iterate, options, warn_unconverged
from mpifast.solvers.kaczmarz_sweeps import Method, Sweeps, new_sweeps
from mpifast.solvers.linear_algebra.tall import TALL, triangle
from mpifast.solvers.parameter_choice import Spectral
from mpifast.solvers.regularisation import all_values, choose_alpha, large_alpha
from mpifast.solvers.solution import Problem, Solution, problem, solution, strength

MEANING = "an image may be off by {:.2g} times its norm"


@overload
def kaczmarz(
    system: Any, u: Any, alpha: Any = ..., iterations: int = ..., tolerance: float = ..., weights: Any = ...,
    nonnegative: bool = ..., order: str = ..., seed: int = ...,
    full_output: Literal[False] = ..., progress: bool | None = ..., threads: int | None = ...,
    relative: bool = ..., projection: str = ...,
) -> np.ndarray: ...  # fmt: skip
@overload
def kaczmarz(
    system: Any, u: Any, alpha: Any = ..., iterations: int = ..., tolerance: float = ..., weights: Any = ...,
    nonnegative: bool = ..., order: str = ..., seed: int = ...,
    *, full_output: Literal[True], progress: bool | None = ..., threads: int | None = ...,
    relative: bool = ..., projection: str = ...,
) -> Solution: ...  # fmt: skip
@overload
def kaczmarz(
    system: Any, u: Any, alpha: Any = ..., iterations: int = ..., tolerance: float = ..., weights: Any = ...,
    nonnegative: bool = ..., order: str = ..., seed: int = ...,
    full_output: bool = ..., progress: bool | None = ..., threads: int | None = ...,
    relative: bool = ..., projection: str = ...,
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
    projection: str = "dykstra",
) -> np.ndarray | Solution:
    """Images by the regularised Kaczmarz method: the minimum of ||W (S c - u)||_2^2 + alpha ||c||_2^2, row by row.

    Plain Kaczmarz projects the image onto one equation S_k c = u_k after the other. Noisy equations contradict each
    other, and the iteration never converges. The regularised method gives each equation a slack v_k of its own and
    solves S_k c + sqrt(alpha) v_k = u_k, which always has a solution; of all of them it finds that of least norm, and
    this is Tikhonov's image::

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
    minimum; ``projection="plain"`` gives their images. Some equations are taken together, by a product with the image
    and with their own Gram matrix; the iterates are those of the loop above. The matrix is read where it is, in its own
    precision, without a copy; a large one in single precision gives images with the rounding of single precision.

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
        Largest number of sweeps. The smaller alpha, the more are needed.
    tolerance : float, optional
        A spectrum has converged when its image is within this fraction of its norm from the minimum, by the bound in
        the notes; with ``projection="plain"``, when a sweep changes it by no more than this fraction. 0: exactly
        ``iterations`` sweeps, without a warning.
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
    projection : {"dykstra", "plain"}, optional
        "dykstra": the loop above, whose images converge to the minimum. "plain": the images of MPIReco.jl. It takes a
        complex row at a time (both of its equations, before the next row) on a complex image, of which each sweep ends
        with Im c = 0, with or without ``nonnegative``, and then with max(c, 0) if ``nonnegative``. These images
        converge to another point. Rows that have one part only are the same equations in both forms.

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
        If a spectrum has not converged after ``iterations`` sweeps, or the choice of its alpha has not settled.

    Notes
    -----
    ||r||^2 is the duality gap of the minimum, with or without ``nonnegative``, so the image is within ||r|| / (2
    sqrt(alpha)) of it. The loop takes each r_k before the step of its own equation, which makes ||r|| as large or
    larger in practice, and the bound pessimistic: the error is usually a fifth of it. In the bound, an alpha below
    2.2e-16 ||W S||_F^2 counts as this value, because smaller singular values are lost in rounding. So noisy spectra
    with alpha = 0, whose equations contradict each other, do not converge, and neither do the images of ill-conditioned
    systems with a small alpha: `mpifast.tikhonov` has no such limit. `Solution.history` has this bound over the image's
    norm, or with ``projection="plain"`` ||c - c'|| / ||c||, c' being the image before the sweep.

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
    equations, data = given.equations, given.data
    iterations, tolerance, nonnegative = options(iterations, tolerance, nonnegative)
    strengths = strength(alpha, relative, given)
    check.choice("order", order, ("sequential", "random"))
    plain = check.choice("projection", projection, ("dykstra", "plain")) == "plain"
    seed, threads = check.seed("seed", seed), thread_count(threads)
    paired = plain and len(given.system.parts) == 2
    if paired and not np.array_equal(*equations.weights.reshape(2, -1)):
        raise ValueError("weights of the parts of a row differ: with projection='plain' give one number for each row")
    if strengths is None:
        strengths = _cross_validated(given) if given.equations.small else large_alpha("kaczmarz", given, "gcv")
    random = seed if order == "random" else None
    sweeps = new_sweeps(equations, data, strengths, Method(tolerance, nonnegative, plain, paired, random, threads))
    if not plain and (tolerance > 0.0 or full_output):
        sweeps.bound(*_bounds(strengths, sweeps))
    run = iterate(
        "kaczmarz", sweeps, len(data), sweeps.width, iterations, tolerance, sweeps.together, progress, bool(full_output)
    )
    meaning = "an image still changes by {:.2g} times its norm in a sweep" if plain else MEANING
    cure = "raise iterations, alpha or tolerance, or use mpifast.tikhonov, or mpifast.nnls for nonnegative=True"
    warn_unconverged("kaczmarz", run, tolerance, iterations, meaning, cure)
    return solution(given, sweeps.result(), strengths, run, full_output)


def _bounds(strengths: np.ndarray, sweeps: Sweeps) -> tuple[np.ndarray, np.ndarray]:
    """What turns the norm of the residuals into a bound of an image's error, and the least norm of Tikhonov's image."""
    counted = np.maximum(strengths, np.finfo(np.float64).eps * sweeps.energy)  # alpha in the bound
    bound = 0.5 / np.sqrt(np.where(counted > 0.0, counted, np.inf))
    return bound, sweeps.pulls / (sweeps.energy + strengths + (sweeps.energy == 0.0))


def _cross_validated(given: Problem) -> np.ndarray:
    """An alpha for each spectrum of a small system by generalised cross-validation."""
    weights, data = given.equations.weights, given.data
    rows, voxels = given.real.shape
    if rows > TALL * voxels and len(data):
        small, right = triangle(given.real, weights, data)
        return choose_alpha("gcv", Spectral.of(*np.linalg.svd(small, full_matrices=False)), right, equations=rows)
    return choose_alpha("gcv", all_values(given), data)
