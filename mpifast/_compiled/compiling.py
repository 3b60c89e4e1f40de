"""The time that compilation takes: measured, so that it does not count as training, and announced where it is long.

Numba announces what it does to listeners. Two of them listen for as long as the process lives.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

from numba.core import event

from mpifast import _progress
from mpifast._compiled import cache

LONG = 2.0  # seconds of one compilation, after which the user is told


class _Clock(threading.local):
    """Of each thread: how deep it is inside the compiler, since when, and its seconds there until then."""

    depth, began, total = 0, 0.0, 0.0


_clock = _Clock()


def seconds() -> float:
    """Seconds that this thread has spent in Numba's compiler, waiting for it and reading its cache included."""
    return _clock.total


class _Timing(event.Listener):  # type: ignore[misc]
    def on_start(self, _: Any) -> None:
        if _clock.depth == 0:
            _clock.began = time.perf_counter()
        _clock.depth += 1

    def on_end(self, _: Any) -> None:
        _clock.depth = max(_clock.depth - 1, 0)
        if _clock.depth == 0:
            _clock.total += time.perf_counter() - _clock.began


class _Announcement(event.Listener):  # type: ignore[misc]
    """Tells the user once that a loop of this package takes long to compile."""

    def __init__(self) -> None:
        self.told = False
        self.running: tuple[Any, threading.Timer] | None = None

    def on_start(self, found: Any) -> None:
        loop = found.data["dispatcher"]
        ours = str(loop.__module__).startswith("mpifast.")
        if ours and self.running is None and not self.told and _progress.watched():
            timer = threading.Timer(LONG, self.tell)
            timer.daemon = True
            self.running = loop, timer
            timer.start()

    def on_end(self, found: Any) -> None:
        if self.running is not None and self.running[0] is found.data["dispatcher"]:
            self.running[1].cancel()
            self.running = None

    def tell(self) -> None:
        if not self.told:
            self.told = True
            often = "in each process, as there is no cache" if cache.folder() is None else "once; the code is kept"
            print(f"mpifast is compiling its loops ({often}) ...", file=sys.stderr, flush=True)


event.register("numba:compiler_lock", _Timing())
announcement = _Announcement()
event.register("numba:compile", announcement)
