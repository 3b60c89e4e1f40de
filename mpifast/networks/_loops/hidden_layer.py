"""Training loops of networks with hidden layers: forward and backward passes by hand. Slots share the units of each
hidden layer and meet several times a sample.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mpifast._compiled.barrier import attend, buffer, meet, new_flags
from mpifast._compiled.borrowed import borrowed
from mpifast._compiled.jit import jit, span
from mpifast._compiled.loop import Loop
from mpifast._compiled.products import aligned_zeros, multiply_add, multiply_add_transposed
from mpifast.networks._loops.layout import BLOCK, PARTS, Net, Pass, Work, carve, copy_weights
from mpifast.networks._loops.shared import activate, add_errors, load, output_deltas

ROWS_TOGETHER = 32  # of a batch, that slots exchange in one meeting


class Meeting(NamedTuple):
    """Where slots meet: sums[2, PARTS, rows, width] of the parts over a layer's inputs, of which one half is written
    while the other may still be read, and the `barrier`'s flags.
    """

    sums: np.ndarray
    flags: np.ndarray


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


def new_meeting(net: Net, slots: int) -> Meeting:
    """A meeting that nobody has come to; each call of a loop takes one."""
    return Meeting(
        aligned_zeros((2, PARTS, ROWS_TOGETHER, max(net.weights.shape)), net.weights.dtype), new_flags(slots)
    )


@jit
def join(work: Work, meeting: Meeting, slot: int, slots: int) -> Team:
    """The team of a slot; its ``slots`` are 0 if another one does all the work."""
    together, parts = attend(meeting.flags, slot, slots), work.bounds.shape[1] - 1
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
def copy_share(to: Net, source: Net, team: Team) -> None:
    """The weights that a slot has."""
    for layer in range(len(to.linear)):
        (above, below), (left, right) = inputs_of(to, layer, team), outputs_of(layer, team)
        copy_weights(to.weights, source.weights, layer, above, below, left, right)


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
def apply_deltas(net: Net, states: np.ndarray, deltas: np.ndarray, team: Team) -> None:
    """W += sum over samples of delta h^T, for all layers; each slot has its own weights."""
    for layer in range(len(net.linear)):
        (above, below), (left, right) = inputs_of(net, layer, team), outputs_of(layer, team)
        multiply_add(
            net.weights[layer, above:below, left:right], states[layer, :, above:below].T, deltas[layer, :, left:right]
        )


@jit
def add_parts(states: np.ndarray, layer: int, row: int, rows: int, width: int, team: Team, meeting: Meeting) -> None:
    """states[layer, row:row+rows] = the sum of what all slots have in ``sums``, part by part: the order does not depend
    on the slots.
    """
    now = buffer(meeting.flags, team.slot)
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
    now = buffer(meeting.flags, team.slot)
    for r in range(rows):
        for o in span(start, stop):
            meeting.sums[now, 0, r, o] = deltas[layer, row + r, o]
    meet(meeting.flags, team.slot, team.slots)
    for r in range(rows):
        for o in span(0, width):
            deltas[layer, row + r, o] = meeting.sums[now, 0, r, o]


@jit
def forward_one(
    net: Net, states: np.ndarray, deltas: np.ndarray, overlaps: np.ndarray, n: int, team: Team, meeting: Meeting
) -> None:
    """States of sample n of a block, whose weights are W + sum_{m<n} delta_m h_m^T: z_n = W h_n + sum_{m<n} (h_m . h_n)
    delta_m.

    The first layer's W h_n and overlaps[0, n, m] = h_m . h_n are there already, from products of whole blocks.
    """
    left, right = team.left, team.right
    multiply_add(states[1, n : n + 1, left:right], overlaps[0, n : n + 1, :n], deltas[0, :n, left:right])
    activate(net, states, 1, n, left, right)
    for layer in range(1, len(net.linear)):
        now, right = buffer(meeting.flags, team.slot), team.bounds[layer + 1, -1]
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


@jit
def forward(net: Net, states: np.ndarray, team: Team, meeting: Meeting) -> None:
    """All layers for the samples in states[0]."""
    rows = states.shape[1]
    for layer in range(len(net.linear)):
        states[layer + 1] = 0
        inputs, (left, right) = net.units[layer] + net.bias, outputs_of(layer, team)
        if layer == 0:
            multiply_add(states[1, :, left:right], states[0, :, :inputs], net.weights[0, :inputs, left:right])
        else:
            for row in range(0, rows, ROWS_TOGETHER):
                count, now = min(ROWS_TOGETHER, rows - row), buffer(meeting.flags, team.slot)
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
            for row in range(0, rows, ROWS_TOGETHER):
                count = min(ROWS_TOGETHER, rows - row)
                gather(deltas, layer - 1, row, count, above, below, team.bounds[layer, -1], team, meeting)


def _train_exactly(task: Pass, work: Work, meeting: Meeting, slots: int, slot: int) -> None:
    """A slot's part of the per-sample delta rule.

    The trajectory is that of one update a sample (eq. 7), but weights are touched once a block: within it, scalar
    products with the samples before stand for their updates.
    """
    team = join(work, meeting, slot, slots)
    if team.slots == 0:
        return
    room = carve(work.numbers[team.slot], task.net, BLOCK)
    team, samples = borrowed(team), borrowed(task.samples)
    net, order = Net(room.weights, task.net.units, task.net.linear, task.net.bias), task.order
    copy_share(net, task.net, team)
    states, deltas, overlaps = room.states, room.deltas, room.overlaps
    top, inputs = len(net.linear) - 1, net.units[0] + net.bias
    left, right, outputs = team.left, team.right, net.units[-1]
    for begin in range(0, len(order), BLOCK):
        count = min(BLOCK, len(order) - begin)
        load(states, samples, order, begin, count, net.bias)
        states[1:] = 0
        deltas[:, count:] = 0
        overlaps[0] = 0
        multiply_add_transposed(overlaps[0], states[0], states[0])
        multiply_add(states[1, :, left:right], states[0, :, :inputs], net.weights[0, :inputs, left:right])
        for n in range(count):
            forward_one(net, states, deltas, overlaps, n, team, meeting)
            sample = order[begin + n]
            output_deltas(deltas, states, n, samples.targets, sample, 0, outputs, net.linear[top], task.rate)
            if team.slot == 0:
                add_errors(task.errors, states, n, samples.targets, sample, 0, outputs)
            backward_one(net, states, deltas, overlaps, n, team, meeting)
        apply_deltas(net, states, deltas, team)
    copy_share(task.net, net, team)


def _train_batches(task: Pass, work: Work, meeting: Meeting, slots: int, slot: int) -> None:
    """A slot's part of gradient descent with the mean gradient of a batch a step."""
    team = join(work, meeting, slot, slots)
    if team.slots == 0:
        return
    room = carve(work.numbers[team.slot], task.net, task.batch)
    team, samples = borrowed(team), borrowed(task.samples)
    net, order = Net(room.weights, task.net.units, task.net.linear, task.net.bias), task.order
    copy_share(net, task.net, team)
    states, deltas = room.states, room.deltas
    top, outputs = len(net.linear) - 1, net.units[-1]
    step = np.empty(1, net.weights.dtype)  # stays in the network's type
    for begin in range(0, len(order), task.batch):
        count = min(task.batch, len(order) - begin)
        load(states, samples, order, begin, count, net.bias)
        forward(net, states, team, meeting)
        deltas[top] = 0
        step[0] = task.rate / count
        for n in range(count):
            sample = order[begin + n]
            output_deltas(deltas, states, n, samples.targets, sample, 0, outputs, net.linear[top], step[0])
            if team.slot == 0:
                add_errors(task.errors, states, n, samples.targets, sample, 0, outputs)
        backward(net, states, deltas, team, meeting)
        apply_deltas(net, states, deltas, team)
    copy_share(task.net, net, team)


train_exactly, train_batches = Loop(_train_exactly), Loop(_train_batches)
