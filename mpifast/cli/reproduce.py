"""``mpifast reproduce``: the figures of the paper."""

from __future__ import annotations

import argparse
import os
from contextlib import nullcontext
from dataclasses import asdict

from mpifast.cli._output import say, say_json


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    from mpifast.paper.options import FIGURES

    command = commands.add_parser(
        "reproduce",
        help="draw figures of the paper and compare its numbers",
        description="Draw figures of Chae, ETRI Journal 39:841 (2017), and compare its numbers with the measured ones. "
        "Interrupted, the same command goes on from the trainings that were finished. Progress goes to standard error: "
        "a bar on a terminal, elsewhere a line for each training and figure.",
        epilog="examples:\n  mpifast reproduce\n  mpifast reproduce fig4 comparison --quick --out results",
    )
    command.add_argument(
        "figures", nargs="*", metavar="FIGURE", help=f"one or more of {', '.join(FIGURES)}; all by default"
    )
    command.add_argument(
        "--only", action="extend", nargs="+", default=[], metavar="FIGURE", help="the same, as an option"
    )
    command.add_argument("--quick", action="store_true", help="reduced size: fewer curves, the same headline numbers")
    command.add_argument(
        "--out",
        default="results",
        metavar="DIR",
        help="folder for figN.png, results.json and report.html (default: %(default)s)",
    )
    command.add_argument(
        "--seed", type=int, default=0, metavar="N", help="seed of data and initial weights (default: %(default)s)"
    )
    command.add_argument("--threads", type=int, metavar="N", help="number of threads (default: all)")
    command.add_argument(
        "--scheduler", metavar="ADDRESS", help="train on the workers of the dask scheduler at tcp://HOST:PORT"
    )
    command.add_argument(
        "--json", action="store_true", help="print a JSON object with the numbers: paper, measured, settings, seconds"
    )
    command.set_defaults(run=_reproduce)


def _reproduce(options: argparse.Namespace) -> int:
    from mpifast.paper.ahead import compiling_ahead

    figures = options.figures + options.only
    several_cores = options.threads != 1 and (os.cpu_count() or 1) > 1
    many_loops = not figures or not {"comparison", "2d"}.isdisjoint(figures)
    with compiling_ahead() if several_cores and many_loops else nullcontext():
        return _measure(options, figures)


def _measure(options: argparse.Namespace, figures: list[str]) -> int:
    from mpifast import _validation as check
    from mpifast.paper.options import Options
    from mpifast.paper.records import table, verdict
    from mpifast.paper.reproduce import reproduce

    seed = check.seed("--seed", options.seed)
    threads = None if options.threads is None else check.integer("--threads", options.threads, low=1)
    records = reproduce(
        figures,
        options.out,
        Options(quick=options.quick, seed=seed, threads=threads, scheduler=options.scheduler),
    )
    if options.json:
        numbers = [{**asdict(record), "verdict": verdict(record)} for record in records]
        say_json({"folder": options.out, "records": numbers})
    else:
        say(f"{table(records)}\n\nFigures, results.json and report.html are in {options.out}")
    return 0
