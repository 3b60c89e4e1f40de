"""The Fokker-Planck equation of a magnetic moment in a field along one axis, in Legendre moments.

The moments w_n = <P_n(cos theta)> of the angle theta to the field obey, with alpha = K V / (kB T),

    2 tau/(n(n+1)) dw_n/dt = -w_n + xi (w_{n-1} - w_{n+1})/(2n+1)
        + 2 alpha/(2n+1) [(n-1)/(2n-1) w_{n-2} + (2n+1)/((2n-1)(2n+3)) w_n - (n+2)/(2n+3) w_{n+2}],

w_0 = 1, and w_1 is the magnetisation over saturation. In a field xi = xi_dc + xi_0 cos(w t) their Fourier coefficients
obey A_k w_k = B (w_{k-1} + w_{k+1}), with matrices over n. From w_{K+1} = 0 downwards this is the matrix continued
fraction w_k = X_k w_{k-1}, X_k = (A_k - B X_{k+1})^-1 B, and at k = 0 a real linear system. There is no warm-up, no
time step and no stiffness, and weak harmonics are products of the X_k: their error is relative to their own size.
"""

from __future__ import annotations

import numpy as np


def moment_matrices(alpha: float, moments: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rates n(n+1)/2 float64[moments + 1], and the matrices E and C of tau dw/dt = rates * (E w + xi C w).

    E and C are float64[moments + 1, moments + 1], over n = 0, 1, ..., ``moments``.
    """
    n = np.arange(moments + 1.0)
    own = -1.0 + 2.0 * alpha / ((2.0 * n - 1.0) * (2.0 * n + 3.0))
    below = 2.0 * alpha * (n - 1.0) / ((2.0 * n + 1.0) * (2.0 * n - 1.0))
    above = -2.0 * alpha * (n + 2.0) / ((2.0 * n + 1.0) * (2.0 * n + 3.0))
    own[0] = above[0] = 0.0  # w_0 = 1 at all times
    free = np.diag(own) + np.diag(below[2:], -2) + np.diag(above[:-2], 2)
    turn = np.where(n > 0.0, 1.0 / (2.0 * n + 1.0), 0.0)
    return 0.5 * n * (n + 1.0), free, np.diag(turn[1:], -1) - np.diag(turn[:-1], 1)


def slowest_rate(alpha: float, moments: int = 200) -> float:
    """Slowest rate of the magnetisation along the easy axis without a field, in units of 1 / tau.

    Parameters
    ----------
    alpha : float
        K V / (kB T).
    moments : int, optional
        Number of moments; enough for ``alpha`` up to 100.

    Returns
    -------
    float
        1 without anisotropy.

    References
    ----------
    Brown, Phys. Rev. 130:1677, 1963.

    Examples
    --------
    >>> from mpifast.physics.dynamics.moments import slowest_rate
    >>> print(f"{2 * slowest_rate(0.0):.6f} {2 * slowest_rate(5.0):.6f}")
    2.000000 0.135406
    """
    rates, free, _ = moment_matrices(alpha, moments)
    # The inverse has the slow rate as its largest eigenvalue, to full precision however slow it is.
    odd = slice(1, None, 2)
    slowness = np.linalg.inv(-rates[odd, None] * free[odd, odd])
    return float(1.0 / np.linalg.eigvals(slowness).real.max())


def harmonics_of(
    offset: np.ndarray, drive: float, speed: float, alpha: float, moments: int, harmonics: int, kept: int
) -> np.ndarray:
    """Fourier coefficients of the magnetisation in the fields xi = offset + drive cos(w t).

    Parameters
    ----------
    offset : ndarray
        float64[points], dimensionless.
    drive : float
        Above zero, dimensionless.
    speed : float
        w tau.
    alpha : float
        K V / (kB T) of an easy axis along the field; 0 without anisotropy.
    moments, harmonics : int
        Truncation: the highest n and k.
    kept : int
        Highest harmonic of the result, at most ``harmonics``.

    Returns
    -------
    ndarray
        Two-sided coefficients, complex128[kept + 1, points], of the harmonics 0, 1, ...

    Examples
    --------
    >>> import numpy as np
    >>> from mpifast.physics.dynamics.moments import harmonics_of
    >>> print(harmonics_of(np.array([0.0]), 5.0, 0.3, 0.0, 24, 30, 3)[1].round(9))
    [0.43962012-0.09985733j]
    """
    rates, free, turn = moment_matrices(alpha, moments)
    still = -free - offset[:, None, None] * turn
    still[:, 0, 0] = 1.0
    moving = np.zeros(moments + 1)
    moving[1:] = speed / rates[1:]
    upper, lower = 0.5 * drive * np.diag(turn, 1)[:, None], 0.5 * drive * np.diag(turn, -1)[:, None]
    coupling = 0.5 * drive * turn
    place = np.arange(moments + 1)
    steps: list[np.ndarray] = []  # X_k, k = harmonics to 1
    for k in range(harmonics, 0, -1):
        matrix = still.astype(np.complex128)
        matrix[:, place, place] += 1j * k * moving
        if steps:
            _subtract(matrix, upper, lower, steps[-1])
        step = np.linalg.solve(matrix, coupling)
        if k > kept + 1:
            steps.clear()
        steps.append(step)
    matrix = still.copy()
    _subtract(matrix, upper, lower, 2.0 * steps[-1].real)
    source = np.zeros((moments + 1, 1))
    source[0] = 1.0
    state = np.linalg.solve(matrix, source).astype(np.complex128)
    result = np.empty((kept + 1, len(offset)), np.complex128)
    result[0] = state[:, 1, 0]
    for k in range(1, kept + 1):
        state = (steps.pop() * state[:, None, :, 0]).sum(axis=-1)[..., None]
        result[k] = state[:, 1, 0]
    return result


def _subtract(matrix: np.ndarray, upper: np.ndarray, lower: np.ndarray, step: np.ndarray) -> None:
    """Matrix -= B step for the tridiagonal B, whose diagonal is zero."""
    matrix[:, :-1] -= upper * step[:, 1:]
    matrix[:, 1:] -= lower * step[:, :-1]
