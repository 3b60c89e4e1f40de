"""First-order relaxation with a time that depends on the field: the periodic solution of dm/dt = R(B(t)) (m_eq - m).

R is the rate 1 / tau, along and across the field two different ones. The solution is a trigonometric polynomial, so
that its error falls exponentially with the number of times, as that of any sampling here. It is found by deferred
correction: the trapezoidal rule with the mean rate of both directions turns what is left of the equation into the next
correction. With u the step times the frequency, the part of an error that is left is 1 - (u + r) / (2 tan(u/2) + r'),
below a third as only a quarter of the frequencies is kept, whatever the rates: nothing is stiff.
"""

from __future__ import annotations

import numpy as np
from scipy.fft import irfft, rfft
from scipy.linalg.lapack import dgttrf, dgttrs

from mpifast.physics.tracer.langevin import langevin
from mpifast.physics.tracer.particle import Particle

OVERSAMPLING = 4  # samples of a period of the highest frequency that is kept
ENOUGH, STALLED = 2e-16, 1e-13  # largest correction of a coefficient: none, and where rounding is all that is left
PASSES = 200


def relaxed_coefficients(
    particle: Particle, field: np.ndarray, period: float, threads: int | None = None
) -> np.ndarray:
    """Fourier coefficients of the magnetisation of a particle with a relaxation that is no factor.

    Parameters
    ----------
    particle : Particle
        The tracer; `Brown` or `Neel` relaxation, any sizes, no anisotropy.
    field : ndarray
        mu0 H at equidistant times of a period, float64[3, voxels, times], tesla; the number of times is a multiple of
        4.
    period : float
        Seconds.
    threads : int, optional
        Threads of the transforms.

    Returns
    -------
    ndarray
        complex128[3, voxels, times // 4 + 1], two-sided; of the magnetisation over saturation.

    Examples
    --------
    >>> import mpifast, numpy as np
    >>> from mpifast.physics.dynamics.first_order import relaxed_coefficients
    >>> field = np.zeros((3, 1, 64))
    >>> field[0, 0] = 5e-3 * np.cos(2 * np.pi * np.arange(64) / 64)
    >>> brown = mpifast.Brown(1e-3, 30e-9, law="effective-field")
    >>> print(relaxed_coefficients(mpifast.Particle(15e-9, relaxation=brown), field, 40e-6)[0, 0, 1].round(6))
    (0.049491-0.076927j)
    """
    total = np.zeros((*field.shape[:2], field.shape[2] // OVERSAMPLING + 1), np.complex128)
    for share, single in particle.single_sizes():
        xi = single.beta * field
        size = np.sqrt((xi**2).sum(axis=0))
        ratio = np.where(size > 0.0, langevin(size) / np.where(size > 0.0, size, 1.0), 1.0 / 3.0)
        target = ratio * xi
        factor = None if single.relaxation is None else single.relaxation.factor(single)
        if factor is not None:
            part = rfft(target, workers=threads)[..., : total.shape[-1]] / field.shape[-1]
            part *= factor.response(np.arange(total.shape[-1]) / period)
        else:
            along, across = single.relaxation.rates(single, size, ratio)  # type: ignore[union-attr]
            turn = None
            if along is not across:  # (along - across) e e^T as the outer product of two vectors
                turn = np.where(size > 0.0, (along - across) / np.where(size > 0.0, size, 1.0) ** 2, 0.0) * xi
            part = _periodic(target, across, along, xi, turn, period, threads)
        total += share * part
    return total


def _periodic(
    target: np.ndarray,
    across: np.ndarray,
    along: np.ndarray,
    xi: np.ndarray,
    turn: np.ndarray | None,
    period: float,
    threads: int | None,
) -> np.ndarray:
    """The coefficients of the solution m of dm/dt = (across + turn xi^T) (target - m)."""
    times = target.shape[-1]
    step = period / times
    kept = times // OVERSAMPLING + 1
    speed = 2j * np.pi / times * np.arange(kept)
    trapezoid = _Trapezoid(0.5 * step * (along + across))
    coefficients = np.zeros((*target.shape[:-1], kept), np.complex128)
    before = np.inf
    for _ in range(PASSES):
        pull = target - irfft(coefficients, times, workers=threads)
        left = across * pull
        if turn is not None:
            left += turn * (xi * pull).sum(axis=0)
        left *= step
        left -= irfft(speed * coefficients, times, workers=threads)
        correction = rfft(trapezoid.solve(left), workers=threads)[..., :kept]
        coefficients += correction
        largest = float(np.abs(correction).max(initial=0.0)) / times
        if largest <= ENOUGH or (largest <= STALLED and largest > 0.7 * before):
            return coefficients / times
        before = largest
    raise ValueError(  # the samples do not resolve the rates
        f"the relaxation did not converge in {PASSES} passes of {times} samples of a period: use smaller particles or"
        " weaker fields"
    )


class _Trapezoid:
    """The periodic solution e of de/dt + rate e = source by the trapezoidal rule, for many series at once.

    All series are one bidiagonal system. Each begins at e = 0 there, and the homogeneous solution closes its period.

    Parameters
    ----------
    rate : ndarray
        Times the step, float64[voxels, times].
    """

    def __init__(self, rate: np.ndarray) -> None:
        ahead, behind = 1.0 + 0.5 * rate, 1.0 - 0.5 * rate
        self._last = behind[:, -1].copy()
        first = ahead[:, 0].copy()
        behind[:, -1] = 0.0
        self._factors = dgttrf(-behind.ravel()[:-1], ahead.ravel(), np.zeros(rate.size - 1))[:5]
        begin = np.zeros_like(rate)
        begin[:, 0] = first
        self._free = self._march(begin[None])[0]
        self._gap = first - self._last * self._free[:, -1]

    def solve(self, source: np.ndarray) -> np.ndarray:
        """E of sources times the step, float64[components, voxels, times]."""
        drive = np.empty_like(source)
        drive[..., 1:] = 0.5 * (source[..., 1:] + source[..., :-1])
        closing = 0.5 * (source[..., 0] + source[..., -1])
        drive[..., 0] = 0.0
        result = self._march(drive)
        result += ((closing + self._last * result[..., -1]) / self._gap)[..., None] * self._free
        return result

    def _march(self, drive: np.ndarray) -> np.ndarray:
        columns = drive.reshape(len(drive), -1).T
        return dgttrs(*self._factors, columns, overwrite_b=True)[0].T.reshape(drive.shape)
