"""Files appear whole or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

try:
    import fcntl
except ModuleNotFoundError:  # Windows
    fcntl = None  # type: ignore[assignment]

BUSY = (errno.EAGAIN, errno.EACCES)


@contextmanager
def replacing(path: Path, mode: str = "wb", sync: bool = True) -> Iterator[IO[Any]]:
    """A new file under a temporary name in the folder of ``path``, renamed to it at the end of the block.

    Readers see the old file or the complete new one. If the block fails, the old file stays and the temporary one is
    removed. Without ``sync`` that holds if the process is killed, but not if the machine is.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.tmp")
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


def sync(path: Path) -> None:
    """Wait until a file, or every file in a folder, is on the disk."""
    for entry in [path] if path.is_file() else sorted(path.rglob("*")):
        if entry.is_file():
            with open(entry, "r+b") as file:
                os.fsync(file.fileno())


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Hold a file for this process alone. The operating system lets go of it when the process ends, however it ends.

    Raises
    ------
    BlockingIOError
        If another process holds it; ``what`` names it in the message.
    """
    with open(path, "r+b") as file:
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                gone = not path.exists() or not os.path.samestat(os.fstat(file.fileno()), path.stat())
            except OSError as error:
                gone = error.errno in BUSY  # other errors: a file system without locks
            if gone:
                raise BlockingIOError(
                    errno.EAGAIN, f"{what} is being written by another process: wait for it, or choose another name"
                )
        yield
