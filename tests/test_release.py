"""What a release says of itself agrees in all files, and the commands that make one do what they say."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
if not (ROOT / ".ci" / "release").exists():
    pytest.skip("the tests run without the checkout around them", allow_module_level=True)
VERSIONED = ["mpifast/__init__.py", "CITATION.cff", "packaging/conda/recipe.yaml", "CHANGELOG.md"]


def text(file, root=ROOT):
    return (root / file).read_text(encoding="utf-8")


def project():
    return tomllib.loads(text("pyproject.toml"))


def versions(root=ROOT):
    """The version that each file says."""
    patterns = [r'^__version__ = "(.+)"$', r"^version: (.+)$", r'^  version: "(.+)"$', r"^## (\d\S+) \("]
    found = [
        re.search(pattern, text(file, root), re.MULTILINE) for file, pattern in zip(VERSIONED, patterns, strict=True)
    ]
    return [match[1] for match in found]


def lower_bounds(requirements):
    """{"numpy": "2.0"} of ["numpy>=2.0"]."""
    return dict(re.match(r"([\w-]+)\s*>=([\d.]+)", line).groups() for line in requirements)


def run(script, *arguments):
    """A script of a copy of the tree: its CompletedProcess."""
    names = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return subprocess.run(
        [sys.executable, str(script), *arguments], env={**os.environ, **names}, capture_output=True, text=True
    )


@pytest.fixture
def copy(tmp_path):
    """The files that the scripts read and write, and the scripts."""
    for file in [*VERSIONED, "README.md", "pyproject.toml", ".ci/release", ".ci/address"]:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    return tmp_path


def test_all_files_have_the_same_version():
    assert len(set(versions())) == 1, dict(zip(VERSIONED, versions(), strict=True))


def test_supported_versions_are_said_once_and_agree():
    table = dict(re.findall(r"^\| (CPython|NumPy|SciPy|Numba) \| (.+) \|$", text("CONTRIBUTING.md"), re.MULTILINE))
    supported = table["CPython"].split(", ")
    facts = project()["project"]
    classifiers = [re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", line) for line in facts["classifiers"]]
    assert [match[1] for match in classifiers if match] == supported
    assert facts["requires-python"] == f">={supported[0]}"
    needed = lower_bounds(facts["dependencies"])
    for library in ("NumPy", "SciPy", "Numba"):
        assert table[library] == f"{needed[library.lower()]} and later"
    wheels = project()["tool"]["cibuildwheel"]["build"]
    assert wheels == [f"cp{version.replace('.', '')}-*" for version in supported]
    assert "3.11" not in text("README.md")


def test_the_conda_recipe_needs_what_the_package_needs():
    section = text("packaging/conda/recipe.yaml").split("  run:\n")[1].split("\n\n")[0]
    recipe = [line.strip(" -").replace(" ", "") for line in section.splitlines()]
    assert recipe == ["python", *project()["project"]["dependencies"]]


def test_the_wheels_tests_exist():
    settings = project()["tool"]["cibuildwheel"]
    files = [word for word in settings["test-command"].split() if word.endswith(".py")]
    assert files
    assert all((ROOT / file).exists() for file in files)


@pytest.mark.skipif(shutil.which("git") is None, reason="a release is made with git")
def test_a_release_is_one_command(copy):
    changelog = copy / "CHANGELOG.md"
    entry = re.sub(r"\A# Changelog\n\n## .*", "# Changelog\n\n## Unreleased", changelog.read_text(encoding="utf-8"))
    changelog.write_text(entry, encoding="utf-8")

    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
        done = subprocess.run(["git", *identity, *arguments], cwd=copy, capture_output=True, text=True, check=True)
        return done.stdout

    git("init", "--quiet")
    refused = run(copy / ".ci/release", "99.0.0")
    assert "commit these files first" in refused.stderr
    git("add", ".")
    git("commit", "--quiet", "--message", "all")
    assert "99.0.0" not in git("grep", "version")
    assert "is not newer than" in run(copy / ".ci/release", "0.0.1").stderr
    assert "usage" in run(copy / ".ci/release", "99").stderr
    done = run(copy / ".ci/release", "99.0.0")
    assert done.returncode == 0, done.stderr
    assert versions(copy) == ["99.0.0"] * len(VERSIONED)
    assert re.search(r"^version: 99.0.0\ndate-released: \d{4}-\d\d-\d\d$", text("CITATION.cff", copy), re.MULTILINE)
    assert git("status", "--porcelain") == ""
    assert git("tag").split() == ["v99.0.0"]
    assert len(git("diff", "--numstat", "HEAD~").splitlines()) == len(VERSIONED)
    assert "nothing unreleased" in run(copy / ".ci/release", "99.0.1").stderr


def test_the_index_gets_links_that_lead_somewhere(copy):
    done = run(copy / ".ci/address", "https://github.com/someone/mpifast", "v1.2.3")
    assert done.returncode == 0, done.stderr
    page = text("README.md", copy)
    assert "](https://github.com/someone/mpifast/raw/v1.2.3/docs/images/2d.png)" in page
    assert "](https://github.com/someone/mpifast/blob/v1.2.3/CHANGELOG.md)" in page
    assert all(link.startswith("https://") for link in re.findall(r"\]\(([^)]+)\)", page))
    urls = tomllib.loads(text("pyproject.toml", copy))["project"]["urls"]
    assert urls["Documentation"] == "https://someone.github.io/mpifast"
