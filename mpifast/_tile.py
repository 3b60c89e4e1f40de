"""One matrix product for every hot loop: ``multiply_add(c, a, b)`` is c += a b, at the speed of the vector units and of small blocks.

It is the one place with LLVM IR. A tile of c, 8 rows by two vectors, stays in registers while k runs; a BLAS call would cost more than
the small products of a training block, could not run inside a parallel loop, and gives other bits on other thread counts. Here each
element is summed in the order of k, so the bits depend on neither threads nor tiling.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding
import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from mpifast._jit import OPTIONS

ROWS = 8  # c and a have a multiple of this many rows
LANE_BYTES = 64  # and c and b a multiple of this many bytes a row


def lanes(dtype: np.dtype) -> int:
    """Columns of c and b come in multiples of this: 16 for float32, 8 for float64."""
    return LANE_BYTES // dtype.itemsize


def padded(count: int, multiple: int) -> int:
    """``count`` rounded up to a multiple."""
    return -(-count // multiple) * multiple


def multiply_add(c: np.ndarray, a: np.ndarray, b: np.ndarray) -> None:
    """c[m, n] += a[m, k] b[k, n] in place; m a multiple of `ROWS`, n of `lanes`; c and b contiguous along n."""
    c += a @ b


def _has_wide_registers() -> bool:
    """AVX-512: 32 registers of 64 bytes. Without it a tile is half as high and half as wide."""
    if numba.config.CPU_NAME not in (None, "", "host"):
        return False
    features = numba.config.CPU_FEATURES
    return "+avx512f" in features if features is not None else llvmlite.binding.get_host_cpu_features().get("avx512f", False)


def _make_tile(rows: int, vectors: int) -> Any:
    """An intrinsic c[row:row+rows, column:column+vectors*lanes] += a[row:row+rows, :] b[:, column:...]."""

    @intrinsic
    def tile(typing_context: Any, c: Any, a: Any, b: Any, row: Any, column: Any) -> Any:
        size = c.dtype.bitwidth // 8
        width = LANE_BYTES // size

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            arrays = [context.make_array(kind)(context, builder, value) for kind, value in zip(signature.args, args[:3], strict=False)]
            (c_row, _), (a_row, a_column), (b_row, _) = (cgutils.unpack_tuple(builder, array.strides, 2) for array in arrays)
            depth = cgutils.unpack_tuple(builder, arrays[1].shape, 2)[1]
            row, column = args[3:]
            element = context.get_data_type(c.dtype)
            vector, index = ir.VectorType(element, width), row.type
            fused = cgutils.get_or_insert_function(builder.module, ir.FunctionType(vector, [vector] * 3), f"llvm.fmuladd.v{width}f{8 * size}")

            def pointer(base: Any, offset: Any, target: Any) -> Any:
                start = builder.gep(builder.bitcast(base, ir.IntType(8).as_pointer()), [offset])
                return builder.bitcast(start, target.as_pointer())

            def at(step: Any, count: Any, start: Any = None) -> Any:
                offset = builder.mul(step, count)
                return offset if start is None else builder.add(offset, start)

            def broadcast(value: Any) -> Any:
                first = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
                return builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(ir.IntType(32), width), [0] * width))

            left = builder.mul(column, ir.Constant(index, size))
            lines = [builder.add(row, ir.Constant(index, r)) for r in range(rows)]
            places = [(r, v) for r in range(rows) for v in range(vectors)]
            shifts = [builder.add(left, ir.Constant(index, v * LANE_BYTES)) for v in range(vectors)]
            homes = [pointer(arrays[0].data, at(c_row, lines[r], shifts[v]), vector) for r, v in places]
            totals = [cgutils.alloca_once_value(builder, builder.load(home, align=size)) for home in homes]  # LLVM keeps them in registers
            with cgutils.for_range(builder, depth) as loop:
                row_of_b = at(b_row, loop.index)
                column_of_a = at(a_column, loop.index)
                right = [builder.load(pointer(arrays[2].data, builder.add(row_of_b, shift), vector), align=size) for shift in shifts]
                factors = [broadcast(builder.load(pointer(arrays[1].data, at(a_row, line, column_of_a), element), align=size)) for line in lines]
                for (r, v), total in zip(places, totals, strict=True):
                    builder.store(builder.call(fused, [factors[r], right[v], builder.load(total)]), total)
            for home, total in zip(homes, totals, strict=True):
                builder.store(builder.load(total), home, align=size)
            return context.get_dummy_value()

        return types.void(c, a, b, types.intp, types.intp), codegen

    return tile


_HEIGHT, _VECTORS = (8, 2) if _has_wide_registers() else (4, 1)
_wide, _narrow = _make_tile(_HEIGHT, _VECTORS), _make_tile(_HEIGHT, 1)


@overload(multiply_add, jit_options=OPTIONS, strict=False)
def _multiply_add_overload(c: Any, a: Any, b: Any) -> Any:
    lane = LANE_BYTES // (c.dtype.bitwidth // 8)
    wide = _VECTORS * lane
    height = _HEIGHT

    def tiled(c: Any, a: Any, b: Any) -> None:
        rows, columns = c.shape
        for column in range(0, columns - columns % wide, wide):
            for row in range(0, rows, height):
                _wide(c, a, b, row, column)
        for column in range(columns - columns % wide, columns, lane):
            for row in range(0, rows, height):
                _narrow(c, a, b, row, column)

    return tiled
