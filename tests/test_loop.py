"""Loops over slots: serial and parallel calls agree, and serial ones step in where parallel calls are unsafe."""

import multiprocessing
import sys
import threading

import numba
import numpy as np
import pytest

import mpifast
from mpifast._compiled import jit
from mpifast._compiled.loop import Loop


def _square(values, result, slots, slot):
    for i in range(len(values) * slot // slots, len(values) * (slot + 1) // slots):
        result[i] = values[i] * values[i]


square = Loop(_square)


def squares(count, threads):
    values, result = np.arange(float(count)), np.empty(count)
    square(values, result, threads, threads=threads)
    return bool((result == values**2).all())


@pytest.mark.loops
@pytest.mark.parametrize("threads", [1, 2])
def test_serial_and_parallel_calls_agree(threads):
    assert squares(1000, threads)


@pytest.mark.loops
@pytest.mark.parametrize("slots", [0, 1, 5])
@pytest.mark.parametrize("threads", [1, 2])
def test_there_may_be_more_or_fewer_slots_than_threads(slots, threads):
    values, result = np.arange(20.0), np.zeros(20)
    square(values, result, slots, threads=threads)
    np.testing.assert_array_equal(result, values**2 if slots else 0)


def test_each_body_is_compiled_once_for_all_threads(run_python):
    code = "from test_loop import square, squares; squares(10, 1); squares(10, 2)"
    count = "print(len(square.compiled.signatures), len(square.body.signatures))"
    assert run_python("-c", f"{code}; {count}", MPIFAST_CACHE="off").stdout.split() == ["1", "1"]


def _too_large(room, slots, slot):
    if slot == 1:
        room[0] = len(np.empty(room[1]))
    room[2 + slot] = 1


too_large = Loop(_too_large)


@pytest.mark.parametrize("threads", [1, 2])
def test_an_exception_of_a_slot_reaches_the_caller(threads):
    before, room = numba.get_num_threads(), np.array([0, 2**45, 0, 0, 0])
    with pytest.raises(MemoryError):
        too_large(room, 3, threads=threads)
    assert room.tolist() == [0, 2**45, 1, 0, 1]
    assert numba.get_num_threads() == before


def test_loops_with_bodies_of_the_same_name_are_kept_apart(run_python, tmp_path):
    code = "import numpy as np; from {0} import set_it; r = np.empty(3); set_it(r, 1, threads=1); print(r[2])"
    body = "from mpifast._compiled.loop import Loop\ndef _set(r, slots, slot):\n    r[2] = {0}\nset_it = Loop(_set)\n"
    for number in (4, 5):
        (tmp_path / f"module_{number}.py").write_text(body.format(number))
    both = "\n".join(code.format(f"module_{number}") for number in (4, 5))
    for _ in range(2):
        done = run_python("-c", both, MPIFAST_CACHE=str(tmp_path / "cache"))
        assert done.stdout.split() == ["4.0", "5.0"], done.stderr


def test_thread_count_of_the_host_is_restored():
    before = numba.get_num_threads()
    squares(10, 2)
    assert numba.get_num_threads() == before


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
    code = "import test_loop, numba; test_loop.test_many_python_threads_at_once(); print(numba.threading_layer())"
    done = run_python("-c", code, NUMBA_THREADING_LAYER="workqueue", NUMBA_NUM_THREADS="2")
    assert done.stdout.strip() == "workqueue", done.stderr
