"""Our function and its peer on the same problem: checked to agree, then timed in turn."""

import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits


@dataclass(frozen=True)
class Pair:
    """``ours(threads)`` and ``peer()`` return arrays that ``agree`` compares; ``limit`` bounds the ratio of their times."""

    name: str
    limit: float
    ours: Callable[[int], Any]
    peer: Callable[[], Any]
    agree: Callable[[Any, Any], None]


@dataclass(frozen=True)
class Timing:
    """Seconds of each repetition, one after the other in turn."""

    ours: list[float]
    peer: list[float]

    @property
    def ratio(self) -> float:
        """Median of ours over median of the peer's: less is faster."""
        return statistics.median(self.ours) / statistics.median(self.peer)


def blas_threads(threads: int) -> AbstractContextManager[Any]:
    """Limit NumPy's BLAS, the peer of most kernels."""
    return threadpool_limits(limits=threads, user_api="blas")


def compare(pair: Pair, threads: int, rounds: int = 5, runs: int = 3) -> Timing:
    """Verify, then time ``runs`` of ours and ``runs`` of the peer in turn, each after a run that warms caches and memory."""
    ours, peer = [], []
    with blas_threads(threads):
        pair.agree(pair.ours(threads), pair.peer())
        for _ in range(rounds):
            ours += _seconds(lambda: pair.ours(threads), runs)
            peer += _seconds(pair.peer, runs)
    return Timing(ours, peer)


def close(relative: float) -> Callable[[Any, Any], None]:
    """Agreement of two arrays to a fraction of the second one's largest value."""

    def check(ours: Any, peer: Any) -> None:
        np.testing.assert_allclose(ours, peer, rtol=0, atol=relative * np.abs(peer).max())

    return check


def _seconds(call: Callable[[], Any], runs: int) -> list[float]:
    time.sleep(0.1)  # idle threads of BLAS and OpenMP spin for a while after a call, and would take the cores from the next
    call()
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return seconds
