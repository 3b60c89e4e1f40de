"""The picture of the house in CONTRIBUTING.md is the tree: every file is in it, and imports run up the page only."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "mpifast"
if not (ROOT / "CONTRIBUTING.md").exists() or not PACKAGE.exists():
    pytest.skip("the tests run without the checkout around them", allow_module_level=True)
FULL = 15  # files a folder


def picture():
    """The folders of the picture in its order, "" the package itself, each with its files."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    block = text.split("    mpifast/\n", 1)[1].split("\n\n", 1)[0]
    folders, here = [], None
    for line in block.splitlines():
        words = re.sub(r"\(.*?\)", "", line).split()
        if words and words[0].endswith("/"):
            here = words.pop(0).rstrip("/")
            folders.append((here, set()))
        elif line.startswith("      ") and words and not line.startswith(" " * 8):
            here = ""
            folders.append((here, set()))
        folders[-1][1].update(word for word in words if re.search(r"\.(py|pyx|pxd|pyi|c)$", word))
    return folders


def tree():
    """Every source file, by folder."""
    found = {}
    for path in PACKAGE.rglob("*"):
        generated = path.suffix == ".c" and path.with_suffix(".pyx").exists()
        if path.suffix in (".py", ".pyx", ".pxd", ".c") and not generated:
            folder = path.parent.relative_to(PACKAGE).as_posix()
            if path.name != "__init__.py" or folder == ".":
                found.setdefault("" if folder == "." else folder, set()).add(path.name)
    return found


def imports(path):
    """Files of the package that a module imports, at any level of nesting."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            file = ROOT / (name.replace(".", "/") + ".py")
            if name.startswith("mpifast.") and file.exists():
                yield file


def modules():
    return [path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py"]


def test_the_picture_has_every_file_and_no_other():
    drawn = {}
    for folder, files in picture():
        drawn.setdefault(folder, set()).update(files)
    assert drawn == tree()


def test_folders_import_only_what_stands_above_them():
    order = {}
    for number, (folder, files) in enumerate(picture()):
        order.update({PACKAGE / folder / file: number for file in files})
    backwards = [
        f"{path.relative_to(ROOT)} imports {target.relative_to(ROOT)}"
        for path in modules()
        for target in imports(path)
        if order[target] > order[path]
    ]
    assert not backwards


def test_no_module_imports_itself_in_a_circle():
    arrows = {path: set(imports(path)) for path in modules()}
    while arrows:  # take away what imports nothing that is left
        free = {path for path, targets in arrows.items() if not targets & arrows.keys()}
        assert free, f"in circles, or behind them: {sorted(path.relative_to(ROOT).as_posix() for path in arrows)}"
        arrows = {path: targets for path, targets in arrows.items() if path not in free}


def test_no_folder_is_overfull():
    assert max(len(files) for files in tree().values()) <= FULL
