"""How the magnetisation follows the field with a delay.

Each class tells three things of itself: its time constant for a particle (`time`), the factor of each frequency that it
is, if it is one (`factor`), and for which particles it is no model (`refuse`).
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.physics.tracer.langevin import langevin_derivative

LONGEST = 1e12  # seconds: a moment that never turns
LAWS = ("constant", "effective-field", "yoshida-enpuku")
EQANIS = "give relaxation=Debye(tau), which delays the magnetisation in equilibrium with the anisotropy"


@dataclass(frozen=True)
class Debye:
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

    def of_size(self, particle: Any, ratio: float) -> Debye:
        """The same for cores of any size.

        Examples
        --------
        >>> import mpifast
        >>> mpifast.Debye(1e-6).of_size(mpifast.Particle(20e-9), 2.0)
        Debye(tau=1e-06, weights=())
        """
        return self

    def refuse(self, particle: Any) -> None:
        """Refuse no particle.

        Examples
        --------
        >>> import mpifast
        >>> mpifast.Debye(1e-6).refuse(mpifast.Particle(20e-9))
        """


@dataclass(frozen=True)
class Brown:
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
class Neel:
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

    def of_size(self, particle: Any, ratio: float) -> Neel:
        """The same for cores of any size.

        Examples
        --------
        >>> import mpifast
        >>> mpifast.Neel().of_size(mpifast.Particle(20e-9), 2.0) == mpifast.Neel()
        True
        """
        return self

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


@dataclass(frozen=True)
class FokkerPlanck:
    """The distribution of the moments' directions, for fields along one axis: the reference of all other models.

    Parameters
    ----------
    mechanism : {"brown", "neel"}
        Whether the core turns in the fluid, or the moment inside the core. For "neel" the particle may have a uniaxial
        anisotropy whose axis lies along the field.
    viscosity, hydrodynamic_diameter : float, optional
        As for `Brown`; needed for "brown", and for it alone.
    damping, gyromagnetic_ratio : float, optional
        As for `Neel`; for "neel" alone, 0.1 and 1.75e11 by default.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type, out of range, missing or that of the other mechanism.

    References
    ----------
    Kluth, Inverse Problems 34:083001, 2018.

    Examples
    --------
    >>> import mpifast
    >>> brown = mpifast.FokkerPlanck("brown", viscosity=1e-3, hydrodynamic_diameter=40e-9)
    >>> particle = mpifast.Particle(15e-9, relaxation=brown)
    >>> system = mpifast.system_matrix(mpifast.Scanner(voxels=3), particle, harmonics=3)
    >>> system.parts  # no longer imaginary alone
    (0, 1)
    """

    mechanism: str
    viscosity: float | None = None
    hydrodynamic_diameter: float | None = None
    damping: float | None = None
    gyromagnetic_ratio: float | None = None

    def __post_init__(self) -> None:
        mechanism = check.choice("mechanism", self.mechanism, ("brown", "neel"))
        own = {"brown": ("viscosity", "hydrodynamic_diameter"), "neel": ("damping", "gyromagnetic_ratio")}
        for other, names in own.items():
            for name in names:
                value = getattr(self, name)
                if other != mechanism and value is not None:
                    raise ValueError(f"{name}={value!r} belongs to the mechanism {other!r}: leave it out")
                if other == mechanism == "brown" and value is None:
                    raise ValueError(f"{name} is missing: the mechanism 'brown' needs it")
        if mechanism == "neel":
            for name, default in (("damping", 0.1), ("gyromagnetic_ratio", 1.75e11)):
                object.__setattr__(self, name, default if getattr(self, name) is None else getattr(self, name))
        for name in own[mechanism]:
            object.__setattr__(self, name, getattr(self.rotation, name))

    @property
    def rotation(self) -> Brown | Neel:
        """The rotation without a field."""
        if self.mechanism == "brown":
            return Brown(self.viscosity, self.hydrodynamic_diameter)  # type: ignore[arg-type]
        return Neel(self.damping, self.gyromagnetic_ratio)  # type: ignore[arg-type]

    def time(self, particle: Any) -> float:
        """Time constant of the free rotation, tau_B or tau_N0, in seconds.

        Examples
        --------
        >>> import mpifast
        >>> print(f"{mpifast.FokkerPlanck('neel').time(mpifast.Particle(20e-9)):.3e} s")
        1.393e-08 s
        """
        return self.rotation.time(particle)

    def factor(self, particle: Any) -> Debye | None:
        """None: it is no factor.

        Examples
        --------
        >>> import mpifast
        >>> mpifast.FokkerPlanck('neel').factor(mpifast.Particle(20e-9)) is None
        True
        """
        return None

    def of_size(self, particle: Any, ratio: float) -> FokkerPlanck:
        """The same for a core of ``ratio`` times the particle's diameter, as for `Brown`.

        Examples
        --------
        >>> import mpifast
        >>> mpifast.FokkerPlanck('neel').of_size(mpifast.Particle(20e-9), 2.0) == mpifast.FokkerPlanck('neel')
        True
        """
        if self.mechanism == "neel":
            return self
        grown = self.rotation.of_size(particle, ratio)
        return dataclasses.replace(self, hydrodynamic_diameter=grown.hydrodynamic_diameter)  # type: ignore[union-attr]

    def refuse(self, particle: Any) -> None:
        """Refuse what `Brown` refuses.

        Examples
        --------
        >>> import mpifast
        >>> mpifast.FokkerPlanck('brown', 1e-3, 30e-9).refuse(mpifast.Particle(20e-9))
        """
        if self.mechanism == "brown":
            self.rotation.refuse(particle)


def _constant(relaxation: Brown | Neel, particle: Any) -> Debye | None:
    """The factor of a constant time, which sizes of different times are not."""
    if relaxation.law != "constant" or particle.sizes is not None:
        return None
    return Debye(relaxation.time(particle))


Relaxation = Debye | Brown | Neel | FokkerPlanck
KINDS: tuple[Any, ...] = (Debye, Brown, Neel, FokkerPlanck)
