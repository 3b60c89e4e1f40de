"""Every public name is in the reference (docs/api) and shows an example. The pages are read, not built."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
API, STUB = ROOT / "docs" / "api", ROOT / "mpifast" / "__init__.pyi"
if not API.exists() or not STUB.exists():
    pytest.skip("the tests run without the checkout around them", allow_module_level=True)
MODULES = {  # those that are public: where each is listed, and its source
    "phantoms": "data/phantoms/__init__.py",
    "noise": "data/noise/__init__.py",
    "receive": "physics/receive/__init__.py",
    "metrics": "metrics.py",
    "plots": "plots/__init__.py",
    "analysis": "analysis.py",
    "cluster": "cluster.py",
    "io.torch": "io/torch.py",
    "io.onnx": "io/onnx.py",
}


def listed(page):
    """The names in the tables of a page of the reference."""
    found = []
    for block in re.findall(r"\.\. autosummary::\n((?:   .*\n|\n)*)", (API / page).read_text(encoding="utf-8")):
        found += [line.strip() for line in block.splitlines() if line.strip() and not line.strip().startswith(":")]
    return found


def imported():
    """The names of `mpifast/__init__.pyi`, each with the module that defines it; None for submodules."""
    for node in ast.parse(STUB.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom):
            for name in node.names:
                yield name.asname or name.name, node.module


def names_of(source):
    """`__all__` of a module, or what it attaches lazily."""
    tree = ast.parse((ROOT / "mpifast" / source).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(getattr(target, "id", "") == "__all__" for target in node.targets):
            return ast.literal_eval(node.value)
        if isinstance(node, ast.keyword) and node.arg == "submod_attrs":
            return [name for names in ast.literal_eval(node.value).values() for name in names]
    raise AssertionError(f"{source} has no __all__")


def test_every_public_name_is_in_the_reference():
    pages = {name for name in listed("index.rst") if "." not in name}
    classes = {name for name, _ in imported() if name not in {"io", *MODULES}}
    assert classes - pages == set(), "add them to a table of docs/api/index.rst"
    assert pages - classes == set(), "no longer public"


def test_every_public_module_has_a_page():
    modules = {name for name, module in imported() if (ROOT / "mpifast" / f"{name}.py").exists() or module is None}
    assert modules - {"io"} <= MODULES.keys(), "a new module: add a page to docs/api, and its source here"
    assert {page.stem for page in API.glob("*.rst")} == {"index", *MODULES}


@pytest.mark.parametrize("module", MODULES)
def test_every_name_of_a_public_module_is_on_its_page(module):
    assert set(listed(f"{module}.rst")) == set(names_of(MODULES[module]))


def test_every_public_name_has_an_example():
    missing = []
    for name, module in imported():
        if module is None or name in MODULES:
            continue
        path = ROOT / "mpifast" / (module.replace(".", "/") + ".py")
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docs = [
            ast.get_docstring(node) or ""
            for node in tree.body
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == name
        ]
        if not any(re.search(r"^Examples\n-+\n", doc, re.MULTILINE) and ">>> " in doc for doc in docs):
            missing.append(name)
    assert missing == []


def test_every_page_of_the_how_to_is_in_its_contents():
    contents = "\n".join(
        (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("index.md", "start.md", "how-to.md", "rely.md")
    )
    listed_pages = set(re.findall(r"^(?:.* <)?([\w-]+)>?$", contents, re.MULTILINE))
    assert {page.stem for page in (ROOT / "docs").glob("*.md")} - listed_pages == {"index"}
