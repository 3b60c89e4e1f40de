"""How much to regularise a given problem: from all singular values of a small system; of a large one by quadrature, or
from the leading ones for a rank.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from mpifast.solvers.equations import Equations
from mpifast.solvers.iteration import ConvergenceWarning
from mpifast.solvers.linear_algebra import golub_kahan, randomized
from mpifast.solvers.parameter_choice import Spectral, by_rule, choose
from mpifast.solvers.solution import Problem

STEPS = 20  # candidates for alpha per factor of ten
CHECKED = 25  # steps of a bidiagonalisation between looks at what it would choose
CHANGE = 0.005  # of the curves at the chosen alpha, from one look to the next
STILL = 1e-5  # of the curves at all alphas: where they are flat, the choice itself may jump


def choose_alpha(
    choice: str,
    spectral: Spectral,
    spectra: np.ndarray,
    noise_level: np.ndarray | None = None,
    equations: int | None = None,
) -> np.ndarray:
    """The alpha that a rule picks for each spectrum, float64[n]: from the largest squared singular value to a hundredth
    of the smallest, or 0, for data without noise. ``equations`` as for `mpifast.solvers.parameter_choice.choose`.
    """
    if len(spectral.values) == 0:
        return np.zeros(len(spectra))
    squares = spectral.values**2
    candidates = np.append(_falling(squares[0], np.log10(squares[0] / squares[-1]) + 2.0), 0.0)
    filters = squares / (squares + candidates[:, None])
    return candidates[choose(choice, spectral, spectra, filters, noise_level, equations)]


def _falling(first: float, decades: float) -> np.ndarray:
    """Candidates float64[c]."""
    return first * 10.0 ** -np.linspace(0.0, decades, int(STEPS * decades) + 1)


def large_alpha(name: str, given: Problem, choice: str, noise_level: np.ndarray | None = None) -> np.ndarray:
    """The same of a large system, for a solver: from the largest squared singular value to the rounding of
    ||W S||_F^2, by quadrature (`mpifast.solvers.linear_algebra.golub_kahan`). A warning names spectra without a settled
    choice.
    """
    alphas, settled = np.zeros(len(given.data)), np.ones(len(given.data), bool)
    group = golub_kahan.together(given.equations.shape)
    for first in range(0, len(alphas), group):
        rows = slice(first, first + group)
        levels = None if noise_level is None else noise_level[rows]
        alphas[rows], settled[rows] = _by_quadrature(given.equations, given.data[rows], choice, levels)
    if not settled.all():
        warnings.warn(
            f"{name}: the choice of alpha by {choice!r} has not settled for {(~settled).sum()} of {len(settled)} "
            f"spectra of this large system after {golub_kahan.STEPS} steps: give alpha, or take another choice",
            ConvergenceWarning,
            stacklevel=3,
        )
    return alphas


def _by_quadrature(
    equations: Equations, data: np.ndarray, choice: str, noise_level: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Alphas float64[n], and whether each has settled: the same candidate or the next as some steps ago, with the same
    values of all curves, or all curves as before. The index alone could stay at the end of curves that are still wrong.
    """
    run = golub_kahan.Bidiagonalisation(equations, data)
    run.extend(CHECKED)
    precision = np.float32 if choice == "lcurve" else equations.dtype  # its corner depends on where the curve ends
    top, bottom = run.largest(), np.finfo(precision).eps * equations.norms.sum()
    if top <= bottom:
        return np.zeros(len(data)), np.ones(len(data), bool)
    candidates, every = _falling(top, np.log10(top / bottom)), np.arange(len(data))
    curves = run.curves(candidates)
    picked = by_rule(choice, *curves, noise_level, equations.shape[0])
    while True:
        run.extend(CHECKED)
        before, last, curves = curves, picked, run.curves(candidates)
        picked = by_rule(choice, *curves, noise_level, equations.shape[0])
        near, still = abs(picked - last) <= 1, np.ones(len(data), bool)
        for old, new in zip(before, curves, strict=True):
            change = abs(new - old) / np.maximum(new, np.finfo(np.float64).tiny)
            change = np.broadcast_to(change, curves.residual.shape)
            near &= change[every, picked] <= CHANGE
            still &= (change <= STILL).all(axis=1)
        settled = near | still
        if settled.all() or run.steps >= golub_kahan.STEPS:
            return candidates[picked], settled


def growing(
    given: Problem,
    chosen: Callable[[Spectral, bool], np.ndarray],
    near: Callable[[np.ndarray, Spectral], np.ndarray],
) -> tuple[Spectral, np.ndarray, bool]:
    """As many leading singular values as a choice takes: twice as many while it is near the last of them. Also what was
    chosen, and whether it ended for want of singular values.
    """
    size, bound = randomized.BLOCK, randomized.most(given.equations)
    while True:
        size = min(size, bound)
        rank = size if size == min(given.equations.shape) else size - randomized.OVERSAMPLED
        spectral = randomized.kept_sketch(given.system, given.equations, size).spectral(rank)
        complete = size == rank or len(spectral.values) < rank
        picked = chosen(spectral, complete)
        enough = complete or not near(picked, spectral).any()
        if enough or size == bound:
            return spectral, picked, not enough
        del spectral  # before the next one is made
        size *= 2


def warn_short(edge: np.ndarray, count: int) -> None:
    """Warn the caller of tsvd of choices that end with the singular values that are known."""
    if edge.any():
        warnings.warn(
            f"tsvd: {edge.sum()} of {len(edge)} spectra may need less regularisation than the {count} leading singular "
            "values of this large system allow: give rank",
            ConvergenceWarning,
            stacklevel=3,
        )


def weighted_real(given: Problem) -> np.ndarray:
    """W S as one array, of a small system."""
    weights = given.equations.weights
    return given.real if (weights == 1.0).all() else weights[:, None] * given.real


def all_values(given: Problem) -> Spectral:
    """All singular values of W S; the system keeps them without weights."""
    if (given.equations.weights == 1.0).all():
        return Spectral.of(*given.system.svd)
    return Spectral.of(*np.linalg.svd(weighted_real(given).astype(np.float64), full_matrices=False))
