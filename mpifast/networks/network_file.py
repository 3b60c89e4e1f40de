"""Networks on disk: an ``.npz`` archive of plain arrays and one JSON text. Nothing is pickled, and everything read is
checked.

`zipfile` compares the CRC-32 of each member; damage with a right CRC is found by the checks here. Format 2
had no rows, format 3 no best weights; they are read too.
"""

from __future__ import annotations

import errno
import io
import json
import math
import os
import re
import struct
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from mpifast import __version__
from mpifast import _validation as check
from mpifast._files import replacing
from mpifast.networks.history import Epoch, History, best_epoch
from mpifast.networks.rows import ROW
from mpifast.networks.scaling import Scaling
from mpifast.networks.state import Architecture, NetworkState

FORMAT, READ = 4, (2, 3, 4)
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
HEADER = re.compile(
    r"\{'descr': '([<>|=][fiU]\d{1,9})', 'fortran_order': (True|False), 'shape': \(([\d, ]{0,99})\), \} *\n"
)

# What zipfile, zlib, NumPy and json raise on arbitrary bytes.
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    IndexError,
    ValueError,
    TypeError,
    AttributeError,
    NotImplementedError,
    RuntimeError,
    MemoryError,
    OverflowError,
    struct.error,
)


def writable(name: str, path: Any) -> Path:
    """The name of a file that can be written, found out by making one next to it: before a training, not after.

    Raises
    ------
    TypeError
        If ``path`` is not a file name; ``name`` is the parameter's.
    OSError
        If its folder does not exist or cannot be written to, or if it is a folder itself.
    """
    path = check.path(name, path)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, f"{name} is a folder: give the name of a file in it", str(path))
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        cure = "make the folder first" if isinstance(error, FileNotFoundError) else "choose another folder"
        reason = os.strerror(error.errno or errno.EIO)
        raise type(error)(error.errno, f"{name} cannot be written ({reason}): {cure}", str(path)) from error
    return path


def write(path: Path, state: NetworkState, facts: dict[str, Any] | None = None) -> None:
    """Write a network, and the facts, history and best weights of its training if it is a checkpoint; readers see the
    old file or the new one.
    """
    settings = {**state.architecture.settings, "epochs_trained": state.epochs, "system": state.system}
    training = None
    if facts is not None:
        history = History(state.records)
        training = {"facts": facts, "history": {**{name: getattr(history, name) for name in HISTORY}, "stopped": ""}}
    header = json.dumps({"format": FORMAT, "version": __version__, **settings, "training": training})
    arrays = {"header": np.array(header), **{f"layer_{i}": array for i, array in enumerate(state.parameters)}}
    if state.scaling is not None:
        arrays |= {"offset": state.scaling.offset, "factor": state.scaling.factor}
    if facts is not None and state.best is not None:
        best = state.architecture.parameters(state.best)
        arrays |= {f"best_{i}": array for i, array in enumerate(best)}
    if state.rows is not None:
        arrays["rows"] = np.stack([state.rows[name].astype(np.int64) for name in ROW.names or ()], axis=1)
    with replacing(path) as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def read(path: Path) -> tuple[NetworkState, dict[str, Any] | None]:
    """The network, and the facts of its training if the file is a checkpoint; checked for type, shape and finiteness.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If the file is not a network, is damaged or of a newer format.
    """
    content = path.read_bytes()
    try:
        arrays = _arrays(content)
        header = json.loads(arrays.pop("header").item())
    except UNREADABLE as error:
        raise ValueError(
            f"{path} is not a mpifast network or is damaged ({error}); write one with Network.save"
        ) from error
    found = header.get("format") if isinstance(header, dict) else None
    if type(found) is not int or found not in READ:
        raise ValueError(
            f"{path} has network format {found!r}, mpifast {__version__} reads {READ[0]} to {READ[-1]}: use the "
            "version that wrote it"
        )
    try:
        return _state(header, arrays), _facts(header.get("training"))
    except (*UNREADABLE, RecursionError) as error:
        raise ValueError(f"{path} is damaged: {error}") from error


def _state(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> NetworkState:
    settings: dict[str, Any] = {name: header.get(name) for name in FIELDS}
    for name, kind in FIELDS.items():
        if type(settings[name]) is not kind:
            raise ValueError(f"setting {name!r} is {settings[name]!r:.99}, expected a {kind.__name__}")
    system = header.get("system")
    if not isinstance(system, str | None):
        raise ValueError(f"setting 'system' is {system!r:.99}, expected a fingerprint or null")
    units = settings["units"]
    if not 2 <= len(units) <= len(arrays) + 1 or not all(type(count) is int and count > 0 for count in units):
        raise ValueError(f"units are {units!r:.99}, expected a positive integer for the inputs and for each layer")
    names = [f"layer_{i}" for i in range(len(units) - 1)]
    shapes: dict[str, tuple[int, ...]] = {
        name: (units[i + 1], units[i] + settings["bias"]) for i, name in enumerate(names)
    }
    shapes |= {name: (units[0],) for name in ("offset", "factor") if {"offset", "factor"} & set(arrays)}
    shapes |= {"rows": (units[0], 4)} if "rows" in arrays else {}
    best = [name.replace("layer", "best") for name in names] if "best_0" in arrays else []
    shapes |= {name: shapes[name.replace("best", "layer")] for name in best}
    if set(arrays) != set(shapes):
        raise ValueError(f"it holds {sorted(arrays)!r:.99}, expected {sorted(shapes)!r:.99}")
    for name, shape in shapes.items():
        array, wanted = arrays[name], "i" if name == "rows" else "f"
        if array.shape != shape or array.dtype.kind != wanted or not np.isfinite(array).all():
            kinds = "integers" if name == "rows" else "finite floats"
            raise ValueError(f"{name} is {array.dtype}{list(array.shape)}, expected {kinds} {list(shape)}")
    sizes = {f"units[{i}]": count for i, count in enumerate(units)}
    check.choice("dtype", settings["dtype"], check.DTYPES)
    architecture = Architecture.checked(
        sizes,
        settings["activations"],
        *(settings[name] for name in ("scaling", "bias", "dtype", "seed", "weight_range")),
    )
    with np.errstate(over="ignore"):
        state = NetworkState.made(architecture, [arrays[name] for name in names], system=system)
        kept = architecture.block([arrays[name] for name in best]) if best else None
    for block in [state.weights] if kept is None else [state.weights, kept]:
        check.finite("the weights", block)
    scaling = Scaling(architecture.scaling, arrays["offset"], arrays["factor"]) if "offset" in arrays else None
    records = _records(header.get("training"))
    if best and best_epoch(records) is None:
        raise ValueError("it has best weights and no validation errors")
    return state.but(
        scaling=scaling,
        epochs=check.integer("epochs_trained", settings["epochs_trained"], low=len(records)),
        records=records,
        best=kept,
        rows=_rows(arrays["rows"]) if "rows" in arrays else None,
    )


def _rows(table: np.ndarray) -> np.ndarray:
    rows = np.empty(len(table), ROW)
    if ((table < 0) | (table > [2**31, 2**62, 1, 1])).any():
        raise ValueError("rows are not channel, number, part (0 or 1) and signal (0 or 1)")
    for name, column in zip(ROW.names or (), table.T, strict=True):
        rows[name] = column
    return rows


def _arrays(content: bytes) -> dict[str, np.ndarray]:
    """The members of the archive; none takes more memory than the file has bytes, whatever it claims."""
    arrays = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.infolist():
            if member.compress_type != zipfile.ZIP_STORED or member.file_size > len(content):
                raise ValueError(f"{member.filename!r:.99} is compressed or longer than the file")
            arrays[member.filename.removesuffix(".npy")] = _array(member.filename, archive.read(member))
    return arrays


def _array(name: str, data: bytes) -> np.ndarray:
    """The array of a member in NumPy's format. Its header is matched and not evaluated, as NumPy does it: Python's
    parser has errors and warnings of its own.
    """
    wide = data[6:7] != b"\x01"  # version 1 has 16 bits for the length of the header, later ones 32
    start = 12 if wide else 10
    end = start + int.from_bytes(data[8:start], "little")
    header = HEADER.fullmatch(data[start:end].decode("latin-1"))
    if data[:6] != b"\x93NUMPY" or end > len(data) or header is None:
        raise ValueError(f"{name!r:.99} is not an array of numbers or text in NumPy's format")
    dtype = np.dtype(header[1])
    shape = tuple(int(size) for size in header[3].split(",") if size.strip())
    if dtype.itemsize * math.prod(shape) != len(data) - end:
        raise ValueError(f"{name!r:.99} holds {dtype}{list(shape)} in {len(data) - end} bytes")
    if dtype.kind == "U":  # NumPy does not check code points
        text = data[end:].decode("utf-32-be" if dtype.byteorder == ">" else "utf-32-le")
        return np.array(text.rstrip("\0"))
    array = np.frombuffer(data, dtype, offset=end) if math.prod(shape) else np.empty(0, dtype)
    return array.reshape(shape, order="F" if header[2] == "True" else "C")


def _facts(value: Any) -> dict[str, Any] | None:
    """What tells the training of a checkpoint apart; None for a plain network."""
    if value is None:
        return None
    facts = value.get("facts") if isinstance(value, dict) else None
    if not isinstance(facts, dict):
        raise ValueError("its training has no facts")
    return facts


def _records(training: Any) -> tuple[Epoch, ...]:
    """The history of a checkpoint, one record an epoch."""
    if training is None:
        return ()
    history = training.get("history") if isinstance(training, dict) else None
    if not isinstance(history, dict) or set(history) != {*HISTORY, "stopped"}:
        raise ValueError("its training has no history")
    lists = [history[name] for name in HISTORY]
    if not all(isinstance(values, list) for values in lists):
        raise ValueError("its history is not a list of numbers with one for each epoch")
    train, validation, rates, seconds = lists
    if not len(train) == len(rates) == len(seconds) or len(validation) not in (0, len(train)):
        raise ValueError("its history is not a list of numbers with one for each epoch")
    return tuple(map(Epoch, train, validation or [None] * len(train), rates, seconds))
