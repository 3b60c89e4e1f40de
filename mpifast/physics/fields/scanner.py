"""The one-dimensional scanner: a static gradient and one cosine drive field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mpifast import _display
from mpifast import _validation as check
from mpifast.physics.fields.grid import Grid


@dataclass(frozen=True)
class Scanner(_display.Shown):
    """A field-free point swept along a line: mu0 H(x, t) = G x + A cos(2 pi f t).

    The defaults are the paper's scanner: 129 voxels at a pitch of 0.25 mm, both ends of the field of view included.

    Parameters
    ----------
    gradient : float, optional
        G in T/m.
    drive_amplitude : float, optional
        A in tesla. The field of view is -A/G .. A/G.
    drive_frequency : float, optional
        f in hertz.
    voxels : int, optional
        Number of voxels, from 1 to 65,536. They are points; a single one sits at the centre.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not a positive finite number, or ``voxels`` not such an integer.

    References
    ----------
    Chae 2017, eq. (1) and section III.1.

    Examples
    --------
    >>> import mpifast
    >>> scanner = mpifast.Scanner()
    >>> print(f"{scanner.voxels} voxels, field of view {scanner.field_of_view * 1e3:.0f} mm")
    129 voxels, field of view 32 mm
    """

    gradient: float = 2.0
    drive_amplitude: float = 32e-3
    drive_frequency: float = 20e3
    voxels: int = 129

    def __post_init__(self) -> None:
        units = {"gradient": "T/m", "drive_amplitude": "T", "drive_frequency": "Hz"}
        for name, unit in units.items():
            object.__setattr__(self, name, check.positive(name, getattr(self, name), unit))
        object.__setattr__(self, "voxels", check.integer("voxels", self.voxels, low=1, high=65_536))
        check.number("field_of_view", self.field_of_view, low=1e-150, high=1e150, unit="m")

    def _facts(self) -> dict[str, Any]:
        drive = _display.numbers(self.drive_amplitude, "mT", 1e3), _display.numbers(self.drive_frequency, "kHz", 1e-3)
        return {
            "gradient": _display.numbers(self.gradient, "T/m"),
            "drive": " at ".join(drive),
            "voxels": self.voxels,
            "field of view": _display.numbers(self.field_of_view, "mm", 1e3),
            "spacing": _display.numbers(self.pitch, "mm", 1e3),
        }

    @property
    def field_of_view(self) -> float:
        """2 A/G in metres."""
        return 2.0 * self.drive_amplitude / self.gradient

    @property
    def positions(self) -> np.ndarray:
        """Voxel positions (float64[voxels], metres), exactly symmetric about 0."""
        right = np.linspace(0.0, 1.0, self.voxels)
        return 0.5 * self.field_of_view * (right - right[::-1])

    @property
    def pitch(self) -> float:
        """Distance between neighbouring voxels in metres; the whole field of view for a single one."""
        return self.field_of_view / max(self.voxels - 1, 1)

    @property
    def grid(self) -> Grid:
        """The voxels as a grid of one axis; its field of view is that of whole voxels, wider by one pitch."""
        return Grid((self.voxels,), (self.voxels * self.pitch,))

    def field(self, position: float | np.ndarray, time: float | np.ndarray) -> np.ndarray:
        """Field mu0 H in tesla at ``position`` (metres) and ``time`` (seconds), broadcast together (eq. 1).

        Examples
        --------
        >>> import mpifast
        >>> scanner = mpifast.Scanner(gradient=2.0, drive_amplitude=32e-3, drive_frequency=20e3)
        >>> scanner.field([0.0, 16e-3], 0.0).round(6)  # half a period later the drive field is -32 mT
        array([0.032, 0.064])
        """
        position, time = check.real_array("position", position), check.real_array("time", time)
        return self.gradient * position + self.drive_amplitude * np.cos(2.0 * np.pi * self.drive_frequency * time)
