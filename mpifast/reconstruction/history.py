"""What a training run leaves behind, pass by pass."""

from __future__ import annotations

from dataclasses import dataclass, field


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
