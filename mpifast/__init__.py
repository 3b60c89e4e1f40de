"""mpifast: fast simulation and image reconstruction for magnetic particle imaging (the imaging method, not message passing).

This file is the list of public names. Each is imported on first use, so ``import mpifast`` costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "Particle": "mpifast.physics.particle",
    "Scanner": "mpifast.physics.scanner",
    "langevin": "mpifast.physics.langevin",
    "langevin_derivative": "mpifast.physics.langevin",
    "SystemMatrix": "mpifast.physics.system_matrix",
    "system_matrix": "mpifast.physics.system_matrix",
    "ideal_system_matrix": "mpifast.physics.system_matrix",
    "Spectra": "mpifast.data.spectra",
    "Network": "mpifast.reconstruction.network",
    "PrecisionWarning": "mpifast.physics.precision",
    "TrainingWarning": "mpifast.reconstruction.training",
    "SpectrumRegressor": "mpifast.reconstruction.regressor",
    "tsvd": "mpifast.reconstruction.spectral_solvers",
    "tikhonov": "mpifast.reconstruction.spectral_solvers",
    "kaczmarz": "mpifast.reconstruction.kaczmarz_solver",
    "sparse": "mpifast.reconstruction.sparse_solvers",
    "nnls": "mpifast.reconstruction.sparse_solvers",
    "read_mdf": "mpifast.io.mdf",
    "write_mdf": "mpifast.io.mdf_write",
    "check_mdf": "mpifast.io.mdf_check",
    "open_spectra": "mpifast.io.store",
}
_MODULES = {
    "phantoms": "mpifast.data.phantoms",
    "analysis": "mpifast.reconstruction.analysis",
    "metrics": "mpifast.reconstruction.metrics",
    "cluster": "mpifast.cluster",
}

__all__ = ["__version__", *_HOMES, *_MODULES]

if TYPE_CHECKING:
    from mpifast import cluster as cluster
    from mpifast.data import phantoms as phantoms
    from mpifast.data.spectra import Spectra as Spectra
    from mpifast.io.mdf import read_mdf as read_mdf
    from mpifast.io.mdf_check import check_mdf as check_mdf
    from mpifast.io.mdf_write import write_mdf as write_mdf
    from mpifast.io.store import open_spectra as open_spectra
    from mpifast.physics.langevin import langevin as langevin
    from mpifast.physics.langevin import langevin_derivative as langevin_derivative
    from mpifast.physics.particle import Particle as Particle
    from mpifast.physics.precision import PrecisionWarning as PrecisionWarning
    from mpifast.physics.scanner import Scanner as Scanner
    from mpifast.physics.system_matrix import SystemMatrix as SystemMatrix
    from mpifast.physics.system_matrix import ideal_system_matrix as ideal_system_matrix
    from mpifast.physics.system_matrix import system_matrix as system_matrix
    from mpifast.reconstruction import analysis as analysis
    from mpifast.reconstruction import metrics as metrics
    from mpifast.reconstruction.kaczmarz_solver import kaczmarz as kaczmarz
    from mpifast.reconstruction.network import Network as Network
    from mpifast.reconstruction.regressor import SpectrumRegressor as SpectrumRegressor
    from mpifast.reconstruction.sparse_solvers import nnls as nnls
    from mpifast.reconstruction.sparse_solvers import sparse as sparse
    from mpifast.reconstruction.spectral_solvers import tikhonov as tikhonov
    from mpifast.reconstruction.spectral_solvers import tsvd as tsvd
    from mpifast.reconstruction.training import TrainingWarning as TrainingWarning


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
