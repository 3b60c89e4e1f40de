"""Alpha of large systems by quadrature: the same choice as by all singular values."""

import numpy as np
import pytest
from test_randomized import Patches, decaying, large  # noqa: F401

import mpifast
from mpifast.solvers import equations, regularisation
from mpifast.solvers.equations import Equations
from mpifast.solvers.linear_algebra import golub_kahan
from mpifast.solvers.linear_algebra.golub_kahan import Bidiagonalisation
from mpifast.solvers.parameter_choice import Spectral, by_rule

pytestmark = pytest.mark.usefixtures("large")
TWICE = {"tikhonov": mpifast.tikhonov, "kaczmarz": mpifast.kaczmarz}


def noisy(matrix, random, levels=(1e-3, 1e-2, 1e-1)):
    """Spectra of smooth images, each with noise of its own, and the standard deviations of it."""
    right = np.linalg.svd(matrix.astype(np.float64))[2][:40]
    u = random.normal(size=(len(levels), len(right))) @ right @ matrix.T.astype(np.float64)
    noise = np.array(levels) * np.abs(u).max(axis=1)
    return u + noise[:, None] * random.normal(size=u.shape), noise


def curves(matrix, u, alphas):
    """Residuals, squares of norms, and freedom, by the singular values."""
    left, values, _ = np.linalg.svd(matrix.astype(np.float64), full_matrices=False)
    filters = values**2 / (values**2 + alphas[:, None])
    beta = u @ left
    outside = np.square(u).sum(axis=1) - np.square(beta).sum(axis=1)
    residual = np.square(beta) @ np.square(1.0 - filters).T + outside[:, None]
    return residual, np.square(beta) @ np.square(filters / values).T, len(matrix) - filters.sum(axis=1)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(300, 200), (200, 300)])
@pytest.mark.parametrize("part", [0, 8], ids=["all orthogonal", "the random ones"])
def test_curves(dtype, shape, part, random, monkeypatch):
    monkeypatch.setattr(golub_kahan, "PART", part)
    matrix, weights = decaying(shape, random, last=1e-4).astype(dtype), random.uniform(0.5, 2.0, shape[0])
    u, _ = noisy(matrix, random)
    whole, alphas = Equations(mpifast.linear_system(matrix), weights), np.geomspace(10.0, 1e-3 if part else 1e-5, 30)
    run = Bidiagonalisation(whole, u * weights)
    run.extend(150)
    found, exact = run.curves(alphas), curves(weights[:, None] * matrix.astype(np.float64), u * weights, alphas)
    np.testing.assert_allclose(found.residual, exact[0], rtol=2e-3)
    np.testing.assert_allclose(found.size, exact[1], rtol=2e-3)
    np.testing.assert_allclose(found.freedom, exact[2], rtol=0.05)  # of random vectors
    np.testing.assert_allclose(run.largest(), np.linalg.norm(weights[:, None] * matrix, 2) ** 2, rtol=1e-5)


def test_orthogonal_vectors(random):
    """Those of the other space, too, which nothing makes orthogonal."""
    matrix = decaying((60, 80), random, last=1e-4)
    run = Bidiagonalisation(Equations(mpifast.linear_system(matrix)), np.empty((0, 60)))
    run.extend(60)
    left = run._kept[0, :60]
    np.testing.assert_allclose(left @ left.T.copy(), np.eye(60), atol=1e-12)
    right = np.linalg.qr((left @ matrix).T)[0]
    np.testing.assert_allclose(np.abs(right[:, -1] @ run._right[0]), 1.0, atol=1e-8)


@pytest.mark.parametrize("choice", ["gcv", "discrepancy"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(500, 300), (300, 500)])
def test_the_choice_of_all_singular_values(choice, dtype, shape, random, monkeypatch, recwarn):
    """Up to two candidates, for each noise of its own: the trace is that of random vectors."""
    matrix, weights = decaying(shape, random, last=1e-3).astype(dtype), random.uniform(0.5, 2.0, shape[0])
    u, noise = noisy(matrix, random)
    options = {"choice": choice, "weights": weights, "full_output": True}
    options["noise_level"] = noise if choice == "discrepancy" else None
    found = mpifast.tikhonov(matrix, u, **options).parameter
    monkeypatch.setattr(equations, "SMALL", 2**22)
    exact = mpifast.tikhonov(matrix, u, **options).parameter
    assert np.abs(np.log10(found / exact)).max() < 2.5 / regularisation.STEPS
    assert exact.max() > 10.0 * exact.min()
    assert not recwarn


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_corner_of_the_l_curve(dtype, random, monkeypatch):
    """Within half a decade of the one of all singular values on the same candidates."""
    monkeypatch.setattr(golub_kahan, "PART", 0.1)  # all vectors fit, as those of one spectrum of a large system
    matrix = decaying((300, 200), random, last=1e-3).astype(dtype)
    u, _ = noisy(matrix, random)
    found = mpifast.tikhonov(matrix, u, choice="lcurve", full_output=True).parameter
    spectral = Spectral.of(*np.linalg.svd(matrix.astype(np.float64), full_matrices=False))
    end = np.finfo(np.float32).eps * np.square(spectral.values).sum()
    alphas = np.geomspace(spectral.values[0] ** 2, end, 200)
    exact = alphas[by_rule("lcurve", *curves(matrix, u, alphas), None, 300)]
    assert np.abs(np.log10(found / exact)).max() < 0.5


def test_pieces_solvers_and_the_same_bits(random):
    made = Patches(decaying((40, 30), random, last=1e-2))
    u, _ = noisy(made.real, random)
    found = [
        solve(system, u, full_output=True, iterations=3, tolerance=0.0).parameter
        for solve in TWICE.values()
        for system in (made, made, mpifast.linear_system(made.real.copy()))
    ]
    for other in (1, 3, 4):
        np.testing.assert_array_equal(found[other], found[0])
    np.testing.assert_allclose(found[2], found[0], rtol=1e-6)


@pytest.mark.parametrize("factor", [1e-20, 1e15])
def test_units(factor, random):
    matrix = decaying((120, 100), random, last=1e-2).astype(np.float32)
    u, _ = noisy(matrix, random)
    fits = [
        mpifast.tikhonov(matrix * np.float32(f), 3.0 * f * u, full_output=True, tolerance=0.0, iterations=1)
        for f in (1.0, factor)
    ]
    np.testing.assert_allclose(fits[1].parameter / factor**2, fits[0].parameter, rtol=1e-4)


@pytest.mark.parametrize("rank", [0, 1, 3])
@pytest.mark.parametrize("solve", TWICE.values(), ids=TWICE)
def test_low_ranks_and_spectra_of_zeros(solve, rank, random, recwarn):
    """The bidiagonalisation ends before its steps."""
    matrix = random.normal(size=(90, rank)) @ random.normal(size=(rank, 80))
    u = 0.01 * random.normal(size=(3, 90)) + random.uniform(size=(3, 80)) @ matrix.T
    u[1] = 0.0
    fit = solve(matrix, u, full_output=True, iterations=1, tolerance=0.0)
    assert np.isfinite(fit.images).all()
    assert not fit.images[1].any()
    assert len(solve(matrix, u[:0])) == 0
    assert not recwarn


@pytest.mark.parametrize("solve", TWICE.values(), ids=TWICE)
def test_a_choice_that_does_not_settle_says_so(solve, random, monkeypatch):
    matrix = decaying((300, 250), random, last=1e-7)
    u = random.normal(size=(2, 250)) @ matrix.T
    monkeypatch.setattr(golub_kahan, "STEPS", 50)
    with pytest.warns(mpifast.ConvergenceWarning, match="alpha by 'gcv' has not settled for 2 of 2 .* 50 st") as caught:
        solve(matrix, u, iterations=1, tolerance=0.0)
    assert [warning.filename for warning in caught] == [__file__]
