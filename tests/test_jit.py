"""Twins: serial and parallel agree, and the serial one steps in where parallel calls are unsafe."""

import multiprocessing
import sys
import threading

import numba
import numpy as np
import pytest
from numba import prange

import mpifast
from mpifast._compiled import jit


def _square(values, result):
    for i in prange(len(values)):
        result[i] = values[i] * values[i]


square = jit.Twin(_square)


def squares(count, threads):
    values, result = np.arange(float(count)), np.empty(count)
    square(values, result, threads=threads)
    return bool((result == values**2).all())


@pytest.mark.loops
@pytest.mark.parametrize("threads", [1, 2])
def test_twins_agree(threads):
    assert squares(1000, threads)


def test_thread_count_of_the_host_is_restored():
    before = numba.get_num_threads()
    squares(10, 2)
    assert numba.get_num_threads() == before


def test_thread_count_is_limited_to_what_numba_has():
    assert jit.thread_count(None) == numba.get_num_threads()
    assert jit.thread_count(10**6) == numba.config.NUMBA_NUM_THREADS


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
@pytest.mark.filterwarnings(
    "ignore:.*fork.*:DeprecationWarning"
)  # Python 3.12 warns of forks with threads: this is the test of them
def test_a_forked_child_runs_serially():
    assert squares(1000, 2)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.starmap_async(squares, [(1000, 2)] * 4).get(timeout=60) == [True] * 4
    assert not jit._forked


def test_many_python_threads_at_once():
    system = mpifast.system_matrix(mpifast.Scanner(voxels=11), mpifast.Particle(40e-9), harmonics=14)
    expected, _ = mpifast.Spectra(system, threads=1)[:100]
    wrong = []

    def work():
        for _ in range(50):
            u, _ = mpifast.Spectra(system, threads=2)[:100]
            if not np.array_equal(u, expected):
                wrong.append(u)

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    assert not wrong


def test_workqueue_layer_gives_way_to_concurrent_calls(run_python):
    # Numba's workqueue aborts the process on concurrent parallel calls: the same test in a process that has no other
    # layer.
    code = "import test_jit, numba; test_jit.test_many_python_threads_at_once(); print(numba.threading_layer())"
    done = run_python("-c", code, NUMBA_THREADING_LAYER="workqueue", NUMBA_NUM_THREADS="2")
    assert done.stdout.strip() == "workqueue", done.stderr
