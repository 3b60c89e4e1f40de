"""The matrix products of the loops, in every shape and layout they use."""

import numpy as np
import pytest

from mpifast._compiled.jit import jit
from mpifast._compiled.products import (
    LANE_BYTES,
    ROWS,
    aligned_zeros,
    lanes,
    multiply_add,
    multiply_add_transposed,
    padded,
    sum_rows,
)

pytestmark = pytest.mark.loops


@jit
def call(c, a, b):
    multiply_add(c, a, b)


@jit
def call_transposed(c, a, b):
    multiply_add_transposed(c, a, b)


@jit
def call_sum(c, index, tables):
    sum_rows(c, index, tables)


@jit
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
        assert array.ctypes.data % LANE_BYTES == 0
        assert not array.any()
