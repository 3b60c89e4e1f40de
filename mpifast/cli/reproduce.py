"""``mpifast reproduce``: the figures of the paper."""

from __future__ import annotations

import argparse


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    from mpifast.paper.reproduce import FIGURES

    command = commands.add_parser(
        "reproduce",
        help="draw figures of the paper and compare its numbers",
        description="Draw figures of Chae, ETRI Journal 39:841 (2017), and compare its numbers with the measured ones.",
        epilog="examples:\n  mpifast reproduce\n  mpifast reproduce fig4 comparison --quick --out results",
        formatter_class=argparse.RawDescriptionHelpFormatter,
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
    command.add_argument("--seed", type=int, default=0, help="seed of data and initial weights (default: %(default)s)")
    command.add_argument("--threads", type=int, help="number of threads (default: all)")
    command.add_argument(
        "--scheduler", metavar="ADDRESS", help="train on the workers of the dask scheduler at tcp://HOST:PORT"
    )
    command.set_defaults(run=_reproduce)


def _reproduce(options: argparse.Namespace) -> int:
    from mpifast import _validation as check
    from mpifast.paper.options import Options
    from mpifast.paper.records import table
    from mpifast.paper.reproduce import reproduce

    seed = check.seed("--seed", options.seed)
    threads = None if options.threads is None else check.integer("--threads", options.threads, low=1)
    records = reproduce(
        options.figures + options.only,
        options.out,
        Options(quick=options.quick, seed=seed, threads=threads, scheduler=options.scheduler),
    )
    print(table(records))
    print(f"\nFigures, results.json and report.html are in {options.out}")
    return 0
