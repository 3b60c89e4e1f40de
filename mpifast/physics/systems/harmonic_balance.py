"""The Fokker-Planck equation where the field lies along one axis everywhere: a harmonic balance for each voxel.

How many Legendre moments and harmonics are needed depends on the fields, the particle and the rows: both grow until the
rows of some voxels keep the tolerance, as the samples of `sampling` do.
"""

from __future__ import annotations

import functools
import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from mpifast._compiled.jit import thread_count
from mpifast._progress import tqdm
from mpifast.physics.dynamics.moments import harmonics_of
from mpifast.physics.fields.sequence import LineDrive, Sequence, turned
from mpifast.physics.relaxation.fokker_planck import FokkerPlanck
from mpifast.physics.relaxation.rotation import EQANIS
from mpifast.physics.tracer.particle import Particle

ACROSS = 1e-9  # part of the largest field that counts as none across the drive field
PROBES = 12  # voxels that tell the truncation
ROUNDING = 1e-15  # of a coefficient of a magnetisation up to 1, whatever its size
SAFETY = 0.25  # part of the tolerance that they may use, for the others
MAX_MOMENTS = 400
BLOCK = 2**21  # numbers that a block of voxels keeps, 32 MB a thread


class HarmonicBalance:
    """The harmonic balance of a scanner and a particle for the wanted rows.

    Parameters
    ----------
    scanner : Sequence
        One whose field lies along one axis everywhere (`axial_field`).
    particle : Particle
        The tracer, with a `FokkerPlanck` relaxation.
    channels, numbers : ndarray
        Component (0, 1, 2) and frequency number k >= 0 of each row, int64[rows].
    tolerance : float
        Largest error of a row relative to its own largest magnitude; the rounding error of 1e-15 stays.

    Raises
    ------
    ValueError
        If the field does not lie along one axis, or more than 400 Legendre moments would be needed.

    Examples
    --------
    >>> import mpifast, numpy as np
    >>> from mpifast.physics.systems.harmonic_balance import HarmonicBalance
    >>> scanner = mpifast.LissajousScanner(mpifast.Grid((3,), (12e-3,)), drive_amplitude=(9e-3, 0, 0))
    >>> particle = mpifast.Particle(18e-9, relaxation=mpifast.FokkerPlanck("brown", 1e-3, 30e-9))
    >>> balance = HarmonicBalance(scanner, particle, np.array([0, 0]), np.array([1, 2]), 1e-6)
    >>> print(balance.rows().round(6))
    [[ 0.142242-0.172999j  0.151799-0.211691j  0.142242-0.172999j]
     [ 0.010763+0.017915j  0.      +0.j       -0.010763-0.017915j]]
    """

    def __init__(
        self, scanner: Sequence, particle: Particle, channels: np.ndarray, numbers: np.ndarray, tolerance: float
    ) -> None:
        self.scanner, self.particle, self.tolerance = scanner, particle, tolerance
        self.channels, self.numbers = channels, numbers
        self._direction, self._offset, self._line = axial_field(scanner)

    def rows(self, voxels: slice = slice(None)) -> np.ndarray:
        """mhat, complex128[rows, voxels]."""
        drive = self._line
        hit = np.flatnonzero(self.numbers % drive.multiple == 0)  # the other rows are zero
        orders, order_of = np.unique(self.numbers[hit] // drive.multiple, return_inverse=True)
        offset = self._offset[voxels]
        # The moments of the opposite offset are those of half a period later, odd ones with the opposite sign.
        sizes, place = np.unique(np.abs(offset), return_inverse=True)
        values = self._magnetization(sizes, orders)[:, place]
        values[orders % 2 == 0] *= np.where(offset < 0.0, -1.0, 1.0)
        values *= np.exp(1j * orders * (drive.phase - 0.5 * math.pi))[:, None]  # from cosine to sine
        result = np.zeros((len(self.numbers), len(offset)), np.complex128)
        result[hit] = self._direction[self.channels[hit], None] * values[order_of]
        return result

    def _magnetization(self, offset: np.ndarray, orders: np.ndarray) -> np.ndarray:
        """Harmonics ``orders`` at offset fields in tesla: complex128[orders, offsets]."""
        total = np.zeros((len(orders), len(offset)), np.complex128)
        kept = int(orders.max(initial=0))
        with ThreadPoolExecutor(thread_count(None)) as pool:
            for share, single, moments, harmonics in self._truncations:
                step = max(1, min(32, BLOCK // ((kept + 2) * (moments + 1) ** 2)))
                parts = [slice(first, first + step) for first in range(0, len(offset), step)]
                call = functools.partial(self._harmonics, single, moments=moments, harmonics=harmonics, kept=kept)
                found = pool.map(call, [offset[part] for part in parts])
                progress = tqdm(found, "system matrix", len(parts), unit="block", delay=2, disable=None)
                for part, values in zip(parts, progress, strict=True):
                    total[:, part] += share * values[orders]
        return total

    def _harmonics(self, single: Particle, offset: np.ndarray, moments: int, harmonics: int, kept: int) -> np.ndarray:
        """Harmonics 0 to ``kept`` of one size, complex128[kept + 1, offsets]."""
        drive, relaxation = self._line, single.relaxation
        assert isinstance(relaxation, FokkerPlanck)
        speed = 2.0 * math.pi * drive.multiple / self.scanner.period * relaxation.time(single)
        return harmonics_of(
            single.beta * offset, single.beta * drive.amplitude, speed, barrier(single), moments, harmonics, kept
        )

    @functools.cached_property
    def _truncations(self) -> list[tuple[float, Particle, int, int]]:
        """Share, particle, number of moments and of harmonics of each size."""
        drive, offset = self._line, np.unique(np.abs(self._offset))
        near = [int(np.abs(offset - drive.amplitude).argmin())]  # where the field just reaches zero
        places = np.unique(np.append(np.linspace(0, len(offset) - 1, PROBES).round().astype(np.int64), near))
        orders = np.unique(self.numbers[self.numbers % drive.multiple == 0] // drive.multiple)
        if not len(orders):
            return []
        sizes = sorted(self.particle.single_sizes(), key=lambda part: -part[0])
        found, total = [], np.zeros((len(orders), len(places)), np.complex128)
        for share, single in sizes:  # those of small shares add little to rows that are known by then
            rows = SAFETY / len(sizes) * self.tolerance * np.abs(total).max(axis=1)
            allowed = np.maximum(rows, ROUNDING) / share
            if allowed.min() >= 1.0:
                continue
            moments, harmonics, values = self._enough(single, offset[places], orders, allowed)
            found.append((share, single, moments, harmonics))
            total += share * values
        return found

    def _enough(
        self, single: Particle, offset: np.ndarray, orders: np.ndarray, allowed: np.ndarray
    ) -> tuple[int, int, np.ndarray]:
        """Moments and harmonics after which the rows at some offsets keep within the tolerance or within errors
        ``allowed``, float64[rows], and these rows.
        """
        kept = int(orders.max())
        largest = single.beta * (float(offset.max()) + self._line.amplitude) + 2.0 * abs(barrier(single))
        moments, harmonics = 8 + math.ceil(3.0 * math.sqrt(largest)), kept + 8
        call = functools.partial(self._harmonics, single, offset, kept=kept)
        coarse, before = None, (moments, harmonics)
        while True:
            if moments > MAX_MOMENTS:
                raise ValueError(
                    f"diameter={single.diameter:g} m is too sharp: more than {MAX_MOMENTS} moments of the distribution"
                    " would be needed; use smaller particles, weaker fields, fewer rows or a larger tolerance"
                )
            fine = call(moments=moments, harmonics=harmonics)[orders]
            error = np.maximum(SAFETY * self.tolerance * np.abs(fine).max(axis=1), allowed)
            if coarse is not None and (np.abs(fine - coarse).max(axis=1) <= error).all():
                return *before, fine
            before, coarse = (moments, harmonics), fine
            moments, harmonics = moments + 2 + moments // 4, harmonics + 4 + harmonics // 8


def barrier(particle: Particle) -> float:
    """Alpha = K V / (kB T); 0 without anisotropy."""
    if particle.anisotropy is None:
        return 0.0
    volume = math.pi * particle.diameter**3 / 6.0
    return float(particle.anisotropy.constant) * volume / particle.thermal_energy


def axial_field(scanner: Sequence) -> tuple[np.ndarray, np.ndarray, LineDrive]:
    """Direction float64[3], static part float64[voxels] (tesla) and drive field of a field along one axis everywhere.

    Raises
    ------
    ValueError
        If the drive field is not one sine in a fixed direction, or there is a field across it somewhere.
    """
    drive = scanner.line_drive()
    if drive is None:
        raise _not_axial("the drive field is not one sine in a fixed direction")
    direction = np.array(drive.direction)
    offset = scanner.drive_field_at(0.0) - direction * drive.amplitude * math.sin(drive.phase)
    field = turned(scanner.positions, scanner.gradient_at(0.0)) + offset
    along = (field * direction).sum(axis=1)
    across = float(np.abs(field - along[:, None] * direction).max())
    if across > ACROSS * (drive.amplitude + float(np.abs(along).max())):
        raise _not_axial(f"it reaches {across:.2g} T across the drive field on the grid")
    return direction, along, drive


def refuse_axes(scanner: Sequence, particle: Particle) -> None:
    """Refuse a field or an easy axis for which the moments along one axis are not all.

    Raises
    ------
    ValueError
        If the field does not lie along one axis everywhere, or the easy axis does not lie along it.
    """
    direction = axial_field(scanner)[0]
    if particle.anisotropy is not None:
        axis = np.asarray(particle.anisotropy.axis, np.float64)
        if np.ndim(particle.anisotropy.constant):
            raise ValueError(
                "anisotropy has a constant for each voxel, and FokkerPlanck needs the same everywhere: give one"
                f" number, or {EQANIS}"
            )
        if axis.shape != (3,) or np.linalg.norm(np.cross(axis, direction)) > ACROSS * np.linalg.norm(axis):
            raise ValueError(
                f"anisotropy has the axis {particle.anisotropy.axis!r:.60}, and FokkerPlanck needs one along the field,"
                f" {tuple(direction.tolist())}: give it as axis, or {EQANIS}"
            )


def _not_axial(reason: str) -> ValueError:
    return ValueError(
        "relaxation=FokkerPlanck needs a field along one axis everywhere, on a grid along the drive field without a"
        f" field across it, and {reason}; there is no solver for other fields: {EQANIS}"
    )
