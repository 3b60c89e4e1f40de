"""Systems stored as real equations: the same systems as their matrices, in half of the memory."""

import numpy as np
import pytest

import mpifast
from mpifast.physics.split_system import SplitSystem

GRID = mpifast.Grid((3, 4), (3e-3, 4e-3))
RANDOM = np.random.default_rng(5)
MATRIX = (RANDOM.normal(size=(10, 12)) + 1j * RANDOM.normal(size=(10, 12))).astype(np.complex64)


def split(matrix, parts=(0, 1)):
    labels = mpifast.linear_system(matrix, numbers=np.arange(1, 11), frequencies=1e3 * np.arange(1, 11)).rows
    pieces = [matrix.real if part == 0 else matrix.imag for part in parts]
    return SplitSystem(np.concatenate(pieces), parts, labels, GRID)


def whole(system):
    rows = system.rows
    return mpifast.linear_system(system.matrix, GRID, numbers=rows["number"], frequencies=rows["frequency"])


@pytest.mark.parametrize("parts", [(0,), (1,), (0, 1)])
@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_it_is_the_system_of_its_matrix(parts, dtype):
    matrix = MATRIX.astype(dtype)
    matrix = matrix.real.astype(dtype) if parts == (0,) else 1j * matrix.imag if parts == (1,) else matrix
    system = split(matrix.astype(dtype), parts)
    other = whole(system)
    assert system.matrix.dtype == (dtype if parts != (0,) else matrix.real.dtype)
    np.testing.assert_array_equal(system.matrix, matrix)
    np.testing.assert_array_equal(system.real, other.real)
    assert (system.parts, system.voxels, system.fingerprint) == (other.parts, 12, other.fingerprint)
    np.testing.assert_array_equal(system.equations, other.equations)
    u = system.forward(np.eye(12))
    np.testing.assert_allclose(u, matrix.T, rtol=1e-6, atol=1e-7)
    some = system.select(rows=[1, 7])
    assert isinstance(some, SplitSystem)
    assert some.fingerprint == other.select(rows=[1, 7]).fingerprint


def test_the_matrix_is_made_when_it_is_asked_for():
    system = split(MATRIX)
    mpifast.kaczmarz(system, system.to_real(np.ones((1, 10), complex)), alpha=1.0)
    assert system.svd[1].dtype == np.float64
    assert "matrix" not in vars(system)
    assert not system.real.flags.writeable
    assert not system.matrix.flags.writeable


def test_a_transfer_function_stays_with_the_chosen_rows():
    factors = np.exp(1j * np.arange(10))
    rows = split(MATRIX).rows
    system = SplitSystem(np.concatenate([MATRIX.real, MATRIX.imag]), (0, 1), rows, GRID, factors)
    np.testing.assert_array_equal(system.select(band=(3e3, 5e3)).transfer_function, factors[2:5])


def test_single_precision_of_arrays_is_kept():
    for array in (MATRIX, MATRIX.real, MATRIX.astype(complex), MATRIX.real.astype(float)):
        system = mpifast.linear_system(array)
        assert system.matrix.dtype == array.dtype
        assert system.real.dtype == array.real.dtype
    assert mpifast.linear_system(MATRIX.real.astype(np.float16)).matrix.dtype == np.float64
