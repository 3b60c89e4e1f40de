"""scikit-learn as a peer: a pass of MLPRegressor, by gradient descent without momentum, penalty or shuffling."""

from typing import Any

import numpy as np
from sklearn.neural_network import MLPRegressor

import mpifast
from benchmarks import problems
from benchmarks.pairs import Errors, Pair, deviation
from mpifast import reference

RATE = 0.01
LOOPED = 1_000  # samples that batches of one are timed on: their cost a sample is constant


def regressor(batch: int, shape: problems.Shape = problems.PAPER) -> Pair:
    """A pass of batches of this size; outputs are linear, as MLPRegressor's are, and units have a bias."""
    u, c = problems.data(None, shape)
    count = LOOPED if batch == 1 else len(u)
    net = network(shape)
    net.fit(u, c, epochs=0)
    inputs, targets = net.scaling.apply(u), c.astype(np.float32)

    def peer(_: int) -> None:
        trained.partial_fit(inputs[:count], targets[:count])

    def verify(threads: int) -> Errors:
        """Weights after a pass of a few samples, against the slow twin in float64."""
        few = min(problems.VERIFIED, count)
        ours, theirs = network(shape), estimator(batch, inputs, targets, shape)
        start = [np.column_stack([w, b]).astype(np.float64) for w, b in zip(ours.weights, ours.biases, strict=True)]
        theirs.coefs_ = [weights.T.copy() for weights in ours.weights]
        theirs.intercepts_ = [bias.copy() for bias in ours.biases]
        theirs.partial_fit(inputs[:few], targets[:few])
        ours.fit(u[:few], c[:few], epochs=1, learning_rate=RATE, batch_size=batch, threads=threads)
        scaled = ours.scaling.apply(u[:few].astype(np.float64))
        exact = reference.train(start, [False, True], True, scaled, c[:few], RATE, batch)[0]
        return Errors(
            max(deviation(w, e[:, :-1]) for w, e in zip(ours.weights, exact, strict=True)),
            max(deviation(w.T, e[:, :-1]) for w, e in zip(theirs.coefs_, exact, strict=True)),
        )

    trained = estimator(batch, inputs, targets, shape)
    timed = "" if count == len(u) else f", on {count:,} samples"
    return Pair(
        "",
        f"training pass, hidden layer, batches of {batch}",
        f"scikit-learn MLPRegressor{timed}",
        shape.named(hidden=True),
        lambda threads: net.fit(u, c, epochs=1, learning_rate=RATE, batch_size=batch, threads=threads),
        peer,
        verify,
        problems.SINGLE,
        part=count / len(u),
    )


def network(shape: problems.Shape) -> Any:
    """Ours, with the regressor's activations."""
    return mpifast.Network(
        shape.harmonics,
        shape.voxels,
        shape.hidden,
        activation=("sigmoid", "linear"),
        scaling="sample",
        bias=True,
        seed=1,
    )


def estimator(batch: int, inputs: np.ndarray, targets: np.ndarray, shape: problems.Shape) -> MLPRegressor:
    """Theirs, ready to go on."""
    estimator = MLPRegressor(
        hidden_layer_sizes=(shape.hidden,),
        activation="logistic",
        solver="sgd",
        alpha=0.0,
        batch_size=batch,
        learning_rate_init=RATE,
        momentum=0.0,
        nesterovs_momentum=False,
        shuffle=False,
        random_state=1,
    )
    return estimator.partial_fit(inputs[:batch], targets[:batch])
