"""The network as a scikit-learn estimator. scikit-learn is not imported, unless it is the caller."""

from __future__ import annotations

import inspect
import sys
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.networks.network import Network
from mpifast.networks.scaling import Scaling


class SpectrumRegressor:
    """A `mpifast.Network` with scikit-learn's conventions: for pipelines, grid searches and cross-validation.

    Inputs and outputs are those of the training set. Parameters are checked by `fit`.

    Parameters
    ----------
    hidden, activation, scaling, bias, dtype, seed, weight_range
        As for `mpifast.Network`.
    epochs, learning_rate, batch_size, shuffle, threads
        As for `mpifast.Network.fit`.

    Attributes
    ----------
    network_ : Network
        The trained network.
    history_ : History
        Errors and durations of each epoch.
    n_features_in_ : int
        Inputs: harmonics.

    Examples
    --------
    >>> import mpifast
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> u, c = mpifast.Spectra(system, seed=7)[:2000]
    >>> regressor = mpifast.SpectrumRegressor(epochs=20).fit(u[:1500], c[:1500])
    >>> regressor.score(u[1500:], c[1500:]) > 0.9
    True
    >>> regressor
    SpectrumRegressor(epochs=20)
    """

    def __init__(
        self,
        *,
        hidden: Any = (),
        activation: Any = "sigmoid",
        scaling: str | Scaling = "harmonic",
        bias: bool = False,
        dtype: Any = "float32",
        seed: int = 0,
        weight_range: float = 0.5,
        epochs: int = 100,
        learning_rate: Any = 0.5,
        batch_size: int = 1,
        shuffle: bool = False,
        threads: int | None = None,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.scaling = scaling
        self.bias = bias
        self.dtype = dtype
        self.seed = seed
        self.weight_range = weight_range
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.threads = threads

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters by name; ``deep`` is there for the convention: none of them is an estimator."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def set_params(self, **params: Any) -> SpectrumRegressor:
        """Set parameters by name; the next `fit` checks their values.

        Raises
        ------
        ValueError
            If there is no such parameter.
        """
        known = self.get_params()
        for name in params:
            check.choice("parameter", name, known)
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def fit(self, X: Any, y: Any) -> SpectrumRegressor:
        """Train a new network.

        Parameters
        ----------
        X : array_like
            float[n, harmonics], raw spectra.
        y : array_like
            [n, voxels], or [n] for a single voxel: phantoms.

        Returns
        -------
        SpectrumRegressor
            This one.

        Raises
        ------
        TypeError, ValueError
            If an argument or a parameter is of the wrong type, shape or range, or not finite.
        FloatingPointError
            If the training diverges.
        """
        u, c = check.features("X", X), check.targets("y", y)
        network = Network(
            inputs=u.shape[1],
            outputs=c[:1].size,
            hidden=self.hidden,
            activation=self.activation,
            scaling=self.scaling,
            bias=self.bias,
            dtype=self.dtype,
            seed=self.seed,
            weight_range=self.weight_range,
        )
        history = network.fit(
            u,
            c.reshape(len(c), -1),
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            shuffle=self.shuffle,
            threads=self.threads,
        )
        self.network_, self.history_, self.n_features_in_ = network, history, network.inputs
        self._image_shape = c.shape[1:]
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Images of raw spectra.

        Parameters
        ----------
        X : array_like
            float[n, harmonics].

        Returns
        -------
        ndarray
            dtype[n, voxels], or dtype[n] if the training set had one-dimensional targets.

        Raises
        ------
        TypeError, ValueError
            If ``X`` is not a finite real [n, harmonics] array, or `fit` has not been called.
        """
        if not hasattr(self, "network_"):
            raise _not_fitted()("this SpectrumRegressor is not fitted yet: call fit first")
        u = check.features("X", X)
        if u.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {u.shape[1]} features, but SpectrumRegressor is expecting {self.n_features_in_} features as input"
            )
        return self.network_.predict(u, threads=self.threads).reshape(len(u), *self._image_shape)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Coefficient of determination R^2, the mean over the voxels: 1 at best, 0 for the mean image.

        Parameters
        ----------
        X, y
            As for `fit`.
        sample_weight : array_like, optional
            float[n], weight of each sample.

        Returns
        -------
        float
            A voxel that never changes counts 1 if it is right to the last bit, else 0, as in scikit-learn.

        Raises
        ------
        TypeError, ValueError
            As for `predict`, and if ``y`` does not belong to ``X`` or there are fewer than two samples.
        """
        images, phantoms = self.predict(X).astype(np.float64), check.targets("y", y).astype(np.float64)
        if images.shape != phantoms.shape or len(images) < 2:
            raise ValueError(f"y has shape {phantoms.shape}, expected {images.shape}, and at least two samples")
        weight = check.per_row("sample_weight", 1.0 if sample_weight is None else sample_weight, len(images), low=0.0)
        if not weight.any():
            raise ValueError("sample_weight is zero for all samples: give at least one a weight")
        images, phantoms = images.reshape(len(images), -1), phantoms.reshape(len(images), -1)
        residual = np.average((phantoms - images) ** 2, axis=0, weights=weight)
        variance = np.average((phantoms - np.average(phantoms, axis=0, weights=weight)) ** 2, axis=0, weights=weight)
        constant = variance == 0.0
        return float(np.where(constant, residual == 0.0, 1.0 - residual / np.where(constant, 1.0, variance)).mean())

    def __repr__(self) -> str:
        parameters = inspect.signature(type(self)).parameters
        changed = (
            f"{name}={value!r}" for name, value in self.get_params().items() if value is not parameters[name].default
        )
        return f"SpectrumRegressor({', '.join(changed)})"

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn may expect; only it asks."""
        from sklearn.utils import InputTags, RegressorTags, Tags, TargetTags

        outputs = self.activation if isinstance(self.activation, str) else self.activation[-1]
        return Tags(
            estimator_type="regressor",
            target_tags=TargetTags(required=True, multi_output=True),
            regressor_tags=RegressorTags(poor_score=outputs == "sigmoid"),  # whose images lie between 0 and 1
            input_tags=InputTags(),
        )


def _not_fitted() -> type[ValueError]:
    """scikit-learn's error where scikit-learn is in use: its tools look for it. It is a ValueError too."""
    module = sys.modules.get("sklearn.exceptions")
    return ValueError if module is None else module.NotFittedError
