"""The numbers of a reproduction: measured beside printed, on the terminal and in ``results.json``."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mpifast._files import replacing


@dataclass(frozen=True)
class Record:
    """One quantity of a figure.

    Attributes
    ----------
    figure, quantity : str
        Where it belongs and what it is, e.g. "fig4", "test_mse_30000".
    paper : float or None
        The printed value, if there is one.
    measured : float
        What this run gave.
    settings : dict
        All that the value depends on.
    seconds : float
        Time it took.
    """

    figure: str
    quantity: str
    paper: float | None
    measured: float
    settings: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


def verdict(record: Record) -> str:
    """How a measured value stands to the printed one: an error that is not above it is "met", another quantity within
    20 % "agrees".
    """
    if not record.paper:
        return "no printed value"
    ratio = record.measured / record.paper
    if "_mse_" in record.quantity and ratio <= 1.0:
        return "met"
    return "agrees within 20 %" if 1 / 1.2 <= ratio <= 1.2 else f"differs: {ratio:.2g} times the paper's"


def table(records: list[Record]) -> str:
    """The records as a text table: figure, quantity, paper, measured, their ratio."""
    rows = [("figure", "quantity", "paper", "measured", "ratio")]
    for record in records:
        printed = "" if record.paper is None else f"{record.paper:.3g}"
        ratio = "" if not record.paper else f"{record.measured / record.paper:.2f}"
        rows.append((record.figure, record.quantity, printed, f"{record.measured:.4g}", ratio))
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    lines = [
        "  ".join(
            f"{cell:<{w}}" if i < 2 else f"{cell:>{w}}" for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def read(path: Path) -> list[Record]:
    """Records of an earlier run; an empty list if there is no such file.

    Raises
    ------
    ValueError
        If the file is something else.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return [Record(**entry) for entry in entries]
    except FileNotFoundError:
        return []
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{path} is not a list of mpifast results ({error}): choose another folder with --out"
        ) from error


def write(path: Path, records: list[Record]) -> None:
    """Write ``results.json`` whole or not at all."""
    text = json.dumps([asdict(record) for record in records], indent=1)
    with replacing(path, "w") as file:
        file.write(text + "\n")
