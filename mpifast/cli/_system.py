"""Options that several commands share: the scanner, the tracer and the data set."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mpifast.data.spectra import Spectra
    from mpifast.physics.system_matrix import SystemMatrix


def add_system(command: argparse.ArgumentParser) -> None:
    """Scanner and tracer; the defaults are the paper's."""
    group = command.add_argument_group("the system (SI units)")
    group.add_argument(
        "--diameter", type=float, default=40e-9, metavar="M", help="particle diameter in metres (default: %(default)s)"
    )
    group.add_argument(
        "--temperature", type=float, default=300.0, metavar="K", help="temperature in kelvin (default: %(default)s)"
    )
    group.add_argument(
        "--gradient", type=float, default=2.0, metavar="T/M", help="gradient in T/m (default: %(default)s)"
    )
    group.add_argument(
        "--drive-amplitude", type=float, default=32e-3, metavar="T", help="drive field in tesla (default: %(default)s)"
    )
    group.add_argument(
        "--drive-frequency",
        type=float,
        default=20e3,
        metavar="HZ",
        help="drive frequency in hertz (default: %(default)s)",
    )
    group.add_argument("--voxels", type=int, default=129, help="voxels (default: %(default)s)")
    group.add_argument("--harmonics", type=int, default=200, help="harmonics (default: %(default)s)")


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


def system_of(options: argparse.Namespace) -> SystemMatrix:
    """The system that the options describe."""
    import mpifast

    scanner = mpifast.Scanner(options.gradient, options.drive_amplitude, options.drive_frequency, options.voxels)
    return mpifast.system_matrix(
        scanner, mpifast.Particle(options.diameter, temperature=options.temperature), options.harmonics
    )


def spectra_of(options: argparse.Namespace) -> Spectra:
    """The data set that the options describe."""
    import mpifast

    return mpifast.Spectra(system_of(options), options.seed, options.density, options.snr_db, options.dtype)
