"""Kaczmarz sweeps of many spectra side by side, bound by arithmetic: two matrix products for each tile of rows.

A block of spectra has images [voxels, lanes], so each number of the algorithm becomes ``lanes`` neighbours in memory.
In the complex form the real parts come first and then, in as many lanes, the imaginary ones. Several threads may share
a block: each has some segments of its voxels, and they meet once a tile. Rows are copied a panel at a time, divided by
their norms: the products then read them from the cache, in any order of the rows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mpifast._compiled.barrier import attend, buffer, meet
from mpifast._compiled.jit import jit_apart, span
from mpifast._compiled.loop import Loop
from mpifast._compiled.products import GROUP_BYTES, aligned_zeros, multiply_add, multiply_add_transposed, padded
from mpifast.solvers._loops.kaczmarz import Part, Rule, measured, segment_count

PANEL = 1024  # voxels of a panel: of 64 rows in single precision a quarter of a megabyte


class Many(NamedTuple):
    """The state of all blocks: d and v ``data``, ``auxiliary`` float64[blocks, equations + 1, lanes]; ``images``, and
    ``memory`` of their real parts, [blocks, voxels, lanes]; ``totals`` [blocks, lanes] as in the loop of one spectrum.
    """

    data: np.ndarray
    images: np.ndarray
    auxiliary: np.ndarray
    memory: np.ndarray
    totals: np.ndarray


class Shared(NamedTuple):
    """What the slots of a team exchange, of which one half is written while the other may still be read: products with
    the ``segments`` [2, segments, B, lanes] of the image, and float64[2, ...] ``offsets`` [B, lanes] of the residuals
    and ``squares`` [segments, 2, lanes] of the image and its change.
    """

    segments: np.ndarray
    offsets: np.ndarray
    squares: np.ndarray


class Work(NamedTuple):
    """Scratch of a slot: a ``panel`` [B, width] of rows, float64[B, lanes] ``residuals`` and ``moves``, the moves as
    ``steps`` of the image, and of each spectrum ``active`` (1 if it takes part), the ``last`` measure and sqrt(alpha).
    """

    panel: np.ndarray
    residuals: np.ndarray
    moves: np.ndarray
    steps: np.ndarray
    active: np.ndarray
    last: np.ndarray
    roots: np.ndarray


@jit_apart
def copy_panel(part: Part, tile: int, inverse: np.ndarray, low: int, high: int, panel: np.ndarray) -> None:
    """Unit rows of a tile at the voxels low..high, and zeros up to a whole group of numbers."""
    width = padded(high - low, GROUP_BYTES // panel.itemsize)
    for k in range(len(panel)):
        row, scale = part.rows[tile, k], panel.dtype.type(inverse[part.numbers[tile, k]])
        values = part.real[row, low:high]  # and no index low + j, which may be negative for all the compiler knows
        for j in span(0, high - low):
            panel[k, j] = scale * values[j]
        for j in range(high - low, width):
            panel[k, j] = 0.0


def _overlaps(part: Part, inverse: np.ndarray, grams: np.ndarray, slots: int, slot: int) -> None:
    """Gram matrices [tiles, B, B] of the unit rows of each tile, of which the lower triangle counts."""
    tiles, places = part.rows.shape
    voxels, group = part.real.shape[1], GROUP_BYTES // grams.itemsize
    panel = aligned_zeros((places, padded(min(voxels, PANEL), group) + group), grams.dtype)
    for tile in range(tiles * slot // slots, tiles * (slot + 1) // slots):
        for low in range(0, voxels, PANEL):
            high = min(low + PANEL, voxels)
            copy_panel(part, tile, inverse, low, high, panel)
            some = panel[:, : padded(high - low, group)]
            for first in range(0, places, group):  # on and below the diagonal
                multiply_add_transposed(
                    grams[tile, first:, first : first + group], some[first:], some[first : first + group]
                )


@jit_apart
def real_steps(rule: Rule, gram: np.ndarray, numbers: np.ndarray, block: int, totals: np.ndarray, work: Work) -> None:
    """The steps of a tile's equations, one after the other, from their residuals at the image before the first."""
    for k in range(len(numbers)):
        norm = rule.norms[numbers[k]]
        for m in range(k):
            overlap = norm * gram[k, m]
            for s in span(0, len(totals)):
                work.residuals[k, s] += overlap * work.moves[m, s]
        for s in span(0, len(totals)):
            residual = work.residuals[k, s] if norm > 0.0 else 0.0  # no image fits an equation without signal
            totals[s] += residual * residual
            move = -work.active[s] * norm * residual / (norm * norm + rule.alpha[block, s]) if norm > 0.0 else 0.0
            work.moves[k, s], work.steps[k, s] = move, move


@jit_apart
def complex_steps(
    rule: Rule, gram: np.ndarray, numbers: np.ndarray, block: int, totals: np.ndarray, work: Work
) -> None:
    """The same of the complex form, two equations of a row at a time: x in the first half of the tile, y in the other.

    With rows x_k + iy_k the scalar products of the equations are those of a complex Gram matrix.
    """
    half, lanes = len(numbers) // 2, len(totals)
    for k in range(half):
        norm = rule.norms[numbers[k]]
        for m in range(k):
            same = norm * (gram[k, m] + gram[half + k, half + m])
            cross = norm * (gram[half + m, k] - gram[half + k, m])
            for s in span(0, lanes):
                first, second = work.moves[m, s], work.moves[half + m, s]
                work.residuals[k, s] += same * first + cross * second
                work.residuals[half + k, s] += same * second - cross * first
        imaginary, other = work.steps[k, lanes:], work.steps[half + k, lanes:]
        for s in span(0, lanes):
            first, second = work.residuals[k, s], work.residuals[half + k, s]
            totals[s] += first * first + second * second if norm > 0.0 else 0.0
            gain = -work.active[s] * norm / (norm * norm + rule.alpha[block, s]) if norm > 0.0 else 0.0
            first, second = gain * first, gain * second
            work.moves[k, s], work.moves[half + k, s] = first, second
            work.steps[k, s], work.steps[half + k, s] = first, second
            imaginary[s], other[s] = second, -first


@jit_apart
def solve(
    part: Part, rule: Rule, tile: int, gram: np.ndarray, block: int, many: Many, shared: Shared, half: int,
    segments: int, leader: bool, totals: np.ndarray, work: Work,
) -> None:  # fmt: skip
    """The steps of a tile from the products of all segments; the leader of a team keeps v."""
    numbers, lanes = part.numbers[tile], len(totals)
    places, sums = len(numbers), shared.segments[half]
    for k in range(places):
        norm = rule.norms[numbers[k]]
        for s in span(0, lanes):
            work.residuals[k, s] = shared.offsets[half, k, s]
        for segment in range(segments):
            for s in span(0, lanes):
                work.residuals[k, s] += norm * sums[segment, k, s]
            if rule.paired:  # (x, -y) and (y, x) on (p, q)
                sign, others = -norm if k < places // 2 else norm, sums[segment, (k + places // 2) % places, lanes:]
                for s in span(0, lanes):
                    work.residuals[k, s] += sign * others[s]
    if rule.paired:
        complex_steps(rule, gram, numbers, block, totals, work)
    else:
        real_steps(rule, gram, numbers, block, totals, work)
    for k in range(places if leader else 0):
        norm = rule.norms[numbers[k]]
        scale = 1.0 / norm if norm > 0.0 else 0.0
        for s in span(0, lanes):
            many.auxiliary[block, numbers[k], s] += scale * work.roots[s] * work.moves[k, s]


@jit_apart
def project(
    rule: Rule, image: np.ndarray, memory: np.ndarray, first: int, last: int, squares: np.ndarray, active: np.ndarray
) -> None:
    """The projection of a segment of the images, the squares of their norms, and of their changes in a plain sweep."""
    lanes, zero = len(active), image.dtype.type(0)
    squares[:] = 0.0
    for j in range(first, last):
        image[j, lanes:] = zero  # the imaginary parts, if there are any
        for s in span(0, lanes):
            value = image[j, s]
            if rule.plain:
                value = max(value, zero) if rule.nonnegative else value
                change = np.float64(value - memory[j, s])
                squares[1, s] += change * change
                memory[j, s] = value
            elif rule.nonnegative:  # Dykstra's: what it takes away it gives back before the next one
                raised = value + memory[j, s]
                clipped = max(raised, zero)
                if active[s] != 0.0:
                    value, memory[j, s] = clipped, raised - clipped
            if rule.plain or rule.nonnegative:
                image[j, s] = value if active[s] != 0.0 else image[j, s]
            squares[0, s] += np.float64(value) * np.float64(value)


@jit_apart
def visit(
    part: Part, rule: Rule, tile: int, gram: np.ndarray, block: int, many: Many, shared: Shared, flags: np.ndarray,
    slots: int, slot: int, begin: int, end: int, leader: bool, totals: np.ndarray, work: Work,
) -> None:  # fmt: skip
    """The equations of a tile: products with the segments begin..end of the image, steps, and their way back."""
    image, half = many.images[block], buffer(flags, slot)
    voxels, lanes = len(image), len(totals)
    segments, single = segment_count(voxels), voxels <= PANEL
    if leader:
        for k in range(len(work.panel)):
            number = part.numbers[tile, k]
            for s in span(0, lanes):
                shared.offsets[half, k, s] = (
                    work.roots[s] * many.auxiliary[block, number, s] - many.data[block, number, s]
                )
    for segment in range(begin, end):
        sums = shared.segments[half, segment]
        sums[:] = 0.0
        last = voxels * (segment + 1) // segments
        for low in range(voxels * segment // segments, last, PANEL):
            high = min(low + PANEL, last)
            copy_panel(part, tile, rule.inverse, low, high, work.panel)
            multiply_add(sums, work.panel[:, : high - low], image[low:high])
    if slots > 1:
        meet(flags, slot, slots)
    solve(part, rule, tile, gram, block, many, shared, half, segments, leader, totals, work)
    for segment in range(begin, end):
        last = voxels * (segment + 1) // segments
        for low in range(voxels * segment // segments, last, PANEL):
            high = min(low + PANEL, last)
            if not single:
                copy_panel(part, tile, rule.inverse, low, high, work.panel)
            multiply_add(image[low:high], work.panel[:, : high - low].T, work.steps)


def _sweep(
    part: Part, grams: np.ndarray, rule: Rule, many: Many, history: np.ndarray, finish: bool, shared: Shared,
    flags: np.ndarray, team: int, slots: int, slot: int,
) -> None:  # fmt: skip
    """Sweeps as in the loop of one spectrum, history[1 + sweeps, blocks, lanes]. ``slots`` are teams of ``team`` slots,
    which share the voxels of a block of spectra; ``shared`` and ``flags`` are [teams, ...].
    """
    group, groups = slot // team, slots // team
    member, meeting = slot % team, flags[group]
    together = attend(meeting, member, team)
    if together == 0:
        return
    here = member if together == team else 0
    blocks, voxels, width = many.images.shape
    tiles, places = part.rows.shape
    lanes, segments, size = many.data.shape[2], segment_count(voxels), GROUP_BYTES // many.images.itemsize
    begin, end = segments * here // together, segments * (here + 1) // together
    exchange = Shared(shared.segments[group], shared.offsets[group], shared.squares[group])
    work = Work(
        aligned_zeros((places, padded(min(voxels, PANEL), size) + size), many.images.dtype),
        np.zeros((places, lanes)), np.zeros((places, lanes)), aligned_zeros((places, width), many.images.dtype),
        np.zeros(lanes), np.zeros(lanes), np.zeros(lanes),
    )  # fmt: skip
    totals = np.zeros(lanes)
    for block in range(blocks * group // groups, blocks * (group + 1) // groups):
        for s in range(lanes):
            totals[s], work.last[s] = many.totals[block, s], history[0, block, s]
            work.roots[s] = np.sqrt(rule.alpha[block, s])
        for sweep in range(len(history) - 1):
            for s in range(lanes):
                work.active[s] = 1.0 if work.last[s] > rule.tolerance else 0.0  # NaN: converged earlier
            if work.active.sum() == 0.0:
                break
            for tile in range(tiles):
                visit(
                    part, rule, tile, grams[tile], block, many, exchange, meeting, together, member, begin, end,
                    here == 0, totals, work,
                )  # fmt: skip
            if not finish:
                continue
            half = buffer(meeting, member)
            for segment in range(begin, end):
                project(
                    rule, many.images[block], many.memory[block], voxels * segment // segments,
                    voxels * (segment + 1) // segments, exchange.squares[half, segment], work.active,
                )  # fmt: skip
            if together > 1:
                meet(meeting, member, team)
            for s in range(lanes):
                square = change = 0.0
                for segment in range(segments):
                    square += exchange.squares[half, segment, 0, s]
                    change += exchange.squares[half, segment, 1, s]
                found = measured(rule, block, s, change if rule.plain else totals[s], square)
                work.last[s] = found if work.active[s] != 0.0 else np.nan
                totals[s] = 0.0
                if here == 0:
                    history[1 + sweep, block, s] = work.last[s]
        if here == 0:
            for s in range(lanes):
                many.totals[block, s] = totals[s]


overlaps, sweep = Loop(_overlaps), Loop(_sweep)
