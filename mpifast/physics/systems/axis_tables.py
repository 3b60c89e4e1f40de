"""One axis of a scan: Fourier coefficients of Gaussians of the field, at all voxels of the axis."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.fft import dct

G, H = 0, 1  # the Gaussian alone, and times the field
MANY = 512  # points from which on each Gaussian has a number of its own
PEAK = 1.0 / np.sqrt(2.0 * np.e)  # of x exp(-x^2)
ROUNDING = 1e-15  # of voxels on both sides of the middle


@dataclass(frozen=True)
class AxisTables:
    """Coefficients g_p and h_p of one axis.

    ``values`` is float64[2, orders, R, half]: [G] is g_p = (1/pi) int_0^pi exp(-v_r (a + b cos t)^2) cos(p t) dt, [H]
    the same with a factor (a + b cos t), for half of the voxels where the axis is ``folded``:
    g_p(-a) = (-1)^p g_p(a), and h_p(-a) = (-1)^(p+1) h_p(a). ``plus`` and ``minus`` are the voxels of each half.
    """

    values: np.ndarray
    folded: bool
    plus: np.ndarray
    minus: np.ndarray

    @property
    def orders(self) -> int:
        """Number of orders p = 0, 1, ..."""
        return int(self.values.shape[1])

    @property
    def voxels(self) -> int:
        """Number of voxels of the axis."""
        return int(self.plus[-1]) + 1

    @functools.cached_property
    def largest(self) -> np.ndarray:
        """Largest magnitude along the axis, float64[2, orders, R]."""
        return np.abs(self.values).max(axis=3)

    def whole(self) -> np.ndarray:
        """The tables at all voxels, float64[2, orders, R, voxels]."""
        if not self.folded:
            return self.values
        sign = 1.0 - 2.0 * ((np.arange(self.orders) + np.arange(2)[:, None]) % 2)
        full = np.empty((*self.values.shape[:3], self.voxels))
        full[..., self.minus] = sign[:, :, None, None] * self.values
        full[..., self.plus] = self.values
        return full

    def first(self, orders: int) -> AxisTables:
        """The same with fewer orders."""
        return AxisTables(np.ascontiguousarray(self.values[:, :orders]), self.folded, self.plus, self.minus)


def langevin_arguments(
    axes: Sequence[Any], coordinates: Sequence[np.ndarray], beta: float
) -> tuple[list[np.ndarray], list[float], float]:
    """Offsets a and drive b of each axis in units of the Langevin argument, and the largest argument in the field of
    view; of axes as `mpifast.physics.fields.sequence.DriveAxis`, their voxels, and the Langevin argument for a tesla.
    """
    offsets = [beta * (axis.gradient * x + axis.offset) for axis, x in zip(axes, coordinates, strict=True)]
    drives = [beta * axis.amplitude if axis.multiple else 0.0 for axis in axes]
    largest = math.hypot(*(float(np.abs(a).max()) + abs(b) for a, b in zip(offsets, drives, strict=True)))
    return offsets, drives, largest


def axis_tables(
    offsets: np.ndarray, drive: float, nodes: np.ndarray, weights: np.ndarray, largest: float, error: float
) -> AxisTables:
    """Tables of one axis by the midpoint rule in t, a cosine transform.

    The orders beyond ``orders`` are below ``error`` by `order_bound`; the M nodes alias order 2M - p onto p, whose
    error is below rounding.

    Parameters
    ----------
    offsets : ndarray
        a, float64[voxels], dimensionless.
    drive : float
        b, dimensionless; 0 where the axis is not driven, which leaves the order 0.
    nodes : ndarray
        v, float64[R].
    weights : ndarray
        w, float64[R], positive.
    largest : float
        Largest Langevin argument, by which [H] may exceed [G].
    error : float
        Bound of the orders left out, of sum_r w_r g_p and sum_r w_r h_p.

    Returns
    -------
    AxisTables

    Examples
    --------
    >>> import numpy as np
    >>> from mpifast.physics.systems.axis_tables import axis_tables
    >>> tables = axis_tables(np.array([-1.0, 1.0]), 2.0, np.array([0.1, 0.5]), np.array([0.3, 0.1]), 3.0, 1e-9)
    >>> tables.folded, tables.values.shape
    (True, (2, 20, 2, 1))
    """
    voxels = len(offsets)
    folded = voxels > 1 and bool(np.abs(offsets + offsets[::-1]).max() <= ROUNDING * np.abs(offsets).max())
    plus = np.arange(voxels // 2, voxels) if folded else np.arange(voxels)
    minus = voxels - 1 - plus if folded else plus
    orders = count = 1
    if drive:
        orders, count = (_first_below(bound, nodes, weights, drive, largest) for bound in (error, 1e-17))
    if count > MANY:  # the narrow Gaussians alone need so many points
        values = np.zeros((2, len(nodes), len(plus), orders))
        for r in range(len(nodes)):
            alone = nodes[r : r + 1], weights[r : r + 1]
            few = _first_below(1e-17, *alone, drive, largest)
            series = _series(offsets[plus], drive, few, alone[0])[:, 0, :, :orders]
            values[:, r, :, : series.shape[-1]] = series
    else:
        values = _series(offsets[plus], drive, count, nodes)[..., :orders]
    values[np.abs(values) < error] = 0.0  # products of three would be denormal numbers in float32, which are slow
    values = np.ascontiguousarray(values.transpose(0, 3, 1, 2))
    if folded and voxels % 2:  # an odd function is zero in the middle, to the bit
        values[G, 1::2, :, 0] = values[H, 0::2, :, 0] = 0.0
    return AxisTables(values, folded, plus, minus)


def _series(offsets: np.ndarray, drive: float, count: int, nodes: np.ndarray) -> np.ndarray:
    """Coefficients g_p and h_p from ``count`` midpoints, float64[2, R, voxels, count]."""
    field = offsets[:, None] + (drive * np.cos(np.pi / count * (np.arange(count) + 0.5)) if drive else 0.0)
    gaussians = np.exp(-nodes[:, None, None] * field**2)
    return dct(np.stack([gaussians, gaussians * field])) / (2 * count)


def order_bound(order: int, nodes: np.ndarray, weights: np.ndarray, drive: float, largest: float) -> float:
    """Bound of sum_r w_r abs(g_p) and sum_r w_r abs(h_p) for p = ``order``, whatever the voxel.

    On the line t + i eta, abs(exp(-v (a + b cos t)^2)) <= exp(v y^2) with y = b sinh(eta), hence
    abs(g_p) <= exp(v y^2 - p eta) for every eta. It is the least where v b^2 sinh(2 eta) = p. A factor h, of this axis
    or of another one, adds at most y and the largest of the field times its Gaussian.
    """
    q = nodes * drive**2
    square = 0.5 * order**2 / (np.sqrt(q**2 + order**2) + q)  # v y^2, without cancellation
    eta = 0.5 * np.arcsinh(order / q)
    factor = np.minimum(largest, PEAK / np.sqrt(nodes)) + np.sqrt(square / nodes)
    return float(weights @ (np.maximum(factor, 1.0) * np.exp(square - order * eta)))


def _first_below(bound: float, nodes: np.ndarray, weights: np.ndarray, drive: float, largest: float) -> int:
    """The first order from which on `order_bound` is below ``bound``, by bisection."""
    high = 2
    while order_bound(high, nodes, weights, drive, largest) > bound:
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if order_bound(middle, nodes, weights, drive, largest) > bound else (low, middle)
    return high


def trimmed(tables: Sequence[AxisTables], weights: np.ndarray, error: float) -> list[AxisTables]:
    """The tables without the orders that add less than ``error`` to any tensor."""
    largest = [table.largest for table in tables]
    most = np.max([part.max(axis=(0, 1)) for part in largest], axis=0)
    needed = [np.flatnonzero(((part * most**2) @ weights).max(axis=0) > error) for part in largest]
    return [table.first(int(orders.max(initial=0)) + 1) for table, orders in zip(tables, needed, strict=True)]


def tensor_bounds(tables: Sequence[AxisTables], weights: np.ndarray, channel: int) -> np.ndarray:
    """Bound of max abs(c_pql) over all voxels, from the tables alone: float64[orders of x, of y, of z]."""
    x, y, z = (table.largest[H if axis == channel else G] for axis, table in enumerate(tables))
    right = (y[:, None] * z[None]).reshape(-1, len(weights))
    return ((x * weights) @ right.T).reshape(len(x), len(y), len(z))
