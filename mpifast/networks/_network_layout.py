"""How networks and their samples lie in memory, and which part of them each slot of a parallel loop has.

Layer l maps states[l] to states[l + 1]. All layers share one padded shape, so every array here is a plain block of
numbers:

    weights[layers, depth, width]       weights[l][j, o] from input j to output o; a bias is the weight of one more input, 1
    states[layers + 1, rows, wider]     inputs, hidden values, outputs of the samples at hand
    deltas[layers, rows, wider]         rate * c' (c - y) of each layer's outputs (eq. 7): the rate is folded in

Padding is zero throughout and stays zero.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba.extending import register_jitable

from mpifast._compiled.barrier import attend
from mpifast._compiled.jit import jit
from mpifast._compiled.llvm import LANE_BYTES
from mpifast._compiled.products import aligned_zeros, padded

BLOCK = 16  # samples whose exact per-sample updates are applied together
TILE = 32  # samples predicted together
PARTS = 2  # of every hidden layer: so many threads train one network together
# outputs beyond the last whole vector, at most, that have vectors of weights instead of a vector of outputs nearly
# empty
TAIL = 4


class Net(NamedTuple):
    """The layers: units int64[layers + 1] of each, ``linear`` bool[layers] activations, ``bias`` 0 or 1."""

    weights: np.ndarray
    units: np.ndarray
    linear: np.ndarray
    bias: int


class Samples(NamedTuple):
    """Raw spectra [n, inputs], their scaling x = (u - offset) * factor * gain, and targets [n, outputs]."""

    spectra: np.ndarray
    offset: np.ndarray
    factor: np.ndarray
    gain: np.ndarray
    targets: np.ndarray


class Block(NamedTuple):
    """What a slot works with: weights of its own, states and deltas of a block of samples, the scalar products
    overlaps[layers, BLOCK, BLOCK] of these samples, and weights tail[TAIL, wider] and sums[TAIL, BLOCK] of the last
    outputs.
    """

    weights: np.ndarray
    states: np.ndarray
    deltas: np.ndarray
    overlaps: np.ndarray
    tail: np.ndarray
    sums: np.ndarray


class Work(NamedTuple):
    """Room [slots, numbers] for the block of each slot, with a gap between them; bounds[layers + 1, parts + 1]: where
    the parts of a layer begin.
    """

    room: np.ndarray
    bounds: np.ndarray


@register_jitable
def whole_columns(net: Net) -> int:
    """Of a single layer's outputs: those in vectors, without the tail."""
    units, lane = net.units[1], LANE_BYTES // net.weights.itemsize
    rest = units % lane
    return units - rest if rest <= TAIL else units - rest + lane


@register_jitable
def part_bounds(net: Net, parts: int) -> np.ndarray:
    """Where the parts of each layer begin, in whole vectors; the bias unit of a hidden layer is one of its values."""
    layers, lane = len(net.linear), LANE_BYTES // net.weights.itemsize
    bounds = np.zeros((layers + 1, parts + 1), np.int64)
    for layer in range(1, layers + 1):
        width = padded(net.units[layer] + (net.bias if layer < layers else 0), lane)
        groups = (width if layers > 1 else whole_columns(net)) // lane
        for part in range(parts):
            bounds[layer, part] = lane * (groups * part // parts)
        bounds[layer, parts] = width
    return bounds


@register_jitable
def carve(room: np.ndarray, net: Net, rows: int) -> Block:
    """A slot's block of so many samples."""
    layers, depth, width = net.weights.shape
    wider = max(depth, width)
    states = layers * depth * width
    deltas = states + (layers + 1) * rows * wider
    overlaps = deltas + layers * rows * wider
    tail = overlaps + layers * BLOCK * BLOCK
    sums = tail + TAIL * wider
    return Block(
        room[:states].reshape((layers, depth, width)),
        room[states:deltas].reshape((layers + 1, rows, wider)),
        room[deltas:overlaps].reshape((layers, rows, wider)),
        room[overlaps:tail].reshape((layers, BLOCK, BLOCK)),
        room[tail:sums].reshape((TAIL, wider)),
        room[sums : sums + TAIL * BLOCK].reshape((TAIL, BLOCK)),
    )


def workspace(net: Net, rows: int, slots: int) -> Work:
    """Zeros for blocks of so many samples."""
    layers, depth, width = net.weights.shape
    numbers = (
        layers * depth * width
        + (2 * layers + 1) * rows * max(depth, width)
        + layers * BLOCK**2
        + TAIL * (max(depth, width) + BLOCK)
    )
    gap = 4096 // net.weights.itemsize  # what is nearer is fetched ahead, from the core that is writing it
    return Work(
        aligned_zeros((slots, numbers + gap), net.weights.dtype), part_bounds(net, slots if layers == 1 else PARTS)
    )


@jit
def span(start: int, stop: int) -> range:
    """range(start, stop) of unsigned numbers: a signed index may be negative for all the compiler knows, and then no
    loop vectorises.
    """
    return range(np.uint64(start), np.uint64(stop))


class Team(NamedTuple):
    """The slots that train one network, as one of them sees it.

    It has the parts ``first`` to ``last`` of every layer but the inputs, and with them columns ``left`` to ``right`` of
    the first weights.
    """

    slot: int
    slots: int
    first: int
    last: int
    left: int
    right: int
    bounds: np.ndarray


class Meeting(NamedTuple):
    """Where slots that train hidden layers meet; None stands for slots that need not.

    sums[2, PARTS, rows, width] of the parts over a layer's inputs: one half is written while the other may still be
    read.
    """

    sums: np.ndarray
    flags: np.ndarray


@jit
def join(work: Work, slot: int, slots: int, meeting: Meeting | None) -> Team:
    """The team of a slot; its ``slots`` are 0 if another one does all the work."""
    together, parts = slots, work.bounds.shape[1] - 1
    if meeting is not None:
        together = attend(meeting.flags, slot, slots)
    here, each = slot if together == slots else 0, max(together, 1)
    first, last = parts * here // each, parts * (here + 1) // each
    return Team(here, together, first, last, work.bounds[1, first], work.bounds[1, last], work.bounds)


@jit
def outputs_of(layer: int, team: Team) -> tuple[int, int]:
    """Columns of a layer's weights that a slot has to do with: its own ones of the first layer, all of the others."""
    if layer == 0:
        return team.left, team.right
    return 0, team.bounds[layer + 1, -1]


@jit
def inputs_of(net: Net, layer: int, team: Team) -> tuple[int, int]:
    """Rows of a layer's weights that a slot has: all of the first layer, its own ones of the others."""
    if layer == 0:
        return 0, net.units[0] + net.bias
    return team.bounds[layer, team.first], team.bounds[layer, team.last]


@jit
def copy_weights(to: Net, source: Net, team: Team) -> None:
    """Those that a slot has: on its own copy it is not disturbed by the others, whose prefetching would take cache
    lines away.
    """
    for layer in range(len(to.linear)):
        (above, below), (left, right) = inputs_of(to, layer, team), outputs_of(layer, team)
        for i in span(above, below):
            for o in span(left, right):
                to.weights[layer, i, o] = source.weights[layer, i, o]
