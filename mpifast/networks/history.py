"""What a training has done: one record an epoch."""

from __future__ import annotations

import math
from dataclasses import dataclass

STALL = 20  # epochs without progress


class TrainingWarning(UserWarning):
    """A training that has stalled, was interrupted, or ended worse than the mean of its targets."""


@dataclass(frozen=True)
class Epoch:
    """Record of one completed epoch.

    Attributes
    ----------
    train_mse : float
        Mean squared error over the training set during the pass: each sample's before its own update.
    validation_mse : float or None
        Mean squared error of the validation set after the pass; None without one.
    learning_rate : float
        Rate of the pass.
    seconds : float
        Duration of the pass, validation not included.
    """

    train_mse: float
    validation_mse: float | None
    learning_rate: float
    seconds: float

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (type(value) is float and math.isfinite(value)) and not (name == "validation_mse" and value is None):
                raise ValueError(f"{name} of an epoch is {value!r}, expected a finite float")


@dataclass(frozen=True)
class History:
    """Record of a call of `mpifast.Network.fit`.

    The lists `train_mse`, `validation_mse`, `learning_rate` and `seconds` are made from the records, so that they agree
    with each other and with the network at any time, Ctrl-C included.

    Attributes
    ----------
    records : tuple of Epoch
        The completed epochs.
    stopped : str
        "completed", "callback" or "interrupted" (Ctrl-C).

    Examples
    --------
    >>> from mpifast.networks.history import Epoch, History
    >>> history = History((Epoch(0.1, None, 0.5, 2.0), Epoch(0.05, None, 0.5, 2.0)))
    >>> history.epochs, history.train_mse, history.validation_mse
    (2, [0.1, 0.05], [])
    """

    records: tuple[Epoch, ...] = ()
    stopped: str = "completed"

    @property
    def train_mse(self) -> list[float]:
        """Mean squared error over the training set during each pass."""
        return [record.train_mse for record in self.records]

    @property
    def validation_mse(self) -> list[float]:
        """Mean squared error of the validation set after each pass; empty without one."""
        return [record.validation_mse for record in self.records if record.validation_mse is not None]

    @property
    def learning_rate(self) -> list[float]:
        """Rate of each pass."""
        return [record.learning_rate for record in self.records]

    @property
    def seconds(self) -> list[float]:
        """Duration of each pass, validation not included."""
        return [record.seconds for record in self.records]

    @property
    def epochs(self) -> int:
        """Completed epochs."""
        return len(self.records)

    @property
    def stalled(self) -> bool:
        """Whether the second half of the epochs, twenty at least, lowered the error by less than a thousandth."""
        half = self.epochs // 2
        return half >= STALL and min(self.train_mse[half:]) > 0.999 * min(self.train_mse[:half])
