"""Kaczmarz sweeps of a single spectrum, bound by reading the matrix: each row comes from memory once a sweep.

One pass over the image takes the steps of a tile of rows, which are in the cache, and the scalar products with the rows
of the next tile, which come from memory, side by side. Threads have segments of the voxels each and meet once a tile.
"""

from __future__ import annotations

import numpy as np

from mpifast._compiled.barrier import attend, buffer, meet
from mpifast._compiled.jit import jit, jit_apart, jit_reduction, span
from mpifast._compiled.loop import Loop
from mpifast.solvers._loops.kaczmarz import Part, Rule, measured, segment_count

ROWS = 4  # equations in a tile, or two complex rows: their scalar products cost no time beside reading them
SUMS = 16  # numbers of a segment: two cache lines


@jit_reduction
def advance(
    image: np.ndarray, real: np.ndarray, before: np.ndarray, after: np.ndarray, steps: np.ndarray, scales: np.ndarray,
    first: int, last: int, sums: np.ndarray,
) -> None:  # fmt: skip
    """Do c += sum_k steps[k] S_k of the rows ``before``, then S_k . c of the rows ``after``,
    and S_k . S_m / s_m, m < k.
    """
    p0, p1, p2, p3 = before[0], before[1], before[2], before[3]
    q0, q1, q2, q3 = after[0], after[1], after[2], after[3]
    t0, t1, t2, t3 = steps[0], steps[1], steps[2], steps[3]
    w0, w1, w2 = scales[0], scales[1], scales[2]
    d0 = d1 = d2 = d3 = g10 = g20 = g21 = g30 = g31 = g32 = image.dtype.type(0)
    for j in span(first, last):
        c = image[0, j] + (t0 * real[p0, j] + t1 * real[p1, j] + t2 * real[p2, j] + t3 * real[p3, j])
        image[0, j] = c
        a, b, d, e = real[q0, j], real[q1, j], real[q2, j], real[q3, j]
        d0 += a * c
        d1 += b * c
        d2 += d * c
        d3 += e * c
        a *= w0
        g10 += a * b
        g20 += a * d
        g30 += a * e
        b *= w1
        g21 += b * d
        g31 += b * e
        g32 += w2 * d * e
    sums[0], sums[1], sums[2], sums[3] = d0, d1, d2, d3
    sums[4], sums[5], sums[6], sums[7], sums[8], sums[9] = g10, g20, g21, g30, g31, g32


@jit_reduction
def advance_pair(
    image: np.ndarray, real: np.ndarray, before: np.ndarray, after: np.ndarray, steps: np.ndarray, scales: np.ndarray,
    first: int, last: int, sums: np.ndarray,
) -> None:  # fmt: skip
    """The same for two complex rows x + iy and a complex image p + iq, with the scalar products of the second row's
    real equation and both of the first row's.
    """
    x0, x1, y0, y1 = before[0], before[1], before[2], before[3]
    v0, v1, w0, w1 = after[0], after[1], after[2], after[3]
    t0, t1, u0, u1 = steps[0], steps[1], steps[2], steps[3]
    scale = scales[0]
    d0 = d1 = e0 = e1 = same = cross = image.dtype.type(0)
    for j in span(first, last):
        a, b, c, d = real[x0, j], real[x1, j], real[y0, j], real[y1, j]
        p = image[0, j] + (t0 * a + t1 * b + u0 * c + u1 * d)
        q = image[1, j] + (u0 * a + u1 * b - t0 * c - t1 * d)
        image[0, j], image[1, j] = p, q
        a, b, c, d = real[v0, j], real[v1, j], real[w0, j], real[w1, j]
        d0 += a * p - c * q
        d1 += b * p - d * q
        e0 += c * p + a * q
        e1 += d * p + b * q
        a *= scale
        c *= scale
        same += a * b + c * d
        cross += c * b - a * d
    sums[0], sums[1], sums[2], sums[3], sums[4], sums[5] = d0, d1, e0, e1, same, cross


@jit
def over_segments(sums: np.ndarray, segments: int, place: int) -> float:
    """The sum of a number of each segment, in their order."""
    found = 0.0
    for segment in range(segments):
        found += sums[segment, place]
    return found


@jit_apart
def solve(
    rule: Rule, numbers: np.ndarray, sums: np.ndarray, segments: int, auxiliary: np.ndarray, leader: bool,
    moves: np.ndarray, steps: np.ndarray,
) -> float:  # fmt: skip
    """The steps of a tile's equations from their scalar products; the sum of their squared residuals. The last of the
    segments has the part of the residuals that is no product.
    """
    total, alpha = 0.0, rule.alpha[0, 0]
    places = len(numbers)
    overlap = places
    for place in range(places):
        k = place % 2 * (places // 2) + place // 2 if rule.paired else place  # of a complex row both, then the next
        number = numbers[k]
        norm, inverse = rule.norms[number], rule.inverse[number]
        product = inverse * over_segments(sums, segments, k)
        if rule.paired and place > 1:
            same, cross = over_segments(sums, segments, places), over_segments(sums, segments, places + 1)
            product += inverse * (same * moves[k - 1] + (cross if k == 1 else -cross) * moves[3 - k])
        for m in range(0 if rule.paired else k):
            product += over_segments(sums, segments, overlap) * inverse * moves[m]
            overlap += 1
        residual = norm * product + sums[segments, k]
        moves[k], steps[k] = 0.0, 0.0
        if norm > 0.0:  # no image fits an equation without signal
            step = -residual / (norm * norm + alpha)
            total += residual * residual
            moves[k] = norm * step
            steps[k] = moves[k] * inverse
            if leader:
                auxiliary[number] += np.sqrt(alpha) * step
    return total


@jit_apart
def project(rule: Rule, image: np.ndarray, memory: np.ndarray, first: int, last: int, sums: np.ndarray) -> None:
    """The projection of a segment of the image, the square of its norm, and that of its change in a plain sweep."""
    size, change = 0.0, 0.0
    for j in range(first, last):
        value = image[0, j]
        if rule.plain:
            value = max(value, image.dtype.type(0)) if rule.nonnegative else value
            change += np.float64(value - memory[j]) ** 2
            memory[j] = value
        elif rule.nonnegative:  # Dykstra's: what it takes away it gives back before the next one
            raised = value + memory[j]
            value = max(raised, image.dtype.type(0))
            memory[j] = raised - value
        image[0, j] = value
        if rule.paired:
            image[1, j] = 0.0
        size += np.float64(value) ** 2
    sums[0], sums[1] = size, change


def _sweep(
    part: Part, rule: Rule, data: np.ndarray, image: np.ndarray, auxiliary: np.ndarray, memory: np.ndarray,
    history: np.ndarray, totals: np.ndarray, finish: bool, sums: np.ndarray, flags: np.ndarray, slots: int, slot: int,
) -> None:  # fmt: skip
    """One sweep for each row of history[1:, 1], which gets its measure, and stays NaN after convergence.

    d and v are ``data`` and ``auxiliary`` float64[equations + 1]; ``image`` has the real part [1, n], or both. Without
    ``finish`` the equations are a part of a sweep: its end is missing, and totals[0] hands the squared residuals over.
    ``sums`` float64[2, segments + 1, SUMS] and the barrier's ``flags`` are shared by the slots.
    """
    together = attend(flags, slot, slots)
    if together == 0:
        return
    voxels, tiles, places = image.shape[1], len(part.rows), part.rows.shape[1]
    segments = segment_count(voxels)
    here = slot if together == slots else 0
    begin, end = segments * here // together, segments * (here + 1) // together
    leader, root = here == 0, np.sqrt(rule.alpha[0, 0])
    moves, steps, scales = np.zeros(places), np.zeros(places, image.dtype), np.zeros(places, image.dtype)
    total, measure = totals[0], history[0, 0]
    for sweep in range(len(history) - 1):
        if not measure > rule.tolerance:
            break
        for tile in range(tiles + 1 if tiles > 0 else 0):  # the last pass takes steps only
            before, after = part.rows[max(tile - 1, 0)], part.rows[min(tile, tiles - 1)]
            numbers = part.numbers[min(tile, tiles - 1)]
            half = sums[buffer(flags, slot)]
            for k in range(places):
                steps[k] = steps[k] if tile > 0 else 0.0
                scales[k] = rule.inverse[numbers[k]]
                if leader:
                    half[segments, k] = root * auxiliary[numbers[k]] - data[numbers[k]]
            for segment in range(begin, end):
                first, last = voxels * segment // segments, voxels * (segment + 1) // segments
                if rule.paired:
                    advance_pair(image, part.real, before, after, steps, scales, first, last, half[segment])
                else:
                    advance(image, part.real, before, after, steps, scales, first, last, half[segment])
            if together > 1:
                meet(flags, slot, slots)
            if tile < tiles:
                total += solve(rule, numbers, half, segments, auxiliary, leader, moves, steps)
        if finish:
            half = sums[buffer(flags, slot)]
            for segment in range(begin, end):
                project(
                    rule, image, memory, voxels * segment // segments, voxels * (segment + 1) // segments, half[segment]
                )
            if together > 1:
                meet(flags, slot, slots)
            size, change = 0.0, 0.0
            for segment in range(segments):
                size += half[segment, 0]
                change += half[segment, 1]
            measure = measured(rule, 0, 0, change if rule.plain else total, size)
            total = 0.0
            if leader:
                history[1 + sweep, 0] = measure
    if leader:
        totals[0] = total


sweep = Loop(_sweep)
