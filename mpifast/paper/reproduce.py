"""The runner: measure the figures that were asked for, draw them, and keep every number."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from mpifast import _validation as check
from mpifast.paper import records as results
from mpifast.paper.options import Options
from mpifast.paper.records import Record

FIGURES = ("fig2", "fig3", "fig4")


def reproduce(figures: Sequence[str] = (), out: str | Path = "results", options: Options | None = None) -> list[Record]:
    """Reproduce figures of the paper into a folder: ``figN.png`` and ``results.json``.

    Parameters
    ----------
    figures : sequence of str, optional
        Names from `FIGURES`; all of them if empty.
    out : str or Path, optional
        Folder, made if it is missing. Records of figures that are not measured again are kept.
    options : Options, optional
        Size, seed and threads.

    Returns
    -------
    list of Record
        The new records.

    Raises
    ------
    ValueError
        If a figure is unknown, or ``results.json`` in the folder is something else.
    OSError
        If the folder cannot be written.
    """
    names = [check.choice("figure", name, FIGURES) for name in dict.fromkeys(figures)] or list(FIGURES)
    options, folder = options or Options(), Path(out)
    from mpifast import plots  # before any work: a missing matplotlib should not cost a training

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "results.json"
    kept = [record for record in results.read(path) if record.figure not in names]
    results.write(path, kept)  # before any work: a folder that cannot be written should not cost one either
    new: list[Record] = []
    for name in names:
        print(f"{name} ...", file=sys.stderr, flush=True)
        module = importlib.import_module(f"mpifast.paper.{name}")
        data, measured = module.measure(options)
        plots.save(module.draw(data, plots.figure), folder / f"{name}.png")
        new += measured
        results.write(path, sorted(kept + new, key=lambda record: FIGURES.index(record.figure) if record.figure in FIGURES else len(FIGURES)))
    return new
