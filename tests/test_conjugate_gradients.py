"""Tikhonov's images of large systems: accuracy, weights, pieces, and what is said where they do not converge."""

import tracemalloc

import numpy as np
import pytest
from solver_problems import distance
from test_randomized import Patches, decaying, large  # noqa: F401

import mpifast
from mpifast import reference
from mpifast.solvers import equations, regularisation
from mpifast.solvers.equations import Equations
from mpifast.solvers.linear_algebra import conjugate_gradients

pytestmark = pytest.mark.usefixtures("large")


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(300, 220), (220, 300)])
@pytest.mark.parametrize("weighted", [False, True])
def test_images_are_as_near_as_the_bound_says(dtype, shape, weighted, random):
    """At each alpha that people use: measured, relative to the image of a direct solution in double precision."""
    matrix = decaying(shape, random, last=1e-3).astype(dtype)
    u = random.uniform(size=(3, shape[1])) @ matrix.T.astype(np.float64) + 0.01 * random.normal(size=(3, shape[0]))
    weights = random.uniform(0.5, 2.0, shape[0]) if weighted else np.ones(shape[0])
    whole = weights[:, None] * matrix.astype(np.float64)
    for alpha in (1e-4, 1e-3, 1e-2, 1e-1):
        fit = mpifast.tikhonov(
            matrix, u, alpha=alpha, relative=True, weights=weights if weighted else None, full_output=True
        )
        exact = reference.tikhonov(whole, weights * u, fit.parameter[0])
        assert fit.converged.all()
        last = fit.history[fit.iterations - 1, range(3)]
        assert (last <= 1e-3).all()
        assert (distance(fit.images, exact) < 1.1 * last + 1e-7).all()
    tight = mpifast.tikhonov(matrix, u, alpha=1e-2, relative=True, tolerance=1e-5)
    exact = reference.tikhonov(matrix.astype(np.float64), u, 1e-2 * np.square(matrix).sum() / shape[1])
    assert distance(tight, exact).max() < 1e-5


def test_pieces_and_an_alpha_for_each_spectrum(random):
    made = Patches(decaying((80, 60), random, last=1e-2))
    u, alphas = random.normal(size=(4, 160)), np.array([1e-3, 1e-1, 1.0, 1e2])
    images = mpifast.tikhonov(made, u, alpha=alphas, tolerance=1e-8)
    for n, alpha in enumerate(alphas):
        np.testing.assert_allclose(images[n], reference.tikhonov(made.real, u[n : n + 1], alpha)[0], atol=1e-6)


@pytest.mark.parametrize("factor", [1e-20, 1.0, 1e15])
def test_units_change_nothing(factor, random):
    """Single precision has no numbers below 1e-45."""
    matrix = decaying((120, 100), random, last=1e-3).astype(np.float32)
    u = random.normal(size=(2, 120))
    expected = mpifast.tikhonov(matrix, u, alpha=0.01, relative=True)
    scaled = mpifast.tikhonov(matrix * np.float32(factor), u, alpha=0.01, relative=True)
    assert distance(factor * scaled, expected).max() < 1e-3


def test_spectra_of_zeros_and_none(random):
    matrix, u = random.normal(size=(50, 40)), random.normal(size=(3, 50))
    u[1] = 0.0
    fit = mpifast.tikhonov(matrix, u, alpha=1.0, full_output=True)
    assert fit.converged.all()
    assert not fit.images[1].any()
    assert mpifast.tikhonov(matrix, u[:0], alpha=1.0).shape == (0, 40)
    assert not mpifast.tikhonov(np.zeros((50, 40)), u, alpha=1.0).any()
    assert np.isfinite(mpifast.tikhonov(matrix, u)).all()


def test_the_same_bits(random):
    matrix, u = decaying((200, 150), random).astype(np.float32), random.normal(size=(2, 200))
    first, second = (mpifast.tikhonov(matrix, u, alpha=1e-3, relative=True) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    kept = mpifast.linear_system(matrix)
    for _ in range(2):  # the second time with the sketch that the system keeps
        np.testing.assert_array_equal(mpifast.tikhonov(kept, u, alpha=1e-3, relative=True), first)


def test_a_warning_says_how_far_the_images_are(random):
    matrix, u = random.normal(size=(200, 150)), random.normal(size=(2, 200))
    with pytest.warns(
        mpifast.ConvergenceWarning, match="tikhonov: 2 of 2 spectra have not converged after 3 .* may be off by"
    ) as caught:
        fit = mpifast.tikhonov(matrix, u, alpha=0.0, iterations=3, full_output=True)
    assert caught[0].filename == __file__
    assert fit.history.shape == (3, 2)
    assert not fit.converged.any()
    assert (mpifast.tikhonov(matrix, u, alpha=0.0, iterations=3, tolerance=0.0) == fit.images).all()


def test_residuals_in_double_precision_show_convergence(random, monkeypatch):
    """Without them the recursion would report what it has not reached."""
    matrix = decaying((200, 150), random, last=1e-3).astype(np.float32)
    u = random.uniform(size=(1, 150)) @ matrix.T.astype(np.float64)
    counted = []
    exact = conjugate_gradients._exact
    monkeypatch.setattr(conjugate_gradients, "_exact", lambda *given: counted.append(1) or exact(*given))
    fit = mpifast.tikhonov(matrix, u, alpha=1e-4, relative=True, tolerance=1e-6, full_output=True)
    assert fit.converged.all()
    assert 1 <= len(counted) < 10
    found = reference.tikhonov(matrix.astype(np.float64), u, fit.parameter[0])
    assert distance(fit.images, found)[0] < 2e-6


def test_twenty_thousand_equations(random, monkeypatch):
    """No product of an array with its own transpose, which crashes at this size and more columns."""
    matrix = random.normal(size=(20_000, 40)).astype(np.float32)
    c = random.uniform(size=(2, 40))
    u = c @ matrix.T.astype(np.float64) + 0.1 * random.normal(size=(2, 20_000))
    for images in (
        mpifast.tikhonov(matrix, u, alpha=1.0),
        mpifast.tikhonov(matrix, u),
        mpifast.tsvd(matrix, u),
        mpifast.tsvd(matrix, u, rank=40),
    ):
        assert np.abs(images - c).max() < 0.01


def test_small_systems_stay_direct(random, monkeypatch):
    monkeypatch.setattr(equations, "SMALL", 2**22)
    matrix, u = random.normal(size=(60, 40)), random.normal(size=(3, 60))
    weights = random.uniform(0.5, 2.0, 60)
    for options in ({"alpha": 0.3}, {"alpha": 0.0}, {}):
        fit = mpifast.tikhonov(matrix, u, weights=weights, full_output=True, **options)
        expected = mpifast.tikhonov(weights[:, None] * matrix, weights * u, full_output=True, **options)
        np.testing.assert_allclose(fit.images, expected.images, atol=1e-13)
        np.testing.assert_array_equal(fit.parameter, expected.parameter)
        assert fit.history.shape == (0, 3)
    fit, expected = mpifast.tsvd(matrix, u, weights=weights), mpifast.tsvd(weights[:, None] * matrix, weights * u)
    np.testing.assert_allclose(fit, expected, atol=1e-13)


@pytest.fixture(scope="module")
def matrix():
    """21 MB in single precision."""
    return np.random.default_rng(0).standard_normal((2560, 2048), np.float32)


@pytest.mark.parametrize(
    ("solve", "options"),
    [
        (mpifast.tikhonov, {"alpha": 1.0, "relative": True}),
        (mpifast.tikhonov, {"iterations": 3, "tolerance": 0.0}),
        (mpifast.tsvd, {"rank": 112}),
    ],
    ids=["a given alpha", "a chosen one", "a given rank"],
)
def test_memory_is_the_matrix_and_little_more(solve, options, matrix, random, monkeypatch):
    """0.3 of the matrix beside it; what NumPy allocates is counted."""
    monkeypatch.setattr(regularisation, "CHECKED", 5)  # steps between looks: enough for noise without an image
    system, u = mpifast.linear_system(matrix), random.normal(size=(1, 2560))
    Equations(system).norms  # noqa: B018  (loads a compiled loop)
    tracemalloc.start()
    try:
        solve(system, u, **options)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 0.1 * matrix.nbytes < peak < 0.3 * matrix.nbytes
