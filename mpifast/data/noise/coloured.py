"""Gaussian noise of a given covariance."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.data.noise import draws
from mpifast.data.noise.factor import cholesky
from mpifast.data.noise.model import Noise, noise_of
from mpifast.physics.linear_system import REAL, LinearSystem, read_only


def coloured(covariance: Any, *, snr_db: float | None = None) -> Noise:
    """Gaussian noise with a covariance between the rows.

    Parameters
    ----------
    covariance : array_like
        float[equations, equations] of the real equations; or complex[rows, rows], E[n n^H] of circular complex noise n
        of the rows, whose real and imaginary part have half of the variance each. Symmetric, positive semidefinite.
    snr_db : float, optional
        Scale the noise to this signal-to-noise ratio of root mean squares over all equations.

    Returns
    -------
    Noise
        For `mpifast.Spectra`.

    Raises
    ------
    TypeError, ValueError
        If the matrix is not square, symmetric and finite; where the noise meets a system, if it is not positive
        semidefinite or of another size.

    Examples
    --------
    >>> import mpifast, numpy as np
    >>> system = mpifast.linear_system([[1.0, 0.0], [0.0, 1.0]])
    >>> together = mpifast.noise.coloured([[1.0, 0.9], [0.9, 1.0]])
    >>> n = together.draw(system, seed=7, samples=np.arange(10_000))
    >>> print(f"{np.corrcoef(n.T)[0, 1]:.2f}")
    0.90
    """
    array = check.number_array("covariance", covariance)
    precision = 2.0**-23 if array.dtype in (np.float32, np.complex64) else 2.0**-52
    array = check.matrix("covariance", array, what="equations", complex_too=True)
    if array.shape[0] != array.shape[1]:
        raise ValueError(f"covariance has shape {array.shape}: give a square matrix")
    array = array.astype(np.complex128 if np.iscomplexobj(array) else np.float64)
    spread = np.sqrt(np.abs(np.diag(array)))
    skew = np.abs(array - array.conj().T) > 64.0 * precision * spread[:, None] * spread
    if skew.any():
        i, j = np.argwhere(skew)[0]
        raise ValueError(
            f"covariance[{i}, {j}]={array[i, j]:g} and covariance[{j}, {i}]={array[j, i]:g} differ: give a symmetric "
            "(complex: Hermitian) matrix"
        )
    array = read_only(0.5 * (array + array.conj().T))
    return noise_of("coloured", {"covariance": array}, functools.partial(_coloured, array, precision), snr_db)


def _coloured(covariance: np.ndarray, precision: float, system: LinearSystem) -> tuple[draws.Coloured]:
    rows, equations = len(system.rows), len(system.equations)
    wanted = rows if np.iscomplexobj(covariance) else equations
    if len(covariance) != wanted:
        raise ValueError(
            f"covariance has shape {covariance.shape}, the system {rows} rows and {equations} real equations: give "
            "float[equations, equations] or complex[rows, rows]"
        )
    if np.iscomplexobj(covariance):
        real, imag = 0.5 * covariance.real, 0.5 * covariance.imag
        # E[x x^T] = E[y y^T] = Re C / 2 and E[y x^T] = -E[x y^T] = Im C / 2 for n = x + i y.
        blocks = [
            [real if part == other else (-imag if part == REAL else imag) for other in system.parts]
            for part in system.parts
        ]
        covariance = np.block(blocks)
    return (draws.Coloured(cholesky(covariance, "covariance", precision), np.zeros(equations), triangular=True),)
