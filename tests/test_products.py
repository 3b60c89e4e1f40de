"""The matrix products of the loops, in every shape and layout they use."""

import ctypes
import itertools

import numpy as np
import pytest
from numba import njit

from mpifast._compiled import _products
from mpifast._compiled.jit import OPTIONS
from mpifast._compiled.products import (
    COPIES,
    GROUP_BYTES,
    ROWS,
    aligned_zeros,
    best_copy,
    lanes,
    multiply_add,
    multiply_add_transposed,
    padded,
    processor,
    sum_rows,
)

pytestmark = pytest.mark.loops


@njit(**OPTIONS)
def call(c, a, b):
    multiply_add(c, a, b)


@njit(**OPTIONS)
def call_transposed(c, a, b):
    multiply_add_transposed(c, a, b)


@njit(**OPTIONS)
def call_sum(c, index, tables):
    sum_rows(c, index, tables)


@njit(**OPTIONS)
def zeros(rows, columns, dtype):
    return aligned_zeros((rows, columns), dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rows", [1, ROWS, 2 * ROWS + 3])
@pytest.mark.parametrize("groups", [1, 2, 3, 9, 16, 17, 33])
@pytest.mark.parametrize("depth", [0, 1, 7, 200])
def test_every_shape(dtype, rows, groups, depth, random):
    columns = groups * lanes(np.dtype(dtype))
    a, b, c = (random.normal(size=shape).astype(dtype) for shape in ((rows, depth), (depth, columns), (rows, columns)))
    expected = c.astype(np.float64) + a.astype(np.float64) @ b.astype(np.float64)
    call(c, a, b)
    np.testing.assert_allclose(c, expected, atol=1e-4 if dtype == np.float32 else 1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rows", [1, 5])
@pytest.mark.parametrize("groups", [1, 3])
@pytest.mark.parametrize("depths", [0, 1, 13])
def test_every_shape_transposed(dtype, rows, groups, depths, random):
    columns, depth = groups * lanes(np.dtype(dtype)), depths * lanes(np.dtype(dtype))
    a, b, c = (random.normal(size=shape).astype(dtype) for shape in ((rows, depth), (columns, depth), (rows, columns)))
    expected = c.astype(np.float64) + a.astype(np.float64) @ b.T.astype(np.float64)
    call_transposed(c, a, b)
    np.testing.assert_allclose(c, expected, atol=1e-4 if dtype == np.float32 else 1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("columns", [1, 15, 16, 17, 200, 256, 300])
@pytest.mark.parametrize("depth", [0, 1, 26])
def test_sums_of_table_rows_and_neighbours_untouched(dtype, columns, depth, random):
    tables = random.normal(size=(depth, 256, padded(columns, 16))).astype(dtype)
    index = random.integers(0, 256, (5, depth), dtype=np.uint8)
    whole = np.full((7, columns), np.nan, dtype)
    call_sum(whole[1:4], index, tables)
    expected = sum(
        (table[index[:3, k], :columns].astype(np.float64) for k, table in enumerate(tables)), np.zeros((3, columns))
    )
    np.testing.assert_allclose(whole[1:4], expected, atol=1e-4 if dtype == np.float32 else 1e-12)
    assert np.isnan(whole[[0, 4, 5, 6]]).all()


def test_strided_operands_transposed(random):
    dtype, lane = np.dtype(np.float32), lanes(np.dtype(np.float32))
    whole, a, b = (random.normal(size=(2 * lane, 4 * lane)).astype(dtype) for _ in range(3))
    expected = whole.copy()
    expected[3:5, lane : 2 * lane] += a[7:9, lane : 3 * lane] @ b[5 : 5 + lane, 2 * lane :].T
    call_transposed(whole[3:5, lane : 2 * lane], a[7:9, lane : 3 * lane], b[5 : 5 + lane, 2 * lane :])
    np.testing.assert_allclose(whole, expected, atol=1e-4)


def test_strided_operands_and_neighbours_untouched(random):
    dtype, lane = np.dtype(np.float32), lanes(np.dtype(np.float32))
    whole = random.normal(size=(2 * ROWS, 4 * lane)).astype(dtype)
    a, b = random.normal(size=(5, 2 * ROWS)).astype(dtype), random.normal(size=(5, 4 * lane)).astype(dtype)
    before = whole.copy()
    call(whole[:ROWS, lane : 3 * lane], a.T[:ROWS], b[:, lane : 3 * lane])
    expected = before.copy()
    expected[:ROWS, lane : 3 * lane] += a.T[:ROWS] @ b[:, lane : 3 * lane]
    np.testing.assert_allclose(whole, expected, atol=1e-5)
    np.testing.assert_array_equal(whole[ROWS:], before[ROWS:])


def test_an_element_has_the_same_bits_in_any_tiling(random):
    dtype, lane = np.dtype(np.float32), lanes(np.dtype(np.float32))
    a, b = random.normal(size=(ROWS, 33)).astype(dtype), random.normal(size=(33, 5 * lane)).astype(dtype)
    whole, parts = np.zeros((ROWS, 5 * lane), dtype), np.zeros((ROWS, 5 * lane), dtype)
    call(whole, a, b)
    for start in range(0, 5 * lane, lane):
        call(parts[:, start : start + lane], a, b[:, start : start + lane])
    np.testing.assert_array_equal(whole, parts)


@pytest.mark.parametrize(("count", "multiple", "expected"), [(0, 8, 0), (1, 8, 8), (8, 8, 8), (129, 16, 144)])
def test_padded(count, multiple, expected):
    assert padded(count, multiple) == expected


@pytest.mark.parametrize("make", [zeros, lambda rows, columns, dtype: aligned_zeros((rows, columns), dtype)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_zeros_start_at_a_cache_line(make, dtype):
    for rows in range(1, 6):
        array = make(rows, 5, np.dtype(dtype))
        assert array.shape == (rows, 5)
        assert array.dtype == dtype
        assert array.ctypes.data % GROUP_BYTES == 0
        assert not array.any()


def c_function(function, dtype, copy):
    """One of the C functions, whichever copy compiled code uses."""
    address = getattr(_products, f"{function}_{np.dtype(dtype).itemsize * 8}_{copy}")
    return ctypes.CFUNCTYPE(None, *[ctypes.c_ssize_t] * 10)(address)


def products_of(copy, dtype, a, b, tables, index, columns):
    """c = 1 + a b, 1 + a b^T^T and sums of table rows, by the C functions of a copy."""
    plain, transposed = np.ones((len(a), b.shape[1]), dtype), np.ones((len(a), b.shape[1]), dtype)
    shape, left = (*plain.shape, a.shape[1]), (a.ctypes.data, *a.strides)
    c_function("multiply_add", dtype, copy)(
        *shape, plain.ctypes.data, plain.strides[0], *left, b.ctypes.data, b.strides[0]
    )
    right = np.ascontiguousarray(b.T)
    c_function("multiply_add_transposed", dtype, copy)(
        *shape, transposed.ctypes.data, transposed.strides[0], *left, right.ctypes.data, right.strides[0]
    )
    sums = np.full((len(index) + 1, columns), 7.0, dtype)
    c_function("sum_rows", dtype, copy)(
        len(index), columns, len(tables), sums.ctypes.data, sums.strides[0],
        index.ctypes.data, index.strides[0], tables.ctypes.data, *tables.strides[:2],
    )  # fmt: skip
    assert (sums[-1] == 7.0).all()
    return plain, transposed, sums[:-1]


HERE = [name for name, needs in COPIES if needs <= processor() and hasattr(_products, f"sum_rows_32_{name}")]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rows", [1, 2, 7, 8, 19])
@pytest.mark.parametrize("groups", [1, 2, 3, 4, 5, 9, 16, 17, 33])
@pytest.mark.parametrize("depths", [0, 1, 5])
def test_every_copy_that_runs_here(dtype, rows, groups, depths, random):
    lane = lanes(np.dtype(dtype))
    a, b = (random.normal(size=size).astype(dtype) for size in ((rows, depths * lane), (depths * lane, groups * lane)))
    tables, index = (
        random.normal(size=(depths, 32, groups * lane)).astype(dtype),
        random.integers(0, 32, (rows, 8), np.uint8),
    )
    columns = groups * lane - groups % lane
    sums = np.add.reduce([table[index[:, k], :columns] for k, table in enumerate(tables)], initial=0.0) + np.zeros(
        (rows, columns)
    )
    product = 1 + a.astype(np.float64) @ b.astype(np.float64)
    found = {copy: products_of(copy, dtype, a, b, tables, index, columns) for copy in HERE}
    for results in found.values():
        for result, expected in zip(results, (product, product, sums), strict=True):
            np.testing.assert_allclose(result, expected, atol=2e-4 if dtype == np.float32 else 1e-12)
    fused = [results for copy, results in found.items() if copy != "plain"]
    for one, other in itertools.pairwise(fused):  # they sum in the same order
        for x, y in zip(one, other, strict=True):
            np.testing.assert_array_equal(x, y)


def test_the_best_copy_of_a_processor():
    assert best_copy(set()) == "plain"
    wide = hasattr(_products, "sum_rows_32_avx512")
    assert best_copy({"avx2", "fma", "avx512f"}) == ("avx512" if wide else "plain")
    assert best_copy({"avx2", "fma"}) == ("avx2" if wide else "plain")
    assert best_copy({"avx2"}) == "plain"


CHOICE = "from mpifast._compiled.products import best_copy, processor; print(best_copy(processor()))"


@pytest.mark.parametrize("setting", [{"NUMBA_CPU_NAME": "generic"}, {"NUMBA_CPU_FEATURES": "+sse2,-avx2"}])
def test_numbas_settings_choose_the_copy(run_python, setting):
    assert run_python("-c", CHOICE, **setting).stdout.strip() == "plain"


WARM = """
import mpifast, numpy as np
from mpifast.networks._loops import shared as loops
network = mpifast.Network(40, 30, scaling="none", seed=1)
print(float(network.predict(np.ones((5, 40))).sum()), sum(loops.predict.compiled.stats.cache_hits.values()))
"""


def test_compiled_code_from_the_cache_finds_the_c_functions(run_python, tmp_path):
    # A call of a symbol that is not registered ends the process.
    first, second = (run_python("-c", WARM, MPIFAST_CACHE=str(tmp_path), NUMBA_DISABLE_JIT="0") for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    (cold, misses), (warm, hits) = first.stdout.split(), second.stdout.split()
    assert (misses, hits) == ("0", "1")
    assert warm == cold
