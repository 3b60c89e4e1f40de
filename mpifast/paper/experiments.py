"""Trainings as data: what a figure needs is declared, trained one a core, and kept, so an interrupted run goes on where
it was.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

import mpifast
from mpifast._compiled.jit import thread_count
from mpifast._files import replacing
from mpifast._progress import tqdm
from mpifast.data.spectra import Spectra
from mpifast.metrics import mse
from mpifast.networks.history import History, TrainingWarning
from mpifast.networks.network import Network
from mpifast.networks.scaling import Scaling
from mpifast.paper.options import Options
from mpifast.physics.fields.scanner import Scanner
from mpifast.physics.linear_system import LinearSystem
from mpifast.physics.system_matrix import system_matrix
from mpifast.physics.tracer.particle import Particle

DATA_SET = 30_000  # the paper's; smaller training sets are its first samples, and its scaling is theirs
TESTS = 1_000


@dataclass(frozen=True)
class Experiment:
    """One training of the paper's study: per-sample delta rule, fixed order, random binary phantoms.

    Attributes
    ----------
    diameter_nm : float
        Particle diameter.
    hidden : tuple of int
        Units of the hidden layers.
    samples, epochs, learning_rate, scaling, weight_range, activation, seed
        As in `mpifast.Network`; the seed is that of data and weights.
    snr_db : float or None
        Noise on training and test spectra.
    dtype : str
        "float64" below 35 nm, where float32 rounding counts as noise.
    """

    diameter_nm: float = 40.0
    hidden: tuple[int, ...] = ()
    samples: int = DATA_SET
    epochs: int = 105
    learning_rate: float = 0.5
    scaling: str = "harmonic"
    weight_range: float = 0.5
    activation: str = "sigmoid"
    snr_db: float | None = None
    dtype: str = "float32"
    seed: int = 0

    @property
    def system(self) -> LinearSystem:
        """The paper's scanner with particles of this size, 300 K."""
        return system_matrix(Scanner(), Particle(self.diameter_nm * 1e-9))

    @property
    def spectra(self) -> Spectra:
        """The data set; its first samples train, those from `DATA_SET` on test."""
        return Spectra(self.system, seed=self.seed, snr_db=self.snr_db, dtype=self.dtype, threads=1)

    @property
    def test_set(self) -> tuple[np.ndarray, np.ndarray]:
        """A thousand spectra and phantoms that no training has seen."""
        return self.spectra[self.data_set : self.data_set + TESTS]

    @property
    def data_set(self) -> int:
        """Samples that set the scaling; those behind them test."""
        return DATA_SET

    @property
    def ends(self) -> tuple[int, int]:
        """Inputs and outputs of the network."""
        return 200, 129

    @property
    def rule(self) -> dict[str, Any]:
        """How `mpifast.Network.fit` trains."""
        return {"epochs": self.epochs, "learning_rate": self.learning_rate}

    def network(self, scaling: Scaling, **more: Any) -> Network:
        """The network before its training."""
        options = {"dtype": self.dtype, "seed": self.seed, "weight_range": self.weight_range, **more}
        return Network(*self.ends, self.hidden, activation=self.activation, scaling=scaling, **options)

    @property
    def work(self) -> float:
        """Multiplications of the training, in millions: what the progress bar counts."""
        units = (self.ends[0], *self.hidden, self.ends[1])
        return self.samples * self.epochs * sum(a * b for a, b in itertools.pairwise(units)) / 1e6

    @property
    def settings(self) -> dict[str, Any]:
        """For a record."""
        return {
            **asdict(self),
            "temperature_K": 300.0,
            "rule": "per sample, fixed order",
            "scaling_over": self.data_set,
            "tests": TESTS,
        }


@dataclass(frozen=True)
class Outcome:
    """A trained network, its error pass by pass, and its errors at the end over training and test set."""

    experiment: Experiment
    network: Network
    curve: list[float]
    train_mse: float
    test_mse: float
    seconds: float


def train(experiment: Experiment, step: Any = None) -> Outcome | None:
    """Run one experiment on the calling thread; ``step()`` after each epoch may end it with a true result: None."""
    start = time.perf_counter()
    spectra = experiment.spectra
    u, c = spectra[: experiment.data_set]
    network = experiment.network(Scaling.measure(experiment.scaling, u))
    u, c = u[: experiment.samples], c[: experiment.samples]

    def callback(_: Network, history: History) -> bool:
        return step is not None and bool(step())

    history = network.fit(
        u,
        c,
        **experiment.rule,
        callback=callback,
        progress=False,
        threads=1,
    )
    if history.epochs < experiment.epochs:
        return None
    test_u, test_c = experiment.test_set
    errors = mse(network.predict(u, threads=1), c), mse(network.predict(test_u, threads=1), test_c)
    return Outcome(experiment, network, history.train_mse, *errors, time.perf_counter() - start)


def train_all(experiments: Iterable[Experiment], folder: Path, options: Options) -> dict[Experiment, Outcome]:
    """Train what is not yet in ``folder``, the longest first, here or on a cluster; keep each as soon as it is done.

    Ctrl-C stops all trainings after their present epoch; those that are finished are not trained again.
    """
    wanted = sorted(set(experiments), key=lambda experiment: -experiment.work)
    done = {experiment: outcome for experiment in wanted if (outcome := load(experiment, folder)) is not None}
    missing = [experiment for experiment in wanted if experiment not in done]
    if not missing:
        return done
    folder.mkdir(parents=True, exist_ok=True)
    hidden = None if options.progress is None else not options.progress
    bar = tqdm(
        total=sum(experiment.work for experiment in missing),
        desc="training",
        unit="M",
        unit_scale=True,
        delay=2,
        disable=hidden,
    )

    def note(count: int) -> None:
        if bar.disable and hidden is None:  # no terminal: a line in a log instead of a bar
            print(f"{count} of {len(missing)} networks trained", file=sys.stderr, flush=True)

    note(0)
    with bar, warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingWarning)  # that some of them stall is what the figures show
        if options.scheduler is None:
            return done | _train_here(missing, folder, thread_count(options.threads), bar, note)
        return done | _train_there(missing, folder, options.scheduler, bar, note)


def _train_here(
    missing: list[Experiment], folder: Path, threads: int, bar: Any, note: Callable[[int], None]
) -> dict[Experiment, Outcome]:
    """Train in this process, one a core."""
    stop = threading.Event()
    done = {}

    def work(experiment: Experiment) -> Outcome | None:
        def step() -> bool:
            bar.update(experiment.work / experiment.epochs)
            return stop.is_set()

        outcome = None if stop.is_set() else train(experiment, step)
        if outcome is not None:
            save(outcome, folder)
        return outcome

    # Threads, not processes: the loops hold no lock of the interpreter, and each is compiled once.
    with ThreadPoolExecutor(threads) as pool:
        try:
            pending = {pool.submit(work, experiment) for experiment in missing}
            while pending:  # with a timeout, or a signal taken by another thread would not wake this one
                finished, pending = wait(pending, timeout=0.5, return_when=FIRST_EXCEPTION)
                for future in finished:
                    outcome = future.result()
                    assert outcome is not None
                    done[outcome.experiment] = outcome
                    note(len(done))
        except BaseException:
            stop.set()
            raise
    return done


def _train_there(
    missing: list[Experiment], folder: Path, scheduler: str, bar: Any, note: Callable[[int], None]
) -> dict[Experiment, Outcome]:
    """Train on the workers of a dask cluster; a training that is lost with its worker is done again."""
    from mpifast import cluster

    done = {}
    with cluster.connect(scheduler) as client:
        for experiment, outcome in cluster.sweep(train, missing, client):
            save(outcome, folder)
            done[experiment] = outcome
            bar.update(experiment.work)
            note(len(done))
    return done


def name(experiment: Experiment) -> str:
    """Name of an experiment's files: a digest of its settings and of the version."""
    text = json.dumps([mpifast.__version__, asdict(experiment)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def save(outcome: Outcome, folder: Path) -> None:
    """Network, then curve: an experiment is done when both are there."""
    path = folder / name(outcome.experiment)
    outcome.network.save(path.with_suffix(".npz"))
    entry = {"experiment": asdict(outcome.experiment), "curve": outcome.curve, "train_mse": outcome.train_mse}
    with replacing(path.with_suffix(".json"), "w") as file:
        json.dump({**entry, "test_mse": outcome.test_mse, "seconds": outcome.seconds}, file)


def load(experiment: Experiment, folder: Path) -> Outcome | None:
    """An outcome kept before; None if there is none or it cannot be read: it is trained again."""
    path = folder / name(experiment)
    try:
        entry = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        network = Network.load(path.with_suffix(".npz"))
        return Outcome(experiment, network, entry["curve"], entry["train_mse"], entry["test_mse"], entry["seconds"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
