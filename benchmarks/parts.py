"""Where the time goes: the stages of each kernel timed alone, on one thread, at the paper's size. What they leave of
the whole is the rest.
"""

import statistics
from collections.abc import Callable, Iterator
from typing import Any

import numba
import numpy as np
from scipy.fft import dct

import mpifast
from benchmarks import problems
from benchmarks.pairs import Clock, blas_threads
from mpifast._compiled.bits import TOGETHER, fields, to_bits, to_bytes, words
from mpifast._compiled.jit import OPTIONS
from mpifast._compiled.philox import NOISE
from mpifast._compiled.products import multiply_add, multiply_add_transposed, padded, sum_rows
from mpifast.data._phantoms_loops import draw_bits, words_needed
from mpifast.networks._loops import layout
from mpifast.networks._loops import shared as loops
from mpifast.networks.scaling import Scaling
from mpifast.networks.whitening import Whitening
from mpifast.physics._forward_loops import SPECTRA
from mpifast.physics._noise_loops import add_noise, draw_normals
from mpifast.physics._system_matrix_kernels import fold_magnetization
from mpifast.physics.system_matrix import node_count

Stages = dict[str, Callable[[], Any]]
jit = numba.njit(**OPTIONS)


@jit
def _draw(bits, random, keys, count, voxels):
    for s in range(count):
        draw_bits(bits, random, voxels, s, keys, 1, 1)


@jit
def _to_bytes(phantoms, bits):
    for s in range(len(phantoms)):
        to_bytes(phantoms, s, bits)


@jit
def _to_bits(bits, phantoms):
    for s in range(len(phantoms)):
        to_bits(bits, phantoms, s)


@jit
def _fields(index, bits):
    for s in range(len(index)):
        fields(index, s % SPECTRA, bits)


@jit
def _sum_rows(spectra, index, tables):
    for start in range(0, len(spectra), SPECTRA):
        sum_rows(spectra[start : start + SPECTRA], index[start : start + SPECTRA], tables)


@jit
def _normals(first, second, random, keys, count):
    for s in range(count):
        draw_normals(first, second, random, s, NOISE, keys)


@jit
def _add_noise(spectra, first, second):
    for s in range(len(spectra)):
        add_noise(spectra[s], 0.0, first, second)


@jit
def _load(states, samples, order):
    rows = states.shape[1]
    for begin in range(0, len(order), rows):
        loops.load(states, samples, order, begin, min(rows, len(order) - begin), 0)


@jit
def _multiply(c, a, b, repeats):
    for _ in range(repeats):
        multiply_add(c, a, b)


@jit
def _multiply_transposed(c, a, b, repeats):
    for _ in range(repeats):
        multiply_add_transposed(c, a, b)


@jit
def _activate(net, states, layer, repeats):
    for _ in range(repeats):
        for n in range(states.shape[1]):
            loops.activate(net, states, layer, n, 0, net.units[layer])


@jit
def _output_deltas(deltas, states, errors, targets):
    rows = states.shape[1]
    for s in range(len(targets)):
        loops.output_deltas(deltas, states, s % rows, targets, s, 0, targets.shape[1], False, 0.5)
        loops.add_errors(errors, states, s % rows, targets, s, 0, targets.shape[1])


def at_hand() -> tuple[Callable[[], Any], Stages]:
    """P1."""
    (u, c), system = problems.data(), problems.system()
    tables, bits = system.forward_model.tables(u.dtype), np.zeros(words(c.shape[1]), np.uint64)
    index = _index(system, len(c))
    result, scratch = np.empty_like(u), np.empty_like(index)
    stages: Stages = {
        "zeros and ones checked": lambda: c.max(initial=0) <= 1,
        "phantoms to bits": lambda: _to_bits(bits, c),
        "groups of voxels": lambda: _fields(scratch, bits),
        "table rows summed": lambda: _sum_rows(result, index, tables),
    }
    return lambda: system.spectra(c, threads=1), stages


def from_seed(snr_db: float | None = None) -> tuple[Callable[[], Any], Stages]:
    """P2 and P3."""
    data, (u, c) = mpifast.Spectra(problems.system(), seed=7, snr_db=snr_db, threads=1), problems.data()
    count, voxels = c.shape
    tables, half, keys = data.system.forward_model.tables(u.dtype), (u.shape[1] + 1) // 2, data._keys
    bits, random = np.zeros(words(voxels), np.uint64), np.empty(max(words_needed(voxels, 1), half + 4), np.uint64)
    index, result, phantoms = _index(data.system, count), np.zeros_like(u), np.empty_like(c)
    scratch = np.empty_like(index)
    first, second = np.zeros(half, np.float32), np.zeros(half, np.float32)
    stages: Stages = {
        "phantoms drawn": lambda: _draw(bits, random, keys, count, voxels),
        "phantoms to bytes": lambda: _to_bytes(phantoms, bits),
        "groups of voxels": lambda: _fields(scratch, bits),
        "table rows summed": lambda: _sum_rows(result, index, tables),
    }
    if snr_db is not None:
        stages["normals drawn"] = lambda: _normals(first, second, random, keys, count)
        stages["noise added"] = lambda: _add_noise(result, first, second)
    return lambda: data[:count], stages


def _index(system: Any, count: int) -> np.ndarray:
    """Groups of voxels of so many random phantoms."""
    groups = len(system.forward_model.tables(np.dtype(np.float32)))
    return np.random.default_rng(1).integers(0, 32, (count, padded(groups, TOGETHER)), dtype=np.uint8)


def matrix() -> tuple[Callable[[], Any], Stages]:
    """P4."""
    scanner, particle = mpifast.Scanner(), mpifast.Particle(40e-9)
    drive = particle.beta * scanner.drive_amplitude
    nodes = node_count(drive, 200, 1e-12)
    field = drive * np.cos(np.pi / nodes * (np.arange(nodes // 2) + 0.5))
    offsets = particle.beta * scanner.gradient * scanner.positions[scanner.voxels // 2 :]
    differences, sums = np.empty((2, len(offsets), nodes // 2))
    stages: Stages = {
        "Langevin functions": lambda: fold_magnetization(offsets, field, differences, sums),
        "cosine transforms": lambda: (dct(differences, type=4), dct(sums, type=2)),
    }
    return lambda: mpifast.system_matrix(scanner, particle, 200, tolerance=1e-12), stages


def training(hidden: tuple[int, ...] = ()) -> tuple[Callable[[], Any], Stages]:
    """P5 and P7."""
    u, c = problems.data()
    network = mpifast.Network(u.shape[1], c.shape[1], hidden, scaling=Scaling.measure("harmonic", u), seed=1)
    net, samples, order = network.state.net, network.state.samples(u, c), np.arange(len(u))
    work, blocks, count = layout.workspace(net, layout.BLOCK, 1), len(u) // layout.BLOCK, len(u)
    _, states, deltas, overlaps, *_ = layout.carve(work.numbers[0], net, layout.BLOCK)
    sizes = [padded(units, 16) for units in network.units]
    first, last, top = net.weights[0], net.weights[-1], len(sizes) - 1
    stages: Stages = {
        "spectra loaded and scaled": lambda: _load(states, samples, order),
        "scalar products of spectra": lambda: _multiply_transposed(overlaps[0], states[0], states[0], blocks),
        "first layer": lambda: _multiply(states[1, :, : sizes[1]], states[0, :, :200], first[:200, : sizes[1]], blocks),
        "updates of weights": lambda: [
            _multiply(
                net.weights[k, :inputs, : sizes[k + 1]],
                states[k, :, :inputs].T,
                np.zeros_like(deltas[k, :, : sizes[k + 1]]),
                blocks,
            )
            for k, inputs in enumerate(network.units[:-1])
        ],
        "updates within blocks": lambda: [
            _multiply(states[k + 1, :1, : sizes[k + 1]], overlaps[k, :1, :8], deltas[k, :8, : sizes[k + 1]], count)
            for k in range(top)
        ],
        "activations": lambda: [_activate(net, states, layer, blocks) for layer in range(1, len(network.units))],
        "deltas and errors of outputs": lambda: _output_deltas(deltas, states, np.zeros(c.shape[1]), c),
    }
    if hidden:
        row = np.zeros((1, first.shape[1]), u.dtype)
        stages["second layer, sample by sample"] = lambda: _multiply(
            states[2, :1, : sizes[2]], states[1, :1, :200], last[:200, : sizes[2]], count
        )
        stages["and back"] = lambda: _multiply_transposed(
            row[:, : sizes[1]], deltas[1, :1, : sizes[2]], last[: sizes[1], : sizes[2]], count
        )
    return lambda: mpifast.Network(200, 129, hidden, scaling=network.scaling, seed=1).fit(
        u, c, epochs=1, threads=1, learning_rate=0.2
    ), stages


def accuracy() -> tuple[Callable[[], Any], Stages]:
    """P8."""
    system, (u, c) = problems.system(), problems.data()
    scaling = Scaling.measure("harmonic", u)
    whitening = Whitening.measure(scaling, u, 1)
    white = scaling.times(u, whitening.forward, 1)

    def network(inputs: int, scaling: Any) -> Any:
        return mpifast.Network(inputs, c.shape[1], scaling=scaling, weight_range=0.0)

    def whole() -> None:
        u, c = mpifast.Spectra(system, seed=7, threads=1)[: problems.SAMPLES]
        network(u.shape[1], "harmonic").fit(u, c, recipe="fast", epochs=1, threads=1)

    stages: Stages = {
        "spectra from a seed": lambda: mpifast.Spectra(system, seed=7, threads=1)[: problems.SAMPLES],
        "arguments checked": lambda: np.isfinite(u).all(),
        "scaling measured": lambda: Scaling.measure("harmonic", u),
        "directions found": lambda: Whitening.measure(scaling, u, 1),
        "spectra whitened": lambda: scaling.times(u, whitening.forward, 1),
        "the pass": lambda: network(white.shape[1], "none").fit(white, c, epochs=1, threads=1),
    }
    return whole, stages


def prediction() -> tuple[Callable[[], Any], Stages]:
    """P13, of 30,000 spectra."""
    u, c = problems.data()
    network = mpifast.Network(u.shape[1], c.shape[1], scaling=Scaling.measure("harmonic", u), seed=1)
    net, samples, order = network.state.net, network.state.samples(u, c), np.arange(len(u))
    states, tiles, width = (
        layout.carve(layout.workspace(net, loops.PREDICTED, 1).numbers[0], net, loops.PREDICTED).states,
        len(u) // loops.PREDICTED,
        padded(c.shape[1], 16),
    )
    stages: Stages = {
        "arguments checked": lambda: np.isfinite(u).all(),
        "spectra loaded and scaled": lambda: _load(states, samples, order),
        "product": lambda: _multiply(states[1, :, :width], states[0, :, :200], net.weights[0, :200, :width], tiles),
        "activations": lambda: _activate(net, states, 1, tiles),
    }
    return lambda: network.predict(u, threads=1), stages


KERNELS: dict[str, Callable[[], tuple[Callable[[], Any], Stages]]] = {
    "P1": at_hand,
    "P2": from_seed,
    "P3": lambda: from_seed(problems.SNR_DB),
    "P4": matrix,
    "P5": training,
    "P7": lambda: training((200,)),
    "P8": accuracy,
    "P13": prediction,
}


def measure(rounds: int) -> Iterator[tuple[str, str, float, float]]:
    """Of each kernel and stage: seconds, and those of the whole kernel; medians."""
    with blas_threads(1):
        for name, make in KERNELS.items():
            whole, stages = make()
            clocks = {stage: Clock(call) for stage, call in {"the whole": whole, **stages}.items()}
            seconds = {
                stage: statistics.median(clock.seconds() for _ in range(rounds)) for stage, clock in clocks.items()
            }
            total = seconds.pop("the whole")
            for stage, value in {**seconds, "the rest": total - sum(seconds.values())}.items():
                yield name, stage, value, total
