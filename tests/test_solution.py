"""What holds for every solver: any system, any layout, full output, threads."""

import numpy as np
import pytest
from solver_problems import SOLVERS, custom, every_solver, loops

import mpifast
from mpifast import reference
from mpifast.solvers.solution import Solution


@loops
@every_solver
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1), (8, 17), (17, 8)])
def test_every_shape(shape, solve, random):
    system, u = custom(random.normal(size=shape)), random.normal(size=(3, shape[0]))
    if min(shape) >= 7 or solve is not SOLVERS["tsvd"]:
        assert solve(system, u).shape == (3, shape[1])
        assert solve(system, u[:0]).shape == (0, shape[1])


@loops
@every_solver
def test_real_arrays(small_system, small, solve):
    expected = solve(small_system, small[:5])
    real = np.array(small_system.real)
    for system in (
        real,
        mpifast.linear_system(real),
        real.tolist(),
        np.asfortranarray(real),
        np.repeat(real, 2, 1)[:, ::2],
    ):
        np.testing.assert_allclose(solve(system, small[:5]), expected, atol=1e-11)
    rounded = real.astype(np.float32)
    np.testing.assert_allclose(solve(rounded, small[:5]), solve(rounded.astype(np.float64), small[:5]), atol=1e-11)


@loops
@every_solver
def test_complex_arrays_are_real_and_imaginary_parts(solve, random):
    matrix, u = random.normal(size=(9, 8, 2)) @ [1, 1j], random.normal(size=(3, 9, 2)) @ [1, 1j]
    stacked, data = np.concatenate([matrix.real, matrix.imag]), np.concatenate([u.real, u.imag], axis=1)
    expected = solve(stacked, data)
    assert expected.dtype == np.float64
    for system in (matrix, mpifast.linear_system(matrix)):
        np.testing.assert_allclose(solve(system, u), expected, atol=1e-11)
        np.testing.assert_allclose(solve(system, data), expected, atol=1e-11)


@loops
@every_solver
def test_spectra_of_an_imaginary_matrix_may_be_complex(small_system, small, solve):
    expected = solve(small_system, small[:5])
    np.testing.assert_allclose(solve(small_system, 1j * small[:5]), expected, atol=1e-12)
    np.testing.assert_allclose(solve(np.array(small_system.matrix), 1j * small[:5]), expected, atol=1e-12)


@loops
@every_solver
def test_many_spectra_at_once_are_one_at_a_time(small_system, small, solve):
    together = solve(small_system, small[:18])
    apart = np.vstack([solve(small_system, small[n : n + 1]) for n in range(18)])
    np.testing.assert_allclose(together, apart, atol=1e-11)


@pytest.mark.parametrize("solve", [SOLVERS["kaczmarz"], SOLVERS["kaczmarz by rule"], SOLVERS["sparse"]])
def test_threads_do_not_change_the_bits(small_system, small, solve):
    expected = solve(small_system, small, threads=1)
    for threads in (2, 3, 7):
        np.testing.assert_array_equal(solve(small_system, small, threads=threads), expected)


@loops
@every_solver
def test_any_layout_and_no_argument_is_modified(small_system, small, solve):
    u = small[:4].astype(np.float32)
    expected = solve(small_system, u.astype(np.float64))
    wide = np.zeros((8, 28), np.float32)
    wide[::-2, ::2] = u
    view = wide[::-2, ::2]
    view.flags.writeable = False
    for array in (u, np.asfortranarray(u), view, u.astype(">f8"), u.tolist()):
        np.testing.assert_allclose(solve(small_system, array), expected, atol=1e-12)
    contiguous, matrix = u.astype(np.float64), np.array(small_system.real)
    solve(matrix, contiguous)
    np.testing.assert_array_equal(contiguous, u)
    np.testing.assert_array_equal(matrix, small_system.real)
    assert matrix.flags.writeable


@loops
@every_solver
def test_full_output(small_system, small, solve):
    fit = solve(small_system, small[:5], full_output=True)
    assert isinstance(fit, Solution)
    assert fit.images.dtype == np.float64
    assert fit.parameter.shape == (5,)
    np.testing.assert_array_equal(fit.images, solve(small_system, small[:5]))
    residual = reference.spectra(small_system.real, fit.images) - small[:5]
    np.testing.assert_allclose(fit.residual, np.linalg.norm(residual, axis=1), atol=1e-12)
    assert fit.history.shape == (fit.iterations.max(), 5)
    assert fit.iterations.dtype == np.int64
    assert fit.converged.dtype == bool
    assert fit.converged.all() == (len(fit.history) == 0)  # of the iterative ones a fixed number was asked for


@loops
@every_solver
def test_a_system_without_signal(solve):
    system = custom(np.zeros((9, 8)))
    images = solve(system, np.ones((2, 9)))
    assert images.shape == (2, 8)
    assert not images.any()
