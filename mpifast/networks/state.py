"""The state of a network: one immutable record that training, checkpoints, files and the fast recipe take and return.

A training makes a new state after each epoch, weights and history together. Whoever holds a state, or replaces one by
the next in a single assignment, has weights and history that agree, wherever Ctrl-C falls.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast._compiled.products import aligned_zeros, lanes, padded
from mpifast.networks._loops import layout
from mpifast.networks.history import Epoch, best_epoch
from mpifast.networks.scaling import MODES, Scaling

ACTIVATIONS = ("sigmoid", "linear")
MAX_UNITS = 65_536
MAX_BYTES = 2**32  # of weights


@dataclass(frozen=True)
class Architecture:
    """What a network is made with, checked.

    Attributes
    ----------
    units : tuple of int
        Inputs, hidden units, outputs.
    activations : tuple of str
        Of each layer, the outputs last.
    scaling : str
        Mode of the input scaling.
    bias : bool
        Whether units have a bias.
    dtype : dtype
        Of weights and images.
    seed : int
        Of the initial weights and of shuffling.
    weight_range : float
        Initial weights are uniform in +-``weight_range``.
    """

    units: tuple[int, ...]
    activations: tuple[str, ...]
    scaling: str
    bias: bool
    dtype: np.dtype
    seed: int
    weight_range: float

    @classmethod
    def checked(
        cls, sizes: dict[str, Any], activation: Any, scaling: Any, bias: Any, dtype: Any, seed: Any, weight_range: Any
    ) -> Architecture:
        """An architecture from a user's values; ``sizes`` are those of the layers by the names of the parameters."""
        made = cls(
            tuple(check.integer(name, size, low=1, high=MAX_UNITS) for name, size in sizes.items()),
            _activations(activation, len(sizes) - 1),
            check.choice("scaling", scaling, MODES),
            check.flag("bias", bias),
            check.float_dtype("dtype", dtype),
            check.seed("seed", seed),
            check.number("weight_range", weight_range, low=0.0, high=1e6),
        )
        size = math.prod(made.shape) * made.dtype.itemsize
        if size > MAX_BYTES:
            raise ValueError(
                f"a network of units {made.units} takes {size / 2**30:.0f} GiB, the limit is {MAX_BYTES >> 30}: "
                "use narrower layers"
            )
        return made

    @property
    def settings(self) -> dict[str, Any]:
        """The attributes as JSON has them."""
        return {
            "units": list(self.units),
            "activations": list(self.activations),
            "scaling": self.scaling,
            "bias": self.bias,
            "dtype": self.dtype.name,
            "seed": self.seed,
            "weight_range": self.weight_range,
        }

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of all weights as one block: each layer is padded to the widest."""
        depth, width = (
            padded(max(units) + self.bias, lanes(self.dtype)) for units in (self.units[:-1], self.units[1:])
        )
        return len(self.units) - 1, depth, width

    @property
    def parameter_shapes(self) -> list[tuple[int, int]]:
        """Of each layer's weights with the bias as last column: (units, inputs + bias)."""
        return [(units, before + self.bias) for before, units in zip(self.units[:-1], self.units[1:], strict=True)]

    def initial(self) -> list[np.ndarray]:
        """Random parameters of each layer, drawn from the seed."""
        random = np.random.Generator(np.random.Philox(self.seed))
        return [random.uniform(-self.weight_range, self.weight_range, shape) for shape in self.parameter_shapes]

    def block(self, parameters: list[np.ndarray]) -> np.ndarray:
        """Parameters of each layer as one padded block, as the loops want them."""
        weights = aligned_zeros(self.shape, self.dtype)
        for layer, array in enumerate(parameters):
            units, inputs = array.shape
            weights[layer, :inputs, :units] = array.T
        return weights

    def parameters(self, weights: np.ndarray) -> list[np.ndarray]:
        """The way back from `block` (copies)."""
        shapes = self.parameter_shapes
        return [weights[layer, :inputs, :units].T.copy() for layer, (units, inputs) in enumerate(shapes)]

    def net(self, weights: np.ndarray) -> layout.Net:
        """A padded block of weights with what the loops have to know of its layers."""
        linear = np.array([name == "linear" for name in self.activations])
        return layout.Net(weights, np.array(self.units, np.int64), linear, int(self.bias))


@dataclass(frozen=True, eq=False)
class NetworkState:
    """All that a network is: nothing here changes, a training makes a new state after each epoch.

    Attributes
    ----------
    architecture : Architecture
        What the network is made with.
    weights : ndarray
        dtype[layers, depth, width], padded: see `mpifast.networks._loops.layout`.
    scaling : Scaling or None
        Scaling of the inputs; None if the first training is to measure it.
    epochs : int
        Epochs that the weights were trained for, in all calls.
    records : tuple of Epoch
        The epochs of the last call of `fit`, or of the training that a checkpoint keeps.
    system : str or None
        Fingerprint of the system that the network is for.
    rows : ndarray or None
        What each input is: see `mpifast.networks.rows`.
    best : ndarray or None
        ``weights`` after the epoch with the least validation error of the records, in a training that stops early.
    """

    architecture: Architecture
    weights: np.ndarray
    scaling: Scaling | None = None
    epochs: int = 0
    records: tuple[Epoch, ...] = ()
    system: str | None = None
    rows: np.ndarray | None = None
    best: np.ndarray | None = None

    @classmethod
    def made(cls, architecture: Architecture, parameters: list[np.ndarray] | None = None, **facts: Any) -> NetworkState:
        """A state with these parameters, each layer's weights with the bias as last column; random ones by default."""
        parameters = architecture.initial() if parameters is None else parameters
        return cls(architecture, architecture.block(parameters), **facts)

    def but(self, **changes: Any) -> NetworkState:
        """The same state with other values of some attributes."""
        return replace(self, **changes)

    @property
    def net(self) -> layout.Net:
        """The layers as the loops want them."""
        return self.architecture.net(self.weights)

    def at_best(self) -> NetworkState:
        """The state with the best weights, if it has them; the records stay."""
        place = best_epoch(self.records)
        if self.best is None or place is None:
            return self
        return self.but(weights=self.best, epochs=self.epochs - (len(self.records) - 1 - place), best=None)

    @property
    def parameters(self) -> list[np.ndarray]:
        """Weights of each layer, with the bias as last column: dtype[units, inputs + bias] (copies)."""
        return self.architecture.parameters(self.weights)

    @property
    def untouched(self) -> bool:
        """Whether the weights are the random ones of the seed: neither trained nor given."""
        return self.epochs == 0 and np.array_equal(self.weights, self.architecture.block(self.architecture.initial()))

    def measured_scaling(self) -> Scaling:
        """The scaling, or an error if it has not been measured."""
        if self.scaling is None:
            raise ValueError(
                f"the network has not been trained, and its scaling {self.architecture.scaling!r} is measured on the "
                "training set: call fit first"
            )
        return self.scaling

    def samples(self, spectra: np.ndarray, targets: np.ndarray) -> layout.TrainingSet:
        """Checked spectra, with the scaling that the loops apply to them, and their targets."""
        scaling, dtype = self.measured_scaling(), self.architecture.dtype
        offset, factor, gain = (
            array.astype(dtype) for array in (scaling.offset, scaling.factor, scaling.gain(spectra))
        )
        return layout.TrainingSet(spectra, offset, factor, gain, targets)


def _activations(activation: Any, layers: int) -> tuple[str, ...]:
    names = [activation] * layers if isinstance(activation, str) else check.sequence("activation", activation)
    if len(names) != layers:
        raise ValueError(f"activation has {len(names)} entries, expected {layers}: one a layer, the outputs last")
    return tuple(check.choice("activation", name, ACTIVATIONS) for name in names)
