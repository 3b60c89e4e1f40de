"""Networks on disk: an ``.npz`` archive of plain arrays and one JSON text. Nothing is pickled, nothing read is believed
unchecked.

Each member of the archive has its CRC-32, which `zipfile` compares.
"""

from __future__ import annotations

import io
import json
import math
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

import mpifast
from mpifast._files import replacing

FORMAT = 2
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
HISTORY = ("train_mse", "validation_mse", "learning_rate", "seconds")

# What zipfile, zlib, NumPy and json raise on arbitrary bytes.
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    NotImplementedError,
    RuntimeError,
    MemoryError,
    SyntaxError,
    struct.error,
)


def write(
    path: Path,
    settings: dict[str, Any],
    parameters: list[np.ndarray],
    scaling: dict[str, np.ndarray],
    training: dict[str, Any] | None = None,
) -> None:
    """Write a network, and the training it is in if it is a checkpoint; readers see the old file or the new one."""
    header = json.dumps({"format": FORMAT, "version": mpifast.__version__, **settings, "training": training})
    arrays = {"header": np.array(header), **{f"layer_{i}": array for i, array in enumerate(parameters)}, **scaling}
    with replacing(path) as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def read(path: Path) -> tuple[dict[str, Any], list[np.ndarray], dict[str, np.ndarray], dict[str, Any] | None]:
    """Settings, parameters of each layer, scaling arrays and the training of a checkpoint, checked for type, shape and
    finiteness.

    Raises
    ------
    ValueError
        If the file is not a network, is damaged or of a newer format.
    """
    try:
        arrays = _arrays(path)
        header = json.loads(str(arrays.pop("header")))
    except UNREADABLE as error:
        raise ValueError(
            f"{path} is not a mpifast network or is damaged ({error}); write one with Network.save"
        ) from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        found = header.get("format") if isinstance(header, dict) else None
        raise ValueError(
            f"{path} has network format {found!r}, mpifast {mpifast.__version__} reads {FORMAT}: use the version that wrote it"
        )
    settings: dict[str, Any] = {name: header.get(name) for name in FIELDS}
    for name, kind in FIELDS.items():
        if type(settings[name]) is not kind:
            raise ValueError(f"{path} is damaged: setting {name!r} is {settings[name]!r}, expected a {kind.__name__}")
    settings["system"] = header.get("system")
    if not isinstance(settings["system"], str | None):
        raise ValueError(
            f"{path} is damaged: setting 'system' is {settings['system']!r}, expected a fingerprint or null"
        )
    units = settings["units"]
    if len(units) < 2 or not all(type(count) is int and count > 0 for count in units):
        raise ValueError(f"{path} is damaged: units are {units!r}, expected at least two positive integers")
    shapes: dict[str, tuple[int, ...]] = {
        f"layer_{i}": (units[i + 1], units[i] + settings["bias"]) for i in range(len(units) - 1)
    }
    if "offset" in arrays or "factor" in arrays:
        shapes |= {"offset": (units[0],), "factor": (units[0],)}
    if set(arrays) != set(shapes):
        raise ValueError(f"{path} is damaged: it holds {sorted(arrays)}, expected {sorted(shapes)}")
    for name, shape in shapes.items():
        array = arrays[name]
        if array.shape != shape or array.dtype.kind != "f" or not np.isfinite(array).all():
            raise ValueError(
                f"{path} is damaged: {name} is {array.dtype}{list(array.shape)}, expected finite floats {list(shape)}"
            )
    scaling: dict[str, np.ndarray] = {name: arrays[name] for name in ("offset", "factor") if name in arrays}
    return (
        settings,
        [arrays[f"layer_{i}"] for i in range(len(units) - 1)],
        scaling,
        _training(path, header.get("training")),
    )


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """The members of the archive; none takes more memory than the file has bytes, whatever it claims."""
    arrays, content = {}, path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.infolist():
            if member.compress_type != zipfile.ZIP_STORED or member.file_size > len(content):
                raise ValueError(f"{member.filename!r} is compressed or longer than the file")
            data = archive.read(member)
            text = io.BytesIO(data)
            major = np.lib.format.read_magic(text)[0]
            read = np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
            shape, fortran, dtype = read(text)
            if dtype.hasobject or dtype.itemsize * math.prod(shape) != len(data) - text.tell():
                raise ValueError(f"{member.filename!r} holds {dtype}{list(shape)} in {len(data) - text.tell()} bytes")
            array = np.frombuffer(data, dtype, offset=text.tell()) if math.prod(shape) else np.empty(0, dtype)
            arrays[member.filename.removesuffix(".npy")] = array.reshape(shape, order="F" if fortran else "C")
    return arrays


def _training(path: Path, value: Any) -> dict[str, Any] | None:
    """What a checkpoint knows of its training: facts, and a history with one number an epoch."""
    if value is None:
        return None
    facts, history = (value.get(name) for name in ("facts", "history")) if isinstance(value, dict) else (None, None)
    if not isinstance(facts, dict) or not isinstance(history, dict) or set(history) != {*HISTORY, "stopped"}:
        raise ValueError(f"{path} is damaged: its training has no facts or no history")
    lengths = {
        len(history[name])
        for name in HISTORY
        if isinstance(history[name], list) and (name != "validation_mse" or history[name])
    }
    numbers = [number for name in HISTORY if isinstance(history[name], list) for number in history[name]]
    if len(lengths) != 1 or not all(type(number) is float and math.isfinite(number) for number in numbers):
        raise ValueError(f"{path} is damaged: its history is not a list of numbers with one for each epoch")
    return {"facts": facts, "history": history}
