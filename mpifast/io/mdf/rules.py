"""What values the datasets of an MDF file may have: a rule of the table gives (what is wrong, the cure), or nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np

from mpifast.io.mdf.format import ORDERS, TRANSFORMATIONS, WAVEFORMS, Field

BLOCK = 2**22  # elements looked at together: the data may be larger than memory
WITHOUT_GRADIENT = ("FFL", "MPS")  # along an axis, or at all
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?")
Failure = tuple[str, str]


def check(rule: str, value: Any) -> Iterator[Failure]:
    """Failures of a value of the right type and shape; ``value`` may be an array that is read in slices."""
    if rule == "finite":
        return _finite(value)
    return _RULES[rule](value) if rule else iter(())


def _each(name: str, good: Callable[[str], bool], cure: str) -> Callable[[Any], Iterator[Failure]]:
    """A rule for texts, one or an array of them."""

    def rule(value: Any) -> Iterator[Failure]:
        texts = [value] if isinstance(value, str) else np.ravel(value).tolist()
        for text in [text for text in texts if not good(text)][:1]:
            yield f"{text[:60]!r} is not {name}", cure

    return rule


def _numbers(name: str, good: Callable[[np.ndarray], np.ndarray], cure: str) -> Callable[[Any], Iterator[Failure]]:
    """A rule for numbers, one or an array of them."""

    def rule(value: Any) -> Iterator[Failure]:
        array = np.ravel(value)
        for number in array[~good(array)][:1]:
            yield f"{number} is not {name}", cure

    return rule


def _finite(value: Any) -> Iterator[Failure]:
    if np.ndim(value) == 0 and not hasattr(value, "shape"):
        value = np.array([value])
    if not all(np.isfinite(value[block]).all() for block in _blocks(value.shape)):
        yield "it has NaN or infinity", "replace them, or leave the frames out"


def _blocks(shape: tuple[int, ...]) -> Iterator[tuple[Any, ...]]:
    """Slices of at most `BLOCK` elements that cover an array, along its first axis that has to be cut."""
    inner = [int(np.prod(shape[axis + 1 :])) for axis in range(len(shape))]
    cut = next((axis for axis, size in enumerate(inner) if size <= BLOCK), len(shape) - 1)
    step = max(1, BLOCK // max(1, inner[cut]))
    for outer in np.ndindex(shape[:cut]):
        for start in range(0, shape[cut], step):
            yield (*outer, slice(start, start + step))


def rule_of(field: Field, topology: Any) -> str:
    """The rule of a dataset in a file of this topology: a field-free line has a direction without gradient."""
    excused = field.rule == "diagonal" and isinstance(topology, str) and topology in WITHOUT_GRADIENT
    return "finite" if excused else field.rule


def _diagonal(value: np.ndarray) -> Iterator[Failure]:
    yield from _finite(value)
    if (np.diagonal(value, axis1=-2, axis2=-1) == 0.0).any():
        yield (
            "a zero on the diagonal makes MPIReco.jl divide by it",
            "write the selection field's gradient along all three axes",
        )


def _permutation(value: np.ndarray) -> Iterator[Failure]:
    if not np.array_equal(np.sort(value), np.arange(1, value.size + 1)):
        yield f"not a permutation of 1 to {value.size}", "count frames from 1, each once"


def _indices(value: np.ndarray) -> Iterator[Failure]:
    if (value < 1).any() or np.unique(value).size != value.size:
        yield "not a selection of frequencies counted from 1, each once", "add 1 to indices that count from 0"


def _version(text: str) -> bool:
    return re.fullmatch(r"\d+(\.\d+){1,2}", text) is not None and int(text.split(".")[0]) >= 2


def _time(text: str) -> bool:
    try:
        return TIME.fullmatch(text) is not None and bool(datetime.fromisoformat(text))
    except ValueError:
        return False


def _uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


_RULES: dict[str, Callable[[Any], Iterator[Failure]]] = {
    "version": _each("a version from 2 on", _version, 'write "2.1.0"'),
    "time": _each(
        "a time that Julia reads",
        _time,
        "write UTC as 2024-05-01T12:00:00.000: at most three decimals, no Z, no offset",
    ),
    "uuid": _each("a UUID in its canonical form", _uuid, "write 32 hexadecimal digits as 8-4-4-4-12"),
    "order": _each("an order of the axes", ORDERS.__contains__, f"write one of {', '.join(ORDERS)}"),
    "waveform": _each("a waveform", WAVEFORMS.__contains__, f"write one of {', '.join(WAVEFORMS)}"),
    "transformation": _each(
        "a transformation of the format", TRANSFORMATIONS.__contains__, f"write one of {', '.join(TRANSFORMATIONS)}"
    ),
    "flag": _numbers("0 or 1", lambda array: (array == 0) | (array == 1), "write int8 0 or 1"),
    "positive": _numbers("above zero", lambda array: (array > 0) & (array < np.inf), "write a positive, finite number"),
    "snr": _numbers("a ratio", lambda array: (array >= 0) & (array < np.inf), "write finite numbers of at least 0"),
    "phase": _numbers(
        "in [-pi, pi)", lambda array: (array >= -np.pi) & (array < np.pi), "write radians from -pi to below pi"
    ),
    "diagonal": _diagonal,
    "permutation": _permutation,
    "indices": _indices,
}
