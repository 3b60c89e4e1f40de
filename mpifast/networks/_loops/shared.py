"""What training and prediction have in common: inputs, activations, output deltas; and the loop of prediction. What the
arrays are is said in `layout`.
"""

from __future__ import annotations

import numpy as np

from mpifast._compiled.elementary import sigmoid
from mpifast._compiled.jit import jit, span
from mpifast._compiled.loop import Loop
from mpifast._compiled.products import GROUP_BYTES, aligned_zeros, multiply_add, padded
from mpifast.networks._loops.layout import Net, TrainingSet

PREDICTED = 32  # samples predicted together


@jit
def load(states: np.ndarray, samples: TrainingSet, order: np.ndarray, first: int, count: int, bias: int) -> None:
    """Scaled spectra of the samples order[first:first+count] into states[0], with the bias unit; further rows become
    zero.
    """
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
def activate(net: Net, states: np.ndarray, layer: int, n: int, start: int, stop: int) -> None:
    """Values start..stop of states[layer, n] through the activation function (eq. 8); the bias unit of a hidden layer
    is 1.
    """
    units = net.units[layer]
    if not net.linear[layer - 1]:
        for o in span(start, min(stop, units)):
            states[layer, n, o] = sigmoid(states[layer, n, o])
    if net.bias and layer < len(net.linear):
        states[layer, n, units] = 1


@jit
def output_deltas(
    deltas: np.ndarray,
    states: np.ndarray,
    n: int,
    targets: np.ndarray,
    sample: int,
    start: int,
    stop: int,
    linear: bool,
    rate: float,
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
def add_errors(
    errors: np.ndarray, states: np.ndarray, n: int, targets: np.ndarray, sample: int, start: int, stop: int
) -> None:
    """errors[o] += (c - y)^2 in float64, unit by unit: the sum does not depend on how threads share the units."""
    top = states.shape[0] - 1
    for o in span(start, stop):
        residual = np.float64(targets[sample, o]) - np.float64(states[top, n, o])
        errors[o] += residual * residual


def _predict(net: Net, samples: TrainingSet, images: np.ndarray, slots: int, slot: int) -> None:
    """Images [n, outputs] of spectra: a slot's contiguous share; the targets are not looked at."""
    layers, count, outputs = len(net.linear), len(images), images.shape[1]
    wider, lane = max(net.weights.shape[1], net.weights.shape[2]), GROUP_BYTES // net.weights.itemsize
    states, order = aligned_zeros((layers + 1, PREDICTED, wider), net.weights.dtype), np.empty(PREDICTED, np.int64)
    last = count * (slot + 1) // slots
    for begin in range(count * slot // slots, last, PREDICTED):
        size = min(PREDICTED, last - begin)
        for s in range(size):
            order[s] = begin + s
        load(states, samples, order, 0, size, net.bias)
        for layer in range(layers):
            inputs, width = net.units[layer] + net.bias, padded(net.units[layer + 1], lane)
            states[layer + 1] = 0
            multiply_add(states[layer + 1, :, :width], states[layer, :, :inputs], net.weights[layer, :inputs, :width])
            for n in range(PREDICTED):
                activate(net, states, layer + 1, n, 0, net.units[layer + 1])
        for s in range(size):
            # A slice assigned to a slice would compile Numba's error message too, for seconds.
            for o in span(0, outputs):
                images[begin + s, o] = states[layers, s, o]


predict = Loop(_predict)
