"""``mpifast bench``: how fast this machine is, beside NumPy's matrix product of the same size."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

from mpifast.cli._output import say, say_json

SAMPLES = 30_000
ROUNDS = 7


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "bench",
        help="measure this machine",
        description=f"Time spectra, training and prediction of {SAMPLES:,} samples, each in turn with NumPy's float32 "
        "product of the same size (medians). The whole comparison, with other libraries, is "
        "`python -m benchmarks.compare` in a checkout.",
        epilog="example: mpifast bench --threads 1",
    )
    command.add_argument("--threads", type=int, metavar="N", help="number of threads (default: all)")
    command.add_argument("--json", action="store_true", help="print a JSON object")
    command.set_defaults(run=_bench)


def _bench(options: argparse.Namespace) -> int:
    import numpy as np

    import mpifast
    from mpifast._compiled.jit import thread_count

    threads = thread_count(options.threads)
    system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    u, c = mpifast.Spectra(system, seed=7, threads=threads)[:SAMPLES]
    network, columns, floats = (
        mpifast.Network(200, 129, seed=1),
        np.ascontiguousarray(system.real.T, np.float32),
        c.astype(np.float32),
    )
    network.fit(u[:100], c[:100], epochs=1, threads=threads)
    weights = np.ascontiguousarray(network.weights[0].T)
    calls: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
        "spectra of phantoms": (lambda: system.spectra(c, threads=threads), lambda: floats @ columns),
        "spectra from a seed": (
            lambda: mpifast.Spectra(system, seed=7, threads=threads)[:SAMPLES],
            lambda: floats @ columns,
        ),
        "training pass, exact rule": (lambda: network.fit(u, c, epochs=1, threads=threads), lambda: u @ weights),
        "prediction": (lambda: network.predict(u, threads=threads), lambda: u @ weights),
    }
    found = {
        name: {"milliseconds": 1e3 * ours, "products": ours / theirs}
        for name, (ours, theirs) in ((n, _times(*pair)) for n, pair in calls.items())
    }
    if options.json:
        say_json({"samples": SAMPLES, "threads": threads, "work": found})
        return 0
    say(f"{SAMPLES:,} samples, 129 voxels, 200 harmonics, {threads} thread(s)")
    for name, value in found.items():
        say(f"  {name:<28}{value['milliseconds']:>8.1f} ms{value['products']:>8.2f} x NumPy's product")
    return 0


def _times(ours: Callable[[], Any], peer: Callable[[], Any]) -> tuple[float, float]:
    """Median seconds of both, in turn."""
    seconds: list[list[float]] = [[], []]
    for _ in range(ROUNDS + 1):
        for kept, call in zip(seconds, (ours, peer), strict=True):
            time.sleep(0.05)  # idle threads of the other's library spin for a while after a call
            call()
            start = time.perf_counter()
            call()
            kept.append(time.perf_counter() - start)
    return statistics.median(seconds[0][1:]), statistics.median(seconds[1][1:])
