"""The fast recipe: one layer, trained in white coordinates in four passes, the first of which does nearly all.

With noise, with phantoms that are alike, or with few samples, equal steps along all directions learn the noise, and the
first pass does not get close to the phantoms. Then short trials, scored on samples that they have not seen, choose a
ridge for the coordinates and a factor for the learning rates, and the training begins again, with more epochs if their
number was not given. A large ridge leaves the directions as they are, which is the paper's rule.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from mpifast.metrics import mean_square
from mpifast.networks.state import NetworkState
from mpifast.networks.training import Data, Plan, Trainer, epochs, predict
from mpifast.networks.whitening import Whitening

EPOCHS, MORE = 4, 32  # where the first pass gets close, and where it does not
DECAY = 0.4  # of the rate from epoch to epoch: high to get near, low to average the noise
CLOSE = 0.05  # of the phantoms' variance: a first pass with a smaller error needs no trials
RIDGES = (0.0, 0.1, 1.0, 10.0, 100.0)
FACTORS = (3.0, 1.0, 0.3, 0.1, 0.03)
TRIAL = 32  # samples for each input, at most, in the trials
HELD_OUT = 8  # one of so many samples scores the trials


def rate(epoch: int) -> float:
    """Learning rate of an epoch of the fast recipe."""
    return float(DECAY**epoch)


def train_fast(state: NetworkState, data: Data, plan: Plan) -> Iterator[NetworkState]:
    """The state after each epoch, in the network's own coordinates.

    Raises
    ------
    ValueError
        If the network is not one layer of sigmoid units, or the spectra have no signal.
    """
    if state.architecture.activations != ("sigmoid",):
        raise ValueError(
            f"recipe='fast' is for one layer of sigmoid units, this network has units {state.architecture.units} and "
            f"activations {state.architecture.activations}: use recipe='paper'"
        )
    whitening = Whitening.measure(state.measured_scaling(), data.spectra, plan.threads)
    return _train(state, data, plan, whitening)


def _train(state: NetworkState, data: Data, plan: Plan, whitening: Whitening) -> Iterator[NetworkState]:
    states = _states(state, data, plan, whitening)
    if plan.epochs and len(data.spectra) >= 2 * HELD_OUT:
        try:
            first = next(states)
            states = itertools.chain([first], states)
            close = first.records[-1].train_mse <= CLOSE * data.variance()
        except FloatingPointError:
            close = False
        if not close:
            whitening, plan = choose(state, data, plan)
            states = _states(state, data, plan, whitening)
    yield from states


def _states(state: NetworkState, data: Data, plan: Plan, whitening: Whitening) -> Iterator[NetworkState]:
    white, here = whitening.enter(state, plan.threads), whitening.data(data, plan.threads)
    trainer = Trainer(white, white.samples(here.spectra, here.phantoms), plan.batch_size, plan.threads)
    for found in epochs(white, trainer, here, plan):
        yield whitening.leave(found, state, plan.threads)


def choose(state: NetworkState, data: Data, plan: Plan) -> tuple[Whitening, Plan]:
    """Coordinates and learning rates of the least error on samples that a pass over the others has not seen.

    A learning rate that the user gave is left alone.
    """
    factors = FACTORS if plan.learning_rate is rate else (1.0,)
    chosen: tuple[float, Whitening, float] | None = None
    place = len(factors) // 3
    for ridge in RIDGES:
        whitening = Whitening.measure(state.measured_scaling(), data.spectra, plan.threads, ridge)
        trials = Trials(state, data, plan, whitening)
        place, error = descend(trials.error, factors, place)
        if chosen is None or error < chosen[0]:
            chosen = error, whitening, factors[place]
    assert chosen is not None
    _, whitening, factor = chosen
    if plan.learning_rate is not rate:
        return whitening, plan
    count, first = MORE if plan.extend else plan.epochs, state.epochs
    decay = DECAY ** (EPOCHS / max(count, EPOCHS))  # over all epochs together as over the four
    return whitening, replace(plan, epochs=count, learning_rate=lambda epoch: factor * decay ** (epoch - first))


class Trials:
    """Passes in one kind of coordinates, over samples of which some are held out to score them."""

    def __init__(self, state: NetworkState, data: Data, plan: Plan, whitening: Whitening) -> None:
        count = min(len(data.spectra), TRIAL * data.spectra.shape[1])
        held = np.arange(count) % HELD_OUT == HELD_OUT - 1
        white = whitening.data(Data(data.spectra[:count], data.phantoms[:count]), plan.threads)
        self.seen, self.unseen = (Data(white.spectra[part], white.phantoms[part]) for part in (~held, held))
        self.plan, self.state = replace(plan, epochs=1), whitening.enter(state, plan.threads).but(records=())
        samples = self.state.samples(self.seen.spectra, self.seen.phantoms)
        self.trainer = Trainer(self.state, samples, plan.batch_size, plan.threads)

    def error(self, factor: float) -> float:
        """Mean squared error over the samples held out, after a pass with ``factor`` times the learning rate."""
        first = 1.0 if self.plan.learning_rate is rate else self.plan.rate(self.state.epochs)
        plan = replace(self.plan, learning_rate=factor * first)
        try:
            state = next(epochs(self.state, self.trainer, self.seen, plan))
        except FloatingPointError:
            return np.inf
        return mean_square(predict(state, self.unseen.spectra, plan.threads), self.unseen.phantoms)


def descend(score: Callable[[float], float], values: Sequence[float], start: int) -> tuple[int, float]:
    """Place of a value whose neighbours have no lower score, found from ``start`` on, and its score."""
    place, least = start, score(values[start])
    for step in (1, -1):
        while 0 <= place + step < len(values) and (found := score(values[place + step])) < least:
            place, least = place + step, found
        if place != start:
            break
    return place, least
