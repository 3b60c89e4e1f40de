"""Progress bars: lazily imported, in terminals and notebooks, and with speeds that leave compilation out."""

import re
from pathlib import Path

import pytest
from tqdm import tqdm

import mpifast
from mpifast import _progress

KERNEL = """
import sys, types
shell = types.SimpleNamespace(config={"IPKernelApp": {}})
sys.modules["IPython"] = types.SimpleNamespace(get_ipython=lambda: shell)  # and no ipywidgets
sys.modules["ipywidgets"] = None
from mpifast import _progress
assert _progress.notebook() and _progress.watched()
assert "tqdm" not in sys.modules
for _ in _progress.tqdm(range(3), desc="training", disable=None): pass
"""


def test_a_notebook_without_widgets_has_a_bar_of_text_and_no_warning(run_python):
    done = run_python("-W", "error", "-c", KERNEL)
    assert "training: 100%" in done.stderr
    assert done.returncode == 0, done.stderr


def test_every_bar_knows_notebooks():
    files = Path(mpifast.__file__).parent.rglob("*.py")
    found = [path.name for path in files if re.search(r"^ *(from|import) tqdm", path.read_text("utf-8"), re.MULTILINE)]
    assert found == ["_progress.py"]


def test_a_file_has_no_bar(capsys):
    assert not _progress.notebook()
    for _ in _progress.tqdm(range(3), disable=None):
        pass
    assert capsys.readouterr().err == ""


def test_a_network_imports_no_tqdm_before_its_first_bar(run_python):
    code = "import sys, mpifast; mpifast.Network(2, 2); print('tqdm' in sys.modules)"
    assert run_python("-c", code).stdout == "False\n"


def test_seconds_are_left_out(monkeypatch):
    now = [100.0]
    bar = tqdm(total=10, disable=False, delay=1e9)
    monkeypatch.setattr(bar, "_time", lambda: now[0])
    bar.start_t = bar.last_print_t = now[0]
    now[0] += 8.0
    _progress.leave_out(bar, 6.0)
    assert bar.format_dict["elapsed"] == pytest.approx(2.0)
    bar.close()
    _progress.leave_out(tqdm(disable=True), 6.0)
