"""What a store is written from, and what it says about it.

Stores know nothing of the classes that make samples: `mpifast.Spectra.save` gives a `Source`, which any other data set
can give as well. So this folder imports the physics and nothing of ``mpifast.data``, which imports it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from mpifast.physics.fields.scanner import Scanner
from mpifast.physics.linear_system import LinearSystem
from mpifast.physics.system_matrix import SystemMatrix, ideal_system_matrix, system_matrix
from mpifast.physics.systems.description import scanner_facts
from mpifast.physics.systems.scanner_system import ScannerSystem
from mpifast.physics.tracer.description import particle_facts, particle_from
from mpifast.physics.tracer.particle import Particle

Samples = tuple[np.ndarray, np.ndarray]
SIMULATED = ("scanner", "particle", "harmonics", "tolerance", "absolute_error")
BINARY, GREY = np.dtype(np.uint8), np.dtype(np.float32)
LONGEST_LIST = 64  # numbers of an array that are written out; of longer ones a digest is kept


@dataclass(frozen=True)
class Source:
    """A data set whose sample i is a function of i alone.

    Attributes
    ----------
    system : LinearSystem
        What the spectra are of.
    settings : dict
        What the samples follow from beside the system, as JSON has it: seed, density or phantoms, noise.
    dtype : numpy.dtype
        Type of the spectra.
    make : callable
        ``make(samples, room, threads)``: spectra dtype[n, rows] and phantoms [n, voxels] of the samples int64[n]; in
        the first rows of the two arrays ``room``, or in new ones if it is None.
    threads : int or None
        How many threads ``make`` may use; None: all.
    phantoms : numpy.dtype
        Type of the phantoms: uint8 for binary ones, float32 for grey ones.
    """

    system: LinearSystem
    settings: dict[str, Any]
    dtype: np.dtype
    make: Callable[[np.ndarray, Samples | None, int | None], Samples]
    threads: int | None = None
    phantoms: np.dtype = BINARY

    @property
    def facts(self) -> dict[str, Any]:
        """Everything the samples follow from, as JSON has it."""
        return {**plain(self.settings), **describe(self.system), "dtype": self.dtype.name}


def describe(system: LinearSystem) -> dict[str, Any]:
    """What a store says about a system, as JSON has it: ``model`` ("langevin", "ideal", "vector langevin", ..., "array"
    for a matrix at hand), ``fingerprint``, and what it was computed from, or its grid.
    """
    names = SIMULATED if hasattr(system, "scanner") else ("grid",)
    found = {name: getattr(system, name, None) for name in names}
    if isinstance(system, ScannerSystem):
        found["scanner"] = scanner_facts(system.scanner)
    if isinstance(particle := found.get("particle"), Particle):
        found["particle"] = particle_facts(particle)
    found |= {"model": getattr(system, "model", "array"), "fingerprint": system.fingerprint}
    return {name: plain(value) for name, value in found.items() if value is not None}


def plain(value: Any) -> Any:
    """A value as JSON has it: objects as their fields, arrays as lists, long ones as their digest.

    Examples
    --------
    >>> import mpifast
    >>> plain(mpifast.Particle(40e-9, temperature=310.0))["temperature"]
    310.0
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, complex):
        return [value.real, value.imag]
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, np.ndarray) and value.size > LONGEST_LIST:
        digest = hashlib.blake2b(np.ascontiguousarray(value).tobytes(), digest_size=16).hexdigest()
        return {"shape": list(value.shape), "dtype": value.dtype.name, "digest": digest}
    if isinstance(value, (list, tuple, np.ndarray)):
        long = len(value) > LONGEST_LIST and np.asarray(value).dtype.kind in "biuf"  # a sampled waveform
        return plain(np.asarray(value)) if long else [plain(part) for part in value]
    return f"{type(value).__module__}.{type(value).__qualname__}"


def rebuild(settings: dict[str, Any]) -> SystemMatrix:
    """The system that `describe` described, computed again.

    Raises
    ------
    ValueError
        If its model is none that follows from a few numbers, or this version of mpifast computes another system.
    """
    model = settings.get("model")
    if model not in ("langevin", "ideal"):
        raise ValueError(
            f"its system is of the model {model!r}, which is not computed again: keep the system's own file"
        )
    try:
        scanner, particle = Scanner(**settings["scanner"]), particle_from(settings["particle"])
        options = {} if model == "ideal" else {"tolerance": settings["tolerance"]}
        compute = ideal_system_matrix if model == "ideal" else system_matrix
        system = compute(scanner, particle, settings["harmonics"], **options)
    except (KeyError, TypeError) as error:
        raise ValueError(f"its system has settings that this version of mpifast does not know ({error})") from error
    if system.fingerprint != settings.get("fingerprint"):
        raise ValueError("its system is one that this version of mpifast does not compute: use the one that wrote it")
    return system
