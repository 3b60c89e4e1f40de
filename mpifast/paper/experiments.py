"""Trainings as data: what a figure needs is declared, trained on one thread, and kept."""

from __future__ import annotations

import hashlib
import itertools
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

import mpifast
from mpifast._files import replacing
from mpifast.data.spectra import Spectra
from mpifast.metrics import mse
from mpifast.networks.history import History
from mpifast.networks.network import Network
from mpifast.networks.scaling import Scaling
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
    def about(self) -> tuple[int, int]:
        """About the same, without computing a system."""
        return self.ends

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
        units = (self.about[0], *self.hidden, self.about[1])
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
