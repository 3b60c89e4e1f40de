"""Training and prediction loops of the networks: forward and backward passes by hand. What the arrays are is said in
`_network_layout`.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from mpifast._compiled.barrier import meet, turn
from mpifast._compiled.elementary import sigmoid
from mpifast._compiled.jit import Twin, jit, jit_apart
from mpifast._compiled.llvm import borrowed
from mpifast._compiled.products import aligned_zeros, multiply_add, multiply_add_transposed
from mpifast.networks._network_layout import (
    BLOCK,
    PARTS,
    TILE,
    Meeting,
    Net,
    Samples,
    Team,
    Work,
    carve,
    copy_weights,
    inputs_of,
    join,
    outputs_of,
    part_bounds,
    span,
    whole_columns,
)


@jit
def load(states: np.ndarray, samples: Samples, order: np.ndarray, first: int, count: int, bias: int) -> None:
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
    """errors[o] += (c - y)^2 in float64, unit by unit: the sum does not depend on how units are shared among threads."""
    top = states.shape[0] - 1
    for o in span(start, stop):
        residual = np.float64(targets[sample, o]) - np.float64(states[top, n, o])
        errors[o] += residual * residual


@jit
def scale_by_slope(
    deltas: np.ndarray, states: np.ndarray, layer: int, n: int, start: int, units: int, stop: int, linear: bool
) -> None:
    """Multiply deltas[layer - 1, n] by the derivative of the activation at states[layer, n], y (1 - y) for the sigmoid;
    a bias unit has none.
    """
    if not linear:
        for o in span(start, min(units, stop)):
            deltas[layer - 1, n, o] *= states[layer, n, o] - states[layer, n, o] * states[layer, n, o]
    for o in span(max(units, start), max(units, stop)):
        deltas[layer - 1, n, o] = 0


@jit
def apply_deltas(net: Net, states: np.ndarray, deltas: np.ndarray, team: Team, last: int) -> None:
    """W += sum over samples of delta h^T, for all layers; each slot has its own weights, of the first layer up to
    column ``last``.
    """
    for layer in range(len(net.linear)):
        (above, below), (left, right) = inputs_of(net, layer, team), outputs_of(layer, team)
        right = last if layer == 0 else right
        multiply_add(
            net.weights[layer, above:below, left:right], states[layer, :, above:below].T, deltas[layer, :, left:right]
        )


@jit
def add_parts(states: np.ndarray, layer: int, row: int, rows: int, width: int, team: Team, meeting: Meeting) -> None:
    """states[layer, row:row+rows] = the sum of what all slots have in ``sums``, part by part: the order does not depend
    on the slots.
    """
    now = turn(meeting.flags, team.slot)
    meet(meeting.flags, team.slot, team.slots)
    for r in range(rows):
        for o in span(0, width):
            states[layer, row + r, o] = meeting.sums[now, 0, r, o]
        for part in range(1, PARTS):
            for o in span(0, width):
                states[layer, row + r, o] += meeting.sums[now, part, r, o]


@jit
def gather(
    deltas: np.ndarray, layer: int, row: int, rows: int, start: int, stop: int, width: int, team: Team, meeting: Meeting
) -> None:
    """All of deltas[layer, row:row+rows], of which this slot has found start..stop."""
    now = turn(meeting.flags, team.slot)
    for r in range(rows):
        for o in span(start, stop):
            meeting.sums[now, 0, r, o] = deltas[layer, row + r, o]
    meet(meeting.flags, team.slot, team.slots)
    for r in range(rows):
        for o in span(0, width):
            deltas[layer, row + r, o] = meeting.sums[now, 0, r, o]


@jit
def forward_one(
    net: Net, states: np.ndarray, deltas: np.ndarray, overlaps: np.ndarray, n: int, team: Team, meeting: Meeting | None
) -> None:
    """States of sample n of a block, whose weights are W + sum_{m<n} delta_m h_m^T: z_n = W h_n + sum_{m<n} (h_m . h_n)
    delta_m.

    The first layer's W h_n and overlaps[0, n, m] = h_m . h_n are there already, from products of whole blocks.
    """
    left, right = team.left, team.right
    multiply_add(states[1, n : n + 1, left:right], overlaps[0, n : n + 1, :n], deltas[0, :n, left:right])
    activate(net, states, 1, n, left, right)
    if meeting is not None:
        for layer in range(1, len(net.linear)):
            now, right = turn(meeting.flags, team.slot), team.bounds[layer + 1, -1]
            for part in range(team.first, team.last):
                above, below = team.bounds[layer, part], team.bounds[layer, part + 1]
                used = min(below, net.units[layer] + net.bias)
                result = meeting.sums[now, part, :1, :right]
                result[:] = 0
                overlaps[layer, n] = 0
                multiply_add(result, states[layer, n : n + 1, above:used], net.weights[layer, above:used, :right])
                multiply_add_transposed(
                    overlaps[layer, n : n + 1], states[layer, n : n + 1, above:below], states[layer, :, above:below]
                )
                multiply_add(result, overlaps[layer, n : n + 1, :n], deltas[layer, :n, :right])
            add_parts(states, layer + 1, n, 1, right, team, meeting)
            activate(net, states, layer + 1, n, 0, right)


@jit
def backward_one(
    net: Net, states: np.ndarray, deltas: np.ndarray, overlaps: np.ndarray, n: int, team: Team, meeting: Meeting
) -> None:
    """Deltas of the hidden layers from those of the outputs: W^T delta_n + sum_{m<n} (delta_m . delta_n) h_m, times the
    slope.
    """
    for layer in range(len(net.linear) - 1, 0, -1):
        (above, below), right = inputs_of(net, layer, team), team.bounds[layer + 1, -1]
        here, result = deltas[layer, n : n + 1, :right], deltas[layer - 1, n : n + 1, above:below]
        result[:] = 0
        multiply_add_transposed(result, here, net.weights[layer, above:below, :right])
        overlaps[layer, n] = 0
        multiply_add_transposed(overlaps[layer, n : n + 1], here, deltas[layer, :, :right])
        multiply_add(result, overlaps[layer, n : n + 1, :n], states[layer, :n, above:below])
        scale_by_slope(deltas, states, layer, n, above, net.units[layer], below, net.linear[layer - 1])
        if layer > 1:
            gather(deltas, layer - 1, n, 1, above, below, team.bounds[layer, -1], team, meeting)


@jit_apart
def move_tail(to: np.ndarray, source: np.ndarray) -> None:
    """Columns of weights become rows of the tail, or the other way round."""
    for i in range(len(to)):
        for r in range(to.shape[1]):
            to[i, r] = source[i, r]


@jit
def multiply_tail(states: np.ndarray, tail: np.ndarray, sums: np.ndarray, start: int, count: int) -> None:
    """states[1, :, start:start+count] = states[0] tail^T, with samples in the lanes."""
    sums[:] = 0
    multiply_add_transposed(sums[:count], tail[:count], states[0])
    move_tail(states[1, :, start : start + count], sums[:count].T)


@jit
def sample_steps(
    shared: Net, samples: Samples, order: np.ndarray, rate: float, errors: np.ndarray, work: Work, slot: int, slots: int,
    single: bool | None, meeting: Meeting | None,
) -> None:  # fmt: skip
    """A slot's part of the per-sample delta rule over ``order``.

    The trajectory is that of one update a sample (eq. 7), but weights are touched once a block: within it, scalar
    products with the samples before stand for their updates.
    """
    team = join(work, slot, slots, meeting)
    if team.slots == 0:
        return
    block, team, samples = borrowed(carve(work.room[team.slot], shared, BLOCK)), borrowed(team), borrowed(samples)
    net = Net(block.weights, shared.units, shared.linear, shared.bias)
    copy_weights(net, shared, team)
    states, deltas, overlaps = block.states, block.deltas, block.overlaps
    layers, inputs = len(net.linear), net.units[0] + net.bias
    left, right, (start, stop) = team.left, team.right, outputs_of(layers - 1, team)
    last = min(stop, net.units[layers])
    if single is not None:
        right = min(right, whole_columns(net))
        extra = max(last - right, 0)
        columns, rows = net.weights[0, :inputs, right : right + extra], block.tail[:extra, :inputs].T
        move_tail(rows, columns)
    for begin in range(0, len(order), BLOCK):
        count = min(BLOCK, len(order) - begin)
        load(states, samples, order, begin, count, net.bias)
        states[1:] = 0
        deltas[:, count:] = 0
        overlaps[0] = 0
        multiply_add_transposed(overlaps[0], states[0], states[0])
        multiply_add(states[1, :, left:right], states[0, :, :inputs], net.weights[0, :inputs, left:right])
        if single is not None:
            multiply_tail(states, block.tail, block.sums, right, extra)
        for n in range(count):
            forward_one(net, states, deltas, overlaps, n, team, meeting)
            sample = order[begin + n]
            output_deltas(deltas, states, n, samples.targets, sample, start, last, net.linear[layers - 1], rate)
            if layers == 1 or team.slot == 0:
                add_errors(errors, states, n, samples.targets, sample, start, last)
            if meeting is not None:
                backward_one(net, states, deltas, overlaps, n, team, meeting)
        apply_deltas(net, states, deltas, team, right)
        if single is not None:
            multiply_add(block.tail[:extra, :], deltas[0, :, right : right + extra].T, states[0, :, :])
    if single is not None:
        move_tail(columns, rows)
    copy_weights(shared, net, team)


@jit
def forward(net: Net, states: np.ndarray, team: Team, meeting: Meeting | None) -> None:
    """All layers for the samples in states[0]."""
    rows = states.shape[1]
    for layer in range(len(net.linear)):
        states[layer + 1] = 0
        inputs, (left, right) = net.units[layer] + net.bias, outputs_of(layer, team)
        if meeting is None:
            multiply_add(
                states[layer + 1, :, left:right], states[layer, :, :inputs], net.weights[layer, :inputs, left:right]
            )
        elif layer == 0:
            multiply_add(states[1, :, left:right], states[0, :, :inputs], net.weights[0, :inputs, left:right])
        else:
            for row in range(0, rows, TILE):
                count, now = min(TILE, rows - row), turn(meeting.flags, team.slot)
                for part in range(team.first, team.last):
                    above, below = team.bounds[layer, part], team.bounds[layer, part + 1]
                    result = meeting.sums[now, part, :count, :right]
                    result[:] = 0
                    multiply_add(
                        result, states[layer, row : row + count, above:below], net.weights[layer, above:below, :right]
                    )
                add_parts(states, layer + 1, row, count, right, team, meeting)
        for n in range(rows):
            activate(net, states, layer + 1, n, left, right)


@jit
def backward(net: Net, states: np.ndarray, deltas: np.ndarray, team: Team, meeting: Meeting) -> None:
    """Deltas of the hidden layers from those of the outputs."""
    rows = states.shape[1]
    for layer in range(len(net.linear) - 1, 0, -1):
        (above, below), right = inputs_of(net, layer, team), team.bounds[layer + 1, -1]
        deltas[layer - 1] = 0
        multiply_add_transposed(
            deltas[layer - 1, :, above:below], deltas[layer, :, :right], net.weights[layer, above:below, :right]
        )
        for n in range(rows):
            scale_by_slope(deltas, states, layer, n, above, net.units[layer], below, net.linear[layer - 1])
        if layer > 1:
            for row in range(0, rows, TILE):
                gather(
                    deltas, layer - 1, row, min(TILE, rows - row), above, below, team.bounds[layer, -1], team, meeting
                )


@jit
def batch_steps(
    shared: Net, samples: Samples, order: np.ndarray, batch: int, rate: float, errors: np.ndarray, work: Work, slot: int, slots: int,
    meeting: Meeting | None,
) -> None:  # fmt: skip
    """A slot's part of gradient descent with the mean gradient of ``batch`` samples a step."""
    team = join(work, slot, slots, meeting)
    if team.slots == 0:
        return
    block, team, samples = borrowed(carve(work.room[team.slot], shared, batch)), borrowed(team), borrowed(samples)
    net = Net(block.weights, shared.units, shared.linear, shared.bias)
    copy_weights(net, shared, team)
    states, deltas = block.states, block.deltas
    layers = len(net.linear)
    step = np.empty(1, net.weights.dtype)  # stays in the network's type
    start, stop = outputs_of(layers - 1, team)
    last = min(stop, net.units[layers])
    for begin in range(0, len(order), batch):
        count = min(batch, len(order) - begin)
        load(states, samples, order, begin, count, net.bias)
        forward(net, states, team, meeting)
        deltas[layers - 1] = 0
        step[0] = rate / count
        for n in range(count):
            sample = order[begin + n]
            output_deltas(deltas, states, n, samples.targets, sample, start, last, net.linear[layers - 1], step[0])
            if layers == 1 or team.slot == 0:
                add_errors(errors, states, n, samples.targets, sample, start, last)
        if meeting is not None:
            backward(net, states, deltas, team, meeting)
        apply_deltas(net, states, deltas, team, team.right)
    copy_weights(shared, net, team)


def _train_exactly(
    net: Net, samples: Samples, order: np.ndarray, rate: float, errors: np.ndarray, work: Work, slots: int,
    single: bool | None, meeting: Meeting | None,
) -> None:  # fmt: skip
    """One pass, sample by sample: ``single`` layers have no meeting, others a new one for each call. What is None is
    not compiled.
    """
    for slot in prange(slots):
        sample_steps(
            net, samples, order, rate, errors, work, np.int64(slot), slots, single, meeting
        )  # a prange index is unsigned


def _train_batches(
    net: Net,
    samples: Samples,
    order: np.ndarray,
    batch: int,
    rate: float,
    errors: np.ndarray,
    work: Work,
    slots: int,
    meeting: Meeting | None,
) -> None:
    """One pass, batch by batch."""
    for slot in prange(slots):
        batch_steps(net, samples, order, batch, rate, errors, work, np.int64(slot), slots, meeting)


def _predict(net: Net, samples: Samples, images: np.ndarray, slots: int) -> None:
    """Images [n, outputs] of the samples' spectra, one contiguous share a slot."""
    layers, count = len(net.linear), len(images)
    outputs = images.shape[1]
    for slot in prange(slots):
        width = max(net.weights.shape[1], net.weights.shape[2])
        states, tile = aligned_zeros((layers + 1, TILE, width), net.weights.dtype), np.empty(TILE, np.int64)
        bounds = part_bounds(net, 1)
        team = Team(0, 1, 0, 1, 0, bounds[1, 1], bounds)
        last = count * (slot + 1) // slots
        for begin in range(count * slot // slots, last, TILE):
            size = min(TILE, last - begin)
            for s in range(size):
                tile[s] = begin + s
            load(states, samples, tile, 0, size, net.bias)
            forward(net, states, team, None)
            for s in range(size):
                for o in span(
                    0, outputs
                ):  # a slice assigned to a slice would compile Numba's error message too, for seconds
                    images[begin + s, o] = states[layers, s, o]


train_exactly, train_batches, predict = Twin(_train_exactly), Twin(_train_batches), Twin(_predict)
