"""Magnetic anisotropy of a particle's core."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mpifast import _validation as check

LARGEST = 1e6  # J/m^3
LONGEST = 8  # entries that are shown


@dataclass(frozen=True)
class Uniaxial:
    """Uniaxial anisotropy: the energy -K V (n^T u)^2 of a moment along u, with the easy axis n.

    The equilibrium model with anisotropy (EQANIS). A position-dependent axis stands for fluid particles, which turn
    with the mean field.

    Parameters
    ----------
    constant : float or array_like
        K in J/m^3; negative for an easy plane across the axis. float[voxels]: one for each voxel.
    axis : array_like, optional
        Easy axis n, of any length but zero: (x, y, z) for one axis everywhere, z by default; float[voxels, 3] for one
        in each voxel of a grid, in C order. A 3 x 3 matrix M (per metre) is a field of position: at r the easy axis
        lies along M r and K is ``constant`` times abs(M r)^2, so that nothing jumps where M r is zero. Three voxels
        with an axis each need a constant for each voxel.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or shape, not finite or out of range.

    References
    ----------
    Maass, Kluth, Knopp et al., arXiv:2403.00602, 2024.

    Examples
    --------
    The model of fluid particles of that paper: K = 3500 (r / r_max)^2, with the easy axis along r.

    >>> import mpifast, numpy as np
    >>> fluid = mpifast.Uniaxial(3500.0, axis=np.eye(3) / 14e-3)
    >>> particle = mpifast.Particle(19e-9, 474e3, 293.0, anisotropy=fluid)
    >>> print(particle.magnetization([5e-3, 0.0, 0.0], position=[[0.0, 0.0, 0.0], [14e-3, 0.0, 0.0]])[:, 0].round(6))
    [0.554925 0.786675]
    """

    constant: Any
    axis: Any = (0.0, 0.0, 1.0)

    def __post_init__(self) -> None:
        for name in ("constant", "axis"):
            if isinstance(getattr(self, name), dict):
                raise ValueError(
                    f"{name} of the anisotropy is a long array, of which only a digest was kept: the system is not"
                    " computed again; use the one that it was made from"
                )
        axis = check.finite("axis", check.real_array("axis", self.axis)).astype(np.float64)
        several = np.ndim(self.constant) > 0
        if several:
            constant = check.finite("constant", check.real_array("constant", self.constant)).astype(np.float64)
            if constant.ndim != 1 or not len(constant):
                raise ValueError(f"constant has shape {constant.shape}: give one number, or one for each voxel")
            for bad in constant[np.abs(constant) > LARGEST][:1]:
                raise ValueError(f"constant contains {bad:g}: give numbers from -{LARGEST:g} to {LARGEST:g} J/m^3")
            value: Any = tuple(constant.tolist())
        else:
            value = check.number("constant", self.constant, low=-LARGEST, high=LARGEST, unit="J/m^3")
        if axis.ndim not in (1, 2) or axis.shape[-1] != 3 or not len(axis):
            raise ValueError(
                f"axis has shape {axis.shape}: give the components x, y, z, one axis [voxels, 3] for each voxel, or a"
                " 3 x 3 matrix"
            )
        object.__setattr__(self, "constant", value)
        object.__setattr__(self, "axis", tuple(map(tuple, axis.tolist())) if axis.ndim == 2 else tuple(axis.tolist()))
        if several and axis.ndim == 2 and len(axis) != len(value):
            raise ValueError(f"axis has {len(axis)} rows and constant {len(value)}: give both for each voxel")
        if not self._is_matrix and not np.abs(axis).max(axis=-1).all():
            where = "" if axis.ndim == 1 else f"[{int(np.argmin(np.abs(axis).max(axis=-1)))}]"
            raise ValueError(f"axis{where} is zero: give the direction of the easy axis, of any length")
        if self._is_matrix and (not axis.any() or np.abs(axis).max() > 1e12):
            raise ValueError(f"axis={self.axis}: give a matrix in 1/m that is not zero, for example identity / r_max")

    @property
    def _is_matrix(self) -> bool:
        return len(self.axis) == 3 and np.ndim(self.axis) == 2 and np.ndim(self.constant) == 0

    @property
    def voxels(self) -> int | None:
        """How many voxels it is given for; None if it fits any grid."""
        if np.ndim(self.constant) == 1:
            return len(self.constant)
        return len(self.axis) if np.ndim(self.axis) == 2 and not self._is_matrix else None

    @property
    def by_position(self) -> bool:
        """Whether axis and constant follow from the position."""
        return self._is_matrix

    def __repr__(self) -> str:
        """The parameters; of long arrays their length."""

        def short(value: Any) -> str:
            return f"<{len(value)} voxels>" if np.ndim(value) and len(value) > LONGEST else repr(value)

        return f"Uniaxial(constant={short(self.constant)}, axis={short(self.axis)})"

    def check_voxels(self, voxels: int) -> None:
        """Refuse a grid of another number of voxels.

        Raises
        ------
        ValueError
            If it is given for another number.

        Examples
        --------
        >>> import mpifast
        >>> mpifast.Uniaxial((1000.0, 2000.0)).check_voxels(2)
        """
        if self.voxels not in (None, voxels):
            raise ValueError(
                f"anisotropy is given for {self.voxels:,} voxels, and the grid has {voxels:,}: give one axis or"
                " constant for each voxel of the grid, in C order"
            )

    def at(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Easy axes of length 1, float64[..., 3], and K in J/m^3, float64[...].

        Parameters
        ----------
        positions : ndarray
            float64[..., 3], metres. Where axes or constants are given for each voxel: the voxels along the first axis.

        Raises
        ------
        ValueError
            If it is given for another number of voxels.

        Examples
        --------
        >>> import mpifast, numpy as np
        >>> axes, constants = mpifast.Uniaxial(1000.0, np.eye(3) / 10e-3).at(np.array([[0.0, 5e-3, 0.0]]))
        >>> print(axes, constants)
        [[0. 1. 0.]] [250.]
        """
        shape = positions.shape[:-1]
        if self._is_matrix:
            matrix = np.array(self.axis)
            vectors = sum(positions[..., d : d + 1] * matrix[:, d] for d in range(3))
            square = (vectors**2).sum(axis=-1)
            return _unit(vectors), self.constant * square
        if self.voxels is not None:
            self.check_voxels(shape[0] if shape else 1)
        inner = (1,) * (len(shape) - 1)
        axis, constant = np.array(self.axis), np.array(self.constant)
        axis = axis.reshape(-1, *inner, 3) if axis.ndim == 2 else axis
        constant = constant.reshape(-1, *inner) if constant.ndim else constant
        return np.broadcast_to(_unit(axis), (*shape, 3)).copy(), np.broadcast_to(constant, shape).copy()


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors [..., 3] over their lengths; z for zero."""
    scale = np.abs(vectors).max(axis=-1, keepdims=True)
    scaled = np.where(scale > 0.0, vectors / np.where(scale > 0.0, scale, 1.0), (0.0, 0.0, 1.0))
    return scaled / np.sqrt((scaled**2).sum(axis=-1, keepdims=True))


KINDS: tuple[Any, ...] = (Uniaxial,)
