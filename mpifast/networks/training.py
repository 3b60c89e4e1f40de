"""Training: a network, its samples and its history, epoch by epoch."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from mpifast import _validation as check
from mpifast._compiled.barrier import new_flags, offers
from mpifast._compiled.products import aligned_zeros, lanes, padded
from mpifast.metrics import mean_square
from mpifast.networks import _network_layout as layout
from mpifast.networks import _network_loops as loops

if TYPE_CHECKING:
    from mpifast.networks.checkpoint import Checkpoint
    from mpifast.networks.network import Network
    from mpifast.networks.reduction import Reduction

STALL = 20  # epochs without progress
CHUNK = 16_384  # samples between two looks at Ctrl-C; a multiple of layout.BLOCK
MEETING_CHUNK = 2_048  # where threads meet at each sample
OFFERS, ALONE = (
    20,
    32,
)  # of the core, in a chunk: then others want it, and so many chunks take one thread, which need not wait

Callback = Callable[["Network", "History"], Any]


@dataclass
class History:
    """Record of a call of `mpifast.Network.fit`; each list has one entry a completed epoch.

    Attributes
    ----------
    train_mse : list of float
        Mean squared error over the training set during the pass: each sample's before its own update.
    validation_mse : list of float
        Mean squared error of the validation set after the pass; empty without one.
    learning_rate : list of float
        Rate of the pass.
    seconds : list of float
        Duration of the pass, validation not included.
    stopped : str
        "completed", "callback" or "interrupted" (Ctrl-C).
    """

    train_mse: list[float] = field(default_factory=list)
    validation_mse: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    stopped: str = "completed"

    @property
    def epochs(self) -> int:
        """Completed epochs."""
        return len(self.train_mse)

    @property
    def stalled(self) -> bool:
        """Whether the error of the second half of the epochs, twenty at least, is not a thousandth below that of the
        first.
        """
        half = self.epochs // 2
        return half >= STALL and min(self.train_mse[half:]) > 0.999 * min(self.train_mse[:half])


class TrainingWarning(UserWarning):
    """A training that does not get on."""


class Trainer:
    """One training set on its way through the loops, epoch by epoch."""

    def __init__(
        self,
        network: Network,
        samples: layout.Samples,
        batch: int,
        shuffle: bool,
        threads: int,
        reduction: Reduction | None = None,
    ) -> None:
        self.network, self.samples, self.batch, self.shuffle, self.reduction = (
            network,
            samples,
            batch,
            shuffle,
            reduction,
        )
        hidden, whole = len(network.units) > 2, layout.whole_columns(network._net) // lanes(network.dtype)
        self.threads = threads
        self.slots, self.alone = min(threads, layout.PARTS if hidden else max(whole, 1)), 0
        self.chunk = padded(MEETING_CHUNK if hidden else CHUNK, batch)
        self.order = np.arange(len(samples.spectra))

    def run(
        self,
        epochs: int,
        learning_rate: float | Callable[[int], float],
        validation: tuple[np.ndarray, np.ndarray] | None,
        callback: Callback | None,
        checkpoint: Checkpoint | None,
        progress: bool | None,
    ) -> History:
        """Epochs until they are done, the callback says so or Ctrl-C comes; see `mpifast.Network.fit`."""
        network = self.network
        history = History() if checkpoint is None else checkpoint.resume(network)
        bar = tqdm(
            total=epochs,
            initial=history.epochs,
            desc="training",
            unit="epoch",
            delay=2,
            disable=None if progress is None else not progress,
        )
        try:
            for _ in range(history.epochs, epochs):
                rate = (
                    check.learning_rate(learning_rate(network.epochs_trained))
                    if callable(learning_rate)
                    else learning_rate
                )
                start = time.perf_counter()
                error = self.epoch(rate)
                history.seconds.append(time.perf_counter() - start)
                history.learning_rate.append(rate)
                history.train_mse.append(error)
                if validation is not None:
                    history.validation_mse.append(
                        mean_square(network.predict(validation[0], threads=self.threads), validation[1])
                    )
                bar.set_postfix_str(f"MSE {error:.3g}", refresh=False)
                bar.update()
                if checkpoint is not None:
                    checkpoint.keep(network, history)
                if callback is not None and callback(network, history):
                    history.stopped = "callback"
                    break
        except KeyboardInterrupt:
            history.stopped = "interrupted"
        finally:
            bar.close()
        if checkpoint is not None:
            checkpoint.keep(network, history, at_once=True)
        if history.stopped == "completed" and history.stalled:
            warnings.warn(
                f"the training has stalled: its error has not fallen by a thousandth in the last {history.epochs // 2} epochs "
                f"(MSE {history.train_mse[-1]:.3g}); if that is not the noise, try a lower learning rate, another scaling or other initial weights",
                TrainingWarning,
                stacklevel=3,
            )
        return history

    def epoch(self, rate: float) -> float:
        """One pass; the network takes the new weights only when it is complete and finite. Returns its mean squared
        error.
        """
        network = self.network
        if self.shuffle:
            self.order = np.random.default_rng([network.seed, network.epochs_trained]).permutation(len(self.order))
        net = network._net._replace(weights=aligned_zeros(network._net.weights.shape, network.dtype))
        net.weights[:] = network._net.weights
        inner, samples = (
            (net, self.samples)
            if self.reduction is None
            else (self.reduction.enter(net, self.threads), self.reduction.samples)
        )
        single, errors = True if len(network.units) == 2 else None, np.zeros(network.outputs)
        work = layout.workspace(inner, layout.BLOCK if self.batch == 1 else self.batch, self.slots)
        sums = aligned_zeros((2, layout.PARTS, layout.TILE, max(inner.weights.shape)), network.dtype)
        for start in range(0, len(self.order), self.chunk):
            order, step = self.order[start : start + self.chunk], network.dtype.type(rate)
            slots = (
                1 if self.alone else self.slots
            )  # with as many threads: the serial twin may have to be compiled first
            meeting = None if single else layout.Meeting(sums, new_flags(slots))
            if self.batch == 1:
                loops.train_exactly(
                    inner, samples, order, step, errors, work, slots, single, meeting, threads=self.slots
                )
            else:
                loops.train_batches(
                    inner, samples, order, self.batch, step, errors, work, slots, meeting, threads=self.slots
                )
            contended = meeting is not None and offers(meeting.flags) > OFFERS
            self.alone = ALONE if contended else max(self.alone - 1, 0)
        if self.reduction is not None:
            self.reduction.leave(inner, net, self.threads)
        error = float(errors.sum() / (len(self.order) * network.outputs))
        if not (np.isfinite(error) and np.isfinite(net.weights).all()):
            raise FloatingPointError(
                f"training diverged in epoch {network.epochs_trained + 1} at learning_rate={rate:g}: use a lower rate; "
                "the network keeps the weights of the epoch before"
            )
        network._net = net  # at once: Ctrl-C finds the old weights or the new ones
        network.epochs_trained += 1
        return error
