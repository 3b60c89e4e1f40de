"""Type checkers on a user's script, outside the package and against the installed one."""

import importlib.util
import runpy
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "typing" / "user_script.py"
CHECKERS = {"mypy": ["mypy", "--strict"], "pyright": ["pyright"]}
UNKNOWN = "import mpifast\n\nprint(mpifast.tikonov, mpifast.plots.reconstruction)\n"
WRONG = (
    "import mpifast\n\nsystem = mpifast.linear_system([[1.0]])\n"
    "print(mpifast.tikhonov(system, [[1.0]]).parameter)\n"
    "print(mpifast.tikhonov(system, [[1.0]], full_output=True).shape)\n"
)


@pytest.fixture(params=CHECKERS)
def checked(request, run_python, tmp_path, tmp_path_factory):
    pytest.importorskip(request.param, reason="type checkers are in the extra dev")
    cache = tmp_path_factory.getbasetemp() / "mypy"  # a second run reads what the first found out about NumPy

    def check(text):
        (tmp_path / "script.py").write_text(text, encoding="utf-8")
        return run_python("-m", *CHECKERS[request.param], "script.py", MYPY_CACHE_DIR=str(cache))

    return check


def test_a_users_script_passes(checked):
    done = checked(SCRIPT.read_text(encoding="utf-8"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_errors_of_users_are_found(checked):
    """Unknown names, and the one kind of result taken for the other: four errors, all in the script."""
    done = checked(UNKNOWN + WRONG)
    assert done.returncode == 1
    found = [line for line in done.stdout.splitlines() if "error" in line and "script.py:" in line]
    assert len(found) == 4, done.stdout
    for name in ("tikonov", "reconstruction", "parameter", "shape"):
        assert any(f'"{name}"' in line for line in found), name


def test_the_script_runs(capsys):
    runpy.run_path(str(SCRIPT), run_name="__main__")
    assert "['network', 'tikhonov', 'tsvd, rank=9']" in capsys.readouterr().out


def test_the_package_says_that_it_is_typed():
    folder = Path(importlib.util.find_spec("mpifast").origin).parent
    assert (folder / "py.typed").exists()
    assert (folder / "io" / "__init__.pyi").exists()
