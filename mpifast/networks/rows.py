"""What each input of a network is, and the spectra of another system in the order that the network takes.

Files and measurements may have other rows than the system that a network was trained for: a calibration file leaves
out rows of zeros, for example. Channel, number of the frequency and part (real or imaginary) tell which is which.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.physics.linear_system import LinearSystem

ROW = np.dtype([("channel", np.int64), ("number", np.int64), ("part", np.int64), ("signal", np.bool_)])
PARTS = ("real", "imaginary")


def rows_of(system: LinearSystem) -> np.ndarray:
    """Channel, number, part and whether there is any signal, of each equation of a system: `ROW`[equations]."""
    rows = np.empty(len(system.equations), ROW)
    for name in ("channel", "number", "part"):
        rows[name] = system.equations[name]
    rows["signal"] = np.any(system.real, axis=1)
    return rows


@dataclass(frozen=True, eq=False)
class RowMatching:
    """A map from the spectra of a system to the inputs of a network. Make one with `mpifast.Network.matching`.

    Attributes
    ----------
    index : ndarray
        int64[inputs]: the equation that each input takes, -1 for an input that is zero.
    equations : int
        Equations of the system.
    """

    index: np.ndarray
    equations: int

    def __call__(self, spectra: Any) -> np.ndarray:
        """Spectra float[n, inputs] for the network, from float[n, equations] of the system.

        Raises
        ------
        TypeError, ValueError
            If ``spectra`` is not a finite real [n, equations] array.
        """
        u = check.matrix("spectra", spectra, self.equations, what="equations", empty=True)
        return np.where(self.index >= 0, u[:, self.index], np.zeros(1, u.dtype))


def real_inputs(rows: np.ndarray, spectra: np.ndarray) -> np.ndarray:
    """Complex spectra [n, frequencies] as the inputs of a network: real parts, then imaginary ones, as far as it has
    them.
    """
    return np.concatenate([spectra.imag if part else spectra.real for part in np.unique(rows["part"])], axis=1)


def match(inputs: np.ndarray, equations: np.ndarray) -> RowMatching:
    """Find each input (`ROW`[inputs]) among the equations (with the fields channel, number and part) of a system.

    Raises
    ------
    ValueError
        If an input has signal in the network's own system and is not among the equations, or two equations are alike.
    """
    place: dict[tuple[int, int, int], int] = {}
    for at, row in enumerate(equations):
        key = _key(row)
        if place.setdefault(key, at) != at:
            raise ValueError(f"the system has {_name(key)} twice: choose one of them, with system.select")
    index = np.array([place.get(_key(row), -1) for row in inputs], np.int64)
    missing = [_name(_key(row)) for row in inputs[(index < 0) & inputs["signal"]]]
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise ValueError(
            f"the system lacks {', '.join(missing[:3])}{more}, which the network needs: use a system with these rows, "
            "or train a network for this one"
        )
    return RowMatching(index, len(equations))


def _key(row: Any) -> tuple[int, int, int]:
    return int(row["channel"]), int(row["number"]), int(row["part"])


def _name(key: tuple[int, int, int]) -> str:
    channel, number, part = key
    return f"the {PARTS[part]} part of channel {channel}, number {number}"
