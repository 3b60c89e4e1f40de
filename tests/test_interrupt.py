"""Ctrl-C at every line of a training: weights, history and checkpoint agree, and the training can go on to the same
bits.
"""

import sys
import warnings
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

import mpifast
from mpifast.networks import checkpoint as checkpoint_module
from mpifast.networks import network as network_module

# An interruption between the opening of a file and the block that closes it leaves the file to the garbage collector.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
FOLDER = Path(network_module.__file__).parent
NAMES = ("network", "training", "checkpoint", "fast", "whitening", "history", "early_stopping", "complaints")
WATCHED = {str(FOLDER / f"{name}.py") for name in NAMES}
WATCHED |= {str(FOLDER.parent / "_files.py"), str(FOLDER / "network_file.py")}
LISTS = ("train_mse", "learning_rate", "seconds")


class Interruption:
    """Raises KeyboardInterrupt at the k-th line of the watched files that is executed, as Ctrl-C may. Lines are counted
    from 1: 0 only notes them all, None does nothing.
    """

    def __init__(self, line):
        self.line, self.seen, self.where = line, [], None

    def __enter__(self):
        if self.line is not None:
            sys.settrace(self.trace)
        return self

    def __exit__(self, *_):
        sys.settrace(None)

    def trace(self, frame, event, _):
        if frame.f_code.co_filename not in WATCHED:
            return None
        if event == "line":
            self.seen.append(f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}")
            if len(self.seen) == self.line:
                sys.settrace(None)
                self.where = self.seen[-1]
                raise KeyboardInterrupt
        return self.trace


def fit(net, data, line=None, **options):
    """Train with an interruption: (history, or None if Ctrl-C came out of `fit`, where it struck, lines seen)."""
    seen = {}

    def callback(net, history):
        assert history.epochs == net.epochs_trained
        seen[history.epochs] = net.weights

    with warnings.catch_warnings(), Interruption(line) as interruption:
        warnings.simplefilter("ignore", mpifast.TrainingWarning)
        history = None
        try:
            history = net.fit(*data, validation=data, callback=callback, threads=1, **options)
        except KeyboardInterrupt:
            assert line
    for weights, kept in zip(net.weights, seen.get(net.epochs_trained, net.weights), strict=True):
        np.testing.assert_array_equal(weights, kept, err_msg=interruption.where)
    if history is not None:
        assert {len(getattr(history, name)) for name in LISTS} == {net.epochs_trained}, interruption.where
        assert len(history.validation_mse) == net.epochs_trained, interruption.where
        assert interruption.where is None or history.stopped == "interrupted" or history.epochs == options["epochs"]
    return history, interruption.where, interruption.seen


def few(lines):
    """The first and the last time that each line is run, by number."""
    turns = defaultdict(list)
    for number, place in enumerate(lines, 1):
        turns[place].append(number)
    return sorted({line for found in turns.values() for line in (found[0], found[-1])})


@pytest.fixture
def data(small_system):
    return mpifast.Spectra(small_system, seed=3)[:40]


@pytest.fixture
def every_epoch(monkeypatch):
    monkeypatch.setattr(checkpoint_module, "SECONDS", 0.0)
    monkeypatch.setattr("os.fsync", lambda _: None)  # a power cut is not what is tested, and the disk is slow


def make(hidden):
    return mpifast.Network(14, 11, hidden, seed=4)


@pytest.mark.parametrize(("hidden", "step"), [((), 1), ((9,), 7)])
def test_checkpoints_survive_an_interruption_at_every_line(data, tmp_path, every_epoch, hidden, step):
    """Of every line the first and the last time that it is run; or every seventh of these."""
    whole, path = make(hidden), tmp_path / "net.npz"
    expected, _, _ = fit(whole, data, epochs=2, shuffle=True)
    _, _, lines = fit(make(hidden), data, 0, epochs=2, shuffle=True, checkpoint=path)
    assert len(lines) > 300
    struck = set()
    for line in few(lines)[::step]:
        path.unlink(missing_ok=True)
        _, where, _ = fit(make(hidden), data, line, epochs=2, shuffle=True, checkpoint=path)
        struck.add(where)
        if path.exists():
            mpifast.Network.load(path)
        net = make(hidden)
        history, _, _ = fit(net, data, epochs=2, shuffle=True, checkpoint=path)
        assert history.train_mse == expected.train_mse, where
        assert history.validation_mse == expected.validation_mse, where
        assert all(map(np.array_equal, net.weights, whole.weights)), where
        assert {entry.name for entry in tmp_path.iterdir()} <= {path.name, f".{path.name}.lock"}, where
    assert len(struck) > 100 / step


@pytest.mark.parametrize("recipe", ["paper", "fast"])
def test_networks_and_histories_agree_after_an_interruption_at_every_line(data, recipe):
    """Of every line the first and the last time that it is run."""
    whole = make(())
    expected, _, lines = fit(whole, data, 0, epochs=3, recipe=recipe)
    for line in few(lines):
        net = make(())
        history, where, _ = fit(net, data, line, epochs=3, recipe=recipe)
        if history is not None:
            assert history.train_mse == expected.train_mse[: history.epochs], where
        if recipe == "paper" and net.epochs_trained < 3:
            net.fit(*data, epochs=3 - net.epochs_trained, threads=1)
            assert all(map(np.array_equal, net.weights, whole.weights)), where


def test_early_stopping_survives_an_interruption_at_every_line(data, tmp_path, every_epoch):
    u, c = data
    path, snapshots, whole = tmp_path / "net.npz", {0: make(()).weights}, make(())
    options = {"validation": (u, 1 - c), "patience": 2, "threads": 1}  # an error that rises

    def run(net, line, **more):
        with warnings.catch_warnings(), Interruption(line) as interruption:
            warnings.simplefilter("ignore", mpifast.TrainingWarning)
            try:
                return net.fit(u, c, **options, **more), interruption
            except KeyboardInterrupt:
                assert line
                return None, interruption

    def snapshot(net, _):
        snapshots[net.epochs_trained] = net.weights

    def is_of_its_epoch(net):
        return all(map(np.array_equal, net.weights, snapshots[net.epochs_trained]))

    expected, _ = run(whole, None, callback=snapshot)
    assert (expected.stopped, expected.epochs, whole.epochs_trained) == ("patience", 3, 1)
    _, interruption = run(make(()), 0, checkpoint=path)
    outcomes = set()
    for line in few(interruption.seen):
        path.unlink(missing_ok=True)
        net, again = make(()), make(())
        history, interruption = run(net, line, checkpoint=path)
        where = interruption.where
        assert is_of_its_epoch(net), where
        outcomes.add((history and history.stopped, net.epochs_trained))
        assert history is None or net.epochs_trained == min(history.epochs, 1), where
        if path.exists():
            assert is_of_its_epoch(mpifast.Network.load(path)), where
        finished, _ = run(again, None, checkpoint=path)
        assert finished.validation_mse == expected.validation_mse, where
        assert finished.stopped == "patience"
        assert all(map(np.array_equal, again.weights, whole.weights)), where
    assert outcomes >= {("interrupted", 0), ("interrupted", 1), (None, 0), (None, 1)}
