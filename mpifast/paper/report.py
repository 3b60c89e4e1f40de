"""The report: one HTML page that needs nothing else, a row for each number, a picture for each figure."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Sequence
from pathlib import Path

import mpifast
from mpifast._files import replacing
from mpifast.paper.options import module_of
from mpifast.paper.records import Record, verdict

STYLE = """
:root { color-scheme: light; font-family: system-ui, sans-serif; line-height: 1.45; }
body { margin: 0 auto; max-width: 76rem; padding: 1rem; color: #1a1a1a; background: #fff; }
nav a { margin-right: .8rem; white-space: nowrap; }
img { max-width: 100%; height: auto; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .3rem .7rem .3rem 0; border-bottom: 1px solid #ddd; vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.met::before { content: "\\2713 "; color: #0072B2; }
td.differs::before { content: "\\2717 "; color: #D55E00; }
td details { max-width: 30rem; overflow-wrap: anywhere; }
code { font-size: .9em; }
"""

INTRODUCTION = """
<p>B. G. Chae, “Neural network image reconstruction for magnetic particle imaging”, ETRI Journal 39(6), 841–850
(2017), done again with mpifast {version}. Each number stands beside the printed one, with the settings it was
measured under and the seconds it took. The paper gives no temperature, input scaling or initial weights; what was
used instead is in the settings. “met” is an error not above the printed one; “agrees” is within 20 %.</p>
"""


def write(folder: Path, figures: Sequence[str], records: Sequence[Record]) -> None:
    """Write ``report.html`` for the figures whose pictures are in the folder."""
    drawn = [name for name in figures if (folder / f"{name}.png").exists()]
    links = "".join(f'<a href="#{name}">{_label(name)}</a> ' for name in drawn)
    sections = "".join(
        _section(folder, name, [record for record in records if record.figure == name]) for name in drawn
    )
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        'content="width=device-width, initial-scale=1">'
        f"<title>The paper, reproduced</title><style>{STYLE}</style></head><body><h1>The paper, reproduced</h1>"
        f"{INTRODUCTION.format(version=mpifast.__version__)}<nav>{links}</nav>{sections}</body></html>\n"
    )
    with replacing(folder / "report.html", "w") as file:
        file.write(page)


def _section(folder: Path, name: str, records: Sequence[Record]) -> str:
    """One figure: title, picture, numbers, and where its code is."""
    module = module_of(name)
    picture = base64.b64encode((folder / f"{name}.png").read_bytes()).decode()
    notes = html.escape((module.measure.__doc__ or "").strip())
    reading = module.reading(records) if hasattr(module, "reading") and records else ""
    head = "<tr><th>quantity</th><th>paper</th><th>measured</th><th>verdict</th><th>seconds</th><th>settings</th></tr>"
    table = f'<div class="scroll"><table>{head}{"".join(map(_row, records))}</table></div>' if records else ""
    if reading:  # the numbers again, one by one
        table = f"{reading}<details><summary>all {len(records)} numbers</summary>{table}</details>"
    return (
        f'<section id="{name}"><h2>{_label(name)}: {html.escape(module.TITLE)}</h2>'
        f'<img alt="{_label(name)}" src="data:image/png;base64,{picture}"><p>{notes}</p>{table}'
        f"<p>Code: <code>{module.__name__.replace('.', '/')}.py</code>; again: <code>mpifast reproduce "
        f"{name}</code></p></section>"
    )


def _row(record: Record) -> str:
    """One number."""
    found = verdict(record)
    kind = "differs" if found.startswith("differs") else "met" if record.paper else ""
    printed = "" if record.paper is None else f"{record.paper:.3g}"
    settings = html.escape(json.dumps(record.settings))
    return (
        f'<tr><td><code>{html.escape(record.quantity)}</code></td><td class="number">{printed}</td><td '
        f'class="number">{record.measured:.4g}</td>'
        f'<td class="{kind}">{html.escape(found)}</td><td class="number">{record.seconds:.1f}</td>'
        f"<td><details><summary>show</summary>{settings}</details></td></tr>"
    )


def _label(name: str) -> str:
    return f"Figure {name[3:]}" if name.startswith("fig") else name.capitalize()
