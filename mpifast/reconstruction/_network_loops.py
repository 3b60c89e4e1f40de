"""Training and prediction loops of the networks: forward and backward passes by hand.

Layer l maps states[l] to states[l + 1]. All layers share one padded shape, so every array here is a plain block of numbers:

    weights[layers, depth, width]           weights[l][j, o] from input j to output o; a bias is the weight of one more input, always 1
    states[layers + 1, rows, wider]         inputs, hidden values, outputs of the samples at hand
    deltas[layers, rows, wider]             rate * c' (c - y) of each layer's outputs (eq. 7): the rate is folded in

Padding is zero throughout and stays zero.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import prange

from mpifast._elementary import sigmoid
from mpifast._jit import Twin, jit
from mpifast._llvm import LANE_BYTES, borrowed
from mpifast._tile import aligned_zeros, multiply_add, multiply_add_transposed, padded

BLOCK = 16  # samples whose exact per-sample updates are applied together
TILE = 32  # samples predicted together


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


class Work(NamedTuple):
    """Scratch of a slot: states and deltas of a block, and the scalar products overlaps[layers, BLOCK, BLOCK] of its samples."""

    states: np.ndarray
    deltas: np.ndarray
    overlaps: np.ndarray


@jit
def workspace(net: Net, samples: int) -> Work:
    """Zeros for blocks of ``samples``."""
    layers, width, dtype = len(net.linear), max(net.weights.shape[1], net.weights.shape[2]), net.weights.dtype
    return Work(
        aligned_zeros((layers + 1, samples, width), dtype),
        aligned_zeros((layers, samples, width), dtype),
        aligned_zeros((layers, BLOCK, BLOCK), dtype),
    )


@jit
def span(start: int, stop: int) -> range:
    """range(start, stop) of unsigned numbers: a signed index may be negative for all the compiler knows, and then no loop vectorises."""
    return range(np.uint64(start), np.uint64(stop))


@jit
def load(states: np.ndarray, samples: Samples, order: np.ndarray, first: int, count: int, bias: int) -> None:
    """Scaled spectra of the samples order[first:first+count] into states[0], with the bias unit; further rows become zero."""
    spectra, offset, factor, gain = samples.spectra, samples.offset, samples.factor, samples.gain
    inputs = spectra.shape[1]
    for s in range(count):
        sample = order[first + s]
        for i in range(inputs):
            states[0, s, i] = (spectra[sample, i] - offset[i]) * factor[i] * gain[sample]
        if bias:
            states[0, s, inputs] = 1
    states[0, count:] = 0


@jit
def activate(states: np.ndarray, layer: int, n: int, start: int, stop: int, linear: bool) -> None:
    """Units start..stop of states[layer, n] through the activation function (eq. 8)."""
    if not linear:
        for o in span(start, stop):
            states[layer, n, o] = sigmoid(states[layer, n, o])


@jit
def output_deltas(
    deltas: np.ndarray, states: np.ndarray, n: int, targets: np.ndarray, sample: int, start: int, stop: int, linear: bool, rate: float
) -> None:
    """Deltas = rate (c - y) y (1 - y) for output units start..stop of row n: the generalised delta rule (eq. 7)."""
    top = deltas.shape[0]
    for o in span(start, stop):
        deltas[top - 1, n, o] = targets[sample, o]  # converts the target to the network's type
    for o in span(start, stop):
        deltas[top - 1, n, o] = rate * (deltas[top - 1, n, o] - states[top, n, o])
    if not linear:
        for o in span(start, stop):
            deltas[top - 1, n, o] *= states[top, n, o] - states[top, n, o] * states[top, n, o]


@jit
def add_errors(errors: np.ndarray, states: np.ndarray, n: int, targets: np.ndarray, sample: int, start: int, stop: int) -> None:
    """errors[o] += (c - y)^2 in float64, unit by unit: the sum does not depend on how units are shared among threads."""
    top = states.shape[0] - 1
    for o in span(start, stop):
        residual = np.float64(targets[sample, o]) - np.float64(states[top, n, o])
        errors[o] += residual * residual


@jit
def scale_by_slope(deltas: np.ndarray, states: np.ndarray, layer: int, n: int, count: int, linear: bool) -> None:
    """Multiply deltas[layer - 1, n] by the derivative of the activation at states[layer, n], y (1 - y) for the sigmoid; a bias unit has none."""
    if not linear:
        for o in range(count):
            deltas[layer - 1, n, o] *= states[layer, n, o] - states[layer, n, o] * states[layer, n, o]
    deltas[layer - 1, n, count:] = 0


@jit
def columns(net: Net, layer: int, start: int, stop: int) -> tuple[int, int]:
    """Columns of a layer's outputs to work on: the share start..stop of the last layer, all of the others, in whole vectors."""
    if layer == len(net.linear) - 1:
        return start, stop
    return 0, padded(net.units[layer + 1] + net.bias, LANE_BYTES // net.weights.itemsize)


@jit
def apply_deltas(net: Net, states: np.ndarray, deltas: np.ndarray, start: int, stop: int) -> None:
    """W += sum over samples of delta h^T, for all layers."""
    for layer in range(len(net.linear)):
        inputs, (left, right) = net.units[layer] + net.bias, columns(net, layer, start, stop)
        multiply_add(net.weights[layer, :inputs, left:right], states[layer, :, :inputs].T, deltas[layer, :, left:right])


@jit
def forward_one(net: Net, states: np.ndarray, deltas: np.ndarray, overlaps: np.ndarray, n: int, start: int, stop: int) -> None:
    """States of sample n of a block, whose weights are W + sum_{m<n} delta_m h_m^T: z_n = W h_n + sum_{m<n} (h_m . h_n) delta_m.

    The first layer's W h_n and overlaps[0, n, m] = h_m . h_n are there already, from products of whole blocks.
    """
    layers = len(net.linear)
    for layer in range(layers):
        inputs, (left, right) = net.units[layer] + net.bias, columns(net, layer, start, stop)
        here, above = states[layer, n : n + 1], states[layer + 1, n : n + 1, left:right]
        if layer > 0:
            multiply_add(above, here[:, :inputs], net.weights[layer, :inputs, left:right])
            overlaps[layer, n] = 0
            multiply_add_transposed(overlaps[layer, n : n + 1], here, states[layer])
        multiply_add(above, overlaps[layer, n : n + 1, :n], deltas[layer, :n, left:right])
        activate(states, layer + 1, n, left, min(right, net.units[layer + 1]), net.linear[layer])
        if net.bias and layer < layers - 1:
            states[layer + 1, n, net.units[layer + 1]] = 1


@jit
def backward_one(net: Net, states: np.ndarray, deltas: np.ndarray, overlaps: np.ndarray, n: int, stop: int) -> None:
    """Deltas of the hidden layers from those of the outputs: W^T delta_n + sum_{m<n} (delta_m . delta_n) h_m, times the slope."""
    for layer in range(len(net.linear) - 1, 0, -1):
        right, below = columns(net, layer, 0, stop)[1], columns(net, layer - 1, 0, stop)[1]
        here, result = deltas[layer, n : n + 1, :right], deltas[layer - 1, n : n + 1, :below]
        result[:] = 0
        multiply_add_transposed(result, here, net.weights[layer, :below, :right])
        overlaps[layer, n] = 0
        multiply_add_transposed(overlaps[layer, n : n + 1], here, deltas[layer, :, :right])
        multiply_add(result, overlaps[layer, n : n + 1, :n], states[layer, :n, :below])
        scale_by_slope(deltas, states, layer, n, net.units[layer], net.linear[layer - 1])


@jit
def sample_steps(net: Net, samples: Samples, order: np.ndarray, rate: float, start: int, stop: int, errors: np.ndarray, work: Work) -> None:
    """Per-sample delta rule over ``order``, for output columns start..stop (all of them if there are hidden layers).

    The trajectory is that of one update a sample (eq. 7), but weights are touched once a block: within it, scalar products with the samples
    before stand for their updates.
    """
    net, samples, (states, deltas, overlaps) = borrowed(net), borrowed(samples), borrowed(work)
    layers = len(net.linear)
    inputs, (left, right), last = net.units[0] + net.bias, columns(net, 0, start, stop), min(stop, net.units[layers])
    for begin in range(0, len(order), BLOCK):
        count = min(BLOCK, len(order) - begin)
        load(states, samples, order, begin, count, net.bias)
        states[1:] = 0
        deltas[:, count:] = 0
        overlaps[0] = 0
        multiply_add_transposed(overlaps[0], states[0], states[0])
        multiply_add(states[1, :, left:right], states[0, :, :inputs], net.weights[0, :inputs, left:right])
        for n in range(count):
            forward_one(net, states, deltas, overlaps, n, start, stop)
            sample = order[begin + n]
            output_deltas(deltas, states, n, samples.targets, sample, start, last, net.linear[layers - 1], rate)
            add_errors(errors, states, n, samples.targets, sample, start, last)
            backward_one(net, states, deltas, overlaps, n, stop)
        apply_deltas(net, states, deltas, start, stop)


@jit
def forward(net: Net, states: np.ndarray, start: int, stop: int) -> None:
    """All layers for the samples in states[0]; columns start..stop of the last one."""
    layers = len(net.linear)
    for layer in range(layers):
        inputs, (left, right), units = net.units[layer] + net.bias, columns(net, layer, start, stop), net.units[layer + 1]
        states[layer + 1] = 0
        multiply_add(states[layer + 1, :, left:right], states[layer, :, :inputs], net.weights[layer, :inputs, left:right])
        for n in range(states.shape[1]):
            activate(states, layer + 1, n, left, min(right, units), net.linear[layer])
            if net.bias and layer < layers - 1:
                states[layer + 1, n, units] = 1


@jit
def backward(net: Net, states: np.ndarray, deltas: np.ndarray, stop: int) -> None:
    """Deltas of the hidden layers from those of the outputs."""
    for layer in range(len(net.linear) - 1, 0, -1):
        right, below = columns(net, layer, 0, stop)[1], columns(net, layer - 1, 0, stop)[1]
        deltas[layer - 1] = 0
        multiply_add_transposed(deltas[layer - 1, :, :below], deltas[layer, :, :right], net.weights[layer, :below, :right])
        for n in range(states.shape[1]):
            scale_by_slope(deltas, states, layer, n, net.units[layer], net.linear[layer - 1])


@jit
def batch_steps(
    net: Net, samples: Samples, order: np.ndarray, batch: int, rate: float, start: int, stop: int, errors: np.ndarray, work: Work
) -> None:
    """Gradient descent with the mean gradient of ``batch`` samples a step, for output columns as in `sample_steps`."""
    net, samples, (states, deltas, _) = borrowed(net), borrowed(samples), borrowed(work)
    layers = len(net.linear)
    step = np.empty(1, net.weights.dtype)  # stays in the network's type
    last = min(stop, net.units[layers])
    for begin in range(0, len(order), batch):
        count = min(batch, len(order) - begin)
        load(states, samples, order, begin, count, net.bias)
        forward(net, states, start, stop)
        deltas[layers - 1] = 0
        step[0] = rate / count
        for n in range(count):
            sample = order[begin + n]
            output_deltas(deltas, states, n, samples.targets, sample, start, last, net.linear[layers - 1], step[0])
            add_errors(errors, states, n, samples.targets, sample, start, last)
        backward(net, states, deltas, stop)
        apply_deltas(net, states, deltas, start, stop)


@jit
def share(net: Net, slot: int, slots: int) -> tuple[int, int]:
    """Columns of the last layer that a slot trains, in whole vectors. The outputs of a single layer are independent; hidden layers need one slot."""
    lane = LANE_BYTES // net.weights.itemsize
    groups = padded(net.units[len(net.linear)], lane) // lane
    return lane * (groups * slot // slots), lane * (groups * (slot + 1) // slots)


def _train_exactly(net: Net, samples: Samples, order: np.ndarray, rate: float, errors: np.ndarray, slots: int) -> None:
    """One pass, sample by sample."""
    for slot in prange(slots):
        start, stop = share(net, slot, slots)
        sample_steps(net, samples, order, rate, start, stop, errors, workspace(net, BLOCK))


def _train_batches(net: Net, samples: Samples, order: np.ndarray, batch: int, rate: float, errors: np.ndarray, slots: int) -> None:
    """One pass, batch by batch."""
    for slot in prange(slots):
        start, stop = share(net, slot, slots)
        batch_steps(net, samples, order, batch, rate, start, stop, errors, workspace(net, batch))


def _predict(net: Net, samples: Samples, images: np.ndarray, slots: int) -> None:
    """Images [n, outputs] of the samples' spectra, one contiguous share a slot."""
    layers, count = len(net.linear), len(images)
    outputs = images.shape[1]
    stop = padded(outputs, LANE_BYTES // net.weights.itemsize)
    for slot in prange(slots):
        states, tile = workspace(net, TILE).states, np.empty(TILE, np.int64)
        last = count * (slot + 1) // slots
        for begin in range(count * slot // slots, last, TILE):
            size = min(TILE, last - begin)
            for s in range(size):
                tile[s] = begin + s
            load(states, samples, tile, 0, size, net.bias)
            forward(net, states, 0, stop)
            for s in range(size):
                for o in span(0, outputs):  # a slice assigned to a slice would compile Numba's error message too, for seconds
                    images[begin + s, o] = states[layers, s, o]


train_exactly, train_batches, predict = Twin(_train_exactly), Twin(_train_batches), Twin(_predict)
