"""Ways to the Fourier coefficients of the magnetisation; `route_of` chooses."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from mpifast.physics.fields.sequence import Sequence
from mpifast.physics.systems import drive_axis
from mpifast.physics.tracer.particle import Particle

ROUNDING = 2e-15  # error of sampled coefficients that no tolerance removes; what is below is zero, not a weak signal
STEP = 4096  # voxels at a time, where only the largest values are kept


class Route(ABC):
    """The coefficients mhat of some rows, and what a system asks of them.

    Attributes
    ----------
    channels, numbers : ndarray
        Component (0, 1, 2) and frequency number of each row, int64[rows].
    is_real : bool
        Whether all coefficients are real, and arrays float64.
    """

    is_real: bool

    def __init__(
        self, scanner: Sequence, particle: Particle, channels: np.ndarray, numbers: np.ndarray, tolerance: float
    ) -> None:
        self.scanner, self.particle, self.tolerance = scanner, particle, tolerance
        self.channels, self.numbers = channels, numbers

    @abstractmethod
    def rows(self, voxels: slice = slice(None)) -> np.ndarray:
        """mhat, complex128 or float64[rows, voxels], of all voxels or of some neighbouring ones."""

    @abstractmethod
    def peaks(self) -> np.ndarray:
        """Largest magnitude of each row over all voxels, float64[rows]; nothing of the matrix's size is made."""


class LineRoute(Route):
    """One drive field of fixed direction: the closed form, exact in each row (`drive_axis`)."""

    @property
    def is_real(self) -> bool:  # type: ignore[override]
        """Whether the drive field is a cosine."""
        return self.scanner.even_in_time

    def rows(self, voxels: slice = slice(None)) -> np.ndarray:
        """The rows by the closed form."""
        rows = drive_axis.line_rows(self.scanner, self.particle, self.channels, self.numbers, voxels)
        return np.ascontiguousarray(rows.real) if self.is_real else rows

    def peaks(self) -> np.ndarray:
        """Largest magnitude of each row."""
        peaks = np.zeros(len(self.numbers))
        for start in range(0, self.scanner.grid.voxels, STEP):
            np.maximum(peaks, np.abs(self.rows(slice(start, start + STEP))).max(axis=1), out=peaks)
        return peaks


class SampledRoute(Route):
    """Any scanner: transforms of time samples (`sampling`)."""

    @property
    def is_real(self) -> bool:  # type: ignore[override]
        """Whether the fields are even in time."""
        return self.scanner.even_in_time

    def rows(self, voxels: slice = slice(None)) -> np.ndarray:
        """The rows by time sampling."""
        from mpifast.physics.systems.sampling import sampled_rows  # here: a system alone does not load Numba

        rows = sampled_rows(self.scanner, self.particle, self.channels, self.numbers, self.tolerance, voxels)
        for row in rows:
            row[np.abs(row) <= ROUNDING] = 0.0
        return rows

    def peaks(self) -> np.ndarray:
        """Largest magnitude of each row."""
        from mpifast.physics.systems.sampling import Sampling

        peaks = np.zeros(len(self.numbers))
        sampling = Sampling(self.scanner, self.particle, self.channels, self.numbers, self.tolerance)
        for _, rows in sampling.blocks():
            np.maximum(peaks, np.abs(rows).max(axis=0), out=peaks)
        return np.where(peaks > ROUNDING, peaks, 0.0)


def route_of(
    scanner: Sequence, particle: Particle, channels: np.ndarray, numbers: np.ndarray, tolerance: float
) -> Route:
    """The fastest route that a scanner allows.

    The Kronecker form plugs in here, for scanners with `Sequence.drive_axes` and no `Sequence.line_drive`.
    """
    if scanner.line_drive() is not None:
        return LineRoute(scanner, particle, channels, numbers, tolerance)
    return SampledRoute(scanner, particle, channels, numbers, tolerance)
