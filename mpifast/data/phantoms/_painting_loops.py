"""Loops that paint phantoms: random numbers of samples, solids (boxes and balls, turned and stretched), tubes.

Pictures are float32[n, nx, ny, nz] with the concentration of each voxel. The edge of a shape is as wide as a voxel: a
voxel gets about the part of it that the shape fills.
"""

from __future__ import annotations

import numpy as np

from mpifast._compiled.jit import jit
from mpifast._compiled.loop import Loop
from mpifast._compiled.philox import PHANTOMS, fill_words


def _fill_uniform(samples: np.ndarray, keys: np.ndarray, uniform: np.ndarray, slots: int, slot: int) -> None:
    """Random numbers from 0 to 1, float64[n, numbers], of the given sample numbers."""
    count, numbers = uniform.shape
    words = np.empty(4 * ((numbers + 3) // 4), np.uint64)
    for s in range(count * slot // slots, count * (slot + 1) // slots):
        fill_words(words, numbers, samples[s], PHANTOMS, keys)
        for k in range(numbers):
            uniform[s, k] = np.float64(np.int64(words[k] >> np.uint64(11))) * 2.0**-53


@jit
def first_voxel(axis: np.ndarray, low: float) -> int:
    """The first voxel of an axis at ``low`` or behind it."""
    step = axis[1] - axis[0] if len(axis) > 1 else 1.0
    return int(min(max(np.ceil((low - axis[0]) / step), 0.0), float(len(axis))))


@jit
def after_last_voxel(axis: np.ndarray, high: float) -> int:
    """The voxel after the last one at ``high`` or before it."""
    step = axis[1] - axis[0] if len(axis) > 1 else 1.0
    return int(min(max(np.floor((high - axis[0]) / step) + 1.0, 0.0), float(len(axis))))


def _paint_solids(
    shapes: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    z: np.ndarray,
    edge: float,
    round_: bool,
    images: np.ndarray,
    slots: int,
    slot: int,
) -> None:
    """Paint shapes float64[n, shapes, 16] one over the other: centre [3], radii [3], axes [3, 3] (unit rows) and value;
    a negative value is no shape. ``edge`` is the width of an edge, metres.
    """
    for s in range(len(images) * slot // slots, len(images) * (slot + 1) // slots):
        for m in range(shapes.shape[1]):
            value = shapes[s, m, 15]
            if value < 0.0:
                continue
            cx, cy, cz = shapes[s, m, 0], shapes[s, m, 1], shapes[s, m, 2]
            r0, r1, r2 = shapes[s, m, 3], shapes[s, m, 4], shapes[s, m, 5]
            a, b, c = shapes[s, m, 6], shapes[s, m, 7], shapes[s, m, 8]
            d, e, f = shapes[s, m, 9], shapes[s, m, 10], shapes[s, m, 11]
            g, h, i = shapes[s, m, 12], shapes[s, m, 13], shapes[s, m, 14]
            # Half the box around the shape: of an ellipsoid sqrt(sum (r_k axis_k)^2), of a box sum |r_k axis_k|.
            u, v, w = abs(r0 * a), abs(r1 * d), abs(r2 * g)
            reach_x = (np.sqrt(u * u + v * v + w * w) if round_ else u + v + w) + edge
            u, v, w = abs(r0 * b), abs(r1 * e), abs(r2 * h)
            reach_y = (np.sqrt(u * u + v * v + w * w) if round_ else u + v + w) + edge
            u, v, w = abs(r0 * c), abs(r1 * f), abs(r2 * i)
            reach_z = (np.sqrt(u * u + v * v + w * w) if round_ else u + v + w) + edge
            smallest, n0, n1, n2 = min(r0, r1, r2), 1.0 / r0, 1.0 / r1, 1.0 / r2
            outer, inner = (1.0 + edge / smallest) ** 2, max(0.0, 1.0 - edge / smallest) ** 2
            for p in range(first_voxel(x, cx - reach_x), after_last_voxel(x, cx + reach_x)):
                for q in range(first_voxel(y, cy - reach_y), after_last_voxel(y, cy + reach_y)):
                    for t in range(first_voxel(z, cz - reach_z), after_last_voxel(z, cz + reach_z)):
                        dx, dy, dz = x[p] - cx, y[q] - cy, z[t] - cz
                        u, v, w = a * dx + b * dy + c * dz, d * dx + e * dy + f * dz, g * dx + h * dy + i * dz
                        if round_:
                            u, v, w = u * n0, v * n1, w * n2
                            square = u * u + v * v + w * w
                            if square > outer:
                                continue
                            if square < inner or square == 0.0:
                                inside = smallest
                            else:  # (1 - q) / |grad q|, q = |A d|: the distance from the surface near it
                                length = np.sqrt(square)
                                inside = (1.0 - length) * length
                                inside /= np.sqrt((u * n0) ** 2 + (v * n1) ** 2 + (w * n2) ** 2)
                        else:
                            inside = min(r0 - abs(u), r1 - abs(v), r2 - abs(w))
                        cover = np.float32(min(max(0.5 + inside / edge, 0.0), 1.0))
                        images[s, p, q, t] += cover * (np.float32(value) - images[s, p, q, t])


def _paint_tubes(
    tubes: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    z: np.ndarray,
    edge: float,
    images: np.ndarray,
    slots: int,
    slot: int,
) -> None:
    """Paint tubes float64[n, tubes, 8] with round ends: from a point [3] to a point [3], radii there. Each voxel keeps
    the largest value.
    """
    half = 0.5 * edge
    for s in range(len(images) * slot // slots, len(images) * (slot + 1) // slots):
        for m in range(tubes.shape[1]):
            px, py, pz = tubes[s, m, 0], tubes[s, m, 1], tubes[s, m, 2]
            qx, qy, qz = tubes[s, m, 3], tubes[s, m, 4], tubes[s, m, 5]
            start, end = tubes[s, m, 6], tubes[s, m, 7]
            ax, ay, az = qx - px, qy - py, qz - pz
            over = 1.0 / (ax * ax + ay * ay + az * az)
            reach = max(start, end) + half
            for p in range(first_voxel(x, min(px, qx) - reach), after_last_voxel(x, max(px, qx) + reach)):
                for q in range(first_voxel(y, min(py, qy) - reach), after_last_voxel(y, max(py, qy) + reach)):
                    for t in range(first_voxel(z, min(pz, qz) - reach), after_last_voxel(z, max(pz, qz) + reach)):
                        dx, dy, dz = x[p] - px, y[q] - py, z[t] - pz
                        place = min(max((dx * ax + dy * ay + dz * az) * over, 0.0), 1.0)
                        dx, dy, dz = dx - place * ax, dy - place * ay, dz - place * az
                        square = dx * dx + dy * dy + dz * dz
                        if square > reach * reach:
                            continue
                        distance, radius = np.sqrt(square), start + place * (end - start)
                        # What the interval from -radius to radius has of the voxel's, over the voxel's width
                        cover = (min(distance + half, radius) - max(distance - half, -radius)) / edge
                        if cover > images[s, p, q, t]:
                            images[s, p, q, t] = np.float32(cover)


fill_uniform, paint_solids, paint_tubes = Loop(_fill_uniform), Loop(_paint_solids), Loop(_paint_tubes)
