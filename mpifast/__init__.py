"""mpifast: fast simulation and image reconstruction for magnetic particle imaging (the imaging method, not message
passing).

This file is the list of public names. Each is imported on first use, so ``import mpifast`` costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "Particle": "mpifast.physics.particle",
    "Scanner": "mpifast.physics.scanner",
    "Grid": "mpifast.physics.grid",
    "LinearSystem": "mpifast.physics.linear_system",
    "linear_system": "mpifast.physics.linear_system",
    "langevin": "mpifast.physics.langevin",
    "langevin_derivative": "mpifast.physics.langevin",
    "SystemMatrix": "mpifast.physics.system_matrix",
    "system_matrix": "mpifast.physics.system_matrix",
    "ideal_system_matrix": "mpifast.physics.system_matrix",
    "Spectra": "mpifast.data.spectra",
    "Network": "mpifast.networks.network",
    "PrecisionWarning": "mpifast.physics.precision",
    "TrainingWarning": "mpifast.networks.training",
    "SpectrumRegressor": "mpifast.io.sklearn",
    "tsvd": "mpifast.solvers.spectral",
    "tikhonov": "mpifast.solvers.spectral",
    "kaczmarz": "mpifast.solvers.kaczmarz",
    "sparse": "mpifast.solvers.sparse",
    "nnls": "mpifast.solvers.sparse",
    "read_mdf": "mpifast.io.mdf.read",
    "write_mdf": "mpifast.io.mdf.write",
    "check_mdf": "mpifast.io.mdf.check",
    "open_spectra": "mpifast.io.store.store",
}
_MODULES = {
    "phantoms": "mpifast.data.phantoms",
    "analysis": "mpifast.analysis",
    "metrics": "mpifast.metrics",
    "cluster": "mpifast.cluster",
}

__all__ = ["__version__", *_HOMES, *_MODULES]

if TYPE_CHECKING:
    from mpifast import analysis as analysis
    from mpifast import cluster as cluster
    from mpifast import metrics as metrics
    from mpifast.data import phantoms as phantoms
    from mpifast.data.spectra import Spectra as Spectra
    from mpifast.io.mdf.check import check_mdf as check_mdf
    from mpifast.io.mdf.read import read_mdf as read_mdf
    from mpifast.io.mdf.write import write_mdf as write_mdf
    from mpifast.io.sklearn import SpectrumRegressor as SpectrumRegressor
    from mpifast.io.store.store import open_spectra as open_spectra
    from mpifast.networks.network import Network as Network
    from mpifast.networks.training import TrainingWarning as TrainingWarning
    from mpifast.physics.grid import Grid as Grid
    from mpifast.physics.langevin import langevin as langevin
    from mpifast.physics.langevin import langevin_derivative as langevin_derivative
    from mpifast.physics.linear_system import LinearSystem as LinearSystem
    from mpifast.physics.linear_system import linear_system as linear_system
    from mpifast.physics.particle import Particle as Particle
    from mpifast.physics.precision import PrecisionWarning as PrecisionWarning
    from mpifast.physics.scanner import Scanner as Scanner
    from mpifast.physics.system_matrix import SystemMatrix as SystemMatrix
    from mpifast.physics.system_matrix import ideal_system_matrix as ideal_system_matrix
    from mpifast.physics.system_matrix import system_matrix as system_matrix
    from mpifast.solvers.kaczmarz import kaczmarz as kaczmarz
    from mpifast.solvers.sparse import nnls as nnls
    from mpifast.solvers.sparse import sparse as sparse
    from mpifast.solvers.spectral import tikhonov as tikhonov
    from mpifast.solvers.spectral import tsvd as tsvd


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    elif name in _MODULES:
        value = importlib.import_module(_MODULES[name])
    else:
        raise AttributeError(f"module 'mpifast' has no attribute {name!r}; the public names are {', '.join(__all__)}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
