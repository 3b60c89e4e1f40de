"""The README is short; its example runs and prints what it says; its files exist; its commands are the ones CI runs."""

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
pytestmark = pytest.mark.skipif(not README.exists(), reason="the tests run without the checkout around them")


def test_examples(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # examples write files
    result = doctest.testfile(str(README), module_relative=False)
    assert result.attempted > 5
    assert result.failed == 0


def test_a_minute_is_enough():
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 110


def test_links_lead_to_files():
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", README.read_text(encoding="utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_pictures_exist():
    for line in README.read_text(encoding="utf-8").splitlines():
        if line.startswith("!["):
            assert (ROOT / line.split("](")[1].rstrip(")")).stat().st_size > 10_000


def test_ci_runs_the_two_commands_word_for_word():
    commands = [
        line.strip()
        for line in README.read_text(encoding="utf-8").splitlines()
        if line.startswith("    python -m pip install")
    ]
    assert len(commands) == 2
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for command in commands:
        assert command in script
