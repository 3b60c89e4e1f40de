"""Options that several commands share: the scanner, the tracer and the data set."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from mpifast.data.spectra import Spectra
    from mpifast.physics.linear_system import LinearSystem
    from mpifast.physics.system_matrix import SystemMatrix

SOLVERS = ("kaczmarz", "tikhonov", "tsvd", "sparse", "nnls")
SCALINGS = ("harmonic", "global", "sample", "standard", "none")


def whole(text: str) -> int:
    """A whole number as people write it: 1000000, 1_000_000 or 1e6."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        number = 0.5
    if not number.is_integer():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number: give one such as 30000 or 1e6")
    return int(number)


# Name, default (the paper's), unit, what it is.
SYSTEM: tuple[tuple[str, float | int | None, str, str], ...] = (
    ("diameter", 40e-9, "M", "particle diameter in metres"),
    ("temperature", 300.0, "K", "temperature in kelvin"),
    ("gradient", 2.0, "T/M", "gradient in T/m"),
    ("drive_amplitude", 32e-3, "T", "drive field in tesla"),
    ("drive_frequency", 20e3, "HZ", "drive frequency in hertz"),
    ("voxels", 129, "N", "voxels"),
    ("harmonics", 200, "N", "harmonics of the drive frequency, at most 10,000"),
    ("tolerance", None, "ERROR", "largest error of the system matrix over its largest entry"),
)


def add_system(command: argparse.ArgumentParser, *, matrix: bool = False) -> None:
    """Scanner and tracer, or with ``matrix`` a file in their place; the defaults are the paper's."""
    group = command.add_argument_group("the system (SI units)")
    for name, default, unit, text in SYSTEM:  # None where an option was not given, so that one given in vain is noticed
        option, kind = f"--{name.replace('_', '-')}", whole if isinstance(default, int) else float
        usual = "1e-12, from 1,000 harmonics on 1e-15 times their number" if default is None else f"{default:g}"
        group.add_argument(option, type=kind, metavar=unit, help=f"{text} (default: {usual})")
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
    group.add_argument(
        "--seed", type=int, default=0, metavar="N", help="seed of phantoms and noise (default: %(default)s)"
    )
    group.add_argument(
        "--density",
        type=float,
        default=0.5,
        metavar="P",
        help="probability that a voxel is filled (default: %(default)s)",
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
    return mpifast.system_matrix(scanner, particle, value["harmonics"], value["tolerance"])


def system_of(options: argparse.Namespace) -> LinearSystem:
    """The system of a file, or the computed one."""
    if options.matrix is None:
        return computed_system(options)
    refuse_system(options, f"--matrix {options.matrix}")
    return read_system(options.matrix)


def read_system(path: str) -> LinearSystem:
    """The system of an MDF calibration file or of an array."""
    import mpifast

    if path.endswith(".mdf"):
        with mpifast.read_mdf(path) as file:
            return file.system()
    if not path.endswith(".npy"):
        raise ValueError(f"--matrix={path!r} has an unknown ending: give a calibration file .mdf or an array .npy")
    return mpifast.linear_system(read_array("--matrix", path))


def read_array(name: str, path: str) -> np.ndarray:
    """The array of a .npy file; ``name`` is the option's."""
    import numpy as np

    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, MemoryError):
        raise
    except Exception as error:  # NumPy lets the errors of Python's parser through
        raise ValueError(
            f"{name}={path!r} is not a NumPy array or is damaged ({error}): write one with numpy.save"
        ) from error
    if not isinstance(array, np.ndarray):
        array.close()
        raise ValueError(f"{name}={path!r} holds several arrays: give a .npy file with one")
    return array


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
