"""What the rules that choose a rank or an alpha promise, and the unit of alpha."""

import numpy as np
import pytest
from solver_problems import custom, errors

import mpifast
from mpifast.solvers.linear_algebra.tall import TALL


def test_gcv_is_nearly_the_best_alpha(system, noisy):
    u, c, _ = noisy
    grid = [errors(mpifast.tikhonov(system, u, alpha=alpha), c) for alpha in 10.0 ** np.arange(-3, 3, 0.25)]
    assert errors(mpifast.tikhonov(system, u), c).mean() < 1.15 * np.min(grid, axis=0).mean()
    grid = [errors(mpifast.tsvd(system, u, rank=rank), c) for rank in range(1, 130, 4)]
    assert errors(mpifast.tsvd(system, u), c).mean() < 1.5 * np.min(grid, axis=0).mean()


@pytest.mark.parametrize("solve", [mpifast.tsvd, mpifast.tikhonov])
def test_discrepancy_leaves_the_noise(system, noisy, solve):
    u, _, level = noisy
    fit = solve(system, u, choice="discrepancy", noise_level=level, full_output=True)
    rms = fit.residual / np.sqrt(system.harmonics)
    assert (rms <= level).all()
    assert (rms > 0.85 * level).all()
    rough = solve(system, u, choice="discrepancy", noise_level=np.full(len(u), 2 * level), full_output=True)
    assert (rough.residual > fit.residual).all()


@pytest.mark.parametrize("solve", [mpifast.tsvd, mpifast.tikhonov])
def test_the_corner_of_the_l_curve_beats_no_regularisation(system, noisy, solve):
    u, c, _ = noisy
    fit = solve(system, u, choice="lcurve", full_output=True)
    assert errors(fit.images, c).mean() < 3 * errors(solve(system, u), c).mean()
    assert errors(fit.images, c).mean() < errors(mpifast.tsvd(system, u, rank=129), c).mean()


def test_rank_by_tolerance(system, noisy):
    values = np.linalg.svd(system.real, compute_uv=False)
    tolerance = values[49] / values[0] * (1 - 1e-12)
    fit = mpifast.tsvd(system, noisy[0], choice="tolerance", tolerance=tolerance, full_output=True)
    assert (fit.parameter == 50).all()


def test_weights_enter_the_choice_of_kaczmarz(system, noisy):
    u = noisy[0][:3]
    given = 1 / np.linalg.norm(system.real, axis=1)
    fit = mpifast.kaczmarz(system, u, weights="energy", iterations=1, tolerance=0.0, full_output=True)
    expected = mpifast.tikhonov(custom(given[:, None] * system.real), given * u, full_output=True)
    np.testing.assert_allclose(fit.parameter, expected.parameter, rtol=1e-12)


@pytest.mark.parametrize("noise", [0.0, 0.1])
@pytest.mark.parametrize("rows", [TALL * 8 + 1, 1000, 1003])
def test_a_tall_system_is_reduced_to_the_same_choice(rows, noise, random):
    """Kaczmarz chooses alpha from the triangle of a QR factorisation, Tikhonov from the singular values of all rows."""
    weights = random.uniform(0.5, 2.0, rows)
    matrix = random.normal(size=(rows, 8)) * np.geomspace(1.0, 1e-4, 8)
    u = random.uniform(size=(5, 8)) @ matrix.T + noise * random.normal(size=(5, rows))
    fit = mpifast.kaczmarz(matrix, u, weights=weights, iterations=1, tolerance=0.0, full_output=True)
    expected = mpifast.tikhonov(weights[:, None] * matrix, weights * u, full_output=True)
    np.testing.assert_allclose(fit.parameter, expected.parameter, rtol=1e-9)
    assert mpifast.kaczmarz(matrix, u[:0]).shape == (0, 8)


# the unit of alpha


def test_scaling_system_and_spectra_leaves_a_relative_alpha_alone(small_system, small):
    def image(factor):
        return mpifast.tikhonov(custom(factor * small_system.real), factor * small, alpha=0.01, relative=True)

    np.testing.assert_allclose(image(1.0), image(37.0), atol=1e-12)


@pytest.mark.parametrize("solve", [mpifast.tikhonov, mpifast.kaczmarz, mpifast.sparse, mpifast.nnls])
def test_a_relative_alpha_is_a_multiple_of_the_mean_squared_column(small_system, small, solve):
    unit = np.square(small_system.real).sum() / 11
    found = solve(small_system, small[:5], alpha=0.01, relative=True, full_output=True)
    expected = solve(small_system, small[:5], alpha=0.01 * unit, full_output=True)
    np.testing.assert_allclose(found.images, expected.images, atol=1e-12)
    np.testing.assert_allclose(found.parameter, 0.01 * unit, rtol=1e-14)
    with pytest.raises(ValueError, match="relative=True needs alpha"):
        mpifast.tikhonov(small_system, small, relative=True)
    with pytest.raises(ValueError, match=r"alpha=1e\+308 times .* overflows: give a smaller one"):
        solve(small_system, small, alpha=1e308, relative=True)


def test_a_relative_alpha_counts_the_weights(small_system, small):
    weights = np.linspace(0.5, 2.0, 14)
    unit = np.square(weights[:, None] * small_system.real).sum() / 11
    fit = mpifast.kaczmarz(small_system, small, alpha=0.01, weights=weights, relative=True, full_output=True)
    np.testing.assert_allclose(fit.parameter, 0.01 * unit, rtol=1e-14)
