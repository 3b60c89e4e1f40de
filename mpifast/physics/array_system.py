"""Anybody's matrix as a system."""

from __future__ import annotations

from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.physics.fields.grid import Grid
from mpifast.physics.linear_system import ROW, LinearSystem, read_only


def linear_system(
    array: Any,
    grid: Grid | None = None,
    *,
    channels: Any = None,
    numbers: Any = None,
    frequencies: Any = None,
) -> LinearSystem:
    """Wrap any matrix as a system.

    Parameters
    ----------
    array : array_like
        Real or complex [rows, voxels], finite. A contiguous array of float32, float64, complex64 or complex128 keeps
        its precision and is not copied: do not change it afterwards.
    grid : Grid, optional
        Where the voxels lie; its voxels in C order are the columns.
    channels, numbers, frequencies : array_like, optional
        Labels of the rows: receive channel (int[rows], 0 by default), frequency number (int[rows], 0, 1, 2, ... by
        default), frequency in hertz (float[rows], unknown by default).

    Returns
    -------
    LinearSystem
        What `mpifast.Spectra`, networks, solvers, files and bridges take.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type, shape or range, or not finite.

    Examples
    --------
    >>> import mpifast, numpy as np
    >>> random = np.random.default_rng(0)
    >>> matrix = random.normal(size=(60, 24)) + 1j * random.normal(size=(60, 24))
    >>> system = mpifast.linear_system(matrix, mpifast.Grid((4, 6), (4e-3, 6e-3)))
    >>> u, c = mpifast.Spectra(system, seed=7)[:100]
    >>> u.shape, system.image(c).shape
    ((100, 120), (100, 4, 6))
    """
    matrix = check.number_array("array", array)
    single = matrix.dtype in (np.float32, np.complex64)
    kind = np.complex64 if np.iscomplexobj(matrix) else np.float32
    dtype = np.result_type(kind, np.float32 if single else np.float64)
    matrix = np.ascontiguousarray(check.matrix("array", matrix, what="voxels", complex_too=True), dtype)
    count, voxels = matrix.shape
    if grid is not None and check.instance("grid", grid, Grid).voxels != voxels:
        raise ValueError(f"grid has {grid.voxels} voxels, array has {voxels} columns: give the grid of the columns")
    rows = np.empty(count, ROW)
    rows["channel"] = 0 if channels is None else _labels("channels", channels, count, "iu")
    rows["number"] = np.arange(count) if numbers is None else _labels("numbers", numbers, count, "iu")
    rows["frequency"] = np.nan if frequencies is None else _labels("frequencies", frequencies, count, "iuf")
    return LinearSystem(read_only(matrix.view()), read_only(rows), grid)


def as_system(name: str, value: Any) -> LinearSystem:
    """A system as it is, a bare array as one; an error names the argument."""
    if isinstance(value, LinearSystem):
        return value
    if not isinstance(value, (np.ndarray, list, tuple)):
        raise TypeError(f"{name} must be a system or a real or complex array [rows, voxels], got {check.brief(value)}")
    array = check.number_array(name, value)
    return linear_system(check.matrix(name, array, what="voxels", complex_too=True))


def _labels(name: str, values: Any, count: int, kinds: str) -> np.ndarray:
    array = check.real_array(name, values)
    if array.shape != (count,) or array.dtype.kind not in kinds:
        raise ValueError(
            f"{name} has shape {array.shape} and dtype {array.dtype}: give one number for each of {count} rows"
        )
    return array
