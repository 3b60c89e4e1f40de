"""The kernels at any shape, each as a pair with the peer that its mark names: NumPy and SciPy."""

import functools
import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import scipy.fft

import mpifast
from benchmarks.pairs import Errors, Mark, Pair, deviation
from mpifast import reference

SAMPLES = 30_000
SNR_DB = 30.0
RATE = 0.5
# At 0.5 wide hidden layers amplify rounding until float32 and float64 part, and nothing could be verified.
HIDDEN_RATE = 0.2
VERIFIED = 2_000  # samples of a pass that the plain loop repeats
SINGLE, DOUBLE = 1e-4, 1e-12  # tolerances of the verification


class Shape(NamedTuple):
    """The paper's by default; ``hidden`` counts where there is a hidden layer."""

    harmonics: int = 200
    voxels: int = 129
    hidden: int = 200
    samples: int = SAMPLES

    def named(self, *, hidden: bool = False) -> dict[str, int]:
        """For a record."""
        return {name: value for name, value in self._asdict().items() if hidden or name != "hidden"}


PAPER = Shape()
MANY = PAPER._replace(samples=100_000)
NEIGHBOURS = (Shape(129, 131, 200), Shape(128, 64, 256), Shape(samples=1), Shape(samples=7), MANY)


@functools.cache
def system(harmonics: int = 200, voxels: int = 129) -> Any:
    """The paper's scanner, 40 nm."""
    return mpifast.system_matrix(mpifast.Scanner(voxels=voxels), mpifast.Particle(40e-9), harmonics=harmonics)


@functools.lru_cache(maxsize=2)
def data(snr_db: float | None = None, shape: Shape = PAPER) -> tuple[np.ndarray, np.ndarray]:
    """Spectra and phantoms."""
    return mpifast.Spectra(system(shape.harmonics, shape.voxels), seed=7, snr_db=snr_db)[: shape.samples]


def columns(shape: Shape = PAPER) -> np.ndarray:
    """The system matrix as the right factor of an SGEMM, float32[voxels, harmonics]."""
    return np.ascontiguousarray(system(shape.harmonics, shape.voxels).real.T, np.float32)


def forward(shape: Shape = PAPER) -> Pair:
    """P1: spectra of phantoms at hand."""
    phantoms = data(None, shape)[1]
    return _product("P1", "spectra of phantoms", Mark("ratio", 0.65), shape, phantoms)


def grey(shape: Shape = PAPER) -> Pair:
    """Spectra of grey phantoms."""
    floats = np.random.default_rng(1).random((shape.samples, shape.voxels), np.float32)
    return _product("", "spectra of grey phantoms", None, shape, floats)


def _product(name: str, work: str, mark: Mark | None, shape: Shape, phantoms: np.ndarray) -> Pair:
    """Spectra of phantoms, against SGEMM; 1 or 4 bytes a voxel are read."""
    device, factor = system(shape.harmonics, shape.voxels), columns(shape)

    @functools.cache
    def floats() -> np.ndarray:
        return phantoms.astype(np.float32)

    def verify(threads: int) -> Errors:
        exact = phantoms @ device.real.T
        return Errors(deviation(device.spectra(phantoms, threads=threads), exact), deviation(floats() @ factor, exact))

    return Pair(
        name,
        work,
        "SGEMM",
        shape.named(),
        lambda threads: device.spectra(phantoms, threads=threads),
        lambda _: floats() @ factor,
        verify,
        SINGLE,
        mark,
        flops=2 * shape.harmonics * shape.voxels,
        bytes=4 * shape.harmonics + phantoms.itemsize * shape.voxels,
    )


def generate(snr_db: float | None, shape: Shape = PAPER) -> Pair:
    """P2 and P3: spectra and phantoms from a seed, against NumPy's generator and SGEMM."""
    device, factor = system(shape.harmonics, shape.voxels), columns(shape)
    level = np.float32(mpifast.Spectra(device, snr_db=snr_db).noise_level)

    def ours(threads: int) -> tuple[np.ndarray, np.ndarray]:
        return mpifast.Spectra(device, seed=7, snr_db=snr_db, threads=threads)[: shape.samples]

    def peer(_: int) -> tuple[np.ndarray, np.ndarray]:
        random = np.random.default_rng(7)
        phantoms = random.integers(0, 2, (shape.samples, shape.voxels), dtype=np.uint8)
        spectra = phantoms.astype(np.float32) @ factor
        if snr_db is not None:
            spectra += level * random.standard_normal(spectra.shape, dtype=np.float32)
        return spectra, phantoms

    def error(samples: tuple[np.ndarray, np.ndarray]) -> float:
        """Of the spectra; with noise, of its root mean square beyond what a sample of this size scatters."""
        spectra, phantoms = samples
        assert abs(phantoms.mean() - 0.5) <= 4 * 0.5 / np.sqrt(phantoms.size), "not half of the voxels are filled"
        exact = phantoms @ device.real.T
        if snr_db is None:
            return deviation(spectra, exact)
        scatter = 4 / np.sqrt(2 * spectra.size)
        return max(abs(float((spectra - exact).std()) / level - 1) - scatter, 0.0)

    work, name = ("spectra from a seed", "P2") if snr_db is None else ("noisy spectra from a seed", "P3")
    return Pair(
        name,
        work,
        "NumPy generator and SGEMM",
        shape.named(),
        ours,
        peer,
        lambda threads: Errors(error(ours(threads)), error(peer(threads))),
        SINGLE,
        Mark("speedup", 3 if snr_db is None else 5),
        flops=2 * shape.harmonics * shape.voxels,
        bytes=4 * shape.harmonics + shape.voxels,
    )


def matrix(shape: Shape = PAPER) -> Pair:
    """P4: the system matrix, against vectorised NumPy and SciPy's FFT of a period, as a user writes it; ours is serial.

    A period has twice as many samples as we have nodes, to the same error.
    """
    device = system(shape.harmonics, shape.voxels)
    scanner, particle, samples = device.scanner, device.particle, 2 * device.nodes

    def peer(_: int) -> np.ndarray:
        phase = (np.arange(samples) + 0.5) / samples  # half a sample late: no sample meets the zero of the argument
        field = scanner.gradient * scanner.positions[:, None] + scanner.drive_amplitude * np.cos(2 * np.pi * phase)
        argument = particle.beta * field
        magnetization = 1.0 / np.tanh(argument) - 1.0 / argument
        number = np.arange(samples)
        spectra = scipy.fft.fft(magnetization, axis=1) / samples * np.exp(-1j * np.pi * number / samples)
        voltage = -2j * np.pi * particle.saturation_field * number[1 : shape.harmonics + 1]
        return (voltage * spectra[:, 1 : shape.harmonics + 1]).imag.T

    return _matrix("P4", "NumPy and SciPy's FFT, vectorised", Mark("speedup", 10), shape, peer)


def lean_matrix(shape: Shape = PAPER) -> Pair:
    """The system matrix, against the leanest NumPy and SciPy: a cosine transform of our own nodes."""
    device = system(shape.harmonics, shape.voxels)
    scanner, particle, nodes = device.scanner, device.particle, device.nodes

    def peer(_: int) -> np.ndarray:
        offsets = particle.beta * scanner.gradient * scanner.positions
        drive = particle.beta * scanner.drive_amplitude
        argument = offsets[:, None] + drive * np.cos(np.pi * (np.arange(nodes) + 0.5) / nodes)
        magnetization = 1.0 / np.tanh(argument) - 1.0 / argument  # no node comes near enough to zero to matter at 1e-12
        coefficients = scipy.fft.dct(magnetization, axis=1)[:, 1 : shape.harmonics + 1].T / nodes
        return -np.pi * particle.saturation_field * np.arange(1, shape.harmonics + 1)[:, None] * coefficients

    return _matrix("", "NumPy and SciPy's cosine transform of our nodes", None, shape, peer)


def _matrix(name: str, peer_name: str, mark: Mark | None, shape: Shape, peer: Callable[[int], np.ndarray]) -> Pair:
    """The system matrix, against a peer that is verified like ours."""
    device = system(shape.harmonics, shape.voxels)
    scanner, particle, nodes = device.scanner, device.particle, device.nodes

    def ours(_: int) -> np.ndarray:
        return mpifast.system_matrix(scanner, particle, harmonics=shape.harmonics).real

    def verify(_: int) -> Errors:
        exact = reference.system_matrix(scanner, particle, harmonics=shape.harmonics, nodes=3 * nodes).imag
        return Errors(deviation(ours(1), exact), deviation(peer(1), exact))

    return Pair(
        name,
        "system matrix",
        peer_name,
        {"harmonics": shape.harmonics, "voxels": shape.voxels, "samples": shape.voxels},
        ours,
        peer,
        verify,
        DOUBLE,
        mark,
        flops=nodes * shape.harmonics / 2,
        bytes=16 * shape.harmonics,
        serial=True,
    )


def training(snr_db: float | None = None, shape: Shape = PAPER, epochs: int = 1) -> Pair:
    """P5: exact per-sample passes of one layer, each against twice the SGEMM of its forward half."""
    u, _ = data(snr_db, shape)
    factor = np.random.default_rng(1).random((shape.harmonics, shape.voxels), np.float32)

    @functools.cache
    def images() -> np.ndarray:
        return np.empty((shape.samples, shape.voxels), np.float32)

    def peer(_: int) -> None:
        for _ in range(2 * epochs):
            np.matmul(u, factor, out=images())

    work = "training pass, one layer" + ("" if snr_db is None else ", noisy spectra")
    work = work if epochs == 1 else f"{epochs} {work.replace('pass', 'passes')}"
    return _training(
        "P5", work, f"{2 * epochs} SGEMMs", Mark("ratio", 1.6 if epochs == 1 else 1.3), shape, (), snr_db, peer, epochs
    )


def hidden_training(shape: Shape = PAPER) -> Pair:
    """P7: one exact per-sample pass with a hidden layer, against the five SGEMMs of its arithmetic."""
    inputs, random = data(None, shape)[0], np.random.default_rng(1)

    @functools.cache
    def products() -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Left, right, result: X W1^T, H W2^T, D2 W2, D1^T X, D2^T H."""
        outer, inner = (
            random.random(size, np.float32) for size in ((shape.hidden, shape.harmonics), (shape.voxels, shape.hidden))
        )
        hidden, outputs = (random.random((shape.samples, units), np.float32) for units in (shape.hidden, shape.voxels))
        pairs = ((inputs, outer.T), (hidden, inner.T), (outputs, inner), (hidden.T, inputs), (outputs.T, hidden))
        return [(left, right, np.empty((len(left), right.shape[1]), np.float32)) for left, right in pairs]

    def peer(_: int) -> None:
        for left, right, result in products():
            np.matmul(left, right, out=result)

    return _training(
        "P7", "training pass, hidden layer", "5 SGEMMs", Mark("ratio", 2.1), shape, (shape.hidden,), None, peer
    )


def _training(
    name: str,
    work: str,
    peer_name: str,
    mark: Mark,
    shape: Shape,
    hidden: tuple[int, ...],
    snr_db: float | None,
    peer: Any,
    epochs: int = 1,
) -> Pair:
    u, c = data(snr_db, shape)
    few_u, few_c = u[:VERIFIED], c[:VERIFIED]
    units, rate = (shape.harmonics, *hidden, shape.voxels), HIDDEN_RATE if hidden else RATE
    net = network(units)
    net.fit(u[:100], c[:100], epochs=1)

    def verify(threads: int) -> Errors:
        """Weights after a pass, against the plain loop in float64; the peer's error is that of the plain loop in
        float32.
        """
        trained = network(units)
        start = trained.weights
        trained.fit(few_u, few_c, epochs=epochs, learning_rate=rate, threads=threads)
        exact = plain(start, trained.scaling, few_u, few_c, np.float64, rate, epochs=epochs)
        single = plain(start, trained.scaling, few_u, few_c, np.float32, rate, epochs=epochs)
        return Errors(max(map(deviation, trained.weights, exact)), max(map(deviation, single, exact)))

    steps = sum(a * b for a, b in itertools.pairwise(units))
    return Pair(
        name,
        work,
        peer_name,
        shape.named(hidden=bool(hidden)),
        lambda threads: net.fit(u, c, epochs=epochs, learning_rate=rate, threads=threads),
        peer,
        verify,
        SINGLE,
        mark,
        flops=epochs * (4 * steps + sum(2 * a * b for a, b in itertools.pairwise(units[1:]))),
        bytes=epochs * (4 * shape.harmonics + shape.voxels),
    )


def network(units: tuple[int, ...]) -> Any:
    """A network of these layers as the paper's figures use it: with hidden layers each sample is scaled by its own
    largest magnitude.
    """
    return mpifast.Network(units[0], units[-1], units[1:-1], scaling="sample" if units[1:-1] else "harmonic", seed=1)


def plain(
    weights: list[np.ndarray],
    scaling: Any,
    u: np.ndarray,
    c: np.ndarray,
    dtype: Any,
    rate: float = RATE,
    batch: int = 1,
    epochs: int = 1,
) -> list[np.ndarray]:
    """Weights after passes of the plain loop."""
    inputs, weights = scaling.apply(u.astype(np.float64)).astype(dtype), [w.astype(dtype) for w in weights]
    for _ in range(epochs):
        weights, _ = reference.train(weights, [False] * len(weights), False, inputs, c, rate, batch)
    return weights


def prediction(shape: Shape = MANY) -> Pair:
    """P13: images from a trained one-layer network, against SGEMM."""
    u, _ = data(None, shape)
    net = network((shape.harmonics, shape.voxels))
    net.fit(*mpifast.Spectra(system(shape.harmonics, shape.voxels), seed=8)[:1000], epochs=3)
    factor = np.ascontiguousarray(net.weights[0].T)

    def verify(threads: int) -> Errors:
        exact = reference.sigmoid(net.scaling.apply(u.astype(np.float64)) @ factor)
        single = reference.sigmoid(net.scaling.apply(u) @ factor)
        return Errors(deviation(net.predict(u, threads=threads), exact), deviation(single, exact))

    return Pair(
        "P13",
        "images from a trained network",
        "SGEMM",
        shape.named(),
        lambda threads: net.predict(u, threads=threads),
        lambda _: u @ factor,
        verify,
        SINGLE,
        Mark("ratio", 1.6),
        flops=2 * shape.harmonics * shape.voxels,
        bytes=4 * (shape.harmonics + shape.voxels),
    )
