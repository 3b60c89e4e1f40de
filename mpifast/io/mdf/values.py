"""What an MDF file of a simulation says: its datasets by their paths."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import numpy as np

import mpifast
from mpifast import _validation as check
from mpifast.io.mdf.format import FIELDS, VERSION
from mpifast.physics.fields.scanner import Scanner
from mpifast.physics.linear_system import REAL
from mpifast.physics.receive.iron import iron_concentration
from mpifast.physics.system_matrix import SystemMatrix
from mpifast.physics.tracer.description import particle_text
from mpifast.physics.tracer.particle import Particle

PARTICLE = "/tracer/_particle"  # of a particle that is more than its diameter
WIDTH = 1e-3  # metres, of a voxel across the line: readers want three dimensions and divide by them


def now() -> str:
    """The time as the format wants it: UTC, milliseconds, no zone."""
    return datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")


def identity(title: str, verb: str = "simulated") -> dict[str, Any]:
    """What names a file, its study and experiment."""
    description = f"{title} {verb} by mpifast {mpifast.__version__}"
    return {
        "/version": VERSION,
        "/uuid": str(uuid.uuid4()),
        "/time": now(),
        "/study/name": "mpifast",
        "/study/number": 0,
        "/study/uuid": str(uuid.uuid4()),
        "/study/description": description,
        "/experiment/name": title,
        "/experiment/number": 0,
        "/experiment/uuid": str(uuid.uuid4()),
        "/experiment/description": description,
        "/experiment/subject": "phantom",
        "/experiment/isSimulation": 1,
        "/_mpifast/version": mpifast.__version__,
    }


def tracer(particle: Particle, model: str, volume: float) -> dict[str, Any]:
    """The tracer of a simulation, ``volume`` in litres.

    A particle that is more than its diameter is one text, in place of the three numbers: versions of mpifast that do
    not know it find no particle, not a wrong one.
    """
    numbers = {
        "/tracer/_diameters": np.array([particle.diameter]),
        "/tracer/_saturationMagnetization": np.array([particle.saturation_magnetization]),
        "/tracer/_temperature": particle.temperature,
    }
    return {
        "/tracer/name": ["Langevin particle"],
        "/tracer/batch": ["n.a."],
        "/tracer/vendor": ["mpifast"],
        "/tracer/solute": ["Fe"],
        "/tracer/concentration": [iron_concentration(1.0)],  # of solid magnetite
        "/tracer/volume": [volume],
        "/tracer/_model": model,
    } | (numbers if particle.is_plain else {PARTICLE: particle_text(particle)})


def general(title: str, system: SystemMatrix) -> dict[str, Any]:
    """All but /measurement and /calibration."""
    scanner, particle, points = system.scanner, system.particle, samples(system.harmonics)
    rate = points * scanner.drive_frequency
    volume = 1e3 * scanner.field_of_view * WIDTH**2
    return (
        identity(title)
        | tracer(particle, system.model, volume)
        | {
            "/scanner/facility": "n.a.",
            "/scanner/manufacturer": "mpifast",
            "/scanner/name": "one-dimensional field-free-point scanner",
            "/scanner/operator": "n.a.",
            "/scanner/topology": "FFP",
            "/acquisition/startTime": now(),
            "/acquisition/numAverages": 1,
            "/acquisition/numPeriodsPerFrame": 1,
            "/acquisition/gradient": np.diag([scanner.gradient, -0.5 * scanner.gradient, -0.5 * scanner.gradient])[
                None, None
            ],
            "/acquisition/offsetField": np.zeros((1, 1, 3)),
            "/acquisition/drivefield/numChannels": 1,
            # the sampling rate: its quotient by the divider, a power of two, is exact
            "/acquisition/drivefield/baseFrequency": rate,
            "/acquisition/drivefield/divider": [[points]],
            "/acquisition/drivefield/cycle": points / rate,
            "/acquisition/drivefield/strength": [[[scanner.drive_amplitude]]],
            "/acquisition/drivefield/phase": [[[0.5 * np.pi]]],  # the format's waveform is a sine, ours a cosine
            "/acquisition/drivefield/waveform": [["sine"]],
            "/acquisition/receiver/numChannels": 1,
            "/acquisition/receiver/bandwidth": 0.5 * rate,
            "/acquisition/receiver/numSamplingPoints": points,
            "/acquisition/receiver/unit": "V",
            "/acquisition/receiver/dataConversionFactor": np.array([[1.0, 0.0]]),
            "/acquisition/receiver/_harmonics": system.harmonics,
            "/acquisition/_voxels": scanner.voxels,
            "/_mpifast/system": system.fingerprint,
        }
    )


def samples(harmonics: int) -> int:
    """Samples of a period that hold the harmonics: a power of two, by which products and quotients are exact."""
    return 1 << (2 * harmonics + 1).bit_length()


def scanner_grid(scanner: Scanner) -> dict[str, Any]:
    """Size, field of view, centre and order of the voxels of a scanner."""
    return {
        "size": [scanner.voxels, 1, 1],
        "fieldOfView": [scanner.voxels * scanner.pitch, WIDTH, WIDTH],
        "fieldOfViewCenter": [0.0, 0.0, 0.0],
        "order": "xyz",
    }


def flags(frames: int, backgrounds: int = 0, **true: int) -> dict[str, Any]:
    """All flags of /measurement, zero but for those given; the number of frames, and which are background."""
    names = [
        field.path
        for field in FIELDS.values()
        if field.rule == "flag" and field.group == "/measurement" and field.shape == "-"
    ]
    mask = np.arange(frames + backgrounds) >= frames
    found = {name: true.get(name.rsplit("/", 1)[1], 0) for name in names}
    return found | {"/acquisition/numFrames": frames + backgrounds, "/measurement/isBackgroundFrame": mask}


def calibration(system: SystemMatrix) -> dict[str, Any]:
    """/measurement and /calibration of a system matrix: a frame a voxel, without noise."""
    points, voxels, order = samples(system.harmonics), system.voxels, np.arange(1, system.harmonics + 1)
    data, snr = np.zeros((1, 1, points // 2 + 1, voxels), np.complex128), np.zeros((1, 1, points // 2 + 1))
    data[0, 0, order] = points * system.matrix
    size = np.abs(system.matrix)
    error = max(system.tolerance, float(np.finfo(np.float64).eps)) * size.max()
    snr[0, 0, order] = np.sqrt(np.square(size).mean(axis=1)) / (error or 1.0)
    stated = flags(voxels, isBackgroundCorrected=1, isFastFrameAxis=1, isFourierTransformed=1, isFramePermutation=1)
    grid = {f"/calibration/{name}": value for name, value in scanner_grid(system.scanner).items()}
    return (
        stated
        | grid
        | {
            "/measurement/data": data,
            "/measurement/framePermutation": np.arange(1, voxels + 1),
            "/calibration/method": "simulation",
            "/calibration/deltaSampleSize": [system.scanner.pitch, WIDTH, WIDTH],
            "/calibration/snr": snr,
            "/calibration/_tolerance": system.tolerance,
            "/calibration/_nodes": system.nodes,
        }
    )


def measurement(spectra: Any, system: SystemMatrix, domain: str, background: Any) -> dict[str, Any]:
    """/measurement of spectra, checked: the frames, and the background frames after them."""
    u = _complex("spectra", spectra, system)
    empty = u[:0] if background is None else _complex("background", background, system)
    points, single = samples(system.harmonics), u.dtype == np.complex64 and domain == "fourier"
    data = np.zeros((len(u) + len(empty), 1, 1, points // 2 + 1), np.complex64 if single else np.complex128)
    with np.errstate(over="ignore"):
        data[:, 0, 0, 1 : system.harmonics + 1] = np.concatenate([u, empty]).astype(data.dtype)
        data.view(data.real.dtype)[:] *= points
    check.finite("spectra", data.view(data.real.dtype))
    fourier = domain == "fourier"
    return flags(len(u), len(empty), isFourierTransformed=int(fourier)) | {
        "/measurement/data": data if fourier else np.fft.irfft(data, points, axis=-1)
    }


def _complex(name: str, spectra: Any, system: SystemMatrix) -> np.ndarray:
    """Spectra as complex numbers in the precision they have: signed imaginary parts of a cosine drive, to which the
    magnetisation in equilibrium has no real part; where it relaxes, real parts, then imaginary ones.
    """
    array, harmonics = check.number_array(name, spectra), system.harmonics
    if np.iscomplexobj(array):
        pieces = [np.atleast_1d(array.real if part == REAL else array.imag) for part in system.parts]
        array = np.concatenate(pieces, axis=-1)
    what = "harmonics" if len(system.parts) == 1 else "real and imaginary parts of the harmonics"
    u = check.matrix(name, array, len(system.parts) * harmonics, what=what)
    result = np.zeros((len(u), harmonics), np.complex64 if u.dtype == np.float32 else np.complex128)
    if len(system.parts) > 1:
        result.real = u[:, :harmonics]
    result.imag = u[:, -harmonics:]
    return result
