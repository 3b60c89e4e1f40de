"""Factors of covariances: F with F^T F = C, whose bits depend on neither threads nor BLAS."""

from __future__ import annotations

import numpy as np

BLOCK = 64  # columns
SMALLEST = 8  # pivots, in roundings of the correlation matrix times its size, that count as more than zero


def cholesky(covariance: np.ndarray, name: str, precision: float = 2.0**-52) -> np.ndarray:
    """The upper triangular factor float64[n, n] of a positive semidefinite matrix float64[n, n].

    Blocks of columns are updated by the package's own product. The factor of the correlation matrix is taken, in which
    weak rows count as much as strong ones. Columns whose pivot is rounding stay zero: the matrix is semidefinite there.

    Parameters
    ----------
    covariance : ndarray
        Symmetric.
    name : str
        What an error calls it.
    precision : float, optional
        Relative rounding of its entries.

    Raises
    ------
    ValueError
        If the matrix is not positive semidefinite up to rounding.

    References
    ----------
    Higham, Accuracy and Stability of Numerical Algorithms, chapter 10.
    """
    from mpifast._compiled.jit import thread_count
    from mpifast.physics.forward import product

    threads, size = thread_count(None), len(covariance)
    variance = np.diag(covariance)
    if (variance < 0.0).any():
        k = int(np.argmin(variance))
        raise ValueError(f"{name}[{k}, {k}]={variance[k]:g}: variances are not negative")
    deviation = np.sqrt(variance)
    inverse = np.divide(1.0, deviation, out=np.zeros(size), where=deviation > 0.0)
    correlation = covariance * inverse[:, None] * inverse
    tolerance = SMALLEST * size * precision
    lower = np.zeros((size, size))
    for left in range(0, size, BLOCK):
        right = min(left + BLOCK, size)
        rest = correlation[left:, left:right].copy()
        if left:
            rest -= product(np.ascontiguousarray(lower[left:, :left]), lower[left:right, :left].T, threads)
        for j in range(right - left):
            if rest[j, j] > tolerance:
                column = rest[j:, j] / np.sqrt(rest[j, j])
                lower[left + j :, left + j] = column
                rest[j:, j + 1 :] -= column[:, None] * column[1 : right - left - j]
    error = np.abs(product(lower, lower.T, threads) * (deviation[:, None] * deviation) - covariance)
    largest = float(np.max(error - np.sqrt(tolerance) * deviation[:, None] * deviation, initial=0.0))
    if largest > 0.0:
        raise ValueError(
            f"{name} is not positive semidefinite: it is the covariance of nothing; symmetrise it, or use "
            "noise.measured(frames)"
        )
    return np.ascontiguousarray((lower * deviation[:, None]).T)
