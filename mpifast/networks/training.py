"""Training: passes over samples by the compiled loops, and from one state of a network to the next, epoch by epoch. No
other file calls the loops of training and prediction.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from mpifast import _validation as check
from mpifast._compiled import compiling
from mpifast._compiled.barrier import offers
from mpifast._compiled.products import aligned_zeros, lanes, padded
from mpifast.metrics import mean_square
from mpifast.networks._loops import hidden_layer, layout, single_layer
from mpifast.networks._loops import shared as loops
from mpifast.networks.history import Epoch
from mpifast.networks.reduction import EPOCHS, Reduction
from mpifast.networks.state import NetworkState

Pair = tuple[np.ndarray, np.ndarray]  # spectra and phantoms
CHUNK = 16_384  # samples between two looks at Ctrl-C; a multiple of layout.BLOCK
MEETING_CHUNK = 2_048  # where threads meet at each sample
OFFERS = 20  # offers of the core in a chunk, from which on others are taken to want it
ALONE = 32  # chunks that one thread then trains alone, so that it need not wait
ENOUGH = 1024  # samples, or up to twice as many, that tell how a training compares with the mean image


class Trainer:
    """Passes of one training set, each from a state to the weights behind it."""

    def __init__(
        self,
        state: NetworkState,
        samples: layout.TrainingSet,
        batch: int,
        threads: int,
        reduction: Reduction | None = None,
    ) -> None:
        architecture = state.architecture
        self.samples, self.batch, self.reduction = samples, batch, reduction
        hidden, whole = len(architecture.units) > 2, layout.whole_columns(state.net) // lanes(architecture.dtype)
        self.threads = threads
        self.slots, self.alone = min(threads, layout.PARTS if hidden else max(whole, 1)), 0
        self.chunk = padded(MEETING_CHUNK if hidden else CHUNK, batch)

    def run(self, state: NetworkState, rate: float, shuffle: bool) -> tuple[np.ndarray, float]:
        """New weights after one pass, and its mean squared error.

        Raises
        ------
        FloatingPointError
            If one of the weights, or the error, is not finite.
        """
        architecture, outputs = state.architecture, state.architecture.units[-1]
        order = np.arange(len(self.samples.spectra))
        if shuffle:
            order = np.random.default_rng([architecture.seed, state.epochs]).permutation(len(order))
        weights = aligned_zeros(state.weights.shape, architecture.dtype)
        weights[:] = state.weights
        net, inner, samples = architecture.net(weights), architecture.net(weights), self.samples
        if self.reduction is not None:
            inner, samples = self.reduction.enter(net, self.threads), self.reduction.samples
        hidden, errors = len(architecture.units) > 2, np.zeros(outputs)
        rule = hidden_layer if hidden else single_layer
        train = rule.train_exactly if self.batch == 1 else rule.train_batches
        work = layout.workspace(inner, layout.BLOCK if self.batch == 1 else self.batch, self.slots)
        step = architecture.dtype.type(rate)
        for start in range(0, len(order), self.chunk):
            part, slots = order[start : start + self.chunk], 1 if self.alone else self.slots
            meetings = [hidden_layer.new_meeting(inner, slots)] if hidden else []
            task = layout.Pass(inner, samples, part, self.batch, step, errors)
            train(task, work, *meetings, slots, threads=slots)
            contended = any(offers(meeting.flags) > OFFERS for meeting in meetings)
            self.alone = ALONE if contended else max(self.alone - 1, 0)
        if self.reduction is not None:
            self.reduction.leave(inner, net, self.threads)
        error = float(errors.sum() / (len(order) * outputs))
        if not (np.isfinite(error) and np.isfinite(weights).all()):
            raise FloatingPointError(
                f"training diverged in epoch {state.epochs + 1} at learning_rate={rate:g}: use a lower rate; "
                "the network keeps the weights of the epoch before"
            )
        return weights, error


def predict(state: NetworkState, spectra: np.ndarray, threads: int) -> np.ndarray:
    """Images dtype[n, outputs] of checked spectra."""
    images = np.empty((len(spectra), state.architecture.units[-1]), state.architecture.dtype)
    loops.predict(state.net, state.samples(spectra, images), images, threads, threads=threads)
    return images


@dataclass(frozen=True, eq=False)
class Data:
    """Checked samples: raw spectra [n, inputs], phantoms [n, outputs], and a pair of them that validates, or None."""

    spectra: np.ndarray
    phantoms: np.ndarray
    validation: Pair | None = None

    @property
    def some(self) -> Pair:
        """A thousand or two of the training samples, or all."""
        step = max(len(self.spectra) // ENOUGH, 1)
        return np.ascontiguousarray(self.spectra[::step]), self.phantoms[::step]

    def variance(self) -> float:
        """Mean squared difference of some of the phantoms from their mean image."""
        phantoms = self.some[1]
        return mean_square(phantoms, phantoms.mean(axis=0, dtype=np.float64))


@dataclass(frozen=True)
class Plan:
    """How to train: epochs in all, the rate or a function from the epoch to it, the options of a pass, whether the
    recipe may take more epochs, and how many epochs may pass without a lower validation error.
    """

    epochs: int
    learning_rate: float | Callable[[int], float]
    batch_size: int = 1
    shuffle: bool = False
    threads: int = 1
    extend: bool = False
    patience: int | None = None

    def rate(self, epoch: int) -> float:
        """Learning rate of an epoch, counted from 0 over all calls of `fit`."""
        return check.learning_rate(self.learning_rate(epoch)) if callable(self.learning_rate) else self.learning_rate


def train(state: NetworkState, data: Data, plan: Plan) -> Iterator[NetworkState]:
    """The state after each epoch; a state that has records already goes on behind them."""
    single = len(state.architecture.units) == 2
    reduction = None
    if single and plan.epochs >= EPOCHS:  # of all epochs: a training that goes on has to take the same steps
        reduction = Reduction.find(state.measured_scaling(), data.spectra, data.phantoms, plan.threads)
    return epochs(
        state,
        Trainer(state, state.samples(data.spectra, data.phantoms), plan.batch_size, plan.threads, reduction),
        data,
        plan,
    )


def epochs(state: NetworkState, trainer: Trainer, data: Data, plan: Plan) -> Iterator[NetworkState]:
    """`train` with passes that are prepared."""
    for _ in range(len(state.records), plan.epochs):
        rate, validated = plan.rate(state.epochs), None
        start, compiled = time.perf_counter(), compiling.seconds()
        weights, error = trainer.run(state, rate, plan.shuffle)
        seconds = time.perf_counter() - start - (compiling.seconds() - compiled)
        state = state.but(weights=weights, epochs=state.epochs + 1)
        if data.validation is not None:
            spectra, phantoms = data.validation
            validated = mean_square(predict(state, spectra, plan.threads), phantoms)
        state = state.but(records=(*state.records, Epoch(error, validated, float(rate), seconds)))
        yield state
