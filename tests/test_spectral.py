"""Truncated singular values and Tikhonov: closed forms, the slow twins, other algorithms, and accuracy without a
singular value decomposition.
"""

import mpmath
import numpy as np
import pytest
from scipy.sparse.linalg import LinearOperator, cg
from solver_problems import custom, loops

import mpifast
from mpifast import reference
from mpifast.solvers.linear_algebra import normal_equations
from mpifast.solvers.linear_algebra.normal_equations import WELL_POSED, cholesky, largest_eigenvalue


@loops
def test_diagonal_system():
    values, u = np.array([4.0, 2.0, 1.0]), np.array([[8.0, -2.0, 0.5], [1.0, 1.0, 1.0]])
    system = custom(np.diag(values))
    np.testing.assert_allclose(mpifast.tsvd(system, u, rank=2), u / values * [1, 1, 0], atol=1e-15)
    ridge = u * values / (values**2 + 3.0)
    np.testing.assert_allclose(mpifast.tikhonov(system, u, alpha=3.0), ridge, rtol=1e-15, atol=1e-15)


@loops
def test_one_equation():
    """S = (3, 4): the minimum is S^T u / (||S||^2 + alpha)."""
    system, u = custom([[3.0, 4.0]]), np.array([[50.0]])
    np.testing.assert_allclose(mpifast.tikhonov(system, u, alpha=25.0), [[3.0, 4.0]])
    np.testing.assert_allclose(mpifast.tsvd(system, u, rank=1), [[6.0, 8.0]])


@loops
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1), (8, 17), (17, 8)])
def test_every_shape(shape, random):
    system, u = custom(random.normal(size=shape)), random.normal(size=(3, shape[0]))
    np.testing.assert_allclose(
        mpifast.tikhonov(system, u, alpha=0.5), reference.tikhonov(system.real, u, 0.5), atol=1e-12
    )
    rank = min(shape)
    np.testing.assert_allclose(mpifast.tsvd(system, u, rank=rank), reference.tsvd(system.real, u, rank), atol=1e-11)


@pytest.mark.parametrize("alpha", [1.0, 20.0])
def test_tikhonov_is_conjugate_gradients_image(system, noisy, alpha):
    u, real = noisy[0][:8], system.real
    images = mpifast.tikhonov(system, u, alpha=alpha)
    np.testing.assert_allclose(reference.tikhonov(real, u, alpha), images, atol=1e-8)
    normal = real.T @ real + alpha * np.eye(system.voxels)
    np.testing.assert_allclose(np.linalg.solve(normal, real.T @ u.T).T, images, atol=1e-8)
    operator = LinearOperator(normal.shape, matvec=lambda c: real.T @ (real @ c) + alpha * c)
    for spectrum, image in zip(u, images, strict=True):
        cgnr, failed = cg(operator, real.T @ spectrum, rtol=1e-13, maxiter=2000)
        assert not failed
        np.testing.assert_allclose(cgnr, image, atol=1e-8)


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


def test_the_gradient_vanishes(system, noisy):
    """S^T (S c - u) + alpha c = 0 for Tikhonov; S^T (S c - u) is orthogonal to the kept singular vectors for tsvd."""
    u, real = noisy[0], system.real
    c = mpifast.tikhonov(system, u, alpha=2.0)
    np.testing.assert_allclose((c @ real.T - u) @ real + 2.0 * c, 0, atol=1e-9)
    c = mpifast.tsvd(system, u, rank=60)
    gradient = (c @ real.T - u) @ real
    right = np.linalg.svd(real)[2]
    np.testing.assert_allclose(gradient @ right[:60].T, 0, atol=1e-9)
    np.testing.assert_allclose(c @ right[60:].T, 0, atol=1e-11)


# a given alpha


def ill_conditioned(shape, random):
    """Singular values from 1 down to 1e-10."""
    rank = min(shape)
    left, right = (np.linalg.qr(random.normal(size=(length, rank)))[0] for length in shape)
    return left * np.geomspace(1.0, 1e-10, rank) @ right.T


def solved_exactly(matrix, u, alpha):
    """Tikhonov's image in forty digits."""
    with mpmath.workdps(40):
        exact = mpmath.matrix(matrix.tolist())
        normal = exact.T * exact + mpmath.mpf(float(alpha)) * mpmath.eye(matrix.shape[1])
        return np.array([float(value) for value in mpmath.lu_solve(normal, exact.T * mpmath.matrix(u.tolist()))])


@pytest.mark.parametrize("shape", [(40, 16), (16, 40)])
@pytest.mark.parametrize("part", [1e-2, 1e-6, 1.001 * WELL_POSED, 0.999 * WELL_POSED, 1e-14])
def test_normal_equations_are_as_accurate_as_singular_values(shape, part, random):
    """The error of one spectrum is no more than some roundings of sqrt(||S||^2 / alpha), the condition number."""
    matrix = ill_conditioned(shape, random)
    alpha = part * np.square(matrix).sum()
    u = matrix @ random.uniform(size=shape[1]) + 1e-3 * random.normal(size=shape[0])
    image, exact = mpifast.tikhonov(matrix, u[None], alpha=alpha)[0], solved_exactly(matrix, u, alpha)
    assert np.linalg.norm(image - exact) < 1e-14 / np.sqrt(part) * np.linalg.norm(exact)


@pytest.mark.parametrize("shape", [(40, 16), (16, 40)])
@pytest.mark.parametrize("count", [3, 30])
def test_an_alpha_for_each_spectrum(shape, count, random):
    """From zero on; few values share Cholesky's factors, many an eigendecomposition."""
    matrix, u = random.normal(size=shape), random.normal(size=(count, shape[0]))
    alphas = np.geomspace(1e-14, 1e2, count) * (np.arange(count) > 0)
    apart = [mpifast.tikhonov(matrix, u[n : n + 1], alpha=alphas[n])[0] for n in range(count)]
    np.testing.assert_allclose(mpifast.tikhonov(matrix, u, alpha=alphas), apart, atol=1e-10)


def test_a_given_alpha_takes_no_singular_values(system, noisy, monkeypatch):
    def refuse(*args, **options):
        raise AssertionError("a singular value decomposition")

    fresh, u = mpifast.linear_system(system.matrix), noisy[0][:4]
    for name in ("svd", "qr"):
        monkeypatch.setattr(np.linalg, name, refuse)
    mpifast.tikhonov(fresh, u, alpha=1.0)
    mpifast.kaczmarz(fresh, u, alpha=1.0)
    mpifast.kaczmarz(fresh, u, alpha=0.0, iterations=3, tolerance=0.0)
    mpifast.sparse(fresh, u)
    with pytest.raises(AssertionError, match="a singular value decomposition"):
        mpifast.tikhonov(fresh, u)


def test_a_large_product_with_the_own_transpose_crashes_nothing(run_python):
    """NumPy's syrk crashes at 17,000 rows and 784 columns (numpy issue 19685)."""
    script = (
        "import mpifast, numpy as np\n"
        "random = np.random.default_rng(0)\n"
        "matrix, u = random.normal(size=(17_000, 784)), random.normal(size=(2, 17_000))\n"
        "print(mpifast.kaczmarz(matrix, u, alpha=1e3, iterations=2, tolerance=0.0).shape)\n"
        "print(mpifast.tikhonov(matrix, u, alpha=1e3).shape)\n"
        "print(mpifast.sparse(matrix, u, iterations=2, tolerance=0.0).shape)\n"
    )
    found = run_python("-c", script)
    assert (found.returncode, found.stdout) == (0, "(2, 784)\n" * 3), found.stderr


@pytest.mark.parametrize("size", [1, 7, 8, 9, 40])
def test_cholesky_by_blocks(size, random, monkeypatch):
    monkeypatch.setattr(normal_equations, "BLOCK", 8)
    matrix = random.normal(size=(50, size))
    square = matrix.T @ matrix
    np.testing.assert_allclose(np.tril(cholesky(square.copy())), np.linalg.cholesky(square), atol=1e-12)


@pytest.mark.parametrize("size", [3, 40])
def test_largest_eigenvalue_of_a_large_matrix(size, random, monkeypatch):
    square = np.square(random.normal(size=(50, size)))
    square = square.T @ square.copy()
    expected = largest_eigenvalue(square)
    assert expected == pytest.approx(np.linalg.norm(square, 2), rel=1e-12)
    monkeypatch.setattr(normal_equations, "LARGE", 2)
    assert largest_eigenvalue(square) == pytest.approx(expected, rel=1e-12)
    assert largest_eigenvalue(np.zeros((size, size))) == 0.0
