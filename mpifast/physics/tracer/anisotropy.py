"""Magnetic anisotropy of a particle's core."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mpifast import _validation as check


@dataclass(frozen=True)
class Uniaxial:
    """Uniaxial anisotropy: the energy -K V (n . u)^2 of a moment along u, with the easy axis n.

    Parameters
    ----------
    constant : float
        K in J/m^3; negative for an easy plane across the axis.
    axis : tuple of float, optional
        Easy axis n (x, y, z), of any length but zero; z by default.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type, not finite or out of range.

    References
    ----------
    Maass, Kluth, Knopp et al., arXiv:2403.00602, 2024.
    """

    constant: float
    axis: tuple[float, ...] = (0.0, 0.0, 1.0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "constant", check.number("constant", self.constant, low=-1e6, high=1e6, unit="J/m^3"))
        axis = check.finite("axis", check.real_array("axis", self.axis))
        if axis.shape != (3,) or not np.linalg.norm(axis) > 0.0:
            raise ValueError(f"axis={self.axis!r}: give the components x, y, z of the easy axis, not all of them zero")
        object.__setattr__(self, "axis", tuple(float(part) for part in axis))


KINDS: tuple[Any, ...] = (Uniaxial,)
