"""Early stopping: where a training ends, what its network keeps, and that a checkpoint goes on to the same bits."""

import itertools
import signal
from types import SimpleNamespace

import numpy as np
import pytest

import mpifast
from mpifast.networks import checkpoint as checkpoint_module
from mpifast.networks.early_stopping import stop_early, waited
from mpifast.networks.history import Epoch


@pytest.fixture(scope="module")
def overfitting(small_system):
    """Few noisy samples, which a hidden layer soon learns with their noise, and others that validate."""
    spectra = mpifast.Spectra(small_system, seed=3, snr_db=5.0)
    return spectra[:60], spectra[60:160]


@pytest.fixture
def every_epoch(monkeypatch):
    monkeypatch.setattr(checkpoint_module, "SECONDS", 0.0)
    monkeypatch.setattr("os.fsync", lambda _: None)  # a power cut is not what is tested, and the disk is slow


def make(**options):
    return mpifast.Network(14, 11, (40,), seed=4, **options)


def same(a, b):
    return all(map(np.array_equal, a.weights, b.weights)) and a.epochs_trained == b.epochs_trained


def best_after(data, epochs):
    """Weights and errors of each epoch, by trainings of one epoch each."""
    (u, c), test = data
    net, errors, weights = make(), [], []
    for _ in range(epochs):
        errors += net.fit(u, c, epochs=1, validation=test).validation_mse
        weights.append(net.weights)
    return errors, weights


@pytest.mark.parametrize("patience", [1, 4])
def test_the_training_ends_and_the_network_has_the_best_weights(overfitting, patience):
    (u, c), test = overfitting
    net = make()
    history = net.fit(u, c, epochs=500, validation=test, patience=patience)
    errors, weights = best_after(overfitting, history.epochs)
    assert history.stopped == "patience"
    assert history.validation_mse == errors
    best = int(np.argmin(errors))
    assert history.best_epoch == best == history.epochs - 1 - patience
    assert net.epochs_trained == best + 1
    assert all(map(np.array_equal, net.weights, weights[best]))
    assert mpifast.metrics.mse(net.predict(test[0]), test[1]) == errors[best]


def test_it_ends_where_the_epochs_or_the_callback_end(overfitting):
    (u, c), test = overfitting
    errors, weights = best_after(overfitting, 40)
    best = int(np.argmin(errors))
    assert best < 38
    net, seen = make(), []
    history = net.fit(u, c, epochs=40, validation=test, patience=100, callback=lambda net, _: seen.append(net.weights))
    assert (history.stopped, history.epochs, history.best_epoch) == ("completed", 40, best)
    assert all(map(np.array_equal, net.weights, weights[best]))
    assert all(map(np.array_equal, seen[-1], weights[-1]))  # a callback sees the present epoch
    net = make()
    history = net.fit(u, c, epochs=99, validation=test, patience=100, callback=lambda _, history: history.epochs == 40)
    assert history.stopped == "callback"
    assert all(map(np.array_equal, net.weights, weights[best]))


def test_ctrl_c_keeps_the_best_weights_and_the_checkpoint_the_latest(overfitting, tmp_path):
    (u, c), test = overfitting
    path, options = tmp_path / "net.npz", {"epochs": 500, "validation": test, "patience": 20}
    whole, net = make(), make()
    expected = whole.fit(u, c, **options)
    assert expected.best_epoch + 10 < expected.epochs

    def interrupt(_, history):
        if history.epochs == expected.best_epoch + 10:
            signal.raise_signal(signal.SIGINT)

    with pytest.warns(mpifast.TrainingWarning, match="interrupted .* keeps the weights of the best one"):
        history = net.fit(u, c, checkpoint=path, callback=interrupt, **options)
    assert (history.stopped, history.epochs) == ("interrupted", expected.best_epoch + 10)
    assert same(net, whole)
    assert same(mpifast.Network.load(path), whole)
    again = make()
    assert again.fit(u, c, checkpoint=path, **options).validation_mse == expected.validation_mse
    assert same(again, whole)


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_training_goes_on_to_the_same_bits_wherever_it_was_cut(overfitting, tmp_path, every_epoch, shuffle):
    (u, c), test = overfitting
    options = {"epochs": 500, "validation": test, "patience": 5, "shuffle": shuffle}
    whole = make()
    expected = whole.fit(u, c, **options)
    best = expected.best_epoch
    for cut in (1, best, best + 1, best + 2, expected.epochs - 1, expected.epochs):
        path, part, again = tmp_path / f"{cut}.npz", make(), make()
        part.fit(u, c, checkpoint=path, callback=lambda _, history, cut=cut: history.epochs == cut, **options)
        history = again.fit(u, c, checkpoint=path, **options)
        assert history.stopped == "patience"
        assert history.validation_mse == expected.validation_mse
        assert same(again, whole)


def test_a_checkpoint_takes_another_patience_but_not_none(overfitting, tmp_path):
    (u, c), test = overfitting
    path, whole = tmp_path / "net.npz", make()
    first = make().fit(u, c, validation=test, patience=1, checkpoint=path)
    expected = whole.fit(u, c, validation=test, patience=5)
    net = make()
    history = net.fit(u, c, validation=test, patience=5, checkpoint=path)
    assert history.epochs == expected.epochs > first.epochs
    assert same(net, whole)
    with pytest.raises(ValueError, match="early stopping was True and is None"):
        make().fit(u, c, validation=test, checkpoint=path)


def test_a_second_call_begins_anew_from_the_best_weights(overfitting):
    (u, c), test = overfitting
    net = make()
    first = net.fit(u, c, epochs=500, validation=test, patience=3)
    assert net.state.best is None
    history = net.fit(u, c, epochs=1, validation=test, patience=3)
    assert history.epochs == 1
    assert history.validation_mse[0] == first.validation_mse[first.best_epoch + 1]
    assert net.epochs_trained == first.best_epoch + 2


def test_the_fast_recipe_stops_early_too(small_system):
    u, c = mpifast.Spectra(small_system, seed=3, snr_db=5.0)[:400]
    net = mpifast.Network(14, 11, seed=4)
    history = net.fit(u, c, epochs=200, recipe="fast", learning_rate=1.0, validation=0.5, patience=3)
    assert history.stopped == "patience"
    assert net.epochs_trained == history.best_epoch + 1 == history.epochs - 3
    assert mpifast.metrics.mse(net.predict(u[200:]), c[200:]) == pytest.approx(min(history.validation_mse), rel=1e-5)


def test_a_network_saved_by_a_callback_is_that_of_the_epoch(overfitting, tmp_path):
    (u, c), test = overfitting
    path, seen = tmp_path / "net.npz", []

    def save(net, history):
        net.save(path)
        seen.append(net.weights)

    make().fit(u, c, validation=test, patience=3, callback=save)
    assert all(map(np.array_equal, mpifast.Network.load(path).weights, seen[-1]))


@pytest.mark.parametrize(("fraction", "count"), [(0.1, 20), (0.001, 1), (0.25, 50), (np.float32(0.5), 100)])
def test_a_fraction_is_the_last_part_of_the_samples(small_system, fraction, count):
    u, c = mpifast.Spectra(small_system, seed=3)[:200]
    one, other = make(), make()
    history = one.fit(u, c, epochs=3, validation=fraction)
    expected = other.fit(u[:-count], c[:-count], epochs=3, validation=(u[-count:], c[-count:]))
    assert history.validation_mse == expected.validation_mse
    assert same(one, other)
    np.testing.assert_array_equal(one.scaling.factor, other.scaling.factor)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"patience": 3}, ValueError, "patience=3 needs validation: give samples, or a fraction"),
        ({"patience": 0, "validation": 0.5}, ValueError, "patience=0 is out of range"),
        ({"patience": 1.5, "validation": 0.5}, TypeError, "patience must be an integer"),
        ({"validation": 0.0}, ValueError, "validation=0.0 is out of range: give a number strictly between 0 and 1"),
        ({"validation": 1}, ValueError, "validation=1 is out of range"),
        ({"validation": True}, TypeError, "validation must be a"),
        ({"validation": float("nan")}, ValueError, "validation=nan is out of range"),
        ({"validation": 0.999}, ValueError, "validation=0.999 leaves none of 60 samples to train with"),
        ({"validation": "0.5"}, TypeError, "validation must be a pair .* or a fraction .* got str"),
        ({"validation": np.ones((3, 14))}, TypeError, "validation must be a pair .* got ndarray"),
        ({"validation": (1, 2, 3)}, TypeError, r"validation must be a pair \(spectra, phantoms\), got 3 values"),
    ],
)
def test_bad_input(overfitting, options, error, message):
    net = make()
    with pytest.raises(error, match=message):
        net.fit(*overfitting[0], **options)
    assert net.epochs_trained == 0


def test_validation_that_rises_from_the_first_epoch_warns(small_system):
    spectra = mpifast.Spectra(small_system, seed=3, snr_db=0.0)
    net = mpifast.Network(14, 11, (40,), seed=4)
    u, c = spectra[:30]
    with pytest.warns(mpifast.TrainingWarning, match="validation error rises from the first epoch on, from 0"):
        history = net.fit(
            u, c, epochs=200, learning_rate=2.0, validation=(spectra[100:200][0], 1 - spectra[100:200][1])
        )
    assert history.best_epoch == 0


@pytest.mark.parametrize("targets", [[0, 2], [-0.25, 1.0], [0.0, 1.0001]])
def test_targets_that_sigmoid_units_cannot_reach_warn(targets):
    u, c = np.eye(2), np.array([targets, targets[::-1]])
    with pytest.warns(mpifast.TrainingWarning, match=rf"phantoms lie between {min(targets):g} and {max(targets):g},"):
        mpifast.Network(2, 2).fit(u, c, epochs=1)
    mpifast.Network(2, 2, activation="linear").fit(u, c, epochs=1, learning_rate=0.1)
    mpifast.Network(2, 2).fit(u, np.clip(c, 0, 1), epochs=1)


def records(errors):
    return tuple(Epoch(1.0, error, 0.5, 1.0) for error in errors)


@pytest.mark.parametrize(
    ("errors", "patience", "epochs", "best"),
    [
        ([3.0, 2.0, 1.0], 1, 3, 2),
        ([1.0, 2.0, 0.5], 1, 2, 0),
        ([1.0, 2.0, 0.5], 2, 3, 2),
        ([1.0, 1.0, 0.5], 1, 2, 0),  # the same is no improvement
    ],
)
def test_stop_early(errors, patience, epochs, best):
    class State(SimpleNamespace):
        def but(self, **changes):
            return State(**{**vars(self), **changes})

    states = [State(records=records(errors[: n + 1]), weights=n, best=None) for n in range(len(errors))]
    start = State(records=(), weights=None, best=None)
    found = list(stop_early(start, iter(states), patience))
    assert (len(found), found[-1].best) == (epochs, best)
    for cut in range(1, epochs):  # and the same from any of them on
        rest = list(stop_early(found[cut - 1], itertools.islice(states, cut, None), patience))
        assert (cut + len(rest), rest[-1].best) == (epochs, best)
    assert not list(stop_early(found[-1], iter(states), 1)) or waited(found[-1].records) == 0
