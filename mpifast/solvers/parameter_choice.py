"""How much to regularise: rules that pick one of many candidates for each spectrum, from the singular values alone.

S = U diag(s) V^T, and beta = U^T u. A candidate g filters the solution, c = V diag(f_g / s) beta, with 0 <= f_g <= 1.
Its residual and norm are sums over the singular values, so all candidates cost two small products a spectrum.
Candidates come in the order of falling regularisation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RULES = ("gcv", "discrepancy", "lcurve")
PIECES = 16  # of singular vectors, for products in double precision
BLOCK = 4096  # spectra at a time: memory stays small for any number of them


@dataclass(frozen=True, eq=False)
class Spectral:
    """The singular value decomposition of a system matrix, and the candidates as filters.

    ``left`` [equations, k], ``values`` float64[k] falling, ``right`` [k, voxels]; those of no weight in floating point
    are left out. float64, or the precision of the equations where the randomised decomposition found them.
    """

    left: np.ndarray
    values: np.ndarray
    right: np.ndarray

    @classmethod
    def of(cls, left: np.ndarray, values: np.ndarray, right: np.ndarray) -> Spectral:
        """From NumPy's decomposition; singular values below the rounding of the largest count as zero."""
        kept = int((values > np.finfo(np.float64).eps * values[0]).sum())
        return cls(left[:, :kept], values[:kept], right[:kept])


def product(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The product of two matrices in double precision, of which the second may be in single precision: without a copy
    of it as a whole.
    """
    if second.dtype == np.float64:
        return np.asarray(first @ second)
    pieces = np.array_split(second, PIECES, axis=1)
    return np.concatenate([first @ piece.astype(np.float64) for piece in pieces], axis=1)


def choose(
    rule: str,
    spectral: Spectral,
    u: np.ndarray,
    filters: np.ndarray,
    noise_level: np.ndarray | None,
    equations: int | None = None,
) -> np.ndarray:
    """Index int64[n] of the candidate that a rule picks for each spectrum of ``u`` float64[n, equations]; ``filters``
    float64[candidates, k]. ``equations`` is their number before a reduction, if there was one.
    """
    equations = u.shape[1] if equations is None else equations
    picked = np.empty(len(u), np.int64)
    for start in range(0, len(u), BLOCK):
        rows = slice(start, start + BLOCK)
        beta = product(u[rows], spectral.left)
        outside = np.square(u[rows] - product(beta, spectral.left.T)).sum(axis=1)  # no image explains it: noise
        residual = np.square(beta) @ np.square(1.0 - filters).T + outside[:, None]
        size = np.square(beta) @ np.square(filters / spectral.values).T if rule == "lcurve" else residual
        level = None if noise_level is None else noise_level[rows]
        picked[rows] = by_rule(rule, residual, size, equations - filters.sum(axis=1), level, equations)
    return picked


def by_rule(
    rule: str,
    residual: np.ndarray,
    size: np.ndarray,
    freedom: np.ndarray,
    noise_level: np.ndarray | None,
    equations: int,
) -> np.ndarray:
    """Index int64[n] of the candidate from ||S c - u||^2 and ||c||^2 float64[n, candidates], and equations - sum f
    float64[candidates]. Only the L-curve reads ||c||^2.
    """
    if rule == "gcv":
        return gcv(residual, freedom, equations)
    if rule == "discrepancy":
        assert noise_level is not None
        return discrepancy(residual, noise_level, equations)
    return lcurve(residual, size)


def gcv(residual: np.ndarray, freedom: np.ndarray, equations: int) -> np.ndarray:
    """Generalised cross-validation: least ||S c - u||^2 / (equations - sum f)^2, the error in predicting an equation's
    right-hand side from the others.
    """
    left = freedom > 1e-9 * equations  # with none left nothing can be predicted
    return np.argmin(np.where(left, residual / np.where(left, freedom, 1.0) ** 2, np.inf), axis=1)


def discrepancy(residual: np.ndarray, noise_level: np.ndarray, equations: int) -> np.ndarray:
    """Morozov's principle: the strongest regularisation with ||S c - u||^2 <= equations noise_level^2, or the weakest
    if there is none.
    """
    small = residual <= equations * noise_level[:, None] ** 2
    return np.where(small.any(axis=1), np.argmax(small, axis=1), residual.shape[1] - 1)


def lcurve(residual: np.ndarray, size: np.ndarray) -> np.ndarray:
    """The corner of log ||c|| over log ||S c - u||: the point farthest below the chord between the curve's ends."""
    x, y = (np.log(np.maximum(square, np.finfo(np.float64).tiny)) for square in (residual, size))
    width, height = x[:, :1] - x[:, -1:], y[:, -1:] - y[:, :1]
    return np.argmax(height * (x[:, :1] - x) - width * (y - y[:, :1]), axis=1)
