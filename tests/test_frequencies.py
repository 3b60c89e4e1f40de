"""Mixing orders against brute force and published formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpifast.physics.fields.frequencies import lowest_mixing_orders, mixing_orders


@given(st.lists(st.integers(0, 12), min_size=1, max_size=3).filter(any), st.integers(-30, 30), st.integers(0, 9))
def test_all_mixing_orders_are_found(multiples, number, order):
    axes = [range(-order, order + 1) if n else (0,) for n in multiples]
    table = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(multiples))
    expected = {tuple(p) for p in table if p @ multiples == number and np.abs(p).sum() <= order}
    (found,) = mixing_orders(multiples, [number], order)
    assert {tuple(p) for p in found} == expected
    assert len(found) == len(expected)
    assert (np.diff(np.abs(found).sum(axis=1)) >= 0).all()


@pytest.mark.parametrize("size", [17, 33])
def test_smallest_pairs_in_two_dimensions(size):
    # The pair of smallest Euclidean norm (code of the EQANIS model); the lowest order is never larger.
    numbers = np.arange(size * (size - 1) // 2)
    line = np.round((2 * size - 1) * numbers / (2 * size**2 - 2 * size + 1))
    pairs = np.stack([-numbers + line * size, numbers - line * (size - 1)], axis=1).astype(int)
    np.testing.assert_array_equal(pairs @ (size - 1, size), numbers)
    lowest = lowest_mixing_orders((size - 1, size), numbers)
    np.testing.assert_array_equal(lowest @ (size - 1, size), numbers)
    excess = np.abs(pairs).sum(axis=1) - np.abs(lowest).sum(axis=1)
    assert (excess >= 0).all()
    assert (excess == 0).mean() > 0.9


def test_lowest_orders_in_three_dimensions():
    numbers = np.array([0, 1, 528, 561, 544, 33, 1056, 26_928])
    lowest = lowest_mixing_orders((528, 561, 544), numbers)
    np.testing.assert_array_equal(lowest @ (528, 561, 544), numbers)
    assert np.abs(lowest).sum(axis=1)[:7].tolist() == [0, *np.abs(lowest[1:2]).sum(axis=1), 1, 1, 1, 2, 2]
    first = mixing_orders((528, 561, 544), [1], int(np.abs(lowest[1]).sum()) - 1)
    assert len(first[0]) == 0


def test_an_axis_without_drive_does_not_mix():
    assert lowest_mixing_orders((1, 0, 0), [0, 5]).tolist() == [[0, 0, 0], [5, 0, 0]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((0, 0), [1], 3), "at least one of them above zero"),
        (((1, 2, 3, 4), [1], 3), "give one to three"),
        (((1, -2), [1], 3), r"multiples\[1\]=-2 is out of range"),
        (((16, 17), [1.5], 3), "give a vector of integers"),
        (((16, 17), 3, 3), r"numbers has shape \(\)"),
        (((16, 17, 18), [1], 1000), "order=1000 has a table of .* mixing orders, the limit is 67,108,864: lower it"),
    ],
)
def test_bad_arguments_are_refused_with_the_cure(arguments, message):
    with pytest.raises(ValueError, match=message):
        mixing_orders(*arguments)


def test_numbers_that_nothing_gives_are_refused():
    with pytest.raises(
        ValueError, match=r"numbers contains 3, which no mixing of multiples=\(2, 4\) gives: leave it out"
    ):
        lowest_mixing_orders((2, 4), [2, 3])
