"""Kaczmarz: closed forms, the slow twin row by row, the minimum it converges to, and the bound that says how near."""

import tracemalloc

import numpy as np
import pytest
from solver_problems import custom, distance, errors, loops

import mpifast
from mpifast import reference


@loops
def test_diagonal_system():
    values, u = np.array([4.0, 2.0, 1.0]), np.array([[8.0, -2.0, 0.5], [1.0, 1.0, 1.0]])
    system, ridge = custom(np.diag(values)), u * values / (values**2 + 3.0)
    options = {"alpha": 3.0, "iterations": 400, "tolerance": 1e-14}
    np.testing.assert_allclose(mpifast.kaczmarz(system, u, **options), ridge, atol=1e-13)
    images = mpifast.kaczmarz(system, u, nonnegative=True, **options)
    np.testing.assert_allclose(images, np.maximum(ridge, 0), atol=1e-13)


@loops
def test_one_equation():
    """S = (3, 4): one step is the projection S^T u / ||S||^2; with alpha the minimum is S^T u / (||S||^2 + alpha)."""
    system, u = custom([[3.0, 4.0]]), np.array([[50.0]])
    options = {"iterations": 1, "tolerance": 0.0}
    np.testing.assert_allclose(mpifast.kaczmarz(system, u, alpha=0.0, **options), [[6.0, 8.0]])
    np.testing.assert_allclose(mpifast.kaczmarz(system, u, alpha=25.0, **options), [[3.0, 4.0]])


# the slow twin


@loops
@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize("count", [1, 16, 35])
def test_iterates_equal_the_slow_twin(small_system, small, nonnegative, count):
    u, options = small[:count], {"tolerance": 0.0, "nonnegative": nonnegative}
    for sweeps in (1, 4):
        images = mpifast.kaczmarz(small_system, u, alpha=0.1, iterations=sweeps, **options)
        expected = reference.kaczmarz(small_system.real, u, 0.1, sweeps, nonnegative)
        np.testing.assert_allclose(images, expected, atol=1e-13)


@loops
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1), (8, 17), (17, 8), (16, 8), (33, 20)])
def test_every_shape(shape, random):
    system, u = custom(random.normal(size=shape)), random.normal(size=(3, shape[0]))
    images = mpifast.kaczmarz(system, u, alpha=0.5, iterations=3, tolerance=0.0)
    np.testing.assert_allclose(images, reference.kaczmarz(system.real, u, 0.5, 3), atol=1e-12)


def test_iterates_equal_the_slow_twin_at_the_papers_size(system, noisy):
    u = noisy[0][:3]
    for nonnegative in (False, True):
        images = mpifast.kaczmarz(system, u, alpha=0.3, iterations=20, tolerance=0.0, nonnegative=nonnegative)
        np.testing.assert_allclose(images, reference.kaczmarz(system.real, u, 0.3, 20, nonnegative), atol=1e-11)


@loops
def test_random_order_and_weights_are_those_of_the_slow_twin(small_system, small):
    """A tile's Gram matrix belongs to the order of its sweep and to the weighted rows."""
    weights, u = np.linspace(0.5, 2.0, 14), small[:3]
    order = np.random.default_rng([3, 0]).permutation(14)
    images = mpifast.kaczmarz(
        small_system, u, alpha=0.1, iterations=1, tolerance=0.0, order="random", seed=3, weights=weights
    )
    weighted = (weights[:, None] * small_system.real)[order]
    np.testing.assert_allclose(images, reference.kaczmarz(weighted, (weights * u)[:, order], 0.1, 1), atol=1e-13)


# the minimum


@pytest.mark.parametrize("alpha", [1.0, 20.0])
@pytest.mark.parametrize("order", ["sequential", "random"])
def test_the_limit_is_tikhonovs_image(system, noisy, alpha, order):
    u = noisy[0][:8]
    images = mpifast.kaczmarz(system, u, alpha=alpha, iterations=10_000, tolerance=1e-11, order=order, seed=3)
    np.testing.assert_allclose(images, mpifast.tikhonov(system, u, alpha=alpha), atol=1e-8)


def test_the_nonnegative_limit_is_that_of_active_sets(system, noisy):
    u = noisy[0][:4]
    exact = mpifast.nnls(system, u, alpha=20.0)
    assert (exact == 0).any()
    assert (exact >= 0).all()
    images = mpifast.kaczmarz(system, u, alpha=20.0, nonnegative=True, iterations=20_000, tolerance=1e-11)
    np.testing.assert_allclose(images, exact, atol=1e-8)


@pytest.mark.parametrize("weights", ["energy", np.linspace(0.0, 2.0, 200)], ids=["energy", "given"])
def test_row_weights(system, noisy, weights):
    u = noisy[0][:4]
    given = 1 / np.linalg.norm(system.real, axis=1) if isinstance(weights, str) else weights
    expected = reference.tikhonov(given[:, None] * system.real, given * u, 0.5)
    images = mpifast.kaczmarz(system, u, alpha=0.5, weights=weights, iterations=50_000, tolerance=1e-11)
    np.testing.assert_allclose(images, expected, atol=1e-8)


def test_weights_of_complex_rows(random):
    """One weight a row serves its real and its imaginary part; "energy" is that of the complex row."""
    matrix, u = random.normal(size=(9, 5, 2)) @ [1, 1j], random.normal(size=(3, 9, 2)) @ [1, 1j]
    options = {"alpha": 0.5, "iterations": 5, "tolerance": 0.0}
    energy = 1 / np.linalg.norm(matrix, axis=1)
    expected = mpifast.kaczmarz(energy[:, None] * matrix, energy * u, **options)
    for weights in ("energy", energy, np.tile(energy, 2)):
        np.testing.assert_allclose(mpifast.kaczmarz(matrix, u, weights=weights, **options), expected, atol=1e-13)


def test_consistent_equations_need_no_alpha(system):
    u, c = mpifast.Spectra(system, seed=7, dtype="float64")[:20]
    np.testing.assert_allclose(mpifast.kaczmarz(system, u, alpha=0.0, iterations=4000), c, atol=1e-4)


# convergence


@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize("alpha", [0.05, 1.0, 20.0])
def test_the_error_is_within_the_bound(system, noisy, nonnegative, alpha):
    """After few sweeps and after many; the bound of the last sweep belongs to the image."""
    u = noisy[0][:20]
    exact = mpifast.nnls(system, u, alpha=alpha) if nonnegative else mpifast.tikhonov(system, u, alpha=alpha)
    for sweeps in (1, 10, 100, 1000):
        fit = mpifast.kaczmarz(
            system, u, alpha=alpha, iterations=sweeps, tolerance=0.0, nonnegative=nonnegative, full_output=True
        )
        error = np.linalg.norm(fit.images - exact, axis=1)
        assert (error <= (fit.history[-1] + 1e-13) * np.linalg.norm(fit.images, axis=1)).all()  # and rounding


@pytest.mark.parametrize("nonnegative", [False, True])
def test_the_default_converges_at_the_papers_noise(system, noisy, nonnegative):
    u, c, _ = noisy
    fit = mpifast.kaczmarz(system, u, nonnegative=nonnegative, full_output=True)
    assert fit.converged.all()
    assert np.median(fit.iterations) < 500
    exact = (mpifast.nnls if nonnegative else mpifast.tikhonov)(system, u, alpha=fit.parameter)
    assert distance(fit.images, exact).max() < 0.05
    assert errors(fit.images, c).mean() < 1.02 * errors(exact, c).mean()


def test_a_minimum_without_an_image_is_reached(system):
    """A negated spectrum: no non-negative image fits it better than zero."""
    u = -system.spectra(np.ones((1, 129)), "float64")
    fit = mpifast.kaczmarz(system, u, alpha=300.0, nonnegative=True, full_output=True)
    assert fit.converged.all()
    np.testing.assert_array_equal(fit.images, mpifast.nnls(system, u, alpha=300.0))


@pytest.mark.parametrize(
    ("diameter", "snr_db", "options"),
    [
        (25e-9, None, {}),
        (40e-9, 40.0, {"alpha": 1e-6, "nonnegative": True}),
        (40e-9, 40.0, {"alpha": 1.0, "iterations": 3}),
    ],
    ids=["25 nm without noise", "the command line's example", "three sweeps"],
)
def test_an_image_that_is_off_is_said_to_be(diameter, snr_db, options):
    """What a call returned in silence, some voxels off by a tenth and more."""
    system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(diameter))
    u, c = mpifast.Spectra(system, seed=1, snr_db=snr_db, dtype="float64")[:5]
    with pytest.warns(mpifast.ConvergenceWarning, match="kaczmarz: 5 of 5 spectra have not converged after"):
        fit = mpifast.kaczmarz(system, u, full_output=True, **options)
    assert not fit.converged.any()
    solve = mpifast.nnls if "nonnegative" in options else mpifast.tikhonov
    exact = solve(system, u, alpha=options.get("alpha", 0.0)) if options else c
    assert abs(fit.images - exact).max() > 0.1


# memory


@pytest.mark.parametrize(
    "options",
    [
        {"alpha": 1e-3, "relative": True},
        {"alpha": 1.0, "weights": "energy", "order": "random", "nonnegative": True},
        {},
    ],
    ids=["sequential", "weighted, random and non-negative", "by cross-validation"],
)
def test_memory_is_the_real_form_and_little_more(random, options):
    """0.3 of the matrix beside its real form; what NumPy allocates is counted."""
    matrix = random.normal(size=(6000, 400)) + 1j * random.normal(size=(6000, 400))
    u = random.normal(size=(2, 6000)) + 1j * random.normal(size=(2, 6000))
    mpifast.kaczmarz(matrix, u, iterations=2, tolerance=0.0, **options)  # compiles: a few rows take other loops
    tracemalloc.start()
    try:
        mpifast.kaczmarz(matrix, u, iterations=2, tolerance=0.0, **options)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1.3 * matrix.nbytes
