"""Other processes and the host's settings: forks and spawned children compute the same, and nothing of the host's is
left changed.
"""

import multiprocessing
import sys

import numba
import numpy as np
import pytest
from threadpoolctl import threadpool_info

import mpifast
from mpifast._compiled import loop

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*fork.*:DeprecationWarning"
)  # Python 3.12 warns of forks with threads: these are tests of them


def answers(seed):
    """A little of everything that runs in parallel."""
    system = mpifast.system_matrix(mpifast.Scanner(voxels=11), mpifast.Particle(40e-9), harmonics=14)
    u, c = mpifast.Spectra(system, seed=seed, snr_db=30.0, threads=2)[:100]
    network = mpifast.Network(14, 11, seed=seed)
    network.fit(u, c, epochs=2, threads=2)
    return u, network.predict(u, threads=2), mpifast.kaczmarz(system, u, alpha=20.0, threads=2)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_give_the_same_bits_after_parallel_work_in_the_parent(method):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system has no {method}")
    expected = {seed: answers(seed) for seed in (1, 2, 3)}
    with multiprocessing.get_context(method).Pool(2) as pool:
        found = pool.map_async(answers, list(expected)).get(timeout=240)
    for ours, theirs in zip(expected.values(), found, strict=True):
        assert all(map(np.array_equal, ours, theirs))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_a_bare_fork_computes_and_ends(run_python):
    code = (
        "import os, test_processes as t, numpy as np\n"
        "expected = t.answers(5)\n"
        "child = os.fork()\n"
        "if child == 0: os._exit(0 if all(map(np.array_equal, t.answers(5), expected)) else 1)\n"
        "print(os.waitpid(child, 0)[1])"
    )
    done = run_python("-W", "ignore", "-c", code)
    assert done.stdout.strip() == "0", done.stderr


def settings():
    return (
        numba.get_num_threads(),
        [(library["internal_api"], library["num_threads"]) for library in threadpool_info()],
        np.geterr(),
    )


def test_the_hosts_settings_are_left_as_found():
    answers(1)  # loads all libraries
    before = settings()
    answers(2)
    assert settings() == before


def test_the_hosts_settings_are_left_as_found_after_an_exception():
    def fail(spreader, values, slots):
        raise RuntimeError("inside")

    answers(1)
    before = settings()
    failing = loop.Loop(lambda values, slots, slot: None)
    failing.compiled = fail
    with pytest.raises(RuntimeError, match="inside"):
        failing(np.zeros(3), 2, threads=2)
    network = mpifast.Network(14, 11, activation="linear", scaling="none")
    with pytest.raises(FloatingPointError, match="diverged"):
        network.fit(np.ones((50, 14)), np.ones((50, 11)), epochs=3, learning_rate=1e29, threads=2)
    assert settings() == before
    answers(3)
