"""The parser of the whole command line, and the scripts that complete it in a shell."""

from __future__ import annotations

import argparse
import re
from typing import Any, NoReturn

import mpifast
from mpifast.cli import (
    bench,
    export,
    generate,
    info,
    matrix,
    mdf,
    predict,
    reconstruct,
    reproduce,
    train,
    verify,
)
from mpifast.cli._output import say
from mpifast.cli._system import SCALINGS, SOLVERS
from mpifast.paper.options import FIGURES

# Each a file with add(commands).
COMMANDS = (reproduce, matrix, generate, train, predict, reconstruct, info, verify, export, mdf, bench)
# What a shell completes, by the name of the value.
FILES = ("FILE", "STORE", "NETWORK", "MEASUREMENT", "DATA", "NAME", "OUT")
WORDS = {"FIGURE": FIGURES, "SCALING": SCALINGS}
WORDS_AND_FILES = {"SOLVER": SOLVERS, "WEIGHTS": ("whitening", "energy", "none")}


class Help(argparse.HelpFormatter):
    """Wraps descriptions to the width of the terminal, and keeps the lines of examples."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if text.startswith("example") else super()._fill_text(text, width, indent)


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, as those of the commands."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"formatter_class": Help, **options})
        # What begins like a negative number is a value: -1,-1,2 and -1e-3 as well as -1.
        self._negative_number_matcher = re.compile(r"-\.?\d")

    def error(self, message: str) -> NoReturn:
        """Argparse calls this for a mistake in the call."""
        self.exit(2, f"mpifast: error: {' '.join(message.split())}; see {self.prog} --help\n")


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
        _suggest(root, shtab)
        say(shtab.complete(root, shell=values))
        root.exit(0)


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    root = Parser(
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


def _suggest(parser: argparse.ArgumentParser, shtab: Any) -> None:
    """Tell shtab which values are files, and which words there are where a parser leaves the check to the command."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                _suggest(command, shtab)
        name = action.metavar if isinstance(action.metavar, str) else ""
        if name in FILES:
            vars(action)["complete"] = shtab.FILE
        elif name == "DIR":
            vars(action)["complete"] = shtab.DIRECTORY
        elif name in WORDS_AND_FILES:
            vars(action)["complete"] = _words_and_files(name.lower(), " ".join(WORDS_AND_FILES[name]))
        elif name in WORDS:
            action.choices = WORDS[name]


def _words_and_files(name: str, words: str) -> dict[str, Any]:
    """Words or a file: a function of one's own in each shell; tcsh completes the file."""
    function = f"_mpifast_{name}_file"  # by this ending the script for bash knows that there are files
    bash = f'{function}() {{ compgen -W "{words}" -- "$1"; _shtab_compgen_files "$1"; }}'
    zsh = f'{function}() {{ _alternative "{name}:{name}:({words})" "files:file:_files" }}'
    return {"bash": function, "zsh": function, "tcsh": "f", "preamble": {"bash": bash, "zsh": zsh}}
