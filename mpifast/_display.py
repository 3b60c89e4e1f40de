"""How objects show themselves in a notebook: small tables in HTML, with every text escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any


def table(title: str, rows: Iterable[Sequence[Any]], header: Sequence[Any] = ()) -> str:
    """An HTML table with a caption; the first cell of a row is its heading.

    Examples
    --------
    >>> table("Grid", [("unit", "<mm>")])
    '<table><caption>Grid</caption><tr><th>unit</th><td>&lt;mm&gt;</td></tr></table>'
    """
    lines = ["".join(f"<th>{escape(str(cell))}</th>" for cell in header)] if header else []
    for first, *rest in rows:
        cells = "".join(f"<td>{escape(str(cell))}</td>" for cell in rest)
        lines.append(f"<th>{escape(str(first))}</th>{cells}")
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table><caption>{escape(title)}</caption>{body}</table>"


def span(values: Any) -> str:
    """The least and the largest of some numbers, as a text.

    Examples
    --------
    >>> span([0.25, 0.125, 2.0]), span([3, 3]), span([])
    ('0.125 to 2', '3', 'none')
    """
    values = [number for row in values for number in row] if getattr(values, "ndim", 1) == 2 else values
    if len(values) == 0:
        return "none"
    low, high = f"{min(values):.3g}", f"{max(values):.3g}"
    return low if low == high else f"{low} to {high}"
