"""Networks as PyTorch modules and back."""

from __future__ import annotations

import itertools

import numpy as np
import torch

from mpifast import _validation as check
from mpifast.networks.network import Network
from mpifast.networks.scaling import SMALLEST, Scaling
from mpifast.networks.state import NetworkState

SYSTEM = "mpifast_system"  # attribute of a module: fingerprint and rows of the system that its network is for
LAYERS = "an InputScaling or none, then Linear layers, each followed by Sigmoid, Identity or nothing"


class InputScaling(torch.nn.Module):
    """The scaling of a network's inputs as a layer: x = (u - offset) * factor * gain(u), without trainable parameters.

    Parameters
    ----------
    scaling : mpifast.networks.scaling.Scaling
        Of a training set, from ``Scaling.measure(mode, u)`` or a trained network's ``scaling``.
    dtype : torch.dtype, optional
        Type of its results, whatever that of the spectra.

    Raises
    ------
    TypeError
        If ``scaling`` is not a `Scaling`.

    Examples
    --------
    >>> import torch
    >>> from mpifast.networks.scaling import Scaling
    >>> from mpifast.io.torch import InputScaling
    >>> u = torch.tensor([[1.0, -4.0], [2.0, 3.0]])
    >>> InputScaling(Scaling.measure("harmonic", u.numpy()))(u)
    tensor([[ 0.5000, -1.0000],
            [ 1.0000,  0.7500]])
    """

    offset: torch.Tensor
    factor: torch.Tensor

    def __init__(self, scaling: Scaling, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.mode = check.instance("scaling", scaling, Scaling).mode
        self.register_buffer("offset", torch.tensor(scaling.offset, dtype=dtype))
        self.register_buffer("factor", torch.tensor(scaling.factor, dtype=dtype))

    def forward(self, spectra: torch.Tensor) -> torch.Tensor:
        """Scaled spectra [n, inputs]."""
        u = spectra.to(self.offset.dtype)
        x = (u - self.offset) * self.factor
        if self.mode != "sample":
            return x
        largest = u.abs().amax(-1, keepdim=True)
        usable = largest > SMALLEST
        return x * torch.where(usable, 1.0 / torch.where(usable, largest, 1.0), 0.0)

    def extra_repr(self) -> str:
        """What ``print`` shows in brackets."""
        return f"{len(self.offset)}, mode={self.mode!r}"


def to_torch(network: Network) -> torch.nn.Sequential:
    """A copy of a network as a PyTorch module, which takes raw spectra and can be trained on.

    Parameters
    ----------
    network : Network
        Trained, or with a scaling that needs no training set.

    Returns
    -------
    torch.nn.Sequential
        `InputScaling`, then `torch.nn.Linear` and `torch.nn.Sigmoid` layers of the network's type, on the CPU.

    Raises
    ------
    TypeError, ValueError
        If ``network`` is not a `Network`, or its scaling has not been measured.

    Examples
    --------
    >>> import mpifast
    >>> from mpifast.io.torch import from_torch, to_torch
    >>> to_torch(mpifast.Network(inputs=200, outputs=129, hidden=40, scaling="sample"))
    Sequential(
      (0): InputScaling(200, mode='sample')
      (1): Linear(in_features=200, out_features=40, bias=False)
      (2): Sigmoid()
      (3): Linear(in_features=40, out_features=129, bias=False)
      (4): Sigmoid()
    )
    """
    scaling = check.instance("network", network, Network).state.measured_scaling()
    dtype = getattr(torch, network.dtype.name)
    layers: list[torch.nn.Module] = [InputScaling(scaling, dtype)]
    for i, (weights, activation) in enumerate(zip(network.weights, network.activations, strict=True)):
        linear = torch.nn.Linear(
            weights.shape[1], weights.shape[0], network.bias, device="meta", dtype=dtype
        )  # the parameters follow
        linear.weight = torch.nn.Parameter(torch.from_numpy(weights))
        if network.bias:
            linear.bias = torch.nn.Parameter(torch.from_numpy(network.biases[i]))
        layers += [linear] if activation == "linear" else [linear, torch.nn.Sigmoid()]
    module = torch.nn.Sequential(*layers)
    setattr(module, SYSTEM, (network.system, network.state.rows))
    return module


def from_torch(module: torch.nn.Module) -> Network:
    """A copy of a PyTorch module as a network.

    Parameters
    ----------
    module : torch.nn.Sequential
        As from `to_torch`: an `InputScaling` or none, then `torch.nn.Linear` layers, each followed by
        `torch.nn.Sigmoid`, `torch.nn.Identity` or nothing; all of one type, float32 or float64, and all with a bias or
        all without; on any device.

    Returns
    -------
    Network
        Its images are those of ``module``; ``scaling="none"`` if that has none. A module of `to_torch` keeps the
        fingerprint of the system and what the network's rows are, also when it is copied. A ``state_dict`` holds
        scaling and weights alone; `Network.save` keeps everything.

    Raises
    ------
    TypeError, ValueError
        If the module has other layers, or weights that do not fit together or are not finite.

    Examples
    --------
    >>> import mpifast, torch
    >>> from mpifast.io.torch import from_torch
    >>> from_torch(torch.nn.Sequential(torch.nn.Linear(200, 129), torch.nn.Sigmoid()))
    Network(200 -> 129, sigmoid, scaling='none', bias, 0 epochs trained)
    """
    if not isinstance(module, torch.nn.Sequential):
        raise TypeError(f"module must be a torch.nn.Sequential, got {type(module).__name__}: give {LAYERS}")
    layers = list(module)
    scaling: Scaling | str = "none"
    if layers and isinstance(layers[0], InputScaling):
        scaling = Scaling(
            layers[0].mode, _array(layers[0].offset).astype(np.float64), _array(layers[0].factor).astype(np.float64)
        )
        del layers[0]
    linears: list[torch.nn.Linear] = []
    activations: list[str] = []
    for before, layer in zip([None, *layers], layers, strict=False):
        if isinstance(layer, torch.nn.Linear):
            linears.append(layer)
            activations.append("linear")
        elif isinstance(before, torch.nn.Linear) and isinstance(layer, torch.nn.Sigmoid):
            activations[-1] = "sigmoid"
        elif not (isinstance(before, torch.nn.Linear) and isinstance(layer, torch.nn.Identity)):
            raise TypeError(f"module has the layer {layer} where a Network cannot have it: give {LAYERS}")
    if not linears:
        raise ValueError(f"module has no Linear layer: give {LAYERS}")
    first, last = linears[0], linears[-1]
    if len({linear.bias is None for linear in linears}) > 1:
        raise ValueError("module has Linear layers with and without bias: give all of them one, or none")
    if len({linear.weight.dtype for linear in linears}) > 1:
        types = sorted({str(linear.weight.dtype) for linear in linears})
        raise ValueError(f"module has Linear layers of types {', '.join(types)}: use one")
    for one, following in itertools.pairwise(linears):
        if one.out_features != following.in_features:
            raise ValueError(
                f"module has a layer of {one.out_features} outputs before one of {following.in_features} inputs: they "
                "must be equal"
            )
    network = Network(
        inputs=first.in_features,
        outputs=last.out_features,
        hidden=[linear.out_features for linear in linears[:-1]],
        activation=activations,
        scaling=scaling,
        bias=first.bias is not None,
        dtype=str(first.weight.dtype).removeprefix("torch."),
    )
    parameters = [_parameters(linear, f"module[{i}]") for i, linear in enumerate(linears)]
    state = NetworkState.made(network.state.architecture, parameters, scaling=network.scaling)
    system, rows = getattr(module, SYSTEM, (None, None))
    return Network.from_state(state.but(system=system, rows=rows))


def _parameters(linear: torch.nn.Linear, name: str) -> np.ndarray:
    """Weights and, as last column, biases: [units, inputs + bias]."""
    columns = [_array(linear.weight)] + ([] if linear.bias is None else [_array(linear.bias)[:, None]])
    return check.finite(name, np.hstack(columns))


def _array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy()
