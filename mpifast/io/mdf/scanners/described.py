"""The scanner and the tracer that an MDF file describes: those of a simulation, or a Lissajous scanner in any file."""

from __future__ import annotations

from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.io.mdf.data import MdfData
from mpifast.io.mdf.scanners.acquisition import DRIVE, acquisition, is_sine
from mpifast.io.mdf.selection import DESCRIBED, HARMONICS, ORIGIN, ROWS, grid_of, rows_of, transfer_function_of
from mpifast.io.mdf.values import PARTICLE
from mpifast.physics.fields.arguments import AXES
from mpifast.physics.fields.lissajous import LissajousScanner
from mpifast.physics.fields.scanner import Scanner
from mpifast.physics.fields.sequence import Sequence
from mpifast.physics.systems.description import SCANNERS, parameters, scanner_from, system_of_rows
from mpifast.physics.systems.scanner_system import ScannerSystem
from mpifast.physics.tracer.description import particle_of_text
from mpifast.physics.tracer.particle import Particle

# What the file says twice, in the format's names and in those of the scanner.
STATED = (
    "/acquisition/gradient",
    "/acquisition/offsetField",
    *(f"{DRIVE}/{name}" for name in ("baseFrequency", "divider", "strength", "phase", "customWaveform")),
)
AGREE = 1e-9  # of the largest number of a dataset: rounding of another machine


@np.errstate(all="ignore")  # a damaged file may hold anything
def scanner_of(file: MdfData) -> Scanner | Sequence:
    """See `mpifast.io.mdf.read.MdfFile.scanner`."""
    if f"{DESCRIBED}/type" in file:
        return _simulated(file)
    if HARMONICS in file:
        return _line(file)
    try:
        return _lissajous(file)
    except (KeyError, TypeError, ValueError) as error:
        reason = error.args[0] if isinstance(error, KeyError) else error
        raise ValueError(f"{file.path} does not describe a mpifast.LissajousScanner: {reason}") from error


def particle_of(file: MdfData) -> Particle:
    """See `mpifast.io.mdf.read.MdfFile.particle`."""
    if PARTICLE in file:
        try:
            return particle_of_text(file[PARTICLE])
        except ValueError as error:
            raise ValueError(f"{file.path}: {PARTICLE}: {error}") from error
    diameter, saturation, temperature = (
        file.own(f"/tracer/_{name}") for name in ("diameters", "saturationMagnetization", "temperature")
    )
    return Particle(diameter, saturation, temperature)


def scanner_system_of(file: MdfData) -> ScannerSystem:
    """The system of a file of a scanner on a grid, of which nothing is computed yet.

    Raises
    ------
    ValueError
        If the file is damaged, or this version of mpifast computes another system.
    """
    scanner, particle = scanner_of(file), particle_of(file)
    assert isinstance(scanner, Sequence)
    rows = rows_of(file)  # refuses what is no list of rows
    channels, numbers = np.asarray(file.get(ROWS, np.zeros((0, 2), np.int64))).T
    try:
        tolerance, absolute = file.own("/calibration/_tolerance"), file.get("/calibration/_error")
        system = system_of_rows(
            scanner, particle, tolerance, channels, numbers, absolute, transfer_function_of(file, rows)
        )
    except (TypeError, ValueError) as error:
        raise ValueError(f"{file.path}: {error}") from error
    if system.fingerprint != file.get(ORIGIN):
        raise ValueError(
            f"{file.path} is of a system that this version of mpifast does not compute: use the one that wrote it, or"
            " system(), which reads the matrix"
        )
    return system


def _simulated(file: MdfData) -> Sequence:
    """The scanner under mpifast's names, with which the names of the format have to agree."""
    facts = {"type": file[f"{DESCRIBED}/type"], "grid": _named(file, f"{DESCRIBED}/grid", "shape field_of_view center")}
    if isinstance(facts["type"], str) and facts["type"] in SCANNERS:
        facts |= _named(file, DESCRIBED, " ".join(parameters(SCANNERS[facts["type"]])))
    try:
        scanner = scanner_from(facts)
    except ValueError as error:
        raise ValueError(f"{file.path}: {DESCRIBED}: {error}") from error
    table = file.get(STATED[-1])
    fits = is_sine(scanner) or np.shape(table) == (3, 1, scanner.samples)  # before as many samples are made
    expected = acquisition(scanner) if fits else {STATED[-1]: table}
    for name in STATED:
        if name in expected and not (fits and _agree(file.get(name), expected[name])):
            raise ValueError(
                f"{file.path}: {name} is not that of the scanner in {DESCRIBED}: the file was changed; remove"
                f" {DESCRIBED} to go by the names of the format"
            )
    return scanner


def _named(file: MdfData, group: str, names: str) -> dict[str, Any]:
    found = {name: file.get(f"{group}/{name}") for name in names.split()}
    return {name: value for name, value in found.items() if value is not None}


def _agree(found: Any, expected: Any) -> bool:
    found, expected = np.asarray(found), np.asarray(expected)
    alike = found.shape == expected.shape and found.dtype.kind in "iuf"
    return alike and bool((np.abs(found - expected) <= AGREE * np.abs(expected).max()).all())


def _line(file: MdfData) -> Scanner:
    """The one-dimensional scanner of a `mpifast.SystemMatrix`."""
    names = ("gradient", "drivefield/strength", "drivefield/divider")
    gradient, strength, divider = (file.get(f"/acquisition/{name}", np.empty(0)) for name in names)
    if 0 in (gradient.size, strength.size, divider.size):
        raise ValueError(f"{file.path} is damaged: gradient, strength or divider are missing or empty")
    frequency = file.number(f"{DRIVE}/baseFrequency") / check.positive("divider", divider.flat[0])
    return Scanner(float(gradient.flat[0]), float(strength.flat[0]), frequency, int(file.own("/acquisition/_voxels")))


def _lissajous(file: MdfData) -> LissajousScanner:
    """The scanner in the names of the format, which is how scanners' own files describe it."""
    if file.kind != "calibration":
        raise ValueError(f"it has no grid, as it is a {file.kind} file; take the scanner of the calibration file")
    divider, waveform = np.asarray(file[f"{DRIVE}/divider"]), np.asarray(file[f"{DRIVE}/waveform"])
    strength, phase = _constant(file, f"{DRIVE}/strength", 2), _constant(file, f"{DRIVE}/phase", 2)
    if not strength.shape == phase.shape == divider.shape or not 1 <= len(strength) <= 3:
        raise ValueError(f"its drive field has {len(strength)} channels, or datasets that do not fit each other")
    if ((strength != 0.0).sum(axis=1) > 1).any():
        raise ValueError("a channel of its drive field has several frequencies")
    forms = np.broadcast_to(waveform, divider.shape) if waveform.size == 1 else waveform
    if forms.shape != divider.shape or (forms[strength != 0.0] != "sine").any():
        raise ValueError(f"the waveform is {waveform.ravel()[:3].tolist()}, expected sines")
    channels = file.shape[2]
    if channels > 3:
        raise ValueError(f"it has {channels} receive channels, and which of x, y and z they are is not known")
    used = (np.arange(len(strength)), np.abs(strength).argmax(axis=1))
    amplitudes, dividers, phases = np.zeros(3), np.ones(3, np.int64), np.full(3, 0.5 * np.pi)
    for target, source in ((amplitudes, strength), (dividers, divider), (phases, phase)):
        target[: len(source)] = source[used]
    offset = _constant(file, "/acquisition/offsetField", 1) if "/acquisition/offsetField" in file else np.zeros(3)
    grid = grid_of(file, int((~file.is_background).sum()))
    base, gradient = file.number(f"{DRIVE}/baseFrequency"), _constant(file, "/acquisition/gradient", 2)
    drive = tuple(amplitudes.tolist()), tuple(dividers.tolist()), base, tuple(phases.tolist())
    return LissajousScanner(grid, gradient, *drive, tuple(offset.tolist()), AXES[:channels])


def _constant(file: MdfData, name: str, axes: int) -> np.ndarray:
    """A dataset without its axes of periods and their parts, in all of which it is the same."""
    value = np.asarray(file[name], np.float64)
    if not value.size:
        raise ValueError(f"{name} is empty")
    every = value.reshape(-1, *value.shape[value.ndim - axes :])
    if not np.array_equal(every, np.broadcast_to(every[0], every.shape), equal_nan=True):
        raise ValueError(f"{name} changes from one period or part of it to the next, as for several patches")
    return np.asarray(every[0])
