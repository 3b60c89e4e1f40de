"""Anybody's phantom generators, behind a check of what they give."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.data.phantoms.generator import Generator, digest
from mpifast.physics.fields.grid import Grid
from mpifast.physics.linear_system import LinearSystem

TRIED = 8  # samples, with seed 0: they tell types and functions apart
NEEDED = ("grid", "binary", "settings", "draw")
SAME_PLACE = 1e-6  # parts of a voxel


@dataclass(frozen=True)
class Own:
    """A generator whose every draw is checked: shape, type, values.

    Attributes
    ----------
    name : str
        Function or class.
    voxels : int
        Voxels of the system.
    binary : bool
        Whether phantoms are uint8, zeros and ones, or float32.
    settings : dict
        What goes into fingerprints, a digest of the first phantoms included.
    """

    name: str
    voxels: int
    binary: bool
    settings: dict[str, Any] = field(hash=False)
    call: Callable[[int, np.ndarray], Any] = field(repr=False, compare=False)

    @property
    def dtype(self) -> np.dtype:
        """Type of the phantoms: uint8 or float32."""
        return np.dtype(np.uint8 if self.binary else np.float32)

    def draw(self, seed: int, samples: np.ndarray, threads: int | None = None) -> np.ndarray:
        """Phantoms of sample numbers int64[n], checked: uint8 or float32[n, voxels]."""
        phantoms = _checked(self.name, self.call(seed, samples.copy()), len(samples), self.voxels)
        if (phantoms.dtype == np.uint8) != self.binary:
            raise TypeError(
                f"phantoms: {self.name} gave dtype {phantoms.dtype}, expected {self.dtype}: always give the same"
            )
        return phantoms


def as_generator(phantoms: Any, system: LinearSystem) -> Generator | Own:
    """The generator of the phantoms of a system: one of `mpifast.phantoms`, an object like it, or a function.

    Raises
    ------
    TypeError, ValueError
        If it is something else, is of another grid, or gives other things than phantoms.
    """
    if isinstance(phantoms, Generator):
        _check_grid(phantoms.grid, system)
        return phantoms
    if callable(getattr(phantoms, "draw", None)):
        missing = [name for name in NEEDED if not hasattr(phantoms, name)]
        if missing:
            raise TypeError(f"phantoms has no attribute {missing[0]!r}: a generator needs {', '.join(NEEDED)}")
        name, call = type(phantoms).__qualname__, phantoms.draw
        if phantoms.grid is not None:
            _check_grid(check.instance("phantoms.grid", phantoms.grid, Grid), system)
        try:
            settings = json.loads(json.dumps(check.instance("phantoms.settings", phantoms.settings, dict)))
        except (TypeError, ValueError) as error:
            raise TypeError(f"phantoms.settings must be a dict of what JSON has ({error})") from error
        binary: bool | None = check.flag("phantoms.binary", phantoms.binary)
    elif callable(phantoms):
        name, call, settings, binary = (
            getattr(phantoms, "__qualname__", type(phantoms).__qualname__),
            phantoms,
            {},
            None,
        )
    else:
        raise TypeError(
            "phantoms must be a generator from mpifast.phantoms, an object like it or a function f(seed, samples), got "
            f"{check.brief(phantoms)}"
        )
    first = _checked(name, call(0, np.arange(TRIED)), TRIED, system.voxels)
    binary = first.dtype == np.uint8 if binary is None else binary
    facts = {"name": name, "binary": bool(binary), **settings, "digest": digest(first)}
    own = Own(name, system.voxels, bool(binary), facts, call)
    again = own.draw(0, np.array([TRIED - 1, 2]))
    if not np.array_equal(again, first[[TRIED - 1, 2]]):
        raise ValueError(
            f"phantoms: {name} gives other phantoms for the same samples: make them from seed and sample number alone, "
            "such as np.random.default_rng((seed, sample)) for each sample"
        )
    return own


def _check_grid(grid: Grid, system: LinearSystem) -> None:
    """An error unless the voxels are those of the system."""
    if grid.voxels != system.voxels:
        raise ValueError(
            f"phantoms has {grid.voxels:,} voxels (shape {grid.shape}), the system {system.voxels:,}: make the "
            "generator with system.grid"
        )
    other = system.grid
    if other is None or grid == other:
        return
    near = grid.shape == other.shape and all(
        np.allclose(mine, theirs, rtol=0.0, atol=SAME_PLACE * spacing)
        for mine, theirs, spacing in zip(grid.axes, other.axes, other.spacing, strict=True)
    )
    if not near:
        raise ValueError(f"phantoms are on {grid}, the system is on {other}: make the generator with system.grid")


def _checked(name: str, value: Any, count: int, voxels: int) -> np.ndarray:
    """Phantoms uint8 or float32[n, voxels] as somebody's generator gave them."""
    phantoms = check.real_array(f"phantoms: the result of {name}", value)
    if phantoms.shape != (count, voxels):
        raise ValueError(
            f"phantoms: {name} gave shape {phantoms.shape} for {count} samples, expected {(count, voxels)}: [n, voxels]"
        )
    if phantoms.dtype in (np.bool_, np.uint8):
        phantoms = phantoms.astype(np.uint8)
        if phantoms.max(initial=0) > 1:
            raise ValueError(f"phantoms: {name} gave bytes up to {phantoms.max()}: give zeros and ones, or floats")
        return phantoms
    if phantoms.dtype.kind != "f":
        raise TypeError(f"phantoms: {name} gave dtype {phantoms.dtype}: give uint8 (zeros and ones) or float32")
    check.finite(f"phantoms of {name}", phantoms)
    if phantoms.min(initial=0.0) < 0.0:
        raise ValueError(
            f"phantoms: {name} gave a concentration of {phantoms.min():g}: concentrations are not negative"
        )
    with np.errstate(over="ignore"):
        return check.finite(f"phantoms of {name} as float32", phantoms.astype(np.float32))
