"""The command line: ``mpifast COMMAND``. Exit code 0 is success, 1 breaches found, 2 a mistake in the call or its
surroundings, 130 Ctrl-C.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import mpifast
from mpifast.cli import bench, generate, matrix, mdf, reconstruct, reproduce, train

COMMANDS = (reproduce, matrix, generate, train, reconstruct, mdf, bench)  # each a file with add(commands)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (ValueError, TypeError, OSError, ModuleNotFoundError, MemoryError) as error:
        print(f"mpifast: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("mpifast: interrupted; what was finished is kept", file=sys.stderr)
        return 130


class Completion(argparse.Action):
    """Print the script of shtab and end."""

    def __call__(
        self, root: argparse.ArgumentParser, namespace: Any, values: Any, option_string: str | None = None
    ) -> None:
        """Argparse calls this when it meets the option."""
        try:
            import shtab
        except ModuleNotFoundError:
            root.error('completion needs shtab: python -m pip install "mpifast[completion]"')
        print(shtab.complete(root, shell=values))
        root.exit(0)


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    root = argparse.ArgumentParser(
        prog="mpifast",
        description="Fast simulation and image reconstruction for magnetic particle imaging.",
        epilog="example: mpifast reproduce --quick --out results",
    )
    root.add_argument("--version", action="version", version=f"mpifast {mpifast.__version__}")
    root.add_argument(
        "--completion",
        action=Completion,
        choices=("bash", "zsh", "tcsh"),
        help="print a script that completes commands in a shell",
    )
    commands = root.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(commands)
    return root
