"""The layout of a store: its arrays with dimensions and units, and the settings it carries. docs/stores.md is this file
in words.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

import mpifast
from mpifast import _validation as check
from mpifast.data.spectra import Spectra
from mpifast.physics.scanner import Scanner

FORMAT, FORMAT_VERSION = "mpifast-spectra", 1
LARGEST_BLOCK = 2**30  # bytes: what a reader may have to hold
# Settings of a store and their types; "snr_db" is there if there is noise. The seed is text: it may have 128 bits.
FIELDS = {
    "mpifast_version": str, "count": int, "chunks": int, "compression": int, "packed": int, "dtype": str,
    "seed": str, "density": float, "noise_level": float, "fingerprint": str,
    "scanner_gradient": float, "scanner_drive_amplitude": float, "scanner_drive_frequency": float, "scanner_voxels": int,
    "particle_diameter": float, "particle_saturation_magnetization": float, "particle_temperature": float,
    "harmonics": int, "tolerance": float,
}  # fmt: skip


@dataclass(frozen=True)
class Declared:
    """An array of a store: what any reader finds out about it."""

    dtype: str
    shape: tuple[int, ...]
    dimensions: tuple[str, ...]
    attributes: dict[str, Any]
    values: np.ndarray | None = None  # of coordinates, written when the store is made


class Layout:
    """Settings, checked; and the arrays that follow from them."""

    NAMES = ("format", "format_version", *FIELDS, "snr_db", "digest")

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.count = check.integer("count", settings["count"], low=1, high=2**62)
        self.harmonics = check.integer("harmonics", settings["harmonics"], low=1, high=2**20)
        self.voxels = check.integer("scanner_voxels", settings["scanner_voxels"], low=1, high=2**20)
        self.dtype = check.float_dtype("dtype", settings["dtype"]).newbyteorder("<")
        self.packed = bool(check.integer("packed", settings["packed"], high=1))
        self.phantom_bytes = -(-self.voxels // 8) if self.packed else self.voxels
        self.row_bytes = self.harmonics * self.dtype.itemsize + self.phantom_bytes
        self.chunks = check.integer("chunks", settings["chunks"], low=1, high=LARGEST_BLOCK // self.row_bytes)
        self.compression = check.integer("compression", settings["compression"], low=0, high=9)
        self.blocks = -(-self.count // self.chunks)

    @classmethod
    def of(cls, spectra: Spectra, count: Any, chunks: Any, compression: Any, packed: Any) -> Layout:
        """The layout of a store to be written."""
        system: Any = spectra.system
        settings = {
            "mpifast_version": mpifast.__version__,
            "count": check.integer("count", count, low=1, high=2**62),
            "chunks": check.integer("chunks", chunks, low=1),
            "compression": 0 if compression is None else check.integer("compression", compression, low=1, high=9),
            "packed": int(check.flag("packed", packed)),
            "dtype": spectra.dtype.name,
            "seed": str(spectra.seed),
            "density": spectra.density,
            "noise_level": float(spectra.noise_level),
            "fingerprint": system.fingerprint,
            **({} if spectra.snr_db is None else {"snr_db": float(spectra.snr_db)}),
            **{f"scanner_{name}": value for name, value in asdict(system.scanner).items()},
            **{f"particle_{name}": value for name, value in asdict(system.particle).items()},
            "harmonics": system.harmonics,
            "tolerance": float(system.tolerance),
        }
        layout = cls(settings)
        layout.chunks = min(layout.chunks, layout.count)
        return cls({**settings, "chunks": layout.chunks})

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
        if (version := attributes.get("format_version")) != FORMAT_VERSION:
            raise ValueError(
                f"it has format version {version!r}, this version of mpifast reads {FORMAT_VERSION}: use the mpifast that wrote it"
            )
        wanted = {**FIELDS, **({"snr_db": float} if "snr_db" in attributes else {})}
        settings = {name: attributes.get(name) for name in wanted}
        for name, kind in wanted.items():
            if type(settings[name]) is not kind:
                raise ValueError(f"its attribute {name!r} is {settings[name]!r:.60}, expected {kind.__name__}")
        if attributes.get("digest") != _digest(settings):
            raise ValueError("its settings do not agree with their digest")
        return cls(settings)

    @property
    def attributes(self) -> dict[str, Any]:
        """What is written: the settings, what they are of, and their digest."""
        return {"format": FORMAT, "format_version": FORMAT_VERSION, **self.settings, "digest": _digest(self.settings)}

    @property
    def scanner(self) -> Scanner:
        """The scanner; its positions are a coordinate of the store."""
        return Scanner(**part(self.settings, "scanner_"))

    @property
    def arrays(self) -> dict[str, Declared]:
        """The arrays by name."""
        voltage = "signed imaginary part of the spectrum of the voltage in a coil of unit sensitivity, integrated over a period"
        concentration = {"units": "1", "long_name": "particle concentration, 1: the voxel is filled"}
        bits = {
            "bit_order": "big",
            "voxels": self.voxels,
            "comment": "eight voxels a byte, the first in the highest bit: numpy.unpackbits",
        }
        return {
            "spectra": Declared(
                self.dtype.str,
                (self.count, self.harmonics),
                ("sample", "harmonic"),
                {"units": "T", "long_name": voltage},
            ),
            "phantoms": Declared(
                "|u1",
                (self.count, self.phantom_bytes),
                ("sample", "byte" if self.packed else "position"),
                concentration | (bits if self.packed else {}),
            ),
            "checksums": Declared(
                "<u4",
                (self.blocks, 2),
                ("chunk", "array"),
                {"long_name": "CRC-32C of the rows of each chunk: of the spectra, of the phantoms"},
            ),
            "harmonic": Declared(
                "<i4",
                (self.harmonics,),
                ("harmonic",),
                {"units": "1", "long_name": "multiple of the drive frequency"},
                np.arange(1, self.harmonics + 1),
            ),
            "position": Declared(
                "<f8",
                (self.voxels,),
                ("position",),
                {"units": "m", "long_name": "voxel position"},
                self.scanner.positions,
            ),
        }

    def rows(self, block: int) -> slice:
        """The samples of a block."""
        return slice(block * self.chunks, min((block + 1) * self.chunks, self.count))

    def pack(self, phantoms: np.ndarray) -> np.ndarray:
        """Phantoms uint8[n, voxels] as they are stored."""
        return np.packbits(phantoms, axis=1) if self.packed else phantoms

    def unpack(self, stored: np.ndarray) -> np.ndarray:
        """Stored phantoms as uint8[n, voxels]."""
        return np.unpackbits(stored, axis=1, count=self.voxels) if self.packed else stored


def part(settings: dict[str, Any], prefix: str) -> dict[str, Any]:
    """The settings whose names begin so, without that beginning."""
    return {name.removeprefix(prefix): value for name, value in settings.items() if name.startswith(prefix)}


def difference(ours: dict[str, Any], theirs: dict[str, Any]) -> str:
    """The first setting in which two stores differ, in words; empty if none."""
    for name in sorted(ours.keys() | theirs.keys()):
        if ours.get(name) != theirs.get(name):
            return f"{name} is {theirs.get(name)!r}, not {ours.get(name)!r}"
    return ""


def _digest(settings: dict[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(settings, sort_keys=True).encode(), digest_size=16).hexdigest()
