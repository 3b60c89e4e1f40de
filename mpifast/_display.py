"""How objects show themselves in a notebook: a small table, and pictures beside it where there are any.

The HTML has no script and loads nothing, every text is escaped, and texts have the colour of the page, light or dark.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mpifast._pictures import Pictures

LONGEST = 240  # characters of a cell
# Notebooks have rules of their own for tables: cells to the right, headings in bold.
STYLE = (
    "<style>.mpifast-shown,.mpifast-shown>div{display:flex;flex-wrap:wrap;gap:.8em 1.6em;align-items:flex-start}"
    ".mpifast-shown table{margin:0;border-collapse:collapse;font-size:90%}"
    ".mpifast-shown caption{text-align:left;font-weight:bold;color:inherit;caption-side:top;padding:.15em .6em}"
    ".mpifast-shown th,.mpifast-shown td{text-align:left!important;vertical-align:top;padding:.15em .6em}"
    ".mpifast-shown td{max-width:34em}"
    ".mpifast-shown th{font-weight:normal;opacity:.75;white-space:nowrap}</style>"
)


class Shown:
    """An object that notebooks show as a table of `_facts`, with `_pictures` beside it.

    Both use what is in memory: nothing is computed for them that takes longer than some milliseconds, and no file is
    read beyond what is open.
    """

    def _facts(self) -> dict[str, Any]:
        """What the rows of the table say; those that are None are left out."""
        return {}

    def _pictures(self) -> Pictures | None:
        """What stands beside the table."""
        return None

    def _heading(self) -> str:
        return type(self).__name__

    def _table(self) -> str:
        return table(self._heading(), [(name, fact) for name, fact in self._facts().items() if fact is not None])

    def _repr_html_(self) -> str | None:
        """Table and pictures; the table alone if the pictures fail; None, for which a notebook shows the `repr`, if the
        table does.
        """
        try:
            parts = [self._table()]
        except Exception:
            return None
        with contextlib.suppress(Exception):
            pictures = self._pictures()
            parts += [f"<div>{pictures.html()}</div>"] if pictures else []
        return f'<div class="mpifast-shown">{STYLE}{"".join(parts)}</div>'


def table(title: str, rows: Iterable[Sequence[Any]], header: Sequence[Any] = ()) -> str:
    """An HTML table with a caption; the first cell of a row is its heading.

    Examples
    --------
    >>> table("Grid", [("unit", "<mm>")])
    '<table><caption>Grid</caption><tr><th>unit</th><td>&lt;mm&gt;</td></tr></table>'
    """
    lines = ["".join(f"<th>{_cell(cell)}</th>" for cell in header)] if header else []
    for first, *rest in rows:
        cells = "".join(f"<td>{_cell(cell)}</td>" for cell in rest)
        lines.append(f"<th>{_cell(first)}</th>{cells}")
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table><caption>{_cell(title)}</caption>{body}</table>"


def _cell(value: Any) -> str:
    text = str(value)
    return escape(text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…")


def line(value: Any, name: str = "") -> str | None:
    """A thing in one line, as the table of another one has it: its kind, unless it is the ``name`` of the row, and what
    it is, where that is known.

    Examples
    --------
    >>> import mpifast
    >>> print(line(mpifast.Grid((4, 6), (4e-3, 6e-3))))
    Grid: shape 4 x 6, field of view 4 x 6 mm, spacing 1 x 1 mm
    >>> print(line(mpifast.Particle(20e-9), "particle"))
    diameter 20 nm, saturation magnetization 477.5 kA/m (0.6 T/mu0), temperature 300 K
    """
    if value is None or not isinstance(value, Shown):
        return None if value is None else str(value)
    beside = ("grid", "voxels")  # the other table has rows of its own for them
    facts = [f"{key} {fact}" for key, fact in value._facts().items() if fact is not None and key not in beside]
    kind = value._heading()
    return f"{'' if kind.lower() == name else f'{kind}: '}{', '.join(facts)}"


def span(values: Any) -> str:
    """The least and the largest of some numbers, as a text.

    Examples
    --------
    >>> span([0.25, 0.125, 2.0]), span([3, 3]), span([])
    ('0.125 to 2', '3', 'none')
    """
    if len(values) == 0:
        return "none"
    least, largest = (values.min(), values.max()) if hasattr(values, "min") else (min(values), max(values))
    low, high = f"{least:.3g}", f"{largest:.3g}"
    return low if low == high else f"{low} to {high}"


def numbers(values: Any, unit: str = "", scale: float = 1.0, between: str = ", ") -> str:
    """One number or several, in a unit.

    Examples
    --------
    >>> numbers((12e-3, 9e-3, 0.0), "mT", 1e3), numbers(2.0, "T/m")
    ('12, 9, 0 mT', '2 T/m')
    """
    values = values if isinstance(values, Iterable) else [values]
    return f"{between.join(f'{scale * value + 0.0:.4g}' for value in values)} {unit}".rstrip()


def size(count: float) -> str:
    """A number of bytes.

    Examples
    --------
    >>> size(129), size(25_800), size(3.2e9)
    ('129 bytes', '25.8 kB', '3.2 GB')
    """
    for power, unit in ((12, "TB"), (9, "GB"), (6, "MB"), (3, "kB")):
        if count >= 10**power:
            return f"{count / 10**power:.3g} {unit}"
    return f"{count:g} bytes"
