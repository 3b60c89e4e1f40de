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

LOOP = Path(__file__).with_name("cached_loop.py")
RUN = "from cached_loop import main; main(1)"
EXPECTED = "0 1 4 9"


def square(run_python, cache, code=RUN, **environment):
    """Run a small loop in a fresh process: (its result, hits of the cache, whether it loaded all that Numba can
    compile, folder of the cache).
    """
    done = run_python("-c", code, MPIFAST_CACHE=str(cache), **environment)
    assert done.returncode == 0, done.stderr
    *values, hits, loaded, place = done.stdout.split()
    return " ".join(values), int(hits), loaded == "True", place


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A cache that one process has filled. Tests that change it take a copy."""
    folder = tmp_path_factory.mktemp("cache")
    path = os.pathsep.join(entry for entry in sys.path if entry)
    environment = {**os.environ, "MPIFAST_CACHE": str(folder / "kept"), "PYTHONPATH": path}
    command = [sys.executable, "-c", RUN]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.stdout.startswith(f"{EXPECTED} 0 "), done.stderr
    return folder / "kept"


@pytest.fixture
def filled(kept, tmp_path):
    return Path(shutil.copytree(kept, tmp_path / "cache"))


def test_a_second_process_compiles_nothing(run_python, kept):
    assert square(run_python, kept)[:3] == (EXPECTED, 1, False)  # nor does it load what compiles


def test_the_twins_of_a_loop_are_kept_apart(run_python, filled):
    # Numba knows its threading layer only once it has run a parallel function: the serial twin, kept first, must not
    # stand in for it.
    layer = "import numba; from cached_loop import main; main(2); print(numba.threading_layer())"
    for _ in range(2):
        done = run_python("-c", layer, MPIFAST_CACHE=str(filled), NUMBA_NUM_THREADS="2")
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"{EXPECTED} ")
    assert square(run_python, filled)[:2] == (EXPECTED, 1)


def test_other_settings_of_numba_are_another_cache(run_python, filled):
    values, hits, _, place = square(run_python, filled, NUMBA_OPT="2")
    assert (values, hits) == (EXPECTED, 0)
    assert len({place, *map(str, filled.iterdir())}) == 2


def test_an_edit_in_another_file_is_seen(run_python, tmp_path):
    copy = tmp_path / "site" / "mpifast"
    shutil.copytree(Path(mpifast.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    block, loop = copy / "_compiled" / "example_block.py", copy / "_compiled" / "example_loop.py"
    text = LOOP.read_text().replace("slot * slot", "square(slot)")
    loop.write_text(text.replace("import Loop\n", "import Loop\nfrom mpifast._compiled.example_block import square\n"))
    path = os.pathsep.join([str(copy.parent), *sys.path])
    code = RUN.replace("cached_loop", "mpifast._compiled.example_loop")
    for term, expected in (("x * x", EXPECTED), ("x + x", "0 2 4 6")):
        block.write_text(f"from mpifast._compiled.jit import jit\n\n\n@jit\ndef square(x):\n    return {term}\n")
        assert square(run_python, tmp_path / "cache", code, PYTHONPATH=path)[:2] == (expected, 0)


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
    for path in {path.parent: path for path in files}.values():  # one of each folder
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
    place = square(run_python, tmp_path)[-1]
    assert not old.exists()
    os.utime(place, (1.0, 1.0))
    assert square(run_python, tmp_path)[:2] == (EXPECTED, 1)  # in use: neither removed nor forgotten
    assert Path(place).stat().st_mtime > 1e9


@pytest.mark.parametrize("cache", ["off", "/proc/mpifast"])  # /proc takes no folders, not even the superuser's
def test_works_without_a_cache(run_python, cache):
    """Where the folder cannot be written, it is said once, with the cure."""
    done = run_python("-c", RUN, MPIFAST_CACHE=cache)
    assert done.stdout.split()[:5] == [*EXPECTED.split(), "0"]
    assert done.stdout.split()[-1] == "None"
    said = done.stderr.count("UserWarning: compiled loops cannot be kept in /proc/mpifast/")
    cure = done.stderr.count("set the environment variable MPIFAST_CACHE to a folder that can be written")
    assert (said, cure, done.stderr == "") == ((0, 0, True) if cache == "off" else (1, 1, False))


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


def test_a_process_with_damaged_files_compiles_again(run_python, filled):
    damaged = list(filled.rglob("*.nbc"))
    assert damaged
    for path in damaged:
        path.write_bytes(path.read_bytes()[:-20])
    assert square(run_python, filled)[:2] == (EXPECTED, 0)
    assert square(run_python, filled)[:2] == (EXPECTED, 1)


@pytest.mark.slow
def test_many_processes_may_fill_it_at_once(run_python, tmp_path):
    environment = {**os.environ, "MPIFAST_CACHE": str(tmp_path), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", RUN]
    options = {"cwd": tmp_path, "env": environment, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    workers = [subprocess.Popen(command, **options) for _ in range(3)]
    for worker in workers:
        _, errors = worker.communicate(timeout=120)
        assert worker.returncode == 0, errors.decode()
    assert square(run_python, tmp_path)[:2] == (EXPECTED, 1)


def test_only_the_user_may_read_it(kept):
    assert [np.bitwise_and(path.stat().st_mode, 0o077) for path in kept.iterdir()] == [0]
