"""``mpifast verify``: whether a store holds what was written."""

from __future__ import annotations

import argparse
from typing import Any

from mpifast.cli._output import complain, one_line, say, say_json

EXAMPLES = """examples:
  mpifast verify data.h5
  mpifast verify *.zarr --json"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "verify",
        help="read a whole store and compare it with its checksums",
        description="Read every chunk of a store and compare it with its checksums. Says for each store that it is "
        "good, or which samples are damaged. Exits with 0 if all are good, with 1 if one is damaged, and with 2 if one "
        "cannot be read or is no store. MDF files have no checksums of their own: see `mpifast mdf check`.",
        epilog=EXAMPLES,
    )
    command.add_argument("stores", nargs="+", metavar="STORE", help="stores: .h5, .hdf5 or .zarr")
    command.add_argument(
        "--json", action="store_true", help="print a JSON object: for each store {samples, damaged: [[first, last]]}"
    )
    command.set_defaults(run=_verify)


def _verify(options: argparse.Namespace) -> int:
    found: dict[str, dict[str, Any]] = {}
    for path in options.stores:  # all of them, whatever is wrong with one
        try:
            found[path] = _examined(path)
        except (OSError, ValueError) as error:
            found[path] = {"error": one_line(error)}
            complain(f"error: {found[path]['error']}")
            continue
        if not options.json:
            say(_summary(path, **found[path]))
    if options.json:
        say_json(found)
    if any("error" in facts for facts in found.values()):
        return 2
    return 1 if any(facts["damaged"] for facts in found.values()) else 0


def _examined(path: str) -> dict[str, Any]:
    """Samples, and the first and the last one of each damaged chunk."""
    import mpifast
    from mpifast._progress import tqdm

    stored = mpifast.open_spectra(path)
    chunks, count = stored.settings["chunks"], len(stored)
    damaged = []
    for first in tqdm(range(0, count, chunks), desc="verifying", unit="chunk", delay=2, disable=None):
        last = min(first + chunks, count) - 1
        try:
            stored[first : last + 1]
        except ValueError:
            damaged.append([first, last])
    return {"samples": count, "damaged": damaged}


def _summary(path: str, samples: int, damaged: list[list[int]]) -> str:
    if not damaged:
        return f"{path}: good, {samples:,} samples"
    places = ", ".join(f"{first} to {last}" for first, last in damaged)
    return f"{path}: damaged in samples {places}; remove it and save again, which makes the same samples"
