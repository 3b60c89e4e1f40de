"""The trainings of a reproduction: one a core, beside the figures that are drawn already, or on a dask cluster.

Each outcome is kept as soon as it is there, so an interrupted run goes on where it was.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from mpifast._compiled.jit import thread_count
from mpifast._progress import tqdm
from mpifast.paper.experiments import Experiment, Outcome, load, save, train
from mpifast.paper.options import Options


class Trainings:
    """Trains what is not yet in a folder, from ``with`` on, in the order in which it is wanted.

    On a cluster all trainings end before the block begins. Here they go on inside it, until its end: Ctrl-C stops each
    after its present epoch; those that are finished are not trained again.

    Parameters
    ----------
    experiments : iterable of Experiment
        Those that are wanted first come first; repeated ones are trained once.
    folder : Path
        Where outcomes are kept.
    options : Options
        Threads, progress and scheduler.
    """

    def __init__(self, experiments: Iterable[Experiment], folder: Path, options: Options) -> None:
        wanted = list(dict.fromkeys(experiments))
        self._done = {experiment: outcome for experiment in wanted if (outcome := load(experiment, folder)) is not None}
        self._missing = [experiment for experiment in wanted if experiment not in self._done]
        self._folder, self._options = folder, options
        self._stop, self._counting = threading.Event(), threading.Lock()
        # Threads, not processes: the loops hold no lock of the interpreter, and each is compiled once.
        self._pool = ThreadPoolExecutor(thread_count(options.threads))
        self._running: dict[Experiment, Future[Outcome | None]] = {}
        self._trained = 0
        hidden = None if options.progress is None else not options.progress
        self._bar = tqdm(
            total=sum(experiment.work for experiment in self._missing),
            desc="training",
            unit="M",
            unit_scale=True,
            delay=2,
            disable=hidden if self._missing else True,
        )
        # No terminal: lines in a log instead of a bar.
        self._counted = bool(self._missing) and self._bar.disable and hidden is None

    def __enter__(self) -> Trainings:
        if self._missing:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._count(0)
        if self._missing and self._options.scheduler is not None:
            self._train_there(self._options.scheduler)
        elif self._missing:
            self._running = {experiment: self._pool.submit(self._train, experiment) for experiment in self._missing}
        return self

    def __exit__(self, *_: Any) -> None:
        self._stop.set()
        self._pool.shutdown(cancel_futures=True)
        self._bar.close()

    def outcomes(self, experiments: Iterable[Experiment]) -> dict[Experiment, Outcome]:
        """Some of the outcomes, once they are there."""
        wanted = list(experiments)
        pending = {self._running[experiment] for experiment in wanted if experiment in self._running}
        while pending:  # with a timeout, or a signal taken by another thread would not wake this one
            finished, pending = wait(pending, timeout=0.5, return_when=FIRST_EXCEPTION)
            for future in finished:
                outcome = future.result()
                assert outcome is not None
                self._done[outcome.experiment] = outcome
        return {experiment: self._done[experiment] for experiment in wanted}

    def say(self, text: str) -> None:
        """A line for the user, above the bar."""
        if self._bar.disable:
            print(text, file=sys.stderr, flush=True)
        else:
            self._bar.write(text, file=sys.stderr)

    def _train(self, experiment: Experiment) -> Outcome | None:
        """One training on one thread of this process."""

        def step() -> bool:
            self._bar.update(experiment.work / experiment.epochs)
            return self._stop.is_set()

        outcome = None if self._stop.is_set() else train(experiment, step)
        if outcome is not None:
            save(outcome, self._folder)
            self._count(1)
        return outcome

    def _train_there(self, scheduler: str) -> None:
        """All trainings on the workers of a cluster; one that is lost with its worker is done again."""
        from mpifast import cluster

        with cluster.connect(scheduler) as client:
            for experiment, outcome in cluster.sweep(train, self._missing, client):
                save(outcome, self._folder)
                self._done[experiment] = outcome
                self._bar.update(experiment.work)
                self._count(1)

    def _count(self, more: int) -> None:
        with self._counting:
            self._trained += more
            if self._counted:
                print(f"{self._trained} of {len(self._missing)} networks trained", file=sys.stderr, flush=True)


def train_all(experiments: Iterable[Experiment], folder: Path, options: Options) -> dict[Experiment, Outcome]:
    """Train what is not yet in ``folder``, and wait for it."""
    wanted = list(dict.fromkeys(experiments))
    with Trainings(wanted, folder, options) as trainings:
        return trainings.outcomes(wanted)
