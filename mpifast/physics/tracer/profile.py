"""The mean Langevin function of several sizes as one polynomial, for time samples."""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np
from scipy.fft import dct

from mpifast.physics.tracer.langevin import langevin
from mpifast.physics.tracer.mixture import Shares

BLOCK = 8  # coefficients that the loop takes at a time
ROUNDING = 2e-16  # of the largest coefficient; what is below is left out
POINTS, MOST = 2**9, 2**15
SCALES = 2.0 ** np.arange(-9.0, 4.0)  # over the mean moment: where the function bends


class Profile(NamedTuple):
    """g(x) = mean of L(rho x) / x over the sizes, as a Chebyshev series.

    With r = sqrt(1 + (x / scale)^2), g r = sum_k coefficients_k T_k(z), z = 2 (r - 1) / (r + 1) / end - 1. ``error`` is
    the largest error of x g that was found, rounded up.
    """

    coefficients: np.ndarray
    scale: float
    end: float
    error: float

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """The function g of x >= 0."""
        root = np.sqrt(1.0 + (x / self.scale) ** 2)
        z = 2.0 * (x / self.scale / (root + 1.0)) ** 2 / self.end - 1.0
        return np.polynomial.chebyshev.chebval(z, self.coefficients) / root


@functools.lru_cache(maxsize=16)
def profile_of(largest: float, shares: Shares) -> Profile:
    """The series of fewest coefficients, for x up to ``largest``.

    g falls from a constant to 1/x, as 1/r does. So g r is smooth in (r - 1) / (r + 1), which takes all x to a bounded
    interval. The number of coefficients follows from their decay.

    Parameters
    ----------
    largest : float
        Largest Langevin argument, that of the largest size.
    shares : tuple of (float, float)
        The sizes, as `mpifast.Particle.shares`.

    Returns
    -------
    Profile

    Examples
    --------
    >>> import numpy as np
    >>> from mpifast.physics.tracer.profile import profile_of
    >>> profile = profile_of(30.0, ((0.1, 0.5), (1.0, 0.5)))
    >>> x = 2.0
    >>> exact = 0.5 * (1 / np.tanh(0.1 * x) - 1 / (0.1 * x)) + 0.5 * (1 / np.tanh(x) - 1 / x)
    >>> bool(abs(x * profile(x) - exact) <= profile.error), profile.error < 1e-14
    (True, True)
    """
    moments, volumes = np.array(shares).T
    slope = float(moments @ volumes)
    count = POINTS
    while True:
        series = [_series(largest, float(scale), moments, volumes, count) for scale in SCALES / slope]
        best = min(series, key=lambda profile: len(profile.coefficients))
        if 2 * len(best.coefficients) <= count or count >= MOST:
            break
        count *= 4
    x = best.scale * np.sinh(np.linspace(0.0, math.asinh(largest / best.scale), 1001)[1:])
    error = float(np.abs(x * best(x) - _mean(x, moments, volumes)).max())
    coefficients = np.pad(best.coefficients, (0, -len(best.coefficients) % BLOCK))
    coefficients.flags.writeable = False
    return best._replace(coefficients=coefficients, error=1.1 * error + 1e-15)


def _series(largest: float, scale: float, moments: np.ndarray, volumes: np.ndarray, count: int) -> Profile:
    """The series for one scale, from ``count`` Chebyshev points."""
    root = math.hypot(1.0, largest / scale)
    end = (largest / scale / (root + 1.0)) ** 2
    y = 0.5 * end * (1.0 + np.cos(np.pi * (np.arange(count) + 0.5) / count))
    x = scale * 2.0 * np.sqrt(y) / (1.0 - y)
    coefficients = dct(_mean(x, moments, volumes) / x * (1.0 + y) / (1.0 - y)) / count
    coefficients[0] *= 0.5
    sizes = np.abs(coefficients)
    used = 1 + int(np.flatnonzero(sizes > ROUNDING * sizes.max())[-1])
    return Profile(coefficients[:used], scale, end, math.inf)


def _mean(x: np.ndarray, moments: np.ndarray, volumes: np.ndarray) -> np.ndarray:
    """The mean of the Langevin functions of the sizes."""
    return sum(volume * langevin(moment * x) for moment, volume in zip(moments, volumes, strict=True))
