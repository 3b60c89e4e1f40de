"""The estimator against scikit-learn itself: its own checks, pipelines, grid searches, clones and scores."""

import signal
import warnings

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


def test_the_score_of_one_sample_is_not_defined(data):
    u, c = data
    regressor = mpifast.SpectrumRegressor(epochs=5).fit(u, c)
    with pytest.warns(sklearn.exceptions.UndefinedMetricWarning, match="less than two samples"):
        assert np.isnan(regressor.score(u[:1], c[:1]))
    with pytest.raises(ValueError, match="Expected 2D array, got 1D array"):
        regressor.score(u[0], c[0])


def test_the_options_of_fit(data):
    u, c = data
    network = mpifast.Network(14, 11, (30,), seed=2)
    history = network.fit(u, c, epochs=50, learning_rate=2.0, validation=0.25, patience=2)
    options = {"hidden": 30, "seed": 2, "epochs": 50, "learning_rate": 2.0, "validation": 0.25, "patience": 2}
    regressor = mpifast.SpectrumRegressor(**options).fit(u, c)
    assert regressor.history_.validation_mse == history.validation_mse
    np.testing.assert_array_equal(regressor.predict(u), network.predict(u))
    fast = mpifast.SpectrumRegressor(recipe="fast").fit(u, c)
    expected = mpifast.Network(14, 11)
    expected.fit(u, c, recipe="fast")
    np.testing.assert_array_equal(fast.predict(u), expected.predict(u))
    with pytest.raises(ValueError, match="patience=2 needs validation"):
        mpifast.SpectrumRegressor(patience=2).fit(u, c)


def test_clone_and_parameters():
    regressor = mpifast.SpectrumRegressor(hidden=[7], epochs=3)
    assert sklearn.base.clone(regressor).get_params() == regressor.get_params()
    assert sklearn.base.is_regressor(regressor)
    assert repr(regressor) == "SpectrumRegressor(epochs=3, hidden=[7])"
    assert regressor.set_params(epochs=9) is regressor
    assert regressor.get_params()["epochs"] == 9


@pytest.mark.filterwarnings("ignore::mpifast.TrainingWarning")  # the lower rate is too low
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


def test_without_scikit_learn_the_extra_is_named(run_python):
    code = (
        "import sys; sys.modules['sklearn'] = None; import mpifast\n"
        "try: mpifast.SpectrumRegressor\n"
        "except ModuleNotFoundError as error: print(error)"
    )
    done = run_python("-c", code)
    assert done.stdout.strip().endswith('needs scikit-learn: python -m pip install "mpifast[sklearn]"'), done.stderr


def test_importing_the_estimator_shadows_nothing(run_python):
    code = "import mpifast.io.sklearn, sklearn.base; print(sklearn.__name__, mpifast.SpectrumRegressor.__mro__[2:4])"
    done = run_python("-c", code)
    assert done.stdout.startswith("sklearn (<class 'sklearn.base."), done.stderr


def test_column_names_are_kept_and_compared(data):
    pandas = pytest.importorskip("pandas", reason="not among the test packages")
    u, c = data
    names = [f"harmonic {k}" for k in range(1, 15)]
    regressor = mpifast.SpectrumRegressor(epochs=5).fit(pandas.DataFrame(u, columns=names), c)
    assert list(regressor.feature_names_in_) == names
    with pytest.raises(ValueError, match="feature names"):
        regressor.predict(pandas.DataFrame(u, columns=names[::-1]))


@pytest.mark.filterwarnings("ignore::mpifast.TrainingWarning")  # of the interrupted training
def test_ctrl_c_ends_a_cross_validation(data, monkeypatch):
    folds = []

    def interrupted(epoch):
        folds.append(epoch)
        if epoch == 2:
            signal.raise_signal(signal.SIGINT)
        return 0.5

    regressor = mpifast.SpectrumRegressor(epochs=5, learning_rate=interrupted)
    with pytest.raises(KeyboardInterrupt):
        cross_val_score(regressor, *data, cv=3)
    assert folds == [0, 1, 2]
    assert not hasattr(regressor, "network_")


X, Y = np.eye(6), np.eye(6, 3)


@pytest.fixture(scope="module")
def fitted():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mpifast.TrainingWarning)  # six samples are not enough
        return mpifast.SpectrumRegressor(epochs=1).fit(X, Y)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda _: mpifast.SpectrumRegressor().predict(X), sklearn.exceptions.NotFittedError, "is not fitted yet"),
        (lambda _: mpifast.SpectrumRegressor().set_params(rate=1), ValueError, "Invalid parameter 'rate'"),
        (lambda it: it.fit(X[0], Y), ValueError, "Expected 2D array, got 1D array"),
        (lambda it: it.fit(X[:0], Y[:0]), ValueError, r"0 sample\(s\)"),
        (lambda it: it.fit(X, None), ValueError, "requires y to be passed"),
        (lambda it: it.fit(X, Y[:5]), ValueError, r"inconsistent numbers of samples: \[6, 5\]"),
        (lambda it: it.fit(X, Y[:, :, None]), ValueError, "Found array with dim 3"),
        (lambda it: it.fit(X * 1j, Y), ValueError, "Complex data not supported"),
        (lambda it: it.fit(np.where(X == 1, np.nan, X), Y), ValueError, "contains NaN"),
        (lambda it: it.fit(X, np.where(Y == 1, np.inf, Y)), ValueError, "contains infinity"),
        (lambda it: it.fit(scipy.sparse.csr_array(X), Y), TypeError, "Sparse data was passed for X"),
        (lambda it: it.fit([["a"]], [1]), ValueError, "not compatible with arrays of bytes/strings"),
        (lambda it: it.predict(X[:, :4]), ValueError, "X has 4 features, but SpectrumRegressor is expecting 6"),
        (lambda it: it.score(X, Y[:, :2]), ValueError, "different number of output"),
        (lambda it: it.score(X, Y, np.ones(5)), ValueError, r"inconsistent numbers of samples: \[6, 6, 5\]"),
        (lambda _: mpifast.SpectrumRegressor(epochs=-1).fit(X, Y), ValueError, "epochs=-1"),
    ],
)
def test_bad_input(call, error, message, fitted):
    with pytest.raises(error, match=message):
        call(fitted)
