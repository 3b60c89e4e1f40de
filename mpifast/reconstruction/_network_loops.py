"""Training and prediction loops of the networks: forward and backward passes by hand.

Layer l maps states[l] to states[l + 1]. All layers share one padded shape, so every array here is a plain block of numbers:

    weights[layers, width, width]           weights[l][j, o] from input j to output o; a bias is the weight of one more input, always 1
    transposed[layers, width, width]        the same the other way round, for the backward pass
    states[layers + 1, rows, width]         inputs, hidden values, outputs of the samples at hand
    deltas[layers, rows, width]             rate * c' (c - y) of each layer's outputs (eq. 7): the rate is folded in

Padding is zero throughout and stays zero.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import prange

from mpifast._elementary import sigmoid
from mpifast._jit import Twin, jit, jit_reduction
from mpifast._tile import ROWS, multiply_add

BLOCK = 16  # samples whose exact per-sample updates are applied together
TILE = 32  # samples predicted together


class Net(NamedTuple):
    """The layers: units int64[layers + 1] of each, ``linear`` bool[layers] activations, ``bias`` 0 or 1."""

    weights: np.ndarray
    transposed: np.ndarray
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
def add_row(result: np.ndarray, layer: int, n: int, factor: float, rows: np.ndarray, source: int, m: int, start: int, stop: int) -> None:
    """result[layer, n] += factor rows[source, m], columns start..stop."""
    for o in span(start, stop):
        result[layer, n, o] += factor * rows[source, m, o]


@jit
def combine(
    result: np.ndarray, layer: int, n: int, factors: np.ndarray, source: int, count: int, matrix: np.ndarray, page: int, start: int, stop: int
) -> None:
    """result[layer, n] += factors[source, n, :count] @ matrix[page, :count], columns start..stop; ``count`` is a multiple of eight."""
    for j in range(0, count, 8):
        f0, f1, f2, f3 = factors[source, n, j], factors[source, n, j + 1], factors[source, n, j + 2], factors[source, n, j + 3]
        f4, f5, f6, f7 = factors[source, n, j + 4], factors[source, n, j + 5], factors[source, n, j + 6], factors[source, n, j + 7]
        for o in span(start, stop):
            left = (f0 * matrix[page, j, o] + f1 * matrix[page, j + 1, o]) + (f2 * matrix[page, j + 2, o] + f3 * matrix[page, j + 3, o])
            right = (f4 * matrix[page, j + 4, o] + f5 * matrix[page, j + 5, o]) + (f6 * matrix[page, j + 6, o] + f7 * matrix[page, j + 7, o])
            result[layer, n, o] += left + right


@jit_reduction
def dot(rows: np.ndarray, page: int, n: int, m: int, count: int) -> float:
    """Scalar product of rows[page, n] and rows[page, m]."""
    total = rows[page, n, 0] * rows[page, m, 0]
    for i in range(1, count):
        total += rows[page, n, i] * rows[page, m, i]
    return total


@jit
def scale_by_slope(deltas: np.ndarray, states: np.ndarray, layer: int, n: int, count: int, linear: bool) -> None:
    """Multiply deltas[layer - 1, n] by the derivative of the activation at states[layer, n]: y (1 - y) for the sigmoid."""
    if not linear:
        for o in range(count):
            deltas[layer - 1, n, o] *= states[layer, n, o] - states[layer, n, o] * states[layer, n, o]


@jit
def apply_deltas(net: Net, states: np.ndarray, deltas: np.ndarray, start: int, stop: int) -> None:
    """W += sum over samples of delta h^T, for all layers; columns start..stop of the last one."""
    for layer in range(len(net.linear)):
        depth = round_up(net.units[layer] + net.bias)
        first, last = (start, stop) if layer == len(net.linear) - 1 else (0, states.shape[2])
        multiply_add(net.weights[layer, :depth, first:last], states[layer, :, :depth].T, deltas[layer, :, first:last])
        if layer > 0:
            height = round_up(net.units[layer + 1])
            multiply_add(net.transposed[layer, :height], deltas[layer, :, :height].T, states[layer])


@jit
def round_up(count: int) -> int:
    """``count`` as a multiple of `ROWS`."""
    return (count + ROWS - 1) // ROWS * ROWS


def _gram(samples: Samples, order: np.ndarray, bias: int, width: int, gram: np.ndarray, slots: int) -> None:
    """gram[b, n, m] = x_n . x_m, m < n, within each block of `BLOCK` samples: all that exact blocks need to know of the inputs."""
    blocks = len(gram)
    for slot in prange(slots):
        inputs = np.zeros((1, BLOCK, width), gram.dtype)
        for block in range(blocks * slot // slots, blocks * (slot + 1) // slots):
            load(inputs, samples, order, block * BLOCK, min(BLOCK, len(order) - block * BLOCK), bias)
            for n in range(BLOCK):
                for m in range(n):
                    gram[block, n, m] = dot(inputs, 0, n, m, width)


@jit
def train_exactly(net: Net, samples: Samples, order: np.ndarray, gram: np.ndarray, rate: float, start: int, stop: int, errors: np.ndarray) -> None:
    """Per-sample delta rule over ``order``, for output columns start..stop (all of them if there are hidden layers).

    The trajectory is that of one update a sample (eq. 7), but weights are touched once a block. At sample n of a block they are
    W + sum_{m<n} delta_m h_m^T, W those at its start, so forward and backward passes need only scalar products with the samples before:

        z_n = W h_n + sum_{m<n} (h_m . h_n) delta_m            W^T delta_n + sum_{m<n} (delta_m . delta_n) h_m
    """
    layers, width = len(net.linear), net.weights.shape[2]
    states = np.zeros((layers + 1, BLOCK, width), net.weights.dtype)
    deltas = np.zeros((layers, BLOCK, width), net.weights.dtype)
    depth, last = round_up(net.units[0] + net.bias), min(stop, net.units[layers])
    for begin in range(0, len(order), BLOCK):
        count = min(BLOCK, len(order) - begin)
        load(states, samples, order, begin, count, net.bias)
        states[1:] = 0
        deltas[:, count:] = 0
        first_stop = stop if layers == 1 else width
        multiply_add(states[1, :, start:first_stop], states[0, :, :depth], net.weights[0, :depth, start:first_stop])
        for n in range(count):
            for layer in range(layers):
                left, right = (start, last) if layer == layers - 1 else (0, net.units[layer + 1])
                inputs = round_up(net.units[layer] + net.bias)
                if layer > 0:
                    combine(states, layer + 1, n, states, layer, inputs, net.weights, layer, left, right)
                for m in range(n):
                    overlap = gram[begin // BLOCK, n, m] if layer == 0 else dot(states, layer, n, m, inputs)
                    add_row(states, layer + 1, n, overlap, deltas, layer, m, left, right)
                activate(states, layer + 1, n, left, right, net.linear[layer])
                if net.bias and layer < layers - 1:
                    states[layer + 1, n, right] = 1
            sample = order[begin + n]
            output_deltas(deltas, states, n, samples.targets, sample, start, last, net.linear[layers - 1], rate)
            add_errors(errors, states, n, samples.targets, sample, start, last)
            for layer in range(layers - 1, 0, -1):
                hidden, outputs = net.units[layer], round_up(net.units[layer + 1])
                deltas[layer - 1, n] = 0
                combine(deltas, layer - 1, n, deltas, layer, outputs, net.transposed, layer, 0, hidden)
                for m in range(n):
                    add_row(deltas, layer - 1, n, dot(deltas, layer, n, m, outputs), states, layer, m, 0, hidden)
                scale_by_slope(deltas, states, layer, n, hidden, net.linear[layer - 1])
        apply_deltas(net, states, deltas, start, stop)


@jit
def forward(net: Net, states: np.ndarray, start: int, stop: int) -> None:
    """All layers for the samples in states[0]; columns start..stop of the last one."""
    layers = len(net.linear)
    for layer in range(layers):
        depth, units = round_up(net.units[layer] + net.bias), net.units[layer + 1]
        left, right = (start, stop) if layer == layers - 1 else (0, states.shape[2])
        states[layer + 1] = 0
        multiply_add(states[layer + 1, :, left:right], states[layer, :, :depth], net.weights[layer, :depth, left:right])
        for n in range(states.shape[1]):
            activate(states, layer + 1, n, left, min(right, units), net.linear[layer])
            if net.bias and layer < layers - 1:
                states[layer + 1, n, units] = 1


@jit
def backward(net: Net, states: np.ndarray, deltas: np.ndarray) -> None:
    """Deltas of the hidden layers from those of the outputs."""
    for layer in range(len(net.linear) - 1, 0, -1):
        height, hidden = round_up(net.units[layer + 1]), net.units[layer]
        deltas[layer - 1] = 0
        multiply_add(deltas[layer - 1], deltas[layer, :, :height], net.transposed[layer, :height])
        for n in range(states.shape[1]):
            scale_by_slope(deltas, states, layer, n, hidden, net.linear[layer - 1])
            deltas[layer - 1, n, hidden:] = 0


@jit
def train_batches(net: Net, samples: Samples, order: np.ndarray, batch: int, rate: float, start: int, stop: int, errors: np.ndarray) -> None:
    """Gradient descent with the mean gradient of ``batch`` samples a step, for output columns as in `train_exactly`."""
    layers, width = len(net.linear), net.weights.shape[2]
    states = np.zeros((layers + 1, round_up(batch), width), net.weights.dtype)
    deltas = np.zeros((layers, round_up(batch), width), net.weights.dtype)
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
        backward(net, states, deltas)
        apply_deltas(net, states, deltas, start, stop)


def _train(
    net: Net, samples: Samples, order: np.ndarray, gram: np.ndarray, batch: int, rate: float, lane: int, errors: np.ndarray, slots: int
) -> None:
    """One pass. The outputs of a single layer are independent, so each slot trains a share of its columns; hidden layers need one slot."""
    layers = len(net.linear)
    groups = (net.units[layers] + lane - 1) // lane
    for slot in prange(slots):
        start, stop = lane * (groups * slot // slots), lane * (groups * (slot + 1) // slots)
        if batch == 1:
            train_exactly(net, samples, order, gram, rate, start, stop, errors)
        else:
            train_batches(net, samples, order, batch, rate, start, stop, errors)


def _predict(net: Net, samples: Samples, images: np.ndarray, slots: int) -> None:
    """Images [n, outputs] of the samples' spectra, one contiguous share a slot."""
    layers, count = len(net.linear), len(images)
    outputs, width = images.shape[1], net.weights.shape[2]
    for slot in prange(slots):
        states = np.zeros((layers + 1, TILE, width), net.weights.dtype)
        share = np.arange(count * slot // slots, count * (slot + 1) // slots)
        for begin in range(0, len(share), TILE):
            size = min(TILE, len(share) - begin)
            load(states, samples, share, begin, size, net.bias)
            forward(net, states, 0, width)
            images[share[begin] : share[begin] + size] = states[layers, :size, :outputs]


gram_products, train, predict = Twin(_gram), Twin(_train), Twin(_predict)
