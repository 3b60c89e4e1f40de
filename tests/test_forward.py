"""The forward model: look-up tables and products against the slow twin."""

import numpy as np
import pytest

import mpifast
from mpifast import reference

pytestmark = pytest.mark.loops


def tolerance(dtype, system):
    """A few roundings of the largest spectrum value."""
    return 30 * np.finfo(dtype).eps * np.abs(system.real).sum(axis=1).max()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["uint8", "bool", "int64", "float32", "float64"])
def test_agrees_with_the_slow_twin(small_system, dtype, kind, random):
    phantoms = random.integers(0, 2, (37, 11)).astype(kind)
    u = small_system.spectra(phantoms, dtype=dtype)
    assert u.dtype == dtype
    assert u.flags.c_contiguous
    np.testing.assert_allclose(u, reference.spectra(small_system.real, phantoms), atol=tolerance(dtype, small_system))


@pytest.mark.parametrize("kind", ["uint8", "int16", "float64"])
def test_grey_phantoms(small_system, kind, random):
    phantoms = (random.uniform(0, 5, (20, 11))).astype(kind)
    u = small_system.spectra(phantoms, dtype="float64")
    np.testing.assert_allclose(u, reference.spectra(small_system.real, phantoms), atol=1e-12)


@pytest.mark.parametrize(("voxels", "harmonics"), [(1, 1), (1, 5), (7, 3), (8, 16), (57, 17), (130, 33)])
@pytest.mark.parametrize("count", [0, 1, 65])
def test_every_shape(voxels, harmonics, count, random):
    system = mpifast.system_matrix(mpifast.Scanner(voxels=voxels), mpifast.Particle(40e-9), harmonics=harmonics)
    phantoms = random.integers(0, 2, (count, voxels), dtype=np.uint8)
    for array in (phantoms, phantoms.astype(np.float64)):
        u = system.spectra(array, dtype="float64")
        assert u.shape == (count, harmonics)
        np.testing.assert_allclose(u, reference.spectra(system.real, phantoms), atol=1e-11)


def test_unusual_memory_layouts(small_system, random):
    phantoms = random.integers(0, 2, (24, 22), dtype=np.uint8)
    expected = small_system.spectra(np.ascontiguousarray(phantoms[::-2, ::2]))
    view = phantoms[::-2, ::2]
    view.flags.writeable = False
    np.testing.assert_array_equal(small_system.spectra(view), expected)
    np.testing.assert_array_equal(small_system.spectra(np.asfortranarray(view)), expected)
    grey = phantoms[::-2, ::2] * 0.5
    np.testing.assert_array_equal(small_system.spectra(grey.astype(">f8")), small_system.spectra(grey))


def test_linear_and_adjoint(small_system, random):
    c, d, y = random.uniform(size=11), random.uniform(size=11), random.normal(size=14)

    def forward(phantom):
        return small_system.spectra(phantom[None, :], dtype="float64")[0]

    np.testing.assert_allclose(forward(2 * c - 3 * d), 2 * forward(c) - 3 * forward(d), atol=1e-12)
    assert forward(c) @ y == pytest.approx(c @ (small_system.real.T @ y), rel=1e-12)


def test_points_are_the_columns(small_system):
    np.testing.assert_allclose(
        small_system.spectra(mpifast.phantoms.points(11), dtype="float64"), small_system.real.T, atol=1e-15
    )


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_threads_do_not_change_the_bits(small_system, threads, random):
    for phantoms in (random.integers(0, 2, (200, 11), dtype=np.uint8), random.uniform(size=(203, 11))):
        np.testing.assert_array_equal(
            small_system.spectra(phantoms, threads=threads), small_system.spectra(phantoms, threads=1)
        )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_matrix_larger_than_a_cache_is_multiplied_in_panels(random, dtype):
    """To the bits of each spectrum alone, on any number of threads."""
    matrix, grey = random.normal(size=(333, 700)), random.random((45, 700))
    system = mpifast.linear_system(matrix)
    assert len(system.forward_model.panels(np.dtype(dtype))[0]) > 1
    assert system.forward_model.tables(np.dtype(dtype)) is None
    u = system.spectra(grey, dtype=dtype, threads=1)
    np.testing.assert_allclose(u, grey @ matrix.T, atol=1e-4 if dtype == "float32" else 1e-11)
    np.testing.assert_array_equal(system.spectra(grey, dtype=dtype, threads=2), u)
    np.testing.assert_array_equal(np.concatenate([system.spectra(row[None], dtype=dtype) for row in grey]), u)
    binary = (grey > 0.5).astype(np.uint8)
    np.testing.assert_array_equal(
        system.spectra(binary, dtype=dtype), system.spectra(binary.astype(dtype), dtype=dtype)
    )
