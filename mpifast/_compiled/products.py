"""The matrix products of all hot loops, at the speed of the vector units and of small blocks, down to a single row.

    multiply_add(c, a, b)               c += a b
    multiply_add_transposed(c, a, b)    c += a b^T
    sum_rows(c, index, tables)          c = sums of table rows, the product with a matrix of zeros and ones

Written in LLVM IR (`_llvm`). A tile of c stays in registers while k runs: 8 rows by two vectors, or one row by up to
sixteen. A BLAS call would cost more than the small products of a training block, could not run inside a parallel loop,
and gives other bits on other thread counts. Here the order in which an element is summed follows from k alone, so the
bits depend on neither threads nor tiling.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload, register_jitable

from mpifast._compiled.jit import OPTIONS
from mpifast._compiled.llvm import LANE_BYTES, Kernel, has_wide_registers, operands, shape_of

ROWS = 8  # a product of this many rows, or of a multiple, is the fastest


def lanes(dtype: np.dtype) -> int:
    """Numbers in a vector: 16 of float32, 8 of float64."""
    return LANE_BYTES // dtype.itemsize


@register_jitable
def padded(count: int, multiple: int) -> int:
    """``count`` rounded up to a multiple."""
    return -(-count // multiple) * multiple


@register_jitable
def aligned_zeros(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Zeros that start at a cache line: a vector across two of them takes twice as long."""
    size = 1
    for count in shape:
        size *= count
    room = np.zeros(size + LANE_BYTES, dtype)
    start = -room.ctypes.data % LANE_BYTES // room.itemsize
    return room[start : start + size].reshape(shape)


def multiply_add(c: np.ndarray, a: np.ndarray, b: np.ndarray) -> None:
    """c[m, n] += a[m, k] b[k, n] in place; n a multiple of `lanes`; c and b contiguous along n."""
    c += a @ b


def multiply_add_transposed(c: np.ndarray, a: np.ndarray, b: np.ndarray) -> None:
    """c[m, n] += a[m, k] b[n, k] in place; n and k multiples of `lanes`; c contiguous along n, a and b along k."""
    c += a @ b.T


def sum_rows(c: np.ndarray, index: np.ndarray, tables: np.ndarray) -> None:
    """c[m, n] = sum_k tables[k, index[m, k], n]: index uint8, c of any n, tables padded to `lanes`; all contiguous
    along their last axis.

    The index may have more rows and columns than it needs.
    """
    c[:] = 0
    for k, table in enumerate(tables):
        c += table[index[: len(c), k], : c.shape[1]]


_OPERANDS = "c c_row a a_row a_column b b_row"
_HEIGHT, _WIDTH, _LENGTH = (8, 2, 16) if has_wide_registers() else (4, 1, 4)


def _product(rows: int) -> Callable[[Kernel, int], None]:
    """The body of a kernel c[rows, vectors] += a[rows, :] b[:, vectors]."""

    def product(kernel: Kernel, vectors: int) -> None:
        builder, (_, depth, c, c_row, a, a_row, a_column, b, b_row) = kernel.builder, kernel.function.args
        places = [(r, v) for r in range(rows) for v in range(vectors)]
        homes = [
            kernel.place(c, kernel.at(c_row, kernel.constant(r), v * LANE_BYTES), kernel.vector) for r, v in places
        ]
        totals = [cgutils.alloca_once_value(builder, builder.load(home, align=kernel.size)) for home in homes]
        with cgutils.for_range(builder, depth) as loop:
            right = [
                kernel.load(b, kernel.at(b_row, loop.index, v * LANE_BYTES), kernel.vector) for v in range(vectors)
            ]
            lines = [builder.gep(a, [kernel.at(a_row, kernel.constant(r))]) for r in range(rows)]
            left = [
                kernel.broadcast(kernel.load(line, kernel.at(a_column, loop.index), kernel.element), kernel.vector)
                for line in lines
            ]
            for (r, v), total in zip(places, totals, strict=True):
                kernel.accumulate(total, left[r], right[v])
        for home, total in zip(homes, totals, strict=True):
            builder.store(builder.load(total), home, align=kernel.size)

    return product


def _dots(kernel: Kernel) -> None:
    """c[lanes] += a[:] . b[lanes, :]."""
    builder, (vectors, c, a, b, b_row) = kernel.builder, kernel.function.args
    totals = [
        cgutils.alloca_once_value(builder, ir.Constant(kernel.vector, [0.0] * kernel.width))
        for _ in range(kernel.width)
    ]
    with cgutils.for_range(builder, vectors) as loop:
        step = kernel.at(kernel.constant(LANE_BYTES), loop.index)
        left = kernel.load(a, step, kernel.vector)
        for r, total in enumerate(totals):
            line = builder.gep(b, [kernel.at(b_row, kernel.constant(r))])
            kernel.accumulate(total, left, kernel.load(line, step, kernel.vector))
    home = kernel.place(c, kernel.constant(0), kernel.vector)
    result = kernel.sums([builder.load(total) for total in totals])
    builder.store(builder.fadd(builder.load(home, align=kernel.size), result), home, align=kernel.size)


def _driver(name: str, drive: Callable[..., None]) -> Any:
    """An intrinsic that hands rows, vectors and depth of a product c, a, b to a function of its own: written in IR too,
    for it is called in many places, and in each of them loops would have to be compiled.
    """

    @intrinsic
    def call(typing_context: Any, c: Any, a: Any, b: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            kernel = Kernel(context, builder, signature, name, f"rows vectors depth {_OPERANDS}")
            (c, c_row, _), (a, a_row, a_column), (b, b_row, _) = operands(context, builder, signature, args)
            rows, columns = shape_of(context, builder, signature, args, 0)
            depth = shape_of(context, builder, signature, args, 1)[1]
            vectors = builder.udiv(columns, kernel.constant(kernel.width))
            builder.call(kernel.function, [rows, vectors, depth, c, c_row, a, a_row, a_column, b, b_row])
            kernel.define(
                lambda kernel: drive(
                    kernel, lambda name, arguments: Kernel(context, kernel.builder, signature, name, arguments)
                )
            )
            return context.get_dummy_value()

        return types.void(c, a, b), codegen

    return call


def _drive_multiply_add(kernel: Kernel, other: Callable[[str, str], Kernel]) -> None:
    """Tiles of `_HEIGHT` rows by `_WIDTH` vectors; the rows that are left in parts of equal length: a short one would
    wait for its own sums.
    """
    builder, (rows, vectors, depth, c, c_row, a, a_row, a_column, b, b_row) = kernel.builder, kernel.function.args
    number = kernel.constant

    def block(product: Kernel, row: Any, first: Any, count: Any) -> None:
        left = builder.mul(first, number(LANE_BYTES))
        corner = builder.gep(c, [builder.add(builder.mul(row, c_row), left)])
        line = builder.gep(a, [builder.mul(row, a_row)])
        builder.call(
            product.function, [count, depth, corner, c_row, line, a_row, a_column, builder.gep(b, [left]), b_row]
        )

    tile, line = (other(f"product_{height}", f"vectors depth {_OPERANDS}") for height in (_HEIGHT, 1))
    whole = builder.sub(rows, builder.urem(rows, number(_HEIGHT)))
    with cgutils.for_range_slice(builder, number(0), vectors, number(_WIDTH), kernel.index) as (first, _):
        rest = builder.sub(vectors, first)
        count = builder.select(builder.icmp_unsigned("<", rest, number(_WIDTH)), rest, number(_WIDTH))
        with cgutils.for_range_slice(builder, number(0), whole, number(_HEIGHT), kernel.index) as (row, _):
            block(tile, row, first, count)
    parts = builder.udiv(builder.add(vectors, number(_LENGTH - 1)), number(_LENGTH))
    with cgutils.for_range(builder, parts) as loop:
        first, last = (
            builder.udiv(builder.mul(vectors, part), parts) for part in (loop.index, builder.add(loop.index, number(1)))
        )
        with cgutils.for_range_slice(builder, whole, rows, number(1), kernel.index) as (row, _):
            block(line, row, first, builder.sub(last, first))
    tile.define(_product(_HEIGHT), _WIDTH)
    line.define(_product(1), _LENGTH)


def _drive_multiply_add_transposed(kernel: Kernel, other: Callable[[str, str], Kernel]) -> None:
    """From the last column to the first: what a product with the same matrix has just read, row by row, is in the cache
    still.
    """
    builder, (rows, vectors, depth, c, c_row, a, a_row, _, b, b_row) = kernel.builder, kernel.function.args
    dots, steps = other("dots", "vectors c a b b_row"), builder.udiv(depth, kernel.constant(kernel.width))
    with cgutils.for_range(builder, vectors) as loop:
        column = builder.sub(builder.sub(vectors, kernel.constant(1)), loop.index)
        left, below = (
            builder.mul(column, kernel.constant(LANE_BYTES)),
            builder.mul(builder.mul(column, kernel.constant(kernel.width)), b_row),
        )
        with cgutils.for_range(builder, rows) as inner:
            home = builder.gep(c, [builder.add(builder.mul(inner.index, c_row), left)])
            line = builder.gep(a, [builder.mul(inner.index, a_row)])
            builder.call(dots.function, [steps, home, line, builder.gep(b, [below]), b_row])
    dots.define(_dots)


_multiply_add = _driver("multiply_add", _drive_multiply_add)
_multiply_add_transposed = _driver("multiply_add_transposed", _drive_multiply_add_transposed)


@intrinsic
def _row_sum(
    typing_context: Any, c: Any, index: Any, tables: Any, row: Any, column: Any, vectors: Any, tail: Any
) -> Any:
    """c[row, column:] = sum_k tables[k, index[row, k], column:] for ``vectors`` (1 to `_LENGTH`) vectors, ``tail``
    numbers in the last of them.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kernel = Kernel(context, builder, signature, "row_sum", "vectors depth tail c i t t_table t_row")
        (c, c_row, _), (index, index_row, _), (tables, table, table_row, _) = operands(
            context, builder, signature, args
        )
        row, column, vectors, tail = args[3:]
        left = builder.mul(column, kernel.constant(kernel.size))
        c = builder.gep(c, [builder.add(builder.mul(row, c_row), left)])
        depth = cgutils.unpack_tuple(
            builder, context.make_array(signature.args[2])(context, builder, args[2]).shape, 3
        )[0]
        index, tables = builder.gep(index, [builder.mul(row, index_row)]), builder.gep(tables, [left])
        builder.call(kernel.function, [vectors, depth, tail, c, index, tables, table, table_row])
        kernel.define(row_sum, _LENGTH)
        return context.get_dummy_value()

    def row_sum(kernel: Kernel, vectors: int) -> None:
        builder, (_, depth, tail, c, index, tables, table, table_row) = kernel.builder, kernel.function.args
        totals = [
            cgutils.alloca_once_value(builder, ir.Constant(kernel.vector, [0.0] * kernel.width)) for _ in range(vectors)
        ]
        with cgutils.for_range(builder, depth) as loop:
            chosen = builder.zext(kernel.load(index, loop.index, ir.IntType(8)), kernel.index)
            start = builder.gep(tables, [builder.add(builder.mul(table, loop.index), builder.mul(table_row, chosen))])
            for v, total in enumerate(totals):
                builder.store(
                    builder.fadd(
                        builder.load(total), kernel.load(start, kernel.constant(v * LANE_BYTES), kernel.vector)
                    ),
                    total,
                )
        homes = [kernel.place(c, kernel.constant(v * LANE_BYTES), kernel.vector) for v in range(vectors)]
        for home, total in zip(homes[:-1], totals[:-1], strict=True):
            builder.store(builder.load(total), home, align=kernel.size)
        kernel.store_head(builder.load(totals[-1]), homes[-1], tail)

    return types.void(c, index, tables, *[types.intp] * 4), codegen


@overload(multiply_add, jit_options=OPTIONS, strict=False)
def _multiply_add_overload(c: Any, a: Any, b: Any) -> Any:
    return lambda c, a, b: _multiply_add(c, a, b)


@overload(multiply_add_transposed, jit_options=OPTIONS, strict=False)
def _multiply_add_transposed_overload(c: Any, a: Any, b: Any) -> Any:
    return lambda c, a, b: _multiply_add_transposed(c, a, b)


@overload(sum_rows, jit_options=OPTIONS, strict=False)
def _sum_rows_overload(c: Any, index: Any, tables: Any) -> Any:
    lane = LANE_BYTES // (c.dtype.bitwidth // 8)
    length = _LENGTH

    def tiled(c: Any, index: Any, tables: Any) -> None:
        vectors = (c.shape[1] + lane - 1) // lane
        parts = (vectors + length - 1) // length
        for part in range(parts):
            first, last = vectors * part // parts, vectors * (part + 1) // parts
            for row in range(c.shape[0]):
                _row_sum(c, index, tables, row, first * lane, last - first, min(lane, c.shape[1] - (last - 1) * lane))

    return tiled
