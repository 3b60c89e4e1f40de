"""Arrays without reference counts, for loops that slice the same arrays at every sample: threads would fight over the
counts.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload


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
