"""Matrices of several tracers side by side."""

import numpy as np
import pytest

import mpifast
from mpifast.physics.split_system import SplitSystem

GRID = mpifast.Grid((3, 4), (3e-3, 4e-3))


def tracer(seed, numbers=(1, 2, 3, 5, 8, 13, 21, 34), grid=GRID, channels=None, dtype=np.complex128):
    random = np.random.default_rng(seed)
    numbers = np.array(numbers)
    matrix = random.normal(size=(len(numbers), 12)) + 1j * random.normal(size=(len(numbers), 12))
    return mpifast.linear_system(
        matrix.astype(dtype), grid, channels=channels, numbers=numbers, frequencies=1e3 * numbers
    )


def test_two_tracers_are_told_apart():
    random, numbers = np.random.default_rng(1), np.arange(1, 21)
    systems = [tracer(k, numbers) for k in (2, 3)]
    both = mpifast.contrasts(systems)
    images = random.uniform(size=(2, 3, 12))
    u = sum(system.forward(c) for system, c in zip(systems, images, strict=True))
    np.testing.assert_allclose(both.forward(np.concatenate(images, axis=1)), u)
    found = both.split(mpifast.tikhonov(both, u, alpha=0.0))
    np.testing.assert_allclose(found, images.reshape(2, 3, 3, 4), atol=1e-9)
    np.testing.assert_array_equal(
        both.image(np.concatenate(images, axis=1)), np.moveaxis(images.reshape(2, 3, 3, 4), 1, 0)
    )
    assert both.grid is None
    assert both.image_grid == GRID
    assert both.tracers == 2


def test_one_matrix_in_the_precision_of_the_systems():
    single = [tracer(k, dtype=np.complex64) for k in (4, 5)]
    both = mpifast.contrasts(single)
    assert both.real.dtype == np.float32
    assert both.matrix.dtype == np.complex64
    np.testing.assert_array_equal(both.matrix, np.concatenate([system.matrix for system in single], axis=1))
    assert mpifast.contrasts([single[0], tracer(6)]).real.dtype == np.float64
    imaginary = mpifast.linear_system(1j * single[0].matrix.real, GRID, numbers=single[0].rows["number"])
    real = mpifast.linear_system(single[0].matrix.real, GRID, numbers=single[0].rows["number"])
    mixed = mpifast.contrasts([imaginary, real])
    np.testing.assert_array_equal(mixed.matrix, np.concatenate([imaginary.matrix, real.matrix], axis=1))


def test_select_and_transfer_function():
    both = mpifast.contrasts([tracer(7), tracer(8)])
    few = both.select(band=(None, 5e3))
    assert few.split(np.zeros((1, 24))).shape == (2, 1, 3, 4)
    assert len(few.rows) == 4
    factors = np.exp(1j * np.arange(8))
    received = both.with_transfer_function(factors)
    np.testing.assert_allclose(received.matrix, factors[:, None] * both.matrix)
    assert received.tracers == 2
    assert received.image_grid == GRID
    np.testing.assert_array_equal(received.select([2]).transfer_function, factors[2:3])


def test_rows_that_differ():
    one, other = tracer(9, (1, 2, 3, 5, 8)), tracer(10, (2, 3, 4, 8, 9))
    with pytest.raises(ValueError, match=r"systems\[1\] .*5 rows.* and systems\[0\] .*different rows.*common=True"):
        mpifast.contrasts([one, other])
    both = mpifast.contrasts([one, other], common=True)
    np.testing.assert_array_equal(both.rows["number"], [2, 3, 8])
    np.testing.assert_array_equal(both.matrix, np.concatenate([one.matrix[[1, 2, 4]], other.matrix[[0, 1, 3]]], axis=1))
    channels = tracer(11, (1, 2, 3, 1, 2), channels=[0, 0, 0, 1, 1]), tracer(12, (2, 1, 3), channels=[0, 1, 1])
    np.testing.assert_array_equal(mpifast.contrasts(channels, common=True).rows["number"], [2, 1])
    with pytest.raises(ValueError, match="no row in common"):
        mpifast.contrasts([tracer(13, (1, 2)), tracer(14, (3, 4))], common=True)
    with pytest.raises(ValueError, match="another order"):
        mpifast.contrasts([tracer(13, (1, 2)), tracer(14, (2, 1))], common=True)
    with pytest.raises(ValueError, match="two rows of channel 0"):
        mpifast.contrasts([tracer(13, (1, 2)), tracer(14, (2, 2, 1))], common=True)


def test_three_tracers_keep_the_rows_that_all_have():
    three = mpifast.contrasts([tracer(1, (1, 2, 3, 4)), tracer(2, (2, 3, 4, 5)), tracer(3, (1, 3, 4))], common=True)
    np.testing.assert_array_equal(three.rows["number"], [3, 4])
    assert three.split(np.zeros((2, 36))).shape == (3, 2, 3, 4)


def test_bad_arguments():
    one = tracer(15)
    moved = tracer(15, grid=mpifast.Grid((3, 4), (3e-3, 4e-3), (1e-3, 0.0)))
    for systems, message in [
        ([], "systems is empty"),
        ([one, moved], r"systems\[1\] is on Grid.*contrasts share one grid"),
        ([one, mpifast.linear_system(np.eye(8))], r"systems\[1\] has 8 voxels"),
        ([one, mpifast.rotate_rows(one, None)], "RotatedSystem"),
        ([one, one.with_transfer_function(np.full(8, 2.0))], "different transfer functions"),
    ]:
        with pytest.raises(ValueError, match=message):
            mpifast.contrasts(systems)
    with pytest.raises(TypeError, match=r"systems\[1\]"):
        mpifast.contrasts([one, np.eye(3)])
    with pytest.raises(TypeError, match="common"):
        mpifast.contrasts([one], common="yes")


def test_patches_of_several_tracers():
    """The matrices of two multi-patch systems side by side."""
    patches = [mpifast.MultiPatch([(tracer(k), (0, 0)), (tracer(k), (2e-3, 1e-3))]) for k in (16, 17)]
    both = mpifast.contrasts(patches)
    np.testing.assert_array_equal(both.matrix, np.concatenate([some.matrix for some in patches], axis=1))
    assert isinstance(both, SplitSystem)
