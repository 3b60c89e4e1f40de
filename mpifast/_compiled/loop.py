"""Loops over slots, the shares of the work that threads take: each body is compiled once, for any number of threads.

Numba would compile a body with ``prange`` once for serial and once for parallel calls, and optimise it several times
over in each parallel one. So the only parallel function is `_spread`, which knows nothing but an address:

    Loop(...)          Python calls it with the arguments of a body
      _run             compiled for each body and its types: keeps the arguments in memory
        _spread        compiled once for all: ``prange`` over the slots; a serial call has an ordinary loop instead
          _each_slot   what the address stands for: takes the arguments out again and calls the body

"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import prange, types
from numba.core import cgutils
from numba.core.callconv import excinfo_ptr_t
from numba.extending import intrinsic

from mpifast._compiled import cache
from mpifast._compiled.jit import OPTIONS, jit_body, jit_entry, parallel_allowed

_ADDRESS, _CODE, _POINTER = ir.IntType(types.intp.bitwidth), ir.IntType(32), ir.IntType(8).as_pointer()
_ENTRY = ir.FunctionType(ir.VoidType(), [_ADDRESS, _ADDRESS])  # of a slot and the address of the arguments


class Loop:
    """A loop over the slots of a body: ``loop(*arguments, slots, threads=n)`` calls ``body(*arguments, slots, slot)``
    for each slot 0..slots-1, on up to n threads.

    The result must not depend on which thread has which slot: a parallel call that is unsafe (`jit`) runs serially.
    """

    def __init__(self, body: Callable[..., Any]) -> None:
        self.__doc__, self.__name__ = body.__doc__, body.__name__
        self.body = jit_body(body)
        # A global and not a closure or an argument: those are part of a cached function's name, and a compiled body has
        # another one in each process.
        run = FunctionType(_run.__code__, {"_call_slots": _call_slots, "_body": self.body}, body.__name__)
        # The cache tells functions apart by these names alone, for they share file, line and code.
        run.__module__ = body.__module__
        run.__qualname__ = f"{body.__module__}.{body.__qualname__}.{body.__code__.co_firstlineno}"
        self.compiled = jit_entry(run)

    def __call__(self, *arguments: Any, threads: int) -> None:
        """Run on up to ``threads`` threads, or serially where more than one is unsafe."""
        if numba.config.DISABLE_JIT:
            for slot in range(arguments[-1]):
                self.body(*arguments, slot)
            return
        with parallel_allowed(threads) as allowed:
            self.compiled(_spreader() if allowed else 0, *arguments)


def _run(spreader: int, *arguments: Any) -> None:
    """The body for all slots: ``_body`` stands for a loop's own."""
    _call_slots(_body, spreader, arguments)  # type: ignore[name-defined]  # noqa: F821


def _spread(entry: int, arguments: int, slots: int) -> None:
    """Call the function at an address for each slot."""
    for slot in prange(slots):
        _enter(entry, np.int64(slot), arguments)  # a prange index is unsigned


@functools.cache
def _spreader() -> int:
    """Address of `_spread`, compiled or from the cache."""
    kinds = (types.intp,) * 3
    spread = cache.enable(numba.njit(parallel=True, no_cpython_wrapper=True, **OPTIONS)(_spread))
    spread.compile(kinds)
    compiled = spread.overloads[kinds]
    return compiled.library.get_pointer_to_function(compiled.fndesc.llvm_cfunc_wrapper_name)


@intrinsic
def _enter(typing_context: Any, entry: Any, slot: Any, arguments: Any) -> Any:
    """Call the function at ``entry``."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.call(builder.inttoptr(args[0], _ENTRY.as_pointer()), args[1:])
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.intp), codegen


@intrinsic
def _call_slots(typing_context: Any, body: Any, spreader: Any, arguments: Any) -> Any:
    """``body(*arguments, slot)`` for each slot, the number of slots being the last argument: by the function at the
    address ``spreader``, or one after the other if that is 0. An exception of a slot is raised after the last one.
    """
    kinds = (*arguments.types, types.intp)
    body.get_call_type(typing_context, kinds, {})  # compiles it
    compiled = body.dispatcher.overloads[kinds]

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, spread, values = args
        context.add_linking_libs([compiled.library])
        # In memory: the arguments, and the error code and exception of a slot that fails.
        room = cgutils.alloca_once(builder, ir.LiteralStructType([values.type, _CODE, _POINTER]))
        for place, value in enumerate((values, ir.Constant(_CODE, 0), ir.Constant(_POINTER, None))):
            builder.store(value, cgutils.gep_inbounds(builder, room, 0, place))
        entry = ir.Function(builder.module, _ENTRY, builder.module.get_unique_name("_each_slot"))
        entry.linkage = "internal"
        _define_entry(context, entry, room.type, compiled)

        slots, address = builder.extract_value(values, len(kinds) - 2), builder.ptrtoint(room, _ADDRESS)
        with builder.if_else(cgutils.is_null(builder, spread)) as (serial, parallel):
            with serial, cgutils.for_range(builder, slots) as slot:
                builder.call(entry, [slot.index, address])
            with parallel:
                kind = ir.FunctionType(_POINTER, [_ADDRESS] * 3)
                builder.call(
                    builder.inttoptr(spread, kind.as_pointer()), [builder.ptrtoint(entry, _ADDRESS), address, slots]
                )
        code, exception = (builder.load(cgutils.gep_inbounds(builder, room, 0, place)) for place in (1, 2))
        status = context.call_conv._get_return_status(builder, code, builder.bitcast(exception, excinfo_ptr_t))
        with builder.if_then(status.is_error, likely=False):
            context.call_conv.return_status_propagate(builder, status)
        return context.get_dummy_value()

    return types.void(body, types.intp, arguments), codegen


def _define_entry(context: Any, entry: Any, room: Any, compiled: Any) -> None:
    """Write the function that calls the body for one slot."""
    builder = ir.IRBuilder(entry.append_basic_block())
    slot, address = entry.args
    values, code, exception = (
        cgutils.gep_inbounds(builder, builder.inttoptr(address, room), 0, place) for place in range(3)
    )
    arguments = [*cgutils.unpack_tuple(builder, builder.load(values)), slot]
    status, _ = context.call_internal_no_propagate(builder, compiled.fndesc, compiled.signature, arguments)
    with builder.if_then(status.is_error, likely=False):
        builder.store(status.code, code)
        builder.store(builder.bitcast(status.excinfoptr, _POINTER), exception)
    builder.ret_void()
