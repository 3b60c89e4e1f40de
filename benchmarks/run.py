"""The records of one job: pairs at several shapes and thread counts, costs, times with a limit of their own."""

import itertools
import statistics
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from benchmarks import machine, problems
from benchmarks.pairs import Clock, Mark, Pair, compare
from benchmarks.problems import NEIGHBOURS, PAPER

COSTS = {
    "samples": [PAPER._replace(samples=10**power * 3) for power in (4, 5, 6)],
    "harmonics": [PAPER._replace(harmonics=harmonics) for harmonics in (50, 100, 200, 400)],
    "voxels": [PAPER._replace(voxels=voxels) for voxels in (33, 65, 129, 257)],
}


class Run:
    """Records of one job; ``quick`` takes few rounds and leaves out what takes long."""

    def __init__(self, quick: bool) -> None:
        self.quick = quick
        self.records: list[dict[str, Any]] = []
        self.missing: dict[str, str] = {}

    def rounds(self, full: int) -> int:
        return 1 if self.quick else full

    def pair(self, pair: Pair, role: str, rounds: int) -> None:
        """One record for one thread and, unless ours is serial, one for all."""
        for threads in sorted({1} if pair.serial else {1, machine.all_threads()}):
            timing = compare(pair, threads, self.rounds(rounds))
            assert timing.errors is not None
            self.add(
                id=pair.id,
                role=role,
                work=pair.work,
                peer_name=pair.peer_name,
                shape=pair.shape,
                threads=threads,
                mark=pair.mark and [pair.mark.kind, pair.mark.value],
                ours=spread(timing.ours),
                peer=spread(timing.peer),
                ratio={**spread(timing.ratios), "median": figures(timing.ratio)},
                errors=[figures(error) for error in timing.errors],
                flops=pair.flops,
                bytes=pair.bytes,
            )

    def kernel(
        self, make: Callable[..., Pair], shapes: Iterable[problems.Shape] = NEIGHBOURS, cost: Sequence[str] = ()
    ) -> None:
        """A kernel at the paper's shape, at the neighbouring ones, and its cost."""
        self.pair(make(), "paper", 9)
        for shape in itertools.islice(shapes, 2 if self.quick else None):
            self.pair(make(shape=shape), "neighbour", 3)
        for axis in () if self.quick else cost:
            for shape in COSTS[axis]:
                self.cost_of(make(shape=shape), axis)

    def timed(
        self, name: str, work: str, peer: str, mark: Mark, threads: int, ours: Any, theirs: Any, errors: Any = None
    ) -> None:
        """A record of two lists of seconds."""
        ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
        self.add(
            id=name,
            role="paper",
            work=work,
            peer_name=peer,
            shape={},
            threads=threads,
            mark=[mark.kind, mark.value],
            ours=spread(ours),
            peer=spread(theirs),
            errors=errors,
            ratio={**spread(ratios), "median": figures(statistics.median(ours) / statistics.median(theirs))},
        )

    def absolute(self, name: str, work: str, limit: float, times: Sequence[float], threads: int | None = None) -> None:
        """A record of seconds that have a limit of their own, on all threads unless said otherwise."""
        self.add(
            id=name,
            role="paper",
            work=work,
            shape={},
            threads=threads or machine.all_threads(),
            mark=["seconds", limit],
            ours=spread(times),
        )

    def cost(self, axis: str, call: Callable[[int], Any], **facts: Any) -> None:
        """One record of a call alone, on all threads: the cost against ``axis`` of its shape."""
        threads = machine.all_threads()
        clock = Clock(lambda: call(threads))
        times = [clock.seconds() for _ in range(1 if clock.once > 2 else 3)]  # the first call may have compiled
        self.add(role="cost", axis=axis, threads=threads, ours=spread(times), **facts)

    def cost_of(self, pair: Pair, axis: str) -> None:
        """The cost of a pair's own side."""
        self.cost(axis, pair.ours, id=pair.id, work=pair.work, shape=pair.shape, flops=pair.flops)

    def add(self, **record: Any) -> None:
        self.records.append(record)
        ratio = f"  ratio {record['ratio']['median']:.3g}" if "ratio" in record else ""
        value = record.get("ours", record.get("bytes"))
        print(
            f"  {record['id']:<4}{record['role']:<10}{record['work']}, {record.get('shape', '')} {value}{ratio}",
            file=sys.stderr,
            flush=True,
        )


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Minimum, median and maximum, and of how many."""
    return {
        "min": figures(min(values)),
        "median": figures(statistics.median(values)),
        "max": figures(max(values)),
        "rounds": len(values),
    }


def figures(value: float) -> float:
    """Four of them."""
    return float(f"{value:.4g}")
