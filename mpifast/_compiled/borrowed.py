"""Arrays without reference counts, for loops that slice the same arrays at every sample: threads would fight over the
counts.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload
from numba.np.arrayobj import populate_array

from mpifast._compiled.jit import EMBEDDED


def borrowed(arrays: Any) -> Any:
    """A tuple without the reference counts of its arrays, which slices would raise and lower; their owner has to
    outlive it, as an argument does.
    """
    return arrays


def block(numbers: np.ndarray, start: int, shape: tuple[int, ...]) -> np.ndarray:
    """The numbers from ``start`` on as an array of a shape, also without a reference count. Numba compiles it in a
    tenth of the time that a slice and ``reshape`` take.
    """
    return numbers[start : start + np.prod(shape)].reshape(shape)


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


@overload(borrowed, jit_options=EMBEDDED, strict=False)
def _borrowed_overload(arrays: Any) -> Any:
    return lambda arrays: _borrowed(arrays)


@intrinsic
def _block(typing_context: Any, numbers: Any, start: Any, shape: Any) -> Any:
    result = types.Array(numbers.dtype, len(shape), "C")

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        source, array = (
            context.make_array(numbers)(context, builder, args[0]),
            context.make_array(result)(context, builder),
        )
        sizes = cgutils.unpack_tuple(builder, args[2])
        strides = [source.itemsize]
        for size in reversed(sizes[1:]):
            strides.insert(0, builder.mul(strides[0], size))
        data = builder.gep(source.data, [args[1]])
        populate_array(array, data, sizes, strides, source.itemsize, meminfo=None)
        return array._getvalue()

    return result(numbers, types.intp, types.UniTuple(types.intp, len(shape))), codegen


@overload(block, jit_options=EMBEDDED, strict=False)
def _block_overload(numbers: Any, start: Any, shape: Any) -> Any:
    return lambda numbers, start, shape: _block(numbers, start, shape)
