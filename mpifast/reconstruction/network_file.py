"""Networks on disk: an ``.npz`` archive of plain arrays and one JSON text. Nothing is pickled, nothing read is believed unchecked."""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from mpifast._files import replacing

FORMAT = 1
FIELDS = {
    "units": list,
    "activations": list,
    "scaling": str,
    "bias": bool,
    "dtype": str,
    "seed": int,
    "weight_range": float,
    "epochs_trained": int,
}

# What zipfile, zlib, NumPy and json raise on arbitrary bytes.
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, TypeError, AttributeError, NotImplementedError, RuntimeError)


def write(path: Path, settings: dict[str, Any], parameters: list[np.ndarray], scaling: dict[str, np.ndarray]) -> None:
    """Write a network; readers see the old file or the new one."""
    header = json.dumps({"format": FORMAT, **settings})
    arrays = {"header": np.array(header), **{f"layer_{i}": array for i, array in enumerate(parameters)}, **scaling}
    with replacing(path) as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def read(path: Path) -> tuple[dict[str, Any], list[np.ndarray], dict[str, np.ndarray]]:
    """Settings, parameters of each layer and scaling arrays, checked for type, shape and finiteness.

    Raises
    ------
    ValueError
        If the file is not a network, is damaged or of a newer format.
    """
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        header = json.loads(str(arrays.pop("header")))
    except UNREADABLE as error:
        raise ValueError(f"{path} is not a mpifast network or is damaged ({error}); write one with Network.save") from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        found = header.get("format") if isinstance(header, dict) else None
        raise ValueError(f"{path} has network format {found!r}, this version reads {FORMAT}: use the version of mpifast that wrote it")
    settings: dict[str, Any] = {name: header.get(name) for name in FIELDS}
    for name, kind in FIELDS.items():
        if type(settings[name]) is not kind:
            raise ValueError(f"{path} is damaged: setting {name!r} is {settings[name]!r}, expected a {kind.__name__}")
    units = settings["units"]
    if len(units) < 2 or not all(type(count) is int and count > 0 for count in units):
        raise ValueError(f"{path} is damaged: units are {units!r}, expected at least two positive integers")
    shapes: dict[str, tuple[int, ...]] = {f"layer_{i}": (units[i + 1], units[i] + settings["bias"]) for i in range(len(units) - 1)}
    if "offset" in arrays or "factor" in arrays:
        shapes |= {"offset": (units[0],), "factor": (units[0],)}
    if set(arrays) != set(shapes):
        raise ValueError(f"{path} is damaged: it holds {sorted(arrays)}, expected {sorted(shapes)}")
    for name, shape in shapes.items():
        array = arrays[name]
        if array.shape != shape or array.dtype.kind != "f" or not np.isfinite(array).all():
            raise ValueError(f"{path} is damaged: {name} is {array.dtype}{list(array.shape)}, expected finite floats {list(shape)}")
    scaling = {name: arrays[name] for name in ("offset", "factor") if name in arrays}
    return settings, [arrays[f"layer_{i}"] for i in range(len(units) - 1)], scaling
