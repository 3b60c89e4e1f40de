"""Every example on the pages under docs runs and prints what it says, and every command is understood."""

import doctest
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"
NO_EXAMPLES = {"trust", "rely", "how-to", "speed", "changes", "glossary", "index"}  # reports and tables of contents
PAGES = [DOCS / "index.md", *sorted(page for page in DOCS.glob("*.md") if page.stem not in NO_EXAMPLES)]
PAGES += sorted(page for page in DOCS.glob("theory/*.md") if ">>> " in page.read_text(encoding="utf-8"))
PAGES = [page for page in PAGES if page.exists()]


@pytest.mark.skipif(not DOCS.exists(), reason="the tests run without the checkout around them")
def test_there_are_pages():
    assert PAGES


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_examples(page, tmp_path, monkeypatch):
    if page.stem == "pytorch":
        pytest.importorskip("torch", reason="PyTorch is in the extra test-all")
    monkeypatch.chdir(tmp_path)  # examples write files
    result = doctest.testfile(
        str(page), module_relative=False, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    )
    assert result.attempted > 0
    assert result.failed == 0


def commands(page):
    """The words behind ``mpifast`` of every command, whose lines a backslash may continue."""
    lines = page.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    return [line.split()[1:] for line in lines if line.startswith("    mpifast ")]


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_commands_are_understood(page):
    from mpifast.cli._parser import parser

    for words in commands(page):
        parser().parse_args(words)


@pytest.mark.skipif(not DOCS.exists(), reason="the tests run without the checkout around them")
def test_commands_run(tmp_path, monkeypatch, capsys):
    """The page on the command line, from top to bottom, its measurement first."""
    from mpifast.cli import bench, main
    from mpifast.cli._parser import COMMANDS

    monkeypatch.setattr(bench, "SAMPLES", 300)  # its table is not read
    monkeypatch.setattr(bench, "ROUNDS", 1)
    monkeypatch.chdir(tmp_path)
    page = DOCS / "command-line.md"
    assert doctest.testfile(str(page), module_relative=False).failed == 0
    lines = commands(page)
    assert {line[0] for line in lines} == {command.__name__.rpartition(".")[2] for command in COMMANDS}
    assert [main(line) for line in lines] == [0] * len(lines), capsys.readouterr().err


@pytest.mark.skipif(not DOCS.exists(), reason="the tests run without the checkout around them")
def test_extras_are_installed_from_the_checkout():
    """Until there is a release, no index has mpifast: `pip install "mpifast[torch]"` finds nothing."""
    pages = [*PAGES, DOCS.parent / "README.md", DOCS.parent / "CONTRIBUTING.md"]
    assert not [page.name for page in pages if 'pip install "mpifast' in page.read_text(encoding="utf-8")]


@pytest.mark.skipif(not DOCS.exists(), reason="the tests run without the checkout around them")
def test_no_two_pages_write_the_same_file():
    """A reader who tries one page after the other in one folder would be told that the store is another one."""
    owner = {}
    for page in PAGES:
        for name in set(re.findall(r"[\w-]+\.(?:h5|zarr)\b", page.read_text(encoding="utf-8"))):
            assert owner.setdefault(name, page.name) == page.name, name


AMERICAN = (
    r"color(?:s|ed|ing)?|gray|meters?|neighbor\w*|behavior\w*|favor\w*|labeled|canceled|model(?:ed|ing)|analyze\w*"
    r"|(?:regular|optim|normal|initial|random|vector|minim|maxim|summar|parallel|digit|real|magnet|polar)iz(?:e[ds]?|ing|ation)"
)


@pytest.mark.skipif(not DOCS.exists(), reason="the tests run without the checkout around them")
def test_prose_is_in_british_spelling():
    """Code keeps the names of NumPy and of the field's libraries."""
    assert re.findall(rf"\b(?:{AMERICAN})\b", "the colors, regularized: a gray image of 3 meters in colour") == [
        "colors",
        "regularized",
        "gray",
        "meters",
    ]
    for page in [*DOCS.glob("**/*.md"), *DOCS.parent.glob("*.md")]:
        text = re.sub(
            r"```.*?```|`[^`]*`|\]\([^)]*\)|^    .*?$", "", page.read_text(encoding="utf-8"), flags=re.S | re.M
        )
        assert re.findall(rf"\b(?:{AMERICAN})\b", text) == [], page.name
