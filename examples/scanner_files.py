"""Calibration and measurement of a three-dimensional scan, as a scanner writes them: two MDF files, made with h5py.

The matrix is that of a delta sample moved through the voxels, with noise, a drifting background and empty frames
between the positions. The phantom is scanned on a grid three times as fine, with another tracer than the matrix, and
its frames are integers in time, between empty frames before and after. mpifast computes the signals and writes nothing.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

import mpifast

GRADIENT, AMPLITUDE, DIVIDERS, BASE = (-1.0, -1.0, 2.0), 12e-3, (102, 96, 99), 2.5e6
FIELD_OF_VIEW = (26e-3, 26e-3, 13e-3)
FINER = 3  # voxels of the phantom to one of the matrix, along each axis
EMPTY = 4  # background frames in a row, after each line of positions
FRAMES, BEFORE = 20, 20  # of the measurement, and empty ones before and after it
STEPS = 2.0**24  # of the converter, over the largest signal
TRACER = mpifast.Particle(28e-9, relaxation=mpifast.Debye(0.8e-6))
OTHER_BATCH = mpifast.Particle(27e-9, relaxation=mpifast.Debye(0.9e-6))


@dataclass(frozen=True)
class Scan:
    """The receive chain of a scan: its frequency numbers, samples of a period, and noise of each channel and number.

    ``factors`` complex128[3, numbers] are the receive chain's; ``noise`` float64[3, samples // 2 + 1] the standard
    deviation of a frame, of a DFT; ``offset`` and ``drift`` complex128[3, samples // 2 + 1] the background and its
    change in the course of the calibration.
    """

    numbers: np.ndarray
    samples: int
    period: float
    factors: np.ndarray
    noise: np.ndarray
    offset: np.ndarray
    drift: np.ndarray


def scanner(voxels: int) -> mpifast.LissajousScanner:
    """A commercial scanner, and a grid of so many voxels along each axis."""
    grid = mpifast.Grid((voxels,) * 3, FIELD_OF_VIEW)
    drive = {"drive_amplitude": (AMPLITUDE,) * 3, "divider": DIVIDERS, "base_frequency": BASE}
    return mpifast.LissajousScanner(grid, GRADIENT, channels=("x", "y", "z"), **drive)


def write(folder: Path, voxels: int = 19, level: float = 8e-3, snr: float = 3000.0, seed: int = 1) -> np.ndarray:
    """Write ``calibration.mdf`` and ``measurement.mdf``.

    Parameters
    ----------
    folder : Path
        Where.
    voxels : int
        Of the matrix along each axis.
    level : float
        Frequencies are stored whose row of some channel is at least this part of the largest.
    snr : float
        Largest magnitude of the matrix over the noise of a calibration frame at high frequencies.
    seed : int
        Of noise and phantom.

    Returns
    -------
    ndarray
        The phantom on the grid of the matrix, float64[voxels, voxels, voxels].
    """
    random, device = np.random.default_rng(seed), scanner(voxels)
    strong = mpifast.system_matrix(device, TRACER, band=(20e3, None), level=level, tolerance=1e-6)
    numbers = np.unique(strong.rows["number"])
    system = stored_rows(device, TRACER, numbers)
    matrix = system.matrix.reshape(3, len(numbers), -1)
    scan = receive_chain(numbers, device, float(np.abs(matrix).max()) / snr, random)
    write_calibration(folder / "calibration.mdf", scan, matrix, voxels, random)

    fine = scanner(FINER * voxels)
    vessels = mpifast.phantoms.vessels(fine.grid, radius=1.5e-3).draw(seed, [0])
    signal = stored_rows(fine, OTHER_BATCH, numbers).forward(vessels).reshape(3, -1) / FINER**3
    write_measurement(folder / "measurement.mdf", scan, signal, random)
    blocks = vessels.reshape((voxels, FINER) * 3).astype(np.float64)
    return blocks.mean(axis=(1, 3, 5))


def stored_rows(device: Any, tracer: mpifast.Particle, numbers: np.ndarray) -> mpifast.ScannerSystem:
    """The system of all channels at some frequency numbers."""
    everything = mpifast.system_matrix(device, tracer, tolerance=1e-6)
    return everything.select(np.flatnonzero(np.isin(everything.rows["number"], numbers)))


def receive_chain(numbers: np.ndarray, device: Any, level: float, random: np.random.Generator) -> Scan:
    """A receive chain whose noise rises towards low frequencies, and a background at harmonics of the drive fields."""
    samples, count = device.samples, device.samples // 2 + 1
    frequencies = np.arange(count) / device.period
    chain = 1.0 / (1.0 + 1j * frequencies / 600e3)
    noise = samples * level * np.outer([1.0, 1.3, 0.8], 1.0 + (60e3 / np.maximum(frequencies, 5e3)) ** 2)
    harmonics = np.zeros(count)
    for divider in DIVIDERS:
        harmonics[np.arange(1, 8) * round(device.period * BASE / divider)] = 200.0 / np.arange(1, 8) ** 2
    phases = np.exp(2j * np.pi * random.random((3, count)))
    offset = noise * (2.0 + harmonics) * phases
    return Scan(numbers, samples, device.period, np.tile(chain[numbers], (3, 1)), noise, offset, 0.5 * offset * 1j)


def complex_noise(scale: np.ndarray, shape: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
    """Complex Gaussian noise of a standard deviation, in single precision."""
    parts = random.standard_normal((*shape, 2), np.float32).view(np.complex64)[..., 0]
    return parts * (scale / np.sqrt(2.0)).astype(np.float32)


def write_calibration(path: Path, scan: Scan, matrix: np.ndarray, voxels: int, random: np.random.Generator) -> None:
    """The matrix complex128[3, numbers, voxels], in C order of x, y, z, as a calibration file with x fastest."""
    count, line = voxels**3, voxels**2
    blocks = count // line + 1
    position = np.arange(count) + EMPTY * (np.arange(count) // line + 1)  # when each was measured
    empty = (np.arange(blocks)[:, None] * (line + EMPTY) + np.arange(EMPTY)).ravel()
    when = np.concatenate([position, empty]) / (count + EMPTY * blocks)
    with h5py.File(path, "w") as file:
        common(file, scan, len(when), "calibration")
        flags(file, FastFrameAxis=1, FourierTransformed=1, FramePermutation=1, FrequencySelection=1)
        data = file.create_dataset("measurement/data", (1, 3, len(scan.numbers), len(when)), np.complex64)
        for channel in range(3):
            for k, number in enumerate(scan.numbers):
                row = complex_noise(scan.noise[channel, number], when.shape, random)
                row += (scan.offset[channel, number] + when * scan.drift[channel, number]).astype(np.complex64)
                delta = matrix[channel, k] * scan.factors[channel, k] * scan.samples
                row[:count] += delta.reshape((voxels,) * 3).transpose().ravel()
                data[0, channel, k] = row
        file["measurement/frequencySelection"] = scan.numbers + 1
        file["measurement/isBackgroundFrame"] = (np.arange(len(when)) >= count).astype(np.int8)
        file["measurement/framePermutation"] = np.concatenate([position, empty]) + 1
        file["calibration/method"] = "robot"
        file["calibration/size"] = np.array([voxels] * 3)
        file["calibration/fieldOfView"] = np.array(FIELD_OF_VIEW)
        file["calibration/fieldOfViewCenter"] = np.zeros(3)
        file["calibration/order"] = "xyz"
        file["calibration/deltaSampleSize"] = np.array(FIELD_OF_VIEW) / voxels


def write_measurement(path: Path, scan: Scan, signal: np.ndarray, random: np.random.Generator) -> None:
    """Frames of a spectrum complex128[3, numbers] as integers in time, with empty frames before and after."""
    count = 2 * BEFORE + FRAMES
    full = np.zeros((3, scan.samples // 2 + 1), complex)
    full[:, scan.numbers] = signal * scan.factors * scan.samples
    empty = np.abs(np.arange(count) - (count - 1) / 2) > FRAMES / 2
    frames = np.empty((count, 1, 3, scan.samples), np.float32)
    for n in range(count):
        noise = complex_noise(scan.noise, scan.noise.shape, random)
        background = scan.offset + n / count * 0.2 * scan.drift
        frames[n, 0] = np.fft.irfft(full * (not empty[n]) + background + noise, scan.samples)
    step = np.abs(frames).max(axis=(0, 1, 3)) / STEPS
    with h5py.File(path, "w") as file:
        common(file, scan, count, "measurement")
        flags(file)
        file["measurement/data"] = np.round(frames / step[:, None]).astype(np.int32)
        file["measurement/isBackgroundFrame"] = empty.astype(np.int8)
        file["acquisition/receiver/dataConversionFactor"] = np.stack([step, np.zeros(3)], axis=1)


def common(file: h5py.File, scan: Scan, frames: int, what: str) -> None:
    """What both files say of themselves and of the acquisition."""
    now = "2026-11-26T12:00:00.000"
    values = {"version": "2.1.0", "uuid": str(uuid.uuid4()), "time": now}
    values |= {"study/name": "vessels", "study/number": 1, "study/uuid": str(uuid.uuid4()), "study/description": what}
    values |= {"experiment/name": what, "experiment/number": 1, "experiment/uuid": str(uuid.uuid4())}
    values |= {"experiment/description": what, "experiment/subject": "phantom", "experiment/isSimulation": np.int8(0)}
    values |= {f"scanner/{name}": "example" for name in ("facility", "manufacturer", "name", "operator")}
    values |= {"scanner/topology": "FFP", "acquisition/startTime": now}
    values |= {"acquisition/numAverages": 100, "acquisition/numFrames": frames, "acquisition/numPeriodsPerFrame": 1}
    values |= {
        "acquisition/gradient": np.diag(GRADIENT)[None, None],
        "acquisition/offsetField": np.zeros((1, 1, 3)),
        "acquisition/drivefield/numChannels": 3,
        "acquisition/drivefield/baseFrequency": BASE,
        "acquisition/drivefield/divider": np.array(DIVIDERS)[:, None],
        "acquisition/drivefield/cycle": scan.period,
        "acquisition/drivefield/strength": np.full((1, 3, 1), AMPLITUDE),
        "acquisition/drivefield/phase": np.full((1, 3, 1), np.pi / 2),
        "acquisition/drivefield/waveform": np.array([["sine"]] * 3, dtype=h5py.string_dtype()),
        "acquisition/receiver/numChannels": 3,
        "acquisition/receiver/bandwidth": 0.5 * scan.samples / scan.period,
        "acquisition/receiver/numSamplingPoints": scan.samples,
        "acquisition/receiver/unit": "V",
    }
    tracer = {"name": "batch A" if what == "calibration" else "batch B", "batch": "n.a.", "vendor": "n.a."}
    for name, text in {**tracer, "solute": "Fe"}.items():
        file[f"tracer/{name}"] = np.array([text], dtype=h5py.string_dtype())
    file["tracer/concentration"], file["tracer/volume"] = np.array([0.1]), np.array([1e-6])
    for name, value in values.items():
        file[name] = value


def flags(file: h5py.File, **true: int) -> None:
    """The flags of /measurement."""
    names = ("BackgroundCorrected", "FastFrameAxis", "FourierTransformed", "FramePermutation", "FrequencySelection")
    for name in (*names, "SparsityTransformed", "SpectralLeakageCorrected", "TransferFunctionCorrected"):
        file[f"measurement/is{name}"] = np.int8(true.get(name, 0))
