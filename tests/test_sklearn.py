"""The estimator against scikit-learn itself: its own checks, pipelines, grid searches, clones and scores."""

import numpy as np
import pytest
import scipy.sparse
import sklearn.base
import sklearn.exceptions
import sklearn.metrics
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import mpifast

# Its name, and why it does not apply: listed in docs/scikit-learn.md.
NOT_FOR_FLOAT32 = {
    "check_regressor_multioutput": "asks for float64 predictions; images are of the type asked for, float32 by default"
}


@pytest.fixture(scope="module")
def data(small_system):
    return mpifast.Spectra(small_system, seed=7)[:400]


@pytest.mark.filterwarnings(
    "ignore:Estimator SpectrumRegressor does not inherit:UserWarning"
)  # duck typing: no dependency
@pytest.mark.filterwarnings("ignore::mpifast.TrainingWarning")  # the checks' data are not spectra
@pytest.mark.parametrize(
    ("options", "exceptions"),
    [
        ({}, NOT_FOR_FLOAT32),
        ({"dtype": "float64", "activation": "linear", "bias": True, "scaling": "standard", "learning_rate": 0.01}, {}),
    ],
    ids=["default", "linear"],
)
def test_check_estimator(options, exceptions):
    results = check_estimator(
        mpifast.SpectrumRegressor(**options), expected_failed_checks=exceptions, on_fail="raise", on_skip=None
    )
    status = {result["check_name"]: result["status"] for result in results}
    assert [name for name, found in status.items() if found == "xfail"] == list(exceptions)
    # What scikit-learn skips where pandas or the array API is missing.
    assert {name for name, found in status.items() if found == "skipped"} <= {
        "check_array_api_input",
        "check_regressor_data_not_an_array",
    }
    assert sum(found == "passed" for found in status.values()) > 40


def test_is_the_network(data):
    u, c = data
    network = mpifast.Network(14, 11, hidden=5, bias=True, seed=2)
    history = network.fit(u, c, epochs=3, learning_rate=0.2)
    regressor = mpifast.SpectrumRegressor(hidden=5, bias=True, seed=2, epochs=3, learning_rate=0.2)
    assert regressor.fit(u, c) is regressor
    np.testing.assert_array_equal(regressor.predict(u), network.predict(u))
    assert regressor.history_.train_mse == history.train_mse
    assert regressor.n_features_in_ == 14


def test_one_voxel(data):
    u, c = data
    flat = mpifast.SpectrumRegressor(epochs=2).fit(u, c[:, 5])
    assert flat.predict(u).shape == (400,)
    np.testing.assert_array_equal(
        flat.predict(u), mpifast.SpectrumRegressor(epochs=2).fit(u, c[:, 5:6]).predict(u)[:, 0]
    )


def test_score_is_that_of_scikit_learn(data, random):
    u, c = data
    c = c.copy()
    c[:, 3] = 1  # a voxel that never changes
    regressor, weight = mpifast.SpectrumRegressor(epochs=5).fit(u, c), random.random(400)
    assert regressor.score(u, c) == pytest.approx(sklearn.metrics.r2_score(c, regressor.predict(u)), abs=1e-6)
    expected = sklearn.metrics.r2_score(c, regressor.predict(u), sample_weight=weight)
    assert regressor.score(u, c, sample_weight=weight) == pytest.approx(expected, abs=1e-6)


def test_clone_and_parameters():
    regressor = mpifast.SpectrumRegressor(hidden=[7], epochs=3)
    assert sklearn.base.clone(regressor).get_params() == regressor.get_params()
    assert sklearn.base.is_regressor(regressor)
    assert repr(regressor) == "SpectrumRegressor(hidden=[7], epochs=3)"
    assert regressor.set_params(epochs=9) is regressor
    assert regressor.get_params()["epochs"] == 9


def test_pipeline_and_grid_search(data):
    u, c = data
    pipeline = make_pipeline(StandardScaler(), mpifast.SpectrumRegressor(scaling="none", epochs=10))
    search = GridSearchCV(pipeline, {"spectrumregressor__learning_rate": [1e-6, 0.2]}, cv=3).fit(u, c)
    assert search.best_params_ == {"spectrumregressor__learning_rate": 0.2}
    assert search.score(u, c) > search.cv_results_["mean_test_score"].min()
    assert search.predict(u).shape == c.shape


def test_cross_validation_in_processes(data):
    regressor = mpifast.SpectrumRegressor(epochs=3)
    serial, parallel = (cross_val_score(regressor, *data, cv=2, n_jobs=jobs) for jobs in (1, 2))
    np.testing.assert_array_equal(serial, parallel)


def test_works_without_scikit_learn(run_python):
    code = (
        "import sys; sys.modules['sklearn'] = None; import mpifast, numpy;"
        "r = mpifast.SpectrumRegressor(epochs=1)\n"
        "try: r.predict(numpy.ones((4, 3)))\n"
        "except ValueError as error: print(type(error).__name__, error)\n"
        "X, y = numpy.eye(4), numpy.eye(4)\n"
        "print(r.set_params(epochs=2).fit(X, y).predict(X).shape, r.score(X, y) <= 1)"
    )
    done = run_python("-c", code)
    assert done.stdout.splitlines() == [
        "ValueError this SpectrumRegressor is not fitted yet: call fit first",
        "(4, 4) True",
    ], done.stderr


X, Y = np.eye(6), np.eye(6, 3)
FITTED = mpifast.SpectrumRegressor(epochs=1).fit(X, Y)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: mpifast.SpectrumRegressor().predict(X),
            sklearn.exceptions.NotFittedError,
            "not fitted yet: call fit first",
        ),
        (
            lambda: mpifast.SpectrumRegressor().set_params(rate=1),
            ValueError,
            "parameter='rate' is unknown: choose one of 'hidden'",
        ),
        (
            lambda: FITTED.fit(X[0], Y),
            ValueError,
            r"X must have two dimensions.*Reshape your data: one sample is X\[None, :\]",
        ),
        (lambda: FITTED.fit(X[:0], Y[:0]), ValueError, r"X has 0 sample\(s\)"),
        (lambda: FITTED.fit(X, None), ValueError, "requires y to be passed"),
        (lambda: FITTED.fit(X, Y[:5]), ValueError, "phantoms has 5 rows, expected 6"),
        (lambda: FITTED.fit(X, Y[:, :, None]), ValueError, r"y has shape \(6, 3, 1\)"),
        (lambda: FITTED.fit(X * 1j, Y), ValueError, "Complex data not supported"),
        (lambda: FITTED.fit(np.where(X == 1, np.nan, X), Y), ValueError, "X is not finite"),
        (lambda: FITTED.fit(X, Y * np.inf), ValueError, "y is not finite"),
        (lambda: FITTED.fit(scipy.sparse.csr_array(X), Y), TypeError, r"X is sparse: make it dense with X.toarray\(\)"),
        (lambda: FITTED.fit([["a"]], [1]), TypeError, "X must hold real numbers"),
        (
            lambda: FITTED.predict(X[:, :4]),
            ValueError,
            "X has 4 features, but SpectrumRegressor is expecting 6 features as input",
        ),
        (lambda: FITTED.score(X, Y[:, :2]), ValueError, r"y has shape \(6, 2\), expected \(6, 3\)"),
        (lambda: FITTED.score(X, Y, np.zeros(6)), ValueError, "sample_weight is zero"),
        (lambda: FITTED.score(X, Y, np.ones(5)), ValueError, r"sample_weight has shape \(5,\)"),
        (lambda: mpifast.SpectrumRegressor(epochs=-1).fit(X, Y), ValueError, "epochs=-1"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value encountered in multiply")  # 0 * infinity, in the making of the input
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
