"""``mpifast mdf check``: one line for each departure from the format."""

from __future__ import annotations

import argparse

from mpifast.cli._output import complain, one_line, say, say_json


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "mdf",
        help="check files of the Magnetic Particle Imaging Data Format",
        epilog="example: mpifast mdf check system.mdf",
    )
    actions = command.add_subparsers(title="actions", metavar="ACTION", required=True)
    check = actions.add_parser(
        "check",
        help="check files against the specification and MPIFiles.jl",
        description="Check MDF v2.1 files against the specification and what MPIFiles.jl and MPIReco.jl need. One "
        "line for each breach: dataset, rule, cure. Prints nothing and exits with 0 if there is none, with 1 "
        "otherwise, and with 2 if a file cannot be read.",
        epilog="examples:\n  mpifast mdf check system.mdf\n  mpifast mdf check *.mdf --json",
    )
    check.add_argument("files", nargs="+", metavar="FILE", help="MDF files")
    check.add_argument(
        "--json", action="store_true", help="print a JSON object: for each file a list of {dataset, rule, cure}"
    )
    check.set_defaults(run=_check)


def _check(options: argparse.Namespace) -> int:
    from mpifast.io.mdf.check import check_mdf

    found, unreadable = {}, {}
    for path in options.files:  # all of them, whatever is wrong with one
        try:
            found[path] = check_mdf(path)
        except (OSError, ValueError) as error:
            unreadable[path] = one_line(error)
    if options.json:
        listed = {path: [breach._asdict() for breach in breaches] for path, breaches in found.items()}
        say_json(listed | {path: {"error": text} for path, text in unreadable.items()})
    else:
        for path, breaches in found.items():
            for breach in breaches:
                say(f"{path}: {breach}" if len(options.files) > 1 else breach)
    for text in unreadable.values():
        complain(f"error: {text}")
    return 2 if unreadable else 1 if any(found.values()) else 0
