"""Solvers by singular value decomposition: one decomposition, any number of spectra, any amount of regularisation."""

from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np

from mpifast import _validation as check
from mpifast.solvers.normal_equations import ridge, well_posed
from mpifast.solvers.parameter_choice import RULES, Spectral, choose
from mpifast.solvers.solution import Solution, problem, solution, strength

STEPS = 20  # candidates for alpha per factor of ten


@overload
def tsvd(
    system: Any, u: Any, rank: int | None = ..., choice: str = ..., noise_level: Any = ..., tolerance: Any = ...,
    full_output: Literal[False] = ...,
) -> np.ndarray: ...  # fmt: skip
@overload
def tsvd(
    system: Any, u: Any, rank: int | None = ..., choice: str = ..., noise_level: Any = ..., tolerance: Any = ...,
    *, full_output: Literal[True],
) -> Solution: ...  # fmt: skip
@overload
def tsvd(
    system: Any, u: Any, rank: int | None = ..., choice: str = ..., noise_level: Any = ..., tolerance: Any = ...,
    full_output: bool = ...,
) -> np.ndarray | Solution: ...  # fmt: skip
def tsvd(
    system: Any,
    u: Any,
    rank: int | None = None,
    choice: str = "gcv",
    noise_level: Any = None,
    tolerance: Any = None,
    full_output: bool = False,
) -> np.ndarray | Solution:
    """Images by truncated singular value decomposition.

    c = sum over the ``rank`` largest singular values s_i of v_i (u_i^T u) / s_i: the least-squares solution of eq. (5)
    without the directions that noise would fill.

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
        keeps the same for all.
    noise_level : float or array_like, optional
        Standard deviation of the noise in an equation, for "discrepancy": one number, or float[n] one for each
        spectrum.
    tolerance : float, optional
        For "tolerance": singular values of at least this fraction of the largest are kept.
    full_output : bool, optional
        Whether to return a `Solution` with the ranks and the residuals.

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
    Singular values below 2.2e-16 of the largest count as zero.

    References
    ----------
    Chae 2017, eq. (5) and section IV.2; Hansen, Rank-Deficient and Discrete Ill-Posed Problems, SIAM 1998.

    Examples
    --------
    >>> import mpifast
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> u, c = mpifast.Spectra(system, seed=7, dtype="float64")[:10]
    >>> bool(abs(mpifast.tsvd(system, u, rank=129) - c).max() < 1e-11)
    True
    """
    given = problem(system, u, full_output)
    spectra, most = given.spectra, min(given.real.shape)
    if rank is not None:
        rank = check.integer("rank", rank, low=1, high=most)
    levels = _rule(choice, (*RULES, "tolerance"), noise_level, len(spectra))
    cut = _tolerance(choice, tolerance)
    spectral = Spectral.of(*given.system.svd)
    kept = len(spectral.values)
    if rank is not None:
        ranks = np.full(len(spectra), rank)
    elif choice == "tolerance" or kept == 0:
        ranks = np.full(len(spectra), (spectral.values >= cut * spectral.values[:1]).sum())
    else:
        ranks = choose(choice, spectral, spectra, np.tri(kept), levels) + 1  # candidates: rank 1, 2, ..., all
    filters = np.arange(kept) < ranks[:, None]
    images = (spectra @ spectral.left * filters / spectral.values) @ spectral.right
    return solution(given, images, ranks, None, full_output)


@overload
def tikhonov(
    system: Any, u: Any, alpha: Any = ..., choice: str = ..., noise_level: Any = ...,
    full_output: Literal[False] = ..., relative: bool = ...,
) -> np.ndarray: ...  # fmt: skip
@overload
def tikhonov(
    system: Any, u: Any, alpha: Any = ..., choice: str = ..., noise_level: Any = ...,
    *, full_output: Literal[True], relative: bool = ...,
) -> Solution: ...  # fmt: skip
@overload
def tikhonov(
    system: Any, u: Any, alpha: Any = ..., choice: str = ..., noise_level: Any = ...,
    full_output: bool = ..., relative: bool = ...,
) -> np.ndarray | Solution: ...  # fmt: skip
def tikhonov(
    system: Any,
    u: Any,
    alpha: Any = None,
    choice: str = "gcv",
    noise_level: Any = None,
    full_output: bool = False,
    relative: bool = False,
) -> np.ndarray | Solution:
    """Images by Tikhonov regularisation: the minimum of ||S c - u||_2^2 + alpha ||c||_2^2, eq. (5) with p = 2.

    In terms of the singular values, c = sum_i f_i v_i (u_i^T u) / s_i with the filter f_i = s_i^2 / (s_i^2 + alpha).

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
        Standard deviation of the noise in an equation, for "discrepancy": one number, or float[n] one for each
        spectrum.
    full_output : bool, optional
        Whether to return a `Solution` with the alphas and the residuals.
    relative : bool, optional
        Whether ``alpha`` is a multiple of ||S||_F^2 / voxels, as lambda is in MPIReco.jl.

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
    A given alpha above 1e-10 ||S||_F^2 takes Cholesky's factor of S^T S + alpha, or of S S^T + alpha where this is
    smaller, and a step of iterative refinement, which makes it as accurate as the singular value decomposition. A
    smaller alpha, and the choice of one, take this decomposition; the system keeps it for the next call. Singular
    values below 2.2e-16 of the largest count as zero.

    References
    ----------
    Chae 2017, eq. (5); Golub, Heath and Wahba, Technometrics 21:215, 1979 (cross-validation); Hansen, SIAM 1998
    (L-curve).

    Examples
    --------
    >>> import mpifast
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> u, c = mpifast.Spectra(system, seed=7, snr_db=30.0)[:10]
    >>> fit = mpifast.tikhonov(system, u, full_output=True)
    >>> fit.images.shape, fit.parameter.shape
    ((10, 129), (10,))
    """
    given = problem(system, u, full_output)
    spectra = given.spectra
    strengths = strength(alpha, relative, given)
    levels = _rule(choice, RULES, noise_level, len(spectra))
    if strengths is None:
        strengths = choose_alpha(choice, Spectral.of(*given.system.svd), spectra, levels)
        easy = np.zeros(len(spectra), bool)
    else:
        easy = well_posed(strengths, given.real)
    images = np.empty((len(spectra), given.real.shape[1]))
    if easy.any():
        images[easy] = ridge(given.real, spectra[easy], strengths[easy])
    if not easy.all():
        spectral = Spectral.of(*given.system.svd)
        gains = spectral.values / (spectral.values**2 + strengths[~easy, None])
        images[~easy] = (spectra[~easy] @ spectral.left * gains) @ spectral.right
    return solution(given, images, strengths, None, full_output)


def choose_alpha(
    choice: str,
    spectral: Spectral,
    spectra: np.ndarray,
    noise_level: np.ndarray | None = None,
    equations: int | None = None,
) -> np.ndarray:
    """The alpha that a rule picks for each spectrum, float64[n]: from the largest squared singular value to a hundredth
    of the smallest, or 0. ``equations`` as for `mpifast.solvers.parameter_choice.choose`.
    """
    if len(spectral.values) == 0:
        return np.zeros(len(spectra))
    squares = spectral.values**2
    decades = np.log10(squares[0] / squares[-1]) + 2.0
    falling = squares[0] * 10.0 ** -np.linspace(0.0, decades, int(STEPS * decades) + 1)
    candidates = np.append(falling, 0.0)  # 0 is for data without noise
    filters = squares / (squares + candidates[:, None])
    return candidates[choose(choice, spectral, spectra, filters, noise_level, equations)]


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
