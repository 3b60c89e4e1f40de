"""The superparamagnetic tracer particle."""

from __future__ import annotations

import dataclasses
import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from mpifast import _display
from mpifast import _validation as check
from mpifast.physics.relaxation import fokker_planck
from mpifast.physics.relaxation.debye import Debye, Relaxation
from mpifast.physics.tracer import anisotropy, equilibrium, sizes, vector_langevin

BOLTZMANN = 1.380649e-23  # J/K, exact
MU_0 = 1.25663706127e-6  # N/A^2, CODATA 2022; not SciPy's, which changes with its version, and every spectrum with it
LEAST_SHARE = 1e-16  # of the volume: what less adds is rounding
SATURATION_MAGNETIZATION = 0.6 / MU_0  # magnetite, A/m: the value of the paper


@dataclass(frozen=True)
class Particle(_display.Shown):
    """A spherical single-domain particle; the model of its magnetisation follows from what is given.

    Parameters
    ----------
    diameter : float
        Core diameter in metres.
    saturation_magnetization : float, optional
        Ms in A/m; magnetite's 0.6 T/mu0 by default.
    temperature : float, optional
        Temperature in kelvin. The paper gives none; 300 K is the default.
    sizes : LogNormal or SizeMixture, optional
        Distribution of the core diameters in units of ``diameter``; one diameter by default.
    relaxation : Debye, Brown, Neel or FokkerPlanck, optional
        How the magnetisation follows the field; thermal equilibrium at every moment by default.
    anisotropy : Uniaxial, optional
        Anisotropy of the core; none by default.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of range, or there is no model of what is given together.

    References
    ----------
    Chae 2017, eqs. (9) and (10).

    Examples
    --------
    >>> import mpifast
    >>> particle = mpifast.Particle(diameter=25e-9, temperature=294.0)
    >>> print(f"{particle.magnetic_moment:.4e} A m^2, {particle.beta:.1f} per tesla")
    3.9063e-18 A m^2, 962.3 per tesla
    """

    diameter: float
    saturation_magnetization: float = SATURATION_MAGNETIZATION
    temperature: float = 300.0
    sizes: sizes.Sizes | None = None
    relaxation: Relaxation | None = None
    anisotropy: anisotropy.Uniaxial | None = None

    def __post_init__(self) -> None:
        units = {"diameter": "m", "saturation_magnetization": "A/m", "temperature": "K"}
        for name, unit in units.items():
            value = check.positive(name, getattr(self, name), unit)
            object.__setattr__(
                self, name, check.number(name, value, low=1e-100, high=1e100, unit=unit)
            )  # cubes are finite
        check.number("magnetic_moment", self.magnetic_moment, low=1e-300, unit="A m^2")
        check.number("beta", self.beta, low=1e-150, high=1e150, unit="1/T")
        parts = {"sizes": sizes.KINDS, "relaxation": fokker_planck.KINDS, "anisotropy": anisotropy.KINDS}
        for name, kinds in parts.items():
            value = getattr(self, name)
            if value is not None and not isinstance(value, kinds):
                raise TypeError(
                    f"{name} is {value!r:.60}: give {' or '.join(kind.__name__ for kind in kinds)}, or None"
                )
        if self.relaxation is not None:
            self.relaxation.refuse(self)

    def __repr__(self) -> str:
        """The parameters, without parts that it does not have."""
        given = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return f"Particle({', '.join(f'{name}={value!r}' for name, value in given.items() if value is not None)})"

    def _facts(self) -> dict[str, Any]:
        magnetization = _display.numbers(self.saturation_magnetization, "kA/m", 1e-3)
        return {
            "diameter": _display.numbers(self.diameter, "nm", 1e9),
            "saturation magnetization": f"{magnetization} ({_display.numbers(self.saturation_field, 'T/mu0')})",
            "temperature": _display.numbers(self.temperature, "K"),
            "sizes": self.sizes,
            "relaxation": self.relaxation,
            "anisotropy": self.anisotropy,
        }

    @property
    def is_plain(self) -> bool:
        """Whether three numbers say everything: a sphere of one size in equilibrium, without anisotropy."""
        return self.sizes is None and self.relaxation is None and self.anisotropy is None

    @property
    def magnetic_moment(self) -> float:
        """M = Ms pi d^3 / 6 in A m^2 (eq. 10)."""
        return self.saturation_magnetization * math.pi * self.diameter**3 / 6.0

    @property
    def beta(self) -> float:
        """M / (kB T) in 1/T: the Langevin argument is beta times the field mu0 H in tesla (eq. 9)."""
        return self.magnetic_moment / self.thermal_energy

    @property
    def thermal_energy(self) -> float:
        """KB T in joules."""
        return BOLTZMANN * self.temperature

    @functools.cached_property
    def shares(self) -> tuple[tuple[float, float], ...]:
        """Each size: its moment over that of the largest one, rising to 1, and its share of the volume."""
        if self.sizes is None:
            return ((1.0, 1.0),)
        ratios, shares = self.sizes.shares()
        kept = shares > 0.0
        moments = (ratios[kept] / ratios[kept][-1]) ** 3
        return tuple(zip(moments.tolist(), shares[kept].tolist(), strict=True))

    @functools.cached_property
    def largest_beta(self) -> float:
        """``beta`` of the largest size, 1/T."""
        if self.sizes is None:
            return self.beta
        ratios, shares = self.sizes.shares()
        return self.beta * float(ratios[shares > 0.0][-1]) ** 3

    @property
    def equilibrium(self) -> Particle:
        """The same particle without a relaxation that is a factor of each frequency (`response`)."""
        return self if self._factor is None else dataclasses.replace(self, relaxation=None)

    @property
    def instantaneous(self) -> bool:
        """Whether the magnetisation of `equilibrium` follows from the field at the moment alone."""
        return self.equilibrium.relaxation is None

    @property
    def anisotropy_factor(self) -> float:
        """V / (kB T) of the largest size in m^3/J: alpha of the equilibrium with anisotropy is this times K."""
        return self.largest_beta / self.saturation_magnetization

    def response(self, frequency: Any) -> np.ndarray:
        """What relaxation multiplies the Fourier coefficients of `equilibrium` by, at frequencies in hertz.

        complex128[...].

        Examples
        --------
        >>> import mpifast
        >>> print(abs(mpifast.Particle(20e-9, relaxation=mpifast.Debye(1e-6)).response(159154.943)).round(6))
        0.707107
        """
        factor = self._factor
        return np.ones(np.shape(frequency), np.complex128) if factor is None else factor.response(frequency)

    @property
    def _factor(self) -> Debye | None:
        """The relaxation, if it is a factor of each frequency."""
        return None if self.relaxation is None else self.relaxation.factor(self)

    def single_sizes(self) -> list[tuple[float, Particle]]:
        """Shares of the volume and particles of one size each, for models in which each size has its own dynamics.

        Examples
        --------
        >>> import mpifast
        >>> brown = mpifast.Brown(1e-3, 40e-9, law="effective-field")
        >>> sizes = mpifast.SizeMixture((1.0, 1.5), (1.0, 3.0), weighting="volume")
        >>> for share, single in mpifast.Particle(20e-9, sizes=sizes, relaxation=brown).single_sizes():
        ...     print(f"{share} {single.diameter:g} {single.relaxation.hydrodynamic_diameter:g}")
        0.25 2e-08 4e-08
        0.75 3e-08 5e-08
        """
        if self.sizes is None:
            return [(1.0, self)]
        parts = zip(*self.sizes.shares(), strict=True)
        return [(float(share), self._of_size(float(ratio))) for ratio, share in parts if share > LEAST_SHARE]

    def _of_size(self, ratio: float) -> Particle:
        own = None if self.relaxation is None else self.relaxation.of_size(self, ratio)
        return dataclasses.replace(self, diameter=ratio * self.diameter, sizes=None, relaxation=own)

    @property
    def saturation_field(self) -> float:
        """mu0 Ms in tesla: the polarisation of material at concentration 1."""
        return MU_0 * self.saturation_magnetization

    def magnetization(self, field: Any, position: Any = None) -> np.ndarray:
        """Mean magnetisation over saturation in a field mu0 H, over all sizes by their volume.

        Parameters
        ----------
        field : array_like
            float[..., 3], tesla, finite. With an anisotropy of voxels its first axis is that of the voxels.
        position : array_like, optional
            Where the particles are, float[..., 3], metres: for an anisotropy that depends on it.

        Returns
        -------
        ndarray
            float64[..., 3], each component within 10 ulp of that of the sizes (`LogNormal.shares`); with an anisotropy
            to 1e-14.

        Raises
        ------
        TypeError, ValueError
            If an argument is not real, not finite or has not three components, beta times the field overflows, or the
            position is missing.

        Examples
        --------
        >>> import mpifast
        >>> print(mpifast.Particle(25e-9).magnetization([3e-3, 0.0, 4e-3]).round(6))
        [0.472856 0.       0.630474]
        """
        array = check.finite("field", check.real_array("field", field))
        with np.errstate(over="ignore"):
            xi = self.largest_beta * np.asarray(array, np.float64)
        if not np.isfinite(xi).all():
            raise ValueError(f"field reaches {np.abs(array).max():g} T, and beta times it overflows: give it in tesla")
        if self.anisotropy is not None:
            return self._anisotropic(xi, position)
        if self.sizes is None:
            return vector_langevin.magnetization(xi)
        mean = np.zeros_like(xi)
        for moment, share in self.shares:
            mean += share * vector_langevin.magnetization(moment * xi)
        return mean

    def _anisotropic(self, xi: np.ndarray, position: Any) -> np.ndarray:
        """The same with the anisotropy, in a field times beta of the largest size."""
        assert self.anisotropy is not None
        if xi.shape[-1:] != (3,):
            raise ValueError(f"field has shape {xi.shape}: give the components along x, y, z along the last axis")
        if position is None:
            if self.anisotropy.by_position:
                raise ValueError("position is missing: the easy axis depends on it; give float[..., 3] in metres")
            position = np.zeros(xi.shape)
        place = check.finite("position", check.real_array("position", position)).astype(np.float64)
        if place.shape[-1:] != (3,):
            raise ValueError(f"position has shape {place.shape}: give x, y, z along the last axis")
        if self.anisotropy.voxels is not None:
            place = np.zeros(xi.shape)
        axes, constants = self.anisotropy.at(place)
        alpha = self.anisotropy_factor * constants
        each = [share * equilibrium.magnetization(v * xi, axes, v * alpha) for v, share in self.shares]
        return np.asarray(np.add.reduce(each))
