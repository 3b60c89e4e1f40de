"""Every check of type, shape, range and finiteness. Public functions call these once; kernels trust what they are
given.

Each error names the parameter, the value and the cure. No function here modifies its argument.
"""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

DTYPES = ("float32", "float64")


def number(
    name: str, value: Any, *, low: float = -math.inf, high: float = math.inf, unit: str = "", strict: bool = False
) -> float:
    """A finite real number in [low, high], or in the open interval when ``strict``."""
    if isinstance(value, (str, bytes, bool, np.bool_)):
        raise TypeError(f"{name} must be a number{unit and f' in {unit}'}, got {value!r}")
    try:
        if getattr(value, "ndim", 0) > 0:
            raise TypeError("an array")
        result = float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise TypeError(f"{name} must be a real number{unit and f' in {unit}'}, got {brief(value)}") from error
    inside = low < result < high if strict else low <= result <= high
    if not math.isfinite(result) or not inside:
        raise ValueError(f"{name}={value!r} is out of range: {_interval(low, high, strict)}{unit and f' {unit}'}")
    return result


def positive(name: str, value: Any, unit: str = "") -> float:
    """A finite number above zero."""
    return number(name, value, low=0.0, unit=unit, strict=True)


def learning_rate(value: Any) -> float:
    """A rate that float32 can hold."""
    return number("learning_rate", value, low=0.0, high=1e30, strict=True)


def integer(name: str, value: Any, *, low: int = 0, high: int | None = None) -> int:
    """A whole number in [low, high]; floats are refused even when whole."""
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    try:
        result = operator.index(value)
    except TypeError as error:
        raise TypeError(f"{name} must be an integer, got {brief(value)}; convert it with int()") from error
    if result < low or (high is not None and result > high):
        bound = f"at least {low}" if high is None else f"from {low} to {high}"
        raise ValueError(f"{name}={result} is out of range: give an integer {bound}")
    return result


def flag(name: str, value: Any) -> bool:
    """True or False, and nothing that only looks like it."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {brief(value)}")
    return bool(value)


def choice(name: str, value: Any, options: Collection[str]) -> str:
    """One of the named options."""
    if not isinstance(value, str) or value not in options:
        raise ValueError(f"{name}={value!r} is unknown: choose one of {', '.join(map(repr, options))}")
    return value


def sequence(name: str, value: Any) -> list[Any]:
    """The entries of a list, tuple or array."""
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        raise TypeError(f"{name} must be a sequence, got {brief(value)}")
    return list(value)


def instance(name: str, value: Any, kind: type) -> Any:
    """An object of the given class."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be a mpifast.{kind.__name__}, got {brief(value)}")
    return value


def path(name: str, value: Any) -> Path:
    """The name of a file."""
    if not isinstance(value, (str, os.PathLike)) or not str(value):
        raise TypeError(f"{name} must be a file name, got {brief(value)}")
    return Path(value)


def float_dtype(name: str, value: Any, names: tuple[str, str] = DTYPES) -> np.dtype:
    """float32 or float64, or another pair of types, however spelled."""
    try:
        dtype = np.dtype(value)
    except TypeError as error:
        raise TypeError(f"{name}={value!r} is not a dtype: use {names[0]!r} or {names[1]!r}") from error
    if dtype.name not in names:
        raise ValueError(f"{name}={dtype.name!r} is not supported: use {names[0]!r} or {names[1]!r}")
    return dtype.newbyteorder("=")


def seed(name: str, value: Any) -> int:
    """A non-negative integer seed: unlike NumPy's None, it always reproduces."""
    return integer(name, value, low=0, high=2**128 - 1)


def number_array(name: str, value: Any) -> np.ndarray:
    """Real or complex numbers as an ndarray."""
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array: fill it first, e.g. {name}.filled(0)")
    try:
        array = np.asarray(value)
    except ValueError as error:  # ragged nested lists
        raise TypeError(f"{name} must be an array of numbers: {error}") from error
    return array if array.dtype.kind == "c" else real_array(name, array)


def real_array(name: str, value: Any) -> np.ndarray:
    """Booleans, integers or floats as an ndarray (masked arrays are refused: their masks would be ignored)."""
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array: fill it first, e.g. {name}.filled(0)")
    try:
        array = np.asarray(value)
    except ValueError as error:  # ragged nested lists
        raise TypeError(f"{name} must be an array of real numbers: {error}") from error
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
    return array


def indices(name: str, value: Any, length: int) -> np.ndarray:
    """One number or a vector of them in a sequence of ``length``; negative ones count from its end, as in a list."""
    array = np.asarray(value)
    if array.ndim > 1 or (array.size and array.dtype.kind not in "iu"):
        raise TypeError(f"{name} must be an integer or one-dimensional and of integers, got {brief(value)}")
    outside = np.atleast_1d(array)[np.atleast_1d((array < -length) | (array >= length))]
    if outside.size:
        raise IndexError(f"{name}={outside[0]} is out of range: there are {length}, counted from 0")
    return array.astype(np.int64) % length if length else array.astype(np.int64)


def matrix(
    name: str,
    value: Any,
    columns: int | None = None,
    *,
    what: str = "columns",
    rows: int | None = None,
    empty: bool = False,
    complex_too: bool = False,
    check_finite: bool = True,
) -> np.ndarray:
    """A finite matrix [n, columns]. ``what`` names the columns in the error; one vector is not promoted silently."""
    array = number_array(name, value) if complex_too else real_array(name, value)
    if array.ndim != 2:
        raise ValueError(
            f"{name} must have two dimensions [n, {what}], got shape {array.shape}; a single one is {name}[None, :]"
        )
    if columns is not None and array.shape[1] != columns:
        raise ValueError(f"{name} has {array.shape[1]} {what}, expected {columns}")
    if rows is not None and array.shape[0] != rows:
        raise ValueError(f"{name} has {array.shape[0]} rows, expected {rows}: one per sample")
    if not empty and array.size == 0:
        raise ValueError(f"{name} is empty (shape {array.shape}): give at least one row and one column")
    return finite(name, array) if check_finite else array


def per_row(name: str, value: Any, rows: int, *, low: float = -math.inf, strict: bool = False) -> np.ndarray:
    """One finite number of at least ``low`` for all rows, or a vector with one for each: float64[rows]."""
    if np.ndim(value) == 0:
        return np.full(rows, number(name, value, low=low, strict=strict))
    array = real_array(name, value)
    if array.shape != (rows,):
        raise ValueError(f"{name} has shape {array.shape}, expected ({rows},): give one number, or one for each row")
    for bad in array[~((array > low) if strict else (array >= low)) | ~np.isfinite(array)][:1]:
        raise ValueError(f"{name} contains {bad}: {_interval(low, math.inf, strict)}")
    return array.astype(np.float64)


def finite(name: str, array: np.ndarray) -> np.ndarray:
    """An array without NaN or infinity."""
    if array.dtype.kind not in "fc":
        return array
    with np.errstate(over="ignore", invalid="ignore"):
        total = array.sum()  # of large arrays the sum is quicker than a flag for each number
    if not np.isfinite(total) and not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(
            f"{name} is not finite: {name}{list(where)} = {array[where]}; remove or replace NaN and infinity"
        )
    return array


def on_grid(name: str, value: Any, shape: tuple[int, ...]) -> np.ndarray:
    """One image or several, flat [n, voxels] or on a grid [n, *shape], as finite real numbers [n, *shape]."""
    array, voxels, axes = real_array(name, value), math.prod(shape), len(shape)
    flat = array.ndim in (1, 2) and array.shape[-1] == voxels
    if not array.size or not (flat or (array.ndim in (axes, axes + 1) and array.shape[-axes:] == shape)):
        forms = dict.fromkeys([f"[n, {voxels}]", f"[n, {', '.join(map(str, shape))}]"])
        raise ValueError(f"{name} has shape {np.shape(value)}: give one image or several, {' or '.join(forms)}")
    return finite(name, array.reshape(-1, *shape))


def _interval(low: float, high: float, strict: bool) -> str:
    if high == math.inf and low == -math.inf:
        return "give a finite number"
    if high == math.inf:
        return f"give a finite number {'above' if strict else 'of at least'} {low:g}"
    return f"give a number {'strictly ' if strict else ''}between {low:g} and {high:g}"


def brief(value: Any) -> str:
    """A value as an error shows it: shortened, with its type."""
    text = repr(value)
    return f"{text if len(text) <= 60 else text[:57] + '...'} ({type(value).__name__})"
