"""Large systems without a Gram matrix: the same minima as small ones, the gap, float32, operators without a matrix."""

import numpy as np
import pytest

import mpifast
from mpifast import reference
from mpifast.solvers import equations as module
from mpifast.solvers import proximal
from mpifast.solvers.equations import Equations, row_norms


@pytest.fixture
def large(monkeypatch):
    """Every system counts as large."""
    monkeypatch.setattr(module, "SMALL", 0)


@pytest.fixture(scope="module")
def scanned():
    """A small system with an operator."""
    scanner = mpifast.LissajousScanner(
        mpifast.Grid((7, 6, 5), (15e-3, 12e-3, 8e-3)),
        (-1, -1, 2), (9e-3, 9e-3, 9e-3), (20, 30, 40), phase=(0.1, 4.0, 0.7), channels=("x", "z"),
    )  # fmt: skip
    return mpifast.system_matrix(scanner, mpifast.Particle(25e-9), level=1e-2, tolerance=1e-12)


@pytest.fixture
def by_operator(large, scanned):
    """The operator is used."""
    fresh = scanned.select(rows=np.arange(len(scanned.rows)))
    vars(fresh)["operator"] = fresh.route.model  # as if it were the faster way
    yield fresh
    assert not {"matrix", "real"} & vars(fresh).keys()


def test_products_without_a_matrix_are_those_with_it(by_operator, scanned, random):
    weights = random.uniform(0.5, 2.0, len(scanned.equations))
    found = Equations(by_operator, weights)
    matrix = weights[:, None] * scanned.real
    c, u = random.normal(size=(3, found.shape[1])), random.normal(size=(3, found.shape[0]))
    assert len(scanned.parts) == 2
    np.testing.assert_allclose(found.forward(c), c @ matrix.T, atol=1e-10 * np.abs(matrix).max())
    np.testing.assert_allclose(found.adjoint(u), u @ matrix, atol=1e-10 * np.abs(matrix).max())
    np.testing.assert_allclose(found.norms, row_norms(matrix), rtol=1e-10)
    np.testing.assert_allclose((found.forward(c) * u).sum(), (c * found.adjoint(u)).sum(), rtol=1e-12)


def test_solvers_without_a_matrix_are_those_with_it(by_operator, scanned, random):
    u = random.uniform(size=(2, 210)) @ scanned.real.T
    dense = mpifast.linear_system(np.array(scanned.matrix), scanned.grid)
    for solve in (
        lambda system: mpifast.sparse(system, u, alpha=1e-3, relative=True, iterations=20, tolerance=0.0),
        lambda system: mpifast.fused_lasso(system, u, weights="energy", iterations=20, tolerance=0.0),
        lambda system: mpifast.plug_and_play(system, u, lambda image: 0.9 * image, iterations=5, tolerance=0.0),
    ):
        found = solve(by_operator)
        np.testing.assert_allclose(found, solve(dense), atol=1e-8)
        np.testing.assert_array_equal(solve(by_operator), found)


@pytest.mark.parametrize("nonnegative", [False, True])
def test_large_systems_have_the_iterates_of_the_slow_twin(small_system, small, nonnegative, large, monkeypatch):
    largest = np.linalg.norm(small_system.real, 2) ** 2
    monkeypatch.setattr(proximal, "largest_square", lambda _: largest)
    options = {"iterations": 15, "tolerance": 0.0, "nonnegative": nonnegative}
    images = mpifast.sparse(small_system, small[:3], alpha=0.1, **options)
    np.testing.assert_allclose(images, reference.fista(small_system.real, small[:3], 0.1, 15, nonnegative), atol=1e-11)


@pytest.mark.parametrize("nonnegative", [False, True])
def test_the_gap_bounds_the_error(small_system, small, nonnegative, large):
    u, real, alphas = small[:4], small_system.real, [0.03, 0.1, 0.3, 1e9]

    def objective(c):
        return np.square(c @ real.T - u).sum(axis=1) + np.multiply(alphas, np.abs(c).sum(axis=1))

    def solve(tolerance):
        return mpifast.sparse(small_system, u, alphas, 10**5, tolerance, nonnegative, full_output=True)

    least = objective(solve(1e-12).images)
    for tolerance in (1e-1, 1e-3):
        fit = solve(tolerance)
        assert fit.converged.all()
        values, last = objective(fit.images), fit.history[fit.iterations - 1, np.arange(4)]
        assert (last <= tolerance).all()
        assert (values - least <= last * values + 1e-13).all()
    assert not fit.images[3].any()


def test_many_spectra_are_one_at_a_time(small_system, small, large):
    fit = mpifast.sparse(small_system, small[:6], alpha=0.1, full_output=True)
    apart = [mpifast.sparse(small_system, small[n : n + 1], alpha=0.1, full_output=True) for n in range(6)]
    np.testing.assert_allclose(fit.images, np.vstack([one.images for one in apart]), atol=1e-12)
    np.testing.assert_array_equal(fit.iterations, [one.iterations[0] for one in apart])
    assert len(set(fit.iterations)) > 1


def test_single_precision_is_read_as_it_is(large, random):
    matrix = random.normal(size=(40, 30)).astype(np.float32)
    u = matrix @ (random.uniform(size=30) > 0.7) + 0.1 * random.normal(size=40)
    given = mpifast.linear_system(matrix)
    assert Equations(given).forward(np.zeros((1, 30))).dtype == np.float32
    found = mpifast.sparse(given, u[None], alpha=1.0, tolerance=1e-5, iterations=10**4)
    exact = mpifast.sparse(matrix.astype(np.float64), u[None], alpha=1.0, tolerance=1e-9, iterations=10**4)
    np.testing.assert_allclose(found, exact, atol=1e-2 * np.abs(exact).max())


@pytest.mark.parametrize("size", [None, 0])
def test_weights_multiply_both_sides(size, small_system, small, monkeypatch, random):
    if size is not None:
        monkeypatch.setattr(module, "SMALL", size)
    weights = random.uniform(0.5, 2.0, 14)
    options = {"alpha": 0.1, "iterations": 20, "tolerance": 0.0}
    found = mpifast.sparse(small_system, small[:2], weights=weights, **options)
    expected = mpifast.sparse(weights[:, None] * small_system.real, weights * small[:2], **options)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    fit = mpifast.sparse(small_system, small[:2], weights=weights, full_output=True, **options)
    residual = np.linalg.norm(fit.images @ small_system.real.T - small[:2], axis=1)
    np.testing.assert_allclose(fit.residual, residual, rtol=1e-10)


@pytest.mark.parametrize("shape", [(1, 1), (5, 1), (1, 5), (60, 90)])
def test_the_largest_square_is_a_bound(shape, large, random):
    matrix = random.normal(size=shape) * 10.0 ** -np.linspace(0, 3, shape[0])[:, None]
    exact = np.linalg.norm(matrix, 2) ** 2
    found = proximal.largest_square(Equations(mpifast.linear_system(matrix)))
    assert exact <= found <= 1.03 * exact
    assert proximal.largest_square(Equations(mpifast.linear_system(0 * matrix))) == 1.0


def test_large_systems_warn_with_the_gap(small_system, small, large):
    with pytest.warns(mpifast.ConvergenceWarning, match=r"the objective may be above its minimum by .* times itself"):
        mpifast.sparse(small_system, small[:1], iterations=3)
