"""What a user should know of a training: before it begins, and when it has ended."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mpifast.metrics import mean_square
from mpifast.networks.history import History
from mpifast.networks.state import NetworkState
from mpifast.networks.training import Data, Plan, predict

BEGUN = 4  # epochs: a shorter training has only begun, and is not judged by its errors


def before(state: NetworkState, data: Data) -> Iterator[str]:
    """Of targets that the network cannot reach."""
    if state.architecture.activations[-1] == "sigmoid":
        unsigned = data.phantoms.dtype == np.uint8
        low, high = 0.0 if unsigned else float(data.phantoms.min()), float(data.phantoms.max())
        if low < 0.0 or high > 1.0:
            yield (
                f"phantoms lie between {low:g} and {high:g}, the images of sigmoid outputs between 0 and 1: scale the "
                "phantoms, or make the network with activation='linear' for the outputs"
            )


def after(state: NetworkState, history: History, data: Data, plan: Plan) -> Iterator[str]:
    """Of a training that was cut off, or came to little."""
    if history.stopped == "interrupted":
        kept = "the last one" if plan.patience is None else "the best one"
        yield (
            f"the training was interrupted after {history.epochs} completed epochs: the network keeps the weights of "
            f"{kept}"
        )
    if history.stopped in ("interrupted", "callback") or not history.records:
        return
    if history.stalled:
        yield (
            f"the training has stalled: its error has not fallen by a thousandth in the last {history.epochs // 2} "
            f"epochs (MSE {history.train_mse[-1]:.3g}); if that is not the noise, try a lower learning rate, another "
            "scaling or other initial weights"
        )
    errors = history.validation_mse
    if history.best_epoch == 0 and (len(errors) >= BEGUN or history.stopped == "patience"):
        cure = "" if plan.patience is not None else ", or patience= to keep the best weights"
        yield (
            f"the validation error rises from the first epoch on, from {errors[0]:.3g} to {errors[-1]:.3g}: the "
            f"network overfits; use more samples or a lower learning rate{cure}"
        )
    variance = data.variance() if state.epochs >= BEGUN else 0.0
    if history.train_mse[-1] > variance > 0.0:  # during the pass, which is cheap; so the error after it
        spectra, phantoms = data.some
        error = mean_square(predict(state, spectra, plan.threads), phantoms)
        if error > variance:
            yield (
                f"the network is worse than the mean image: its error over the training set is {error:.3g}, that of "
                f"the mean of the phantoms {variance:.3g}; train for more epochs, or try a lower learning rate, a "
                "bias or another scaling"
            )
