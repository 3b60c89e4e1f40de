"""The paper's full-size problem and the pairs measured on it; numbers P1 to P13 are the project's speed targets."""

import functools
from typing import Any

import numpy as np
import scipy.fft

import mpifast
from benchmarks.pairs import Pair, close
from mpifast import reference

SAMPLES = 30_000
SNR_DB = 30.0


@functools.cache
def system() -> Any:
    """129 voxels, 200 harmonics, 40 nm."""
    return mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))


@functools.cache
def data(snr_db: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """30,000 spectra and phantoms."""
    return mpifast.Spectra(system(), seed=7, snr_db=snr_db)[:SAMPLES]


@functools.cache
def columns() -> np.ndarray:
    """The system matrix as the right factor of an SGEMM, float32[129, 200]."""
    return np.ascontiguousarray(system().real.T, np.float32)


def forward() -> Pair:
    """P1: spectra of phantoms at hand, against SGEMM."""
    phantoms = data()[1]
    floats = phantoms.astype(np.float32)
    return Pair("P1 spectra of phantoms", 0.35, lambda threads: system().spectra(phantoms, threads=threads), lambda: floats @ columns(), close(1e-5))


def grey() -> Pair:
    """Spectra of grey phantoms, against SGEMM."""
    floats = np.random.default_rng(1).random((SAMPLES, 129), np.float32)
    return Pair("grey phantoms", 1.0, lambda threads: system().spectra(floats, threads=threads), lambda: floats @ columns(), close(1e-5))


def generate(snr_db: float | None) -> Pair:
    """P2 and P3: spectra and phantoms from a seed, against NumPy's generator and SGEMM; statistics have to agree."""
    level = mpifast.Spectra(system(), snr_db=SNR_DB).noise_level

    def peer() -> tuple[np.ndarray, np.ndarray]:
        random = np.random.default_rng(7)
        phantoms = random.integers(0, 2, (SAMPLES, 129), dtype=np.uint8)
        spectra = phantoms.astype(np.float32) @ columns()
        if snr_db is not None:
            spectra += np.float32(level) * random.standard_normal(spectra.shape, dtype=np.float32)
        return spectra, phantoms

    def agree(ours: Any, theirs: Any) -> None:
        np.testing.assert_allclose(ours[1].mean(), theirs[1].mean(), atol=2e-3)
        np.testing.assert_allclose(ours[0].std(axis=0), theirs[0].std(axis=0), rtol=0.05)

    name = "P2 spectra from a seed" if snr_db is None else "P3 noisy spectra from a seed"
    return Pair(name, 0.2, lambda threads: mpifast.Spectra(system(), seed=7, snr_db=snr_db, threads=threads)[:SAMPLES], peer, agree)


def matrix() -> Pair:
    """P4: the system matrix, against vectorised NumPy and SciPy's transform on the same nodes (ours is serial)."""
    scanner, particle, nodes = mpifast.Scanner(), mpifast.Particle(40e-9), system().nodes

    def peer() -> np.ndarray:
        offsets = particle.beta * scanner.gradient * scanner.positions
        drive = particle.beta * scanner.drive_amplitude
        argument = offsets[:, None] + drive * np.cos(np.pi * (np.arange(nodes) + 0.5) / nodes)
        magnetization = 1.0 / np.tanh(argument) - 1.0 / argument  # no node comes near enough to zero to matter at 1e-12
        coefficients = scipy.fft.dct(magnetization, axis=1)[:, 1:201].T / nodes
        return -np.pi * particle.saturation_field * np.arange(1, 201)[:, None] * coefficients

    return Pair("P4 system matrix", 0.1, lambda threads: mpifast.system_matrix(scanner, particle).real, peer, close(1e-12))


def training(snr_db: float | None = None) -> Pair:
    """P5: one exact per-sample pass 200 -> 129, against the two SGEMMs of its arithmetic; verified against the plain loop."""
    u, c = data(snr_db)
    weights = np.random.default_rng(1).random((200, 129), np.float32)
    transposed, images = np.ascontiguousarray(u.T), np.empty((SAMPLES, 129), np.float32)

    def network(count: int) -> Any:
        net = mpifast.Network(200, 129, seed=1)
        net.fit(u[:count], c[:count], epochs=1)
        return net

    nets = {threads: network(100) for threads in (1, 2)}

    def ours(threads: int) -> Any:
        nets[threads].fit(u, c, epochs=1, threads=threads)

    def peer() -> None:
        np.matmul(u, weights, out=images)
        np.matmul(transposed, images)

    def agree(_: Any, __: Any) -> None:
        net = mpifast.Network(200, 129, seed=1)
        expected = net.weights
        net.fit(u[:2000], c[:2000], epochs=1)
        expected, _error = reference.train(expected, [False], False, u[:2000] * net.scaling.factor.astype(np.float32), c[:2000], 0.5)
        np.testing.assert_allclose(net.weights[0], expected[0], atol=1e-4)

    name, limit = ("P5 training pass", 0.75) if snr_db is None else ("P5 training pass, noisy", 1.0)
    return Pair(name, limit, ours, peer, agree)


def prediction(samples: int = 100_000) -> Pair:
    """P13: images from a trained one-layer network, against SGEMM."""
    u, c = mpifast.Spectra(system(), seed=7)[:samples]
    net = mpifast.Network(200, 129, scaling="none", seed=1)
    net.fit(u[:100] * np.float32(1e-3), c[:100], epochs=1)
    factor = np.ascontiguousarray(net.weights[0].T)

    def agree(ours: Any, peer: Any) -> None:
        with np.errstate(over="ignore"):
            np.testing.assert_allclose(ours, reference.sigmoid(peer), atol=1e-4)

    return Pair("P13 prediction", 1.3, lambda threads: net.predict(u, threads=threads), lambda: u @ factor, agree)
