"""Analogue filters of a receive chain, as transfer functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.physics.receive.stop_bands import drive_frequencies

MOST = 16  # order: the coefficients of higher ones overflow


@dataclass(frozen=True)
class Filter:
    """An analogue filter H(s) = gain prod (s - zeros) / prod (s - poles), s = 2 pi i f. `notch`, `high_pass` and
    `low_pass` make some.

    Called with frequencies in hertz it gives complex128[...], so `LinearSystem.with_transfer_function` takes it as it
    is. The sign of the phase is that of spectra in mpifast and in MDF files, exp(-2 pi i f t): a delay turns the phase
    to negative values.

    Parameters
    ----------
    zeros, poles : tuple of complex
        In rad/s.
    gain : float
        Factor of the quotient.

    Examples
    --------
    >>> import numpy as np
    >>> recursion = Filter((), (-2e3 * np.pi,), 2e3 * np.pi)  # first-order low-pass of 1 kHz
    >>> print(np.round(recursion([0.0, 1e3]), 12))
    [1. +0.j  0.5-0.5j]
    """

    zeros: tuple[complex, ...]
    poles: tuple[complex, ...]
    gain: float = 1.0

    def __call__(self, frequency: Any, channel: Any = None) -> np.ndarray:
        """H at frequencies in hertz, float[...]; the same for all channels."""
        s = 2j * np.pi * check.finite("frequency", check.real_array("frequency", frequency)).astype(np.float64)
        result = np.full(s.shape, self.gain, np.complex128)
        pairs = zip(self.zeros + (None,) * (len(self.poles) - len(self.zeros)), self.poles, strict=True)
        for zero, pole in pairs:  # by pairs, whose quotients stay in range
            result *= (1.0 if zero is None else s - zero) / (s - pole)
        return result


def high_pass(frequency: float, order: int = 2) -> Filter:
    """A Butterworth high-pass.

    Parameters
    ----------
    frequency : float
        Where the magnitude is 1/sqrt(2), hertz.
    order : int, optional
        1 to 16: the magnitude falls by 6 dB times the order an octave below.

    Returns
    -------
    Filter
        A function of (frequency, channel).

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or range.

    Examples
    --------
    >>> import mpifast
    >>> print(abs(mpifast.receive.high_pass(80e3, order=4)([0.0, 40e3, 80e3, 1e6])).round(4))
    [0.     0.0624 0.7071 1.    ]
    """
    return _butterworth(check.positive("frequency", frequency, "Hz"), order, "highpass")


def low_pass(frequency: float, order: int = 2) -> Filter:
    """A Butterworth low-pass, such as the one before an analogue-to-digital converter; arguments as for `high_pass`.

    Examples
    --------
    >>> import mpifast
    >>> print(abs(mpifast.receive.low_pass(1e6, order=4)([0.0, 1e6, 2e6])).round(4))
    [1.     0.7071 0.0624]
    """
    return _butterworth(check.positive("frequency", frequency, "Hz"), order, "lowpass")


def notch(drive: Any, width: float, order: int = 2) -> Filter:
    """The band-stop filter around the excitation: a Butterworth band-stop for each drive frequency, one after another.

    It is zero at the drive frequencies f: the edges of the band, where its magnitude is 1/sqrt(2), are ``width`` apart
    and have the geometric mean f.

    Parameters
    ----------
    drive : Scanner, LissajousScanner, FieldFreeLineScanner or array_like
        A scanner, or drive frequencies in hertz, at most 100.
    width : float
        Width of the band in hertz.
    order : int, optional
        1 to 16.

    Returns
    -------
    Filter
        A function of (frequency, channel).

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or range.

    Examples
    --------
    >>> import mpifast
    >>> filter = mpifast.receive.notch([25e3], width=2e3)
    >>> print(abs(filter([20e3, 24e3, 25e3, 50e3, 75e3])).round(3))
    [1.    0.722 0.    1.    1.   ]
    """
    width, middles = check.positive("width", width, "Hz"), drive_frequencies(drive)
    if len(middles) > 100:
        raise ValueError(f"drive has {len(middles)} frequencies: give at most 100")
    filters = []
    for middle in middles:
        low = np.hypot(middle, 0.5 * width) - 0.5 * width
        filters.append(_butterworth([low, low + width], order, "bandstop"))
    zeros, poles = (tuple(value for part in filters for value in getattr(part, name)) for name in ("zeros", "poles"))
    return Filter(zeros, poles, float(np.prod([part.gain for part in filters])))


def _butterworth(frequencies: Any, order: int, kind: str) -> Filter:
    from scipy.signal import butter  # here: the physics alone does not load it

    order = check.integer("order", order, low=1, high=MOST)
    zeros, poles, gain = butter(order, 2.0 * np.pi * np.asarray(frequencies), kind, analog=True, output="zpk")
    return Filter(tuple(zeros.tolist()), tuple(poles.tolist()), float(gain))
