"""Compiled code between processes: reused, renewed after any edit, harmless where it cannot be kept or read."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mpifast

DRAW = """
import mpifast
from mpifast.data import _phantoms_loops as loops
from mpifast._compiled import cache
print(mpifast.phantoms.random(2, 8, seed=7, threads=1).ravel().tolist(), sum(loops.draw.serial.stats.cache_hits.values()), cache.folder())
"""
EXPECTED = "[0, 1, 1, 1, 0, 1, 0, 1, 1, 0, 0, 0, 0, 1, 1, 1]"


def draw(run_python, cache, **environment):
    """Draw phantoms in a fresh process: (their text, hits of the cache, its folder)."""
    done = run_python("-c", DRAW, MPIFAST_CACHE=str(cache), **environment)
    assert done.returncode == 0, done.stderr
    values, _, rest = done.stdout.strip().rpartition("] ")
    hits, place = rest.split()
    return values + "]", int(hits), place


def test_a_second_process_compiles_nothing(run_python, tmp_path):
    assert draw(run_python, tmp_path / "cache")[:2] == (EXPECTED, 0)
    assert draw(run_python, tmp_path / "cache")[:2] == (EXPECTED, 1)


def test_the_twins_of_a_loop_are_kept_apart(run_python, tmp_path):
    # Numba knows its threading layer only once it has run a parallel function: the serial twin, kept first, must not
    # stand in for it.
    layer = "import numba, mpifast; mpifast.phantoms.random(99, threads=2); print(numba.threading_layer())"
    draw(run_python, tmp_path)
    for _ in range(2):
        done = run_python("-c", layer, MPIFAST_CACHE=str(tmp_path), NUMBA_NUM_THREADS="2")
        assert done.returncode == 0, done.stderr
    assert draw(run_python, tmp_path)[:2] == (EXPECTED, 1)


def test_other_settings_of_numba_are_another_cache(run_python, tmp_path):
    first, second = draw(run_python, tmp_path), draw(run_python, tmp_path, NUMBA_OPT="2")
    assert second[:2] == (EXPECTED, 0)
    assert first[2] != second[2]


def test_an_edit_in_another_file_is_seen(run_python, tmp_path):
    copy = tmp_path / "site" / "mpifast"
    shutil.copytree(Path(mpifast.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    draw(run_python, tmp_path / "cache", PYTHONPATH=f"{copy.parent}:{':'.join(sys.path)}")
    source = (copy / "_compiled" / "philox.py").read_text()
    (copy / "_compiled" / "philox.py").write_text(source.replace("range(10)", "range(9)"))
    values, hits, _ = draw(run_python, tmp_path / "cache", PYTHONPATH=f"{copy.parent}:{':'.join(sys.path)}")
    assert hits == 0
    assert values != EXPECTED


@pytest.mark.parametrize("cache", ["off", "/proc/mpifast"])  # /proc takes no folders, not even the superuser's
def test_works_without_a_cache(run_python, cache):
    assert draw(run_python, cache) == (EXPECTED, 0, "None")


def test_damaged_files_are_compiled_again(run_python, tmp_path, random):
    _, _, place = draw(run_python, tmp_path)
    files = [path for path in Path(place).iterdir() if path.suffix in (".nbi", ".nbc")]
    assert len(files) == 2
    for damaged in files:
        for content in (b"", damaged.read_bytes()[:-20], random.bytes(500)):
            damaged.write_bytes(content)
            assert draw(run_python, tmp_path)[0] == EXPECTED
    draw(run_python, tmp_path)
    assert draw(run_python, tmp_path)[1] == 1


def test_many_processes_may_fill_it_at_once(run_python, tmp_path):
    code = DRAW
    environment = {**os.environ, "MPIFAST_CACHE": str(tmp_path), "PYTHONPATH": ":".join(sys.path)}
    workers = [
        subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(6)
    ]
    for worker in workers:
        _, errors = worker.communicate(timeout=120)
        assert worker.returncode == 0, errors.decode()
    assert draw(run_python, tmp_path)[:2] == (EXPECTED, 1)


def test_only_the_user_may_read_it(run_python, tmp_path):
    _, _, place = draw(run_python, tmp_path / "cache")
    assert np.bitwise_and(Path(place).stat().st_mode, 0o077) == 0
