"""The runner: train what the figures need, measure and draw them, and keep every number."""

from __future__ import annotations

import importlib
import itertools
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import mpifast
from mpifast import _validation as check
from mpifast.networks.history import TrainingWarning
from mpifast.paper import records as results
from mpifast.paper import report
from mpifast.paper.options import FIGURES, Options, module_of
from mpifast.paper.records import Record
from mpifast.paper.trainings import Trainings
from mpifast.physics.precision import PrecisionWarning


def reproduce(figures: Sequence[str] = (), out: str | Path = "results", options: Options | None = None) -> list[Record]:
    """Reproduce figures of the paper into a folder: ``figN.png``, ``results.json``, ``report.html``, and the trained
    networks in ``parts``.

    Interrupted, it goes on from the trainings that were finished.

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
        If a figure is unknown, or ``results.json`` in the folder is something else or of another version of mpifast.
    OSError
        If the folder cannot be written.
    """
    names = [check.choice("figure", name, FIGURES) for name in dict.fromkeys(figures)] or list(FIGURES)
    options, folder = options or Options(), Path(out)
    importlib.import_module("mpifast.plots")  # before any work: a missing matplotlib should not cost a training

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "results.json"
    kept = _kept(path, names)
    results.write(path, kept)  # before any work: a folder that cannot be written should not cost one either
    modules = {name: module_of(name) for name in names}
    with warnings.catch_warnings():
        # A figure takes float64 where it matters; elsewhere errors of a few passes exceed the rounding by far.
        warnings.simplefilter("ignore", PrecisionWarning)
        warnings.simplefilter("ignore", TrainingWarning)  # that some trainings stall is what the figures show
        new = _measured(modules, options, folder, lambda new: _write(path, kept + new))
    report.write(folder, FIGURES, results.read(path))
    return new


def _measured(
    modules: dict[str, Any], options: Options, folder: Path, keep: Callable[[list[Record]], None]
) -> list[Record]:
    """Measure and draw each figure as soon as its networks are trained; ``keep`` is called with the records after each
    of them.
    """
    from threadpoolctl import threadpool_limits

    from mpifast import plots

    # Figures that compare times are measured last, when nothing else runs.
    in_turn = sorted(modules, key=lambda name: getattr(modules[name], "TIMED", False))
    wanted = {name: modules[name].experiments(options) for name in in_turn}
    first = [sorted(keyed.values(), key=lambda experiment: -experiment.work) for keyed in wanted.values()]
    every = list(dict.fromkeys(itertools.chain.from_iterable(first)))
    new: list[Record] = []
    # Threads of a BLAS would take the cores from the trainings; and methods are timed on one thread.
    with threadpool_limits(1, "blas"), Trainings(every, folder / "parts", options) as trainings:
        for name, keyed in wanted.items():
            module = modules[name]
            outcomes = trainings.outcomes(every if getattr(module, "TIMED", False) else keyed.values())
            trainings.say(f"{name} ...")
            data, measured = module.measure(options, {key: outcomes[experiment] for key, experiment in keyed.items()})
            plots.save(module.draw(data, plots.figure), folder / f"{name}.png")
            new += measured
            keep(new)
    return sorted(new, key=lambda record: FIGURES.index(record.figure))


def _write(path: Path, records: list[Record]) -> None:
    """All records, in the order of the figures."""
    results.write(path, sorted(records, key=lambda record: FIGURES.index(record.figure)))


def _kept(path: Path, names: Sequence[str]) -> list[Record]:
    """Records of an earlier run that this one does not measure again."""
    kept = results.read(path)
    for record in kept:
        version = record.settings.get("version")
        if version != mpifast.__version__ or record.figure not in FIGURES:
            raise ValueError(
                f"{path} was written by mpifast {version}, this is {mpifast.__version__}: "
                "choose another folder with --out"
            )
    return [record for record in kept if record.figure not in names]
