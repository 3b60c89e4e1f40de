"""Training loops of networks with one layer. Each slot has outputs of its own, which never meet those of another."""

from __future__ import annotations

import numpy as np

from mpifast._compiled.borrowed import borrowed
from mpifast._compiled.jit import jit, jit_apart
from mpifast._compiled.loop import Loop
from mpifast._compiled.products import multiply_add, multiply_add_transposed
from mpifast.networks._loops.layout import BLOCK, Pass, Work, carve, copy_weights, whole_columns
from mpifast.networks._loops.shared import activate, add_errors, load, output_deltas


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


def _train_exactly(task: Pass, work: Work, slots: int, slot: int) -> None:
    """A slot's part of the per-sample delta rule.

    The trajectory is that of one update a sample (eq. 7), but weights are touched once a block. Within it they are W +
    sum_{m<n} delta_m x_m^T before sample n, so z_n = W x_n + sum_{m<n} (x_m . x_n) delta_m.
    """
    net, order, samples = task.net, task.order, borrowed(task.samples)
    room = carve(work.numbers[slot], net, BLOCK)
    weights, states, deltas, overlaps = room.weights, room.states, room.deltas, room.overlaps
    inputs, left, right = net.units[0] + net.bias, work.bounds[1, slot], work.bounds[1, slot + 1]
    last, whole = min(right, net.units[1]), min(right, whole_columns(net))
    extra = max(last - whole, 0)
    copy_weights(weights, net.weights, 0, 0, inputs, left, right)
    columns, rows = weights[0, :inputs, whole : whole + extra], room.tail[:extra, :inputs].T
    move_tail(rows, columns)
    for begin in range(0, len(order), BLOCK):
        count = min(BLOCK, len(order) - begin)
        load(states, samples, order, begin, count, net.bias)
        states[1] = 0
        deltas[:, count:] = 0
        overlaps[0] = 0
        multiply_add_transposed(overlaps[0], states[0], states[0])
        multiply_add(states[1, :, left:whole], states[0, :, :inputs], weights[0, :inputs, left:whole])
        multiply_tail(states, room.tail, room.sums, whole, extra)
        for n in range(count):
            multiply_add(states[1, n : n + 1, left:right], overlaps[0, n : n + 1, :n], deltas[0, :n, left:right])
            activate(net, states, 1, n, left, right)
            sample = order[begin + n]
            output_deltas(deltas, states, n, samples.targets, sample, left, last, net.linear[0], task.rate)
            add_errors(task.errors, states, n, samples.targets, sample, left, last)
        multiply_add(weights[0, :inputs, left:whole], states[0, :, :inputs].T, deltas[0, :, left:whole])
        multiply_add(room.tail[:extra, :], deltas[0, :, whole : whole + extra].T, states[0, :, :])
    move_tail(columns, rows)
    copy_weights(net.weights, weights, 0, 0, inputs, left, right)


def _train_batches(task: Pass, work: Work, slots: int, slot: int) -> None:
    """A slot's part of gradient descent with the mean gradient of a batch a step."""
    net, order, samples = task.net, task.order, borrowed(task.samples)
    room = carve(work.numbers[slot], net, task.batch)
    weights, states, deltas = room.weights, room.states, room.deltas
    inputs, left, right = net.units[0] + net.bias, work.bounds[1, slot], work.bounds[1, slot + 1]
    last = min(right, net.units[1])
    step = np.empty(1, weights.dtype)  # stays in the network's type
    copy_weights(weights, net.weights, 0, 0, inputs, left, right)
    for begin in range(0, len(order), task.batch):
        count = min(task.batch, len(order) - begin)
        load(states, samples, order, begin, count, net.bias)
        states[1] = 0
        deltas[:, count:] = 0
        multiply_add(states[1, :, left:right], states[0, :, :inputs], weights[0, :inputs, left:right])
        step[0] = task.rate / count
        for n in range(count):
            activate(net, states, 1, n, left, right)
            sample = order[begin + n]
            output_deltas(deltas, states, n, samples.targets, sample, left, last, net.linear[0], step[0])
            add_errors(task.errors, states, n, samples.targets, sample, left, last)
        multiply_add(weights[0, :inputs, left:right], states[0, :, :inputs].T, deltas[0, :, left:right])
    copy_weights(net.weights, weights, 0, 0, inputs, left, right)


train_exactly, train_batches = Loop(_train_exactly), Loop(_train_batches)
