"""Every example on the pages under docs runs and prints what it says."""

import doctest
from pathlib import Path

import pytest

PAGES = sorted((Path(__file__).resolve().parent.parent / "docs").glob("*.md"))
pytestmark = pytest.mark.skipif(not PAGES, reason="the tests run without the checkout around them")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_examples(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # examples write files
    result = doctest.testfile(str(page), module_relative=False)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_are_understood(page, capsys):
    """Every ``mpifast ...`` line parses."""
    from mpifast.cli import parser

    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("    mpifast "):
            parser().parse_args(line.split()[1:])
