"""Tikhonov's image without a singular value decomposition: of small systems by Cholesky's factor of S^T S + alpha or
S S^T + alpha, whichever is smaller, and one step of iterative refinement.

The normal equations square the condition number: their solution is off by about eps ||S||^2 / alpha. The refinement
takes its residual from S itself, which squares that error and leaves what an orthogonal factorisation leaves (Bjorck,
"corrected semi-normal equations"). `well_posed` says where this holds. The conjugate gradients beside it solve the same
equations of large systems.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.linalg import eigh, eigvalsh, solve_triangular
from scipy.sparse.linalg import eigsh

from mpifast.solvers.equations import row_norms

WELL_POSED = 1e-10  # least alpha / ||S||_F^2: an error of some 1e-7 before the refinement, below rounding after it
FACTORS = 8  # more values of alpha than these share one eigendecomposition
BLOCK = 1024  # rows multiplied together
LARGE = 4096  # LAPACK factorises no larger matrix: its own syrk crashes too


def gram(matrix: np.ndarray) -> np.ndarray:
    """S^T S float64[k, k] of S float64[rows, k], by blocks of rows.

    NumPy hands a product of an array with its own transpose to the BLAS' syrk, which crashes at 17,000 rows and 784
    columns (numpy issue 19685); two distinct buffers make it an ordinary product.
    """
    total = np.zeros((matrix.shape[1], matrix.shape[1]))
    for first in range(0, len(matrix), BLOCK):
        rows = matrix[first : first + BLOCK]
        total += rows.T @ rows.copy()
    return total


def well_posed(alpha: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Where alpha is large enough for the normal equations, bool[n]."""
    return alpha > WELL_POSED * row_norms(real).sum()


def ridge(real: np.ndarray, spectra: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Images float64[n, voxels] of least ||S c - u||^2 + alpha ||c||^2, where `well_posed` holds."""
    tall = real.shape[0] >= real.shape[1]
    solve = _solver(gram(real if tall else real.T), alpha)
    if tall:
        images = solve(spectra @ real)
        return images + solve((spectra - images @ real.T) @ real - alpha[:, None] * images)
    slack = solve(spectra)  # c = S^T y with (S S^T + alpha) y = u
    slack += solve(spectra - slack @ real @ real.T - alpha[:, None] * slack)
    return slack @ real


def _solver(square: np.ndarray, alpha: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Row n of the right-hand sides times (square + alpha[n])^-1."""
    values, which = np.unique(alpha, return_inverse=True)
    if len(values) > FACTORS and len(square) <= LARGE:
        squares, vectors = eigh(square)
        gains = 1.0 / (np.maximum(squares, 0.0) + alpha[:, None])
        return lambda right: (right @ vectors * gains) @ vectors.T
    factors = [cholesky(square + value * np.eye(len(square))) for value in values]

    def solve(right: np.ndarray) -> np.ndarray:
        found = np.empty_like(right)
        for k, factor in enumerate(factors):
            half = solve_triangular(factor, right[which == k].T, lower=True)
            found[which == k] = solve_triangular(factor, half, lower=True, trans="T").T
        return found

    return solve


def cholesky(square: np.ndarray) -> np.ndarray:
    """Cholesky's factor of a positive definite matrix, in its lower triangle and its memory, by blocks of columns."""
    for first in range(0, len(square), BLOCK):
        last = min(first + BLOCK, len(square))
        corner = square[first:last, first:last] = np.linalg.cholesky(square[first:last, first:last])
        below = solve_triangular(corner, square[last:, first:last].T, lower=True).T
        square[last:, first:last], other = below, below.copy()
        for row in range(0, len(below), BLOCK):
            rows = slice(row, row + BLOCK)
            square[last:, last:][rows, : row + BLOCK] -= below[rows] @ other[: row + BLOCK].T
    return square


def largest_eigenvalue(square: np.ndarray) -> float:
    """Of a positive semidefinite matrix; of a large one by Lanczos' method, to rounding."""
    size = len(square)
    if size <= LARGE:
        return float(eigvalsh(square, subset_by_index=[size - 1, size - 1])[0])
    start = np.linspace(1.0, 2.0, size)  # a fixed one: the same bits in every call
    return float(eigsh(square, k=1, v0=start, return_eigenvectors=False)[0]) if square.any() else 0.0
