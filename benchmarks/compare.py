"""Measure everything: ``python -m benchmarks.compare`` on a quiet machine writes `benchmarks/results/compare.json` and
the tables made of it.

Each job below runs in a process of its own, ours and the peer in the same one. A record is one pair at one shape and
number of threads; its role says why it was measured: "paper" (the full-size problem), "neighbour" (other shapes),
"library" (other peers), "cost" (ours alone, against samples, harmonics and voxels), "part" (one of its stages),
"memory". What could not be measured stands under "missing", with the reason.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import fresh, machine, problems, scanner_jobs, table
from benchmarks.pairs import Clock, Mark, blas_threads
from benchmarks.problems import NEIGHBOURS, PAPER
from benchmarks.report import users
from benchmarks.run import Run, figures, spread


def noisy(run: Run) -> None:
    run.kernel(lambda shape=PAPER: problems.training(problems.SNR_DB, shape))


def tenfold(run: Run) -> None:
    run.kernel(lambda shape=PAPER: problems.training(None, shape, epochs=10), () if run.quick else NEIGHBOURS)


def hidden(run: Run) -> None:
    run.kernel(problems.hidden_training, cost=["samples"])


def loop(run: Run) -> None:
    from benchmarks.peers import pytorch

    run.kernel(pytorch.loop, [shape for shape in NEIGHBOURS if shape.samples == PAPER.samples])


def accuracy(run: Run) -> None:
    from benchmarks.peers import pytorch

    ours, peer, best = pytorch.time_to_accuracy(pytorch.GRID[: 2 if run.quick else None])
    for threads in sorted({1, machine.all_threads()}):
        with blas_threads(threads):
            reached = [ours(threads), peer(threads)]
            assert max(reached) <= pytorch.ACCURACY, reached
            clocks = Clock(lambda threads=threads: ours(threads)), Clock(lambda threads=threads: peer(threads))
            times = [[clock.seconds() for clock in clocks] for _ in range(run.rounds(7))]
        mine, theirs = zip(*times, strict=True)
        setting = best(threads)
        name = (
            f"PyTorch: {setting.optimizer}, batches of {setting.batch}, {setting.loss} loss, {setting.threads} "
            "thread(s)"
        )
        run.timed(
            "P8",
            "from a seed to a test MSE of 7.23e-5",
            name,
            Mark("speedup", 10),
            threads,
            mine,
            theirs,
            [figures(value) for value in reached],
        )


def imports(run: Run) -> None:
    run.timed("P10", "import mpifast", "import numpy", Mark("ratio", 0.3), 1, *fresh.imports(run.rounds(11)))


def first_results(run: Run) -> None:
    for name, limit, times in zip(
        ("cold", "warm"), (7.0, 1.0), fresh.first_results(1 if run.quick else 3, run.rounds(7)), strict=True
    ):
        run.absolute("P11", f"a fresh process, its first spectra and pass, {name} cache", limit, times)


def reproduce(run: Run) -> None:
    if run.quick:
        run.missing["P9"] = "left out of a quick run"
    else:
        run.absolute("P9", "mpifast reproduce --quick, cold cache", 45.0, [fresh.reproduce("--quick")])


def reproduce_in_full(run: Run) -> None:
    run.absolute("P9", "mpifast reproduce, cold cache", 900.0, [fresh.reproduce()])


def libraries(run: Run) -> None:
    from benchmarks.peers import pytorch, scikit_learn

    run.pair(pytorch.minibatch(), "library", 7)
    run.pair(scikit_learn.regressor(1), "library", 3)
    run.pair(scikit_learn.regressor(128), "library", 3)
    if run.quick:
        run.missing["PyTorch, compiled"] = "left out of a quick run"
        return
    try:
        run.pair(pytorch.minibatch(compiled=True), "library", 7)
    except Exception as error:  # whatever the compiler lacks on this machine: said in the table
        run.missing["PyTorch, compiled"] = f"{type(error).__name__}: {error}".splitlines()[0]


def streaming(run: Run) -> None:
    from benchmarks import bench_store

    count = 200_000 if run.quick else 10_000_000
    ours, peer = bench_store.streaming(count, rounds=run.rounds(3))
    run.timed(
        "P12",
        f"{count:,} spectra to disk",
        "a plain write of as many bytes",
        Mark("speedup", 0.8),
        machine.all_threads(),
        ours,
        peer,
    )


def memory(run: Run) -> None:
    found = fresh.peaks()
    if found is None:
        run.missing["memory"] = "this system does not tell a process' peak"
    for work, (peak, through) in (found or {}).items():
        run.add(id="", role="memory", work=work, bytes=peak, through=through)


def stages(run: Run) -> None:
    from benchmarks import parts

    for name, stage, seconds, whole in parts.measure(run.rounds(7)):
        run.add(id=name, role="part", work=stage, shape={}, threads=1, ours=spread([seconds]), whole=figures(whole))


ALL = ("samples", "harmonics", "voxels")
JOBS: dict[str, Callable[[Run], None]] = {
    "P1": lambda run: run.kernel(problems.forward, cost=ALL),
    "P1 grey": lambda run: run.pair(problems.grey(), "library", 9),
    "P2": lambda run: run.kernel(lambda shape=PAPER: problems.generate(None, shape), cost=ALL),
    "P3": lambda run: run.kernel(lambda shape=PAPER: problems.generate(problems.SNR_DB, shape), cost=["samples"]),
    "P4": lambda run: run.kernel(problems.matrix, NEIGHBOURS[:2], cost=ALL[1:]),
    "P4 lean": lambda run: run.pair(problems.lean_matrix(), "library", 9),
    "P5": lambda run: run.kernel(lambda shape=PAPER: problems.training(None, shape), cost=ALL),
    "P5 tenfold": tenfold,
    "P5 noisy": noisy,
    "P6": loop,
    "P7": hidden,
    "P8": accuracy,
    "P9": reproduce,
    "P10": imports,
    "P11": first_results,
    "P12": streaming,
    "P13": lambda run: run.kernel(problems.prediction, [*NEIGHBOURS[:4], PAPER], cost=["samples"]),
    **scanner_jobs.JOBS,
    "libraries": libraries,
    "parts": stages,
    "memory": memory,
}
# Their peer is a product of NumPy's BLAS.
PRODUCTS = ("P1", "P2", "P3", "P5", "P5 tenfold", "P5 noisy", "P7", "P13", "N7", "N9")
ON_REQUEST = {"P9 in full": reproduce_in_full}  # a quarter of an hour


def measure(jobs: Sequence[str], quick: bool) -> dict[str, Any]:
    """Run jobs, each in a process of its own."""
    rates = [machine.rates(threads, 2 if quick else 7) for threads in sorted({1, machine.all_threads()})]
    rates = [
        {"threads": rate["threads"], "flops": spread(rate["flops"]), "bytes": spread(rate["bytes"])} for rate in rates
    ]
    found: dict[str, Any] = {"machine": machine.facts(), "quick": quick, "rates": rates, "records": [], "missing": {}}
    start = time.perf_counter()
    for number, job in enumerate(jobs, 1):
        print(f"{job} ({number} of {len(jobs)}, {time.perf_counter() - start:.0f} s)", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "job.json"
            subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "benchmarks.compare",
                    "--job",
                    job,
                    "--out",
                    str(path),
                    *(["--quick"] if quick else []),
                ],
                check=True,
            )
            part = json.loads(path.read_text(encoding="utf-8"))
        found["records"] += part["records"]
        found["missing"] |= part["missing"]
    found["seconds"] = round(time.perf_counter() - start)
    return found


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.compare", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="one round of everything, for CI: that it runs and agrees, not how fast"
    )
    parser.add_argument(
        "--full-reproduce",
        action="store_true",
        help="also time `mpifast reproduce` at full size (P9), a quarter of an hour",
    )
    parser.add_argument(
        "--beside",
        action="store_true",
        help="only the products' targets, kept beside the last run: for other settings of BLAS",
    )
    parser.add_argument(
        "--out", type=Path, default=table.RESULTS, help="JSON file; the tables are made only of the default one"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        choices=[*JOBS, *ON_REQUEST],
        metavar="JOB",
        help="measure some jobs again, beside the others of the last run: after a change of what they measure",
    )
    parser.add_argument("--job", choices=[*JOBS, *ON_REQUEST], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        run = Run(options.quick)
        {**JOBS, **ON_REQUEST}[options.job](run)
        found: dict[str, Any] = {"records": run.records, "missing": run.missing}
    elif options.only:
        found = json.loads(options.out.read_text(encoding="utf-8"))
        new = measure(options.only, options.quick)
        again = {record["id"] for record in new["records"]}
        found["records"] = [record for record in found["records"] if record["id"] not in again] + new["records"]
        found["missing"] = {name: why for name, why in found["missing"].items() if name not in again} | new["missing"]
    elif options.beside:
        found = json.loads(options.out.read_text(encoding="utf-8"))
        other = measure(PRODUCTS, options.quick)
        found["beside"] = {"settings": other["machine"]["settings"], "records": other["records"]}
    else:
        found = measure([*JOBS, *(ON_REQUEST if options.full_reproduce else {})], options.quick)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if not options.job:
        print(users.summary(found))
        if options.out == table.RESULTS:
            table.write(found)


if __name__ == "__main__":
    main()
