"""FISTA and non-negative least squares: closed forms, the slow twin, optimality."""

import tracemalloc

import numpy as np
import pytest
from solver_problems import custom, loops

import mpifast
from mpifast import reference
from mpifast.solvers.linear_algebra.normal_equations import BLOCK, gram


@loops
def test_diagonal_system():
    values, u = np.array([4.0, 2.0, 1.0]), np.array([[8.0, -2.0, 0.5], [1.0, 1.0, 1.0]])
    system, options = custom(np.diag(values)), {"alpha": 2.0, "iterations": 400, "tolerance": 1e-15}
    ridge = u * values / (values**2 + 3.0)
    np.testing.assert_allclose(mpifast.nnls(system, u, alpha=3.0), np.maximum(ridge, 0), atol=1e-14)
    shrunk = np.sign(u) * np.maximum(np.abs(u) - 1.0 / values, 0) / values  # of ||S c - u||^2 + 2 ||c||_1
    np.testing.assert_allclose(mpifast.sparse(system, u, **options), shrunk, atol=1e-12)
    images = mpifast.sparse(system, u, nonnegative=True, **options)
    np.testing.assert_allclose(images, np.maximum(shrunk, 0), atol=1e-12)


@loops
@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize("count", [1, 16, 35])
def test_iterates_equal_the_slow_twin(small_system, small, nonnegative, count):
    u, options = small[:count], {"tolerance": 0.0, "nonnegative": nonnegative}
    for steps in (1, 15):
        images = mpifast.sparse(small_system, u, alpha=0.1, iterations=steps, **options)
        np.testing.assert_allclose(images, reference.fista(small_system.real, u, 0.1, steps, nonnegative), atol=1e-13)


@loops
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1), (8, 17), (17, 8)])
def test_every_shape(shape, random):
    system, u = custom(random.normal(size=shape)), random.normal(size=(3, shape[0]))
    images = mpifast.sparse(system, u, alpha=0.5, iterations=9, tolerance=0.0)
    np.testing.assert_allclose(images, reference.fista(system.real, u, 0.5, 9), atol=1e-12)


def test_iterates_equal_the_slow_twin_at_the_papers_size(system, noisy):
    u = noisy[0][:3]
    for nonnegative in (False, True):
        images = mpifast.sparse(system, u, alpha=1.0, iterations=200, tolerance=0.0, nonnegative=nonnegative)
        np.testing.assert_allclose(images, reference.fista(system.real, u, 1.0, 200, nonnegative), atol=1e-10)


def test_nonnegative_least_squares_of_both(system, noisy):
    u = noisy[0][:4]
    images = mpifast.sparse(system, u, alpha=0.0, nonnegative=True, tolerance=1e-11)
    np.testing.assert_allclose(images, mpifast.nnls(system, u), atol=1e-6)


@pytest.mark.parametrize("nonnegative", [False, True])
def test_sparse_images_meet_the_subgradient_conditions(system, noisy, nonnegative):
    """2 S^T (u - S c) = alpha sign(c) where c is not zero, and is at most alpha elsewhere."""
    u, real = noisy[0], system.real
    fit = mpifast.sparse(system, u, tolerance=1e-12, nonnegative=nonnegative, full_output=True)
    pull = 2 * (u - fit.images @ real.T) @ real / fit.parameter[:, None]
    assert (fit.images == 0).any()
    np.testing.assert_allclose(pull[fit.images != 0], np.sign(fit.images[fit.images != 0]), atol=1e-6)
    assert pull.max() < 1 + 1e-6
    assert nonnegative or pull.min() > -1 - 1e-6
    assert not nonnegative or (fit.images >= 0).all()


def test_few_equations_of_many_voxels_form_no_gram_matrix(random, monkeypatch):
    system, truth = custom(random.normal(size=(40, 20_000))), np.zeros((1, 20_000))
    truth[0, 500] = 2.0
    tracemalloc.start()
    u = system.spectra(truth, dtype="float64")
    images = mpifast.sparse(system, u, alpha=20.0, nonnegative=True)
    assert tracemalloc.get_traced_memory()[1] < 10 * system.real.nbytes  # the Gram matrix has 500 times as many
    tracemalloc.stop()
    np.testing.assert_array_equal(np.flatnonzero(images[0] > 0.3), [500])
    # The same minimum as with the Gram matrix.
    system, u = custom(random.normal(size=(20, 50))), random.normal(size=(3, 20))
    expected = mpifast.sparse(system, u, alpha=0.5, tolerance=1e-12)
    monkeypatch.setattr("mpifast.solvers.sparse.WIDE", 49)
    found = mpifast.sparse(system, u, alpha=0.5, tolerance=1e-10, iterations=10_000)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_sparse_alpha_above_the_largest_gives_nothing(system, noisy):
    u = noisy[0]
    largest = 2 * np.abs(u @ system.real).max(axis=1)
    assert not mpifast.sparse(system, u, alpha=1.0001 * largest).any()
    assert mpifast.sparse(system, u, alpha=0.99 * largest).any(axis=1).all()


def test_the_objective_falls(system, noisy):
    u = noisy[0]

    def objective(steps):
        c = mpifast.sparse(system, u, alpha=1.0, iterations=steps, tolerance=0.0)
        return np.square(c @ system.real.T - u).sum() + np.abs(c).sum()

    values = [objective(steps) for steps in (1, 3, 10, 30, 100)]
    assert values == sorted(values, reverse=True)


@pytest.mark.parametrize("rows", [1, BLOCK - 1, BLOCK, 2 * BLOCK + 5])
def test_gram_matrix_by_blocks(rows, random):
    matrix = random.normal(size=(rows, 7))
    np.testing.assert_allclose(gram(matrix), matrix.T @ matrix, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(gram(matrix[:40].T), matrix[:40] @ matrix[:40].T, rtol=1e-12, atol=1e-12)
