"""Rows of one phase lose nothing when they are rotated, and rows of several phases say what they lose."""

import numpy as np
import pytest

import mpifast

GRID = mpifast.Grid((5, 6), (20e-3, 24e-3))


@pytest.fixture(scope="module")
def received():
    """A tracer with Debye relaxation behind a transfer function of any phase."""
    scanner = mpifast.LissajousScanner(GRID, (-2, -2, 4), (18e-3, 20e-3, 0), (12, 10, 99))
    system = mpifast.system_matrix(scanner, mpifast.Particle(30e-9, relaxation=mpifast.Debye(3e-6)), mixing_order=6)
    random = np.random.default_rng(1)
    return system.with_transfer_function(
        random.uniform(0.5, 2, len(system.rows)) * np.exp(7j * random.random(len(system.rows)))
    )


@pytest.fixture(scope="module")
def rotated(received):
    return mpifast.rotate_rows(received, threshold=1e-9)


def test_debye_rows_lose_nothing(received, rotated):
    assert rotated.remainder.max() < 1e-13
    assert rotated.real.shape == (len(received.rows), 30)
    assert rotated.parts == (0,)
    scale = np.abs(received.matrix).max()
    np.testing.assert_allclose(rotated.matrix, received.matrix, atol=1e-14 * scale)
    np.testing.assert_allclose(np.abs(rotated.phases), 1.0, rtol=1e-14)


@pytest.mark.parametrize(
    "solve",
    [
        lambda system, u: mpifast.tikhonov(system, u, alpha=1e-3, relative=True),
        lambda system, u: mpifast.kaczmarz(system, u, alpha=0.1, relative=True, iterations=4000, tolerance=1e-6),
    ],
    ids=["tikhonov", "kaczmarz"],
)
def test_images_are_the_same_with_noise(received, rotated, solve):
    random = np.random.default_rng(2)
    u = received.forward(random.uniform(size=(3, 30)))
    u += 0.01 * np.abs(u).max() * (random.normal(size=u.shape) + 1j * random.normal(size=u.shape))
    images = [solve(system, u) for system in (received, rotated)]
    np.testing.assert_allclose(*images, atol=1e-6 * np.abs(images[0]).max())


def test_the_principal_phase_leaves_the_least_energy():
    random = np.random.default_rng(3)
    matrix = random.normal(size=(6, 20)) + 0.3j * random.normal(size=(6, 20))
    matrix *= np.exp(2j * np.pi * random.random((6, 1)))
    with pytest.warns(mpifast.RotationWarning, match=r"6 of 6 rows .* threshold=0.1"):
        rotated = mpifast.rotate_rows(mpifast.linear_system(matrix))
    angles = np.linspace(0, np.pi, 2001)
    lost = np.linalg.norm((matrix[:, None] * np.exp(-1j * angles)[:, None]).imag, axis=2)
    best = lost.min(axis=1) / np.linalg.norm(matrix, axis=1)
    np.testing.assert_allclose(rotated.remainder, best, atol=1e-5)
    assert (rotated.remainder <= best + 1e-14).all()
    np.testing.assert_allclose(rotated.real, (matrix * rotated.phases[:, None].conj()).real, atol=1e-14)


def test_spectra_turn_alike(received, rotated):
    random = np.random.default_rng(4)
    c = random.uniform(size=(2, 30))
    np.testing.assert_allclose(rotated.forward(c), received.forward(c), atol=1e-12 * np.abs(received.matrix).max())
    right = random.normal(size=(2, len(rotated.rows)))
    np.testing.assert_allclose(rotated.to_real(rotated.to_complex(right)), right)
    np.testing.assert_array_equal(rotated.to_real(right), right)
    u = rotated.to_complex(right)
    np.testing.assert_allclose(rotated.adjoint(u), (u @ rotated.matrix.conj()).real)


def test_real_spectra_of_the_system_before_are_rotated_too(received, rotated):
    c = np.random.default_rng(8).uniform(size=(2, 30))
    u = received.to_real(received.forward(c))
    assert u.shape[1] == 2 * len(rotated.equations)
    np.testing.assert_array_equal(rotated.to_real(u), rotated.to_real(received.forward(c)))
    few = np.arange(len(received.rows)) % 3 == 0
    u = received.select(few).spectra(c, "float64")
    images = [mpifast.reconstruct(some.select(few), u, "tikhonov", alpha=1e-6).images for some in (received, rotated)]
    np.testing.assert_allclose(*images, atol=1e-6)


@pytest.mark.parametrize("factor", [-2.0, 3j, -1j, 1.0 - 1.0j])
def test_real_spectra_of_one_part_keep_their_sign(factor):
    system = mpifast.linear_system([[1.0, -2.0], [0.5, 3.0]])
    received = system.with_transfer_function([factor] * 2).with_transfer_function([factor] * 2)
    rotated = mpifast.rotate_rows(system).with_transfer_function([factor] * 2).with_transfer_function([factor] * 2)
    u = received.forward([[3.0, 4.0]])
    np.testing.assert_allclose(rotated.to_real(received.to_real(u)), rotated.to_real(u), rtol=1e-14)
    np.testing.assert_allclose(rotated.to_complex(rotated.to_real(u)), u, rtol=1e-14)


def test_select_and_transfer_function_keep_the_phases(received, rotated):
    few = rotated.select(rotated.rows["channel"] == 1)
    assert type(few) is type(rotated)
    assert len(few.remainder) == len(few.rows)
    np.testing.assert_allclose(few.matrix, received.matrix[received.rows["channel"] == 1], atol=1e-12)
    factors = np.exp(1j * np.arange(len(received.rows))) * 3.0
    factors[0] = 0.0
    again = rotated.with_transfer_function(factors)
    expected = received.matrix * factors[:, None]
    np.testing.assert_allclose(again.matrix, expected, atol=1e-13 * np.abs(expected).max())
    np.testing.assert_allclose(again.transfer_function, received.transfer_function * factors)


def test_single_precision_and_extreme_rows():
    random = np.random.default_rng(5)
    rows = random.normal(size=(4, 8)) * np.array([1e-30, 1.0, 0.0, 1e30])[:, None]
    matrix = (rows * np.exp(1j * np.arange(4))[:, None]).astype(np.complex64)
    rotated = mpifast.rotate_rows(mpifast.linear_system(matrix))
    assert rotated.real.dtype == np.float32
    assert rotated.matrix.dtype == np.complex64
    np.testing.assert_allclose(np.abs(rotated.real), np.abs(rows), rtol=1e-6)
    assert rotated.remainder.max() < 1e-6
    assert rotated.remainder[2] == 0.0
    tiny = mpifast.rotate_rows(mpifast.linear_system(matrix.astype(complex) * 1e-280))
    assert tiny.remainder.max() < 1e-6
    assert rotated is mpifast.rotate_rows(rotated)
    assert rotated.fingerprint != mpifast.linear_system(matrix).fingerprint


def test_systems_of_one_part_are_not_copied():
    system = mpifast.system_matrix(mpifast.Scanner(voxels=24), mpifast.Particle(40e-9), harmonics=30)
    rotated = mpifast.rotate_rows(system)
    assert rotated.real is system.real
    np.testing.assert_array_equal(rotated.matrix, system.matrix)
    u = 1j * np.arange(30.0)[None]
    np.testing.assert_array_equal(rotated.to_real(u), system.to_real(u))


def test_patches_are_rotated_each(received):
    patches = mpifast.MultiPatch([(received, (0.0, 0.0)), (received, (8e-3, 0.0))])
    rotated = mpifast.rotate_rows(patches)
    assert rotated.systems[0] is rotated.systems[1]
    assert len(rotated.equations) == len(patches.rows)
    c = np.random.default_rng(6).uniform(size=(2, patches.voxels))
    np.testing.assert_allclose(rotated.forward(c), patches.forward(c), atol=1e-12 * np.abs(patches.matrix).max())
    u = patches.forward(c)
    np.testing.assert_array_equal(rotated.to_real(patches.to_real(u)), rotated.to_real(u))
    images = [mpifast.tikhonov(some, u, alpha=1e-3, relative=True) for some in (patches, rotated)]
    np.testing.assert_allclose(*images, atol=1e-8)


def test_bad_arguments():
    with pytest.raises(TypeError, match="system"):
        mpifast.rotate_rows(np.eye(2))
    with pytest.raises(ValueError, match="threshold"):
        mpifast.rotate_rows(mpifast.linear_system(np.eye(2)), threshold=-1.0)
