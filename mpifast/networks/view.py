"""What a network tells of itself: its state, read-only, and how it is shown."""

from __future__ import annotations

from typing import Any

import numpy as np

from mpifast import _display
from mpifast._pictures import Pictures, thinned
from mpifast.networks.scaling import Scaling
from mpifast.networks.state import NetworkState
from mpifast.physics.fields.views import View, counted

LAYERS, DRAWN = 3, 2**22  # layers whose weights are pictures; weights of the largest network that has them


class StateView(_display.Shown):
    """Properties that are read from the state."""

    _state: NetworkState

    @property
    def state(self) -> NetworkState:
        """All that the network is now, in one record that never changes: training gives the network another one."""
        return self._state

    @property
    def units(self) -> tuple[int, ...]:
        """Inputs, hidden units of each layer, outputs."""
        return self._state.architecture.units

    @property
    def inputs(self) -> int:
        """Spectrum values a sample."""
        return self.units[0]

    @property
    def outputs(self) -> int:
        """Voxels an image."""
        return self.units[-1]

    @property
    def activations(self) -> tuple[str, ...]:
        """Of each layer, the outputs last."""
        return self._state.architecture.activations

    @property
    def scaling_mode(self) -> str:
        """How the inputs are scaled: one of `mpifast.networks.scaling.MODES`."""
        return self._state.architecture.scaling

    @property
    def scaling(self) -> Scaling | None:
        """Scaling of the inputs; None until the first training measures it."""
        return self._state.scaling

    @property
    def bias(self) -> bool:
        """Whether units have a bias."""
        return self._state.architecture.bias

    @property
    def dtype(self) -> np.dtype:
        """Type of weights and images."""
        return self._state.architecture.dtype

    @property
    def seed(self) -> int:
        """Seed of the initial weights and of shuffling."""
        return self._state.architecture.seed

    @property
    def weight_range(self) -> float:
        """Initial weights are uniform in +- this."""
        return self._state.architecture.weight_range

    @property
    def epochs_trained(self) -> int:
        """Epochs that the weights were trained for, in all calls of `fit`."""
        return self._state.epochs

    @property
    def system(self) -> str | None:
        """Fingerprint of the system that the network is for, if that is known."""
        return self._state.system

    @property
    def weights(self) -> list[np.ndarray]:
        """Weights of each layer, dtype[units, inputs], first layer first (copies)."""
        state = self._state
        return [parameters[:, : parameters.shape[1] - self.bias].copy() for parameters in state.parameters]

    @property
    def biases(self) -> list[np.ndarray]:
        """Bias of each layer, dtype[units] (copies); an empty list for a network without."""
        return [parameters[:, -1].copy() for parameters in self._state.parameters] if self.bias else []

    def __repr__(self) -> str:
        shape = " -> ".join(map(str, self.units))
        unusual = ["bias"] * self.bias + [self.dtype.name] * (self.dtype.name != "float32")
        facts = [
            shape,
            self._units,
            f"scaling={self.scaling_mode!r}",
            *unusual,
            f"{self.epochs_trained} epochs trained",
        ]
        return f"Network({', '.join(facts)})"

    def _heading(self) -> str:
        return "Network"

    def _facts(self) -> dict[str, Any]:
        count = self._count
        return {
            "units": " → ".join(map(str, self.units)),
            "activation": self._units,
            "bias": "yes" if self.bias else "no",
            "weights": f"{count:,}",
            "memory": _display.size(count * self.dtype.itemsize),
            "dtype": self.dtype.name,
            "scaling": self.scaling_mode + (" (not measured yet)" if self.scaling is None else ""),
            "system": self.system or "not known",
            "epochs trained": self.epochs_trained,
        }

    def _pictures(self) -> Pictures | None:
        """The weights of a trained network, from its inputs to its units."""
        if not self.epochs_trained or self._count > DRAWN:
            return None
        parameters = self._state.parameters[:LAYERS]
        weights = [thinned(layer[:, : layer.shape[1] - self.bias]) for layer in parameters]
        largest = max(float(abs(layer).max()) for layer in weights)
        layers = zip(parameters, weights, strict=True)
        pictures = [
            View(
                shown[::-1],
                counted("input" if number == 1 else "unit before", layer.shape[1] - self.bias),
                counted("voxel" if number == len(self._state.parameters) else "unit", len(layer), downwards=True),
                f"weights of layer {number}",
            )
            for number, (layer, shown) in enumerate(layers, start=1)
        ]
        return Pictures(pictures, -largest, largest, "weight", "RdBu_r")

    @property
    def _count(self) -> int:
        """Number of weights, biases included."""
        return sum(rows * columns for rows, columns in self._state.architecture.parameter_shapes)

    @property
    def _units(self) -> str:
        """Activations in short: once, if they are all the same."""
        return "/".join(self.activations if len(set(self.activations)) > 1 else self.activations[:1])
