"""Threads that train one network or sweep one image together: they meet every few microseconds, which a lock or a
parallel loop for each would be too slow for.

    attend(flags, slot, slots)  how many slots work together: all, 1 (this one, alone), or 0 (another one does it all)
    meet(flags, slot, slots)    wait until all are here; what they wrote before can be read now
    buffer(flags, slot)         0 or 1, and the other one after each meeting: which of two buffers to write to
    offers(flags)               how often a slot waited so long that it offered its core: hardly ever on free cores

Slots that share a thread, as in a nested parallel loop, would wait for each other for ever. So none starts before all
of them have come; on timeout, one slot does all the work.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from mpifast._compiled.jit import EMBEDDED, jit_or_plain

# Numbers in a cache line. Each flag has its own: the first counts the slots that have come, the others meetings.
LINE = 8
OFFERED = 1  # where in the line the offers of a slot are counted
ALONE = -1
LOOKS = 500  # at a flag, before the core is offered to other threads
OFFERS = 500  # before a slot starts alone: a few ms
FOREVER = 2**62


def new_flags(slots: int) -> np.ndarray:
    """Flags of a meeting that nobody has come to."""
    return np.zeros(LINE * (slots + 1), np.int64)


@jit_or_plain
def buffer(flags: np.ndarray, slot: int) -> int:
    """Parity of the meetings of a slot."""
    return flags[LINE * (slot + 1)] & 1


def offers(flags: np.ndarray) -> int:
    """Of all slots together, after the last meeting."""
    return int(flags[OFFERED::LINE].sum())


def attend(flags: np.ndarray, slot: int, slots: int) -> int:
    """Come to the meeting; in plain Python the first slot is alone."""
    first, flags[0] = flags[0] == 0, ALONE
    return int(first)


def meet(flags: np.ndarray, slot: int, slots: int) -> None:
    """Wait for the others; in plain Python there are none."""
    flags[LINE * (slot + 1)] += 1


def _element(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    """Where flags[place] is."""
    array = context.make_array(signature.args[0])(context, builder, args[0])
    return builder.gep(array.data, [args[1]])


@intrinsic
def _look(typing_context: Any, flags: Any, place: Any) -> Any:
    """flags[place], and what its writer wrote before it."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load_atomic(_element(context, builder, signature, args), "acquire", 8, typ=ir.IntType(64))

    return types.int64(flags, types.intp), codegen


@intrinsic
def _replace(typing_context: Any, flags: Any, place: Any, old: Any, new: Any) -> Any:
    """Set flags[place] to ``new`` if it is ``old``; what it was."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pair = builder.cmpxchg(_element(context, builder, signature, args), args[2], args[3], "acq_rel", "acquire")
        return builder.extract_value(pair, 0)

    return types.int64(flags, types.intp, types.int64, types.int64), codegen


@intrinsic
def _pause(typing_context: Any) -> Any:
    """Tell the processor that this is a waiting loop."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if builder.module.triple.startswith("x86_64"):
            builder.call(
                cgutils.get_or_insert_function(
                    builder.module, ir.FunctionType(ir.VoidType(), []), "llvm.x86.sse2.pause"
                ),
                [],
            )
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def _offer_core(typing_context: Any) -> Any:
    """Let another thread have the core, where the system has a name for it."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if sys.platform != "win32":
            builder.call(
                cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.IntType(32), []), "sched_yield"), []
            )
        return context.get_dummy_value()

    return types.void(), codegen


@jit_or_plain
def _wait(flags: np.ndarray, place: int, least: int, slot: int, most: int) -> int:
    """Look until flags[place] is ``least`` or more, or negative, or a slot has offered its core ``most`` times; what it
    is then.
    """
    while True:
        for _ in range(LOOKS):
            seen = _look(flags, place)
            if seen >= least or seen < 0:
                return seen
            _pause()
        if flags[LINE * (slot + 1) + OFFERED] >= most:
            return seen
        flags[LINE * (slot + 1) + OFFERED] += 1
        _offer_core()


@overload(attend, jit_options=EMBEDDED, strict=False)
def _attend_overload(flags: Any, slot: Any, slots: Any) -> Any:
    def attend(flags: Any, slot: Any, slots: Any) -> Any:
        here = _look(flags, 0)
        while here >= 0:
            found = _replace(flags, 0, here, here + 1)
            if found == here:
                break
            here = found
        if here >= 0:
            here = _wait(flags, 0, slots, slot, OFFERS)
        while 0 <= here < slots:
            found = _replace(flags, 0, here, ALONE)
            if found == here:
                return 1
            here = found
        return slots if here > 0 else 0

    return attend


@overload(meet, jit_options=EMBEDDED, strict=False)
def _meet_overload(flags: Any, slot: Any, slots: Any) -> Any:
    def meet(flags: Any, slot: Any, slots: Any) -> None:
        meetings = flags[LINE * (slot + 1)]
        _replace(flags, LINE * (slot + 1), meetings, meetings + 1)
        for other in range(slots):
            _wait(flags, LINE * (other + 1), meetings + 1, slot, FOREVER)

    return meet
