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

from mpifast._files import naming
from mpifast.io.store.layout import Layout, difference

SETTINGS, CONTENT = "settings.json", "content"


@contextmanager
def partial(path: Path, layout: Layout, create: Callable[[Path], None]) -> Iterator[Path]:
    """The content of the folder, from ``create`` if there is none yet. The folder goes at the end of the block, and
    stays if that fails. The caller holds the lock of ``path``.

    Raises
    ------
    FileExistsError
        If the folder was begun with other settings.
    """
    folder = folder_of(path)
    if not folder.exists():
        _begin(folder, layout)
    _compare(folder, layout)
    content = folder / CONTENT
    if not content.exists():
        # A name of its own: after Ctrl-C a thread of zarr's may still write to the one before.
        fresh = folder / f"new.{os.urandom(4).hex()}"
        create(fresh)
        os.rename(fresh, content)
    yield content
    _vanish(folder)


def folder_of(path: Path) -> Path:
    """The folder in which a store is made."""
    return path.with_name(path.name + ".partial")


def occupied(path: Path) -> int:
    """Bytes on the disk that the parts of a store take already."""
    files = [file.stat() for file in folder_of(path).rglob("*") if file.is_file()]
    return sum(getattr(info, "st_blocks", -(-info.st_size // 512)) * 512 for info in files)


def discard(path: Path) -> None:
    """Remove the folder of a finished store, if its writer was killed before it could."""
    folder = folder_of(path)
    if folder.exists() and not (folder / CONTENT).exists():
        _settings(folder)
        _vanish(folder)


def _vanish(folder: Path) -> None:
    """Remove the folder; it is renamed first, for one removed in part by a killed process would be in the way."""
    temporary = _temporary(folder)
    with naming(folder, folder):
        os.rename(folder, temporary)
    shutil.rmtree(temporary)


def _temporary(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.{os.getpid()}.{os.urandom(4).hex()}.tmp")


def _begin(folder: Path, layout: Layout) -> None:
    """Make the folder with its settings in one step: a process killed here leaves none without settings."""
    temporary = _temporary(folder)
    with naming(folder, temporary):
        temporary.mkdir()
        try:
            (temporary / SETTINGS).write_text(json.dumps(layout.attributes, indent=1), encoding="utf-8")
            os.rename(temporary, folder)
        except OSError:
            shutil.rmtree(temporary, ignore_errors=True)
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
        begun = json.loads(_settings(folder).read_bytes())
        other = _difference(layout, begun)
    except (ValueError, AttributeError, RecursionError) as error:
        other = f"its settings cannot be read ({error})"
    if other:
        raise FileExistsError(
            errno.EEXIST, f"{folder} was begun with other settings ({other}): remove it, or choose another name"
        )


def _difference(layout: Layout, begun: dict[str, object]) -> str:
    """The first setting in which the parts of ``begun`` differ; one of those within ``settings`` by its own name."""
    ours = layout.attributes
    if ours == begun:
        return ""
    if ours["format_version"] == begun.get("format_version") and isinstance(text := begun.get("settings"), str):
        begun = {**begun, "settings": json.loads(text)}
        ours = {**ours, "settings": layout.settings}
    return difference({**ours, "digest": ""}, {**begun, "digest": ""})
