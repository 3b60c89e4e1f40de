"""Networks on disk: everything comes back, and nothing damaged is believed."""

import json
import os

import numpy as np
import pytest

import mpifast


@pytest.fixture
def trained(random):
    u, c = random.normal(size=(40, 14)), random.integers(0, 2, (40, 11), dtype=np.uint8)
    net = mpifast.Network(14, 11, (9,), scaling="standard", bias=True, seed=3)
    net.fit(u, c, epochs=2)
    return net, u, c


@pytest.fixture
def saved(trained, tmp_path):
    path = tmp_path / "net.npz"
    trained[0].save(path)
    return path


def rewrite(path, change):
    """The file again, with its arrays changed by a function of the dictionary."""
    with np.load(path) as archive:
        arrays = dict(archive)
    change(arrays)
    np.savez(path, **arrays)


def change_header(**settings):
    def change(arrays):
        arrays["header"] = np.array(json.dumps({**json.loads(str(arrays["header"])), **settings}))

    return change


def test_round_trip_predicts_and_trains_on_to_the_same_bits(trained, saved):
    net, u, c = trained
    loaded = mpifast.Network.load(saved)
    assert repr(loaded) == repr(net)
    np.testing.assert_array_equal(loaded.predict(u), net.predict(u))
    net.fit(u, c, epochs=2, shuffle=True)
    loaded.fit(u, c, epochs=2, shuffle=True)
    for a, b in zip(net.weights + net.biases, loaded.weights + loaded.biases, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("scaling", ["harmonic", "none", "sample"])
def test_an_untrained_network_comes_back_untrained(scaling, tmp_path):
    net = mpifast.Network(14, 11, scaling=scaling)
    net.save(tmp_path / "net.npz")
    loaded = mpifast.Network.load(str(tmp_path / "net.npz"))
    assert (loaded.scaling is None) == (net.scaling is None)
    assert loaded.epochs_trained == 0


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing_behind(trained, saved, monkeypatch):
    before = saved.read_bytes()

    def fail(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", fail)
    with pytest.raises(OSError, match="disk full"):
        trained[0].save(saved)
    assert saved.read_bytes() == before
    assert os.listdir(saved.parent) == [saved.name]


def test_file_has_ordinary_permissions(saved, tmp_path):
    (tmp_path / "plain").write_text("")
    assert saved.stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04" + bytes(100), b"\x93NUMPY\x01\x00"])
def test_other_files_are_refused(content, tmp_path):
    path = tmp_path / "net.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is not a mpifast network or is damaged"):
        mpifast.Network.load(path)


def test_truncated_files_are_refused(saved):
    content = saved.read_bytes()
    for length in range(0, len(content), 97):
        saved.write_bytes(content[:length])
        with pytest.raises(ValueError, match=r"net\.npz"):
            mpifast.Network.load(saved)


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        mpifast.Network.load(tmp_path / "none.npz")


def test_pickles_are_never_loaded(saved):
    rewrite(saved, lambda arrays: arrays.update(layer_0=np.array([object()], dtype=object)))
    with pytest.raises(ValueError, match="damaged"):
        mpifast.Network.load(saved)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (change_header(format=99), "network format 99, mpifast .* reads 2 to 4: use the version that wrote it"),
        (change_header(units=[14]), "units"),
        (change_header(units=[14, -1, 11]), "units"),
        (change_header(units=[14, 9, 12]), "layer_1"),
        (change_header(bias="yes"), "'bias' is 'yes', expected a bool"),
        (change_header(dtype="float128"), "dtype"),
        (change_header(activations=["tanh", "sigmoid"]), "activation='tanh'"),
        (change_header(scaling="best"), "scaling='best'"),
        (change_header(epochs_trained=-1), "epochs_trained"),
        (change_header(system=3), "'system' is 3"),
        (change_header(training=[]), "training"),
        (change_header(training={"facts": {}, "history": {}}), "no history"),
        (lambda arrays: arrays.pop("layer_1"), "expected"),
        (lambda arrays: arrays.update(more=np.zeros(3)), "more"),
        (lambda arrays: arrays.update(header=np.array("{")), "damaged"),
        (lambda arrays: arrays.update(header=np.array("[1]")), "format None"),
        (lambda arrays: arrays["layer_0"].__setitem__((0, 0), np.nan), "layer_0"),
        (lambda arrays: arrays.update(layer_0=arrays["layer_0"].astype(np.int32)), "layer_0"),
        (lambda arrays: arrays.update(offset=np.zeros(3)), "offset"),
        (lambda arrays: arrays.pop("factor"), "factor"),
    ],
)
def test_damage_is_named(saved, change, message):
    rewrite(saved, change)
    with pytest.raises(ValueError, match=message):
        mpifast.Network.load(saved)


@pytest.fixture
def checkpoint(random, tmp_path):
    """The checkpoint of a training that stops early."""
    u, c, path = random.normal(size=(60, 14)), random.integers(0, 2, (60, 11)), tmp_path / "training.npz"
    net = mpifast.Network(14, 11, hidden=[9], seed=2)
    with pytest.warns(mpifast.TrainingWarning, match="rises from the first epoch on"):
        net.fit(u, c, epochs=30, validation=(u, np.roll(c, 1, axis=0)), patience=3, checkpoint=path)
    return net, path


def test_a_checkpoint_is_read_as_its_best_network(checkpoint):
    net, path = checkpoint
    loaded = mpifast.Network.load(path)
    assert loaded.epochs_trained == net.epochs_trained < len(loaded.state.records)
    assert all(map(np.array_equal, loaded.weights, net.weights))


def history_without_validation(arrays):
    header = json.loads(arrays["header"].item())
    header["training"]["history"]["validation_mse"] = []
    arrays["header"] = np.array(json.dumps(header))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda arrays: arrays.pop("best_1"), "expected"),
        (lambda arrays: arrays.pop("best_0"), "expected"),
        (lambda arrays: arrays.update(best_1=arrays["best_0"]), "best_1 is float32"),
        (lambda arrays: arrays["best_0"].__setitem__((0, 0), np.inf), "best_0"),
        (lambda arrays: arrays.update(best_0=arrays["best_0"] + np.float64(1e300)), "weights is not finite"),
        (history_without_validation, "best weights and no validation errors"),
        (change_header(epochs_trained=1), "epochs_trained=1 is out of range"),
    ],
)
def test_damaged_best_weights_are_named(checkpoint, change, message):
    _, path = checkpoint
    rewrite(path, change)
    with pytest.raises(ValueError, match=message):
        mpifast.Network.load(path)


def test_a_checkpoint_of_format_3_goes_on(random, tmp_path):
    u, c = random.normal(size=(60, 14)), random.integers(0, 2, (60, 11))
    whole, part, again = (mpifast.Network(14, 11, seed=2) for _ in range(3))
    path = tmp_path / "training.npz"
    expected = whole.fit(u, c, epochs=6, validation=0.5)
    part.fit(u, c, epochs=3, validation=0.5, checkpoint=path)

    def older(arrays):
        header = json.loads(arrays["header"].item())
        del header["training"]["facts"]["early stopping"]
        arrays["header"] = np.array(json.dumps({**header, "format": 3}))

    rewrite(path, older)
    assert again.fit(u, c, epochs=6, validation=0.5, checkpoint=path).train_mse == expected.train_mse
    assert all(map(np.array_equal, again.weights, whole.weights))
