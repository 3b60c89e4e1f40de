"""What a file says of the constant fields in each period of its frames."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mpifast.io.mdf.metadata import Metadata

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
