"""Early stopping: a training ends when its validation error no longer falls, and its network keeps the best weights.

The best weights are part of the state, which the records and the latest weights are too: a checkpoint has all of them,
and a training that goes on from it stops at the same epoch.
"""

from __future__ import annotations

from collections.abc import Iterator

from mpifast.networks.history import Epoch, best_epoch
from mpifast.networks.state import NetworkState


def waited(records: tuple[Epoch, ...]) -> int:
    """Epochs since the one with the least validation error."""
    best = best_epoch(records)
    return 0 if best is None else len(records) - 1 - best


def stop_early(state: NetworkState, states: Iterator[NetworkState], patience: int) -> Iterator[NetworkState]:
    """The states of a training that begins with ``state``, each with the best weights until then; they end when
    ``patience`` epochs have not lowered the validation error.
    """
    best, waiting = state.best, waited(state.records)
    errors = [record.validation_mse for record in state.records if record.validation_mse is not None]
    least = min(errors, default=float("inf"))
    while waiting < patience and (following := next(states, None)) is not None:
        error = following.records[-1].validation_mse
        if error is not None and error < least:
            best, least, waiting = following.weights, error, 0
        else:
            waiting += 1
        yield following.but(best=best)
