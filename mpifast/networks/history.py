"""What a training has done: one record an epoch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mpifast import _display

STALL = 20  # epochs without progress
SHOWN = 10  # epochs in a table


class TrainingWarning(UserWarning):
    """A training that has stalled, was interrupted, overfits, ended worse than the mean of its targets, or has targets
    that its network cannot reach.

    Examples
    --------
    >>> import mpifast, warnings
    >>> warnings.simplefilter("error", mpifast.TrainingWarning)  # stop instead of warning
    >>> warnings.simplefilter("default", mpifast.TrainingWarning)
    """


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
        Duration of the pass, without its validation and without the compilation of its loops.
    """

    train_mse: float
    validation_mse: float | None
    learning_rate: float
    seconds: float

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (type(value) is float and math.isfinite(value)) and not (name == "validation_mse" and value is None):
                raise ValueError(f"{name} of an epoch is {value!r}, expected a finite float")


def best_epoch(records: tuple[Epoch, ...]) -> int | None:
    """Place of the first record with the least validation error; None if no epoch was validated."""
    errors = [(record.validation_mse, i) for i, record in enumerate(records) if record.validation_mse is not None]
    return min(errors)[1] if errors else None


@dataclass(frozen=True, repr=False)
class History(_display.Shown):
    """Record of a call of `mpifast.Network.fit`.

    The lists `train_mse`, `validation_mse`, `learning_rate` and `seconds` are made from the records, so that they agree
    with each other and with the network at any time, Ctrl-C included.

    Attributes
    ----------
    records : tuple of Epoch
        The completed epochs.
    stopped : str
        "completed", "patience" (early stopping), "callback" or "interrupted" (Ctrl-C).

    Examples
    --------
    >>> from mpifast.networks.history import Epoch, History
    >>> history = History((Epoch(0.1, None, 0.5, 2.0), Epoch(0.05, None, 0.5, 2.0)))
    >>> history.epochs, history.train_mse, history.validation_mse
    (2, [0.1, 0.05], [])
    >>> history
    History(2 epochs, completed, train_mse=0.05)
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
        """Duration of each pass, without its validation and without the compilation of its loops."""
        return [record.seconds for record in self.records]

    @property
    def epochs(self) -> int:
        """Completed epochs."""
        return len(self.records)

    @property
    def best_epoch(self) -> int | None:
        """The epoch, counted from 0, with the least validation error; None without validation."""
        return best_epoch(self.records)

    @property
    def stalled(self) -> bool:
        """Whether the second half of the epochs, twenty at least, lowered the error by less than a thousandth."""
        half = self.epochs // 2
        return half >= STALL and min(self.train_mse[half:]) > 0.999 * min(self.train_mse[:half])

    def __repr__(self) -> str:
        facts = [f"{self.epochs} epochs", self.stopped]
        if self.records:
            facts.append(f"train_mse={self.train_mse[-1]:.3g}")
        if self.best_epoch is not None:
            facts.append(f"validation_mse={self.validation_mse[-1]:.3g}, best_epoch={self.best_epoch}")
        return f"History({', '.join(facts)})"

    def _table(self) -> str:
        best, last = self.best_epoch, self.epochs - 1
        step = max(-(-self.epochs // SHOWN), 1)
        shown = sorted({*range(0, self.epochs, step), *(place for place in (best, last) if place is not None)} - {-1})
        rows = [
            (
                f"{place} (best)" if place == best else place,
                f"{record.train_mse:.4g}",
                "" if record.validation_mse is None else f"{record.validation_mse:.4g}",
                f"{record.learning_rate:.3g}",
                f"{record.seconds:.3g}",
            )
            for place, record in ((place, self.records[place]) for place in shown)
        ]
        header = ("epoch", "train_mse", "validation_mse", "learning_rate", "seconds")
        return _display.table(f"History: {self.epochs} epochs, {self.stopped}", rows, header)
