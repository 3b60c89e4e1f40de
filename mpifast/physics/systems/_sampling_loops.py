"""Loops of time sampling: the magnetisation of many voxels at many times."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mpifast._compiled.elementary import decay
from mpifast._compiled.jit import jit, span
from mpifast._compiled.loop import Loop

# 3 * 2k / (2k+1)! and 3 / (2k+1)!, as in `_langevin_kernels.pxd`.
UPPER = tuple(6.0 * k / math.factorial(2 * k + 1) for k in range(1, 13))
LOWER = tuple(3.0 / math.factorial(2 * k + 1) for k in range(13))


@jit
def ratio(s: Any) -> Any:
    """L(x)/x at s = x^2, float64, to a few units in the last place: series below x = 2, coth above, one division."""
    near = min(s, 4.0)
    upper, lower = UPPER[11], LOWER[12]
    for k in range(10, -1, -1):
        upper = upper * near + UPPER[k]
    for k in range(11, -1, -1):
        lower = lower * near + LOWER[k]
    # L(x)/x = [(1 + e) x - (1 - e)] / [(1 - e) x^2], e = exp(-2 x)
    x = math.sqrt(s)
    e = decay(2.0 * x)
    series = s < 4.0
    return (upper if series else (1.0 + e) * x - (1.0 - e)) / (lower if series else (1.0 - e) * s)


def _magnetize(
    offsets: np.ndarray, drive: np.ndarray, axes: np.ndarray, result: np.ndarray, slots: int, slot: int
) -> None:
    """Components ``axes`` of the magnetisation in a static gradient: result[axes, voxels, times] of xi = offsets
    [voxels, 3] + drive [3, times]. A slot has a contiguous share of the voxels.
    """
    count, voxels = drive.shape[1], len(offsets)
    for v in range(voxels * slot // slots, voxels * (slot + 1) // slots):
        x, y, z = offsets[v, 0], offsets[v, 1], offsets[v, 2]
        for c in range(len(axes)):
            axis = axes[c]
            own, waveform, values = offsets[v, axis], drive[axis], result[c, v]
            if c == 0:
                for t in span(0, count):
                    a, b, d = x + drive[0, t], y + drive[1, t], z + drive[2, t]
                    values[t] = ratio(a * a + b * b + d * d)
            else:
                for t in span(0, count):
                    values[t] = result[0, v, t] * (own + waveform[t])
        own, waveform, values = offsets[v, axes[0]], drive[axes[0]], result[0, v]
        for t in span(0, count):
            values[t] *= own + waveform[t]


def _magnetize_moving(
    positions: np.ndarray,
    drive: np.ndarray,
    gradient: np.ndarray,
    axes: np.ndarray,
    result: np.ndarray,
    slots: int,
    slot: int,
) -> None:
    """The same in a gradient [3, 3, times] that changes, at positions [voxels, 3]."""
    count, voxels = drive.shape[1], len(positions)
    xi, factor = np.empty((3, count)), np.empty(count)
    for v in range(voxels * slot // slots, voxels * (slot + 1) // slots):
        x, y, z = positions[v, 0], positions[v, 1], positions[v, 2]
        for axis in range(3):
            component, waveform = xi[axis], drive[axis]
            along_x, along_y, along_z = gradient[axis, 0], gradient[axis, 1], gradient[axis, 2]
            for t in span(0, count):
                component[t] = along_x[t] * x + along_y[t] * y + along_z[t] * z + waveform[t]
        for t in span(0, count):
            factor[t] = ratio(xi[0, t] * xi[0, t] + xi[1, t] * xi[1, t] + xi[2, t] * xi[2, t])
        for c in range(len(axes)):
            component, values = xi[axes[c]], result[c, v]
            for t in span(0, count):
                values[t] = factor[t] * component[t]


def _magnetize_mixture(
    positions: np.ndarray,
    drive: np.ndarray,
    gradient: np.ndarray,
    axes: np.ndarray,
    coefficients: np.ndarray,
    scale: float,
    end: float,
    result: np.ndarray,
    slots: int,
    slot: int,
) -> None:
    """The same for several sizes, by the `Profile` of coefficients [8 n], scale and end; the gradient [3, 3, times], or
    [3, 3, 1] if it is static.
    """
    count, voxels, moving = drive.shape[1], len(positions), gradient.shape[2] > 1
    xi, z, root = np.empty((3, count)), np.empty(count), np.empty(count)
    ahead, behind = np.empty(count), np.empty(count)
    inverse = 1.0 / (scale * scale)
    for v in range(voxels * slot // slots, voxels * (slot + 1) // slots):
        x, y, w = positions[v, 0], positions[v, 1], positions[v, 2]
        for axis in range(3):
            component, waveform = xi[axis], drive[axis]
            along_x, along_y, along_z = gradient[axis, 0], gradient[axis, 1], gradient[axis, 2]
            if moving:
                for t in span(0, count):
                    component[t] = along_x[t] * x + along_y[t] * y + along_z[t] * w + waveform[t]
            else:
                own = along_x[0] * x + along_y[0] * y + along_z[0] * w
                for t in span(0, count):
                    component[t] = own + waveform[t]
        for t in span(0, count):
            square = (xi[0, t] * xi[0, t] + xi[1, t] * xi[1, t] + xi[2, t] * xi[2, t]) * inverse
            root[t] = math.sqrt(1.0 + square)
            z[t] = 2.0 * square / ((root[t] + 1.0) * (root[t] + 1.0) * end) - 1.0
            ahead[t] = behind[t] = 0.0
        # Clenshaw's recurrence, eight steps at a time in registers
        for first in range(len(coefficients) - 8, -1, -8):
            for t in span(0, count):
                double, a, b = 2.0 * z[t], ahead[t], behind[t]
                for k in range(8):
                    a, b = coefficients[first + 7 - k] + double * a - b, a
                ahead[t], behind[t] = a, b
        for t in span(0, count):
            ahead[t] = (ahead[t] - z[t] * behind[t]) / root[t]
        for c in range(len(axes)):
            component, values = xi[axes[c]], result[c, v]
            for t in span(0, count):
                values[t] = ahead[t] * component[t]


magnetize, magnetize_moving, magnetize_mixture = Loop(_magnetize), Loop(_magnetize_moving), Loop(_magnetize_mixture)
