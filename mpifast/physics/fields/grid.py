"""Grids: where the voxels of an image lie."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from mpifast import _display
from mpifast import _validation as check

MAX_VOXELS = 2**31


@dataclass(frozen=True)
class Grid(_display.Shown):
    """A regular grid of voxels along one to three axes, as the MDF format describes it.

    Voxel i of an axis with n voxels lies at ``center + field_of_view * ((i + 1/2) / n - 1/2)``: the field of view is
    that of whole voxels. Images are flat arrays [n, voxels] in C order, the last axis varying fastest.

    Parameters
    ----------
    shape : sequence of int
        Voxels along each axis.
    field_of_view : sequence of float
        Extent along each axis, metres.
    center : sequence of float, optional
        Position of the middle of the grid, metres; the origin by default.

    Raises
    ------
    TypeError, ValueError
        If there are not one to three axes, or a parameter is of the wrong length, type or range.

    Examples
    --------
    >>> import mpifast
    >>> grid = mpifast.Grid(shape=(2, 4), field_of_view=(10e-3, 20e-3))
    >>> grid.voxels, grid.spacing
    (8, (0.005, 0.005))
    >>> print(grid.axes[1] * 1e3)
    [-7.5 -2.5  2.5  7.5]
    >>> grid.positions.shape
    (8, 2)
    """

    shape: tuple[int, ...]
    field_of_view: tuple[float, ...]
    center: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        shape = [check.integer(f"shape[{i}]", n, low=1) for i, n in enumerate(check.sequence("shape", self.shape))]
        if not 1 <= len(shape) <= 3:
            raise ValueError(f"shape={tuple(shape)} has {len(shape)} axes: give one to three")
        if math.prod(shape) > MAX_VOXELS:
            raise ValueError(f"shape={tuple(shape)} has {math.prod(shape):,} voxels, the limit is {MAX_VOXELS:,}")
        extent = _lengths("field_of_view", self.field_of_view, len(shape))
        for i, value in enumerate(extent):
            check.number(f"field_of_view[{i}]", value, low=1e-150, high=1e150, unit="m")
        center = _lengths("center", self.center, len(shape)) if len(self.center) else (0.0,) * len(shape)
        object.__setattr__(self, "shape", tuple(shape))
        object.__setattr__(self, "field_of_view", extent)
        object.__setattr__(self, "center", center)

    def _facts(self) -> dict[str, Any]:
        return {
            "shape": " x ".join(map(str, self.shape)),
            "voxels": f"{self.voxels:,}",
            "field of view": _display.numbers(self.field_of_view, "mm", 1e3, " x "),
            "spacing": _display.numbers(self.spacing, "mm", 1e3, " x "),
            "center": f"({_display.numbers(self.center, '', 1e3)}) mm" if any(self.center) else None,
        }

    @property
    def voxels(self) -> int:
        """Number of voxels."""
        return math.prod(self.shape)

    @property
    def spacing(self) -> tuple[float, ...]:
        """Distance between neighbouring voxels along each axis, metres."""
        return tuple(extent / n for extent, n in zip(self.field_of_view, self.shape, strict=True))

    @property
    def axes(self) -> tuple[np.ndarray, ...]:
        """Coordinates of the voxels along each axis, float64[n] each, metres."""
        parts = zip(self.shape, self.field_of_view, self.center, strict=True)
        # (2 i + 1 - n) / 2n is exactly antisymmetric about the middle, (i + 1/2)/n - 1/2 is not.
        return tuple(center + extent * ((2 * np.arange(n) + 1 - n) / (2 * n)) for n, extent, center in parts)

    @property
    def positions(self) -> np.ndarray:
        """Positions of the voxels in the order of a flat image, float64[voxels, axes], metres."""
        return np.stack(np.meshgrid(*self.axes, indexing="ij"), axis=-1).reshape(self.voxels, len(self.shape))


def _lengths(name: str, values: Any, axes: int) -> tuple[float, ...]:
    """One length in metres for each axis."""
    values = check.sequence(name, values)
    if len(values) != axes:
        raise ValueError(f"{name} has {len(values)} entries, expected {axes}: one for each axis of shape")
    return tuple(
        check.number(f"{name}[{i}]", value, low=-1e150, high=1e150, unit="m") for i, value in enumerate(values)
    )
