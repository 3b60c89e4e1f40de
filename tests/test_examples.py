"""The gallery: each example compiles, has a title and text, uses public names alone, and runs (``-m gallery``)."""

import ast
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES, PACKAGE = ROOT / "examples", ROOT / "mpifast"
if not EXAMPLES.exists() or not PACKAGE.exists():
    pytest.skip("the tests run without the checkout around them", allow_module_level=True)
GALLERY = sorted((EXAMPLES / "gallery").glob("plot_*.py"))
NAMES = [path.stem for path in GALLERY]
PRINTED = 30  # most lines of an example
RUN = "import runpy, sys; runpy.run_path(sys.argv[1], run_name='__main__')\n"
FIGURES = "import matplotlib.pyplot as plt; assert plt.get_fignums(), 'no figure is left open'"


def public_names():
    """The names of ``mpifast/__init__.pyi``, each with the module that it is, None of classes and functions."""
    found = {"__version__": None}
    for node in ast.parse((PACKAGE / "__init__.pyi").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom):
            parts = node.module.split(".") if node.module else []
            for alias in node.names:
                found[alias.name] = module_file(".".join(["mpifast", *parts, alias.name]))
    return found


def module_file(name):
    """The file of a module, None where there is no such module."""
    path = ROOT / name.replace(".", "/")
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.exists()), None)


def listed(file):
    """The public names of a module, from its source: PyTorch need not be installed, and nothing is imported."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.Assign):
            continue
        if getattr(node.targets[0], "id", "") == "__all__":
            return set(ast.literal_eval(node.value))
        if isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "lazy_loader.attach":
            lists = [part.elts for part in ast.walk(node.value) if isinstance(part, ast.List)]
            return {name.value for names in lists for name in names}
    stub = ast.parse(file.with_suffix(".pyi").read_text(encoding="utf-8"))
    return {alias.asname for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names}


def private_uses(tree):
    """What a source takes from mpifast that is not public, as dotted names."""
    public, modules, wrong = public_names(), {}, []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "mpifast":
            wrong += [alias.name for alias in node.names if alias.name not in public]
            modules |= {
                alias.asname or alias.name: public[alias.name] for alias in node.names if public.get(alias.name)
            }
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mpifast."):
            file = module_file(node.module)
            names = listed(file) if file and node.module.split(".")[1] in public else set()
            wrong += [f"{node.module}.{alias.name}" for alias in node.names if alias.name not in names]
        elif isinstance(node, ast.Import):
            wrong += [alias.name for alias in node.names if alias.name.startswith("mpifast.")]
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        if isinstance(node.value, ast.Name) and node.value.id == "mpifast" and node.attr not in public:
            wrong.append(f"mpifast.{node.attr}")
        module = None
        if isinstance(node.value, ast.Name):
            module = modules.get(node.value.id)
        elif isinstance(node.value, ast.Attribute) and getattr(node.value.value, "id", "") == "mpifast":
            module = public.get(node.value.attr)
        if module and node.attr not in listed(module):
            wrong.append(ast.unparse(node))
    return wrong


@pytest.mark.parametrize("path", GALLERY, ids=NAMES)
def test_title_and_text(path):
    """What sphinx-gallery needs: a title, sentences, blocks of text, and figures that nobody closes."""
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    compile(tree, path.name, "exec")
    title, rule, empty, *text = ast.get_docstring(tree).splitlines()
    assert title
    assert set(rule) == {"="}
    assert len(rule) == len(title)
    assert not empty
    assert 1 <= " ".join(text).count(". ") + 1 <= 4
    assert len(re.findall(r"^# %%\n# \S", source, re.MULTILINE)) >= 2
    assert "plt.close" not in source
    assert source.rstrip().endswith("plt.show()")


@pytest.mark.parametrize("path", GALLERY, ids=NAMES)
def test_public_names_alone(path):
    assert private_uses(ast.parse(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        "import mpifast\nmpifast.Netwerk()",
        "import mpifast\nmpifast.plots.figure(2)",
        "import mpifast\nmpifast._files",
        "import mpifast.plots.style",
        "from mpifast import as_system",
        "from mpifast import cluster\ncluster.np",
        "from mpifast.io.torch import annotations",
        "from mpifast.networks.scaling import Scaling",
    ],
)
def test_private_names_are_found(source):
    assert len(private_uses(ast.parse(source))) == 1


def test_enough_examples_each_in_the_readme():
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert len(GALLERY) >= 12
    assert [name for name in NAMES if f"`{name}.py`" not in text] == []
    assert sorted(set(re.findall(r"`(plot_\w+)\.py`", text)) - set(NAMES)) == []


@pytest.mark.gallery
@pytest.mark.parametrize("path", GALLERY, ids=NAMES)
def test_runs_alone(path, tmp_path):
    """In a process of its own, outside the checkout: it leaves figures and no files, and prints little."""
    if path.stem == "plot_06_pytorch" and importlib.util.find_spec("torch") is None:
        pytest.skip("PyTorch is in the extra test-all")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "MPLBACKEND": "agg"}
    done = subprocess.run(
        [sys.executable, "-c", RUN + FIGURES, str(path)], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr, done.stderr
    assert len(done.stdout.splitlines()) <= PRINTED, done.stdout
    assert not list(tmp_path.iterdir())
