"""What a command says: results on standard output, errors and warnings on standard error, a line each.

A reader that has closed the pipe, as ``head`` and ``true`` do, is no error: a command ends its work and its exit code
says how that went.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def say(text: object) -> None:
    """Print to standard output."""
    _print(text, sys.stdout)


def say_json(value: dict[str, Any]) -> None:
    """Print one JSON object to standard output; numbers that JSON does not have, NaN and infinity, are null."""
    say(json.dumps(_finite(value), indent=2, allow_nan=False))


def complain(text: object) -> None:
    """Print an error or a warning to standard error."""
    _print(f"mpifast: {text}", sys.stderr)


def one_line(message: object) -> str:
    """An error or a warning without line breaks; its type if it says nothing."""
    return " ".join(str(message).split()) or type(message).__name__


@contextmanager
def ended() -> Iterator[None]:
    """At the end of the block nothing is left in the buffers, which the interpreter would write too late to answer for:
    what argparse has printed, for example.
    """
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            _print("", stream, end="")


def _print(text: object, stream: Any, end: str = "\n") -> None:
    try:
        print(text, file=stream, end=end, flush=True)
    except OSError as error:
        # The interpreter flushes once more when it ends: to nowhere, then.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        if not isinstance(error, BrokenPipeError):
            raise


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
