"""The fast recipe: one layer trained in coordinates in which all directions of the spectra are equally strong.

The singular values of a system matrix span decades, and gradient descent takes as many times longer along the weak
directions: the paper's hundreds of passes. With the spectra mapped to orthogonal coordinates of the same strength a
single pass does. The map is linear, so it is folded into the weights afterwards, and what is left is the same network,
honestly trained.

Nothing here calls BLAS: its threads would go on spinning for tens of milliseconds and take the cores from the pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mpifast.networks._whitening_loops import directions_of
from mpifast.networks.scaling import Scaling
from mpifast.networks.training import Callback, History, Trainer

if TYPE_CHECKING:
    from mpifast.networks.network import Network

SAMPLES = 4  # for each input, that measure the directions; with 20 the error of a noisy first pass is a tenth lower
EPOCHS = 4
Pair = tuple[np.ndarray, np.ndarray]  # spectra and phantoms
DECAY = 0.4  # of the rate from epoch to epoch: high to get near, low to average the noise


@dataclass(frozen=True)
class Whitening:
    """A linear map of scaled spectra, x' = T^T x, and the one back on the space they span.

    Attributes
    ----------
    forward, back : ndarray
        T and its pseudo-inverse, transposed: float64[inputs, rank].
    """

    forward: np.ndarray
    back: np.ndarray

    @classmethod
    def measure(cls, scaling: Scaling, spectra: np.ndarray) -> Whitening:
        """Orthogonal directions of a training set, about zero and not about its mean, for there may be no bias to take
        that up.

        Directions weaker than the rounding of the spectra, or of this, are left out.
        """
        rows = scaling.apply(spectra[: SAMPLES * spectra.shape[1]].astype(np.float64)).T
        inputs, samples = rows.shape
        triangle, inverse, _ = directions_of(
            rows, max(4.0 * np.finfo(spectra.dtype).eps, inputs * np.finfo(np.float64).eps)
        )
        if not len(triangle):
            raise ValueError(
                f"the first {samples} spectra are zero, or too large to be squared: recipe='fast' needs some signal, use recipe='paper'"
            )
        return cls(inverse * np.sqrt(samples), triangle.T / np.sqrt(samples))

    def enter(self, network: Network) -> Network:
        """The same network in white coordinates; one that is not trained yet begins from zero."""
        rank = self.forward.shape[1]
        white = type(network)(
            rank, network.outputs, activation=network.activations, scaling="none", bias=network.bias, dtype=network.dtype, weight_range=0.0,
            seed=network.seed,
        )  # fmt: skip
        white.epochs_trained = network.epochs_trained
        if network.epochs_trained:
            weights = np.einsum("oi,ir->or", network.weights[0], self.back)
            white._net = white._padded([np.column_stack([weights, *network.biases])])
        return white

    def leave(self, white: Network, network: Network) -> None:
        """Fold the map into the network's weights."""
        weights = np.einsum("or,ir->oi", white.weights[0], self.forward)
        network._net = network._padded([np.column_stack([weights, *white.biases]).astype(network.dtype)])
        network.epochs_trained = white.epochs_trained


def suits(network: Network, checkpoint: Any) -> bool:
    """True, or an error that says why not."""
    if network.activations != ("sigmoid",):
        raise ValueError(
            f"recipe='fast' is for one layer of sigmoid units, this network is {network!r}: use recipe='paper'"
        )
    if checkpoint is not None:
        raise ValueError(
            f"checkpoint={str(checkpoint)!r}: the fast recipe takes seconds and keeps none; leave it out, or use recipe='paper'"
        )
    return True


def fit(
    network: Network, samples: Pair, epochs: int, learning_rate: Any, batch_size: int, shuffle: bool, validation: Pair | None,
    callback: Callback | None, progress: bool | None, threads: int,
) -> History:  # fmt: skip
    """`mpifast.Network.fit` in white coordinates; the network's own weights are up to date after each epoch."""
    scaling, (u, c) = network.scaling, samples
    assert scaling is not None
    whitening = Whitening.measure(scaling, u)
    white = whitening.enter(network)

    def fold(_: Network, history: History) -> Any:
        whitening.leave(white, network)
        return callback is not None and callback(network, history)

    if validation is not None:
        validation = scaling.times(validation[0], whitening.forward, threads), validation[1]
    trainer = Trainer(
        white, white._samples(scaling.times(u, whitening.forward, threads), c), batch_size, shuffle, threads
    )
    return trainer.run(epochs, learning_rate, validation, fold, None, progress)


def rate(epoch: int) -> float:
    """Learning rate of an epoch of the fast recipe."""
    return float(DECAY**epoch)
