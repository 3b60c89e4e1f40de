"""Coil sensitivities: receive coils of any direction, and of a sensitivity that depends on the position."""

from __future__ import annotations

from typing import Any

import numpy as np

from mpifast import _validation as check


def coil_rows(matrix: np.ndarray, rows: np.ndarray, maps: Any) -> tuple[np.ndarray, np.ndarray]:
    """Rows of receive coils from those along x, y and z; see `LinearSystem.with_sensitivity`.

    Parameters
    ----------
    matrix : ndarray
        complex128 or float64[rows, voxels], of coils of unit sensitivity.
    rows : ndarray
        Its labels: the channels 0, 1, 2 are x, y, z.
    maps : array_like
        float[coils, 3] or float[coils, 3, voxels].

    Returns
    -------
    tuple of ndarray
        The matrix of the coils, coil by coil, and its labels.

    Raises
    ------
    TypeError, ValueError
        If ``maps`` is of another shape, not real or not finite, or the system lacks rows that a coil needs.

    Examples
    --------
    >>> import mpifast, numpy as np
    >>> system = mpifast.linear_system([[1.0, 2.0], [3.0, 4.0]], channels=[0, 1], numbers=[5, 5])
    >>> matrix, rows = coil_rows(system.matrix, system.rows, [[0.6, 0.8, 0.0]])
    >>> print(matrix, rows["number"])
    [[3.  4.4]] [5]
    """
    array = check.finite("maps", check.real_array("maps", maps))
    voxels = matrix.shape[1]
    if array.ndim not in (2, 3) or array.shape[1:] not in ((3,), (3, voxels)) or not len(array):
        raise ValueError(
            f"maps has the shape {array.shape}, expected (coils, 3) or (coils, 3, {voxels}): the sensitivity of each"
            " coil along x, y and z, constant or in each voxel"
        )
    if len(array) > np.iinfo(np.int16).max:
        raise ValueError(f"maps has {len(array)} coils: give at most {np.iinfo(np.int16).max}")
    if (rows["channel"] > 2).any() or (rows["channel"] < 0).any():
        raise ValueError(
            f"the system has the channels {np.unique(rows['channel']).tolist()}, expected 0, 1, 2 for x, y, z: coils"
            " mix the rows of coils along the axes"
        )
    found, labels = [], []
    for coil, sensitivity in enumerate(array.reshape(len(array), 3, -1).astype(np.float64)):
        mixed, label = _coil(coil, matrix, rows, sensitivity)
        found.append(mixed)
        labels.append(label)
    return np.concatenate(found), np.concatenate(labels)


def _coil(coil: int, matrix: np.ndarray, rows: np.ndarray, sensitivity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rows of one coil: the sum over the axes of sensitivity [3, voxels or 1] times row."""
    axes = np.flatnonzero(sensitivity.any(axis=1))
    if not axes.size:
        raise ValueError(f"maps[{coil}] is zero: leave the coil out")
    mine = [np.flatnonzero(rows["channel"] == axis) for axis in axes]
    numbers = [rows["number"][part] for part in mine]
    for axis, found in zip(axes, numbers, strict=True):
        if (
            not np.array_equal(np.sort(found), np.sort(numbers[0]))
            or not found.size
            or np.unique(found).size < len(found)
        ):
            raise ValueError(
                f"maps[{coil}] has a part along {'xyz'[axis]}, and the system has {found.size} rows of channel {axis},"
                f" {numbers[0].size} of channel {axes[0]}, not of the same frequencies: choose the rows of all channels"
                " alike (channels=('x', 'y', 'z'), band= instead of level=)"
            )
    mixed = np.zeros((len(mine[0]), matrix.shape[1]), matrix.dtype)
    for axis, part, found in zip(axes, mine, numbers, strict=True):
        mixed += matrix[part[np.argsort(found)]] * sensitivity[axis]
    labels = rows[mine[0][np.argsort(numbers[0])]].copy()
    labels["channel"] = coil
    return mixed, labels
