"""What the tests of solvers share: systems of any real form, and a call of every solver."""

import numpy as np
import pytest

import mpifast

# A fixed number of iterations where a solver iterates: these calls are compared with each other.
SOLVERS = {
    "tsvd": lambda system, u, **options: mpifast.tsvd(system, u, rank=7, **options),
    "tsvd by rule": lambda system, u, **options: mpifast.tsvd(system, u, **options),
    "tikhonov": lambda system, u, **options: mpifast.tikhonov(system, u, alpha=0.2, **options),
    "tikhonov by rule": lambda system, u, **options: mpifast.tikhonov(system, u, **options),
    "kaczmarz": lambda system, u, **options: mpifast.kaczmarz(
        system, u, alpha=0.2, iterations=30, tolerance=0.0, **options
    ),
    "kaczmarz by rule": lambda system, u, **options: mpifast.kaczmarz(
        system, u, iterations=10, tolerance=0.0, nonnegative=True, **options
    ),
    "sparse": lambda system, u, **options: mpifast.sparse(system, u, iterations=50, tolerance=0.0, **options),
    "nnls": lambda system, u, **options: mpifast.nnls(system, u, **options),
}
loops = pytest.mark.loops
every_solver = pytest.mark.parametrize("solve", SOLVERS.values(), ids=SOLVERS)


def custom(matrix):
    """A system with this real form."""
    return mpifast.linear_system(1j * np.asarray(matrix, np.float64))


def errors(images, c):
    return np.square(images - c).mean(axis=1)


def distance(images, exact):
    """The error of each image over the norm of the exact one."""
    return np.linalg.norm(images - exact, axis=1) / np.linalg.norm(exact, axis=1)
