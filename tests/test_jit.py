"""Compiled building blocks, and the threads that loops may use."""

import numba
import numpy as np
import pytest
import test_bits
import test_elementary
import test_noise
import test_philox
import test_products

from mpifast._compiled import jit


@jit.jit
def twice(x):
    return 2 * x


def test_python_does_not_call_a_block():
    # It would be the plain function, and a test or benchmark of it would look at the wrong thing.
    with pytest.raises(TypeError, match="twice is for compiled code"):
        twice(3)
    assert numba.njit(lambda x: twice(x))(3) == 6


def test_tests_of_blocks_run_compiled_code(random):
    test_elementary.test_sigmoid_to_two_ulp(np.float32, random)
    test_elementary.test_decay(random)
    test_elementary.test_log(random)
    test_elementary.test_cosine_sine(random)
    test_bits.test_fields(65, random)
    test_bits.test_there_and_back_with_neighbours_untouched(65, random)
    test_noise.test_normals_are_the_slow_twin()
    test_philox.test_words_are_numpys()
    test_products.test_strided_operands_and_neighbours_untouched(random)
    test_products.test_strided_operands_transposed(random)
    test_products.test_sums_of_table_rows_and_neighbours_untouched(np.float32, 17, 3, random)
    for module in (test_bits, test_elementary, test_noise, test_philox, test_products):
        called = [item for item in vars(module).values() if isinstance(item, numba.core.dispatcher.Dispatcher)]
        own = [
            item for item in called if item.py_func.__module__ == module.__name__ and item is not test_products.zeros
        ]
        assert own
        assert all(item.signatures for item in own), [item.py_func for item in own if not item.signatures]


@pytest.mark.parametrize("name", ["bench_products", "bench_elementary"])
def test_benchmarks_of_blocks_run_compiled_code(name):
    module = pytest.importorskip(f"benchmarks.{name}")
    functions = [item for item in vars(module).values() if isinstance(item, numba.core.dispatcher.Dispatcher)]
    own = [item for item in functions if item.py_func.__module__ == module.__name__]
    assert own
    assert not [item for item in own if isinstance(item, jit.Block)]


def test_thread_count_is_limited_to_what_numba_has():
    assert jit.thread_count(None) == numba.get_num_threads()
    assert jit.thread_count(10**6) == numba.config.NUMBA_NUM_THREADS
