"""Measurement noise: white and Gaussian, its level set by a signal-to-noise ratio."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mpifast import _validation as check


def noise_level(real: np.ndarray, snr_db: Any, density: float = 0.5) -> float:
    """Standard deviation of the noise for a signal-to-noise ratio in decibels.

    The ratio is between root mean squares over all rows and samples: SNR = 20 log10(rms of the noise-free spectra / rms
    of the noise). The signal's is its exact expectation over random binary phantoms, so the level depends on no sample:
    E[u_r^2] = p (1 - p) sum_v S_rv^2 + p^2 (sum_v S_rv)^2.

    Parameters
    ----------
    real : ndarray
        float64[rows, voxels], the real system matrix.
    snr_db : float or None
        Decibels, from -200 to 200; None for no noise.
    density : float, optional
        Probability p that a voxel is filled.

    Returns
    -------
    float
        Standard deviation in the units of the spectra; 0 for None.

    Raises
    ------
    TypeError, ValueError
        If ``snr_db`` is not None or a number in range.

    Examples
    --------
    >>> import numpy as np
    >>> from mpifast.physics.noise import noise_level
    >>> print(round(noise_level(np.eye(2), 20.0), 6))  # rms of the signal: sqrt(1/2)
    0.070711
    """
    return 0.0 if snr_db is None else level_below(math.sqrt(variance_of(real, density).mean()), snr_db)


def variance_of(real: np.ndarray, density: float) -> np.ndarray:
    """E[u_r^2] of some rows, float64[rows]."""
    return density * (1.0 - density) * (real**2).sum(axis=1) + (density * real.sum(axis=1)) ** 2


def level_below(signal: float, snr_db: Any) -> float:
    """Standard deviation of the noise so many decibels below the root mean square of a signal.

    Examples
    --------
    >>> from mpifast.physics.noise import level_below
    >>> level_below(4.0, 20.0)
    0.4
    """
    return signal * 10.0 ** (-check.number("snr_db", snr_db, low=-200.0, high=200.0, unit="dB") / 20.0)
