"""Where the rows and voxels of a system are in a calibration file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mpifast.io.mdf.data import MdfData
from mpifast.io.mdf.format import ORDERS
from mpifast.physics.fields.grid import Grid
from mpifast.physics.row_labels import nearest

GRID = ("size", "fieldOfView", "fieldOfViewCenter", "order")
HARMONICS, ROWS = "/acquisition/receiver/_harmonics", "/acquisition/receiver/_rows"
AXES = "/calibration/_axes"
TRANSFER = "/acquisition/receiver/transferFunction"
SAME_FREQUENCY = 0.01  # parts of the distance between frequencies
DESCRIBED, ORIGIN = "/_mpifast/scanner", "/_mpifast/system"
SIMULATION = "/_mpifast/simulation"  # scanner and tracer alone, whatever the rows


@dataclass(frozen=True, eq=False)
class Placement:
    """Where the voxels of a file lie.

    Attributes
    ----------
    fields : dict
        ``size``, ``fieldOfView``, ``fieldOfViewCenter`` and ``order`` as the file has them.
    columns : ndarray
        int64[voxels]: the number in the file of each voxel of the grid, the last of the axes x, y, z varying fastest.
    grid : Grid or None
        Along those of the axes x, y, z that have more than one voxel; None if the file does not say where they lie.
    """

    fields: dict[str, Any]
    columns: np.ndarray
    grid: Grid | None

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along x, y and z."""
        return tuple(int(n) for n in self.fields["size"])

    def in_file(self, images: np.ndarray) -> np.ndarray:
        """Images [n, voxels] in the order of the file."""
        result = np.empty_like(images)
        result[:, self.columns] = images
        return result


def placement_of(file: MdfData, voxels: int) -> Placement:
    """Where the voxels of a calibration file lie.

    Raises
    ------
    ValueError
        If the file contradicts itself, or its frames are not in the order of a grid.
    """
    found = {name: value for name in GRID if (value := file.get(f"/calibration/{name}")) is not None}
    size = np.asarray(found.get("size", [voxels, 1, 1]))
    if size.shape != (3,) or np.any(size < 1) or np.prod(size.astype(object)) != voxels:
        raise ValueError(f"{file.path}: /calibration/size is {size.tolist()}, but {voxels} frames are not background")
    if file.get("/calibration/isMeanderingGrid", 0) and not file["/measurement/isFramePermutation"]:
        raise ValueError(
            f"{file.path} has its frames in the meandering order of the robot: sort them and set isFramePermutation"
        )
    if found["order"] not in ORDERS:
        raise ValueError(f"{file.path}: /calibration/order is {found['order']!r}, expected one of {', '.join(ORDERS)}")
    slowest_first = ["xyz".index(axis) for axis in reversed(found["order"])]
    numbers = np.arange(voxels).reshape([int(size[axis]) for axis in slowest_first])
    columns = np.ascontiguousarray(numbers.transpose(np.argsort(slowest_first))).reshape(-1)
    return Placement(found | {"size": size}, columns, _grid(file, found, size))


def grid_of(file: MdfData, voxels: int) -> Grid:
    """The grid of a calibration file along x, y and z in this order, without axes at the end that are a single voxel at
    the coordinate 0: what a scanner takes.
    """
    placement = placement_of(file, voxels)
    size, center = placement.fields["size"], np.asarray(placement.fields["fieldOfViewCenter"])
    if placement.grid is None:
        raise ValueError("it does not say where the voxels lie")
    axes = max(1, *(axis + 1 for axis in range(3) if size[axis] > 1 or center[axis] != 0.0), 1)
    grid = _grid(file, placement.fields, size, np.arange(axes))
    assert grid is not None
    return grid


def _grid(file: MdfData, found: dict[str, Any], size: np.ndarray, kept: np.ndarray | None = None) -> Grid | None:
    """The grid along some axes; by default those that the file names, or those of more than one voxel."""
    if "fieldOfView" not in found or not file.get("/calibration/_placed", 1):
        return None
    view, center = (np.asarray(found[name]) for name in ("fieldOfView", "fieldOfViewCenter"))
    if view.shape != (3,) or center.shape != (3,):
        raise ValueError(f"{file.path}: /calibration/fieldOfView and fieldOfViewCenter need three numbers each")
    if kept is None:
        kept = np.flatnonzero(size > 1) if (size > 1).any() else np.array([0])
        if AXES in file:
            axes = int(file.own(AXES))
            if not 1 <= axes <= 3 or (size[axes:] != 1).any():
                raise ValueError(f"{file.path}: {AXES} is {axes}, but /calibration/size {size.tolist()}")
            kept = np.arange(axes)
    try:
        return Grid(tuple(size[kept].tolist()), tuple(view[kept].tolist()), tuple(center[kept].tolist()))
    except ValueError as error:
        raise ValueError(f"{file.path}: /calibration/fieldOfView or fieldOfViewCenter: {error}") from error


def rows_of(file: MdfData) -> np.ndarray:
    """The rows of the system in a file, as positions in its [periods, channels, frequencies]: int64[rows].

    All of them; of a file of mpifast's those that the system has, in its own order.
    """
    shape = (file.shape[1], file.shape[2], len(file.data.bins))
    everything = np.arange(int(np.prod(shape)))
    if ROWS in file:
        return _stated(file, shape)
    if HARMONICS not in file:
        return everything
    inside = (file.data.bins >= 1) & (file.data.bins <= file.own(HARMONICS))
    return everything[np.broadcast_to(inside, shape).reshape(-1)]


def _stated(file: MdfData, shape: tuple[int, ...]) -> np.ndarray:
    """The rows that a file lists by channel and number."""
    listed, (periods, channels, count) = np.asarray(file[ROWS]), shape
    numbers = file.data.bins
    good = listed.ndim == 2 and listed.shape[1:] == (2,) and listed.dtype.kind in "iu" and periods == 1
    if good and 0 < len(listed) <= channels * count:
        channel, number = listed.astype(np.int64).T
        found = nearest(numbers, number)
        rows = channel * count + found
        inside = (channel >= 0) & (channel < channels) & (numbers[found] == number)
        if inside.all() and np.unique(rows).size == rows.size:
            return rows
    raise ValueError(f"{file.path} is damaged: {ROWS} does not list channels and frequency numbers of its data")


def transfer_function_of(file: MdfData, rows: np.ndarray) -> np.ndarray | None:
    """The transfer function in the data of a file at some positions in its [periods, channels, frequencies].

    complex128[rows]; None where the file says nothing of it that fits its data, or that the data are corrected for it.
    """
    if TRANSFER not in file or file["/measurement/isTransferFunctionCorrected"]:
        return None
    try:
        values = np.asarray(file[TRANSFER])
    except ValueError:  # damaged, or pairs of real numbers: no reason not to read the data
        return None
    channels, count = file.shape[2], len(file.data.bins)
    _, channel, k = np.unravel_index(rows, (file.shape[1], channels, count))
    if values.shape == (channels, file.data.points // 2 + 1):
        k = file.data.bins[k]
    elif values.shape != (channels, count):
        return None
    found = values[channel, k].astype(np.complex128)
    return found if np.isfinite(found).all() else None


def positions_of(file: MdfData, rows: np.ndarray) -> np.ndarray:
    """Where a period of a file has the rows of a system, by channel and frequency: int64[rows] in its [channels, K].

    Rows whose frequency is not known are found by channel and number.

    Raises
    ------
    ValueError
        If it lacks a row.
    """
    channels, bins = file.shape[2], file.data.bins
    if rows["channel"].max() >= channels:
        raise ValueError(
            f"{file.path.name} has {channels} receive channels, the rows of the system channels up to"
            f" {rows['channel'].max()} (counted from 0): select channels"
        )
    known = bool(np.isfinite(rows["frequency"]).all())
    places, wanted = (file.frequencies, rows["frequency"]) if known else (bins, rows["number"])
    found = nearest(places, wanted)
    spacing = np.diff(np.sort(places)).min(initial=max(1.0, float(wanted.max()))) if known else 1.0
    beyond = np.flatnonzero(np.abs(places[found] - wanted) > SAME_FREQUENCY * spacing)
    if beyond.size:
        label = f"{wanted[beyond[0]]:g} Hz" if known else f"number {wanted[beyond[0]]}"
        raise ValueError(
            f"{file.path.name} does not have the frequency {label} of row {beyond[0]} of the system (and of"
            f" {beyond.size - 1} others): it is of another sequence, or holds fewer frequencies; choose a narrower band"
        )
    return rows["channel"].astype(np.int64) * len(bins) + found


def labelled_frequencies(file: MdfData, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where a file of one period has the rows of a system: bool[1, channels, K], and the place of each row among the
    chosen frequencies.

    Raises
    ------
    ValueError
        If the file has several periods a frame, or lacks a row.
    """
    if file.shape[1] != 1:
        raise ValueError(
            f"{file.path.name} has {file.shape[1]} periods a frame: give the system of a calibration file like it"
        )
    flat = positions_of(file, rows)
    mask = np.zeros((1, file.shape[2], len(file.data.bins)), bool)
    mask.reshape(-1)[flat] = True
    return mask, np.searchsorted(np.flatnonzero(mask), flat)
