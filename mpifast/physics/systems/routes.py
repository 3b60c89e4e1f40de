"""Ways to the Fourier coefficients of the magnetisation; `route_of` chooses."""

from __future__ import annotations

import functools
import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from mpifast.physics.fields.sequence import Sequence
from mpifast.physics.relaxation.fokker_planck import FokkerPlanck
from mpifast.physics.systems import drive_axis
from mpifast.physics.systems.axis_tables import langevin_arguments
from mpifast.physics.systems.selection import nothing_left
from mpifast.physics.tracer.mixture import LARGEST
from mpifast.physics.tracer.particle import Particle

if TYPE_CHECKING:
    from mpifast.physics.systems.harmonic_balance import HarmonicBalance
    from mpifast.physics.systems.kronecker import KroneckerModel

ROUNDING = 2e-15  # error of sampled coefficients that no tolerance removes; what is below is zero, not a weak signal
LARGEST_OF_SIZES = 4000.0  # Langevin argument of the largest of several sizes, for a Kronecker form
STEP = 4096  # voxels at a time, where only the largest values are kept
SOME = 64  # rows at a time, where zeros are written
SINGLE = 1e-6  # tolerance from which on complex64 rows are computed in float32, which adds about that
ROOM = 2**23  # numbers of whole rows at a time, where some voxels of them are wanted


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
    by_rows = False  # whether the bits of a row do not depend on which other rows are computed
    error: float | None = None

    def __init__(
        self, scanner: Sequence, particle: Particle, channels: np.ndarray, numbers: np.ndarray, tolerance: float
    ) -> None:
        self.scanner, self.particle, self.tolerance = scanner, particle, tolerance
        self.channels, self.numbers = channels, numbers

    @abstractmethod
    def rows(self, voxels: slice = slice(None)) -> np.ndarray:
        """mhat, complex128 or float64[rows, voxels], of all voxels or of some neighbouring ones."""

    def scaled(self, scale: np.ndarray, dtype: np.dtype, voxels: slice = slice(None)) -> np.ndarray:
        """The rows times ``scale``, float64 or complex128[rows]."""
        rows = self.rows(voxels)
        if np.iscomplexobj(scale) and not np.iscomplexobj(rows):
            result = np.zeros(rows.shape, dtype)
            if scale.real.any():
                np.multiply(rows, scale.real[:, None], out=result.real, casting="same_kind")
            np.multiply(rows, scale.imag[:, None], out=result.imag, casting="same_kind")
            return result
        rows *= scale[:, None]
        return rows.astype(dtype, copy=False)

    @abstractmethod
    def peaks(self) -> np.ndarray:
        """Largest magnitude of each row over all voxels, float64[rows]; nothing of the matrix's size is made."""

    def strong(self, level: float, among: np.ndarray, weights: np.ndarray) -> Route:
        """The route of the rows out of ``among``, bool[rows], that times ``weights``, float64[rows], are at least
        ``level`` times the largest row.

        Raises
        ------
        ValueError
            If no row is left.
        """
        sizes = weights * self.peaks()
        kept = among & (sizes >= level * sizes.max())
        if not kept.any():
            raise nothing_left(level, sizes[among].max() / sizes.max())
        return route_of(self.scanner, self.particle, self.channels[kept], self.numbers[kept], self.tolerance)


class LineRoute(Route):
    """One drive field of fixed direction: the closed form, exact in each row (`drive_axis`)."""

    @property
    def is_real(self) -> bool:  # type: ignore[override]
        """Whether the drive field is a cosine, to which the magnetisation keeps."""
        return self.scanner.even_in_time and self.particle.instantaneous

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
        """Whether the fields are even in time, and with them the magnetisation."""
        return self.scanner.even_in_time and self.particle.instantaneous

    def rows(self, voxels: slice = slice(None)) -> np.ndarray:
        """The rows by time sampling."""
        from mpifast.physics.systems.sampling import sampled_rows  # here: a system alone does not load Numba

        rows = sampled_rows(self.scanner, self.particle, self.channels, self.numbers, self.tolerance, voxels)
        for first in range(0, len(rows), SOME):
            part = rows[first : first + SOME]
            part[np.abs(part) <= ROUNDING] = 0.0
        return rows

    def peaks(self) -> np.ndarray:
        """Largest magnitude of each row."""
        from mpifast.physics.systems.sampling import Sampling

        peaks = np.zeros(len(self.numbers))
        sampling = Sampling(self.scanner, self.particle, self.channels, self.numbers, self.tolerance)
        for _, rows in sampling.blocks():
            np.maximum(peaks, np.abs(rows).max(axis=0), out=peaks)
        return np.where(peaks > ROUNDING, peaks, 0.0)


class HarmonicBalanceRoute(Route):
    """A field along one axis and a `FokkerPlanck` relaxation (`harmonic_balance`)."""

    is_real = False

    @functools.cached_property
    def balance(self) -> HarmonicBalance:
        """The balance, which keeps how many moments and harmonics it needs."""
        from mpifast.physics.systems.harmonic_balance import HarmonicBalance  # here: as for `SampledRoute`

        return HarmonicBalance(self.scanner, self.particle, self.channels, self.numbers, self.tolerance)

    def rows(self, voxels: slice = slice(None)) -> np.ndarray:
        """The rows."""
        return self.balance.rows(voxels)

    def peaks(self) -> np.ndarray:
        """Largest magnitude of each row; a grid along one axis is small."""
        peaks = np.abs(self.rows()).max(axis=1)
        return np.where(peaks > ROUNDING, peaks, 0.0)


class KroneckerRoute(Route):
    """Gradients and drive fields along the axes: sums of Kronecker products, and an operator without a matrix.

    Parameters
    ----------
    error : float, optional
        Largest absolute error of a coefficient; rounding by default.
    """

    by_rows = True

    def __init__(
        self,
        scanner: Sequence,
        particle: Particle,
        channels: np.ndarray,
        numbers: np.ndarray,
        tolerance: float,
        error: float | None = None,
    ) -> None:
        super().__init__(scanner, particle, channels, numbers, tolerance)
        self.error = error

    @functools.cached_property
    def model(self) -> KroneckerModel:
        """The tables of all axes and the terms of all rows."""
        from mpifast.physics.systems.kronecker import LEAST_ERROR, KroneckerModel  # here: as for `SampledRoute`

        arguments = _axes_of(self.scanner, self.particle)
        error, shares = self.error or LEAST_ERROR, self.particle.shares
        return KroneckerModel(*arguments, self.channels, self.numbers, error, shares)

    @property
    def is_real(self) -> bool:  # type: ignore[override]
        """Whether all drive fields are cosines."""
        return self.scanner.even_in_time

    def rows(self, voxels: slice = slice(None)) -> np.ndarray:
        """The rows."""
        return self.scaled(np.ones(len(self.numbers)), np.dtype(np.float64 if self.is_real else np.complex128), voxels)

    def scaled(self, scale: np.ndarray, dtype: np.dtype, voxels: slice = slice(None)) -> np.ndarray:
        """The rows times ``scale``, some at a time where not all voxels are wanted."""
        arithmetic = np.float32 if dtype == np.complex64 and self.tolerance >= SINGLE else np.float64
        first, last, _ = voxels.indices(self.scanner.grid.voxels)
        if last - first == self.scanner.grid.voxels:
            return self.model.rows(dtype=dtype, arithmetic=arithmetic, scale=scale)
        result = np.empty((len(self.numbers), max(0, last - first)), dtype)
        step = max(1, ROOM // self.scanner.grid.voxels)
        for start in range(0, len(result), step):
            part = slice(start, start + step)
            result[part] = self.model.rows(part, dtype, arithmetic, scale=scale)[:, first:last]
        return result

    def peaks(self) -> np.ndarray:
        """Largest magnitude of each row, to about 1e-6 of the sum of its terms."""
        return self.model.peaks()

    def strong(self, level: float, among: np.ndarray, weights: np.ndarray) -> Route:
        """The rows above the level, found by bounds of the rows."""
        from mpifast.physics.systems.kronecker import strong_model

        model = strong_model(
            *_axes_of(self.scanner, self.particle), self.channels, self.numbers,
            level=level, tolerance=self.tolerance, scale=weights, among=among, shares=self.particle.shares,
        )  # fmt: skip
        route = KroneckerRoute(
            self.scanner, self.particle, model.channels, model.numbers, self.tolerance, model.allowed
        )
        route.model = model
        return route


def _axes_of(scanner: Sequence, particle: Particle) -> tuple[Any, list[np.ndarray], float]:
    """The first arguments of a `KroneckerModel`."""
    coordinates = [*scanner.grid.axes, *[np.zeros(1)] * (3 - len(scanner.grid.shape))]
    return scanner.drive_axes(), coordinates, particle.largest_beta


def route_of(
    scanner: Sequence,
    particle: Particle,
    channels: np.ndarray,
    numbers: np.ndarray,
    tolerance: float,
    error: float | None = None,
) -> Route:
    """The fastest route that a scanner and a particle (`Particle.equilibrium`) allow; ``error`` as for
    `KroneckerRoute`.

    Without one all rows are wanted, down to rounding. For a distribution of sizes the Kronecker form would take
    thousands of orders for that, where time samples take seconds.
    """
    if isinstance(particle.relaxation, FokkerPlanck):
        return HarmonicBalanceRoute(scanner, particle, channels, numbers, tolerance)
    # Neither closed form nor Gaussian mixture: an easy axis, and times that depend on the field.
    if particle.anisotropy is not None or not particle.instantaneous:
        return SampledRoute(scanner, particle, channels, numbers, tolerance)
    if scanner.line_drive() is not None:
        return LineRoute(scanner, particle, channels, numbers, tolerance)
    if scanner.drive_axes() is not None and (particle.sizes is None or error is not None):
        largest = langevin_arguments(*_axes_of(scanner, particle))[2]
        mean = largest * math.fsum(moment * share for moment, share in particle.shares)
        if mean <= LARGEST and (largest <= LARGEST_OF_SIZES or particle.sizes is None):
            return KroneckerRoute(scanner, particle, channels, numbers, tolerance, error)
    return SampledRoute(scanner, particle, channels, numbers, tolerance)


def refuse_without_model(scanner: Sequence, particle: Particle) -> None:
    """Refuse a particle whose dynamics have no route in the fields of a scanner.

    Raises
    ------
    ValueError
        If its `FokkerPlanck` relaxation needs a field along one axis.
    """
    if isinstance(particle.relaxation, FokkerPlanck):
        from mpifast.physics.systems.harmonic_balance import refuse_axes

        refuse_axes(scanner, particle)
