"""The scanner whose fields are given by samples."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.fft import irfft, rfft

from mpifast import _display
from mpifast import _validation as check
from mpifast.physics.fields.arguments import LARGEST, MAX_SAMPLES, as_gradient, channels_of, gradients
from mpifast.physics.fields.grid import Grid
from mpifast.physics.fields.sequence import Sequence

EVEN = 1e-14  # relative difference of samples at t and -t that is their rounding
TERMS = 2**22  # of trigonometric sums made together, which bounds the memory


@dataclass(frozen=True)
class SampledScanner(Sequence):
    """Any periodic sequence: Cartesian, radial, spiral, or measured; mu0 H(r, t) = G(t) r + B(t).

    Between the samples the fields are the trigonometric polynomials through them. A waveform with jumps oscillates
    beside them, so give the smooth waveform that the amplifiers make of it.

    Parameters
    ----------
    grid : Grid
        The voxels. One axis is x, two are x and y, three x, y and z; the other coordinates are 0.
    drive_field : array_like
        B, float[samples, 3], tesla, at the times ``period * j / samples``; with offset and focus fields.
    period : float
        Seconds.
    gradient : array_like, optional
        G in T/m, symmetric and without a trace: three numbers along x, y, z, a 3 x 3 matrix, or one for each sample,
        [samples, 3, 3].
    channels : sequence of str, optional
        Receive channels out of "x", "y", "z"; the driven axes by default.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type, shape or range or not finite, the drive field is constant, or a gradient is
        not symmetric or has a trace.

    Examples
    --------
    A radial sequence, a line that turns:

    >>> import mpifast, numpy as np
    >>> turn = 2 * np.pi * np.arange(2000) / 2000
    >>> swing = 12e-3 * np.cos(40 * turn)
    >>> drive_field = np.stack([swing * np.cos(turn), swing * np.sin(turn), np.zeros(2000)], axis=1)
    >>> grid = mpifast.Grid((40, 40), (24e-3, 24e-3))
    >>> scanner = mpifast.SampledScanner(grid, drive_field, period=1e-3)
    >>> scanner.samples, scanner.channels, scanner.frequencies[1]
    (2000, ('x', 'y'), np.float64(1000.0))
    >>> bool(abs(scanner.drive_field_at(1e-3 / 80)[0] + 12e-3) < 1e-4)
    True
    """

    grid: Grid
    drive_field: Any
    period: float
    gradient: Any = (-1.0, -1.0, 2.0)
    channels: Any = None

    def __post_init__(self) -> None:
        drive = check.matrix("drive_field", self.drive_field, 3, what="components (x, y, z)").astype(np.float64) + 0.0
        if len(drive) > MAX_SAMPLES // 16:
            raise ValueError(
                f"drive_field has {len(drive):,} samples, the limit is {MAX_SAMPLES // 16:,}: give fewer, the waveform"
                " between them is interpolated"
            )
        if np.abs(drive).max() > LARGEST:
            raise ValueError(f"drive_field contains {np.abs(drive).max():g}, the limit is {LARGEST:g} T")
        period = check.number("period", self.period, low=1e-100, high=1e100, unit="s")
        gradient = gradients("gradient", self.gradient, len(drive))
        driven = [bool(part) for part in (drive != drive[0]).any(axis=0)]
        if not any(driven) and gradient.ndim == 2:
            raise ValueError(f"drive_field is {tuple(drive[0].tolist())} at all times: let it change along an axis")
        several = gradient.ndim == 3
        values = {
            "drive_field": tuple(map(tuple, drive.tolist())),
            "period": period,
            "gradient": tuple(tuple(map(tuple, m)) for m in gradient.tolist()) if several else as_gradient(gradient),
            "channels": channels_of(self.channels, driven if any(driven) else [True] * 3),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        self._check_range()

    def __repr__(self) -> str:
        """The parameters; of samples their number."""
        several = f"<{self.samples} samples>"
        gradient = several if np.ndim(self.gradient[0]) == 2 else repr(self.gradient)
        facts = f"grid={self.grid!r}, drive_field={several}, period={self.period!r}, gradient={gradient}"
        return f"SampledScanner({facts}, channels={self.channels!r})"

    def _facts(self) -> dict[str, Any]:
        peaks = [max(abs(value) for value in part) for part in zip(*self.drive_field, strict=True)]
        static = _display.numbers(np.ravel(self.gradient).tolist(), "T/m") if np.ndim(self.gradient[0]) < 2 else None
        return {
            "gradient": static or "one for each sample",
            "drive": f"samples of up to {_display.numbers(peaks, 'mT', 1e3)}",
            **super()._facts(),
        }

    @property
    def samples(self) -> int:
        """Number of samples given."""
        return len(self.drive_field)

    @functools.cached_property
    def _static(self) -> np.ndarray | None:
        """The gradient matrix, if it is one."""
        return None if np.ndim(self.gradient[0]) == 2 else gradients("gradient", self.gradient)

    @functools.cached_property
    def _terms(self) -> np.ndarray:
        """Coefficients of the trigonometric polynomials, complex128[samples // 2 + 1, 3 or 12]: the drive field, then
        the gradient if it changes. Real parts of them times exp(2 pi i k t / period) are the fields.
        """
        columns = np.array(self.drive_field)
        if self._static is None:
            columns = np.hstack([columns, np.reshape(self.gradient, (self.samples, 9))])
        terms = rfft(columns, axis=0) / self.samples
        terms[1 : (self.samples + 1) // 2] *= 2.0
        return terms

    @functools.cached_property
    def even_in_time(self) -> bool:
        """Whether all samples at -t are those at t."""
        columns = [np.array(self.drive_field)]
        if self._static is None:
            columns.append(np.reshape(self.gradient, (self.samples, 9)))
        backwards = -np.arange(self.samples) % self.samples
        return all(bool((abs(part - part[backwards]) <= EVEN * abs(part).max()).all()) for part in columns)

    def _fields(self, numerator: np.ndarray, denominator: int) -> np.ndarray:
        """The trigonometric polynomials at any times, float64[..., 3 or 12]."""
        numerator = np.asarray(numerator)
        parts, numbers = numerator.reshape(-1), np.arange(len(self._terms))
        result = np.empty((len(parts), self._terms.shape[1]))
        step = max(1, TERMS // len(numbers))
        for first in range(0, len(parts), step):
            turns = np.multiply.outer(parts[first : first + step], numbers) % denominator / denominator
            waves = np.exp(2j * np.pi * turns)
            result[first : first + step] = waves.real @ self._terms.real - waves.imag @ self._terms.imag
        return result.reshape(*numerator.shape, -1)

    def _drive(self, numerator: np.ndarray, denominator: int) -> np.ndarray:
        return self._fields(numerator, denominator)[..., :3]

    def _gradient(self, numerator: np.ndarray, denominator: int) -> np.ndarray:
        if self._static is not None:
            return self._static
        fields = self._fields(numerator, denominator)[..., 3:]
        return fields.reshape(*fields.shape[:-1], 3, 3)

    def waveform(self, count: int, midpoints: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Drive field and gradient at ``count`` equidistant times, as in `Sequence.waveform`, by one transform.

        Examples
        --------
        >>> import mpifast, numpy as np
        >>> drive_field = np.zeros((64, 3))
        >>> drive_field[:, 0] = 12e-3 * np.cos(2 * np.pi * np.arange(64) / 64)
        >>> scanner = mpifast.SampledScanner(mpifast.Grid((8,), (24e-3,)), drive_field, period=1e-3)
        >>> scanner.waveform(128)[0].shape
        (128, 3)
        """
        if count < self.samples:
            return super().waveform(count, midpoints)
        numbers = np.arange(len(self._terms))
        terms = self._terms * np.exp(1j * np.pi * numbers / count)[:, None] if midpoints else self._terms.copy()
        terms[1:] *= 0.5
        if 2 * (len(terms) - 1) == count:  # the last one is its own mirror image
            terms[-1] *= 2.0
        fields = irfft(terms, count, axis=0) * count
        gradient = fields[:, 3:].reshape(count, 3, 3) if self._static is None else self._static
        return fields[:, :3], gradient
