"""Functions of LLVM IR on vectors, for what Numba's own vectoriser does not find: sums that stay in registers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import llvmlite.binding
import numba
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

LANE_BYTES = 64  # of a vector


def has_wide_registers() -> bool:
    """AVX-512: 32 registers of 64 bytes. Without it tiles are smaller."""
    if numba.config.CPU_NAME not in (None, "", "host"):
        return False
    features = numba.config.CPU_FEATURES
    return (
        "+avx512f" in features
        if features is not None
        else llvmlite.binding.get_host_cpu_features().get("avx512f", False)
    )


class Kernel:
    """A function of LLVM IR on vectors of one element type; it is called, not inlined, so its sums stay in registers
    whatever surrounds it.
    """

    def __init__(self, context: Any, builder: Any, signature: Any, name: str, arguments: str) -> None:
        self.bits = signature.args[0].dtype.bitwidth
        self.size, self.width = self.bits // 8, LANE_BYTES * 8 // self.bits
        self.element = context.get_data_type(signature.args[0].dtype)
        self.vector = ir.VectorType(self.element, self.width)
        self.index, self.byte = ir.IntType(types.intp.bitwidth), ir.IntType(8).as_pointer()
        kinds = [
            self.byte if len(argument) == 1 else self.index for argument in arguments.split()
        ]  # a letter is a pointer, a word a number
        self.function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), kinds), f"mpifast_{name}_{self.bits}"
        )
        self.declared = not self.function.is_declaration
        self.function.linkage = "linkonce_odr"
        self.function.attributes.add("noinline")
        self.builder = builder if self.declared else ir.IRBuilder(self.function.append_basic_block())

    def define(self, body: Callable[..., None], most: int = 0) -> None:
        """Write the function, unless that is done: ``body(kernel)``, or ``body(kernel, vectors)`` for each first
        argument from 1 to ``most``.
        """
        if self.declared:
            return
        for count in range(1, most + 1):
            with self.builder.if_then(self.builder.icmp_signed("==", self.function.args[0], self.constant(count))):
                body(self, count)
        if not most:
            body(self)
        self.builder.ret_void()

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

    def broadcast(self, value: Any, kind: Any) -> Any:
        first = self.builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
        return self.shuffle(first, first, [0] * self.width)

    def shuffle(self, x: Any, y: Any, lanes: list[int]) -> Any:
        return self.builder.shuffle_vector(x, y, ir.Constant(ir.VectorType(ir.IntType(32), self.width), lanes))

    def store_head(self, value: Any, place: Any, count: Any) -> None:
        """The first ``count`` numbers of a vector."""
        numbers, flags = ir.VectorType(self.index, self.width), ir.VectorType(ir.IntType(1), self.width)
        mask = self.builder.icmp_signed(
            "<", ir.Constant(numbers, list(range(self.width))), self.broadcast(count, numbers)
        )
        function = ir.FunctionType(ir.VoidType(), [self.vector, place.type, ir.IntType(32), flags])
        function = cgutils.get_or_insert_function(
            self.builder.module, function, f"llvm.masked.store.v{self.width}f{self.bits}.p0"
        )
        self.builder.call(function, [value, place, ir.Constant(ir.IntType(32), self.size), mask])

    def sums(self, vectors: list[Any]) -> Any:
        """The sum of each of ``width`` vectors, as one vector: a lane's bits name the vector, and each turn settles one
        of them.
        """
        bit = 1
        while len(vectors) > 1:
            here = [lane if not lane & bit else self.width + (lane ^ bit) for lane in range(self.width)]
            there = [lane ^ bit if not lane & bit else self.width + lane for lane in range(self.width)]
            pairs = zip(vectors[::2], vectors[1::2], strict=True)
            vectors = [self.builder.fadd(self.shuffle(x, y, here), self.shuffle(x, y, there)) for x, y in pairs]
            bit *= 2
        return vectors[0]


def operands(context: Any, builder: Any, signature: Any, args: Any) -> list[tuple[Any, ...]]:
    """(data as bytes, strides...) of the three arrays."""
    arrays = [
        context.make_array(kind)(context, builder, value)
        for kind, value in zip(signature.args[:3], args[:3], strict=True)
    ]
    pairs = zip(arrays, signature.args[:3], strict=True)
    byte = ir.IntType(8).as_pointer()
    return [
        (builder.bitcast(array.data, byte), *cgutils.unpack_tuple(builder, array.strides, kind.ndim))
        for array, kind in pairs
    ]


def shape_of(context: Any, builder: Any, signature: Any, args: Any, place: int) -> list[Any]:
    """Rows and columns of one of the arrays."""
    array = context.make_array(signature.args[place])(context, builder, args[place])
    return cgutils.unpack_tuple(builder, array.shape, 2)


def borrowed(arrays: Any) -> Any:
    """A tuple without the reference counts of its arrays, which slices would raise and lower; their owner has to
    outlive it, as an argument does.
    """
    return arrays


@intrinsic
def _borrowed(typing_context: Any, arrays: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        result = args[0]
        for place, kind in enumerate(signature.args[0]):
            if isinstance(kind, types.Array):
                array = context.make_array(kind)(context, builder, builder.extract_value(result, place))
                array.meminfo = cgutils.get_null_value(array.meminfo.type)
                result = builder.insert_value(result, array._getvalue(), place)
        return result

    return arrays(arrays), codegen


@overload(borrowed, strict=False)
def _borrowed_overload(arrays: Any) -> Any:
    return lambda arrays: _borrowed(arrays)
