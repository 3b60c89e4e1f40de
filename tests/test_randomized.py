"""The leading singular values by random projection, and what the solvers make of them on large systems."""

import numpy as np
import pytest
from solver_problems import distance

import mpifast
from mpifast.physics.linear_system import LinearSystem, Piece
from mpifast.solvers import equations
from mpifast.solvers.equations import Equations
from mpifast.solvers.linear_algebra import randomized
from mpifast.solvers.linear_algebra.randomized import grown, kept_sketch, leading


def decaying(shape, random, last=1e-6):
    """A matrix whose singular values fall from 1."""
    rank = min(shape)
    left, right = (np.linalg.qr(random.normal(size=(length, rank)))[0] for length in shape)
    return left * np.geomspace(1.0, last, rank) @ right.T


class Patches(LinearSystem):
    """Two patches of the same matrix that share half of their voxels, as they are stored."""

    def __init__(self, matrix):
        rows, voxels = matrix.shape
        joint = np.zeros((2 * rows, voxels + voxels // 2))
        joint[:rows, :voxels], joint[rows:, -voxels:] = matrix, matrix
        super().__init__(joint, mpifast.linear_system(joint).rows)
        columns = np.arange(voxels)
        self.stored = tuple(Piece(matrix, np.arange(rows) + k * rows, columns + k * (voxels // 2)) for k in range(2))

    @property
    def pieces(self):
        return self.stored


@pytest.fixture
def large(monkeypatch):
    """Small systems count as large, single precision included."""
    monkeypatch.setattr(equations, "SMALL", 1)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(300, 200), (200, 300)])
def test_leading_singular_values(large, dtype, shape, random):
    matrix, weights = decaying(shape, random).astype(dtype), random.uniform(0.5, 2.0, shape[0])
    whole = Equations(mpifast.linear_system(matrix), weights)
    found = leading(whole, 30)
    left, values, right = np.linalg.svd(weights[:, None] * matrix.astype(np.float64))
    assert found.left.dtype == found.right.dtype == dtype
    np.testing.assert_allclose(found.values, values[:30], rtol=1e-5)
    for mine, exact in ((found.right, right[:30]), (found.left.T, left.T[:30])):
        np.testing.assert_allclose(np.abs(np.sum(mine * exact, axis=1))[:15], 1.0, atol=1e-5)
        np.testing.assert_allclose(mine @ mine.T.copy(), np.eye(30), atol=1e-5)
    again = leading(whole, 30)
    assert all(np.array_equal(getattr(found, name), getattr(again, name)) for name in ("left", "values", "right"))
    assert not np.array_equal(leading(whole, 30, seed=1).right, found.right)


@pytest.mark.parametrize("rank", [1, 3])
def test_a_matrix_of_low_rank_leaves_no_more(large, rank, random):
    matrix = random.normal(size=(90, rank)) @ random.normal(size=(rank, 80)) * 1e-20
    found = leading(Equations(mpifast.linear_system(matrix.astype(np.float32))), 70)
    values = np.linalg.svd(matrix)[1][:rank]
    np.testing.assert_allclose(found.values[:rank], values, rtol=1e-6)
    assert (found.values[rank:] < 1e-6 * values[0]).all()
    assert len(leading(Equations(mpifast.linear_system(np.zeros((90, 80)))), 5).values) == 0


def test_a_larger_sketch_begins_with_the_smaller(random):
    whole = Equations(mpifast.linear_system(decaying((200, 150), random)))
    small, big = grown(whole, None, 10), grown(whole, None, 150)
    assert (len(small), len(big)) == (randomized.BLOCK, 150)
    onward, basis, part = grown(whole, small, 150), np.concatenate(big.basis), np.concatenate(big.part)
    for name in ("basis", "part"):
        np.testing.assert_array_equal(getattr(big.first(randomized.BLOCK), name), getattr(small, name))
        np.testing.assert_array_equal(np.concatenate(getattr(onward, name)), np.concatenate(getattr(big, name)))
    np.testing.assert_allclose(basis.T @ part, whole.pieces[0].real, atol=1e-12)


def test_the_system_keeps_a_sketch_for_its_weights(random):
    made = mpifast.linear_system(decaying((100, 80), random))
    plain, heavy = Equations(made), Equations(made, np.linspace(1.0, 2.0, 100))
    first = kept_sketch(made, plain, 80)
    assert kept_sketch(made, plain, 80).basis[0] is first.basis[0]
    other = kept_sketch(made, heavy, 80)
    np.testing.assert_array_equal(other.part, grown(heavy, None, 80).part)
    np.testing.assert_array_equal(kept_sketch(made, plain, 80).part, first.part)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_tsvd_of_a_large_system(large, dtype, random, monkeypatch):
    matrix = decaying((300, 200), random, last=1e-12).astype(dtype)
    weights = random.uniform(0.5, 2.0, 300)
    u = random.normal(size=(3, 40)) @ matrix[:, :40].T.astype(np.float64)
    u += 1e-3 * np.abs(u).max() * random.normal(size=u.shape)
    left, values, right = np.linalg.svd(weights[:, None] * matrix.astype(np.float64), full_matrices=False)
    expected = ((weights * u) @ left[:, :20] / values[:20]) @ right[:20]
    made = mpifast.linear_system(matrix)
    monkeypatch.setattr(np.linalg, "svd", only_below(150, np.linalg.svd))
    assert distance(mpifast.tsvd(made, u, rank=20, weights=weights), expected).max() < 1e-5
    tolerance = values[19] / values[0] * 0.999
    fit = mpifast.tsvd(made, u, choice="tolerance", tolerance=tolerance, weights=weights, full_output=True)
    assert (fit.parameter == 20).all()
    with pytest.raises(AssertionError, match="a large decomposition"):
        mpifast.tsvd(made, u, rank=51)


def only_below(size, svd):
    def small(array, *args, **options):
        assert array.size <= size**2, "a large decomposition"
        return svd(array, *args, **options)

    return small


@pytest.mark.parametrize("choice", ["gcv", "discrepancy"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_rank_without_all_singular_values(large, choice, dtype, random, monkeypatch):
    """The same as with them, up to two: the minimum of cross-validation is flat."""
    matrix, weights = decaying((400, 300), random).astype(dtype), random.uniform(0.5, 2.0, 400)
    u = random.normal(size=(4, 30)) @ np.linalg.svd(matrix)[2][:30].astype(np.float64) @ matrix.T
    level = 0.01 * np.abs(u).max()
    u += level * random.normal(size=u.shape)
    options = {"choice": choice, "weights": weights, "full_output": True}
    options["noise_level"] = level if choice == "discrepancy" else None
    found = mpifast.tsvd(matrix, u, **options).parameter
    monkeypatch.setattr(equations, "SMALL", 2**22)
    assert np.abs(found - mpifast.tsvd(matrix, u, **options).parameter).max() <= 2


def test_a_rank_that_needs_more_says_so(large, random, recwarn):
    matrix = decaying((300, 200), random)
    u = random.normal(size=(2, 200)) @ matrix.T
    with pytest.warns(mpifast.ConvergenceWarning, match="[12] of 2 spectra may need less .* 112 leading .* give rank"):
        mpifast.tsvd(matrix, u)
    assert {warning.filename for warning in recwarn} <= {__file__}
