"""The counter-based generator is NumPy's, word for word."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from mpifast import reference
from mpifast._compiled.jit import OPTIONS
from mpifast._compiled.philox import fill_words, key

pytestmark = [pytest.mark.loops, pytest.mark.filterwarnings("ignore:overflow encountered")]


@njit(**OPTIONS)
def fill(words, count, sample, stream, keys):
    fill_words(words, count, sample, stream, keys)


@given(
    seed=st.integers(0, 2**128 - 1), sample=st.integers(0, 2**62), stream=st.integers(0, 3), count=st.integers(1, 30)
)
def test_words_are_numpys(seed, sample, stream, count):
    words = np.empty(4 * ((count + 3) // 4), np.uint64)
    fill(words, count, sample, stream, key(seed))
    np.testing.assert_array_equal(words[:count], reference.random_words(seed, sample, stream, count))


def test_key_is_numpys():
    np.testing.assert_array_equal(key(7), np.random.Philox(7).state["state"]["key"])
