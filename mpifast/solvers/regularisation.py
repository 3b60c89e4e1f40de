"""How much to regularise a given problem: from all singular values of a small system, from the leading ones of a large
one.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from mpifast.solvers.equations import SMALL
from mpifast.solvers.iteration import ConvergenceWarning
from mpifast.solvers.linear_algebra import randomized
from mpifast.solvers.parameter_choice import Spectral, choose
from mpifast.solvers.solution import Problem

STEPS = 20  # candidates for alpha per factor of ten
CLEAR = 4.0  # a chosen alpha is at least this times the last squared singular value, or more of them are looked for


def choose_alpha(
    choice: str,
    spectral: Spectral,
    spectra: np.ndarray,
    noise_level: np.ndarray | None = None,
    equations: int | None = None,
    least: float | None = None,
) -> np.ndarray:
    """The alpha that a rule picks for each spectrum, float64[n]: from the largest squared singular value to a hundredth
    of the smallest, or 0; where there are smaller ones that are not known, to ``least``. ``equations`` as for
    `mpifast.solvers.parameter_choice.choose`.
    """
    if len(spectral.values) == 0:
        return np.zeros(len(spectra))
    squares = spectral.values**2
    decades = np.log10(squares[0] / squares[-1]) + 2.0 if least is None else np.log10(squares[0] / least)
    falling = squares[0] * 10.0 ** -np.linspace(0.0, decades, int(STEPS * decades) + 1)
    candidates = np.append(falling, 0.0) if least is None else falling  # 0 is for data without noise
    filters = squares / (squares + candidates[:, None])
    return candidates[choose(choice, spectral, spectra, filters, noise_level, equations)]


def leading_alpha(name: str, given: Problem, choice: str, levels: np.ndarray | None = None) -> np.ndarray:
    """The alphas of a large system for a solver, above the square of the last singular value that is known."""
    part = 0.01 if choice == "lcurve" else 1.0  # the corner shows only between two branches

    def chosen(spectral: Spectral, complete: bool) -> np.ndarray:
        least = None if complete else part * spectral.values[-1:].sum() ** 2
        return choose_alpha(choice, spectral, given.data, levels, least=least)

    def near(alphas: np.ndarray, spectral: Spectral) -> np.ndarray:
        return alphas < CLEAR * spectral.values[-1:].sum() ** 2

    spectral, alphas, short = growing(given, chosen, near)
    edge = alphas < 1.5 * spectral.values[-1:].sum() ** 2 if short else alphas < 0.0
    warn_short(name, edge, len(spectral.values), "alpha")
    return alphas


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
        size *= 2


def warn_short(name: str, edge: np.ndarray, count: int, what: str) -> None:
    """Warn the caller of a solver of choices that end with the singular values that are known."""
    if edge.any():
        warnings.warn(
            f"{name}: {edge.sum()} of {len(edge)} spectra may need less regularisation than the {count} leading "
            f"singular values of this large system allow: give {what}",
            ConvergenceWarning,
            stacklevel=3 if name == "tsvd" else 4,
        )


def is_large(given: Problem) -> bool:
    """Whether a decomposition of all equations would take too long."""
    return given.equations.shape[0] * given.equations.shape[1] > SMALL


def weighted_real(given: Problem) -> np.ndarray:
    """W S as one array, of a small system."""
    weights = given.equations.weights
    return given.real if (weights == 1.0).all() else weights[:, None] * given.real


def all_values(given: Problem) -> Spectral:
    """All singular values of W S; the system keeps them without weights."""
    if (given.equations.weights == 1.0).all():
        return Spectral.of(*given.system.svd)
    return Spectral.of(*np.linalg.svd(weighted_real(given).astype(np.float64), full_matrices=False))
