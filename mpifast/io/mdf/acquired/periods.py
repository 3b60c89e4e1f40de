"""What a file says of each period of its frames, and where it has the rows of a system."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from mpifast.io.mdf.data import MdfData
from mpifast.io.mdf.metadata import Metadata
from mpifast.io.mdf.selection import SAME_FREQUENCY

OFFSET, GRADIENT = "/acquisition/offsetField", "/acquisition/gradient"


class Fields(NamedTuple):
    """Offset field float64[periods, 3], T, and gradient float64[periods, 3, 3], T/m, or None where it is unknown."""

    offset_field: np.ndarray
    gradient: np.ndarray | None


def fields_of(file: Metadata, periods: int) -> Fields:
    """The constant fields of each period of a frame.

    Raises
    ------
    ValueError
        If they have another number of periods, change within a period, or are no numbers.
    """
    offset, gradient = _of_periods(file, OFFSET, (3,), periods), _of_periods(file, GRADIENT, (3, 3), periods)
    return Fields(np.zeros((periods, 3)) if offset is None else offset, gradient)


def _of_periods(file: Metadata, name: str, shape: tuple[int, ...], periods: int) -> np.ndarray | None:
    """A dataset [periods or 1, sub-partitions, *shape] for each period."""
    if name not in file:
        return None
    found = np.asarray(file[name])
    if found.dtype.kind not in "iuf" or found.shape[2:] != shape or found.shape[0] not in (1, periods):
        expected = ", ".join(map(str, (periods, 1, *shape)))
        raise ValueError(f"{file.path}: {name} has the shape {list(found.shape)}, expected [{expected}]")
    if not found.size or not np.isfinite(found).all():
        raise ValueError(f"{file.path}: {name} is not finite")
    if (found != found[:, :1]).any():
        raise ValueError(f"{file.path}: {name} changes within a period: its frames are no patches of constant fields")
    return np.broadcast_to(found[:, 0].astype(np.float64), (periods, *shape))


def grouped(fields: Fields, periods: np.ndarray) -> list[np.ndarray]:
    """The chosen periods of the same fields together, in the order of the first of each: int64[n] for each patch."""
    facts = fields.offset_field[periods]
    if fields.gradient is not None:
        facts = np.concatenate([facts, fields.gradient[periods].reshape(len(periods), -1)], axis=1)
    _, first, group = np.unique(facts, axis=0, return_index=True, return_inverse=True)
    group = group.reshape(-1)
    return [periods[group == number] for number in np.argsort(first)]


def positions_of(file: MdfData, rows: np.ndarray) -> np.ndarray:
    """Where a period of a file has the rows of a system, by channel and frequency: int64[rows] in its [channels, K].

    Rows whose frequency is not known are found by channel and number.

    Raises
    ------
    ValueError
        If it lacks a row.
    """
    channels, count = file.shape[2], len(file.data.bins)
    if rows["channel"].max() >= channels:
        raise ValueError(
            f"{file.path.name} has {channels} receive channels, the rows of the system channels up to"
            f" {rows['channel'].max()} (counted from 0): select channels"
        )
    known = bool(np.isfinite(rows["frequency"]).all())
    places: Any = file.frequencies if known else file.data.bins.astype(np.float64)
    wanted = rows["frequency" if known else "number"].astype(np.float64)
    order = np.argsort(places, kind="stable")
    right = np.searchsorted(places[order], wanted)
    near = np.stack([order[np.clip(right + shift, 0, count - 1)] for shift in (-1, 0)])
    found = near[np.abs(places[near] - wanted).argmin(axis=0), np.arange(len(wanted))]
    spacing = np.diff(places[order]).min() if count > 1 else max(1.0, float(wanted.max()))
    beyond = np.flatnonzero(np.abs(places[found] - wanted) > SAME_FREQUENCY * spacing)
    if beyond.size:
        label = f"{wanted[beyond[0]]:g} Hz" if known else f"number {wanted[beyond[0]]:g}"
        raise ValueError(
            f"{file.path.name} does not have the frequency {label} of row {beyond[0]} of the system (and of"
            f" {beyond.size - 1} others): it is of another sequence, or holds fewer frequencies; choose a narrower band"
        )
    return rows["channel"].astype(np.int64) * count + found
