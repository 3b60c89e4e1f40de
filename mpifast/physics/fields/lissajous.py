"""The scanner with a field-free point on a Lissajous curve."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from mpifast import _display
from mpifast import _validation as check
from mpifast.physics.fields.arguments import as_gradient, channels_of, dividers, gradients, samples_of, triple
from mpifast.physics.fields.grid import Grid
from mpifast.physics.fields.sequence import DriveAxis, LineDrive, Sequence, sine

EVEN = 1e-15  # |cos phase| of a cosine; pi/2 as a float leaves 6e-17


@dataclass(frozen=True)
class LissajousScanner(Sequence):
    """A field-free point on a Lissajous curve: mu0 H(r, t) = G r + B_off + sum_d A_d sin(2 pi f_d t + phi_d) e_d.

    Parameters
    ----------
    grid : Grid
        The voxels. One axis is x, two are x and y, three x, y and z; the other coordinates are 0.
    gradient : array_like, optional
        G in T/m: three numbers along x, y, z, or a symmetric 3 x 3 matrix; trace zero.
    drive_amplitude : sequence of float, optional
        A along x, y, z in tesla; 0: no drive along that axis.
    divider : sequence of int, optional
        f_d is ``base_frequency / divider[d]``. The divider of an axis without drive does not count.
    base_frequency : float, optional
        Hertz.
    phase : sequence of float, optional
        phi along x, y, z in radians. pi/2 is the cosine of commercial scanners.
    offset_field : sequence of float, optional
        B_off along x, y, z in tesla: a patch.
    channels : sequence of str, optional
        Receive channels out of "x", "y", "z"; the driven axes by default.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type, length or range, no axis is driven, the gradient is not symmetric or has a
        trace, or the dividers repeat after more than 16,777,216 samples.

    References
    ----------
    Knopp and Buzug, Magnetic Particle Imaging, 2012; MDF v2.1 for dividers and phases.

    Examples
    --------
    >>> import mpifast
    >>> scanner = mpifast.LissajousScanner(mpifast.Grid((40, 40), (24e-3, 24e-3)))
    >>> scanner.samples, scanner.multiples, scanner.channels
    (1632, (16, 17, 0), ('x', 'y'))
    >>> print(f"{scanner.period * 1e6:.1f} us")
    652.8 us
    >>> print(scanner.field((0.0, 0.0, 1e-3), 0.0))
    [0.012 0.012 0.002]
    >>> print(scanner.trajectory(4)[0])
    [0.012 0.012 0.   ]
    """

    grid: Grid
    gradient: Any = (-1.0, -1.0, 2.0)
    drive_amplitude: tuple[float, ...] = (12e-3, 12e-3, 0.0)
    divider: tuple[int, ...] = (102, 96, 99)
    base_frequency: float = 2.5e6
    phase: tuple[float, ...] = (math.pi / 2, math.pi / 2, math.pi / 2)
    offset_field: tuple[float, ...] = (0.0, 0.0, 0.0)
    channels: Any = None

    def __post_init__(self) -> None:
        values = {
            "gradient": as_gradient(gradients("gradient", self.gradient)),
            "drive_amplitude": triple("drive_amplitude", self.drive_amplitude, "T", low=0.0),
            "divider": dividers("divider", self.divider),
            "base_frequency": check.number("base_frequency", self.base_frequency, low=1e-100, high=1e100, unit="Hz"),
            "phase": triple("phase", self.phase, "rad", low=-1e6, high=1e6),
            "offset_field": triple("offset_field", self.offset_field, "T"),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        if not any(self._driven):
            raise ValueError(f"drive_amplitude={self.drive_amplitude} drives no axis: give at least one above zero")
        samples_of("divider", self._dividers)
        object.__setattr__(self, "channels", channels_of(self.channels, self._driven))
        self._check_range()

    def _facts(self) -> dict[str, Any]:
        frequencies = [self.base_frequency / divider for divider in self._dividers]
        drive = _display.numbers(self.drive_amplitude, "mT", 1e3), _display.numbers(frequencies, "kHz", 1e-3)
        offset = _display.numbers(self.offset_field, "mT", 1e3) if any(self.offset_field) else None
        return {
            "gradient": _display.numbers(np.ravel(self.gradient).tolist(), "T/m"),
            "drive": " at ".join(drive),
            "offset field": offset,
            **super()._facts(),
        }

    @property
    def _driven(self) -> list[bool]:
        return [amplitude > 0.0 for amplitude in self.drive_amplitude]

    @property
    def _dividers(self) -> list[int]:
        """The dividers of the driven axes."""
        return [divider for divider, driven in zip(self.divider, self._driven, strict=True) if driven]

    @property
    def samples(self) -> int:
        """Samples of a period at the base frequency: the least common multiple of the dividers of driven axes."""
        return math.lcm(*self._dividers)

    @property
    def period(self) -> float:  # type: ignore[override]
        """Time after which the curve repeats, seconds."""
        return self.samples / self.base_frequency

    @property
    def multiples(self) -> tuple[int, int, int]:
        """Drive frequencies in units of 1 / period, 0 for an axis without drive."""
        x, y, z = (
            self.samples // divider if driven else 0 for divider, driven in zip(self.divider, self._driven, strict=True)
        )
        return x, y, z

    @property
    def gradient_matrix(self) -> np.ndarray:
        """G, float64[3, 3], T/m."""
        return gradients("gradient", self.gradient)

    @property
    def even_in_time(self) -> bool:
        """Whether every drive field is a cosine."""
        return all(
            abs(math.cos(phase)) < EVEN for phase, driven in zip(self.phase, self._driven, strict=True) if driven
        )

    def drive_axes(self) -> tuple[DriveAxis, DriveAxis, DriveAxis] | None:
        """The fields along x, y and z, if the gradient matrix is diagonal.

        Examples
        --------
        >>> import mpifast
        >>> scanner = mpifast.LissajousScanner(mpifast.Grid((40, 40), (24e-3, 24e-3)))
        >>> [axis.multiple for axis in scanner.drive_axes()]
        [16, 17, 0]
        """
        if np.ndim(self.gradient) == 2:
            return None
        parts = zip(self.gradient, self.offset_field, self.drive_amplitude, self.multiples, self.phase, strict=True)
        x, y, z = (DriveAxis(*part) for part in parts)
        return x, y, z

    def line_drive(self) -> LineDrive | None:
        """The drive field, if all driven axes share a divider and, up to its sign, a phase.

        Examples
        --------
        >>> import mpifast
        >>> scanner = mpifast.LissajousScanner(mpifast.Grid((40, 40), (24e-3, 24e-3)), drive_amplitude=(12e-3, 0, 0))
        >>> scanner.line_drive().direction
        (1.0, 0.0, 0.0)
        """
        axes = [axis for axis, driven in enumerate(self._driven) if driven]
        phase = self.phase[axes[0]]
        if len({self.divider[axis] for axis in axes}) > 1:
            return None
        if any(abs(math.sin(self.phase[axis] - phase)) > EVEN for axis in axes):
            return None
        drive = np.zeros(3)
        for axis in axes:
            drive[axis] = math.copysign(self.drive_amplitude[axis], math.cos(self.phase[axis] - phase))
        amplitude = math.hypot(*drive)
        return LineDrive(tuple((drive / amplitude).tolist()), amplitude, self.multiples[axes[0]], phase)

    def _drive(self, numerator: np.ndarray, denominator: int) -> np.ndarray:
        numerator = np.asarray(numerator)
        field = np.empty((*numerator.shape, 3))
        parts = zip(self.offset_field, self.drive_amplitude, self.multiples, self.phase, strict=True)
        for axis, (offset, amplitude, multiple, phase) in enumerate(parts):
            field[..., axis] = offset
            if amplitude:
                field[..., axis] += amplitude * sine(numerator, denominator, multiple, phase)
        return field

    def _gradient(self, numerator: np.ndarray, denominator: int) -> np.ndarray:
        return self.gradient_matrix
