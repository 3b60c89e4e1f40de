"""Damaged MDF files: their bytes, their datasets, and what describes measured data."""

import contextlib
import itertools
import json
import warnings

import hostile
import hostile_containers
import measured_files
import numpy as np
from scanner_systems import small_system

import mpifast
from mpifast.io.mdf.preparation.averaging import PreparationWarning
from mpifast.io.mdf.preparation.selected import Selection


def fuzz_mdf(count, seed, folder):
    """Damaged MDF files, a system matrix and a measurement: breaches named, an error of a documented kind, or the data.

    Half of them have wrong bytes anywhere, and half wrong numbers in what describes measured data: background frames,
    transfer functions, signal-to-noise ratios, periods, selections.
    """
    system = small_system()

    def read(path):
        mpifast.check_mdf(path)
        with mpifast.read_mdf(path) as file:
            for part in (file.frames, file.spectra, file.system_matrix, file.images):
                with contextlib.suppress(ValueError):
                    part()

    mpifast.write_mdf(folder / "system.mdf", system)
    mpifast.write_mdf(folder / "measurement.mdf", system.spectra(np.eye(11)), system, background=np.zeros((2, 14)))
    files = [(folder / name).read_bytes() for name in ("system.mdf", "measurement.mdf")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd numbers in odd places
        halves = [
            hostile.fuzz(read, f, hostile.damage_bytes, (ValueError, OSError), count // 4, seed, folder / "damaged.mdf")
            for f in files
        ]
        return hostile.total([*halves, *_measured_files(count // 2, seed, folder)])


def _measured_files(count, seed, folder):
    """Files as scanners write them, their numbers damaged, through every step of the preparation in turn."""
    random = np.random.default_rng(seed)
    data = np.fft.rfft(random.normal(size=(12, 2, 2, measured_files.POINTS)))
    chain = {"acquisition__receiver__transferFunction": np.exp(1j * data[0, 0]).real + 2.0j}
    chain |= {"acquisition__receiver__inductionFactor": np.array([2.0, 3.0])}
    sorted_ = {"measurement__isFramePermutation": np.int8(1), "measurement__framePermutation": np.arange(1, 13)}
    chosen = {"measurement__isFrequencySelection": np.int8(1), "measurement__frequencySelection": np.arange(1, 14)}
    snr = {"calibration__snr": np.full((2, 2, 13), 3.0)}
    fast = measured_files.write_matrix(
        folder / "fast.mdf", data.astype(np.complex64), (2, 2, 2), 4, **chain, **sorted_, **chosen, **snr
    )
    slow = measured_files.write_matrix(folder / "slow.mdf", data, (2, 2, 2), 4, fast=False, **chain)
    signal = random.normal(size=(6, 4, 2, measured_files.POINTS))
    fields = {"acquisition__offsetField": np.zeros((4, 1, 3)), "measurement__isSpectralLeakageCorrected": np.int8(0)}
    scan = measured_files.write_frames(folder / "scan.mdf", signal, [0, 5], **chain, **fields)
    with mpifast.read_mdf(slow) as file:
        kept = file.select(1.0, band=(150e3, None))
        whole, divided = file.system(), file.system(transfer_function="divide", induction_factor="divide")
    pairs = {"average_periods": 2, "force": True}

    def again(file):
        with contextlib.suppress(RecursionError, TypeError):  # of the JSON, and of kinds that are not those of to_dict
            selection = json.loads(hostile.damage_json(kept.to_dict(), random))
            return file.system(selection=Selection.from_dict(selection))

    steps = [
        lambda file: file.system(snr=2.0, band=(150e3, None), background="interpolate"),
        lambda file: file.system(snr=2.0, snr_source="compute", stop=[(4e5, 5e5)], dtype="float64"),
        lambda file: file.system(mixing_order=3, transfer_function="divide", induction_factor="divide"),
        lambda file: file.system(selection=kept, background="keep"),
        lambda file: file.system(defects=True, channels=[1]),
        again,
        lambda file: whole.measured(file, leakage=True, average=2, **pairs),
        lambda file: whole.measured(file, background="interpolate", periods=[0, 2, 1, 3], **pairs),
        lambda file: divided.measured(file, background=(file, file), leakage=True, **pairs),
        lambda file: divided.measured(file, average_periods=0),
        lambda file: file.whitening(whole),
        lambda file: file.background(divided, [0]),
    ]
    turn = itertools.count()

    def read(path):
        with mpifast.read_mdf(path) as file:
            steps[next(turn) % len(steps)](file)

    allowed, path = (ValueError, OSError), folder / "damaged.mdf"
    for number, source in enumerate((fast, slow, scan)):
        content = source.read_bytes()
        damage = hostile_containers.number_damage(content)
        yield hostile.fuzz(read, content, damage, allowed, count // 3, seed + number, path)


def fuzz_members_of_mdf(count, seed, folder):
    """MDF files that are sound HDF5 and whose datasets are wrong: breaches named, a documented error, or the data."""
    system = small_system()
    number = np.array([1, 2, 3, 2, 3])
    labels = {"channels": [0, 0, 0, 1, 1], "numbers": number, "frequencies": 1e3 * number}
    plane = mpifast.linear_system(np.ones((5, 6)) + 1j * np.arange(6.0), mpifast.Grid((2, 3), (2e-3, 3e-3)), **labels)
    line = mpifast.FieldFreeLineScanner(mpifast.Grid((2, 3), (24e-3, 30e-3)), 2.0, 20e-3, 10, rotation=40)
    scanned = mpifast.system_matrix(line, mpifast.Particle(40e-9), band=(1e3, None))
    matrix, contents = folder / "whole.mdf", []
    for other in (system, plane, scanned):
        mpifast.write_mdf(folder / "part.mdf", other)
        contents.append((other, (folder / "part.mdf").read_bytes()))
        spectra = other.spectra(np.eye(other.voxels), dtype="float64")
        mpifast.write_mdf(folder / "part.mdf", spectra, other, background=0.0 * spectra[:2])
        contents.append((other, (folder / "part.mdf").read_bytes()))

    turn = itertools.count()

    def read(path):
        if (number := next(turn)) % 3 == 0:
            mpifast.check_mdf(path)
            return
        with mpifast.read_mdf(path) as file:
            if number % 3 == 1:
                parts = [file.frames, file.spectra, file.system_matrix, file.images, file.system]
                parts += [lambda: file.scanner, lambda: file.particle]
            else:
                chosen = {"snr": 1.0, "band": (1e3, None), "channels": [0], "background": "interpolate"}
                parts = [lambda: file.system(**chosen), lambda: whole.spectra(file)]
                parts += [lambda: whole.spectra(file, background="interpolate", average=2)]
            for part in parts:
                with contextlib.suppress(ValueError):
                    part()

    found = []
    with warnings.catch_warnings():
        for kind in (mpifast.SystemWarning, PreparationWarning):
            warnings.simplefilter("ignore", kind)
        for number, (other, content) in enumerate(contents):
            mpifast.write_mdf(matrix, other)
            with mpifast.read_mdf(matrix) as file:
                whole = file.system()
            allowed, each = (ValueError, OSError), count // len(contents)
            damage, path = hostile_containers.damage_hdf5, folder / "damaged.mdf"
            found.append(hostile.fuzz(read, content, damage, allowed, each, seed + number, path))
    return hostile.total(found)


def fuzz_patches_of_mdf(count, seed, folder):
    """Measurements of patches, and their calibrations, whose datasets are wrong: a documented error, or the spectra."""
    scanner = mpifast.LissajousScanner(mpifast.Grid((3, 4), (6e-3, 8e-3)), drive_amplitude=(6e-3, 6e-3, 0.0))
    system = mpifast.system_matrix(scanner, mpifast.Particle(25e-9), mixing_order=3, band=(1e3, None))
    patches = mpifast.MultiPatch([(system, (0.0, 0.0)), (system, (2e-3, -4e-3)), (system, (0.0, 4e-3))])
    matrix, scan, damaged = (folder / name for name in ("whole.mdf", "scan.mdf", "damaged.mdf"))
    u = patches.forward(np.ones((2, patches.voxels)))
    mpifast.write_mdf(matrix, system, background=0.0 * u[:, : len(system.rows)], background_at=[0, 7])
    mpifast.write_mdf(scan, u, patches, domain="time", dtype="int16", background=0.0 * u[:1], background_at=[0])

    def calibrated(calibration):
        with mpifast.read_mdf(calibration) as file:
            return file.system()

    def read(own, measurement):
        with mpifast.read_mdf(measurement) as file:
            file.patches([own], resample=True).measured(file, average=0, background="interpolate")
            file.patches(own, periods=[1], average_periods=False).measured(file)

    sound = calibrated(matrix)
    reads = {matrix: lambda path: read(calibrated(path), scan), scan: lambda path: read(sound, path)}
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mpifast.SystemWarning)
        for number, (whole, inside) in enumerate(reads.items()):
            damage, allowed = hostile_containers.damage_hdf5, (ValueError, OSError)
            content, each = whole.read_bytes(), count // len(reads)
            found.append(hostile.fuzz(inside, content, damage, allowed, each, seed + number, damaged))
    return hostile.total(found)
