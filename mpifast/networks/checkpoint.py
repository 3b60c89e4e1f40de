"""Trainings that survive a power cut: network and history on disk, and the way back to them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from mpifast._files import locked
from mpifast.networks import network_file
from mpifast.networks.state import NetworkState

SECONDS = 5.0  # between two writes


class Checkpoint:
    """One training's file: a network that `mpifast.Network.load` reads, with the facts and the history of its training.

    Parameters
    ----------
    path : str or Path
        The file.
    state : NetworkState
        The network before the training.
    facts : dict
        What tells trainings apart, named in errors: rates and modes.
    samples : list of ndarray
        All arrays of the training and validation sets.

    Raises
    ------
    OSError
        If the file cannot be written where it is to be.
    """

    def __init__(self, path: str | Path, state: NetworkState, facts: dict[str, Any], samples: list[np.ndarray]) -> None:
        self.path = network_file.writable("checkpoint", path)
        self.facts = {
            **state.architecture.settings,
            **facts,
            "initial weights": digest(state.parameters),
            "samples": digest(samples),
        }
        self.written = time.monotonic()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other trainings from the file.

        Raises
        ------
        BlockingIOError
            If another training has it.
        """
        with locked(self.path):
            yield

    def resume(self, state: NetworkState) -> NetworkState:
        """The state that the file keeps; ``state`` without records if there is no file yet.

        Raises
        ------
        ValueError
            If the file is of another training.
        """
        if not self.path.exists():
            return state.but(records=(), best=None)
        kept, facts = network_file.read(self.path)
        if facts is None:
            raise ValueError(f"checkpoint={str(self.path)!r} is a network and not a training: choose another file")
        for name, value in self.facts.items():
            if facts.get(name) != value:
                raise ValueError(
                    f"checkpoint={str(self.path)!r} is of another training, {name} was {facts.get(name)!r} and is "
                    f"{value!r}: choose another file, or delete it to begin again"
                )
        names = ("weights", "scaling", "epochs", "records", "best")
        return state.but(**{name: getattr(kept, name) for name in names})

    def keep(self, state: NetworkState, at_once: bool = False) -> None:
        """Write the file, if the last time is some seconds ago."""
        if at_once or time.monotonic() - self.written >= SECONDS:
            network_file.write(self.path, state, self.facts)
            self.written = time.monotonic()


def digest(arrays: list[np.ndarray]) -> str:
    """Of shapes, types and bytes."""
    found = hashlib.blake2b(digest_size=16)
    for array in arrays:
        found.update(f"{array.dtype.str}{array.shape}".encode())
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()
