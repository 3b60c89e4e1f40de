"""What is seen of images on a grid: its axes in millimetres, and planes or projections of a volume.

The first axis of a grid runs to the right and the second upwards, as x and y do, while arrays have x first: a picture
is the transposed array.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from mpifast.physics.fields.arguments import AXES
from mpifast.physics.fields.grid import Grid

HIDDEN = (2, 1, 0)  # the axis that each of the three views of a volume looks along: x-y, x-z, y-z


class Axis(NamedTuple):
    """An axis of more than one voxel; its outer edges in millimetres, or in voxels counted from 0."""

    name: str
    first: float
    last: float
    voxels: int
    numbered: bool = False

    @property
    def label(self) -> str:
        """What stands at the axis."""
        if self.name not in AXES:
            return self.name
        return f"voxel along {self.name}" if self.numbered else f"{self.name} (mm)"

    @property
    def length(self) -> float:
        """Millimetres from edge to edge."""
        return self.last - self.first

    @property
    def ends(self) -> tuple[str, str]:
        """What stands at both ends: the edges, or the first and the last number."""
        if self.numbered:
            return f"{self.position(0):g}", f"{self.position(self.voxels - 1):g}"
        first, last = (f"{edge + 0.0:.3g}".replace("-", "\N{MINUS SIGN}") for edge in (self.first, self.last))
        return first, last

    def position(self, voxel: Any) -> Any:
        """Where voxels lie."""
        return self.first + self.length * (voxel + 0.5) / self.voxels

    def place(self, voxel: int) -> str:
        """What stands over the plane at a voxel."""
        return f"{self.name} voxel {voxel}" if self.numbered else f"{self.name} = {self.position(voxel) + 0.0:.3g} mm"


def axes_of(grid: Grid | None, voxels: int) -> list[Axis]:
    """The axes of more than one voxel; at least one. Without a grid the voxels are numbered."""
    if grid is None:
        return [Axis("voxel", -0.5, voxels - 0.5, voxels)]
    parts = zip(AXES, grid.shape, grid.field_of_view, grid.center, strict=False)
    found = [Axis(name, 1e3 * (c - width / 2), 1e3 * (c + width / 2), n) for name, n, width, c in parts]
    return [axis for axis in found if axis.voxels > 1] or found[:1]


def numbered_axes(shape: tuple[int, ...]) -> list[Axis]:
    """The axes of more than one voxel of images without a grid; at least one."""
    found = [Axis(name, -0.5, n - 0.5, n, numbered=True) for name, n in zip(AXES, shape, strict=False)]
    return [axis for axis in found if axis.voxels > 1] or found[:1]


def counted(name: str, count: int, downwards: bool = False) -> Axis:
    """An axis of things that are numbered from 0, the first one at the top if ``downwards``."""
    first, last = -0.5, count - 0.5
    return Axis(name, last, first, count, True) if downwards else Axis(name, first, last, count, True)


def brightest(volume: np.ndarray) -> tuple[int, ...]:
    """The voxel of the largest value; of several the one nearest to their centre of mass."""
    ties = np.argwhere(volume == volume.max())
    return tuple(ties[((ties - ties.mean(axis=0)) ** 2).sum(axis=1).argmin()].tolist())


class View(NamedTuple):
    """One picture: float64[up, across], its axes, and what it is of a volume (empty for a plane image)."""

    picture: np.ndarray
    across: Axis
    up: Axis
    title: str


def views(image: np.ndarray, axes: list[Axis], cut: tuple[int, ...] | None, projection: bool = False) -> list[View]:
    """The pictures of an image float64[axes of more than one voxel]: itself, or three of a volume.

    The planes of a volume go through the voxel ``cut``, that of the largest value by default.
    """
    if len(axes) == 2:
        return [View(image.T, axes[0], axes[1], "")]
    found, voxel = [], brightest(image) if cut is None else cut
    for hidden in HIDDEN:
        across, up = (axis for number, axis in enumerate(axes) if number != hidden)
        along = axes[hidden]
        if projection:
            found.append(View(image.max(axis=hidden).T, across, up, f"maximum along {along.name}"))
        else:
            found.append(View(np.take(image, voxel[hidden], hidden).T, across, up, along.place(voxel[hidden])))
    return found


def stacked(images: np.ndarray, axis: Axis, name: str, title: str = "") -> View:
    """Images on one axis as one picture, the first of them on top: float64[n, voxels]."""
    return View(images[::-1], axis, counted(name, len(images), downwards=True), title)
