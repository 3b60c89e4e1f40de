"""Time sampling: the Fourier coefficients of the magnetisation of any scanner, by transforms of time samples.

The only error is aliasing, which falls exponentially with the number of samples. How many are needed depends on the
scanner, the particle and the rows that are wanted, and a few voxels tell: the number grows until the rows of these
voxels no longer change. All voxels are then transformed in blocks, of which only the wanted rows are kept.

Where the fields are even in time so is a magnetisation in equilibrium, and a cosine transform of half a period does.
One that is not is the solution of its equation in time (`first_order`) with as many samples as resolve it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.fft import dct, next_fast_len, rfft

from mpifast._compiled.jit import thread_count
from mpifast._progress import tqdm
from mpifast.physics.dynamics.first_order import OVERSAMPLING, relaxed_coefficients
from mpifast.physics.fields.sequence import Sequence, turned
from mpifast.physics.systems._sampling_loops import magnetize, magnetize_mixture, magnetize_moving
from mpifast.physics.systems.drive_axis import refuse_sharp
from mpifast.physics.tracer.anisotropic import Anisotropic
from mpifast.physics.tracer.particle import Particle
from mpifast.physics.tracer.profile import Profile, profile_of

ROUNDING = 1e-15  # of a coefficient of a magnetisation up to 1, whatever its size
GROWTH = 1.5
MAX_TIMES = 2**22
BLOCK = 2**21  # samples of a block, 16 MB, which bounds the memory; smaller blocks cost threads their time together
RELAXED = 48  # samples of a relaxed magnetisation count so often: several arrays of three components, in the cache
PROBES = 16  # voxels spread over the grid, and those whose aliases fall the slowest; corners and middles besides
LOOKED_AT, MOMENTS, FINE = 2048, 512, 2**20  # voxels and times among which these are found; samples of the waveform
DRIVE = 8  # samples of a period of the fastest drive field, at least
OVERSHOOT = 1.1  # of a waveform between its samples
SAFETY = 0.25  # part of the tolerance that the voxels looked at may use, for the others


class Sampling:
    """The sampling of a scanner and a particle for the wanted rows.

    Parameters
    ----------
    scanner : Sequence
        Any scanner on a grid.
    particle : Particle
        The tracer.
    channels, numbers : ndarray
        Component (0, 1, 2) and frequency number k >= 0 of each row, int64[rows].
    tolerance : float
        Largest error of a row relative to its own largest magnitude; the rounding error of 1e-15 stays.
    threads : int, optional
        Number of threads; all by default. The result does not depend on it.

    Attributes
    ----------
    times : int
        Samples of a period.

    Raises
    ------
    ValueError
        If more than 4,194,304 samples of a period would be needed, or beta times the field is above 1e6.
    """

    def __init__(
        self,
        scanner: Sequence,
        particle: Particle,
        channels: np.ndarray,
        numbers: np.ndarray,
        tolerance: float,
        threads: int | None = None,
    ) -> None:
        self._scanner, self._particle = scanner, particle
        self._numbers, self._threads = numbers, thread_count(threads)
        self._axes, self._component = np.unique(channels, return_inverse=True)
        self._positions, self._even = scanner.positions, scanner.even_in_time and particle.instantaneous
        drive, gradient = self._waveforms(min(2 * scanner.samples, FINE))
        far = float(np.abs(self._positions).max())
        refuse_sharp(particle, 3.0 * float(np.abs(gradient).max()) * far + 2.0 * float(np.abs(drive).max()))
        self._profile = self._anisotropic = None
        if particle.anisotropy is not None:
            reach = float(np.linalg.norm(self._positions, axis=1).max())
            slopes = np.sqrt((gradient.reshape(9, -1) ** 2).sum(axis=0).max())
            field = OVERSHOOT * (float(slopes) * reach + float(np.sqrt((drive**2).sum(axis=0).max())))
            self._anisotropic = Anisotropic(particle, self._positions, field / particle.largest_beta)
        elif particle.sizes is not None:
            self._profile = self._profile_of(drive, gradient)
        self.times = self._enough_times(tolerance)
        self._waveform = self._waveforms(self.times)

    def blocks(self, voxels: slice = slice(None)) -> Iterator[tuple[slice, np.ndarray]]:
        """The wanted rows of a few voxels at a time: places in the result, and complex128[voxels, rows]; float64 where
        the magnetisation is even in time.

        Blocks lie at the same voxels whatever slice of them is wanted, so that its bits are the same.
        """
        first, last, _ = voxels.indices(len(self._positions))
        step = self._step(self._waveform[0])
        starts = range(first - first % step, last, step)
        for start in tqdm(starts, desc="system matrix", unit="block", delay=2, disable=None):
            stop = min(start + step, len(self._positions))
            rows = self._transform(slice(start, stop), *self._waveform, self.times)
            yield slice(max(start - first, 0), stop - first), rows[max(first - start, 0) : max(last - start, 0)]

    def _profile_of(self, drive: np.ndarray, gradient: np.ndarray) -> Profile:
        """How the magnetisation of several sizes follows from the field, up to the largest field.

        The drive field may be larger between its samples.
        """
        gradient = np.abs(gradient.reshape(3, 3, -1)).max(axis=2)
        fields = gradient @ np.abs(self._positions).max(axis=0) + 2.0 * np.abs(drive).max(axis=1)
        return profile_of(float(np.linalg.norm(fields)), self._particle.shares)

    def _waveforms(self, times: int) -> tuple[np.ndarray, np.ndarray]:
        """Drive field [3, nodes] and gradient ([3, 3], or [3, 3, nodes] if it changes) times beta; the nodes are the
        midpoints of half the steps where the magnetisation is even in time, else the beginnings of all.
        """
        drive, gradient = self._scanner.waveform(times, midpoints=self._even)
        nodes = times // 2 if self._even else times
        beta = self._particle.largest_beta
        if gradient.ndim == 3:
            gradient = np.ascontiguousarray(np.moveaxis(gradient[:nodes], 0, -1))
        return beta * np.ascontiguousarray(drive[:nodes].T), beta * gradient

    def _transform(self, voxels: slice | np.ndarray, drive: np.ndarray, gradient: np.ndarray, times: int) -> np.ndarray:
        """The wanted rows of some voxels: complex128 or float64[voxels, rows]."""
        positions = self._positions[voxels]
        if not self._particle.instantaneous:
            return self._relaxed(positions, drive, gradient)
        values = np.empty((len(self._axes), len(positions), drive.shape[1]))
        threads = self._threads
        if self._anisotropic is not None:
            self._anisotropic(voxels, drive, gradient, self._axes, values, threads)
        elif self._profile is not None:
            coefficients, scale, end, _ = self._profile
            fields = positions, drive, gradient.reshape(3, 3, -1), self._axes
            magnetize_mixture(*fields, coefficients, scale, end, values, threads, threads=threads)
        elif gradient.ndim == 2:
            magnetize(turned(positions, gradient), drive, self._axes, values, threads, threads=threads)
        else:
            magnetize_moving(positions, drive, gradient, self._axes, values, threads, threads=threads)
        transform = dct if self._even else rfft
        spectra = transform(values, axis=-1, overwrite_x=True, workers=threads)
        rows = np.empty((len(positions), len(self._numbers)), spectra.dtype)
        for component in range(len(self._axes)):
            mine = np.flatnonzero(self._component == component)
            rows[:, _run(mine)] = spectra[component][:, _run(self._numbers[mine])]
        rows /= times
        return rows

    def _relaxed(self, positions: np.ndarray, drive: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """The wanted rows of a magnetisation with dynamics of its own: complex128[voxels, rows]."""
        x, y, z = positions.T[..., None]
        field = np.empty((3, len(positions), drive.shape[1]))
        for part, row, waveform in zip(field, gradient, drive, strict=True):
            part[:] = (row[0] * x + row[1] * y + row[2] * z + waveform) / self._particle.largest_beta
        coefficients = relaxed_coefficients(self._particle, field, self._scanner.period, self._threads)
        return coefficients[self._axes[self._component], :, self._numbers].T

    def _enough_times(self, tolerance: float) -> int:
        """Samples of a period after which the rows of a few voxels keep within the tolerance."""
        # Few samples of a drive field may agree with each other on its alias.
        fastest = max(self._scanner.multiples or (self._scanner.samples // DRIVE,))
        samples = 2 if self._particle.instantaneous else OVERSAMPLING
        times = self._count(max(samples * (int(self._numbers.max(initial=0)) + 1), DRIVE * fastest))
        probes = self._probes()
        coarse = self._probe(probes, times)
        while True:
            more = self._count(GROWTH * times)
            if more > MAX_TIMES:
                raise ValueError(
                    f"diameter={self._particle.diameter:g} m is too sharp: more than {MAX_TIMES:,} samples of a period"
                    " would be needed; use smaller particles, weaker drive fields, fewer rows (band=) or a larger"
                    " tolerance"
                )
            fine = self._probe(probes, more)
            allowed = np.maximum(SAFETY * tolerance * np.abs(fine).max(axis=0), ROUNDING)
            if (np.abs(fine - coarse).max(axis=0) <= allowed).all():
                return times
            times, coarse = more, fine

    def _probe(self, probes: np.ndarray, times: int) -> np.ndarray:
        """The wanted rows of a few voxels, [voxels, rows], at some number of samples."""
        waveforms = self._waveforms(times)
        parts = np.array_split(probes, -(-len(probes) // self._step(waveforms[0])))
        return np.concatenate([self._transform(part, *waveforms, times) for part in parts])

    def _step(self, drive: np.ndarray) -> int:
        """Voxels of a block."""
        arrays = len(self._axes) if self._particle.instantaneous else RELAXED
        return max(1, BLOCK // (drive.shape[1] * arrays))

    def _count(self, least: float) -> int:
        """An even number of samples, at least so many, that transforms are fast for."""
        multiple = 2 if self._particle.instantaneous else OVERSAMPLING
        return multiple * next_fast_len(-int(-least // multiple), real=True)

    def _probes(self) -> np.ndarray:
        """Voxels that are looked at first: where aliases fall the slowest, and corners, middles, edges, some anywhere.

        A field of speed v that passes zero at the distance h has poles at a distance sqrt(h^2 + pi^2) / v from the real
        time axis, and the coefficients of a voxel fall with the distance of its nearest pole.
        """
        shape, count = self._scanner.grid.shape, len(self._positions)
        ends = [np.unique([0, (n - 1) // 2, n - 1]) for n in shape]
        marked = np.ravel_multi_index(np.meshgrid(*ends, indexing="ij"), shape).ravel()
        looked_at = np.unique(np.linspace(0, count - 1, min(count, LOOKED_AT)).round().astype(np.int64))
        slowest = looked_at[np.argsort(self._pole_distances(looked_at), kind="stable")[:PROBES]]
        spread = looked_at[np.linspace(0, len(looked_at) - 1, PROBES).round().astype(np.int64)]
        return np.unique(np.concatenate([marked, spread, slowest]))

    def _pole_distances(self, voxels: np.ndarray) -> np.ndarray:
        """Squared distances of some voxels' nearest poles, float64[voxels], in steps of the waveform.

        Some times of a period tell.
        """
        fine = min(4 * self._scanner.samples, FINE)
        drive, gradient = self._scanner.waveform(fine)
        x, y, z = self._positions[voxels].T
        speed = np.linalg.norm(np.roll(drive, -1, axis=0) - drive, axis=1)
        if gradient.ndim == 3:
            change = np.abs(np.roll(gradient, -1, axis=0) - gradient).max(axis=(1, 2))
            speed += change * float(np.abs(self._positions).max())
        beta = self._particle.largest_beta
        speed = np.maximum(speed, 1e-6 * speed.max()) * beta
        moments = np.unique(np.linspace(0, fine - 1, MOMENTS).round().astype(np.int64))
        matrices = gradient[moments] if gradient.ndim == 3 else gradient[None]
        square = np.zeros((len(moments), len(voxels)))
        for axis in range(3):
            row = matrices[:, axis, :, None]
            square += (row[:, 0] * x + row[:, 1] * y + row[:, 2] * z + drive[moments, axis, None]) ** 2
        distances: np.ndarray = ((beta**2 * square + np.pi**2) / speed[moments, None] ** 2).min(axis=0)
        return distances


def _run(indices: np.ndarray) -> slice | np.ndarray:
    """Neighbouring indices as a slice, which NumPy copies several times faster."""
    neighbours = len(indices) > 0 and bool((np.diff(indices) == 1).all())
    return slice(int(indices[0]), int(indices[-1]) + 1) if neighbours else indices


def sampled_rows(
    scanner: Sequence,
    particle: Particle,
    channels: np.ndarray,
    numbers: np.ndarray,
    tolerance: float,
    voxels: slice = slice(None),
    threads: int | None = None,
) -> np.ndarray:
    """Fourier coefficients of the magnetisation over saturation, by time sampling.

    Parameters
    ----------
    scanner, particle, channels, numbers, tolerance, threads
        As for `Sampling`.
    voxels : slice, optional
        Which voxels, without a step; all by default. The bits of a voxel do not depend on it.

    Returns
    -------
    ndarray
        mhat, complex128[rows, voxels], two-sided: the mean over a period of m exp(-2 pi i k t / period). float64 where
        the magnetisation is even in time: then it is real.
    """
    first, last, _ = voxels.indices(scanner.grid.voxels)
    kind = np.float64 if scanner.even_in_time and particle.instantaneous else np.complex128
    result = np.empty((len(numbers), max(0, last - first)), kind)
    for place, rows in Sampling(scanner, particle, channels, numbers, tolerance, threads).blocks(voxels):
        result[:, place] = rows.T
    return result
