"""Rows that are even or odd along an axis: found to the bit, and their products with half of the voxels."""

import numpy as np
import pytest

import mpifast
from mpifast.physics import mirror as module
from mpifast.physics.forward import ForwardModel


@pytest.fixture(autouse=True)
def any_size(monkeypatch):
    monkeypatch.setattr(module, "SMALLEST", 0)


def mirrored(random, shape, axis, rows=9):
    """Random rows, the first of them even, every second one odd."""
    real = random.normal(size=(rows, *shape))
    sign = np.where(np.arange(rows) % 2, -1.0, 1.0).reshape(-1, *[1] * len(shape))
    return (real + sign * np.flip(real, axis + 1)).reshape(rows, -1)


@pytest.mark.parametrize(("shape", "axis"), [((6, 5), 0), ((6, 5), 1), ((3, 4, 5), 1), ((3, 4, 5), 2), ((7,), 0)])
@pytest.mark.parametrize("kind", ["uint8", "float32", "float64", "bool"])
def test_products_with_half_of_the_voxels(random, shape, axis, kind):
    real = mirrored(random, shape, axis)
    model = ForwardModel(real, shape)
    assert [list(half) for half in model.mirror.halves] == [[0, 2, 4, 6, 8], [1, 3, 5, 7]]
    c = random.integers(0, 2, (11, real.shape[1])).astype(kind)
    for dtype, error in (("float64", 1e-13), ("float32", 1e-5)):
        u = np.empty((11, 9), dtype)
        model.multiply(c, u, 2)
        np.testing.assert_allclose(u, c.astype(np.float64) @ real.T, atol=error)
        single = np.empty((1, 9), dtype)
        model.multiply(c[4:5], single, 1)
        np.testing.assert_array_equal(single, u[4:5])


def test_one_number_of_one_row_tells(random):
    real = mirrored(random, (4, 6), 1)
    assert module.find_mirror(real, (4, 6)) is not None
    real[5, 3] *= 1 + 1e-15
    assert module.find_mirror(real, (4, 6)) is None
    assert module.find_mirror(random.normal(size=(3, 24)), (4, 6)) is None


def test_small_systems_have_no_mirror(random, monkeypatch):
    monkeypatch.setattr(module, "SMALLEST", 10**6)
    assert module.find_mirror(mirrored(random, (4, 6), 1), (4, 6)) is None


@pytest.mark.parametrize("shape", [(6, 7), (5, 8)])
def test_a_lissajous_scan_has_one(shape):
    # n = (16, 17): the orders of y keep their parity in all aliases of a frequency, those of x do not.
    scanner = mpifast.LissajousScanner(mpifast.Grid(shape, (20e-3, 20e-3)), offset_field=(0, 0, 1e-3))
    system = mpifast.system_matrix(scanner, mpifast.Particle(25e-9), channels=("x", "y", "z"), level=1e-3)
    mirror = system.forward_model.mirror
    numbers, channels = system.rows["number"], system.rows["channel"]
    np.testing.assert_array_equal(mirror.halves[1], np.flatnonzero((numbers + (channels == 1)) % 2))


@pytest.mark.loops
def test_loops(random):
    real = mirrored(random, (3, 5), 1)
    u = np.empty((2, 9))
    ForwardModel(real, (3, 5)).multiply(np.ones((2, 15), np.uint8), u, 1)
    np.testing.assert_allclose(u, np.ones((2, 15)) @ real.T, atol=1e-13)
