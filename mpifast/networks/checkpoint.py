"""Trainings that survive a power cut: network and history on disk, and the way back to them."""

from __future__ import annotations

import hashlib
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mpifast import _validation as check
from mpifast.networks.training import History

if TYPE_CHECKING:
    from mpifast.networks.network import Network

SECONDS = 5.0  # between two writes


class Checkpoint:
    """One training's file: a network that `mpifast.Network.load` reads, with what is needed to go on.

    Parameters
    ----------
    path : str or Path
        The file.
    network : Network
        As it is before the training.
    facts : dict
        What the training is, for the person who mixes up two of them: rates and modes by name.
    samples : sequence of ndarray
        All that it is trained on.
    """

    def __init__(self, path: str | Path, network: Network, facts: dict[str, Any], samples: list[np.ndarray]) -> None:
        self.path = check.path("checkpoint", path)
        self.facts = {
            **network._settings,
            **facts,
            "initial weights": digest(network._parameters),
            "samples": digest(samples),
        }
        self.written = time.monotonic()

    def resume(self, network: Network) -> History:
        """The history so far, and its weights in the network; an empty one if there is no file yet.

        Raises
        ------
        ValueError
            If the file is of another training.
        """
        if not self.path.exists():
            return History()
        kept, training = type(network)._load(self.path)
        if training is None:
            raise ValueError(f"checkpoint={str(self.path)!r} is a network and not a training: choose another file")
        for name, value in self.facts.items():
            found = training["facts"].get(name)
            if found != value:
                raise ValueError(
                    f"checkpoint={str(self.path)!r} is of another training, {name} was {found!r} and is {value!r}: choose another file, "
                    "or delete it to begin again"
                )
        network._net, network.scaling, network.epochs_trained = kept._net, kept.scaling, kept.epochs_trained
        return History(**{**training["history"], "stopped": "completed"})

    def keep(self, network: Network, history: History, at_once: bool = False) -> None:
        """Write the file, if it is time."""
        if at_once or time.monotonic() - self.written >= SECONDS:
            network._save(self.path, {"facts": self.facts, "history": asdict(history)})
            self.written = time.monotonic()


def digest(arrays: list[np.ndarray]) -> str:
    """Of shapes, types and bytes."""
    found = hashlib.blake2b(digest_size=16)
    for array in arrays:
        found.update(f"{array.dtype.str}{array.shape}".encode())
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()
