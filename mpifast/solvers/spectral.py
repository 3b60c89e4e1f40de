"""Truncated singular values and Tikhonov: small systems in closed form, large ones by projection and iteration."""

from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np

from mpifast import _validation as check
from mpifast.solvers.iteration import options, warn_unconverged
from mpifast.solvers.linear_algebra import randomized
from mpifast.solvers.linear_algebra.conjugate_gradients import conjugate_gradients
from mpifast.solvers.linear_algebra.normal_equations import ridge, well_posed
from mpifast.solvers.parameter_choice import RULES, Spectral, choose, product
from mpifast.solvers.regularisation import (
    all_values,
    choose_alpha,
    growing,
    large_alpha,
    warn_short,
    weighted_real,
)
from mpifast.solvers.solution import Problem, Solution, problem, solution, strength

LEADING = 4  # a rank of up to this part of the smaller side of a large system takes a randomised decomposition


@overload
def tsvd(
    system: Any, u: Any, rank: int | None = ..., choice: str = ..., noise_level: Any = ..., tolerance: Any = ...,
    full_output: Literal[False] = ..., weights: Any = ...,
) -> np.ndarray: ...  # fmt: skip
@overload
def tsvd(
    system: Any, u: Any, rank: int | None = ..., choice: str = ..., noise_level: Any = ..., tolerance: Any = ...,
    *, full_output: Literal[True], weights: Any = ...,
) -> Solution: ...  # fmt: skip
@overload
def tsvd(
    system: Any, u: Any, rank: int | None = ..., choice: str = ..., noise_level: Any = ..., tolerance: Any = ...,
    full_output: bool = ..., weights: Any = ...,
) -> np.ndarray | Solution: ...  # fmt: skip
def tsvd(
    system: Any,
    u: Any,
    rank: int | None = None,
    choice: str = "gcv",
    noise_level: Any = None,
    tolerance: Any = None,
    full_output: bool = False,
    weights: Any = None,
) -> np.ndarray | Solution:
    """Images by truncated singular value decomposition.

    c = sum over the ``rank`` largest singular values s_i of v_i (u_i^T u) / s_i: the least-squares solution of eq. (5)
    without the directions that noise would fill. With weights the singular values are those of W S, and W u stands for
    u.

    Parameters
    ----------
    system : SystemMatrix, LinearSystem or array_like
        The system, or its real or complex matrix [rows, voxels]. Images are real.
    u : array_like
        Spectra: complex[n, rows], or float[n, equations] in the order of `LinearSystem.real`. At 30 nm and below make
        them as float64.
    rank : int, optional
        Singular values kept, at most ``min(equations, voxels)``. None: by ``choice``.
    choice : {"gcv", "discrepancy", "lcurve", "tolerance"}, optional
        How to choose the rank where none is given. The first three choose for each spectrum by itself: generalised
        cross-validation, the smallest rank whose residual is that of the noise, the corner of the L-curve. "tolerance"
        takes the same rank for all.
    noise_level : float or array_like, optional
        Standard deviation of the noise in an equation, before the weights, for "discrepancy": one number, or float[n]
        one for each spectrum.
    tolerance : float, optional
        For "tolerance": singular values of at least this fraction of the largest are kept.
    full_output : bool, optional
        Whether to return a `Solution` with the ranks and the residuals.
    weights : "energy" or array_like, optional
        Weights W, not negative, as for `mpifast.kaczmarz`: both sides are multiplied. None: 1.

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
        If the choice for a large system needs more singular values than it computes.

    Notes
    -----
    Singular values below 2.2e-16 of the largest count as zero.

    A system of more than four million numbers takes a randomised decomposition (Halko, Martinsson and Tropp 2011) for a
    rank of up to a quarter of the smaller side; a larger one takes all singular values. Its leading singular values and
    vectors are accurate, the last ones contain a little of the next. A choice doubles the number of singular values
    until it is clear of the last one, up to a sixteenth of the smaller side. The system keeps the decomposition for the
    next call with the same weights, after which a sequence of spectra costs two products.

    References
    ----------
    Chae 2017, eq. (5) and section IV.2; Hansen, Rank-Deficient and Discrete Ill-Posed Problems, SIAM 1998; Halko,
    Martinsson and Tropp, SIAM Review 53:217, 2011 (randomised).

    Examples
    --------
    >>> import mpifast
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> u, c = mpifast.Spectra(system, seed=7, dtype="float64")[:10]
    >>> bool(abs(mpifast.tsvd(system, u, rank=129) - c).max() < 1e-11)
    True
    """
    given = problem(system, u, full_output, weights=weights)
    data, smaller = given.data, min(given.equations.shape)
    if rank is not None:
        rank = check.integer("rank", rank, low=1, high=smaller)
    levels = _weighted(_rule(choice, (*RULES, "tolerance"), noise_level, len(data)), given)
    cut = _tolerance(choice, tolerance)

    def chosen(spectral: Spectral, complete: bool = True) -> np.ndarray:
        kept = len(spectral.values)
        if rank is not None:
            return np.full(len(data), rank)
        if choice == "tolerance" or kept == 0:
            return np.full(len(data), (spectral.values >= cut * spectral.values[:1]).sum())
        return choose(choice, spectral, data, np.tri(kept), levels) + 1  # candidates: rank 1, 2, ..., all

    if given.equations.small or (rank or 0) > smaller // LEADING:
        spectral = all_values(given)
        ranks = chosen(spectral)
    elif rank is not None:
        size = randomized.size_of(given.equations, rank)
        spectral = randomized.kept_sketch(given.system, given.equations, size).spectral(rank)
        ranks = chosen(spectral)
    else:
        spectral, ranks, short = growing(given, chosen, lambda ranks, spectral: 2 * ranks > len(spectral.values))
        warn_short(ranks >= len(spectral.values) if short else ranks < 0, len(spectral.values))
    filters = np.arange(len(spectral.values)) < ranks[:, None]
    images = product(product(data, spectral.left) * filters / spectral.values, spectral.right)
    return solution(given, images, ranks, None, full_output)


@overload
def tikhonov(
    system: Any, u: Any, alpha: Any = ..., choice: str = ..., noise_level: Any = ...,
    full_output: Literal[False] = ..., relative: bool = ..., weights: Any = ...,
    iterations: int = ..., tolerance: float = ..., progress: bool | None = ...,
) -> np.ndarray: ...  # fmt: skip
@overload
def tikhonov(
    system: Any, u: Any, alpha: Any = ..., choice: str = ..., noise_level: Any = ...,
    *, full_output: Literal[True], relative: bool = ..., weights: Any = ...,
    iterations: int = ..., tolerance: float = ..., progress: bool | None = ...,
) -> Solution: ...  # fmt: skip
@overload
def tikhonov(
    system: Any, u: Any, alpha: Any = ..., choice: str = ..., noise_level: Any = ...,
    full_output: bool = ..., relative: bool = ..., weights: Any = ...,
    iterations: int = ..., tolerance: float = ..., progress: bool | None = ...,
) -> np.ndarray | Solution: ...  # fmt: skip
def tikhonov(
    system: Any,
    u: Any,
    alpha: Any = None,
    choice: str = "gcv",
    noise_level: Any = None,
    full_output: bool = False,
    relative: bool = False,
    weights: Any = None,
    iterations: int = 2000,
    tolerance: float = 1e-3,
    progress: bool | None = None,
) -> np.ndarray | Solution:
    """Images by Tikhonov regularisation: the minimum of ||W (S c - u)||_2^2 + alpha ||c||_2^2, eq. (5) with p = 2.

    In terms of the singular values of W S, c = sum_i f_i v_i (u_i^T W u) / s_i with the filter f_i = s_i^2 / (s_i^2 +
    alpha).

    Parameters
    ----------
    system : SystemMatrix, LinearSystem or array_like
        The system, or its real or complex matrix [rows, voxels]. Images are real.
    u : array_like
        Spectra: complex[n, rows], or float[n, equations] in the order of `LinearSystem.real`. At 30 nm and below make
        them as float64.
    alpha : float or array_like, optional
        Strength of the regularisation, in the unit of squared singular values: one number, or float[n] one for each
        spectrum. Zero: least squares. None: by ``choice``.
    choice : {"gcv", "discrepancy", "lcurve"}, optional
        How to choose alpha where none is given, for each spectrum by itself and among twenty values a decade:
        generalised cross-validation, the largest alpha whose residual is that of the noise, the corner of the L-curve.
    noise_level : float or array_like, optional
        Standard deviation of the noise in an equation, before the weights, for "discrepancy": one number, or float[n]
        one for each spectrum.
    full_output : bool, optional
        Whether to return a `Solution` with the alphas and the residuals.
    relative : bool, optional
        Whether ``alpha`` is a multiple of ||W S||_F^2 / voxels, as lambda is in MPIReco.jl.
    weights : "energy" or array_like, optional
        Weights W, not negative, as for `mpifast.kaczmarz`: both sides are multiplied. None: 1.
    iterations : int, optional
        For a large system (see the notes): largest number of iterations. The smaller alpha, the more are needed.
    tolerance : float, optional
        For a large system: a spectrum has converged when its image is within this fraction of its norm from the
        minimum, by the bound in the notes. 0: exactly ``iterations`` iterations, without a warning.
    progress : bool, optional
        Whether to show a progress bar of the iterations on stderr. None: on a terminal, after two seconds. Ctrl-C ends
        between iterations.

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
        If a spectrum of a large system has not converged after ``iterations`` iterations, or its choice of alpha
        has not settled.

    Notes
    -----
    A system of up to four million numbers is solved directly. A given alpha above 1e-10 ||W S||_F^2 takes Cholesky's
    factor of S^T S + alpha, or of S S^T + alpha where this is smaller, and a step of iterative refinement, which makes
    it as accurate as the singular value decomposition. A smaller alpha, and the choice of one, take this decomposition;
    the system keeps it for the next call without weights. Singular values below 2.2e-16 of the largest count as zero.

    A larger system is solved by conjugate gradients, which read the matrix twice an iteration in its own precision and
    take no copy of it. Their preconditioner consists of leading singular values from a random sketch, which the system
    keeps for the next call with the same weights. ``tolerance`` bounds ||P^-1 g|| / ||c||, where g is the gradient of
    the minimum and P is S^T S + alpha in the directions of the singular vectors and alpha in the others. The error is
    usually a tenth of it. Single precision reaches a tolerance of about 1e-5.

    For a large system the rules use Gauss quadrature (Golub and von Matt 1997): 50 to 200 steps of a bidiagonalisation,
    each a product with W S and one with its transpose, give the residual and the norm at all alphas together, and three
    vectors of random signs, always the same, the degrees of freedom. The steps end when the choice has settled.
    Candidates reach from the largest squared singular value down to the rounding of ||W S||_F^2; the L-curve ends at
    the rounding of single precision. Many spectra, or an alpha below 1e-5 of the largest squared singular value, may
    end a few candidates above the choice of all singular values, where the curve is flat.

    References
    ----------
    Chae 2017, eq. (5); Golub, Heath and Wahba, Technometrics 21:215, 1979 (cross-validation); Hansen, SIAM 1998
    (L-curve); Golub and von Matt, J. Comput. Graph. Stat. 6:1, 1997 (choices of large systems); Frangella, Tropp and
    Udell, SIAM J. Matrix Anal. Appl. 44:718, 2023 (the preconditioner).

    Examples
    --------
    >>> import mpifast
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> u, c = mpifast.Spectra(system, seed=7, snr_db=30.0)[:10]
    >>> fit = mpifast.tikhonov(system, u, full_output=True)
    >>> fit.images.shape, fit.parameter.shape
    ((10, 129), (10,))
    """
    given = problem(system, u, full_output, progress, weights)
    iterations, tolerance, _ = options(iterations, tolerance, False)
    strengths = strength(alpha, relative, given)
    levels = _weighted(_rule(choice, RULES, noise_level, len(given.spectra)), given)
    if given.equations.small:
        images, strengths = _direct(given, strengths, choice, levels)
        return solution(given, images, strengths, None, full_output)
    if strengths is None:
        strengths = large_alpha("tikhonov", given, choice, levels)
    images, run = conjugate_gradients(
        given.system, given.equations, given.data, strengths, tolerance, iterations, progress, bool(full_output)
    )
    meaning = "an image may be off by {:.2g} times its norm"
    warn_unconverged("tikhonov", run, tolerance, iterations, meaning, "raise iterations, alpha or tolerance")
    return solution(given, images, strengths, run, full_output)


def _direct(
    given: Problem, strengths: np.ndarray | None, choice: str, levels: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Tikhonov's images of a small system, and the alphas."""
    data, real = given.data, weighted_real(given)
    if strengths is None:
        strengths = choose_alpha(choice, all_values(given), data, levels)
        easy = np.zeros(len(data), bool)
    else:
        easy = well_posed(strengths, real)
    images = np.empty((len(data), real.shape[1]))
    if easy.any():
        images[easy] = ridge(real, data[easy], strengths[easy])
    if not easy.all():
        spectral = all_values(given)
        gains = spectral.values / (spectral.values**2 + strengths[~easy, None])
        images[~easy] = (data[~easy] @ spectral.left * gains) @ spectral.right
    return images, strengths


def _weighted(levels: np.ndarray | None, given: Problem) -> np.ndarray | None:
    """The standard deviation of noise in a weighted equation, in the mean square."""
    return None if levels is None else levels * np.sqrt(np.square(given.equations.weights).mean())


def _rule(choice: Any, rules: tuple[str, ...], noise_level: Any, count: int) -> np.ndarray | None:
    """Check the choice and that it has, and only it has, the noise level it needs."""
    check.choice("choice", choice, rules)
    if (choice == "discrepancy") != (noise_level is not None):
        raise ValueError(
            f"noise_level={noise_level!r} does not fit choice={choice!r}: give it with 'discrepancy', and only there"
        )
    return None if noise_level is None else check.per_row("noise_level", noise_level, count, low=0.0)


def _tolerance(choice: str, tolerance: Any) -> float:
    if (choice == "tolerance") != (tolerance is not None):
        raise ValueError(
            f"tolerance={tolerance!r} does not fit choice={choice!r}: give it with 'tolerance', and only there"
        )
    return 0.0 if tolerance is None else check.number("tolerance", tolerance, low=0.0, high=1.0)
