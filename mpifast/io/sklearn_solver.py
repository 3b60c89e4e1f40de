"""Solvers as scikit-learn estimators, so that its searches tune alpha.

The extra ``sklearn`` installs what it needs: ``python -m pip install "mpifast[sklearn]"``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mpifast.physics.array_system import as_system
from mpifast.physics.linear_system import LinearSystem
from mpifast.solvers.by_name import solver

try:
    from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
    from sklearn.utils.validation import check_is_fitted, validate_data
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        'mpifast.SolverRegressor needs scikit-learn: python -m pip install "mpifast[sklearn]"'
    ) from error

# Parameters that only some solvers have; None leaves the solver its own default.
OPTIONS = ("alpha", "rank", "choice", "relative", "nonnegative", "iterations", "tolerance", "weights", "threads")


class SolverRegressor(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """A solver of u = S c as a scikit-learn regressor: for grid searches and cross-validation.

    The system is given, so `fit` learns nothing but checks spectra and phantoms; what there is to learn are the
    parameters. `score` is the coefficient of determination R^2, the mean over the voxels.

    Parameters
    ----------
    system : LinearSystem or array_like
        The system, or its matrix. Copies made by scikit-learn (`sklearn.base.clone`) share it.
    solver : {"tikhonov", "kaczmarz", "tsvd", "sparse", "nnls", "fused-lasso"}, optional
        The name of a solver.
    alpha, rank, choice, relative, nonnegative, iterations, tolerance, weights, threads : optional
        As for the solver; None: its default.

    Attributes
    ----------
    system_ : LinearSystem
        The system.
    n_features_in_ : int
        Inputs: the real equations of the system.

    Examples
    --------
    >>> import mpifast
    >>> from sklearn.model_selection import GridSearchCV
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> u, c = mpifast.Spectra(system, seed=7, snr_db=25.0)[:200]
    >>> search = GridSearchCV(mpifast.SolverRegressor(system), {"alpha": [1e-3, 1e1, 1e5]}, cv=2).fit(u, c)
    >>> search.best_params_, search.predict(u).shape
    ({'alpha': 10.0}, (200, 129))
    """

    def __init__(
        self,
        system: Any,
        solver: str = "tikhonov",
        *,
        alpha: Any = None,
        rank: int | None = None,
        choice: str | None = None,
        relative: bool | None = None,
        nonnegative: bool | None = None,
        iterations: int | None = None,
        tolerance: float | None = None,
        weights: Any = None,
        threads: int | None = None,
    ) -> None:
        self.system = system
        self.solver = solver
        self.alpha = alpha
        self.rank = rank
        self.choice = choice
        self.relative = relative
        self.nonnegative = nonnegative
        self.iterations = iterations
        self.tolerance = tolerance
        self.weights = weights
        self.threads = threads

    def fit(self, X: Any, y: Any) -> SolverRegressor:
        """Check the parameters, and that spectra and phantoms are those of the system.

        Parameters
        ----------
        X : array_like
            float[n, equations], spectra in the order of `LinearSystem.real` (`LinearSystem.to_real` brings complex ones
            into it).
        y : array_like
            [n, voxels], or [n] for a single voxel: phantoms.

        Returns
        -------
        SolverRegressor
            This one.

        Raises
        ------
        TypeError, ValueError
            If an argument or a parameter is of the wrong type, shape or range, or not finite.

        Examples
        --------
        >>> import mpifast
        >>> regressor = mpifast.SolverRegressor([[1.0, 0.0], [1.0, 2.0]], alpha=0.0)
        >>> regressor.fit([[1.0, 3.0]], [[1, 1]]).predict([[1.0, 1.0]]).round(9) + 0.0
        array([[1., 0.]])
        """
        u, c = validate_data(self, X, y, multi_output=True, y_numeric=True)
        system = as_system("system", self.system)
        if u.shape[1] != len(system.equations) or c[:1].size != system.voxels:
            raise ValueError(
                f"X has {u.shape[1]} features and y {c[:1].size} outputs, expected {len(system.equations)} and "
                f"{system.voxels}: the real equations and the voxels of the system"
            )
        self._solve(system)(u[:0])  # checks the parameters
        self.system_, self._image_shape = system, c.shape[1:]
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Images of spectra.

        Parameters
        ----------
        X : array_like
            float[n, equations].

        Returns
        -------
        ndarray
            float64[n, voxels], or float64[n] if `fit` had one-dimensional targets.

        Raises
        ------
        TypeError, ValueError
            If ``X`` is not a finite real [n, equations] array, or `fit` has not been called
            (`sklearn.exceptions.NotFittedError`).

        Warns
        -----
        ConvergenceWarning
            If an iterative solver stops at its limit of iterations.

        Examples
        --------
        >>> import mpifast
        >>> mpifast.SolverRegressor([[2.0]], "nnls").fit([[1.0]], [0.5]).predict([[3.0]])
        array([1.5])
        """
        check_is_fitted(self)
        u = validate_data(self, X, reset=False)
        images: np.ndarray = self._solve(self.system_)(u)
        return images.reshape(len(u), *self._image_shape)

    def _solve(self, system: LinearSystem) -> Any:
        given = {name: getattr(self, name) for name in OPTIONS}
        return solver(self.solver, {name: value for name, value in given.items() if value is not None}, system)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True  # on data that are not of the system: nothing is learnt from them
        return tags

    def __sklearn_clone__(self) -> SolverRegressor:
        # Parameters are only read: a copy for each candidate and fold would decompose the system again.
        return type(self)(**self.get_params(deep=False))
