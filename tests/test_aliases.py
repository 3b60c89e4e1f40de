"""Which tensors a row sums, against a loop over all p."""

import itertools

import numpy as np
import pytest

from mpifast.physics.systems.aliases import find_aliases, quarter_turns


@pytest.mark.parametrize(
    ("multiples", "phases"),
    [
        ((2, 3, 0), (np.pi / 2,) * 3),
        ((2, 3, 5), (0.0, 0.3, 1.0)),
        ((0, 0, 1), (0.0, 0.0, 0.0)),
        ((4, 4, 0), (0.1,) * 3),
    ],
)
def test_every_term_of_every_row(multiples, phases, random):
    shape = [4 if n else 1 for n in multiples]
    bounds = [random.uniform(0.5, 1.0, shape) for _ in range(3)]
    numbers, channels = np.tile(np.arange(12), 2), np.repeat([0, 2], 12)
    aliases = find_aliases(bounds, multiples, phases, channels, numbers, 1e-6)
    values = [random.normal(size=shape) for _ in range(3)]
    for row, (channel, k) in enumerate(zip(channels, numbers, strict=True)):
        exact = bound = 0.0
        for p in itertools.product(*(range(1 - n, n) for n in shape)):
            if np.dot(p, multiples) == k:
                angle = sum(order * (phase - np.pi / 2) for order, phase in zip(p, phases, strict=True))
                place = tuple(np.abs(p))
                exact += values[channel][place] * np.exp(1j * angle)
                bound += bounds[channel][place]
        terms = slice(aliases.starts[row], aliases.starts[row + 1])
        found = (aliases.factors[terms] * values[channel][tuple(aliases.orders[terms].T)]).sum()
        assert found == pytest.approx(exact, abs=1e-13)
        assert aliases.bounds[row] == pytest.approx(bound, abs=1e-13)


def test_small_terms_are_dropped_up_to_the_error(random):
    bounds = [10.0 ** -random.uniform(0, 9, (9, 9, 9))] * 3
    numbers, channels = np.arange(30), np.zeros(30, np.int64)
    phases = (np.pi / 2,) * 3
    every = find_aliases(bounds, (3, 4, 5), phases, channels, numbers, 1e-12)
    few = find_aliases(bounds, (3, 4, 5), phases, channels, numbers, 1e-4)
    assert len(few.factors) < 0.9 * len(every.factors)
    assert 0 < few.dropped.max() <= 1e-4
    for row in range(30):
        sizes = [bounds[0][tuple(orders)] for orders in few.orders[few.starts[row] : few.starts[row + 1]]]
        assert sizes == sorted(sizes, reverse=True)
        assert every.bounds[row] - sum(sizes) <= 1.01e-4


def test_selected_rows_keep_their_terms(random):
    bounds = [random.uniform(0.5, 1.0, (4, 4, 1))] * 3
    aliases = find_aliases(bounds, (2, 3, 0), (0.0,) * 3, np.zeros(9, np.int64), np.arange(9), 1e-6)
    part = aliases.select(np.array([5, 2]))
    for new, old in enumerate([5, 2]):
        mine = slice(part.starts[new], part.starts[new + 1])
        theirs = slice(aliases.starts[old], aliases.starts[old + 1])
        np.testing.assert_array_equal(part.orders[mine], aliases.orders[theirs])
        np.testing.assert_array_equal(part.factors[mine], aliases.factors[theirs])


def test_quarter_turns_are_exact():
    np.testing.assert_array_equal(quarter_turns(np.arange(-4.0, 4.0)), [1, 1j, -1, -1j] * 2)
    np.testing.assert_allclose(quarter_turns(np.array([0.3, -7.9])), np.exp(0.5j * np.pi * np.array([0.3, -7.9])))
