"""PyTorch: spectra as data sets, systems as differentiable operators, networks as modules and back.

The extra ``torch`` installs what it needs: ``python -m pip install "mpifast[torch]"``.
"""

from __future__ import annotations

try:
    import torch as _torch  # noqa: F401  (PyTorch itself: imports are absolute)
except ModuleNotFoundError as error:
    raise ModuleNotFoundError('mpifast.io.torch needs PyTorch: python -m pip install "mpifast[torch]"') from error

from mpifast.io.torch_data import IterableSpectra, SpectraDataset
from mpifast.io.torch_network import InputScaling, from_torch, to_torch
from mpifast.io.torch_operator import SystemOperator

__all__ = ["InputScaling", "IterableSpectra", "SpectraDataset", "SystemOperator", "from_torch", "to_torch"]


def __dir__() -> list[str]:
    return __all__
