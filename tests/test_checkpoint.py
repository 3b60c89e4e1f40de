"""Trainings that are cut off go on to the same bits, and nothing is mixed up."""

import shutil
import signal
import threading

import numpy as np
import pytest

import mpifast
from mpifast.networks import checkpoint as module


@pytest.fixture
def data(small_system):
    return mpifast.Spectra(small_system, seed=3)[:200]


@pytest.fixture
def every_epoch(monkeypatch):
    monkeypatch.setattr(module, "SECONDS", 0.0)


def make(**options):
    return mpifast.Network(14, 11, (9,), seed=4, **options)


def same(a, b):
    return all(map(np.array_equal, a.weights, b.weights))


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_training_goes_on_to_the_same_bits(data, tmp_path, every_epoch, shuffle):
    whole, path = make(), tmp_path / "net.npz"
    expected = whole.fit(*data, epochs=9, shuffle=shuffle, validation=data)
    cut = make()
    cut.fit(
        *data,
        epochs=9,
        shuffle=shuffle,
        validation=data,
        checkpoint=path,
        callback=lambda _, history: history.epochs == 4,
    )
    again = make()
    history = again.fit(*data, epochs=9, shuffle=shuffle, validation=data, checkpoint=str(path))
    assert same(again, whole)
    assert history.train_mse == expected.train_mse
    assert history.validation_mse == expected.validation_mse
    assert history.stopped == "completed"
    assert again.epochs_trained == 9


def test_a_finished_training_is_not_trained_again(data, tmp_path):
    path = tmp_path / "net.npz"
    first, second = make(), make()
    first.fit(*data, epochs=5, checkpoint=path)
    assert second.fit(*data, epochs=5, checkpoint=path).epochs == 5
    assert same(first, second)
    assert same(first, mpifast.Network.load(path))


def test_ctrl_c_leaves_a_checkpoint(data, tmp_path):
    path, net = tmp_path / "net.npz", make()
    net.fit(*data, epochs=1)  # compiled: what a signal interrupts is the training
    threading.Timer(0.5, signal.raise_signal, [signal.SIGINT]).start()
    with pytest.warns(mpifast.TrainingWarning, match="interrupted"):
        history = net.fit(*data, epochs=200_000, checkpoint=path)
    assert history.stopped == "interrupted"
    assert same(mpifast.Network.load(path), net)


@pytest.mark.parametrize(
    ("options", "fit", "message"),
    [
        ({}, {"learning_rate": 0.25}, "learning_rate was 0.5 and is 0.25"),
        ({}, {"batch_size": 4}, "batch_size was 1 and is 4"),
        ({}, {"shuffle": True}, "shuffle was False and is True"),
        ({"scaling": "sample"}, {}, "scaling was 'harmonic' and is 'sample'"),
        ({"weight_range": 0.25}, {}, "weight_range was 0.5 and is 0.25"),
    ],
)
def test_another_training_is_refused_by_name(data, tmp_path, options, fit, message):
    path = tmp_path / "net.npz"
    make().fit(*data, epochs=2, checkpoint=path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=message):
        make(**options).fit(*data, epochs=2, checkpoint=path, **fit)
    assert path.read_bytes() == before


def test_other_samples_are_refused(data, tmp_path):
    path = tmp_path / "net.npz"
    make().fit(*data, epochs=2, checkpoint=path)
    u, c = data
    with pytest.raises(ValueError, match="samples was"):
        make().fit(u, 1 - c, epochs=2, checkpoint=path)


def test_a_plain_network_is_not_overwritten(data, tmp_path):
    path = tmp_path / "net.npz"
    make().save(path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="is a network and not a training"):
        make().fit(*data, epochs=2, checkpoint=path)
    assert path.read_bytes() == before


def test_a_checkpoint_that_cannot_be_written_is_refused_before_the_training(data, tmp_path):
    net = make()
    with pytest.raises(FileNotFoundError, match=r"checkpoint cannot be written.*make the folder first.*gone"):
        net.fit(*data, epochs=3, checkpoint=tmp_path / "gone" / "net.npz")
    with pytest.raises(IsADirectoryError, match="checkpoint is a folder"):
        net.fit(*data, epochs=3, checkpoint=tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="checkpoint cannot be written"):
        net.fit(*data, epochs=3, checkpoint=tmp_path / "file" / "net.npz")
    assert net.epochs_trained == 0
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_goes_away_is_an_os_error_and_the_network_keeps_its_weights(data, tmp_path, every_epoch):
    net, folder = make(), tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(FileNotFoundError):
        net.fit(*data, epochs=3, checkpoint=folder / "net.npz", callback=lambda *_: shutil.rmtree(folder))
    assert net.epochs_trained == 2


def test_one_training_at_a_time_has_a_checkpoint(data, tmp_path):
    path, refused = tmp_path / "net.npz", []

    def second(*_):
        with pytest.raises(BlockingIOError, match=r"net\.npz"):
            make().fit(*data, epochs=3, checkpoint=path)
        refused.append(True)

    make().fit(*data, epochs=3, checkpoint=path, callback=second)
    assert refused == [True] * 3
    assert [entry.name for entry in tmp_path.iterdir()] == ["net.npz"]
    assert make().fit(*data, epochs=4, checkpoint=path).epochs == 4


@pytest.mark.parametrize("checkpoint", [3, "", b"net.npz"])
def test_a_checkpoint_is_a_file_name(data, checkpoint):
    with pytest.raises(TypeError, match="checkpoint must be a file name"):
        make().fit(*data, checkpoint=checkpoint)


def test_a_stalled_training_says_so(data):
    u, c = data
    net = mpifast.Network(14, 11, weight_range=0.0, scaling="none")
    with pytest.warns(mpifast.TrainingWarning) as found:
        history = net.fit(u * np.float32(1e-20), c, epochs=40)
    stalled, worse = (str(warning.message) for warning in found)
    assert "has stalled" in stalled
    assert "last 20 epochs" in stalled
    assert "worse than the mean image: its error over the training set is 0.25," in worse
    assert history.stalled


def test_another_system_is_refused(data, small_system):
    u, c = data
    other = mpifast.system_matrix(small_system.scanner, mpifast.Particle(45e-9), harmonics=14)
    net = make()
    net.fit(u, c, epochs=1, system=small_system)
    assert np.array_equal(net.predict(u, system=small_system), net.predict(u))
    for call in (lambda: net.predict(u, system=other), lambda: net.fit(u, c, system=other)):
        with pytest.raises(
            ValueError,
            match=f"trained for the system {small_system.fingerprint}, the spectra are of {other.fingerprint}",
        ):
            call()


def test_the_fingerprint_is_kept_with_the_network(data, small_system, tmp_path):
    net = make()
    net.fit(*data, epochs=1, system=small_system)
    net.save(tmp_path / "net.npz")
    assert mpifast.Network.load(tmp_path / "net.npz").system == small_system.fingerprint
