"""Solvers: closed forms, the slow twins, each other, and what the parameter rules promise."""

import numpy as np
import pytest
from scipy.sparse.linalg import LinearOperator, cg

import mpifast
from mpifast import reference
from mpifast.solvers import iteration
from mpifast.solvers.solution import Solution

SNR_DB = 30.0
SOLVERS = {
    "tsvd": lambda system, u, **options: mpifast.tsvd(system, u, rank=7, **options),
    "tsvd by rule": lambda system, u, **options: mpifast.tsvd(system, u, **options),
    "tikhonov": lambda system, u, **options: mpifast.tikhonov(system, u, alpha=0.2, **options),
    "tikhonov by rule": lambda system, u, **options: mpifast.tikhonov(system, u, **options),
    "kaczmarz": lambda system, u, **options: mpifast.kaczmarz(system, u, alpha=0.2, iterations=30, **options),
    "kaczmarz by rule": lambda system, u, **options: mpifast.kaczmarz(
        system, u, iterations=10, nonnegative=True, **options
    ),
    "sparse": lambda system, u, **options: mpifast.sparse(system, u, iterations=50, **options),
    "nnls": lambda system, u, **options: mpifast.nnls(system, u, **options),
}
loops = pytest.mark.loops
every_solver = pytest.mark.parametrize("solve", SOLVERS.values(), ids=SOLVERS)


def custom(matrix):
    """A system with this real form."""
    return mpifast.linear_system(1j * np.asarray(matrix, np.float64))


def objective(real, u, c, alpha, p):
    return np.square(c @ real.T - u).sum(axis=1) + alpha * (np.abs(c) ** p).sum(axis=1)


def errors(images, c):
    return np.square(images - c).mean(axis=1)


@pytest.fixture
def small(small_system, random):
    """Eleven voxels, thirty-five noisy spectra of random images: more than two blocks."""
    u = small_system.spectra(random.uniform(size=(35, 11)), dtype="float64")
    return u + 0.05 * random.normal(size=u.shape)


@pytest.fixture(scope="module")
def noisy(system):
    """Spectra, phantoms and the noise level at the paper's size."""
    spectra = mpifast.Spectra(system, seed=7, snr_db=SNR_DB, dtype="float64")
    return *spectra[:40], spectra.noise_level


# closed forms


@loops
def test_diagonal_system():
    values, u = np.array([4.0, 2.0, 1.0]), np.array([[8.0, -2.0, 0.5], [1.0, 1.0, 1.0]])
    system = custom(np.diag(values))
    np.testing.assert_allclose(mpifast.tsvd(system, u, rank=2), u / values * [1, 1, 0], atol=1e-15)
    ridge = u * values / (values**2 + 3.0)
    np.testing.assert_allclose(mpifast.tikhonov(system, u, alpha=3.0), ridge, atol=1e-15)
    options = {"iterations": 400, "tolerance": 1e-15}
    np.testing.assert_allclose(mpifast.kaczmarz(system, u, alpha=3.0, **options), ridge, atol=1e-13)
    np.testing.assert_allclose(
        mpifast.kaczmarz(system, u, alpha=3.0, nonnegative=True, **options), np.maximum(ridge, 0), atol=1e-13
    )
    np.testing.assert_allclose(mpifast.nnls(system, u, alpha=3.0), np.maximum(ridge, 0), atol=1e-14)
    shrunk = np.sign(u) * np.maximum(np.abs(u) - 1.0 / values, 0) / values  # of ||S c - u||^2 + 2 ||c||_1
    np.testing.assert_allclose(mpifast.sparse(system, u, alpha=2.0, **options), shrunk, atol=1e-12)
    np.testing.assert_allclose(
        mpifast.sparse(system, u, alpha=2.0, nonnegative=True, **options), np.maximum(shrunk, 0), atol=1e-12
    )


@loops
def test_one_equation():
    """S = (3, 4): one step of Kaczmarz is the projection S^T u / ||S||^2, and with alpha the minimum is S^T u /
    (||S||^2 + alpha).
    """
    system, u = custom([[3.0, 4.0]]), np.array([[50.0]])
    np.testing.assert_allclose(mpifast.kaczmarz(system, u, alpha=0.0, iterations=1), [[6.0, 8.0]])
    np.testing.assert_allclose(mpifast.kaczmarz(system, u, alpha=25.0, iterations=1), [[3.0, 4.0]])
    np.testing.assert_allclose(mpifast.tikhonov(system, u, alpha=25.0), [[3.0, 4.0]])
    np.testing.assert_allclose(mpifast.tsvd(system, u, rank=1), [[6.0, 8.0]])


def test_conversion_from_mpireco(small_system, small):
    """Lambda is relative to the mean squared norm of a column: scaling the system and the spectra leaves the image
    alone.
    """

    def image(factor, lam=0.01):
        system = custom(factor * small_system.real)
        return mpifast.tikhonov(system, factor * small, alpha=lam * (system.real**2).sum() / system.voxels)

    np.testing.assert_allclose(image(1.0), image(37.0), atol=1e-12)


# the slow twins


@loops
@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize("count", [1, 16, 35])
def test_iterations_equal_the_slow_twin(small_system, small, nonnegative, count):
    u, options = small[:count], {"tolerance": 0.0, "nonnegative": nonnegative}
    for sweeps in (1, 4):
        images = mpifast.kaczmarz(small_system, u, alpha=0.1, iterations=sweeps, **options)
        np.testing.assert_allclose(
            images, reference.kaczmarz(small_system.real, u, 0.1, sweeps, nonnegative), atol=1e-13
        )
    for steps in (1, 15):
        images = mpifast.sparse(small_system, u, alpha=0.1, iterations=steps, **options)
        np.testing.assert_allclose(images, reference.fista(small_system.real, u, 0.1, steps, nonnegative), atol=1e-13)


def test_iterations_equal_the_slow_twin_at_the_papers_size(system, noisy):
    u = noisy[0][:3]
    for nonnegative in (False, True):
        options = {"tolerance": 0.0, "nonnegative": nonnegative}
        images = mpifast.kaczmarz(system, u, alpha=0.3, iterations=20, **options)
        np.testing.assert_allclose(images, reference.kaczmarz(system.real, u, 0.3, 20, nonnegative), atol=1e-11)
        images = mpifast.sparse(system, u, alpha=1.0, iterations=200, **options)
        np.testing.assert_allclose(images, reference.fista(system.real, u, 1.0, 200, nonnegative), atol=1e-10)


@loops
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1), (8, 17), (17, 8)])
def test_every_shape(shape, random):
    system, u = custom(random.normal(size=shape)), random.normal(size=(3, shape[0]))
    np.testing.assert_allclose(
        mpifast.tikhonov(system, u, alpha=0.5), reference.tikhonov(system.real, u, 0.5), atol=1e-12
    )
    rank = min(shape)
    np.testing.assert_allclose(mpifast.tsvd(system, u, rank=rank), reference.tsvd(system.real, u, rank), atol=1e-11)
    np.testing.assert_allclose(
        mpifast.kaczmarz(system, u, alpha=0.5, iterations=3, tolerance=0.0),
        reference.kaczmarz(system.real, u, 0.5, 3),
        atol=1e-12,
    )
    np.testing.assert_allclose(
        mpifast.sparse(system, u, alpha=0.5, iterations=9, tolerance=0.0),
        reference.fista(system.real, u, 0.5, 9),
        atol=1e-12,
    )
    for solve in SOLVERS.values():
        if rank >= 7 or solve is not SOLVERS["tsvd"]:
            assert solve(system, u).shape == (3, shape[1])
            assert solve(system, u[:0]).shape == (0, shape[1])


# agreement


@pytest.mark.parametrize("alpha", [1.0, 20.0])
def test_direct_svd_cgnr_and_kaczmarz_agree(system, noisy, alpha):
    u, real = noisy[0][:8], system.real
    svd = mpifast.tikhonov(system, u, alpha=alpha)
    normal = real.T @ real + alpha * np.eye(system.voxels)
    np.testing.assert_allclose(np.linalg.solve(normal, real.T @ u.T).T, svd, atol=1e-8)
    np.testing.assert_allclose(reference.tikhonov(real, u, alpha), svd, atol=1e-8)
    operator = LinearOperator(normal.shape, matvec=lambda c: real.T @ (real @ c) + alpha * c)
    for spectrum, image in zip(u, svd, strict=True):
        cgnr, failed = cg(operator, real.T @ spectrum, rtol=1e-13, maxiter=2000)
        assert not failed
        np.testing.assert_allclose(cgnr, image, atol=1e-8)
    for order in ("sequential", "random"):
        rows = mpifast.kaczmarz(system, u, alpha=alpha, tolerance=1e-12, order=order, seed=3)
        np.testing.assert_allclose(rows, svd, atol=1e-8)


def test_nonnegative_solvers_agree(system, noisy):
    u = noisy[0][:4]
    exact = mpifast.nnls(system, u, alpha=20.0)
    assert (exact == 0).any()
    assert (exact >= 0).all()
    rows = mpifast.kaczmarz(system, u, alpha=20.0, nonnegative=True, iterations=20_000, tolerance=1e-12)
    np.testing.assert_allclose(rows, exact, atol=1e-8)
    plain = mpifast.nnls(system, u)
    np.testing.assert_allclose(
        mpifast.sparse(system, u, alpha=0.0, nonnegative=True, tolerance=1e-11), plain, atol=1e-6
    )


@pytest.mark.parametrize("weights", ["energy", np.linspace(0.0, 2.0, 200)], ids=["energy", "given"])
def test_row_weights(system, noisy, weights):
    u = noisy[0][:4]
    given = 1 / np.linalg.norm(system.real, axis=1) if isinstance(weights, str) else weights
    expected = reference.tikhonov(given[:, None] * system.real, given * u, 0.5)
    images = mpifast.kaczmarz(system, u, alpha=0.5, weights=weights, tolerance=1e-12)
    np.testing.assert_allclose(images, expected, atol=1e-8)


def test_noiseless_spectra_are_inverted(system):
    u, c = mpifast.Spectra(system, seed=7, dtype="float64")[:20]
    for images in (
        mpifast.tsvd(system, u),
        mpifast.tsvd(system, u, rank=129),
        mpifast.tsvd(system, u, choice="discrepancy", noise_level=1e-12),
        mpifast.tikhonov(system, u),
        mpifast.tikhonov(system, u, alpha=0.0),
        mpifast.nnls(system, u),
    ):
        np.testing.assert_allclose(images, c, atol=1e-10)
    np.testing.assert_allclose(mpifast.kaczmarz(system, u, alpha=0.0, iterations=10_000, tolerance=1e-9), c, atol=1e-4)


# optimality


def test_the_gradient_vanishes(system, noisy):
    """Adjoint test: S^T (S c - u) + alpha c = 0 for Tikhonov; S^T (S c - u) is orthogonal to the kept singular vectors
    for the SVD.
    """
    u, real = noisy[0], system.real
    c = mpifast.tikhonov(system, u, alpha=2.0)
    np.testing.assert_allclose((c @ real.T - u) @ real + 2.0 * c, 0, atol=1e-9)
    c = mpifast.tsvd(system, u, rank=60)
    gradient = (c @ real.T - u) @ real
    right = np.linalg.svd(real)[2]
    np.testing.assert_allclose(gradient @ right[:60].T, 0, atol=1e-9)
    np.testing.assert_allclose(c @ right[60:].T, 0, atol=1e-11)


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


def test_sparse_alpha_above_the_largest_gives_nothing(system, noisy):
    u = noisy[0]
    largest = 2 * np.abs(u @ system.real).max(axis=1)
    assert not mpifast.sparse(system, u, alpha=1.0001 * largest).any()
    assert mpifast.sparse(system, u, alpha=0.99 * largest).any(axis=1).all()


# parameter rules


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
    fit = mpifast.tsvd(
        system, noisy[0], choice="tolerance", tolerance=values[49] / values[0] * (1 - 1e-12), full_output=True
    )
    assert (fit.parameter == 50).all()


def test_weights_enter_the_choice_of_kaczmarz(system, noisy):
    u = noisy[0][:3]
    given = 1 / np.linalg.norm(system.real, axis=1)
    fit = mpifast.kaczmarz(system, u, weights="energy", iterations=1, full_output=True)
    expected = mpifast.tikhonov(custom(given[:, None] * system.real), given * u, full_output=True)
    np.testing.assert_array_equal(fit.parameter, expected.parameter)


# histories


def test_histories_fall(system, noisy):
    u = noisy[0]
    for fit in (
        mpifast.kaczmarz(system, u, alpha=5.0, full_output=True),
        mpifast.sparse(system, u, full_output=True),
    ):
        assert fit.history.shape == (fit.iterations.max(), len(u))
        last = fit.history[fit.iterations - 1, np.arange(len(u))]
        assert (last <= 1e-4).all()
        assert (fit.history[0] > 1e-2).all()
    # Errors of (c, v) fall with every projection: Kaczmarz' distance to the solution is monotone.
    exact = mpifast.tikhonov(system, u, alpha=5.0)
    slack = (u - exact @ system.real.T) / np.sqrt(5.0)
    assert np.isfinite(slack).all()
    distances = [
        np.linalg.norm(mpifast.kaczmarz(system, u, alpha=5.0, iterations=k) - exact) for k in (1, 3, 10, 30, 100)
    ]
    assert distances == sorted(distances, reverse=True)
    values = [
        objective(system.real, u, mpifast.sparse(system, u, alpha=1.0, iterations=k), 1.0, 1).sum()
        for k in (1, 3, 10, 30, 100)
    ]
    assert values == sorted(values, reverse=True)


@loops
def test_a_converged_spectrum_is_left_alone(small_system, small):
    for solve in (mpifast.kaczmarz, mpifast.sparse):
        fit = solve(
            small_system, np.vstack([np.zeros((1, 14)), small[:3]]), alpha=5.0, tolerance=1e-3, full_output=True
        )
        assert fit.iterations[0] == 1
        assert not fit.images[0].any()
        assert np.isnan(fit.history[fit.iterations[1] :, 1]).all()


def test_iterations_in_several_calls_give_the_same_bits(small_system, small, monkeypatch):
    def run():
        return [
            mpifast.kaczmarz(small_system, small, alpha=0.1, order="random", full_output=True),
            mpifast.sparse(small_system, small, full_output=True),
        ]

    whole = run()
    monkeypatch.setattr(iteration, "BUDGET", 1)
    for one, other in zip(whole, run(), strict=True):
        np.testing.assert_array_equal(one.images, other.images)
        np.testing.assert_array_equal(one.history, other.history)


def test_an_interrupt_passes(small_system, small, monkeypatch):
    class Interrupting:
        def __call__(self, *args, **options):
            raise KeyboardInterrupt

    monkeypatch.setattr("mpifast.solvers._solver_loops.sweep", Interrupting())
    with pytest.raises(KeyboardInterrupt):
        mpifast.kaczmarz(small_system, small, progress=True)


# every solver


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
    contiguous = u.astype(np.float64)
    solve(small_system, contiguous)
    np.testing.assert_array_equal(contiguous, u)


@loops
@every_solver
def test_full_output(small_system, small, solve):
    fit = solve(small_system, small[:5], full_output=True)
    assert isinstance(fit, Solution)
    assert fit.images.dtype == np.float64
    assert fit.parameter.shape == (5,)
    np.testing.assert_array_equal(fit.images, solve(small_system, small[:5]))
    np.testing.assert_allclose(
        fit.residual, np.linalg.norm(reference.spectra(small_system.real, fit.images) - small[:5], axis=1), atol=1e-12
    )
    assert fit.history.shape[1:] == (5,)
    assert fit.iterations.shape == (5,)


@loops
@every_solver
def test_a_system_without_signal(solve):
    system = custom(np.zeros((9, 8)))
    images = solve(system, np.ones((2, 9)))
    assert images.shape == (2, 8)
    assert not images.any()
