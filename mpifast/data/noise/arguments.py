"""Arguments that noise models share: numbers and spectra for the rows or equations of a system."""

from __future__ import annotations

from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.physics.linear_system import LinearSystem, read_only


def levels_of(name: str, value: Any, *, positive: bool = False) -> np.ndarray:
    """Numbers of at least 0, or above 0, one or a vector: float64[n], read-only."""
    array = np.atleast_1d(check.real_array(name, value))
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}: give one number, or a vector of them")
    return read_only(check.per_row(name, array, len(array), low=0.0, strict=positive))


def array_of(name: str, value: Any, *, columns: str, least: int = 1, promote: bool = False) -> np.ndarray:
    """A finite real or complex matrix [n, columns] with at least so many rows; float64 or complex128, read-only."""
    array = check.number_array(name, value)
    if promote and array.ndim == 1:
        array = array[None]
    array = check.matrix(name, array, what=columns, complex_too=True, empty=True)
    if len(array) < least or array.shape[1] == 0:
        raise ValueError(f"{name} has shape {array.shape}: give at least {least} of them, [n, {columns}]")
    return read_only(np.array(array, np.complex128 if np.iscomplexobj(array) else np.float64, order="C"))


def of_rows(name: str, values: np.ndarray, system: LinearSystem) -> np.ndarray:
    """One number for all rows, for each receive channel, or for each row: float64[rows]."""
    channels, place = np.unique(system.rows["channel"], return_inverse=True)
    if len(values) == 1:
        return np.full(len(system.rows), values[0])
    if len(values) == len(channels):
        return np.asarray(values[place])
    if len(values) == len(system.rows):
        return values
    raise ValueError(
        f"{name} has {len(values)} numbers, the system {len(channels)} channels and {len(system.rows)} rows: give one "
        "number, or one for each channel or each row"
    )


def of_equations(values: np.ndarray, system: LinearSystem) -> np.ndarray:
    """A number for each row, twice where both parts of the rows are equations: float64[equations]."""
    return np.tile(values, len(system.parts))


def spectra_of(name: str, values: np.ndarray, system: LinearSystem) -> np.ndarray:
    """Spectra complex[n, rows] or float[n, equations] as real equations, float64[n, equations]."""
    wanted = len(system.rows) if np.iscomplexobj(values) else len(system.equations)
    if values.shape[1] != wanted:
        kind, what = ("complex", "rows") if np.iscomplexobj(values) else ("real", "equations")
        raise ValueError(
            f"{name} has {values.shape[1]} {kind} columns, the system {wanted} {what}: give complex spectra of its "
            f"{len(system.rows)} rows or real ones of its {len(system.equations)} equations, in their order "
            "(read_mdf(path).background(system) does)"
        )
    return system.to_real(values, name)
