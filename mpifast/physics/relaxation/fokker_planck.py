"""The Fokker-Planck equation as a model of relaxation: the rotation without a field says its parameters."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from mpifast import _validation as check
from mpifast.physics.relaxation.debye import Debye, Relaxation
from mpifast.physics.relaxation.rotation import Brown, Neel


@dataclass(frozen=True)
class FokkerPlanck(Relaxation):
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


KINDS: tuple[Any, ...] = (Debye, Brown, Neel, FokkerPlanck)  # all models that there are
