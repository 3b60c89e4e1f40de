"""Checks of the arguments that scanners on a grid share."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mpifast import _validation as check

AXES = ("x", "y", "z")
MAXWELL = 1e-9  # trace and antisymmetric part of a gradient, relative to its largest entry
LARGEST = 1e100  # tesla, T/m: squares of fields stay finite
MAX_SAMPLES = 2**24  # of a period

Gradient = tuple[Any, ...]  # three numbers, or three rows of three


def triple(name: str, value: Any, unit: str, *, low: float = -LARGEST, high: float = LARGEST) -> tuple[float, ...]:
    """One number along each of x, y and z."""
    values = check.sequence(name, value)
    if len(values) != 3:
        raise ValueError(f"{name} has {len(values)} entries, expected 3: along x, y and z")
    # + 0.0: minus zero is the same scanner as zero
    return tuple(check.number(f"{name}[{i}]", v, low=low, high=high, unit=unit) + 0.0 for i, v in enumerate(values))


def dividers(name: str, value: Any) -> tuple[int, ...]:
    """One divider of the base frequency along each of x, y and z."""
    values = check.sequence(name, value)
    if len(values) != 3:
        raise ValueError(f"{name} has {len(values)} entries, expected 3: along x, y and z")
    return tuple(check.integer(f"{name}[{i}]", v, low=1, high=2**31) for i, v in enumerate(values))


def samples_of(name: str, parts: list[int]) -> int:
    """Samples of a period at the base frequency: the least common multiple of the dividers."""
    samples = math.lcm(*parts)
    if samples > MAX_SAMPLES:
        raise ValueError(
            f"{name}={tuple(parts)} repeat after {samples:,} samples, the limit is {MAX_SAMPLES:,}: choose dividers"
            " with common factors"
        )
    return samples


def gradients(name: str, value: Any, samples: int | None = None) -> np.ndarray:
    """Gradient matrices that Maxwell's equations allow, float64[3, 3], or [samples, 3, 3] where ``samples`` says so."""
    array = check.finite(name, check.real_array(name, value)).astype(np.float64) + 0.0
    if array.shape == (3,):
        array = np.diag(array)
    several = "" if samples is None else f", or [{samples}, 3, 3], one for each sample of the drive field"
    if array.shape != (3, 3) and (samples is None or array.shape != (samples, 3, 3)):
        raise ValueError(f"{name} has shape {array.shape}: give three numbers, a symmetric 3 x 3 matrix{several}")
    largest = float(np.abs(array).max())
    if largest > LARGEST:
        raise ValueError(f"{name} contains {largest:g}, the limit is {LARGEST:g} T/m")
    skew = np.abs(array - array.swapaxes(-1, -2)).max()
    if skew > MAXWELL * largest + np.finfo(np.float64).tiny:
        raise ValueError(
            f"{name} is not symmetric (entries differ by {skew:g} T/m), so the field would have a curl: give a"
            " symmetric matrix"
        )
    traces = np.atleast_1d(np.trace(array, axis1=-2, axis2=-1))
    trace = traces[np.abs(traces).argmax()]
    if abs(trace) > MAXWELL * largest + np.finfo(np.float64).tiny:
        raise ValueError(
            f"{name} has trace {trace:g} T/m, so the field would have a source: let the diagonal add up to zero, as in"
            " (-1, -1, 2)"
        )
    return array


def as_gradient(matrix: np.ndarray) -> Gradient:
    """A gradient matrix as a field of a scanner: its diagonal where there is nothing else."""
    diagonal = np.diagonal(matrix)
    if (matrix == np.diag(diagonal)).all():
        return tuple(diagonal.tolist())
    return tuple(map(tuple, matrix.tolist()))


def channels_of(channels: Any, driven: list[bool]) -> tuple[str, ...]:
    """Receive channels by the names of their axes; the driven axes by default."""
    if channels is None:
        return tuple(axis for axis, yes in zip(AXES, driven, strict=True) if yes)
    if isinstance(channels, str):
        raise TypeError(f"channels must be a sequence such as ('x', 'y'), got {channels!r}")
    names = tuple(check.choice(f"channels[{i}]", c, AXES) for i, c in enumerate(check.sequence("channels", channels)))
    if not names or len(set(names)) < len(names):
        raise ValueError(f"channels={names}: give at least one of 'x', 'y', 'z', each once")
    return names
