"""Merged rows say all that the rows say about an image, and how far they do where rows are proportional in part."""

import numpy as np
import pytest

import mpifast
from mpifast.physics.combined import merged_rows

GRID = mpifast.Grid((4, 5, 3), (20e-3, 20e-3, 9e-3))


def complex_noise(random, *shape):
    return random.normal(size=shape) + 1j * random.normal(size=shape)


@pytest.fixture(scope="module")
def patterns():
    """Seven patterns, most of them in several rows of any size and phase, one in two phases, and a row of zeros."""
    random = np.random.default_rng(1)
    base = random.normal(size=(7, 12))
    matrix = base[[0, 1, 2, 3, 0, 1, 2, 0, 4]] * (complex_noise(random, 9, 1) * np.logspace(0, -2, 9)[:, None])
    return mpifast.linear_system(np.concatenate([matrix, base[5:6] + 1j * base[6:], np.zeros((1, 12))]))


@pytest.fixture(scope="module")
def volume():
    """A 3-D sequence, of which nothing is formed: (p, q, l) and (p, -q, l) are one tensor up to aliases."""
    scanner = mpifast.LissajousScanner(GRID, (-2, -2, 4), (18e-3,) * 3, (17, 16, 15))
    return mpifast.system_matrix(scanner, mpifast.Particle(20e-9), band=(300e3, None), level=1e-2)


def weights_of(kind, rows):
    return {"none": None, "energy": "energy", "given": np.random.default_rng(2).uniform(0.5, 3.0, rows)}[kind]


@pytest.mark.parametrize("kind", ["none", "energy", "given"])
@pytest.mark.parametrize("before", [lambda system: system, mpifast.rotate_rows], ids=["plain", "rotated"])
def test_solvers_minimise_the_same(patterns, before, kind):
    random = np.random.default_rng(3)
    system = before(patterns) if before is not mpifast.rotate_rows else before(patterns, None)
    weights = weights_of(kind, len(system.rows))
    merged = mpifast.merge_rows(system, 1e-9, weights)
    assert merged.real.shape == (7 if system is patterns else 6, 12)
    u = patterns.forward(random.uniform(size=(2, 12))) + 0.1 * complex_noise(random, 2, 11)

    c = random.normal(size=(5, 12))
    sums = [((c @ some.real.T - some.to_real(u[:1])) ** 2) for some in (system, merged)]
    w = 1.0 if weights is None else mpifast.solvers.equations.weights_of(weights, system)
    difference = (sums[0] * w**2).sum(axis=1) - sums[1].sum(axis=1)
    np.testing.assert_allclose(difference, difference[0], rtol=1e-10)

    options = {"alpha": 1e-2, "relative": True}
    expected = mpifast.tikhonov(system, u, weights=weights, **options)
    for data in (u, patterns.to_real(u), system.to_real(u), merged.to_real(u)):
        found = mpifast.reconstruct(merged, data, "tikhonov", **options)
        np.testing.assert_allclose(found.images, expected, atol=1e-12 * np.abs(expected).max())


def test_kaczmarz_with_weights_tends_to_the_same_image(patterns):
    u = patterns.forward(np.ones((1, 12))) + 0.1 * complex_noise(np.random.default_rng(13), 1, 11)
    weights = weights_of("given", 11)
    options = {"alpha": 1.0, "relative": True, "nonnegative": True, "iterations": 400, "tolerance": 1e-6}
    expected = mpifast.kaczmarz(patterns, u, weights=weights, **options)
    found = mpifast.kaczmarz(mpifast.merge_rows(patterns, weights=weights), u, **options)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_computed_rows_within_the_tolerance(volume):
    tolerance, alpha = 0.03, 1e-3
    merged = mpifast.merge_rows(volume, tolerance)
    assert "real" not in vars(volume)  # rows are computed block by block
    assert len(merged.equations) < 0.7 * len(volume.equations)
    assert 0.0 < merged.remainder.max() <= tolerance
    assert merged.lost < 0.1 * tolerance
    real = volume.real
    # q of all groups: orthonormal columns, and what they leave out is as stated
    q = np.zeros((len(real), len(merged.real)))
    q[np.arange(len(real)), merged.group] = merged.factors
    np.testing.assert_allclose(q.T @ q, np.eye(q.shape[1]), atol=1e-14)
    np.testing.assert_allclose(merged.real, q.T @ real, atol=1e-13 * np.abs(real).max())
    left = real - q @ (q.T @ real)
    assert 0.3 * merged.lost < np.linalg.norm(left) / np.linalg.norm(real) <= merged.lost

    random = np.random.default_rng(4)
    u = volume.forward(random.uniform(size=(1, 60)))
    u = u + 1e-3 * np.abs(u).max() * complex_noise(random, *u.shape)
    images = [mpifast.tikhonov(some, u, alpha=alpha, relative=True, full_output=True) for some in (volume, merged)]
    strength = images[0].parameter[0]
    bound = np.linalg.norm(left) * images[0].residual[0] / strength
    change = np.linalg.norm(images[1].images - images[0].images)
    assert 0.0 < change <= bound


def test_merged_equations_hold_for_spectra_of_images(volume):
    merged = mpifast.merge_rows(volume, 0.3)
    c = np.random.default_rng(5).uniform(size=(2, 60))
    right = c @ merged.real.T
    np.testing.assert_allclose(merged.to_real(volume.forward(c)), right, rtol=1e-10, atol=1e-12 * right.max())
    spectra = merged.forward(c)
    assert spectra.shape == (2, len(volume.rows))
    np.testing.assert_allclose(merged.to_real(spectra), right, rtol=1e-10, atol=1e-12 * right.max())
    far = np.linalg.norm(spectra - volume.forward(c)) / np.linalg.norm(spectra)
    assert far < 0.3
    np.testing.assert_array_equal(merged.to_real(right), right)


def test_rows_of_two_phases_are_computed_block_by_block(volume, monkeypatch):
    delayed = volume.with_transfer_function(np.exp(1j * np.arange(len(volume.rows))))
    monkeypatch.setattr(merged_rows, "ROOM", 60 * 50)
    merged = mpifast.merge_rows(delayed)
    assert "matrix" not in vars(delayed)
    assert delayed.parts == (0, 1)
    plain = mpifast.merge_rows(volume)
    assert len(merged.real) == len(plain.real)  # both parts of a row are one pattern
    c = np.random.default_rng(6).uniform(size=(3, 60))
    u = delayed.forward(c)
    for data in (u, delayed.to_real(u)):
        np.testing.assert_allclose(merged.to_real(data), c @ merged.real.T, rtol=1e-9, atol=1e-12)


def test_rows_that_are_not_proportional_stay_as_they_are():
    random = np.random.default_rng(7)
    matrix = random.normal(size=(5, 9))
    whole = mpifast.linear_system(matrix)
    alone = mpifast.merge_rows(whole)
    assert alone.real is whole.real
    assert alone.lost == 0.0
    merged = mpifast.merge_rows(mpifast.linear_system(np.concatenate([matrix, -3.0 * matrix[1:2]])))
    assert merged.strongest.tolist() == [0, 2, 3, 4, 5]
    assert merged.group.tolist() == [0, 4, 1, 2, 3, 4]
    np.testing.assert_array_equal(merged.real[:4], matrix[[0, 2, 3, 4]])
    np.testing.assert_allclose(np.abs(merged.real[4]), np.sqrt(10.0) * np.abs(matrix[1]))


def test_what_the_sketch_takes_for_one_pattern_is_checked(monkeypatch):
    matrix = np.random.default_rng(8).normal(size=(40, 9))
    matrix[7], matrix[9] = 2.0 * matrix[0], 0.5 * matrix[1]
    monkeypatch.setattr(merged_rows, "leaders", lambda points, *_: np.zeros(len(points), np.int64))
    merged = mpifast.merge_rows(mpifast.linear_system(matrix))
    assert merged.group[7] == merged.group[0]
    assert len(merged.real) == 39
    np.testing.assert_array_equal(np.sort(np.bincount(merged.group)), [1] * 38 + [2])
    u = np.random.default_rng(9).normal(size=(1, 40))
    images = [mpifast.tikhonov(some, u, alpha=0.1) for some in (matrix, merged)]
    np.testing.assert_allclose(*images, atol=1e-12)
    alone = mpifast.merge_rows(mpifast.linear_system(np.eye(4)))
    np.testing.assert_array_equal(alone.to_real([[1.0, 2.0, 3.0, 4.0]]), [[1.0, 2.0, 3.0, 4.0]])


def test_rows_without_weight_or_signal_are_left_out(patterns):
    weights = np.ones(len(patterns.rows))
    weights[[3, 8]] = 0.0  # all rows of two patterns
    merged = mpifast.merge_rows(patterns, weights=weights)
    assert len(merged.real) == 5
    assert set(np.flatnonzero(merged.group < 0) % 11) == {3, 8, 10}
    assert not merged.forward(np.ones((1, 12)))[0, [3, 8, 10]].any()
    with pytest.raises(ValueError, match="a weight and a signal"):
        mpifast.merge_rows(patterns, weights=np.zeros(11))


def test_single_precision_and_extreme_rows():
    rows = np.random.default_rng(10).normal(size=(1, 8)) * np.array([1e-30, 1.0, 1e30, -1e-28])[:, None]
    merged = mpifast.merge_rows(mpifast.linear_system(rows.astype(np.float32)), 1e-6)
    assert merged.real.dtype == np.float32
    assert merged.real.shape == (1, 8)
    least = mpifast.merge_rows(mpifast.linear_system(np.array([[1e-311, 3e-311]] * 2)))
    np.testing.assert_allclose(least.real, np.sqrt(2.0) * np.array([[1e-311, 3e-311]]), rtol=1e-9)
    tiny = mpifast.merge_rows(mpifast.linear_system(rows * 1e-270), 1e-12)
    np.testing.assert_allclose(np.abs(tiny.real), np.abs(rows[2:3]) * 1e-270, rtol=1e-12)
    assert tiny.fingerprint != merged.fingerprint


@pytest.mark.parametrize("kind", ["none", "energy", "given"])
def test_patches_are_merged_each(kind):
    random = np.random.default_rng(11)
    matrix = random.normal(size=(2, 6))[[0, 0, 1]] * complex_noise(random, 3, 1)
    system = mpifast.linear_system(matrix, mpifast.Grid((6,), (6e-3,)))
    patches = mpifast.MultiPatch([(system, (0.0,)), (system, (3e-3,))])
    weights = weights_of(kind, 6)
    merged = mpifast.merge_rows(patches, weights=weights)
    assert (merged.systems[0] is merged.systems[1]) == (kind != "given")
    assert len(merged.equations) == 4
    u = patches.forward(random.uniform(size=(2, 9))) + 0.1 * complex_noise(random, 2, 6)
    expected = mpifast.tikhonov(patches, u, alpha=1e-2, weights=weights)
    for data in (u, patches.to_real(u), merged.to_real(u)):
        np.testing.assert_allclose(mpifast.tikhonov(merged, data, alpha=1e-2), expected, atol=1e-10)
    assert merged.forward(np.ones((1, 9))).shape == (1, 6)
    second = merged.select(patches=[1])
    np.testing.assert_allclose(second.to_real(u[:, 3:]), merged.to_real(u)[:, 2:])


def test_a_calibration_file_gives_its_spectra_before(tmp_path, volume):
    mpifast.write_mdf(tmp_path / "matrix.mdf", volume)
    phantom = np.random.default_rng(12).uniform(size=(2, 60))
    mpifast.write_mdf(tmp_path / "scan.mdf", volume.forward(phantom), volume)
    with mpifast.read_mdf(tmp_path / "matrix.mdf") as file, mpifast.read_mdf(tmp_path / "scan.mdf") as scan:
        system = file.system()
        merged = mpifast.merge_rows(system)
        u = system.measured(scan)
        with pytest.raises(TypeError, match=r"system\.measured\(file\)"):
            mpifast.reconstruct(merged, scan)
    images = [mpifast.reconstruct(some, u, "tikhonov", alpha=1e-6).images for some in (system, merged)]
    np.testing.assert_allclose(*images, atol=2e-2)
    with pytest.raises(ValueError, match="frequencies are unknown"):
        mpifast.write_mdf(tmp_path / "merged.mdf", merged)


@pytest.mark.parametrize(
    ("error", "match", "call"),
    [
        (TypeError, "system", lambda system, merged: mpifast.merge_rows(np.eye(2))),
        (ValueError, "tolerance=0.9", lambda system, merged: mpifast.merge_rows(system, 0.9)),
        (ValueError, "weights has", lambda system, merged: mpifast.merge_rows(system, weights=np.ones(3))),
        (ValueError, r"file\.whitening", lambda system, merged: mpifast.merge_rows(system, weights="whitening")),
        (ValueError, "is merged", lambda system, merged: mpifast.merge_rows(merged)),
        (ValueError, "no rows of system", lambda system, merged: mpifast.merge_rows(wide(), weights="energy")),
        (ValueError, "merge the rows first", lambda system, merged: merged.select([1])),
        (ValueError, "then merge", lambda system, merged: merged.with_transfer_function(np.ones(7))),
        (ValueError, "MergedSystem", lambda system, merged: mpifast.contrasts([merged, merged])),
        (ValueError, "has 5", lambda system, merged: merged.to_real(np.ones((1, 5)))),
        (ValueError, "has 7", lambda system, merged: merged.to_real(np.ones((1, 7), complex))),
    ],
)
def test_refusals(patterns, error, match, call):
    with pytest.raises(error, match=match):
        call(patterns, mpifast.merge_rows(patterns))


def wide():
    return mpifast.linear_system(np.eye(3))


def test_rows_of_one_phase_keep_their_order():
    random = np.random.default_rng(14)
    matrix = random.normal(size=(6, 8)) * complex_noise(random, 6, 1)
    merged, rotated = (make(mpifast.linear_system(matrix)) for make in (mpifast.merge_rows, mpifast.rotate_rows))
    np.testing.assert_allclose(np.abs(merged.real), np.abs(rotated.real), rtol=1e-12)
    u, weights = complex_noise(random, 2, 6), random.uniform(0.5, 2.0, 6)
    images = [mpifast.tikhonov(some, u, alpha=0.1, weights=weights) for some in (merged, rotated)]
    np.testing.assert_allclose(*images, atol=1e-12)


def test_rotation_after_merging_changes_nothing(patterns):
    merged = mpifast.merge_rows(patterns)
    assert mpifast.rotate_rows(merged) is merged
    assert merged.select(np.ones(len(merged.rows), bool)) is merged
