"""How the magnetisation follows the field with a delay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mpifast import _validation as check


@dataclass(frozen=True)
class Debye:
    """One relaxation time: tau dm/dt = m_eq - m, with m_eq the magnetisation in equilibrium.

    Row k of a system is multiplied by 1 / (1 + 2 pi i k tau / period), whatever the scanner and the position.

    Parameters
    ----------
    tau : float
        Relaxation time in seconds.

    Raises
    ------
    TypeError, ValueError
        If ``tau`` is not a number from 0 to 1.

    References
    ----------
    Croft, Goodwill, Conolly, IEEE Trans. Med. Imaging 31:2335, 2012.

    Examples
    --------
    >>> import mpifast
    >>> print(mpifast.Debye(1e-6).response([0.0, 159154.943]).round(3))
    [1. -0.j  0.5-0.5j]
    """

    tau: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "tau", check.number("tau", self.tau, low=0.0, high=1.0, unit="s"))

    def response(self, frequency: Any) -> np.ndarray:
        """What frequencies in hertz are multiplied by: complex128[...]."""
        return 1.0 / (1.0 + 2j * np.pi * self.tau * np.asarray(frequency, np.float64))


Relaxation = Debye
KINDS: tuple[Any, ...] = (Debye,)
