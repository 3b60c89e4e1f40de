"""The scanner with a field-free line."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from mpifast import _display
from mpifast import _validation as check
from mpifast.physics.fields.arguments import LARGEST, channels_of, samples_of, triple
from mpifast.physics.fields.grid import Grid
from mpifast.physics.fields.lissajous import EVEN
from mpifast.physics.fields.sequence import LineDrive, Sequence, sine

ALONG = 1e-12  # a component of the unit normal that is no drive of its axis


@dataclass(frozen=True)
class FieldFreeLineScanner(Sequence):
    """A field-free line in the x-y plane, swept along its normal; it stands at an angle, or turns.

    mu0 H(r, t) = g (n (n . r) - e_z z) + B_off + n A sin(2 pi f t + phi), with n = (cos a, sin a, 0) the unit normal of
    the line. The gradient g (n n^T - e_z e_z^T) has no trace: a Maxwell pair, and two quadrupoles at twice the angle.

    Parameters
    ----------
    grid : Grid
        The voxels. One axis is x, two are x and y, three x, y and z; the other coordinates are 0.
    gradient : float, optional
        g in T/m.
    drive_amplitude : float, optional
        A in tesla, along the normal of the line.
    divider : int, optional
        f is ``base_frequency / divider``.
    base_frequency : float, optional
        Hertz.
    angle : float, optional
        a in radians, the angle of the normal to x; of a turning line that at time 0.
    rotation : int, optional
        The line and its drive field turn at ``base_frequency / rotation``, a multiple of ``divider`` as a rule. None: a
        line that stands.
    phase : float, optional
        phi in radians; pi/2 is a cosine.
    offset_field : sequence of float, optional
        B_off along x, y, z in tesla.
    channels : sequence of str, optional
        Receive channels out of "x", "y", "z"; the driven axes by default.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type, length or range, or ``divider`` and ``rotation`` repeat after more than
        16,777,216 samples.

    References
    ----------
    Weizenecker, Gleich and Borgert, J. Phys. D 41:105009, 2008; Knopp et al., J. Phys. D 44:095002, 2011.

    Examples
    --------
    >>> import mpifast
    >>> grid = mpifast.Grid((40, 40), (24e-3, 24e-3))
    >>> scanner = mpifast.FieldFreeLineScanner(grid, gradient=2.0, drive_amplitude=24e-3, divider=100, rotation=2000)
    >>> scanner.samples, scanner.channels
    (2000, ('x', 'y'))
    >>> print(scanner.gradient_at(0.0).round(12) + 0.0)
    [[ 2.  0.  0.]
     [ 0.  0.  0.]
     [ 0.  0. -2.]]
    >>> print(scanner.trajectory()[0])
    [-0.012  0.     0.   ]
    """

    grid: Grid
    gradient: float = 1.0
    drive_amplitude: float = 12e-3
    divider: int = 102
    base_frequency: float = 2.5e6
    angle: float = 0.0
    rotation: int | None = None
    phase: float = math.pi / 2
    offset_field: tuple[float, ...] = (0.0, 0.0, 0.0)
    channels: Any = None

    def __post_init__(self) -> None:
        rotation = None if self.rotation is None else check.integer("rotation", self.rotation, low=1, high=2**31)
        values = {
            "gradient": check.number("gradient", self.gradient, low=1e-100, high=LARGEST, unit="T/m"),
            "drive_amplitude": check.number(
                "drive_amplitude", self.drive_amplitude, low=1e-100, high=LARGEST, unit="T"
            ),
            "divider": check.integer("divider", self.divider, low=1, high=2**31),
            "base_frequency": check.number("base_frequency", self.base_frequency, low=1e-100, high=1e100, unit="Hz"),
            "angle": check.number("angle", self.angle, low=-1e6, high=1e6, unit="rad") + 0.0,
            "rotation": rotation,
            "phase": check.number("phase", self.phase, low=-1e6, high=1e6, unit="rad") + 0.0,
            "offset_field": triple("offset_field", self.offset_field, "T"),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        samples_of("divider, rotation", self._dividers)
        driven = [rotation is not None or abs(part) > ALONG for part in self.normal[:2]]
        object.__setattr__(self, "channels", channels_of(self.channels, [*driven, False]))
        self._check_range()

    def _facts(self) -> dict[str, Any]:
        frequency = _display.numbers(self.base_frequency / self.divider, "kHz", 1e-3)
        turning = None if self.rotation is None else _display.numbers(self.base_frequency / self.rotation, "Hz")
        return {
            "gradient": _display.numbers(self.gradient, "T/m"),
            "drive": f"{_display.numbers(self.drive_amplitude, 'mT', 1e3)} at {frequency}",
            "angle": _display.numbers(math.degrees(self.angle), "degrees"),
            "rotation": turning,
            "offset field": _display.numbers(self.offset_field, "mT", 1e3) if any(self.offset_field) else None,
            **super()._facts(),
        }

    @property
    def _dividers(self) -> list[int]:
        return [self.divider] if self.rotation is None else [self.divider, self.rotation]

    @property
    def samples(self) -> int:
        """Samples of a period at the base frequency: the least common multiple of divider and rotation."""
        return math.lcm(*self._dividers)

    @property
    def period(self) -> float:  # type: ignore[override]
        """Time after which the fields repeat, seconds."""
        return self.samples / self.base_frequency

    @property
    def normal(self) -> tuple[float, float, float]:
        """The unit normal of the line; of a turning line that at time 0."""
        return math.cos(self.angle), math.sin(self.angle), 0.0

    @property
    def even_in_time(self) -> bool:
        """Whether the line stands and its drive field is a cosine."""
        return self.rotation is None and abs(math.cos(self.phase)) < EVEN

    def line_drive(self) -> LineDrive | None:
        """The drive field of a line that stands.

        Examples
        --------
        >>> import mpifast
        >>> scanner = mpifast.FieldFreeLineScanner(mpifast.Grid((40, 40), (24e-3, 24e-3)))
        >>> scanner.line_drive().multiple
        1
        """
        return LineDrive(self.normal, self.drive_amplitude, 1, self.phase) if self.rotation is None else None

    def _normals(self, numerator: np.ndarray, denominator: int) -> np.ndarray:
        """Unit normals of the line, float64[..., 3]; [3] if it stands."""
        if self.rotation is None:
            return np.array(self.normal)
        turns, (cosine, sine_) = self.samples // self.rotation, self.normal[:2]
        numerator = np.asarray(numerator)
        normals = np.zeros((*numerator.shape, 3))
        c, s = (sine(numerator, denominator, turns, phase) for phase in (math.pi / 2, 0.0))
        normals[..., 0], normals[..., 1] = cosine * c - sine_ * s, sine_ * c + cosine * s
        return normals

    def _drive(self, numerator: np.ndarray, denominator: int) -> np.ndarray:
        swing = self.drive_amplitude * sine(
            np.asarray(numerator), denominator, self.samples // self.divider, self.phase
        )
        return swing[..., None] * self._normals(numerator, denominator) + np.array(self.offset_field)

    def _gradient(self, numerator: np.ndarray, denominator: int) -> np.ndarray:
        normals = self._normals(numerator, denominator)
        matrix = normals[..., :, None] * normals[..., None, :]
        matrix[..., 2, 2] = -(matrix[..., 0, 0] + matrix[..., 1, 1])
        return self.gradient * matrix
