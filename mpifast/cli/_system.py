"""Options that several commands share: the scanner, the tracer and the data set."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mpifast.data.spectra import Spectra
    from mpifast.physics.linear_system import LinearSystem
    from mpifast.physics.system_matrix import SystemMatrix

# Name, default (the paper's), unit, what it is.
SYSTEM: tuple[tuple[str, float | int, str | None, str], ...] = (
    ("diameter", 40e-9, "M", "particle diameter in metres"),
    ("temperature", 300.0, "K", "temperature in kelvin"),
    ("gradient", 2.0, "T/M", "gradient in T/m"),
    ("drive_amplitude", 32e-3, "T", "drive field in tesla"),
    ("drive_frequency", 20e3, "HZ", "drive frequency in hertz"),
    ("voxels", 129, None, "voxels"),
    ("harmonics", 200, None, "harmonics"),
)


def add_system(command: argparse.ArgumentParser, *, matrix: bool = False) -> None:
    """Scanner and tracer, or with ``matrix`` a file in their place; the defaults are the paper's."""
    group = command.add_argument_group("the system (SI units)")
    for name, default, unit, text in SYSTEM:  # None where an option was not given, so that one given in vain is noticed
        option = f"--{name.replace('_', '-')}"
        group.add_argument(option, type=type(default), metavar=unit, help=f"{text} (default: {default:g})")
    if matrix:
        group.add_argument(
            "--matrix",
            metavar="FILE",
            help="take the system from a file: an MDF calibration file (.mdf), or a real or complex array "
            "[rows, voxels] (.npy)",
        )


def add_spectra(command: argparse.ArgumentParser) -> None:
    """The data set made from the system."""
    group = command.add_argument_group("the data set")
    group.add_argument("--seed", type=int, default=0, help="seed of phantoms and noise (default: %(default)s)")
    group.add_argument(
        "--density", type=float, default=0.5, help="probability that a voxel is filled (default: %(default)s)"
    )
    group.add_argument(
        "--snr-db", type=float, metavar="DB", help="signal-to-noise ratio in decibels (default: no noise)"
    )
    group.add_argument(
        "--dtype", choices=("float32", "float64"), default="float32", help="of the spectra (default: %(default)s)"
    )


def computed_system(options: argparse.Namespace) -> SystemMatrix:
    """The system of the scanner and the tracer that the options describe."""
    import mpifast

    value: dict[str, Any] = {
        name: default if getattr(options, name) is None else getattr(options, name) for name, default, *_ in SYSTEM
    }
    scanner = mpifast.Scanner(value["gradient"], value["drive_amplitude"], value["drive_frequency"], value["voxels"])
    particle = mpifast.Particle(value["diameter"], temperature=value["temperature"])
    return mpifast.system_matrix(scanner, particle, value["harmonics"])


def system_of(options: argparse.Namespace) -> LinearSystem:
    """The system of a file, or the computed one."""
    if options.matrix is None:
        return computed_system(options)
    refuse_system(options, f"--matrix {options.matrix}")
    return read_system(options.matrix)


def read_system(path: str) -> LinearSystem:
    """The system of an MDF calibration file or of an array."""
    import numpy as np

    import mpifast

    if path.endswith(".mdf"):
        with mpifast.read_mdf(path) as file:
            return file.system()
    if not path.endswith(".npy"):
        raise ValueError(f"--matrix={path!r} has an unknown ending: give a calibration file .mdf or an array .npy")
    try:
        array = np.load(path, allow_pickle=False)
    except ValueError as error:
        raise ValueError(f"--matrix={path!r} is not a NumPy array: {error}") from error
    return mpifast.linear_system(array)


def refuse_system(options: argparse.Namespace, source: str) -> None:
    """An error if an option describes a scanner or a tracer though ``source`` decides."""
    for name, *_ in SYSTEM:
        if getattr(options, name) is not None:
            option = f"--{name.replace('_', '-')}"
            raise ValueError(
                f"{option}={getattr(options, name)} does not go with {source}, which decides: leave it out"
            )


def spectra_of(options: argparse.Namespace) -> Spectra:
    """The data set that the options describe."""
    import mpifast

    return mpifast.Spectra(system_of(options), options.seed, options.density, options.snr_db, options.dtype)
