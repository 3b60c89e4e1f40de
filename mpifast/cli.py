"""The command line: ``mpifast COMMAND``. Exit code 0 is success, 2 a mistake in the call or its surroundings, 130 Ctrl-C."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import mpifast


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except (ValueError, TypeError, OSError, ModuleNotFoundError, MemoryError) as error:
        print(f"mpifast: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("mpifast: interrupted; what was finished is kept", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mpifast",
        description="Fast simulation and image reconstruction for magnetic particle imaging.",
        epilog="example: mpifast reproduce --quick --out results",
    )
    parser.add_argument("--version", action="version", version=f"mpifast {mpifast.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_reproduce(commands)
    return parser


def _add_reproduce(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from mpifast.paper.reproduce import FIGURES

    command = commands.add_parser(
        "reproduce",
        help="draw figures of the paper and compare its numbers",
        description="Draw figures of Chae, ETRI Journal 39:841 (2017), and set measured numbers beside the printed ones.",
        epilog="examples:\n  mpifast reproduce\n  mpifast reproduce fig4 comparison --quick --out results",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("figures", nargs="*", metavar="FIGURE", help=f"one or more of {', '.join(FIGURES)}; all by default")
    command.add_argument("--only", action="extend", nargs="+", default=[], metavar="FIGURE", help="the same, as an option")
    command.add_argument("--quick", action="store_true", help="reduced size: fewer curves, the same headline numbers")
    command.add_argument("--out", default="results", metavar="DIR", help="folder for figN.png, results.json and report.html (default: %(default)s)")
    command.add_argument("--seed", type=int, default=0, help="seed of data and initial weights (default: %(default)s)")
    command.add_argument("--threads", type=int, help="number of threads (default: all)")
    command.set_defaults(run=_reproduce)


def _reproduce(options: argparse.Namespace) -> int:
    from mpifast import _validation as check
    from mpifast.paper.options import Options
    from mpifast.paper.records import table
    from mpifast.paper.reproduce import reproduce

    seed = check.seed("--seed", options.seed)
    threads = None if options.threads is None else check.integer("--threads", options.threads, low=1)
    records = reproduce(options.figures + options.only, options.out, Options(quick=options.quick, seed=seed, threads=threads))
    print(table(records))
    print(f"\nFigures, results.json and report.html are in {options.out}")
    return 0
