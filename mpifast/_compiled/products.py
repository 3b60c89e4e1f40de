"""The matrix products of all hot loops, at the speed of the vector units and of small blocks, down to a single row.

    multiply_add(c, a, b)               c += a b
    multiply_add_transposed(c, a, b)    c += a b^T
    sum_rows(c, index, tables)          c = sums of table rows, the product with a matrix of zeros and ones

Compiled loops call the C functions of ``_products.c``; without the JIT the functions below run as they stand. A BLAS
call would cost more than the small products of a training block, could not run inside a parallel loop, and gives other
bits on other thread counts.

`_products.c` is compiled once for each instruction set of `COPIES`. The best one that the processor has is registered
with LLVM under names without the instruction set, which compiled code is linked to when it is made or read from the
cache. Registration is part of the import of this module, and hence precedes both: a loop that uses products imports it.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding
import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from mpifast._compiled import _products
from mpifast._compiled.jit import EMBEDDED, jit_or_plain

GROUP_BYTES = 64  # rows are padded to groups of numbers: a cache line, and the widest vector there is
ROWS = 8  # a product of this many rows, or of a multiple, is the fastest
# The copies of the C functions, the best first, and the features of a processor that they need.
COPIES: tuple[tuple[str, set[str]], ...] = (
    ("avx512", {"avx512f", "fma"}),
    ("avx2", {"avx2", "fma"}),
    ("plain", set()),
)


def lanes(dtype: np.dtype) -> int:
    """Numbers in a group: 16 of float32, 8 of float64."""
    return GROUP_BYTES // dtype.itemsize


@jit_or_plain
def padded(count: int, multiple: int) -> int:
    """``count`` rounded up to a multiple."""
    return -(-count // multiple) * multiple


@jit_or_plain
def aligned_zeros(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Zeros that start at a cache line: a vector across two of them takes twice as long."""
    size = 1
    for count in shape:
        size *= count
    room = np.zeros(size + GROUP_BYTES, dtype)
    start = -room.ctypes.data % GROUP_BYTES // room.itemsize
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


def processor() -> set[str]:
    """Features of the processor that Numba compiles for, which NUMBA_CPU_NAME and NUMBA_CPU_FEATURES may restrict."""
    if numba.config.CPU_NAME not in (None, "", "host"):
        return set()
    if numba.config.CPU_FEATURES is not None:
        return {feature[1:] for feature in numba.config.CPU_FEATURES.split(",") if feature.startswith("+")}
    try:
        return {name for name, there in llvmlite.binding.get_host_cpu_features().items() if there}
    except RuntimeError:  # LLVM does not know this platform's processors
        return set()


def best_copy(features: set[str]) -> str:
    """The best copy that the processor and the compiler of ``_products.c`` have."""
    return next(name for name, needs in COPIES if needs <= features and hasattr(_products, f"sum_rows_32_{name}"))


def _register() -> None:
    """Let compiled code find the C functions."""
    copy = best_copy(processor())
    for function in ("multiply_add", "multiply_add_transposed", "sum_rows"):
        for bits in (32, 64):
            address = getattr(_products, f"{function}_{bits}_{copy}")
            llvmlite.binding.add_symbol(f"mpifast_{function}_{bits}", address)


_register()


@intrinsic
def _address(typing_context: Any, array: Any) -> Any:
    """Where an array begins; unlike ``array.ctypes.data`` without counting references."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        return builder.ptrtoint(data, ir.IntType(types.intp.bitwidth))

    return types.intp(array), codegen


def _external(function: str, kind: Any) -> Any:
    """The C function for arrays of a type: rows, columns and depth of the product, then addresses and strides."""
    return types.ExternalFunction(f"mpifast_{function}_{kind.dtype.bitwidth}", types.void(*[types.intp] * 10))


def _product(function: str, c: Any) -> Any:
    external = _external(function, c)

    def product(c: Any, a: Any, b: Any) -> None:
        external(
            c.shape[0], c.shape[1], a.shape[1], _address(c), c.strides[0],
            _address(a), a.strides[0], a.strides[1], _address(b), b.strides[0],
        )  # fmt: skip

    return product


@overload(multiply_add, jit_options=EMBEDDED, strict=False)
def _multiply_add_overload(c: Any, a: Any, b: Any) -> Any:
    return _product("multiply_add", c)


@overload(multiply_add_transposed, jit_options=EMBEDDED, strict=False)
def _multiply_add_transposed_overload(c: Any, a: Any, b: Any) -> Any:
    return _product("multiply_add_transposed", c)


@overload(sum_rows, jit_options=EMBEDDED, strict=False)
def _sum_rows_overload(c: Any, index: Any, tables: Any) -> Any:
    external = _external("sum_rows", c)

    def rows(c: Any, index: Any, tables: Any) -> None:
        external(
            c.shape[0], c.shape[1], tables.shape[0], _address(c), c.strides[0],
            _address(index), index.strides[0], _address(tables), tables.strides[0], tables.strides[1],
        )  # fmt: skip

    return rows
