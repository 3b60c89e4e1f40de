"""Arguments that generators share: the grid, numbers of shapes, ranges of lengths."""

from __future__ import annotations

from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.physics.fields.grid import Grid

MOST = 1000  # shapes of a phantom

Range = tuple[float, float]


def grid_of(value: Any) -> Grid:
    """A grid."""
    return check.instance("grid", value, Grid)


def counts(name: str, value: Any) -> tuple[int, int]:
    """How many shapes: a number, or the least and the most."""
    pair = [value, value] if np.ndim(value) == 0 else check.sequence(name, value)
    if len(pair) != 2:
        raise ValueError(f"{name}={value!r}: give a number, or the least and the most as a pair")
    low = check.integer(name if pair[0] is value else f"{name}[0]", pair[0], low=1, high=MOST)
    return low, check.integer(name if pair[0] is value else f"{name}[1]", pair[1], low=low, high=MOST)


def lengths(name: str, value: Any, grid: Grid, default: Range, *, zero: bool = False) -> Range:
    """A range of lengths in metres: one length, or the shortest and the longest; by default parts of the shortest field
    of view.
    """
    if value is None:
        return default[0] * min(grid.field_of_view), default[1] * min(grid.field_of_view)
    return numbers(name, value, high=max(grid.field_of_view), unit="m", zero=zero)


def numbers(name: str, value: Any, high: float, unit: str = "", zero: bool = False) -> Range:
    """A range of positive numbers: one number, or the smallest and the largest."""
    pair = [value, value] if np.ndim(value) == 0 else check.sequence(name, value)
    if len(pair) != 2:
        raise ValueError(f"{name}={value!r}: give a number, or the smallest and the largest as a pair")
    least = 0.0 if zero else 1e-12
    first = check.number(name if pair[0] is value else f"{name}[0]", pair[0], low=least, high=high, unit=unit)
    return first, check.number(name if pair[0] is value else f"{name}[1]", pair[1], low=first, high=high, unit=unit)


def between(uniform: np.ndarray, low: Any, high: Any) -> np.ndarray:
    """Random numbers from low to high."""
    return low + uniform * (high - low)


def chosen(uniform: np.ndarray, count: tuple[int, int], most: int) -> np.ndarray:
    """Which of ``most`` shapes a phantom has, bool[n, most]: the first ones, as many as the random number says."""
    low, high = count
    number = low + np.minimum((uniform * (high - low + 1)).astype(np.int64), high - low)
    return np.arange(most) < number[:, None]
