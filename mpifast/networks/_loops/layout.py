"""How networks and their samples lie in memory.

Layer l maps states[l] to states[l + 1]. All layers share one padded shape, so every array here is a plain block of
numbers:

    weights[layers, depth, width]       weights[l][j, o] from input j to output o; a bias is the weight of an input of 1
    states[layers + 1, rows, wider]     inputs, hidden values, outputs of the samples at hand
    deltas[layers, rows, wider]         rate * c' (c - y) of each layer's outputs (eq. 7): the rate is folded in

Padding is zero throughout and stays zero. A slot of a loop has parts of each layer's units, in whole vectors.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mpifast._compiled.borrowed import block
from mpifast._compiled.jit import jit, jit_or_plain, span
from mpifast._compiled.products import GROUP_BYTES, aligned_zeros, padded

BLOCK = 16  # samples whose exact per-sample updates are applied together
PARTS = 2  # of every hidden layer: so many threads train one network together
TAIL = 4  # outputs beyond the last whole vector, at most, that get vectors of weights instead of one more of outputs


class Net(NamedTuple):
    """The layers: units int64[layers + 1] of each, ``linear`` bool[layers] activations, ``bias`` 0 or 1."""

    weights: np.ndarray
    units: np.ndarray
    linear: np.ndarray
    bias: int


class TrainingSet(NamedTuple):
    """Raw spectra [n, inputs], their scaling x = (u - offset) * factor * gain, and targets [n, outputs]."""

    spectra: np.ndarray
    offset: np.ndarray
    factor: np.ndarray
    gain: np.ndarray
    targets: np.ndarray


class Pass(NamedTuple):
    """What a pass does: train ``net`` on the samples ``order`` of a set, int64[n], at a rate.

    A step takes the mean gradient of ``batch`` samples, or the exact per-sample rule (1). errors[outputs] += squared
    residuals.
    """

    net: Net
    samples: TrainingSet
    order: np.ndarray
    batch: int
    rate: float
    errors: np.ndarray


class Room(NamedTuple):
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
    """numbers[slots, ...] of the room of each slot, with a gap between them; bounds[layers + 1, parts + 1]: where the
    parts of a layer begin.
    """

    numbers: np.ndarray
    bounds: np.ndarray


@jit_or_plain
def whole_columns(net: Net) -> int:
    """Of a single layer's outputs: those in vectors, without the tail."""
    units, lane = net.units[1], GROUP_BYTES // net.weights.itemsize
    rest = units % lane
    return units - rest if rest <= TAIL else units - rest + lane


def part_bounds(net: Net, parts: int) -> np.ndarray:
    """Where the parts of each layer begin, in whole vectors; the bias unit of a hidden layer is one of its values."""
    layers, lane = len(net.linear), GROUP_BYTES // net.weights.itemsize
    bounds = np.zeros((layers + 1, parts + 1), np.int64)
    for layer in range(1, layers + 1):
        width = padded(net.units[layer] + (net.bias if layer < layers else 0), lane)
        groups = (width if layers > 1 else whole_columns(net)) // lane
        bounds[layer, :parts] = lane * (groups * np.arange(parts) // parts)
        bounds[layer, parts] = width
    return bounds


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


@jit_or_plain
def carve(numbers: np.ndarray, net: Net, rows: int) -> Room:
    """A slot's room for a block of so many samples, borrowed from its numbers."""
    layers, depth, width = net.weights.shape
    wider = max(depth, width)
    states = layers * depth * width
    deltas = states + (layers + 1) * rows * wider
    overlaps = deltas + layers * rows * wider
    tail = overlaps + layers * BLOCK * BLOCK
    sums = tail + TAIL * wider
    return Room(
        block(numbers, 0, (layers, depth, width)),
        block(numbers, states, (layers + 1, rows, wider)),
        block(numbers, deltas, (layers, rows, wider)),
        block(numbers, overlaps, (layers, BLOCK, BLOCK)),
        block(numbers, tail, (TAIL, wider)),
        block(numbers, sums, (TAIL, BLOCK)),
    )


@jit
def copy_weights(to: np.ndarray, source: np.ndarray, layer: int, above: int, below: int, left: int, right: int) -> None:
    """Rows above..below and columns left..right of a layer. A slot works on a copy of its own: it is not disturbed by
    the others, whose prefetching would take cache lines away.
    """
    for i in span(above, below):
        for o in span(left, right):
            to[layer, i, o] = source[layer, i, o]
