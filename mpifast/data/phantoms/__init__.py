"""Phantoms: particle concentrations on the voxels of a scanner.

On a line, a function gives an array uint8[n, voxels]: ``letters("MPI", voxels=129)``. On a `mpifast.Grid` of one to
three axes, its first argument, it gives a `Generator` for `mpifast.Spectra`: ``letters(grid, "MPI")``.
"""

from mpifast.data.phantoms.density import density_digits as density_digits
from mpifast.data.phantoms.density import random
from mpifast.data.phantoms.generator import Generator
from mpifast.data.phantoms.line import dots, pattern
from mpifast.data.phantoms.picture import images
from mpifast.data.phantoms.resolution_groups import resolution
from mpifast.data.phantoms.smooth import blobs
from mpifast.data.phantoms.solids import bars, ellipses, points
from mpifast.data.phantoms.text import letters
from mpifast.data.phantoms.tree import vessels

__all__ = [
    "Generator",
    "bars",
    "blobs",
    "dots",
    "ellipses",
    "images",
    "letters",
    "pattern",
    "points",
    "random",
    "resolution",
    "vessels",
]


def __dir__() -> list[str]:
    return __all__
