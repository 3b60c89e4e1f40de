"""The equilibrium with uniaxial anisotropy (EQANIS) of a two-dimensional scanner, against SciPy quadrature: mark N5.

The peer is what a user writes with NumPy and SciPy who knows that cosines are even in time: as many times of half a
period as ours, Gauss-Legendre nodes with i0e, i1e and exp, and a cosine transform, some voxels at once. Both are
verified in all rows: an error is relative to the row's largest value plus 5e-8, where rounding is left.
"""

import functools

import numba
import numpy as np
import scipy.fft
import scipy.special

import mpifast
from benchmarks.pairs import Errors, Mark, Pair
from mpifast.physics.systems.sampling import Sampling

DIAMETER, CONSTANT, NODES = 19e-9, 3500.0, 16  # as few nodes as keep the error below ours
TOLERANCE, ROUNDING = 1e-7, 5e-8


@functools.cache
def scanner(shape: tuple[int, int]) -> mpifast.LissajousScanner:
    """The commercial scanner's plane, 1,632 samples."""
    return mpifast.LissajousScanner(mpifast.Grid(shape, (24e-3, 24e-3)))


@functools.cache
def particle(shape: tuple[int, int]) -> mpifast.Particle:
    """Fluid particles: the easy axis along r, K = 3500 (r / r_max)^2 J/m^3."""
    far = np.linalg.norm(scanner(shape).positions, axis=1).max()
    return mpifast.Particle(DIAMETER, 474e3, 293.0, anisotropy=mpifast.Uniaxial(CONSTANT, np.eye(3) / far))


def quadrature(xi: np.ndarray, axis: np.ndarray, alpha: float, nodes: int) -> np.ndarray:
    """Magnetisation along x and y of one voxel at many times, [2, times]."""
    t, weights = np.polynomial.legendre.leggauss(nodes)
    q = np.sqrt(1.0 - t * t)
    along = xi @ axis
    across = xi - along[:, None] * axis
    size = np.maximum(np.sqrt((across * across).sum(axis=1)), 1e-30)
    x = size[:, None] * q
    density = alpha * t * t + along[:, None] * t + x
    density -= density.max(axis=1, keepdims=True)
    np.exp(density, out=density)
    density *= weights
    second = density * scipy.special.i1e(x)
    density *= scipy.special.i0e(x)
    total = density.sum(axis=1)
    across *= (second @ q / (total * size))[:, None]
    across += (density @ t / total)[:, None] * axis
    return across[:, :2].T


def coefficients(shape: tuple[int, int], voxels: np.ndarray, times: int, nodes: int) -> np.ndarray:
    """Real coefficients of two channels and 817 frequencies, [1634, voxels]."""
    tracer = particle(shape)
    assert tracer.anisotropy is not None
    drive, gradient = scanner(shape).waveform(times, midpoints=True)
    positions = scanner(shape).positions[voxels]
    axes, constants = tracer.anisotropy.at(positions)
    alpha = tracer.beta / tracer.saturation_magnetization * constants
    values = np.empty((2, len(positions), times // 2))
    for v, position in enumerate(positions):
        xi = tracer.beta * (gradient @ position + drive[: times // 2])
        values[:, v] = quadrature(xi, axes[v], alpha[v], nodes)
    spectra = scipy.fft.dct(values, axis=-1, overwrite_x=True)[..., :817] / times
    return spectra.transpose(0, 2, 1).reshape(-1, len(positions))


def plane(shape: tuple[int, int] = (17, 15)) -> Pair:
    """N5: all 817 frequencies of two channels, complex64, each row to 1e-7."""
    numbers = np.tile(np.arange(817), 2)
    every = np.arange(shape[0] * shape[1])
    channels = np.repeat([0, 1], 817)
    times = Sampling(scanner(shape), particle(shape), channels, numbers, TOLERANCE).times
    gain = -2.0 * np.pi * numbers * particle(shape).saturation_field

    def ours(threads: int) -> np.ndarray:
        numba.set_num_threads(threads)
        system = mpifast.system_matrix(scanner(shape), particle(shape), tolerance=TOLERANCE)
        return system.columns(dtype="complex64")

    def peer(threads: int) -> np.ndarray:
        out = np.zeros((len(numbers), len(every)), np.complex64)
        with scipy.fft.set_workers(threads):
            out.imag = gain[:, None] * coefficients(shape, every, times, NODES)
        return out

    def verify(threads: int) -> Errors:
        chosen = np.random.default_rng(0).choice(every, 60, replace=False)
        exact = coefficients(shape, chosen, 2 * times, 2 * NODES)
        peaks = np.abs(exact).max(axis=1) + ROUNDING
        some = numbers > 0  # the others have no voltage

        def error(rows: np.ndarray) -> float:
            found = rows.imag[some][:, chosen].astype(np.float64) / gain[some, None]
            return float((np.abs(found - exact[some]).max(axis=1) / peaks[some]).max())

        return Errors(error(ours(threads)), error(peer(threads)))

    return Pair(
        "N5",
        "matrix of an anisotropic tracer, 2-D Lissajous scan",
        "SciPy quadrature and cosine transform",
        {"voxels": len(every), "rows": len(numbers), "samples": len(every)},
        ours,
        peer,
        verify,
        3e-7,
        Mark("speedup", 20),
        bytes=8.0 * len(numbers),
    )
