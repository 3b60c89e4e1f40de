"""Compiled code between processes: reused, renewed after any edit, harmless where it cannot be kept or read."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest

import mpifast
from mpifast._compiled import cache as module

DRAW = """
import mpifast
from mpifast.data import _phantoms_loops as loops
from mpifast._compiled import cache
drawn = mpifast.phantoms.random(2, 8, seed=7, threads=1).ravel().tolist()
print(drawn, sum(loops.draw.compiled.stats.cache_hits.values()), cache.folder())
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


def test_compiled_code_is_read_without_numbas_implementations(run_python, tmp_path):
    draw(run_python, tmp_path)
    code = f"{DRAW}\nimport sys; print('numba.np.arraymath' in sys.modules)"
    assert run_python("-c", code, MPIFAST_CACHE=str(tmp_path)).stdout.split()[-1] == "False"


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


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A copy of the installed package, and a C source in it, as an extension in the making has one."""
    copy = tmp_path_factory.mktemp("site") / "mpifast"
    shutil.copytree(Path(mpifast.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "_compiled" / "example.c").write_text("int answer(void) { return 42; }")
    return copy


@pytest.mark.parametrize("pattern", ["*.py", "*.so", "*.c", "*.pyx", "*.pxd"])
def test_an_edit_of_any_dependency_is_another_digest(package, pattern):
    before = module.digest_of(package)
    files = sorted(package.rglob(pattern))
    assert files
    for path in files:
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]) if content else b"#")
        assert module.digest_of(package) != before, path
        path.write_bytes(content)
    moved = files[0].with_name(f"moved{files[0].suffix}")
    files[0].rename(moved)
    assert module.digest_of(package) != before
    moved.rename(files[0])
    assert module.digest_of(package) == before


def test_the_digest_in_use_is_that_of_the_package(run_python, package):
    """An extension of which one byte differs: another folder."""
    code = "from mpifast._compiled import cache; print(cache.digest())"
    path = f"{package.parent}{os.pathsep}{os.pathsep.join(sys.path)}"
    before = run_python("-c", code, PYTHONPATH=path).stdout
    extension = next(package.rglob("*.so"))
    content = extension.read_bytes()
    extension.write_bytes(content + b"\0")
    after = run_python("-c", code, PYTHONPATH=path).stdout
    extension.write_bytes(content)
    assert len(before) == len(after) == 25
    assert before != after


def test_old_caches_are_removed_and_none_in_use(tmp_path):
    """Ages in days, most recently used first; names that are not digests are nobody's cache."""
    day, now = 86_400, 1_000_000_000.0
    ages = {f"{number:024x}": age for number, age in enumerate([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 2, 3, 29, 31, 400])}
    for name, age in {**ages, "notes": 400, "current": 400, "f" * 24: 400}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "code.nbc").write_bytes(b"code")
        os.utime(tmp_path / name, (now - age * day, now - age * day))
    (tmp_path / ("e" * 24)).symlink_to(tmp_path / "notes", target_is_directory=True)
    module.evict(tmp_path, "f" * 24, now)
    left = {name for name in ages if (tmp_path / name).exists()}
    assert left == {name for name, age in ages.items() if age < 1}
    assert all((tmp_path / name / "code.nbc").exists() for name in ("notes", "current", "f" * 24, "e" * 24))
    few = dict(list(ages.items())[:2])
    for name in few:
        os.utime(tmp_path / name, (now - 20 * day, now - 20 * day))
    for name in left - few.keys():
        shutil.rmtree(tmp_path / name)
    module.evict(tmp_path, "f" * 24, now)  # of few, those of the last month stay
    assert all((tmp_path / name).exists() for name in few)
    module.evict(tmp_path, "f" * 24, now + 11 * day)
    assert not any((tmp_path / name).exists() for name in few)


def test_a_process_evicts_and_marks_its_own_folder(run_python, tmp_path):
    old = tmp_path / ("0" * 24)
    old.mkdir()
    os.utime(old, (1.0, 1.0))
    _, _, place = draw(run_python, tmp_path)
    assert not old.exists()
    os.utime(place, (1.0, 1.0))
    assert draw(run_python, tmp_path)[:2] == (EXPECTED, 1)  # in use: neither removed nor forgotten
    assert Path(place).stat().st_mtime > 1e9


@pytest.mark.parametrize("cache", ["off", "/proc/mpifast"])  # /proc takes no folders, not even the superuser's
def test_works_without_a_cache(run_python, cache):
    assert draw(run_python, cache) == (EXPECTED, 0, "None")


def test_a_folder_that_cannot_be_written_is_said_once_with_the_cure(run_python):
    done = run_python("-c", DRAW, MPIFAST_CACHE="/proc/mpifast")
    assert done.stderr.count("UserWarning: compiled loops cannot be kept in /proc/mpifast/") == 1
    assert done.stderr.count("set the environment variable MPIFAST_CACHE to a folder that can be written") == 1
    assert run_python("-c", DRAW, MPIFAST_CACHE="off").stderr == ""


def test_damaged_files_are_compiled_again(monkeypatch, tmp_path, random):
    monkeypatch.setattr(module, "folder", lambda: tmp_path)

    def call():
        """As a fresh process would: the result, and hits of the cache."""
        add = module.enable(numba.njit(lambda a, b: a + b))
        return add(40, 2), sum(add.stats.cache_hits.values())

    assert call() == (42, 0)
    assert call() == (42, 1)
    whole = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert {path.suffix for path in whole} == {".nbi", ".nbc"}
    for damaged, content in whole.items():
        for cut in (0, 1, len(content) // 2, len(content) - 20, None):
            damaged.write_bytes(random.bytes(500) if cut is None else content[:cut])
            assert call() == (42, 0)
            assert call()[0] == 42  # a damaged index is only cleared: compiled once more
            assert call() == (42, 1)
            for path in tmp_path.iterdir():
                path.unlink()
            for path, sound in whole.items():
                path.write_bytes(sound)
            assert call() == (42, 1)


def test_a_process_with_damaged_files_compiles_again(run_python, tmp_path):
    _, _, place = draw(run_python, tmp_path)
    for damaged in Path(place).glob("*.nbc"):
        damaged.write_bytes(damaged.read_bytes()[:-20])
    assert draw(run_python, tmp_path)[:2] == (EXPECTED, 0)
    assert draw(run_python, tmp_path)[:2] == (EXPECTED, 1)


def test_many_processes_may_fill_it_at_once(run_python, tmp_path):
    code = DRAW
    environment = {**os.environ, "MPIFAST_CACHE": str(tmp_path), "PYTHONPATH": ":".join(sys.path)}
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=tmp_path,  # in a checkout Python would find the uncompiled package
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    for worker in workers:
        _, errors = worker.communicate(timeout=120)
        assert worker.returncode == 0, errors.decode()
    assert draw(run_python, tmp_path)[:2] == (EXPECTED, 1)


def test_only_the_user_may_read_it(run_python, tmp_path):
    _, _, place = draw(run_python, tmp_path / "cache")
    assert np.bitwise_and(Path(place).stat().st_mode, 0o077) == 0
