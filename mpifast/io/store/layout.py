"""The layout of a store: its arrays with dimensions and units, and the settings it carries. docs/stores.md is this file
in words.

Format version 2 states what a reader needs to find the samples as attributes of their own (`ARRAYS`). All else that is
known about a data set, its system and its noise, is one JSON text, ``settings``: a reader shows the fields it knows and
those it does not know, so a new field makes no store unreadable.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

import mpifast
from mpifast import _validation as check
from mpifast.io.store import version1
from mpifast.io.store.coordinates import Declared, coordinates
from mpifast.io.store.source import BINARY, GREY, Source, describe, plain

FORMAT, FORMAT_VERSION = "mpifast-spectra", 2
LARGEST_BLOCK = 2**30  # bytes: what a reader may have to hold
LONGEST_SETTINGS = 2**15  # bytes
CHUNKS, USUAL_BLOCK = 16_384, 2**28  # samples, and bytes: 13 MB of float32 spectra at the paper's size
ARRAYS = {
    "count": int, "chunks": int, "compression": int, "packed": int, "dtype": str, "equations": int, "voxels": int,
}  # fmt: skip
PHANTOM_DTYPE = "phantom_dtype"  # an attribute of stores of grey phantoms alone


class Layout:
    """What decides about the arrays, checked; the settings; and the arrays that follow.

    Attributes
    ----------
    count, chunks, blocks : int
        Samples, samples in a chunk, and chunks.
    equations, voxels : int
        Numbers in a spectrum, and in a phantom.
    phantoms : numpy.dtype
        Type of the phantoms: uint8 or float32.
    settings : dict
        All that is known about the data set.
    version : int
        Format version of the store.
    """

    NAMES = ("format", "format_version", "digest", "settings", *ARRAYS, PHANTOM_DTYPE, *version1.NAMES)

    def __init__(
        self,
        arrays: dict[str, Any],
        settings: dict[str, Any],
        version: int = FORMAT_VERSION,
        beside: dict[str, Declared] | None = None,
    ) -> None:
        self.shape, self.settings, self.version, self.beside = arrays, settings, version, beside or {}
        self.count = check.integer("count", arrays["count"], low=1, high=2**62)
        self.equations = check.integer("equations", arrays["equations"], low=1, high=2**28)
        self.voxels = check.integer("voxels", arrays["voxels"], low=1, high=2**28)
        self.dtype = check.float_dtype("dtype", arrays["dtype"]).newbyteorder("<")
        self.phantoms = np.dtype(check.choice(PHANTOM_DTYPE, arrays.get(PHANTOM_DTYPE, BINARY.name), KINDS))
        self.packed = bool(check.integer("packed", arrays["packed"], high=int(self.phantoms == BINARY)))
        self.columns = -(-self.voxels // 8) if self.packed else self.voxels  # of the array of phantoms
        self.row_bytes = self.equations * self.dtype.itemsize + self.columns * self.phantoms.itemsize
        self.chunks = check.integer("chunks", arrays["chunks"], low=1, high=max(1, LARGEST_BLOCK // self.row_bytes))
        self.compression = check.integer("compression", arrays["compression"], low=0, high=9)
        self.blocks = -(-self.count // self.chunks)

    @classmethod
    def of(cls, source: Source, count: Any, chunks: Any, compression: Any, packed: Any) -> Layout:
        """The layout of a store to be written."""
        arrays = {
            "count": check.integer("count", count, low=1, high=2**62),
            "chunks": 1 if chunks is None else check.integer("chunks", chunks, low=1),
            "compression": 0 if compression is None else check.integer("compression", compression, low=1, high=9),
            "packed": int(check.flag("packed", packed) and source.phantoms == BINARY),
            "dtype": source.dtype.name,
            "equations": len(source.system.equations),
            "voxels": source.system.voxels,
            **({} if source.phantoms == BINARY else {PHANTOM_DTYPE: source.phantoms.name}),
        }
        settings = {"mpifast_version": mpifast.__version__, **plain(source.settings), **describe(source.system)}
        layout = cls(arrays, settings)
        if chunks is None:
            layout.chunks = min(CHUNKS, max(1, USUAL_BLOCK // layout.row_bytes))
        arrays["chunks"] = min(layout.chunks, layout.count)
        if len(_text(settings)) > LONGEST_SETTINGS:
            raise ValueError(
                f"the settings of the data set take {len(_text(settings)):,} bytes: {LONGEST_SETTINGS:,} fit"
            )
        return cls(arrays, settings, beside=coordinates(source.system))

    @classmethod
    def read(cls, attributes: dict[str, Any]) -> Layout:
        """The layout a store says it has.

        Raises
        ------
        ValueError
            If these are not the attributes of a store that this version reads, or are damaged.
        """
        if attributes.get("format") != FORMAT:
            raise ValueError("it has no spectra of mpifast")
        version = attributes.get("format_version")
        if type(version) is int and version > FORMAT_VERSION:
            raise ValueError(
                f"it has format version {version}, this version of mpifast reads 1 and 2: "
                "python -m pip install --upgrade mpifast"
            )
        if version not in (1, 2):
            raise ValueError(f"it has format version {version!r}, this version of mpifast reads 1 and 2")
        grey = {PHANTOM_DTYPE: str} if PHANTOM_DTYPE in attributes else {}
        wanted = version1.wanted(attributes) if version == 1 else {**ARRAYS, **grey, "settings": str}
        stated = {name: attributes.get(name) for name in wanted}
        for name, kind in wanted.items():
            if type(stated[name]) is not kind:
                raise ValueError(f"its attribute {name!r} is {stated[name]!r:.60}, expected {kind.__name__}")
        if attributes.get("digest") != _digest(stated):
            raise ValueError("its settings do not agree with their digest")
        if stated["dtype"] not in check.DTYPES:
            raise ValueError(
                f"its attribute 'dtype' is {stated['dtype']!r:.60}, expected one of {', '.join(check.DTYPES)}"
            )
        if version == 1:
            return cls(*version1.translated(stated), version)
        return cls({name: stated[name] for name in (*ARRAYS, *grey)}, _parsed(str(stated["settings"])), version)

    @property
    def facts(self) -> dict[str, Any]:
        """Everything a store says about itself, by name."""
        return {**self.shape, **self.settings}

    @property
    def attributes(self) -> dict[str, Any]:
        """What is written as attributes of the root."""
        stated = {**self.shape, "settings": _text(self.settings)}
        return {"format": FORMAT, "format_version": FORMAT_VERSION, **stated, "digest": _digest(stated)}

    @property
    def arrays(self) -> dict[str, Declared]:
        """The arrays by name; a layout that was read has those of the samples alone."""
        axis = "harmonic" if "harmonic" in self.beside else "equation"
        place = "voxel" if len(self.beside.get("position", EMPTY).shape) != 1 else "position"
        model = self.settings.get("model")
        voltage = {"long_name": "spectra as real numbers; part says which are real and which imaginary parts"}
        if model in ("langevin", "ideal", "vector langevin"):
            long_name = "spectrum of the voltage in a coil of unit sensitivity, integrated over a period"
            particle = self.settings.get("particle")
            both = model == "vector langevin" or (isinstance(particle, dict) and "relaxation" in particle)
            part = "real or imaginary part, as part says," if both else "signed imaginary part"
            voltage = {"units": "T", "long_name": f"{part} of the {long_name}"}
        bits = {
            "bit_order": "big",
            "voxels": self.voxels,
            "comment": "eight voxels a byte, the first in the highest bit: numpy.unpackbits",
        }
        filled = ", 1: the voxel is filled" if self.phantoms == BINARY else ""
        phantoms = {"units": "1", "long_name": f"particle concentration{filled}"}
        sums = {"long_name": "CRC-32C of the rows of each chunk: of the spectra, of the phantoms"}
        samples = {
            "spectra": Declared(self.dtype.str, (self.count, self.equations), ("sample", axis), voltage),
            "phantoms": Declared(
                self.phantoms.newbyteorder("<").str,
                (self.count, self.columns),
                ("sample", "byte" if self.packed else place),
                phantoms | (bits if self.packed else {}),
            ),
            "checksums": Declared("<u4", (self.blocks, 2), ("chunk", "array"), sums),
        }
        return samples | self.beside

    def rows(self, block: int) -> slice:
        """The samples of a block."""
        return slice(block * self.chunks, min((block + 1) * self.chunks, self.count))

    def pack(self, phantoms: np.ndarray) -> np.ndarray:
        """Phantoms [n, voxels] as they are stored."""
        return (
            np.packbits(phantoms, axis=1)
            if self.packed
            else phantoms.astype(self.phantoms.newbyteorder("<"), copy=False)
        )

    def unpack(self, stored: np.ndarray) -> np.ndarray:
        """Stored phantoms as uint8 or float32[n, voxels]."""
        return np.unpackbits(stored, axis=1, count=self.voxels) if self.packed else stored


EMPTY = Declared("<f8", (), (), {})
KINDS = (BINARY.name, GREY.name)


def difference(ours: dict[str, Any], theirs: dict[str, Any], within: str = "") -> str:
    """The first setting in which two stores differ, in words; empty if none."""
    for name in sorted(ours.keys() | theirs.keys()):
        mine, other = ours.get(name), theirs.get(name)
        if isinstance(mine, dict) and isinstance(other, dict):
            if found := difference(mine, other, f"{within}{name}."):
                return found
        elif mine != other:
            return f"{within}{name} is {_brief(other)}, not {_brief(mine)}"
    return ""


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:97]}..."


def _text(settings: dict[str, Any]) -> str:
    return json.dumps(settings, sort_keys=True)


def _parsed(text: str) -> dict[str, Any]:
    try:
        settings = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"its settings are no JSON ({error})") from error
    if not isinstance(settings, dict) or not isinstance(settings.get("fingerprint"), str):
        raise ValueError("its settings have no fingerprint of a system")
    return settings


def _digest(stated: dict[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(stated, sort_keys=True).encode(), digest_size=16).hexdigest()
