"""The network as a scikit-learn estimator.

The extra ``sklearn`` installs what it needs: ``python -m pip install "mpifast[sklearn]"``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from mpifast.networks.network import Network, Pair
from mpifast.networks.scaling import Scaling

try:
    from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
    from sklearn.utils.validation import check_is_fitted, validate_data
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        'mpifast.SpectrumRegressor needs scikit-learn: python -m pip install "mpifast[sklearn]"'
    ) from error


class SpectrumRegressor(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """A `mpifast.Network` as a scikit-learn regressor: for pipelines, grid searches and cross-validation.

    The training set determines the numbers of inputs and outputs. `fit` checks the parameters. `score` is the
    coefficient of determination R^2, the mean over the voxels.

    Parameters
    ----------
    hidden, activation, scaling, bias, dtype, seed, weight_range
        As for `mpifast.Network`.
    epochs, learning_rate, batch_size, shuffle, recipe, validation, patience, threads
        As for `mpifast.Network.fit`. A fraction as ``validation`` is held out of each training set.

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
        hidden: int | Sequence[int] = (),
        activation: str | Sequence[str] = "sigmoid",
        scaling: str | Scaling = "harmonic",
        bias: bool = False,
        dtype: DTypeLike = "float32",
        seed: int = 0,
        weight_range: float = 0.5,
        epochs: int | None = None,
        learning_rate: float | Callable[[int], float] | None = None,
        batch_size: int = 1,
        shuffle: bool = False,
        recipe: str = "paper",
        validation: Pair | float | None = None,
        patience: int | None = None,
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
        self.recipe = recipe
        self.validation = validation
        self.patience = patience
        self.threads = threads

    def fit(self, X: ArrayLike, y: ArrayLike) -> SpectrumRegressor:
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
        KeyboardInterrupt
            If Ctrl-C ended the training: a cross-validation ends with it, and no half-trained network is scored.

        Examples
        --------
        >>> import mpifast
        >>> u, c = [[1.0, 2.0], [2.0, 1.0]], [[0, 1], [1, 0]]
        >>> mpifast.SpectrumRegressor(epochs=50).fit(u, c).predict(u).shape
        (2, 2)
        """
        u, c = validate_data(self, X, y, multi_output=True, y_numeric=True)
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
            recipe=self.recipe,
            validation=self.validation,
            patience=self.patience,
            threads=self.threads,
        )
        if history.stopped == "interrupted":
            raise KeyboardInterrupt
        self.network_, self.history_, self._image_shape = network, history, c.shape[1:]
        return self

    def predict(self, X: ArrayLike) -> np.ndarray:
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
            If ``X`` is not a finite real [n, harmonics] array, or `fit` has not been called
            (`sklearn.exceptions.NotFittedError`).

        Examples
        --------
        >>> import mpifast
        >>> regressor = mpifast.SpectrumRegressor(epochs=50).fit([[1.0, 2.0], [2.0, 1.0]], [0, 1])
        >>> regressor.predict([[1.0, 2.0]]).shape
        (1,)
        """
        check_is_fitted(self)
        u = validate_data(self, X, reset=False)
        return self.network_.predict(u, threads=self.threads).reshape(len(u), *self._image_shape)

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Coefficient of determination R^2 of the images: the mean over the voxels.

        Parameters
        ----------
        X : array_like
            float[n, harmonics], raw spectra.
        y : array_like
            [n, voxels]: phantoms.
        sample_weight : array_like, optional
            float[n], weights of the samples.

        Returns
        -------
        float
            1 for exact images, 0 for images as good as the mean phantom. R^2 compares the errors with the phantoms'
            variance: of a single sample, which has none, it is NaN, with scikit-learn's ``UndefinedMetricWarning``; use
            `mpifast.metrics.mse` there.

        Raises
        ------
        TypeError, ValueError
            If the arrays do not fit together or to the network.

        Examples
        --------
        >>> import mpifast
        >>> u, c = [[1.0, 2.0], [2.0, 1.0]], [[0, 1], [1, 0]]
        >>> mpifast.SpectrumRegressor(epochs=500).fit(u, c).score(u, c) > 0.9
        True
        """
        return float(super().score(X, y, sample_weight))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        outputs = self.activation if isinstance(self.activation, str) else self.activation[-1]
        tags.regressor_tags.poor_score = outputs == "sigmoid"  # whose images lie between 0 and 1
        return tags
