"""Kaczmarz as a user writes it with Numba: complex rows on a complex image, one after the other."""

import numba
import numpy as np


@numba.njit(fastmath=True)
def kaczmarz(matrix: np.ndarray, u: np.ndarray, alpha: float, sweeps: int) -> np.ndarray:
    """Real, non-negative images of RegularizedLeastSquares.jl: complex64[rows, voxels], complex64[rows]."""
    rows, voxels = matrix.shape
    x, v = np.zeros(voxels, np.complex64), np.zeros(rows, np.complex64)
    root, energies = np.float32(np.sqrt(alpha)), np.zeros(rows, np.float32)
    for i in range(rows):
        energy = np.float32(alpha)
        for j in range(voxels):
            energy += matrix[i, j].real ** 2 + matrix[i, j].imag ** 2
        energies[i] = energy
    for _ in range(sweeps):
        for i in range(rows):
            product = np.complex64(0)
            for j in range(voxels):
                product += matrix[i, j] * x[j]
            step = (u[i] - product - root * v[i]) / energies[i]
            for j in range(voxels):
                x[j] += step * np.conj(matrix[i, j])
            v[i] += step * root
        for j in range(voxels):
            x[j] = max(x[j].real, np.float32(0))
    return x.real
