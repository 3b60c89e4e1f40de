"""Files appear whole or not at all; and one process at a time writes them."""

from __future__ import annotations

import errno
import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

WITHOUT_LOCKS = (errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK)


@contextmanager
def replacing(path: Path, mode: str = "wb", sync: bool = True) -> Iterator[IO[Any]]:
    """A new file under a temporary name in the folder of ``path``, renamed to it at the end of the block.

    Readers see the old file or the complete new one. If the block fails, the old file stays and the temporary one is
    removed. Without ``sync`` that holds if the process is killed, but not if the machine is.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.tmp")
    with naming(path, temporary):
        try:
            with open(temporary, mode.replace("w", "x"), encoding=None if "b" in mode else "utf-8") as file:
                yield file
                file.flush()
                if sync:
                    os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


@contextmanager
def naming(path: Path, hidden: Path) -> Iterator[None]:
    """Errors of the block name ``path``, which the user knows, where they name ``hidden``, a file in it, or no file."""
    try:
        yield
    except OSError as error:
        if error.errno is None or (error.filename is not None and not str(error.filename).startswith(str(hidden))):
            raise
        raise type(error)(error.errno, error.strerror, str(path)) from error


def sync(path: Path) -> None:
    """Wait until a file, or every file in a folder, is on the disk."""
    for entry in [path] if path.is_file() else sorted(path.rglob("*")):
        if entry.is_file():
            with open(entry, "r+b") as file:
                os.fsync(file.fileno())


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one process at a time write ``path``: hold the lock of the file ``.NAME.lock`` beside it.

    The operating system releases the lock when the process ends, however it ends. The empty file is removed with the
    lock, and a process that finds one left behind by a killed process takes it over. File systems that have no locks
    do without.

    Parameters
    ----------
    path : Path
        What is to be written; it need not exist.

    Raises
    ------
    BlockingIOError
        If another process, or another thread of this one, holds the lock.
    OSError
        If the folder does not exist or cannot be written.
    """
    import filelock  # here: it takes 60 ms

    if not path.parent.is_dir():  # filelock would make it
        raise FileNotFoundError(errno.ENOENT, "there is no such folder; make it first", str(path.parent))
    place = path.with_name(f".{path.name}.lock")
    lock = filelock.FileLock(place, timeout=0, thread_local=False)
    try:  # around everything behind the lock's making, for Ctrl-C may come between any two lines
        try:
            with naming(path, place):
                _acquire(lock)
        except filelock.Timeout as error:
            raise BlockingIOError(
                errno.EAGAIN, f"{path} is being written by another process: wait for it, or choose another name"
            ) from error
        except OSError as error:
            if error.errno not in WITHOUT_LOCKS:
                raise
        yield
    finally:
        try:
            if lock.is_locked and os.name != "nt":  # while it is held: who opened it before sees that it has gone
                Path(lock.lock_file).unlink(missing_ok=True)
        finally:
            lock.release()


def _acquire(lock: Any) -> None:
    """Take the lock at once. One that Ctrl-C left to this process in the middle of its release goes with its object."""
    import filelock

    try:
        lock.acquire()
    except filelock.Timeout:
        gc.collect()
        lock.acquire()
