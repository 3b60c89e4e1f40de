"""Trainings of a reproduction: kept, found again, resumed to the same bits, and stopped together."""

import os
import signal
import threading
from dataclasses import replace

import numpy as np
import pytest

from mpifast.paper import experiments as module
from mpifast.paper.experiments import Experiment, load, name, save, train
from mpifast.paper.options import Options
from mpifast.paper.trainings import train_all

SMALL = Experiment(samples=200, epochs=3, seed=5)


@pytest.fixture(autouse=True)
def small_data_set(monkeypatch):
    monkeypatch.setattr(module, "DATA_SET", 500)
    monkeypatch.setattr(module, "TESTS", 50)


@pytest.fixture(scope="module")
def outcome():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "DATA_SET", 500)
        patch.setattr(module, "TESTS", 50)
        return train(SMALL)


def same(a, b):
    return (
        a.curve == b.curve
        and a.test_mse == b.test_mse
        and all(map(np.array_equal, a.network.weights, b.network.weights))
    )


def test_an_outcome_comes_back_as_it_was_kept(tmp_path, outcome):
    save(outcome, tmp_path)
    assert same(load(SMALL, tmp_path), outcome)
    assert load(replace(SMALL, epochs=4), tmp_path) is None


@pytest.mark.parametrize("suffix", [".npz", ".json"])
@pytest.mark.parametrize("content", [None, b"", b"{}"])
def test_a_missing_or_damaged_part_is_trained_again(tmp_path, outcome, suffix, content):
    save(outcome, tmp_path)
    path = (tmp_path / name(SMALL)).with_suffix(suffix)
    path.unlink() if content is None else path.write_bytes(content)
    assert load(SMALL, tmp_path) is None
    assert same(train_all([SMALL], tmp_path, Options())[SMALL], outcome)


def test_each_experiment_is_trained_once_and_on_any_threads_to_the_same_bits(tmp_path):
    wanted = [SMALL, replace(SMALL, hidden=(20,)), SMALL, replace(SMALL, diameter_nm=30.0, dtype="float64")]
    one = train_all(wanted, tmp_path / "a", Options(threads=1))
    two = train_all(wanted, tmp_path / "b", Options(threads=2))
    assert len(one) == len(two) == 3
    assert len(os.listdir(tmp_path / "a")) == 6
    assert all(same(one[experiment], two[experiment]) for experiment in one)


def test_ctrl_c_stops_all_and_the_next_run_trains_only_the_rest(tmp_path):
    quick, endless = SMALL, replace(SMALL, samples=500, epochs=10_000_000)
    save(train(quick), tmp_path)
    threading.Timer(1.0, signal.raise_signal, [signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt):
        train_all([quick, endless, replace(endless, seed=6)], tmp_path, Options(progress=False))
    assert sorted(os.listdir(tmp_path)) == sorted([f"{name(quick)}.json", f"{name(quick)}.npz"])


def test_smaller_training_sets_share_the_scaling_of_the_whole():
    assert np.array_equal(
        train(SMALL).network.scaling.factor, train(replace(SMALL, samples=100)).network.scaling.factor
    )


def test_work_is_counted_in_multiplications():
    assert Experiment(hidden=(200,)).work == pytest.approx(30_000 * 105 * (200 * 200 + 200 * 129) / 1e6)
