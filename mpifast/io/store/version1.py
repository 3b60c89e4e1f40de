"""Stores of format version 1, written until November 2026: every setting an attribute of its own."""

from __future__ import annotations

from typing import Any

# Settings and their types; "snr_db" is there if there is noise. The seed is text: it may have 128 bits.
FIELDS = {
    "mpifast_version": str, "count": int, "chunks": int, "compression": int, "packed": int, "dtype": str,
    "seed": str, "density": float, "noise_level": float, "fingerprint": str,
    "scanner_gradient": float, "scanner_drive_amplitude": float, "scanner_drive_frequency": float,
    "scanner_voxels": int,
    "particle_diameter": float, "particle_saturation_magnetization": float, "particle_temperature": float,
    "harmonics": int, "tolerance": float,
}  # fmt: skip
NAMES = (*FIELDS, "snr_db")
OF_THE_ARRAYS = ("count", "chunks", "compression", "packed", "dtype")


def wanted(attributes: dict[str, Any]) -> dict[str, type]:
    """The attributes that a store has to have, and their types."""
    return {**FIELDS, **({"snr_db": float} if "snr_db" in attributes else {})}


def translated(attributes: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What decides about the arrays, and the settings, as version 2 has them."""
    arrays = {name: attributes[name] for name in OF_THE_ARRAYS}
    arrays |= {"equations": attributes["harmonics"], "voxels": attributes["scanner_voxels"]}
    rest = {name: value for name, value in attributes.items() if name not in OF_THE_ARRAYS}
    settings: dict[str, Any] = {"model": "langevin" if attributes["tolerance"] else "ideal"}
    for name, value in rest.items():
        group, _, field = name.partition("_")
        if group in ("scanner", "particle"):
            settings.setdefault(group, {})[field] = value
        else:
            settings[name] = value
    return arrays, settings
