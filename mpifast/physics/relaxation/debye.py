"""Relaxation times that are given, and what all models of relaxation share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from mpifast import _validation as check

LONGEST = 1e12  # seconds: a moment that never turns


class Relaxation:
    """What a particle asks of each model of its relaxation; a model overrides what is different for it."""

    def factor(self, particle: Any) -> Debye | None:
        """The factor of each frequency that it is for a particle; None where it is none.

        Examples
        --------
        >>> import mpifast
        >>> mpifast.FokkerPlanck('neel').factor(mpifast.Particle(20e-9)) is None
        True
        """
        return None

    def of_size(self, particle: Any, ratio: float) -> Self:
        """The same for a core of ``ratio`` times the particle's diameter.

        Examples
        --------
        >>> import mpifast
        >>> mpifast.Neel().of_size(mpifast.Particle(20e-9), 2.0) == mpifast.Neel()
        True
        """
        return self

    def refuse(self, particle: Any) -> None:
        """Refuse a particle that it is no model of.

        Examples
        --------
        >>> import mpifast
        >>> mpifast.Debye(1e-6).refuse(mpifast.Particle(20e-9))

        Raises
        ------
        ValueError
            With the reason, and what to give instead.
        """


@dataclass(frozen=True)
class Debye(Relaxation):
    """Given relaxation times: tau dm/dt = m_eq - m, with m_eq the magnetisation in equilibrium.

    Row k of a system is multiplied by 1 / (1 + 2 pi i k tau / period), whatever the scanner and the position; for a
    distribution of relaxation times by the mean of these factors.

    Parameters
    ----------
    tau : float or tuple of float
        Relaxation time in seconds, or several.
    weights : tuple of float, optional
        Shares of several relaxation times, of which only ratios matter; equal ones by default.

    Raises
    ------
    TypeError, ValueError
        If a time is not a number from 0 to 1e12, or the weights are not one a time, or negative, or all zero.

    References
    ----------
    Croft, Goodwill, Conolly, IEEE Trans. Med. Imaging 31:2335, 2012.

    Examples
    --------
    >>> import mpifast
    >>> print(mpifast.Debye(1e-6).response([0.0, 159154.943]).round(3))
    [1. +0.j  0.5-0.5j]
    >>> print(mpifast.Debye((0.0, 1e-6), weights=(1, 3)).response([0.0, 159154.943]).round(3))
    [1.   +0.j    0.625-0.375j]
    """

    tau: float | tuple[float, ...]
    weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        several = np.ndim(self.tau) > 0
        given: list[Any] = check.sequence("tau", self.tau) if several else [self.tau]
        times = [check.number("tau", tau, low=0.0, high=LONGEST, unit="s") for tau in given]
        weights = [
            check.number("weights", share, low=0.0, high=1e100) for share in check.sequence("weights", self.weights)
        ]
        if not times:
            raise ValueError("tau is empty: give at least one relaxation time")
        if weights and len(weights) != len(times):
            raise ValueError(f"weights has {len(weights)} numbers and tau {len(times)}: give one a time")
        if weights and not sum(weights) > 0.0:
            raise ValueError("weights are all zero: give at least one relaxation time a share")
        object.__setattr__(self, "tau", tuple(times) if several else times[0])
        object.__setattr__(self, "weights", tuple(weights))

    def response(self, frequency: Any) -> np.ndarray:
        """What frequencies in hertz are multiplied by: complex128[...].

        Examples
        --------
        >>> import mpifast
        >>> print(abs(mpifast.Debye(1e-6).response(159154.943)).round(6))
        0.707107
        """
        frequency = np.asarray(frequency, np.float64)
        times = np.atleast_1d(self.tau)
        shares = np.array(self.weights) / max(self.weights) if self.weights else np.ones(len(times))
        shares = shares / shares.sum()
        total = np.zeros(frequency.shape, np.complex128)
        for tau, share in zip(times, shares, strict=True):
            total += share / (1.0 + 2j * np.pi * tau * frequency)
        return total

    def factor(self, particle: Any) -> Debye | None:
        """Itself.

        Examples
        --------
        >>> import mpifast
        >>> mpifast.Debye(1e-6).factor(mpifast.Particle(20e-9))
        Debye(tau=1e-06, weights=())
        """
        return self
