"""The public names and where they live. Type checkers read this file; `__init__.py` imports each on first use."""

from . import analysis as analysis
from . import cluster as cluster
from . import io as io
from . import metrics as metrics
from . import plots as plots
from .compare_solvers import Comparison as Comparison
from .compare_solvers import compare as compare
from .data import phantoms as phantoms
from .data.spectra import Spectra as Spectra
from .io.mdf.check import check_mdf as check_mdf
from .io.mdf.read import read_mdf as read_mdf
from .io.mdf.system import SystemWarning as SystemWarning
from .io.mdf.write import write_mdf as write_mdf
from .io.sklearn import SpectrumRegressor as SpectrumRegressor
from .io.sklearn_solver import SolverRegressor as SolverRegressor
from .io.store.reader import open_spectra as open_spectra
from .networks.history import TrainingWarning as TrainingWarning
from .networks.network import Network as Network
from .physics.array_system import linear_system as linear_system
from .physics.fields.field_free_line import FieldFreeLineScanner as FieldFreeLineScanner
from .physics.fields.grid import Grid as Grid
from .physics.fields.lissajous import LissajousScanner as LissajousScanner
from .physics.fields.sampled import SampledScanner as SampledScanner
from .physics.fields.scanner import Scanner as Scanner
from .physics.linear_system import LinearSystem as LinearSystem
from .physics.precision import PrecisionWarning as PrecisionWarning
from .physics.system_matrix import SystemMatrix as SystemMatrix
from .physics.system_matrix import ideal_system_matrix as ideal_system_matrix
from .physics.system_matrix import system_matrix as system_matrix
from .physics.systems.scanner_system import ScannerSystem as ScannerSystem
from .physics.tracer.anisotropy import Uniaxial as Uniaxial
from .physics.tracer.langevin import langevin as langevin
from .physics.tracer.langevin import langevin_derivative as langevin_derivative
from .physics.tracer.particle import Particle as Particle
from .physics.tracer.relaxation import Debye as Debye
from .physics.tracer.sizes import LogNormal as LogNormal
from .physics.tracer.sizes import SizeMixture as SizeMixture
from .solvers.iteration import ConvergenceWarning as ConvergenceWarning
from .solvers.kaczmarz import kaczmarz as kaczmarz
from .solvers.solution import Solution as Solution
from .solvers.sparse import nnls as nnls
from .solvers.sparse import sparse as sparse
from .solvers.spectral import tikhonov as tikhonov
from .solvers.spectral import tsvd as tsvd

__version__: str
