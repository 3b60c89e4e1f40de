"""The fused lasso: its proximal map against bounded least squares, its minimum against the slow twin, the grid."""

import numpy as np
import pytest
from scipy.optimize import lsq_linear
from skimage.restoration import denoise_tv_chambolle

import mpifast
from mpifast import reference
from mpifast.solvers.fused_lasso import denoise, differences, differences_adjoint, total_variation

SHAPES = [(7,), (4, 5), (3, 4, 2), (1, 6), (1, 1)]


@pytest.fixture(scope="module")
def problem():
    """A plane of 4 x 5 voxels, 30 noisy equations, two spectra of a bar."""
    random = np.random.default_rng(5)
    matrix, image = random.normal(size=(30, 20)), np.zeros((4, 5))
    image[1:3, 1:4] = 1.0
    system = mpifast.linear_system(matrix, mpifast.Grid((4, 5), (4e-3, 5e-3)))
    return system, image.ravel() @ matrix.T + 0.3 * random.normal(size=(2, 30))


def objective(system, u, images, l1, tv):
    fit = np.square(images @ system.real.T - u).sum(axis=1)
    return fit + l1 * np.abs(images).sum(axis=1) + tv * total_variation(images.reshape(-1, *system.grid.shape))


@pytest.mark.parametrize("shape", SHAPES)
def test_differences_have_their_adjoint(shape, random):
    c, p = random.normal(size=(2, *shape)), random.normal(size=(2, len(shape), *shape))
    np.testing.assert_allclose((differences(c) * p).sum(), (c * differences_adjoint(p)).sum(), rtol=1e-12, atol=1e-12)
    steps = [np.diff(c, axis=axis + 1) for axis in range(len(shape))]
    np.testing.assert_allclose(np.abs(differences(c)).sum(), sum(np.abs(step).sum() for step in steps), atol=1e-12)


def test_total_variation_of_a_step_and_of_a_corner():
    image = np.zeros((1, 4, 4))
    image[0, :2, :2] = 3.0
    assert total_variation(image)[0] == pytest.approx(3 * (1 + 1 + np.sqrt(2)))  # the corner voxel sees both steps


@pytest.mark.parametrize("l1", [0.0, 0.2])
def test_one_dimension_is_bounded_least_squares(l1, random):
    """The dual problem, min ||z - tv D^T p||^2 over |p| <= 1, by active sets; then the 1-norm shrinks the result."""
    points, tv = np.cumsum(random.normal(size=(1, 12)), axis=1), 0.7
    d = np.diff(np.eye(12), axis=0)
    p = lsq_linear(tv * d.T, points[0], (-1, 1), method="bvls", tol=1e-14).x
    smooth = points[0] - tv * d.T @ p
    found, _ = denoise(points, np.array([l1]), np.array([tv]), np.zeros((1, 1, 12)), 3000, False)
    np.testing.assert_allclose(found[0], np.sign(smooth) * np.maximum(np.abs(smooth) - l1, 0), atol=1e-6)


def test_denoising_is_that_of_scikit_image(random):
    points = np.kron([[0.0, 1.0], [2.0, 0.5]], np.ones((5, 5)))[None] + 0.1 * random.normal(size=(1, 10, 10))
    found, _ = denoise(points, np.zeros(1), np.full(1, 0.2), np.zeros((1, 2, 10, 10)), 500, False)
    expected = denoise_tv_chambolle(points[0], weight=0.2, eps=1e-12, max_num_iter=5000)
    np.testing.assert_allclose(found[0], expected, atol=1e-3)


@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize(("l1", "tv"), [(2.0, 1.5), (0.5, 5.0), (3.0, 0.0)])
def test_the_minimum_is_that_of_the_slow_twin(problem, l1, tv, nonnegative):
    system, u = problem
    fit = mpifast.fused_lasso(system, u, l1, tv, nonnegative, 20_000, 1e-7, full_output=True)
    twin = reference.fused_lasso(system.real, u, l1, tv, (4, 5), 3000, nonnegative)
    np.testing.assert_allclose(fit.images, twin, atol=1e-3)
    assert fit.converged.all()
    assert (objective(system, u, fit.images, l1, tv) <= (1 + 1e-7) * objective(system, u, twin, l1, tv)).all()
    assert nonnegative == bool((fit.images >= 0).all())
    np.testing.assert_array_equal(fit.parameter, [[l1, tv]] * 2)


def test_without_total_variation_it_is_the_sparse_image(problem):
    system, u = problem
    found = mpifast.fused_lasso(system, u, 3.0, 0.0, iterations=5000, tolerance=1e-10)
    np.testing.assert_allclose(found, mpifast.sparse(system, u, 3.0, tolerance=1e-12, nonnegative=True), atol=1e-4)


def test_defaults_and_relative_weights(problem):
    system, u = problem
    fit = mpifast.fused_lasso(system, u, full_output=True)
    largest = 2 * np.abs(u @ system.real).max(axis=1)
    np.testing.assert_allclose(fit.parameter, largest[:, None] * [1e-3, 3e-4])
    assert fit.converged.all()
    assert not mpifast.fused_lasso(system, u, 1.001 * largest, 0.0).any()
    scale = np.square(system.real).sum() / 20
    relative = mpifast.fused_lasso(system, u, 0.1, 0.2, relative=True, iterations=9, tolerance=0.0)
    np.testing.assert_array_equal(
        relative, mpifast.fused_lasso(system, u, 0.1 * scale, 0.2 * scale, iterations=9, tolerance=0.0)
    )
    assert mpifast.fused_lasso(system, u[:0]).shape == (0, 20)
    assert not mpifast.fused_lasso(system, 0 * u).any()


def test_many_spectra_are_one_at_a_time(problem):
    system, u = problem
    together = mpifast.fused_lasso(system, u, [1.0, 3.0], [0.0, 1.0])
    for n, (l1, tv) in enumerate([(1.0, 0.0), (3.0, 1.0)]):
        np.testing.assert_allclose(together[n], mpifast.fused_lasso(system, u[n : n + 1], l1, tv)[0], atol=1e-12)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"l1": -1.0}, ValueError, "l1=-1.0 is out of range"),
        ({"tv": [1.0, np.nan]}, ValueError, "tv contains nan"),
        ({"tv": [1.0]}, ValueError, r"tv has shape \(1,\), expected \(2,\)"),
        ({"nonnegative": 1}, TypeError, "nonnegative must be True or False"),
        ({"relative": 1}, TypeError, "relative must be True or False"),
        ({"iterations": 0}, ValueError, "iterations=0 is out of range"),
    ],
)
def test_bad_input(problem, options, error, message):
    with pytest.raises(error, match=message):
        mpifast.fused_lasso(*problem, **options)


def test_a_system_without_grid_is_told_how_to_get_one(problem):
    system, u = problem
    for solve in (mpifast.fused_lasso, lambda *given: mpifast.plug_and_play(*given, denoiser=abs)):
        with pytest.raises(ValueError, match=r"needs a grid: give one, mpifast.linear_system\(array, grid="):
            solve(np.array(system.matrix), u)
