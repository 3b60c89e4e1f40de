"""Every decision about Numba: compiler options, serial and parallel twins, threads, forks.

A loop body is written once, with ``prange``, and compiled twice by `Twin`, each on first use. The parallel twin runs
where that is safe; otherwise the serial one steps in, with the same bits:

- in a forked child, because GNU OpenMP aborts or hangs there;
- while another thread is inside a parallel call, if Numba's layer is "workqueue", which aborts the process on
  concurrent calls.

Compiled twins are kept between processes by `cache`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numba
from numba.core.registry import CPUDispatcher

from mpifast import _validation as check
from mpifast._compiled import cache

# No "nnan" or "ninf": NaN must survive. No "reassoc": a sum keeps its order, whatever the vector width.
OPTIONS: dict[str, Any] = {"fastmath": {"contract", "nsz"}, "error_model": "numpy", "nogil": True}

_turn = threading.Lock()
_forked = False


class Block(CPUDispatcher):  # type: ignore[misc]
    """A building block: compiled code calls its compiled form, Python the function itself; the wrapper for Python would
    take a tenth of the time.
    """

    def __call__(self, *args: Any) -> Any:
        return self.py_func(*args)


def _block(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    block = numba.njit(**{**OPTIONS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True, **options})(function)
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


def jit_reduction(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a loop that adds up one number: its order of summation is free, or it would not vectorise."""
    return _block(function, fastmath=OPTIONS["fastmath"] | {"reassoc"})


class Twin:
    """A loop body with ``prange``, as a serial and as a parallel function with the same results."""

    def __init__(self, body: Callable[..., Any]) -> None:
        self.__doc__, self.__name__ = body.__doc__, body.__name__
        self.serial = cache.enable(numba.njit(no_cfunc_wrapper=True, **OPTIONS)(body))
        self.parallel = cache.enable(numba.njit(parallel=True, no_cfunc_wrapper=True, **OPTIONS)(body))

    def __call__(self, *args: Any, threads: int) -> Any:
        """Run on up to ``threads`` threads, or serially where more than one is unsafe."""
        with _parallel_allowed(threads) as allowed:
            return self.parallel(*args) if allowed else self.serial(*args)


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
def _parallel_allowed(threads: int) -> Iterator[bool]:
    """Set the thread count for the block, or say that it has to run serially; the host's setting is restored."""
    if threads == 1 or _forked:
        yield False
        return
    exclusive = not _layer_is_reentrant()
    if exclusive and not _turn.acquire(blocking=False):
        yield False
        return
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(threads)
        yield True
    finally:
        numba.set_num_threads(before)
        if exclusive:
            _turn.release()


def _layer_is_reentrant() -> bool:
    try:
        return bool(numba.threading_layer() != "workqueue")
    except ValueError:  # no parallel call yet: which layer it will be is unknown
        return False


def _after_fork() -> None:
    global _forked, _turn
    _forked, _turn = True, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
