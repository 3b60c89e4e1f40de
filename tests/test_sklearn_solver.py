"""Solvers as estimators, against scikit-learn itself: its own checks, grid searches, clones and scores."""

import inspect

import numpy as np
import pytest
import sklearn.base
import sklearn.exceptions
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils.estimator_checks import check_estimator

import mpifast
from mpifast.io.sklearn_solver import OPTIONS
from mpifast.solvers.by_name import SOLVERS

WRONG_SHAPE = "the real equations and the voxels of the system"


class AnyShape(mpifast.SolverRegressor):
    """The estimator with a system of whatever shape the data have: the checks bring data of many."""

    def __init__(self, system=None, solver="tikhonov", *, alpha=None):
        super().__init__(system, solver, alpha=alpha)

    def fit(self, X, y):
        X, y = sklearn.utils.validation.check_X_y(X, y, multi_output=True, y_numeric=True, estimator=self)
        voxels = y[:1].size
        given, self.system = self.system, np.random.default_rng(0).normal(size=(X.shape[1], voxels))
        try:
            return super().fit(X, y)
        finally:
            self.system = given


@pytest.fixture(scope="module")
def data(small_system):
    return mpifast.Spectra(small_system, seed=7, snr_db=20.0, dtype="float64")[:200]


def test_check_estimator_on_data_of_its_system():
    """All checks, with a system for each data set."""
    results = check_estimator(AnyShape(alpha=0.1), on_fail=None, on_skip=None)
    failed = {result["check_name"]: str(result["exception"]) for result in results if result["status"] == "failed"}
    assert failed == {}
    assert sum(result["status"] == "passed" for result in results) > 40


def test_check_estimator_on_other_data_fails_by_the_shape_alone(small_system):
    results = check_estimator(mpifast.SolverRegressor(small_system, alpha=0.1), on_fail=None, on_skip=None)
    failed = [result for result in results if result["status"] == "failed"]
    assert failed
    for result in failed:
        error = result["exception"]
        while error is not None and WRONG_SHAPE not in str(error):
            error = error.__cause__ or error.__context__
        assert error is not None, result["check_name"]


def test_parameters_are_those_of_the_solvers():
    own = set(inspect.signature(mpifast.SolverRegressor).parameters) - {"system", "solver"}
    assert own == set(OPTIONS)
    known = {name for solve in SOLVERS.values() for name in inspect.signature(solve).parameters}
    assert own <= known


@pytest.mark.parametrize("solver", [name for name in SOLVERS if name != "plug-and-play"])  # which needs a denoiser
def test_is_the_solver(solver, small_system, data):
    u, c = data
    options = {"iterations": 20, "tolerance": 0.0} if solver in ("kaczmarz", "sparse", "fused-lasso") else {}
    regressor = mpifast.SolverRegressor(small_system, solver, **options)
    assert regressor.fit(u, c) is regressor
    np.testing.assert_array_equal(regressor.predict(u), SOLVERS[solver](small_system, u, **options))
    assert regressor.n_features_in_ == 14


def test_grid_search_finds_alpha(small_system, data):
    u, c = data
    alphas = [1e-9, 0.3, 1e6]
    search = GridSearchCV(
        mpifast.SolverRegressor(small_system), {"alpha": alphas}, scoring="neg_mean_squared_error", cv=2
    ).fit(u, c)
    errors = [np.square(mpifast.tikhonov(small_system, u, alpha=alpha) - c).mean() for alpha in alphas]
    np.testing.assert_allclose(-search.cv_results_["mean_test_score"], errors, rtol=1e-9)
    assert search.best_params_ == {"alpha": 0.3}
    solvers = GridSearchCV(mpifast.SolverRegressor(small_system), {"solver": ["tsvd", "nnls"]}, cv=2).fit(u, c)
    assert solvers.best_params_["solver"] in ("tsvd", "nnls")


def test_clones_share_the_system(small_system):
    regressor = mpifast.SolverRegressor(small_system, "tsvd", rank=3)
    copy = sklearn.base.clone(regressor)
    assert copy is not regressor
    assert copy.system is small_system
    assert copy.get_params() == regressor.get_params()
    assert sklearn.base.is_regressor(regressor)
    assert "solver='tsvd'" in repr(regressor)


def test_cross_validation_in_processes(small_system, data):
    regressor = mpifast.SolverRegressor(small_system, alpha=0.3)
    serial, parallel = (cross_val_score(regressor, *data, cv=2, n_jobs=jobs) for jobs in (1, 2))
    np.testing.assert_allclose(serial, parallel, rtol=1e-12)


def test_one_voxel():
    regressor = mpifast.SolverRegressor([[2.0], [1.0]], alpha=0.0).fit([[2.0, 1.0]], [1.0])
    np.testing.assert_allclose(regressor.predict([[4.0, 2.0], [0.0, 0.0]]), [2.0, 0.0])


def test_without_scikit_learn_the_extra_is_named(run_python):
    code = "import sys; sys.modules['sklearn'] = None; import mpifast; mpifast.SolverRegressor"
    assert 'needs scikit-learn: python -m pip install "mpifast[sklearn]"' in run_python("-c", code).stderr


X, Y = np.eye(6), np.eye(6)


@pytest.mark.parametrize(
    ("options", "call", "error", "message"),
    [
        ({}, lambda it: it.predict(X), sklearn.exceptions.NotFittedError, "is not fitted yet"),
        ({}, lambda it: it.fit(X[:, :5], Y), ValueError, "X has 5 features and y 6 outputs, expected 6 and 6"),
        ({}, lambda it: it.fit(X, Y[:, 0]), ValueError, "X has 6 features and y 1 outputs, expected 6 and 6"),
        ({}, lambda it: it.fit(X, None), ValueError, "requires y to be passed"),
        ({}, lambda it: it.fit(X * 1j, Y), ValueError, "Complex data not supported"),
        ({"solver": "ridge"}, lambda it: it.fit(X, Y), ValueError, "solver='ridge' is unknown: choose one of"),
        ({"rank": 2}, lambda it: it.fit(X, Y), ValueError, r"rank=2 \(int\) is not an option of solver='tikhonov'"),
        ({"alpha": -1.0}, lambda it: it.fit(X, Y), ValueError, "alpha=-1.0 is out of range"),
        ({"system": "S"}, lambda it: it.fit(X, Y), TypeError, "system must be a system"),
    ],
)
def test_bad_input(options, call, error, message):
    with pytest.raises(error, match=message):
        call(mpifast.SolverRegressor(**{"system": np.eye(6), **options}))
