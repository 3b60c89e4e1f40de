"""The arguments of `mpifast.Network` and its methods, checked."""

from __future__ import annotations

from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast._compiled.jit import thread_count
from mpifast.networks import fast
from mpifast.networks.checkpoint import Checkpoint
from mpifast.networks.rows import RowMatching, match, real_inputs, rows_of
from mpifast.networks.scaling import Scaling
from mpifast.networks.state import NetworkState
from mpifast.networks.training import Data, Pair, Plan
from mpifast.physics.array_system import as_system
from mpifast.physics.linear_system import LinearSystem

RECIPES = ("paper", "fast")
EPOCHS, LEARNING_RATE = 100, 0.5  # the paper's


def plan(
    epochs: Any, learning_rate: Any, batch_size: Any, shuffle: Any, recipe: Any, threads: Any, patience: Any = None
) -> Plan:
    """How to train, with the defaults of the recipe."""
    quick = check.choice("recipe", recipe, RECIPES) == "fast"
    if learning_rate is None:
        learning_rate = fast.rate if quick else LEARNING_RATE
    default = fast.EPOCHS if quick else EPOCHS
    return Plan(
        check.integer("epochs", default if epochs is None else epochs),
        learning_rate if callable(learning_rate) else check.learning_rate(learning_rate),
        check.integer("batch_size", batch_size, low=1),
        check.flag("shuffle", shuffle),
        thread_count(threads),
        extend=epochs is None,
        patience=None if patience is None else check.integer("patience", patience, low=1),
    )


def data(state: NetworkState, spectra: Any, phantoms: Any, validation: Any, patience: int | None = None) -> Data:
    """Training and validation samples in the network's type."""
    u, c = _pair(state, "spectra", spectra, "phantoms", phantoms)
    if validation is None:
        if patience is not None:
            raise ValueError(
                f"patience={patience} needs validation: give samples, or a fraction such as validation=0.1"
            )
        found = Data(u, c)
    elif isinstance(validation, (tuple, list)):
        if len(validation) != 2:
            raise TypeError(f"validation must be a pair (spectra, phantoms), got {len(validation)} values")
        found = Data(u, c, _pair(state, "validation[0]", validation[0], "validation[1]", validation[1]))
    else:
        count = held_out(validation, len(u))
        found = Data(u[:-count], c[:-count], (u[-count:], c[-count:]))
    return found


def held_out(fraction: Any, count: int) -> int:
    """How many of ``count`` samples a fraction of them is: at least one, and not all."""
    if isinstance(fraction, np.ndarray) or not hasattr(fraction, "__float__"):
        kind = type(fraction).__name__
        raise TypeError(f"validation must be a pair (spectra, phantoms), or a fraction of the samples, got {kind}")
    fraction = check.number("validation", fraction, low=0.0, high=1.0, strict=True)
    held = max(round(fraction * count), 1)
    if held >= count:
        raise ValueError(f"validation={fraction:g} leaves none of {count} samples to train with: give more samples")
    return held


def spectra(state: NetworkState, name: str, value: Any, empty: bool = False) -> np.ndarray:
    """Raw spectra [n, inputs] in the network's type, from real ones, or from complex ones if the rows are known."""
    made = state.architecture
    if np.iscomplexobj(value) and state.rows is not None and np.ndim(value) == 2:
        value = real_inputs(state.rows, np.asarray(value))
    array = check.matrix(name, value, made.units[0], what="inputs", empty=empty, check_finite=False)
    with np.errstate(over="ignore"):
        ready = np.ascontiguousarray(array, made.dtype)
    if not _small(ready, state.scaling):  # one pass clears ordinary spectra of all that the others look for
        _converted(name, check.finite(name, array), made.dtype)
        if state.scaling is not None:
            _check_scaled(name, ready, state.scaling)
    return ready


def _pair(state: NetworkState, name: str, value: Any, target_name: str, phantoms: Any) -> Pair:
    """Spectra in the network's type and as many targets, bytes or in that type."""
    u = spectra(state, name, value)
    c = check.matrix(target_name, phantoms, state.architecture.units[-1], what="outputs", rows=len(u))
    if c.dtype in (np.uint8, np.bool_):
        return u, np.ascontiguousarray(c, np.uint8)
    return u, _converted(target_name, c, state.architecture.dtype)


def _converted(name: str, array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """A checked array in the network's type, or an error if a number is too large for that."""
    with np.errstate(over="ignore"):
        converted = np.ascontiguousarray(array, dtype)
    if array.dtype != dtype and not np.isfinite(converted).all():
        cure = f"divide {name} by a constant, or make the network with dtype='float64'"
        raise ValueError(f"{_first(name, array, ~np.isfinite(converted))}, too large for {dtype.name}: {cure}")
    return converted


def _small(spectra: np.ndarray, scaling: Scaling | None) -> bool:
    """Whether spectra are finite, and certainly small enough to be scaled: no number is larger than the square root of
    the sum of all squares. Not by BLAS, whose threads would go on spinning beside those of the loops.
    """
    flat = spectra.reshape(-1)
    with np.errstate(over="ignore"):
        length = float(np.sqrt(np.einsum("i,i->", flat, flat)))
    offset, factor = (0.0, 1.0) if scaling is None else (abs(scaling.offset).max(), abs(scaling.factor).max())
    return bool((length + offset) * max(factor, 1.0) < 0.5 * np.finfo(spectra.dtype).max)


def _check_scaled(name: str, spectra: np.ndarray, scaling: Scaling) -> None:
    """An error if scaled spectra are too large for their type."""
    with np.errstate(over="ignore", invalid="ignore"):
        beyond = ~np.isfinite(scaling.apply(spectra))
    if beyond.any():
        raise ValueError(
            f"{_first(name, spectra, beyond)}, too large for {spectra.dtype.name} when it is scaled as the network "
            f"scales its inputs (times {abs(scaling.factor).max():.3g} at most): give spectra like those of the "
            "training set"
        )


def _first(name: str, array: np.ndarray, bad: np.ndarray) -> str:
    """The first bad number of an array with its place, as text."""
    where = tuple(int(i) for i in np.argwhere(bad)[0])
    return f"{name}{list(where)} = {array[where]:.6g}"


def checkpoint(path: Any, state: NetworkState, data: Data, plan: Plan, recipe: str) -> Checkpoint:
    """The checkpoint of a training; the fast recipe has none."""
    if recipe == "fast":
        raise ValueError(
            f"checkpoint={str(path)!r}: the fast recipe takes seconds and keeps none; leave it out, or use "
            "recipe='paper'"
        )
    facts = {
        "learning_rate": "function" if callable(plan.learning_rate) else plan.learning_rate,
        "batch_size": plan.batch_size,
        "shuffle": plan.shuffle,
        "validation": data.validation is not None,
        "early stopping": None if plan.patience is None else True,  # None: what is written before has no such fact
    }
    return Checkpoint(path, state, facts, [data.spectra, data.phantoms, *(data.validation or ())])


def system(value: Any) -> LinearSystem:
    """A linear system; a bare array becomes one."""
    return as_system("system", value)


def check_fingerprint(state: NetworkState, found: LinearSystem) -> None:
    """An error if the network is for another system, as far as both are known."""
    if state.system is not None and found.fingerprint is not None and state.system != found.fingerprint:
        raise ValueError(
            f"the network was trained for the system {state.system}, the spectra are of {found.fingerprint} "
            f"({found!r}): use the network of that system, or train one"
        )


def of_system(state: NetworkState, value: Any) -> NetworkState:
    """The state for the spectra of a system: with its fingerprint and rows, or an error if it is for another one."""
    if value is None:
        return state
    found = system(value)
    check_fingerprint(state, found)
    inputs, outputs = state.architecture.units[0], state.architecture.units[-1]
    if (len(found.equations), found.voxels) != (inputs, outputs):
        raise ValueError(
            f"the network is for {inputs} inputs and {outputs} voxels, system has {len(found.equations)} equations and "
            f"{found.voxels} voxels: make the network with mpifast.Network(system=system)"
        )
    return state.but(system=found.fingerprint, rows=rows_of(found))


def matching(state: NetworkState, found: LinearSystem) -> RowMatching:
    """The network's inputs among the equations of a system."""
    inputs, outputs = state.architecture.units[0], state.architecture.units[-1]
    if found.voxels != outputs:
        raise ValueError(f"the network is for {outputs} voxels, the system has {found.voxels}: use another network")
    if state.rows is not None:
        return match(state.rows, found.equations)
    if len(found.equations) != inputs:
        raise ValueError(
            f"the network is for {inputs} inputs, the system has {len(found.equations)} equations, and the network "
            "does not know its rows: train it with fit(..., system=system)"
        )
    return RowMatching(np.arange(inputs), inputs)


def fixed_scaling(scaling: Any, inputs: int) -> Scaling | None:
    """A scaling that needs no training set: a given one, or one that has nothing to measure."""
    if scaling in ("none", "sample"):
        return Scaling(scaling, np.zeros(inputs), np.ones(inputs))
    if isinstance(scaling, Scaling) and scaling.factor.shape != (inputs,):
        raise ValueError(f"scaling is for {len(scaling.factor)} inputs, the network has {inputs}")
    return scaling if isinstance(scaling, Scaling) else None
