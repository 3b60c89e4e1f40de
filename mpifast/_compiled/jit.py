"""Every decision about Numba: compiler options, building blocks, threads, forks. `loop` runs what is compiled here.

A parallel call is unsafe, and `parallel_allowed` says so,

- in a forked child, because GNU OpenMP aborts or hangs there;
- while another thread is inside a parallel call, if Numba's layer is "workqueue", which aborts the process on
  concurrent calls.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numba
import numpy as np
from numba import _dynfunc
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.core.registry import CPUDispatcher
from numba.extending import register_jitable

from mpifast import _validation as check
from mpifast._compiled import cache, compiling  # noqa: F401  (the user hears of long compilations)

# No "nnan" or "ninf": NaN must survive. No "reassoc": a sum keeps its order, whatever the vector width.
OPTIONS: dict[str, Any] = {"fastmath": {"contract", "nsz"}, "error_model": "numpy", "nogil": True}

_parallel_call = threading.Lock()
_forked = False


class Embedded(JITCodeLibrary):  # type: ignore[misc]
    """Optimised LLVM code without machine code: its callers' libraries contain it."""

    def _finalize_final_module(self) -> None:
        self._finalized = True


class Body(Embedded):
    """The body of a loop is optimised with the loop alone. Blocks are not left to that: training takes an eighth more
    time then.
    """

    def _optimize_final_module(self) -> None:
        pass


class _EmbeddedCompiler(Compiler):  # type: ignore[misc]
    library_class = Embedded

    def __init__(self, typing_context: Any, target: Any, library: Any, *rest: Any) -> None:
        super().__init__(typing_context, target, self.library_class(target.codegen(), "embedded"), *rest)
        self.state.targetctx = self.state.targetctx.subtarget(get_executable=_without_address)


class _BodyCompiler(_EmbeddedCompiler):
    library_class = Body


def _without_address(library: Any, description: Any, environment: Any) -> Any:
    """What Numba knows a compiled function by, where Python cannot call it."""
    return _dynfunc.make_function(description.lookup_module(), description.qualname, "", 0, environment, (library,))


# Of functions for calls from compiled code alone.
EMBEDDED: dict[str, Any] = {
    **OPTIONS,
    "pipeline_class": _EmbeddedCompiler,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}
jit_or_plain = register_jitable(**EMBEDDED)  # Python calls the same function as it stands


class Block(CPUDispatcher):  # type: ignore[misc]
    """A building block, for calls from compiled code alone. Tests and benchmarks call blocks from a compiled function
    of their own.
    """

    def __call__(self, *args: Any) -> Any:
        raise TypeError(f"{self.__name__} is for compiled code: call it from a function that numba.njit compiles")


def _block(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    block = numba.njit(**{**EMBEDDED, **options})(function)
    if block is not function:  # with the JIT off it is
        block.__class__ = Block
    return block


def jit(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a building block: serial, and inlined where it is called, or arguments would cost more than a small block
    of work.
    """
    return _block(function, forceinline=True)


def jit_apart(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a building block that is called seldom enough not to be inlined, which would lengthen the compilation of
    its callers.
    """
    return _block(function)


def jit_body(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile the body of a loop, which a single function calls."""
    return _block(function, pipeline_class=_BodyCompiler)


def jit_reduction(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a loop that adds up one number: its order of summation is free, or it would not vectorise."""
    return _block(function, fastmath=OPTIONS["fastmath"] | {"reassoc"})


def jit_entry(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a serial function that Python calls; the code is kept between processes."""
    return cache.enable(numba.njit(no_cfunc_wrapper=True, **OPTIONS)(function))


@jit
def span(start: int, stop: int) -> range:
    """range(start, stop) of unsigned numbers: a signed index may be negative for all the compiler knows, and then no
    loop vectorises.
    """
    return range(np.uint64(start), np.uint64(stop))


def thread_count(threads: int | None) -> int:
    """Threads to use: all that Numba was given (NUMBA_NUM_THREADS) for None, and never more than those.

    Raises
    ------
    TypeError, ValueError
        If ``threads`` is not None or an integer of at least 1.
    """
    if threads is None:
        return int(numba.get_num_threads())
    return min(check.integer("threads", threads, low=1), int(numba.config.NUMBA_NUM_THREADS))


@contextmanager
def parallel_allowed(threads: int) -> Iterator[bool]:
    """Set the thread count for the block, or say that it has to run serially; the host's setting is restored."""
    if threads == 1 or _forked:
        yield False
        return
    exclusive = not _layer_is_reentrant()
    if exclusive and not _parallel_call.acquire(blocking=False):
        yield False
        return
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(threads)
        yield True
    finally:
        numba.set_num_threads(before)
        if exclusive:
            _parallel_call.release()


def _layer_is_reentrant() -> bool:
    try:
        return bool(numba.threading_layer() != "workqueue")
    except ValueError:  # no parallel call yet: which layer it will be is unknown
        return False


def _after_fork() -> None:
    global _forked, _parallel_call
    _forked, _parallel_call = True, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
