"""Our function and its peer on the same problem: verified first, then timed in turn."""

import math
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

SHORTEST = 0.02  # seconds: shorter calls are repeated within one timing
LONG = 0.5  # seconds: longer calls are warmed up once, not before each timing


class Errors(NamedTuple):
    """Largest deviation of ours and of the peer (or of the plain float32 loop) from float64, relative to the largest
    value.
    """

    ours: float
    peer: float


@dataclass(frozen=True)
class Mark:
    """What has to be reached: "ratio" ours / peer at most, "speedup" peer / ours at least, "seconds" or "bytes" (ratio
    to the arrays') at most.
    """

    kind: str
    value: float


@dataclass(frozen=True)
class Pair:
    """``ours(threads)`` and ``peer(threads)`` do the same work on ``shape``; ``verify(threads)`` gives the errors, or
    raises AssertionError.

    ``flops`` and ``bytes`` count the least that the work needs for each of ``shape["samples"]``; ``part`` is the
    fraction of the work that the peer is timed on, where its cost a sample is constant; ``serial`` work of ours takes
    one thread.
    """

    id: str
    work: str
    peer_name: str
    shape: dict[str, int]
    ours: Callable[[int], Any]
    peer: Callable[[int], Any]
    verify: Callable[[int], Errors]
    tolerance: float
    mark: Mark | None = None
    flops: float = 0.0
    bytes: float = 0.0
    part: float = 1.0
    serial: bool = False


@dataclass(frozen=True)
class Timing:
    """Seconds of each round, ours and the peer's in turn."""

    ours: list[float] = field(default_factory=list)
    peer: list[float] = field(default_factory=list)
    errors: Errors | None = None

    @property
    def ratio(self) -> float:
        """Median of ours over median of the peer's: less is faster."""
        return statistics.median(self.ours) / statistics.median(self.peer)

    @property
    def ratios(self) -> list[float]:
        """Ratio of each round."""
        return [ours / peer for ours, peer in zip(self.ours, self.peer, strict=True)]


def blas_threads(threads: int) -> AbstractContextManager[Any]:
    """Limit NumPy's BLAS, the peer of most kernels."""
    return threadpool_limits(limits=threads, user_api="blas")


def compare(pair: Pair, threads: int, rounds: int = 9) -> Timing:
    """Verify, then time ours and the peer in turn, each after a run that warms caches and memory."""
    with blas_threads(threads):
        errors = verify(pair, threads)
        timing = Timing(errors=errors)
        ours, peer = Clock(lambda: pair.ours(threads)), Clock(lambda: pair.peer(threads))
        for _ in range(rounds):
            timing.ours.append(ours.seconds())
            timing.peer.append(peer.seconds() / pair.part)
    return timing


def verify(pair: Pair, threads: int) -> Errors:
    """Errors of both sides; AssertionError if either is above the pair's tolerance, or not a number."""
    errors = pair.verify(threads)
    for side, error in errors._asdict().items():
        assert error <= pair.tolerance, f"{pair.work}: error {error:.2g} of {side} is above {pair.tolerance:.2g}"
    return errors


def deviation(values: Any, exact: Any) -> float:
    """Largest difference of two arrays, relative to the second one's largest value."""
    assert np.shape(values) == np.shape(exact), f"shapes {np.shape(values)} and {np.shape(exact)} differ"
    return float(np.abs(np.asarray(values, np.float64) - exact).max() / np.abs(exact).max())


class Clock:
    """Times a call, in groups of as many as take `SHORTEST`."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self.call = call
        self.once = self._group(1)
        if self.once < SHORTEST:
            self.once = self._group(3)
        self.number = max(1, math.ceil(SHORTEST / self.once))

    def seconds(self) -> float:
        """Seconds of one call."""
        time.sleep(
            0.1
        )  # idle threads of BLAS and OpenMP spin for a while after a call, and would take the cores from the next
        if self.once < LONG:
            self.call()
        return self._group(self.number)

    def _group(self, number: int) -> float:
        start = time.perf_counter()
        for _ in range(number):
            self.call()
        return (time.perf_counter() - start) / number
