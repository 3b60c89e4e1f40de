"""Scanners on a grid: a gradient field and drive fields that repeat after a period."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import numpy as np

from mpifast import _display
from mpifast import _validation as check
from mpifast.physics.fields.arguments import AXES, LARGEST
from mpifast.physics.fields.grid import Grid

RANK = 1e-12  # eigenvalues of a gradient below this part of the largest are zero: a field-free line has one


class DriveAxis(NamedTuple):
    """The field along one axis: gradient * r + offset + amplitude sin(2 pi multiple t / period + phase).

    T/m, T, T, an integer, rad. An axis whose ``multiple`` is 0 is not driven; its amplitude does not matter.
    """

    gradient: float
    offset: float
    amplitude: float
    multiple: int
    phase: float


class LineDrive(NamedTuple):
    """One drive field of fixed direction: direction * amplitude sin(2 pi multiple t / period + phase)."""

    direction: tuple[float, ...]
    amplitude: float
    multiple: int
    phase: float


class Sequence(_display.Shown, ABC):
    """Base of the scanners on a grid: mu0 H(r, t) = G(t) r + B(t), with G the gradient and B drive and offset field.

    A position has the coordinates x, y, z; those that the grid does not have are 0.
    """

    grid: Grid
    channels: tuple[str, ...]
    period: float  # time after which the fields repeat, seconds

    def _facts(self) -> dict[str, Any]:
        return {
            "period": f"{_display.numbers(self.period, 'ms', 1e3)}, {self.samples:,} samples",
            "channels": ", ".join(self.channels),
            "grid": _display.line(self.grid, "grid"),
        }

    @property
    @abstractmethod
    def samples(self) -> int:
        """Samples of a period at the base frequency."""

    @abstractmethod
    def _drive(self, numerator: np.ndarray, denominator: int) -> np.ndarray:
        """Drive and offset field at the parts numerator / denominator of a period, float64[..., 3]. Phases of integers
        are exact, whatever the multiple of the base frequency.
        """

    @abstractmethod
    def _gradient(self, numerator: np.ndarray, denominator: int) -> np.ndarray:
        """Gradient matrix at the same times: float64[3, 3] if it is static, else float64[..., 3, 3]."""

    @property
    def even_in_time(self) -> bool:
        """Whether the fields at -t are those at t, so that the coefficients of the magnetisation are real."""
        return False

    def line_drive(self) -> LineDrive | None:
        """The drive field, if it is one sine in a fixed direction over a static gradient.

        Examples
        --------
        >>> import mpifast
        >>> scanner = mpifast.LissajousScanner(mpifast.Grid((40, 40), (24e-3, 24e-3)))
        >>> scanner.line_drive() is None  # two frequencies
        True
        """
        return None

    def drive_axes(self) -> tuple[DriveAxis, DriveAxis, DriveAxis] | None:
        """The fields along x, y and z, if each axis has its own gradient and one sine.

        Examples
        --------
        >>> import mpifast
        >>> scanner = mpifast.LissajousScanner(mpifast.Grid((40, 40), (24e-3, 24e-3)))
        >>> [axis.multiple for axis in scanner.drive_axes()]
        [16, 17, 0]
        """
        return None

    @property
    def multiples(self) -> tuple[int, int, int] | None:
        """Drive frequencies in units of 1 / period, 0 for an axis without drive; None if the fields are no sum of one
        sine for each axis.
        """
        return None

    @property
    def positions(self) -> np.ndarray:
        """Positions of the voxels, float64[voxels, 3], metres."""
        positions = np.zeros((self.grid.voxels, 3))
        positions[:, : len(self.grid.shape)] = self.grid.positions
        return positions

    @property
    def channel_axes(self) -> tuple[int, ...]:
        """The receive channels as numbers: 0, 1, 2 for x, y, z."""
        return tuple(AXES.index(name) for name in self.channels)

    @property
    def frequencies(self) -> np.ndarray:
        """Frequencies k / period of the spectrum, float64[samples // 2 + 1], hertz."""
        return np.arange(self.samples // 2 + 1) / self.period

    def drive_field_at(self, time: Any) -> np.ndarray:
        """Drive and offset field at times in seconds: float64[..., 3], tesla.

        Examples
        --------
        >>> import mpifast
        >>> scanner = mpifast.LissajousScanner(mpifast.Grid((40, 40), (24e-3, 24e-3)))
        >>> print(scanner.drive_field_at(0.0))
        [0.012 0.012 0.   ]
        """
        return self._drive(self._parts(time), 1)

    def gradient_at(self, time: Any) -> np.ndarray:
        """Gradient matrix at times in seconds, T/m: float64[3, 3] if it is static, else float64[..., 3, 3].

        Examples
        --------
        >>> import mpifast
        >>> scanner = mpifast.LissajousScanner(mpifast.Grid((40, 40), (24e-3, 24e-3)))
        >>> print(scanner.gradient_at(0.0).diagonal())
        [-1. -1.  2.]
        """
        return self._gradient(self._parts(time), 1)

    def field(self, position: Any, time: Any) -> np.ndarray:
        """Field mu0 H at positions and times, which are broadcast together.

        Parameters
        ----------
        position : array_like
            float[..., 3], metres.
        time : array_like
            float[...], seconds.

        Returns
        -------
        ndarray
            float64[..., 3], tesla.

        Examples
        --------
        >>> import mpifast
        >>> scanner = mpifast.LissajousScanner(mpifast.Grid((40, 40), (24e-3, 24e-3)))
        >>> print(scanner.field((0.0, 0.0, 1e-3), 0.0))
        [0.012 0.012 0.002]
        """
        position = check.finite("position", check.real_array("position", position))
        if position.shape[-1:] != (3,):
            raise ValueError(f"position has shape {position.shape}: give x, y, z along the last axis")
        parts = self._parts(time)
        return (self._gradient(parts, 1) @ position[..., None])[..., 0] + self._drive(parts, 1)

    def waveform(self, count: int, midpoints: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Drive field float64[count, 3] and gradient (float64[3, 3] if it is static, else float64[count, 3, 3]) at
        ``count`` equidistant times of a period, the first at 0, or in the middle of the steps.

        Examples
        --------
        >>> import mpifast
        >>> scanner = mpifast.LissajousScanner(mpifast.Grid((40, 40), (24e-3, 24e-3)))
        >>> scanner.waveform(8)[0].shape
        (8, 3)
        """
        numerator, denominator = (2 * np.arange(count) + 1, 2 * count) if midpoints else (np.arange(count), count)
        return self._drive(numerator, denominator), self._gradient(numerator, denominator)

    def trajectory(self, samples: int | None = None) -> np.ndarray:
        """Path of the field-free point.

        Parameters
        ----------
        samples : int, optional
            Number of equidistant times of a period; those of the base frequency by default.

        Returns
        -------
        ndarray
            float64[samples, 3], metres. For a field-free line the point of the line nearest to the origin; NaN at
            times without a field-free point.

        Examples
        --------
        >>> import mpifast
        >>> scanner = mpifast.LissajousScanner(mpifast.Grid((40, 40), (24e-3, 24e-3)))
        >>> scanner.trajectory(100).shape
        (100, 3)
        """
        count = self.samples if samples is None else check.integer("samples", samples, low=1, high=2**31)
        drive, gradient = self.waveform(count)
        values, vectors = np.linalg.eigh(gradient)  # G = V diag(values) V^T
        along = (np.swapaxes(vectors, -1, -2) @ drive[..., None])[..., 0]
        largest = np.abs(values).max(axis=-1, keepdims=True)
        flat = np.abs(values) <= RANK * largest
        along[np.abs(along) <= RANK * np.abs(drive).max()] = 0.0
        with np.errstate(invalid="ignore", divide="ignore"):
            path = np.where(flat, np.where(along == 0.0, 0.0, np.nan), -along / np.where(flat, 1.0, values))
        path[np.broadcast_to(largest == 0.0, path.shape)] = np.nan  # no gradient, no point
        return (vectors @ path[..., None])[..., 0]

    def _parts(self, time: Any) -> np.ndarray:
        """Times as parts of a period."""
        return check.finite("time", check.real_array("time", time)) / self.period

    def _check_range(self) -> None:
        """Refuse a grid that reaches to where fields are no longer finite."""
        check.instance("grid", self.grid, Grid)
        far = max(
            abs(center) + 0.5 * extent for center, extent in zip(self.grid.center, self.grid.field_of_view, strict=True)
        )
        drive, gradient = self.waveform(1)
        field = 3.0 * far * float(np.abs(gradient).max()) + float(np.abs(drive).max())
        if not field <= LARGEST:
            raise ValueError(
                f"grid reaches {far:g} m from the origin, where the field is {field:g} T, above {LARGEST:g} T:"
                " give field_of_view and center in metres"
            )


def sine(numerator: np.ndarray, denominator: int, multiple: int, phase: float) -> np.ndarray:
    """Sin(2 pi multiple numerator / denominator + phase); whole turns of integers are taken off exactly."""
    return np.sin(2.0 * np.pi * (numerator * multiple % denominator / denominator) + phase)


def turned(vectors: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Vectors [n, 3] times a symmetric matrix [3, 3], to bits that depend on neither n nor threads, as BLAS's may."""
    return vectors[:, :1] * matrix[0] + vectors[:, 1:2] * matrix[1] + vectors[:, 2:] * matrix[2]
