"""Kaczmarz at real sizes: tiles, threads and numbers of spectra change nothing, single precision, systems in pieces,
and the plain projection.
"""

import numpy as np
import pytest
import scipy.optimize
from solver_problems import distance

import mpifast
from mpifast import reference
from mpifast.physics.linear_system import LinearSystem, Piece

VOXELS = 2100  # two segments of an image: what threads share
EXACTLY = {"alpha": 30.0, "iterations": 2, "tolerance": 0.0}
kinds = pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
plain = {"projection": "plain"}


@pytest.fixture(scope="module")
def large():
    """A complex matrix whose image has two segments, and seventeen spectra of it with noise."""
    random = np.random.default_rng(0)
    matrix = (random.normal(size=(38, VOXELS, 2)) @ [1, 1j]).astype(np.complex64)
    matrix[5] = 0
    u = random.uniform(size=(17, VOXELS)) @ matrix.T
    return matrix, u + random.normal(size=(17, 38, 2)) @ [1, 1j]


@pytest.fixture(scope="module")
def twins(large):
    """The slow twin's images, with Dykstra's and with the plain projection."""
    matrix, u = large
    system = mpifast.linear_system(matrix)
    real, data = system.real.astype(np.float64), system.to_real(u)
    return {
        "dykstra": reference.kaczmarz(real[np.linalg.norm(real, axis=1) > 0], data[:, np.tile(energy(matrix), 2) > 0],
                                      30.0, 2, True),
        "plain": reference.plain_kaczmarz(matrix.astype(np.complex128), u, 30.0, 2, True),
    }  # fmt: skip


def energy(matrix):
    return np.square(np.abs(matrix)).sum(axis=1)


@pytest.fixture
def single(monkeypatch):
    """Small systems keep their single precision."""
    monkeypatch.setattr("mpifast.solvers.equations.SMALL", 0)


def system_of(matrix, dtype):
    return mpifast.linear_system(np.asarray(matrix, dtype))


def close(images, expected, dtype):
    tolerance = 1e-5 if dtype == np.complex64 else 1e-12
    assert abs(images - expected).max() <= tolerance * abs(expected).max()


@kinds
@pytest.mark.parametrize("projection", ["dykstra", "plain"])
@pytest.mark.parametrize("count", [1, 2, 17])
def test_tiles_are_row_by_row(large, twins, single, monkeypatch, dtype, projection, count):
    matrix, u = large
    system, found = system_of(matrix, dtype), []
    for tile in (16, 32, 64):
        monkeypatch.setattr("mpifast.solvers.kaczmarz_sweeps.TILE", tile)
        for threads in (1, 2):
            images = mpifast.kaczmarz(
                system, u[:count], **EXACTLY, nonnegative=True, projection=projection, threads=threads
            )
            close(images, twins[projection][:count], dtype)
            found.append(images)
    for one, two in zip(found[::2], found[1::2], strict=True):
        np.testing.assert_array_equal(one, two)  # whatever the number of threads


@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize("count", [1, 3])
def test_the_plain_projection_is_the_published_loop(random, nonnegative, count):
    matrix, u = random.normal(size=(21, 8, 2)) @ [1, 1j], random.normal(size=(count, 21, 2)) @ [1, 1j]
    weights = np.linspace(0.5, 2.0, 21)
    options = {"iterations": 4, "tolerance": 0.0, "nonnegative": nonnegative, "weights": weights, **plain}
    images = mpifast.kaczmarz(matrix, u, alpha=0.3, **options)
    expected = reference.plain_kaczmarz(weights[:, None] * matrix, weights * u, 0.3, 4, nonnegative)
    np.testing.assert_allclose(images, expected, atol=1e-12)
    order = np.random.default_rng([3, 0]).permutation(21)
    images = mpifast.kaczmarz(matrix, u, alpha=0.3, **options | {"iterations": 1}, order="random", seed=3)
    expected = reference.plain_kaczmarz(
        (weights[:, None] * matrix)[order], (weights * u)[:, order], 0.3, 1, nonnegative
    )
    np.testing.assert_allclose(images, expected, atol=1e-12)


def test_the_plain_projection_of_rows_with_one_part(small_system, small):
    matrix, u = small_system.matrix, small_system.to_complex(small[:3])
    images = mpifast.kaczmarz(small_system, small[:3], 0.1, 5, 0.0, nonnegative=True, **plain)
    np.testing.assert_allclose(images, reference.plain_kaczmarz(matrix, u, 0.1, 5, True), atol=1e-12)


@pytest.mark.parametrize("count", [1, 3])
def test_the_plain_measure_is_the_change_of_a_sweep(random, count):
    matrix, u = random.normal(size=(21, 8, 2)) @ [1, 1j], random.normal(size=(count, 21, 2)) @ [1, 1j]
    before, after = (mpifast.kaczmarz(matrix, u, 1.0, sweeps, 0.0, **plain) for sweeps in (3, 4))
    fit = mpifast.kaczmarz(matrix, u, 1.0, 4, 0.0, full_output=True, **plain)
    expected = np.linalg.norm(after - before, axis=1) / np.linalg.norm(after, axis=1)
    np.testing.assert_allclose(fit.history[3], expected, rtol=1e-9)
    assert mpifast.kaczmarz(matrix, u, 1.0, 10_000, 1e-9, full_output=True, **plain).converged.all()
    with pytest.warns(mpifast.ConvergenceWarning, match=r"an image still changes by .* times its norm in a sweep"):
        mpifast.kaczmarz(matrix, u, 1.0, 2, 1e-9, **plain)


def test_plain_needs_a_weight_a_row(random):
    matrix, u = random.normal(size=(3, 4, 2)) @ [1, 1j], np.ones((1, 3))
    with pytest.raises(ValueError, match="give one number for each row"):
        mpifast.kaczmarz(matrix, u + 0j, 1.0, weights=np.arange(6.0), **plain)
    with pytest.raises(ValueError, match="projection='julia'"):
        mpifast.kaczmarz(matrix, u + 0j, 1.0, projection="julia")


@pytest.mark.parametrize("unit", [1e-25, 1e25])
@pytest.mark.parametrize("count", [1, 17])
@pytest.mark.parametrize("projection", ["dykstra", "plain"])
def test_units_of_any_size_in_single_precision(large, twins, single, unit, count, projection):
    """Squares of these numbers do not exist in single precision."""
    matrix, u = large
    system = mpifast.linear_system((unit * matrix).astype(np.complex64))
    options = EXACTLY | {"alpha": 30.0 * unit**2, "nonnegative": True, "projection": projection}
    images = mpifast.kaczmarz(system, unit * u[:count], **options)
    close(images, twins[projection][:count], np.complex64)


def test_single_precision_converges_to_the_same_image(system, noisy, single):
    u = noisy[0][:2]
    images = mpifast.kaczmarz(system.matrix.astype(np.complex64), system.to_complex(u), alpha=20.0, tolerance=1e-3)
    assert distance(images, mpifast.tikhonov(system, u, alpha=20.0)).max() < 1e-3


def test_dykstras_limit_is_nnls_of_the_augmented_system(random):
    matrix, u = random.normal(size=(15, 6)), random.normal(size=(2, 15))
    images = mpifast.kaczmarz(matrix, u, alpha=0.7, nonnegative=True, iterations=20_000, tolerance=1e-12)
    augmented = np.concatenate([matrix, np.sqrt(0.7) * np.eye(6)])
    for image, spectrum in zip(images, u, strict=True):
        expected = scipy.optimize.nnls(augmented, np.append(spectrum, np.zeros(6)))[0]
        np.testing.assert_allclose(image, expected, atol=1e-9)


@pytest.mark.parametrize("count", [1, 3])
def test_without_alpha_weights_change_nothing(random, count):
    matrix, u = random.normal(size=(15, 6)), random.normal(size=(count, 15))
    options = {"alpha": 0.0, "iterations": 3, "tolerance": 0.0}
    expected = mpifast.kaczmarz(matrix, u, **options)
    np.testing.assert_allclose(mpifast.kaczmarz(matrix, u, weights=10.0 ** np.arange(-7, 8), **options), expected)


# pieces


class Patches(LinearSystem):
    """Two pieces that share some voxels: rows 0..3 on the first voxels, 4..6 on the last ones."""

    split = False  # whether real and imaginary parts are pieces of their own

    @property
    def pieces(self):
        places = [(np.r_[0:4], np.arange(7)), (np.r_[4:7], np.arange(9, 4, -1))]
        found = []
        for rows, columns in places:
            for part in ([rows], [rows + 7]) if self.split else ([rows, rows + 7],):
                equations = np.concatenate(part)
                found.append(Piece(np.ascontiguousarray(self.real[np.ix_(equations, columns)]), equations, columns))
        return tuple(found)


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("order", ["sequential", "random"])
@pytest.mark.parametrize("projection", ["dykstra", "plain"])
@pytest.mark.parametrize("count", [1, 3])
def test_pieces_are_their_dense_assembly(random, monkeypatch, split, order, projection, count):
    matrix = random.normal(size=(7, 10, 2)) @ [1, 1j]
    matrix[:4, 7:], matrix[4:, :5] = 0, 0
    u = random.normal(size=(count, 7, 2)) @ [1, 1j]
    dense = mpifast.linear_system(matrix)
    patches = Patches(dense.matrix, dense.rows)
    patches.split = split
    options = {"alpha": 0.3, "iterations": 3, "tolerance": 0.0, "nonnegative": True, "full_output": True}
    options |= {"order": order, "projection": projection}
    found = mpifast.kaczmarz(patches, u, **options)
    if order == "sequential" and projection == "dykstra":  # piece by piece, and not all real parts first
        sequence = np.concatenate([piece.equations for piece in patches.pieces])
        expected = reference.kaczmarz(dense.real[sequence], dense.to_real(u)[:, sequence], 0.3, 3, True)
    else:
        expected = mpifast.kaczmarz(dense, u, **options).images
    np.testing.assert_allclose(found.images, expected, atol=1e-13)
    monkeypatch.setattr("mpifast.solvers.iteration.BUDGET", 1)  # a tile a call
    monkeypatch.setattr("mpifast.solvers.kaczmarz_parts.GATHERED", 1)
    again = mpifast.kaczmarz(patches, u, **options)
    np.testing.assert_array_equal(again.images, found.images)
    np.testing.assert_array_equal(again.history, found.history)


def test_no_argument_is_changed(large, single):
    matrix, u = large[0].copy(), large[1][:2].copy()
    weights = np.linspace(1.0, 2.0, len(matrix))
    for options in ({}, plain, {"order": "random"}):
        mpifast.kaczmarz(matrix, u, **EXACTLY, weights=weights, nonnegative=True, **options)
    np.testing.assert_array_equal(matrix, large[0])
    np.testing.assert_array_equal(u, large[1][:2])
    np.testing.assert_array_equal(weights, np.linspace(1.0, 2.0, len(matrix)))
