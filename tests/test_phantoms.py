"""Phantoms: random ones against the slow twin and their statistics, drawn ones as they should look."""

import numpy as np
import pytest

from mpifast import phantoms, reference
from mpifast.data.phantoms import density_digits

pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered")


@pytest.mark.loops
@pytest.mark.parametrize("density", [0.0, 0.25, 0.5, 0.3, 1.0])
@pytest.mark.parametrize("voxels", [1, 63, 64, 65, 129])
def test_random_is_the_slow_twin(density, voxels):
    drawn = phantoms.random(3, voxels, density=density, seed=5, start=10)
    numerator, digits = density_digits(density)
    for i, phantom in enumerate(drawn):
        np.testing.assert_array_equal(phantom, reference.phantom(5, 10 + i, voxels, numerator, digits))


@pytest.mark.parametrize("density", [0.03, 0.5, 0.8])
def test_density_and_independence(density):
    drawn = phantoms.random(20_000, 129, density=density, seed=1).astype(float)
    error = np.sqrt(density * (1 - density) / 20_000)
    assert abs(drawn.mean() - density) < 4 * error / np.sqrt(129)
    assert np.abs(drawn.mean(axis=0) - density).max() < 5 * error
    correlation = np.corrcoef(drawn.T) - np.eye(129)
    assert np.abs(correlation).max() < 6 / np.sqrt(20_000)
    neighbours = np.corrcoef(drawn[:-1].ravel(), drawn[1:].ravel())[0, 1]
    assert abs(neighbours) < 5 / np.sqrt(drawn.size)


def test_start_continues_the_same_sequence():
    np.testing.assert_array_equal(phantoms.random(10, seed=3)[4:], phantoms.random(6, seed=3, start=4))
    assert not np.array_equal(phantoms.random(10, seed=3), phantoms.random(10, seed=4))


@pytest.mark.parametrize(
    ("density", "fraction"),
    [(0, (0, 0)), (1, (1, 0)), (0.5, (1, 1)), (0.75, (3, 2)), (2.0**-24, (1, 24)), (2.0**-30, (0, 0))],
)
def test_density_in_lowest_terms(density, fraction):
    assert density_digits(density) == fraction


def test_pattern_has_full_and_very_sparse_rows():
    picture = phantoms.pattern()
    assert picture.shape == (40, 129)
    filled = picture.mean(axis=1)
    assert filled.max() == 1.0
    assert 0 < filled.min() < 0.05


def test_letters_fill_the_picture():
    picture = phantoms.letters("MPI")
    assert picture.shape == (20, 129)
    assert 0.1 < picture.mean() < 0.6
    np.testing.assert_array_equal(phantoms.letters("mpi"), picture)


@pytest.mark.parametrize("make", [phantoms.pattern, phantoms.letters, phantoms.bars, phantoms.dots, phantoms.points])
def test_drawn_phantoms_are_binary_bytes(make):
    picture = make()
    assert picture.dtype == np.uint8
    assert set(np.unique(picture)) == {0, 1}
    assert picture.shape[1] == 129


def test_dots_are_apart_by_their_distance():
    for distance, phantom in zip([1, 5, 128], phantoms.dots([1, 5, 128]), strict=True):
        first, second = np.flatnonzero(phantom)
        assert second - first == distance


def test_bars_are_as_wide_as_asked():
    for width, phantom in zip([1, 4], phantoms.bars([1, 4]), strict=True):
        assert phantom[:width].all()
        assert not phantom[width : 2 * width].any()
