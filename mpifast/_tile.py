"""The matrix products of all hot loops, at the speed of the vector units and of small blocks, down to a single row.

    multiply_add(c, a, b)               c += a b
    multiply_add_transposed(c, a, b)    c += a b^T

It is the one place with LLVM IR. A tile of c stays in registers while k runs: 8 rows by two vectors, or one row by up to sixteen. A BLAS
call would cost more than the small products of a training block, could not run inside a parallel loop, and gives other bits on other
thread counts. Here the order in which an element is summed follows from k alone, so the bits depend on neither threads nor tiling.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding
import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload, register_jitable

from mpifast._jit import OPTIONS

ROWS = 8  # a product of this many rows, or of a multiple, is the fastest
LANE_BYTES = 64  # rows that are read or written as vectors are a multiple of this long, and zero where nothing else belongs there


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


def _has_wide_registers() -> bool:
    """AVX-512: 32 registers of 64 bytes. Without it tiles are smaller."""
    if numba.config.CPU_NAME not in (None, "", "host"):
        return False
    features = numba.config.CPU_FEATURES
    return "+avx512f" in features if features is not None else llvmlite.binding.get_host_cpu_features().get("avx512f", False)


class _Kernel:
    """A function of LLVM IR on vectors of one element type; it is called, not inlined, so its sums stay in registers whatever surrounds it."""

    def __init__(self, context: Any, builder: Any, signature: Any, name: str, arguments: str) -> None:
        self.bits = signature.args[0].dtype.bitwidth
        self.size, self.width = self.bits // 8, LANE_BYTES * 8 // self.bits
        self.element = context.get_data_type(signature.args[0].dtype)
        self.vector = ir.VectorType(self.element, self.width)
        self.index, self.byte = ir.IntType(types.intp.bitwidth), ir.IntType(8).as_pointer()
        kinds = [self.byte if len(argument) == 1 else self.index for argument in arguments.split()]  # a letter is a pointer, a word a number
        self.function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.VoidType(), kinds), f"mpifast_{name}_{self.bits}")
        self.declared = not self.function.is_declaration
        self.function.linkage = "linkonce_odr"
        self.function.attributes.add("noinline")
        self.builder = builder if self.declared else ir.IRBuilder(self.function.append_basic_block())

    def constant(self, number: int) -> Any:
        return ir.Constant(self.index, number)

    def load(self, base: Any, offset: Any, kind: Any) -> Any:
        """Number or vector that lies ``offset`` bytes behind ``base``."""
        return self.builder.load(self.place(base, offset, kind), align=self.size)

    def place(self, base: Any, offset: Any, kind: Any) -> Any:
        return self.builder.bitcast(self.builder.gep(base, [offset]), kind.as_pointer())

    def at(self, step: Any, count: Any, start: int = 0) -> Any:
        return self.builder.add(self.builder.mul(step, count), self.constant(start))

    def accumulate(self, total: Any, x: Any, y: Any) -> None:
        """Add x y to the total."""
        fused = ir.FunctionType(self.vector, [self.vector] * 3)
        fused = cgutils.get_or_insert_function(self.builder.module, fused, f"llvm.fmuladd.v{self.width}f{self.bits}")
        self.builder.store(self.builder.call(fused, [x, y, self.builder.load(total)]), total)

    def broadcast(self, value: Any) -> Any:
        first = self.builder.insert_element(ir.Constant(self.vector, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
        return self.shuffle(first, first, [0] * self.width)

    def shuffle(self, x: Any, y: Any, lanes: list[int]) -> Any:
        return self.builder.shuffle_vector(x, y, ir.Constant(ir.VectorType(ir.IntType(32), self.width), lanes))

    def sums(self, vectors: list[Any]) -> Any:
        """The sum of each of ``width`` vectors, as one vector: a lane's bits name the vector, and each turn settles one of them."""
        bit = 1
        while len(vectors) > 1:
            here = [lane if not lane & bit else self.width + (lane ^ bit) for lane in range(self.width)]
            there = [lane ^ bit if not lane & bit else self.width + lane for lane in range(self.width)]
            pairs = zip(vectors[::2], vectors[1::2], strict=True)
            vectors = [self.builder.fadd(self.shuffle(x, y, here), self.shuffle(x, y, there)) for x, y in pairs]
            bit *= 2
        return vectors[0]


def _matrices(context: Any, builder: Any, signature: Any, args: Any) -> list[tuple[Any, Any, Any]]:
    """(data as bytes, row stride, column stride) of the arrays, and (None, rows, columns) of the second one."""
    arrays = [context.make_array(kind)(context, builder, value) for kind, value in zip(signature.args[:3], args[:3], strict=True)]
    data = [builder.bitcast(array.data, ir.IntType(8).as_pointer()) for array in arrays]
    strides = [cgutils.unpack_tuple(builder, array.strides, 2) for array in arrays]
    return [(*both,) for both in zip(data, *zip(*strides, strict=True), strict=True)] + [(None, *cgutils.unpack_tuple(builder, arrays[1].shape, 2))]


def _make_tile(rows: int, most: int) -> Any:
    """An intrinsic c[row:row+rows, column:column+vectors*lanes] += a[row:row+rows, :] b[:, column:...], ``vectors`` from 1 to ``most``."""

    @intrinsic
    def tile(typing_context: Any, c: Any, a: Any, b: Any, row: Any, column: Any, vectors: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            kernel = _Kernel(context, builder, signature, f"product_{rows}", "vectors depth c c_row a a_row a_column b b_row")
            (c, c_row, _), (a, a_row, a_column), (b, b_row, _), (_, _, depth) = _matrices(context, builder, signature, args)
            row, column, vectors = args[3:]
            left = builder.mul(column, kernel.constant(kernel.size))
            c = builder.gep(c, [builder.add(builder.mul(row, c_row), left)])
            a, b = builder.gep(a, [builder.mul(row, a_row)]), builder.gep(b, [left])
            builder.call(kernel.function, [vectors, depth, c, c_row, a, a_row, a_column, b, b_row])
            if not kernel.declared:
                for count in range(1, most + 1):
                    with kernel.builder.if_then(kernel.builder.icmp_signed("==", kernel.function.args[0], kernel.constant(count))):
                        product(kernel, count)
                kernel.builder.ret_void()
            return context.get_dummy_value()

        return types.void(c, a, b, types.intp, types.intp, types.intp), codegen

    def product(kernel: _Kernel, vectors: int) -> None:
        builder, (_, depth, c, c_row, a, a_row, a_column, b, b_row) = kernel.builder, kernel.function.args
        places = [(r, v) for r in range(rows) for v in range(vectors)]
        homes = [kernel.place(c, kernel.at(c_row, kernel.constant(r), v * LANE_BYTES), kernel.vector) for r, v in places]
        totals = [cgutils.alloca_once_value(builder, builder.load(home, align=kernel.size)) for home in homes]
        with cgutils.for_range(builder, depth) as loop:
            right = [kernel.load(b, kernel.at(b_row, loop.index, v * LANE_BYTES), kernel.vector) for v in range(vectors)]
            lines = [builder.gep(a, [kernel.at(a_row, kernel.constant(r))]) for r in range(rows)]
            left = [kernel.broadcast(kernel.load(line, kernel.at(a_column, loop.index), kernel.element)) for line in lines]
            for (r, v), total in zip(places, totals, strict=True):
                kernel.accumulate(total, left[r], right[v])
        for home, total in zip(homes, totals, strict=True):
            builder.store(builder.load(total), home, align=kernel.size)

    return tile


@intrinsic
def _dots(typing_context: Any, c: Any, a: Any, b: Any, row: Any, column: Any) -> Any:
    """c[row, column:column+lanes] += a[row, :] . b[column:column+lanes, :]."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kernel = _Kernel(context, builder, signature, "dots", "depth c a b b_row")
        (c, c_row, _), (a, a_row, _), (b, b_row, _), (_, _, depth) = _matrices(context, builder, signature, args)
        row, column = args[3:]
        c = builder.gep(c, [builder.add(builder.mul(row, c_row), builder.mul(column, kernel.constant(kernel.size)))])
        a, b = builder.gep(a, [builder.mul(row, a_row)]), builder.gep(b, [builder.mul(column, b_row)])
        builder.call(kernel.function, [depth, c, a, b, b_row])
        if not kernel.declared:
            dots(kernel)
        return context.get_dummy_value()

    def dots(kernel: _Kernel) -> None:
        builder, (depth, c, a, b, b_row) = kernel.builder, kernel.function.args
        totals = [cgutils.alloca_once_value(builder, ir.Constant(kernel.vector, [0.0] * kernel.width)) for _ in range(kernel.width)]
        with cgutils.for_range(builder, builder.udiv(depth, kernel.constant(kernel.width))) as loop:
            step = kernel.at(kernel.constant(LANE_BYTES), loop.index)
            left = kernel.load(a, step, kernel.vector)
            for r, total in enumerate(totals):
                line = builder.gep(b, [kernel.at(b_row, kernel.constant(r))])
                kernel.accumulate(total, left, kernel.load(line, step, kernel.vector))
        home = kernel.place(c, kernel.constant(0), kernel.vector)
        result = kernel.sums([builder.load(total) for total in totals])
        builder.store(builder.fadd(builder.load(home, align=kernel.size), result), home, align=kernel.size)
        builder.ret_void()

    return types.void(c, a, b, types.intp, types.intp), codegen


_HEIGHT, _WIDTH, _LENGTH = (8, 2, 16) if _has_wide_registers() else (4, 1, 4)
_tile, _line = _make_tile(_HEIGHT, _WIDTH), _make_tile(1, _LENGTH)


@overload(multiply_add, jit_options=OPTIONS, strict=False)
def _multiply_add_overload(c: Any, a: Any, b: Any) -> Any:
    lane = LANE_BYTES // (c.dtype.bitwidth // 8)
    height, width, length = _HEIGHT, _WIDTH, _LENGTH

    def tiled(c: Any, a: Any, b: Any) -> None:
        rows, vectors = c.shape[0], c.shape[1] // lane
        singles = rows % height
        for first in range(0, vectors, width):
            for row in range(0, rows - singles, height):
                _tile(c, a, b, row, first * lane, min(width, vectors - first))
        parts = (vectors + length - 1) // length  # of equal length: a short one would wait for its own sums
        for part in range(parts):
            first, last = vectors * part // parts, vectors * (part + 1) // parts
            for row in range(rows - singles, rows):
                _line(c, a, b, row, first * lane, last - first)

    return tiled


@overload(multiply_add_transposed, jit_options=OPTIONS, strict=False)
def _multiply_add_transposed_overload(c: Any, a: Any, b: Any) -> Any:
    lane = LANE_BYTES // (c.dtype.bitwidth // 8)

    def tiled(c: Any, a: Any, b: Any) -> None:
        for column in range(0, c.shape[1], lane):
            for row in range(c.shape[0]):
                _dots(c, a, b, row, column)

    return tiled
