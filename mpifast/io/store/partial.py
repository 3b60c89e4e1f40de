"""Stores in the making: a folder ``NAME.partial`` beside the store's name, held by one process, found again by the
next.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mpifast._files import locked
from mpifast.io.store.layout import Layout, difference

SETTINGS, CONTENT = "settings.json", "content"


@contextmanager
def partial(path: Path, layout: Layout, create: Callable[[Path], None]) -> Iterator[Path]:
    """The content of the folder, from ``create`` if there is none yet. The folder goes at the end of the block, and
    stays if that fails.

    Raises
    ------
    BlockingIOError
        If another process writes the same store.
    FileExistsError
        If the folder was begun with other settings.
    """
    folder = path.with_name(path.name + ".partial")
    if not folder.exists():
        _begin(folder, layout)
    with locked(_settings(folder), str(path)):
        _compare(folder, layout)
        content = folder / CONTENT
        if not content.exists():
            fresh = folder / "new"
            _remove(fresh)
            create(fresh)
            os.rename(fresh, content)
        yield content
        _vanish(folder)


def discard(path: Path) -> None:
    """Remove the folder of a finished store, if its writer was killed before it could."""
    folder = path.with_name(path.name + ".partial")
    if folder.exists() and not (folder / CONTENT).exists():
        with locked(_settings(folder), str(path)):
            _vanish(folder)


def _vanish(folder: Path) -> None:
    """Remove the folder; its name goes at once, for one that a killed process has removed in part would be in the way."""
    temporary = _temporary(folder)
    os.rename(folder, temporary)
    shutil.rmtree(temporary)


def _temporary(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.{os.getpid()}.{os.urandom(4).hex()}.tmp")


def _begin(folder: Path, layout: Layout) -> None:
    """Make the folder with its settings in one step."""
    temporary = _temporary(folder)
    temporary.mkdir()
    try:
        (temporary / SETTINGS).write_text(json.dumps(layout.attributes, indent=1), encoding="utf-8")
        os.rename(temporary, folder)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):  # another process was faster
            raise


def _settings(folder: Path) -> Path:
    path = folder / SETTINGS
    if not path.is_file():
        raise FileExistsError(
            errno.EEXIST, f"{folder} is in the way and was not begun by mpifast: move it, or choose another name"
        )
    return path


def _compare(folder: Path, layout: Layout) -> None:
    try:
        begun = json.loads((folder / SETTINGS).read_bytes())
        other = difference(layout.attributes, begun)
    except (ValueError, AttributeError) as error:
        other = f"its settings cannot be read ({error})"
    if other:
        raise FileExistsError(
            errno.EEXIST, f"{folder} was begun with other settings ({other}): remove it, or choose another name"
        )


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
