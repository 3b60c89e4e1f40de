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


def plan(epochs: Any, learning_rate: Any, batch_size: Any, shuffle: Any, recipe: Any, threads: Any) -> Plan:
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
    )


def data(state: NetworkState, spectra: Any, phantoms: Any, validation: Any) -> Data:
    """Training and validation samples in the network's type."""
    u, c = _pair(state, "spectra", spectra, "phantoms", phantoms)
    if validation is None:
        return Data(u, c)
    if not isinstance(validation, (tuple, list)) or len(validation) != 2:
        raise TypeError(f"validation must be a pair (spectra, phantoms), got {type(validation).__name__}")
    return Data(u, c, _pair(state, "validation[0]", validation[0], "validation[1]", validation[1]))


def spectra(state: NetworkState, name: str, value: Any, empty: bool = False) -> np.ndarray:
    """Raw spectra [n, inputs] in the network's type, from real ones, or from complex ones if the rows are known."""
    made = state.architecture
    if np.iscomplexobj(value) and state.rows is not None and np.ndim(value) == 2:
        value = real_inputs(state.rows, np.asarray(value))
    return _converted(name, check.matrix(name, value, made.units[0], what="inputs", empty=empty), made.dtype)


def _pair(state: NetworkState, name: str, value: Any, target_name: str, phantoms: Any) -> Pair:
    """Spectra in the network's type and as many targets, bytes or in that type."""
    u = spectra(state, name, value)
    c = check.matrix(target_name, phantoms, state.architecture.units[-1], what="outputs", rows=len(u))
    if c.dtype in (np.uint8, np.bool_):
        return u, np.ascontiguousarray(c, np.uint8)
    return u, _converted(target_name, c, state.architecture.dtype)


def _converted(name: str, array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """A checked array in the network's type; what overflows float32 is not finite, and named."""
    with np.errstate(over="ignore"):
        converted = np.ascontiguousarray(array, dtype)
    return converted if array.dtype == dtype else check.finite(name, converted)


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
