"""A tall system of equations reduced to as many as it has voxels, by QR factorisation of blocks of rows.

With W S = Q R the residual is ||W (S c - u)||^2 = ||R c - Q^T W u||^2 + what no image explains. Rules that choose alpha
need no more than these, and the large orthogonal factor is never formed.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg.lapack import dgeqrf, dormqr

WORK = 64  # workspace a column: enough for LAPACK's blocks of columns
TALL = 4  # reduce where there are more equations than this times the voxels


def triangle(real: np.ndarray, weights: np.ndarray, data: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """R and Q^T W u of W S = Q R, with one more equation 0 c = ||the part of W u outside the range of W S||.

    Parameters
    ----------
    real : ndarray
        S float64[rows, voxels].
    weights : ndarray
        W float64[rows].
    data : ndarray
        W u float64[n, rows].

    Returns
    -------
    (ndarray, ndarray)
        float64[voxels + 1, voxels] and float64[n, voxels + 1].
    """
    voxels = real.shape[1]
    top, right, outside = np.zeros((voxels, voxels)), np.zeros((voxels, len(data))), np.zeros(len(data))
    for first in range(0, len(real), voxels):
        rows = slice(first, first + voxels)
        stacked = np.asfortranarray(np.concatenate([top, weights[rows, None] * real[rows]]))
        factor, scales, _, _ = dgeqrf(stacked, lwork=WORK * voxels, overwrite_a=True)
        values = np.asfortranarray(np.concatenate([right, data[:, rows].T]))
        values, _, _ = dormqr("L", "T", factor, scales, values, max(1, WORK * len(data)), overwrite_c=True)
        top, right = np.triu(factor[:voxels]), values[:voxels]
        outside += np.square(values[voxels:]).sum(axis=0)
    zero = np.zeros((1, voxels))
    return np.concatenate([top, zero]), np.concatenate([right.T, np.sqrt(outside)[:, None]], axis=1)
