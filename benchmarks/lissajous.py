"""Systems in two and three dimensions, against NumPy and SciPy: marks N1 to N4.

The peers are what a user writes who knows the symmetry: one period of samples in a quadrant (or octant), SciPy's real
FFT, the wanted rows kept, the other voxels by mirroring. Mirrored rows of cosine drives are wrong by 1e-4 of the
largest (the aliases of a row have different parities), so the peer is verified in its quadrant alone; ours everywhere.
"""

import functools
from typing import Any

import numba
import numpy as np
import scipy.fft

import mpifast
from benchmarks.pairs import Errors, Mark, Pair, deviation
from mpifast.physics.fields.sequence import DriveAxis
from mpifast.physics.systems.kronecker import KroneckerModel, strong_model

PARTICLE = mpifast.Particle(20e-9, saturation_magnetization=474e3, temperature=293.0)
COSINE = np.pi / 2
PLANE = tuple(DriveAxis(g, 0.0, a, n, COSINE) for g, a, n in ((-1, 12e-3, 16), (-1, 12e-3, 17), (2, 0.0, 0)))
SPACE = tuple(DriveAxis(g, 0.0, 12e-3, n, COSINE) for g, n in ((-1, 528), (-1, 561), (2, 544)))
PLANE_SAMPLES, SPACE_SAMPLES, BASE = 1632, 53_856, 2.5e6
CHUNK, PLANE_CHUNK = 2, 25  # voxels at once, in space and in the plane: the fastest for the peer


def line(voxels: int, extent: float) -> np.ndarray:
    """Coordinates of the voxels of an axis, metres."""
    return mpifast.Grid((voxels,), (extent,)).axes[0]


def plane_grid(voxels: int) -> list[np.ndarray]:
    return [line(voxels, 24e-3), line(voxels, 24e-3), np.zeros(1)]


def space_grid(voxels: int) -> list[np.ndarray]:
    return [line(voxels, 24e-3), line(voxels, 24e-3), line(voxels, 12e-3)]


@functools.lru_cache(maxsize=8)
def drive(axes: Any, samples: int) -> np.ndarray:
    """The drive field over one period, float64[3, samples], tesla."""
    phase = 2 * np.pi * np.arange(samples) / samples
    return np.stack([axis.amplitude * np.sin(axis.multiple * phase + axis.phase) for axis in axes])


def sampled(axes: Any, positions: np.ndarray, samples: int, channels: int, oversampling: int = 1) -> np.ndarray:
    """Coefficients of all channels and frequencies by time samples and the real FFT, complex128[channels, voxels,
    frequencies]; written to touch memory as little as NumPy can.
    """
    waveform = drive(axes, oversampling * samples)
    xi = np.stack([axis.gradient * positions[:, d, None] + waveform[d] for d, axis in enumerate(axes)])
    xi *= PARTICLE.beta
    x = xi[0] ** 2
    x += xi[1] ** 2
    x += xi[2] ** 2
    np.sqrt(x, out=x)
    np.maximum(x, 1e-4, out=x)  # no error above 1e-9
    factor = np.tanh(x)
    np.divide(1.0, factor, out=factor)
    np.divide(1.0, x, out=x)
    factor -= x
    factor *= x
    xi = xi[:channels]
    xi *= factor
    spectra = scipy.fft.rfft(xi, axis=-1, norm="forward", overwrite_x=True)
    return spectra[..., : samples // 2 + 1]


def corner(grid: list[np.ndarray]) -> np.ndarray:
    """Positions of the voxels of the quadrant or octant of positive coordinates."""
    return np.stack(np.meshgrid(*[x[len(x) // 2 :] for x in grid], indexing="ij"), axis=-1).reshape(-1, 3)


def mirrored(rows: np.ndarray, part: np.ndarray, shape: tuple[int, ...]) -> None:
    """Fill the rows [n, voxels] from those of a quadrant or octant, without signs: only the time counts."""
    rows = rows.reshape(len(rows), *shape)
    part = part.reshape(len(part), *(-(-n // 2) for n in shape))
    for place in np.ndindex(*(min(n, 2) for n in shape)):
        to = tuple(
            slice(n // 2, None) if side else slice(None, -(-n // 2)) for side, n in zip(place, shape, strict=True)
        )
        flip = tuple(
            slice(None) if side or n == 1 else slice(None, None, -1) for side, n in zip(place, shape, strict=True)
        )
        rows[(slice(None), *to)] = part[(slice(None), *flip)]


def row_error(rows: np.ndarray, exact: np.ndarray, level: float) -> float:
    """Largest error of a row relative to its own largest value, over the rows above ``level`` of the largest."""
    peaks = np.abs(exact).max(axis=1)
    strong = peaks >= level * peaks.max()
    return float((np.abs(rows - exact).max(axis=1)[strong] / peaks[strong]).max())


def plane_system(voxels: int, threads: int, **choice: Any) -> Any:
    """The two-dimensional scanner's system; ``threads`` of Numba."""
    numba.set_num_threads(threads)
    grid = mpifast.Grid((voxels, voxels), (24e-3, 24e-3))
    return mpifast.system_matrix(mpifast.LissajousScanner(grid), PARTICLE, **choice)


def units(numbers: np.ndarray) -> np.ndarray:
    """What a system's row is in units of the coefficients."""
    return -2j * np.pi * numbers * PARTICLE.saturation_field


def plane(voxels: int = 100, part: float = 1.0) -> Pair:
    """N1: all 817 frequencies of two channels on a square, complex64, each row to 1e-7; or the lower ones alone."""
    grid, shape = plane_grid(voxels), (voxels, voxels)
    numbers = np.tile(np.arange(PLANE_SAMPLES // 2 + 1), 2)
    highest = part * 0.5 * BASE
    numbers = numbers[numbers * BASE / PLANE_SAMPLES <= highest]
    some = numbers > 0  # the others have no voltage

    def ours(threads: int) -> np.ndarray:
        return plane_system(voxels, threads, tolerance=1e-7, band=(None, highest)).columns(dtype="complex64")

    def peer(threads: int) -> np.ndarray:
        out, quadrant = np.empty((len(numbers), voxels**2), np.complex64), corner(grid)
        part = np.empty((len(numbers), len(quadrant)), np.complex64)
        with scipy.fft.set_workers(threads):
            for first in range(0, len(quadrant), PLANE_CHUNK):
                spectra = sampled(PLANE, quadrant[first : first + PLANE_CHUNK], PLANE_SAMPLES, 2)
                part[:, first : first + PLANE_CHUNK] = spectra.transpose(0, 2, 1).reshape(len(numbers), -1)
        mirrored(out, part, shape)
        return out

    def verify(threads: int) -> Errors:
        positions = np.stack(np.meshgrid(*grid, indexing="ij"), axis=-1).reshape(-1, 3)
        quadrant = (positions[:, :2] > 0).all(axis=1)
        chosen = np.random.default_rng(0).choice(np.flatnonzero(quadrant), 200, replace=False)
        anywhere = np.random.default_rng(1).choice(len(positions), 200, replace=False)

        def error(rows: np.ndarray, places: np.ndarray) -> float:
            exact = sampled(PLANE, positions[places], PLANE_SAMPLES, 2, oversampling=4)
            exact = exact.transpose(0, 2, 1).reshape(len(numbers), -1)
            return row_error(rows[some][:, places], exact[some], 1e-3)

        found = ours(threads)
        found[some] /= units(numbers[some])[:, None]
        return Errors(error(found, anywhere), error(peer(threads), chosen))

    return Pair(
        "N1",
        "matrix of a 2-D Lissajous scan",
        "NumPy and SciPy's FFT of a quadrant",
        {"voxels": voxels**2, "rows": len(numbers), "samples": voxels**2},
        ours,
        peer,
        verify,
        2e-7,
        Mark("speedup", 5),
        bytes=8.0 * len(numbers),
    )


def strong_plane(digits: int, threads: int) -> np.ndarray:
    """The rows above 1e-3 of the largest, to so many digits: what the tolerance costs."""
    return plane_system(100, threads, tolerance=10.0**-digits, level=1e-3).columns(dtype="complex128")


@functools.cache
def space_rows() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Channels and numbers of all rows, and which of them are above 80 kHz."""
    count = SPACE_SAMPLES // 2 + 1
    numbers = np.tile(np.arange(count), 3)
    return np.repeat([0, 1, 2], count), numbers, numbers * BASE / SPACE_SAMPLES >= 80e3


@functools.lru_cache(maxsize=2)
def space_model(voxels: int = 30, threads: int = 1) -> KroneckerModel:
    """The rows above 80 kHz and 1e-3 of the largest voltage, to 1e-6 of each row."""
    channels, numbers, band = space_rows()
    return strong_model(
        SPACE, space_grid(voxels), PARTICLE.beta, channels, numbers,
        level=1e-3, tolerance=1e-6, scale=numbers, among=band, threads=threads,
    )  # fmt: skip


def space(voxels: int = 30, chunks: int = 50) -> Pair:
    """N2: the strong rows of a cube, complex64; the peer is timed on some voxels of its octant."""
    grid, shape = space_grid(voxels), (voxels,) * 3
    model = space_model(voxels)
    octant = corner(grid)
    timed = chunks * CHUNK / len(octant)

    def ours(threads: int) -> np.ndarray:
        return space_model.__wrapped__(voxels, threads).rows(threads=threads)

    def chunk(positions: np.ndarray) -> np.ndarray:
        return sampled(SPACE, positions, SPACE_SAMPLES, 3)[model.channels, :, model.numbers]

    def peer(threads: int) -> np.ndarray:
        part = np.empty((len(model.numbers), chunks * CHUNK), np.complex64)
        with scipy.fft.set_workers(threads):
            for first in range(0, chunks * CHUNK, CHUNK):
                part[:, first : first + CHUNK] = chunk(octant[first : first + CHUNK])
        # A part of the rows stands for a part of the voxels.
        rows = np.empty((int(timed * len(model.numbers)), voxels**3), np.complex64)
        mirrored(rows, np.ones((len(rows), len(octant)), np.complex64), shape)
        return part

    def verify(threads: int) -> Errors:
        places = np.random.default_rng(0).choice(voxels**3, 25, replace=False)
        positions = np.stack(np.meshgrid(*grid, indexing="ij"), axis=-1).reshape(-1, 3)
        exact = sampled(SPACE, positions[places], SPACE_SAMPLES, 3, oversampling=2)[model.channels, :, model.numbers]
        part = octant[:25]
        fine = sampled(SPACE, part, SPACE_SAMPLES, 3, oversampling=2)[model.channels, :, model.numbers]
        # Both relative to the rows' largest values over all voxels.
        peaks = model.peaks()[:, None]
        found = ours(threads)
        assert len(found) == len(peaks)
        return Errors(
            float((np.abs(found[:, places] - exact) / peaks).max()), float((np.abs(chunk(part) - fine) / peaks).max())
        )

    return Pair(
        "N2",
        "strong rows of a 3-D Lissajous scan",
        "NumPy and SciPy's FFT of an octant",
        {"voxels": voxels**3, "rows": len(model.numbers), "samples": voxels**3},
        ours,
        peer,
        verify,
        1e-5,
        Mark("speedup", 15),
        bytes=8.0 * len(model.numbers),
        part=timed,
    )


def build() -> KroneckerModel:
    """N3: the same as an operator, its rows known."""
    strong = space_model()
    model = KroneckerModel(SPACE, space_grid(30), PARTICLE.beta, strong.channels, strong.numbers, strong.error)
    model.contraction(np.float32)
    return model


def operator(voxels: int = 30) -> Pair:
    """N4: forward and adjoint of one image, against SGEMV with the real rows."""
    model = space_model(voxels)
    random = np.random.default_rng(0)
    c = random.random((1, voxels**3), np.float32)
    u = random.standard_normal((1, len(model.numbers)), np.float32)

    @functools.cache
    def dense() -> np.ndarray:
        return model.rows(dtype=np.float32)

    def ours(threads: int) -> tuple[np.ndarray, np.ndarray]:
        return model.forward(c, threads=threads).real, model.adjoint(u, threads=threads)

    def peer(_: int) -> tuple[np.ndarray, np.ndarray]:
        return dense() @ c[0], u[0] @ dense()

    def verify(threads: int) -> Errors:
        exact = model.forward(c, np.float64).real[0], model.adjoint(u, np.float64)[0]
        mine, theirs = ours(threads), peer(threads)
        return Errors(
            max(deviation(a[0], b) for a, b in zip(mine, exact, strict=True)),
            max(deviation(a, b) for a, b in zip(theirs, exact, strict=True)),
        )

    return Pair(
        "N4",
        "forward and adjoint of a 3-D Lissajous scan",
        "SGEMV of the real rows",
        {"voxels": voxels**3, "rows": len(model.numbers), "samples": 1},
        ours,
        peer,
        verify,
        1e-5,
        Mark("speedup", 10),
        flops=4.0 * len(model.numbers) * voxels**3,
        bytes=8.0 * len(model.numbers) * voxels**3,
    )
