"""Rows that belong together by channel and frequency."""

import numpy as np
import pytest

import mpifast
from mpifast.physics.row_labels import find_rows, nearest, same_rows


def labels(numbers, channels=None, frequencies=None):
    system = mpifast.linear_system(
        np.ones((len(numbers), 1)), numbers=numbers, channels=channels, frequencies=frequencies
    )
    return system.rows


def test_nearest_is_the_first_of_the_closest():
    random = np.random.default_rng(5)
    for count in (1, 2, 40):
        values, wanted = random.integers(0, 50, count), random.integers(-10, 60, 200)
        found = nearest(values, wanted)
        np.testing.assert_array_equal(np.abs(values[found] - wanted), np.abs(values[:, None] - wanted).min(axis=0))
        equal = values[found] == wanted
        np.testing.assert_array_equal(found[equal], [values.tolist().index(number) for number in wanted[equal]])


def test_rows_are_found_in_any_order_and_channel():
    rows = labels([5, 3, 3, 9], [0, 0, 1, 1], [5e3, 3e3, 3e3, 9e3])
    wanted = labels([3, 9, 9, 3], [1, 0, 1, 0], [3e3 * (1 + 1e-7), 9e3, 9e3 * (1 - 1e-7), 3e3])
    np.testing.assert_array_equal(find_rows(wanted, rows), [2, -1, 3, 1])
    assert same_rows(wanted[[3, 2]], rows[[1, 3]])
    assert not same_rows(wanted, rows)
    # Without the frequencies of one side by number, exactly.
    np.testing.assert_array_equal(find_rows(labels([9_000_001, 3]), labels([3, 9_000_000])), [-1, 0])
    assert find_rows(labels([1])[:0], rows).size == 0
    np.testing.assert_array_equal(find_rows(wanted, rows[:0]), [-1] * 4)
    np.testing.assert_array_equal(find_rows(rows[:2], rows[2:]), [-1, -1])


@pytest.mark.parametrize("sides", [([1, 2, 2], [2, 1]), ([2, 1], [1, 2, 2])])
def test_rows_that_are_alike_are_refused(sides):
    with pytest.raises(ValueError, match=r"side [ab] has two rows of channel 0, number 2: choose one of them"):
        find_rows(*map(labels, sides), ("side a", "side b"))
