"""Where compiled loops are kept between processes, and why that is safe.

Numba can cache by itself, but misses edits in other files than the function's own, writes beside the source (which may
be read-only) and can load the wrong function after two processes have filled the cache at once. Here

- the folder is named by a digest of every source file and every compiled extension, Numba's version and its settings:
  an edit anywhere is a new cache;
- it lies in the user's cache folder, readable by no one else, since Numba's files are pickles; where it cannot be
  written there is no cache, and a warning says so once;
- folders of other digests are removed when a new one is made: those unused for a month, and all but the most recently
  used few; never one that has been used within a day;
- a process gives its files names of its own, so no index ever points to another process's data, and what cannot be read
  is compiled again.

``MPIFAST_CACHE=off`` switches it off; any other value is the folder to use.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
import uuid
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import platformdirs
from numba.core.caching import CompileResultCacheImpl, FunctionCache, IndexDataCacheFile, _CacheLocator
from numba.core.runtime import rtsys

SOURCES = {".py", ".pyx", ".pxd", ".c", ".h", ".so", ".pyd", ".dylib"}  # compiled loops may call any of them
KEPT = 6  # folders of other digests
DAY = 86_400.0  # seconds
UNUSED = 30 * DAY


def enable(dispatcher: Any) -> Any:
    """Let a jitted function keep its compiled code, where there is a folder for it; gives the function back."""
    if folder() is not None and not numba.config.DISABLE_JIT:
        kind = "parallel" if dispatcher.targetoptions.get("parallel") else "serial"
        dispatcher._cache = SharedCache(dispatcher.py_func, kind)
    return dispatcher


@functools.cache
def folder() -> Path | None:
    """Folder of this version's compiled code; None if caching is off or impossible."""
    setting = os.environ.get("MPIFAST_CACHE", "")
    if setting == "off":
        return None
    home = Path(setting) if setting else platformdirs.user_cache_path("mpifast", appauthor=False)
    place = home / digest()
    try:
        if not setting and not place.is_absolute():
            raise FileNotFoundError("the user has no home folder")
        fresh = not place.exists()
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        warnings.warn(
            f"compiled loops cannot be kept in {place} ({error.strerror or error}), each process compiles them again: "
            "set the environment variable MPIFAST_CACHE to a folder that can be written, or to 'off'",
            stacklevel=2,
        )
        return None
    mark_used(place)
    if fresh:
        evict(home, place.name)
    return place


def mark_used(place: Path) -> None:
    """Note in the folder's time stamp that it has been used now."""
    with contextlib.suppress(OSError):
        os.utime(place)


def evict(home: Path, current: str, now: float | None = None) -> None:
    """Remove the folders of digests that are no longer used.

    Parameters
    ----------
    home : Path
        The folder of all digests. Only folders whose names are digests are touched.
    current : str
        The digest in use, which stays.
    now : float, optional
        Seconds since 1970; the clock's by default.
    """
    now = time.time() if now is None else now
    others: list[os.DirEntry[str]] = []
    with contextlib.suppress(OSError), os.scandir(home) as entries:
        others.extend(entry for entry in entries if entry.name != current and _is_cache(entry))
    ages = sorted((now - entry.stat(follow_symlinks=False).st_mtime, entry.path) for entry in others)
    for number, (age, path) in enumerate(ages):
        if age > UNUSED or (number >= KEPT and age > DAY):
            shutil.rmtree(path, ignore_errors=True)


def _is_cache(entry: os.DirEntry[str]) -> bool:
    return re.fullmatch("[0-9a-f]{24}", entry.name) is not None and entry.is_dir(follow_symlinks=False)


@functools.cache
def digest() -> str:
    """Names everything that compiled code depends on and that Numba does not look at: all sources and extensions of
    this package, and Numba's settings.
    """
    settings = sorted(
        item for item in os.environ.items() if item[0].startswith("NUMBA_") and "THREAD" not in item[0]
    )  # threads are chosen later
    state = hashlib.sha256(repr((numba.__version__, sys.version, settings)).encode())
    state.update(digest_of(Path(__file__).parent.parent))
    return state.hexdigest()[:24]


def digest_of(package: Path) -> bytes:
    """Digest of the sources and compiled extensions of a package: their names and bytes."""
    state = hashlib.sha256()
    for path in sorted(path for path in package.rglob("*") if path.suffix in SOURCES):
        content = path.read_bytes()
        state.update(f"{path.relative_to(package).as_posix()}\0{len(content)}\0".encode())
        state.update(content)
    return state.digest()


class _Locator(_CacheLocator):  # type: ignore[misc]
    """Our folder and digest in place of Numba's __pycache__ and time stamps."""

    def __init__(self, function: Callable[..., Any], file: str) -> None:
        self._line, self._py_file = function.__code__.co_firstlineno, file

    def get_cache_path(self) -> str:
        return str(folder())

    def get_source_stamp(self) -> str:
        return digest()

    def get_disambiguator(self) -> str:
        return str(self._line)

    @classmethod
    def from_function(cls, function: Callable[..., Any], file: str) -> _Locator:
        return cls(function, file)


class _Impl(CompileResultCacheImpl):  # type: ignore[misc]
    _locator_classes = [_Locator]  # noqa: RUF012  (Numba's attribute)


class SharedCache(FunctionCache):  # type: ignore[misc]
    """Numba's cache of one function, shared by processes that fill it at once."""

    _impl_class = _Impl

    def __init__(self, function: Callable[..., Any], kind: str) -> None:
        super().__init__(function)
        # Numba tells functions apart by name and line: both twins of a loop would be one, and the first to be compiled
        # would serve for the other.
        files = IndexDataCacheFile(self.cache_path, f"{self._impl.filename_base}.{kind}", digest())
        files._data_name_pattern = files._data_name_pattern.replace(
            "{number:d}", f"{uuid.uuid4().hex[:12]}.{{number:d}}"
        )
        self._cache_file = files

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Compiled code for a signature, or None: also when the files are damaged in whatever way.

        Numba would load all that it can compile first, which takes longer than all else here. Compiled code needs no
        more than Numba's allocator; a compilation loads the rest by itself.
        """
        mark_used(Path(self.cache_path))
        rtsys.initialize(target_context)
        try:
            return self._load_overload(sig, target_context)
        except Exception:  # any bytes may stand in a damaged file, and any error come of them
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep compiled code; a full or vanished disk only costs the next process its time."""
        try:
            super().save_overload(sig, data)
        except Exception:  # a damaged index, which is read before it is written
            with contextlib.suppress(OSError):
                self.flush()
