"""Relaxation times of a particle that turns in the fluid (Brown), or whose moment turns in the core (Neel)."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.physics.relaxation.debye import Debye, Relaxation
from mpifast.physics.tracer.langevin import langevin_derivative

LAWS = ("constant", "effective-field", "yoshida-enpuku")
EQANIS = "give relaxation=Debye(tau), which delays the magnetisation in equilibrium with the anisotropy"


@dataclass(frozen=True)
class Brown(Relaxation):
    """Brownian rotation: the moment is fixed in the core, which turns in the fluid, tau_B = 3 eta V_h / (kB T).

    Other sizes of a distribution have a coating of the same thickness.

    Parameters
    ----------
    viscosity : float
        eta in Pa s; water has 1e-3.
    hydrodynamic_diameter : float
        Diameter with the coating, metres; not below the particle's.
    law : {"constant", "effective-field", "yoshida-enpuku"}, optional
        How the relaxation time depends on the field: not at all, which is a `Debye` factor; that of an effective field,
        tau_B xi L'(xi)/L(xi) along and 2 tau_B L(xi)/(xi - L(xi)) across the field of the moment; or the empirical
        tau_B / sqrt(1 + 0.126 xi^1.72), fitted to the amplitude of alternating fields. xi is the Langevin argument of
        the field at the moment.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of range.

    References
    ----------
    Martsenyuk, Raikher, Shliomis, Sov. Phys. JETP 38:413, 1974; Yoshida and Enpuku, Jpn. J. Appl. Phys. 48:127002,
    2009.

    Examples
    --------
    >>> import mpifast
    >>> brown = mpifast.Brown(viscosity=1e-3, hydrodynamic_diameter=40e-9)
    >>> print(f"{brown.time(mpifast.Particle(20e-9, temperature=293.0)):.4e} s")
    2.4851e-05 s
    """

    viscosity: float
    hydrodynamic_diameter: float
    law: str = "constant"

    def __post_init__(self) -> None:
        for name, high, unit in (("viscosity", 1e6, "Pa s"), ("hydrodynamic_diameter", 1e-3, "m")):
            value = check.number(name, getattr(self, name), low=0.0, high=high, unit=unit)
            object.__setattr__(self, name, check.positive(name, value, unit))
        check.choice("law", self.law, LAWS)

    def time(self, particle: Any) -> float:
        """tau_B in seconds, without a field.

        Examples
        --------
        >>> import mpifast
        >>> print(f"{mpifast.Brown(1e-3, 30e-9).time(mpifast.Particle(20e-9)):.3e} s")
        1.024e-05 s
        """
        volume = math.pi * self.hydrodynamic_diameter**3 / 6.0
        return float(3.0 * self.viscosity * volume / particle.thermal_energy)

    def factor(self, particle: Any) -> Debye | None:
        """The factor that a constant time is, if all particles have the same.

        Examples
        --------
        >>> import mpifast
        >>> mpifast.Brown(1e-3, 30e-9, law="effective-field").factor(mpifast.Particle(20e-9)) is None
        True
        """
        return _constant(self, particle)

    def rates(self, particle: Any, xi: np.ndarray, ratio: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """1 / tau along and across the field at Langevin arguments xi >= 0, given L(xi)/xi: float64[...] each.

        The same array twice where the directions do not differ.

        Examples
        --------
        >>> import mpifast, numpy as np
        >>> brown, particle = mpifast.Brown(1e-3, 30e-9, law="effective-field"), mpifast.Particle(20e-9)
        >>> xi = np.array([8.0])
        >>> along, across = brown.rates(particle, xi, mpifast.langevin(xi) / xi)
        >>> print((along * brown.time(particle)).round(3), (across * brown.time(particle)).round(3))
        [7.] [4.071]
        """
        rate = 1.0 / self.time(particle)
        if self.law == "effective-field":
            return rate * (ratio / langevin_derivative(xi)), rate * ((1.0 - ratio) / (2.0 * ratio))
        along = rate * np.sqrt(1.0 + 0.126 * xi**1.72)
        return along, along

    def of_size(self, particle: Any, ratio: float) -> Brown:
        """The same for a core of ``ratio`` times the particle's diameter, in a coating as thick.

        Examples
        --------
        >>> import mpifast
        >>> print(f"{mpifast.Brown(1e-3, 30e-9).of_size(mpifast.Particle(20e-9), 1.5).hydrodynamic_diameter:g} m")
        4e-08 m
        """
        grown = self.hydrodynamic_diameter + (ratio - 1.0) * particle.diameter
        return dataclasses.replace(self, hydrodynamic_diameter=grown)

    def refuse(self, particle: Any) -> None:
        """Refuse particles that are larger than with their coating, and an easy axis that turns with the core.

        Examples
        --------
        >>> import mpifast
        >>> mpifast.Brown(1e-3, 30e-9).refuse(mpifast.Particle(20e-9))
        """
        if self.hydrodynamic_diameter < particle.diameter:
            raise ValueError(
                f"hydrodynamic_diameter={self.hydrodynamic_diameter:g} m is below the core's diameter of"
                f" {particle.diameter:g} m: give the diameter with the coating"
            )
        if particle.anisotropy is not None:
            raise ValueError(
                "anisotropy with Brownian rotation has no model: the easy axis turns with the core, and anisotropy="
                f" gives a fixed one; leave it out, or {EQANIS}"
            )


@dataclass(frozen=True)
class Neel(Relaxation):
    """Neel rotation without anisotropy: the moment turns inside the core, tau_N0 = m (1 + a^2) / (2 a gamma kB T).

    Parameters
    ----------
    damping : float, optional
        Gilbert's damping a.
    gyromagnetic_ratio : float, optional
        gamma in rad/(s T).
    law : {"constant"}, optional
        The time does not depend on the field, which is a `Debye` factor. The laws of `Brown` are no model of it: in a
        field across it the moment precesses, which no relaxation time describes.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of range.

    References
    ----------
    Brown, Phys. Rev. 130:1677, 1963.

    Examples
    --------
    >>> import mpifast
    >>> print(f"{mpifast.Neel().time(mpifast.Particle(20e-9, 474e3, 293.0)):.4e} s")
    1.4163e-08 s
    """

    damping: float = 0.1
    gyromagnetic_ratio: float = 1.75e11
    law: str = "constant"

    def __post_init__(self) -> None:
        for name, low, high in (("damping", 1e-6, 1e6), ("gyromagnetic_ratio", 1.0, 1e20)):
            object.__setattr__(self, name, check.number(name, getattr(self, name), low=low, high=high))
        if check.choice("law", self.law, LAWS) != "constant":
            raise ValueError(
                f"law={self.law!r} belongs to Brown: a moment that turns inside the core precesses about the field,"
                " which no relaxation time describes; give law='constant', or FokkerPlanck('neel') for a field along"
                " one axis"
            )

    def time(self, particle: Any) -> float:
        """tau_N0 in seconds.

        Examples
        --------
        >>> import mpifast
        >>> print(f"{mpifast.Neel().time(mpifast.Particle(20e-9)):.3e} s")
        1.393e-08 s
        """
        return float(particle.beta * (1.0 + self.damping**2) / (2.0 * self.damping * self.gyromagnetic_ratio))

    def factor(self, particle: Any) -> Debye | None:
        """The factor that a constant time is, if all particles have the same.

        Examples
        --------
        >>> import mpifast
        >>> neel, particle = mpifast.Neel(), mpifast.Particle(20e-9)
        >>> neel.factor(particle) == mpifast.Debye(neel.time(particle))
        True
        """
        return _constant(self, particle)

    def refuse(self, particle: Any) -> None:
        """Refuse an anisotropy, which changes the time by orders of magnitude.

        Examples
        --------
        >>> import mpifast
        >>> mpifast.Neel().refuse(mpifast.Particle(20e-9))
        """
        if particle.anisotropy is not None:
            raise ValueError(
                "anisotropy with Neel has no model: its time is that of a moment that no barrier holds; give"
                f" relaxation=FokkerPlanck('neel') for a field along the easy axis, or {EQANIS}"
            )


def _constant(relaxation: Brown | Neel, particle: Any) -> Debye | None:
    """The factor of a constant time, which sizes of different times are not."""
    if relaxation.law != "constant" or particle.sizes is not None:
        return None
    return Debye(relaxation.time(particle))
