"""The long campaigns behind the promises of trust: each takes a count and a seed, and returns what happened.

The ordinary tests run them with small counts; ``python tests/campaigns.py`` runs them whole and writes docs/trust.md.
"""

import argparse
import contextlib
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from datetime import date
from importlib.metadata import version
from pathlib import Path

import campaign_interrupts
import hostile
import hostile_containers
import measured_files
import numpy as np

import mpifast
import mpifast.io.mdf.system
from mpifast.io.mdf.preparation.averaging import PreparationWarning
from mpifast.io.mdf.preparation.selected import Selection

SEED = 20261122
FILES = None  # the count is --files
CAMPAIGNS = {
    "kill_training": 100,
    "kill_saving": 100,
    "interrupt": 200,
    "fuzz_networks": FILES,
    "fuzz_network_members": FILES,
    "fuzz_mdf": FILES,
    "fuzz_stores": FILES,
    "fuzz_members_of_mdf": 20_000,
    "fuzz_patches_of_mdf": FILES,
    "fuzz_members_of_hdf5": 20_000,
    "fuzz_members_of_zarr": 20_000,
    "crowd": 200,
    "leak": 10_000,
}
HEAD = """# The last run of the campaigns

Written by `python tests/campaigns.py`; the ordinary tests run the same with smaller counts. What a campaign finds is
mended and stays as a test (`test_network_file`, `test_hdf5`, `test_mdf_read`, `test_store`).
"""
TRAIN = """
import sys, mpifast
from mpifast.networks import checkpoint
checkpoint.SECONDS = 0.0
system = mpifast.system_matrix(mpifast.Scanner(voxels=11), mpifast.Particle(40e-9), harmonics=14)
data = mpifast.Spectra(system, seed=3)[:200]
net = mpifast.Network(14, 11, (9,), seed=4)
net.fit(*data, epochs=1, checkpoint=sys.argv[1] + ".warm")
net = mpifast.Network(14, 11, (9,), seed=4)
print("ready", flush=True)
history = net.fit(*data, epochs=int(sys.argv[2]), shuffle=True, checkpoint=sys.argv[1], validation=data)
print("done", flush=True)
"""

SAVE = """
import sys, mpifast
path, compression = sys.argv[1], int(sys.argv[2]) or None
system = mpifast.system_matrix(mpifast.Scanner(voxels=11), mpifast.Particle(40e-9), harmonics=14)
spectra = mpifast.Spectra(system, seed=7, density=0.3, snr_db=30.0, threads=1)
spectra[:1]
print("ready", flush=True)
spectra.save(path, 50_000, chunks=500, compression=compression, progress=False)
"""
STORES = [(suffix, compression) for suffix in (".h5", ".zarr") for compression in (None, 1)]


def start(program, folder, *arguments):
    """A process that runs a program above, from where it is ready to begin."""
    child = subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)},  # the same mpifast
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout.readline() == "ready\n", child.stderr.read()
    return child


interrupt = campaign_interrupts.interrupt


def contents(path):
    """Every file of a store, byte for byte."""
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    return {str(file.relative_to(path)): file.read_bytes() for file in files}


def small_system():
    return mpifast.system_matrix(mpifast.Scanner(voxels=11), mpifast.Particle(40e-9), harmonics=14)


def small_data():
    return mpifast.Spectra(small_system(), seed=3)[:200]


def kill_training(count, seed, folder):
    """kill -9 at ``count`` random moments of a training with checkpoints; it ends with the bits of one that nobody
    killed.
    """
    random, path, epochs = np.random.default_rng(seed), folder / "net.npz", 300
    whole, began, kills = mpifast.Network(14, 11, (9,), seed=4), time.perf_counter(), 0
    expected = whole.fit(*small_data(), epochs=epochs, shuffle=True, validation=small_data())
    done = False
    while not done:
        child = start(TRAIN, folder, path, epochs)
        if kills < count:
            time.sleep(random.uniform(0.0, 0.3))
            child.kill()
            kills += 1
        done = child.stdout.read() == "done\n"
        child.communicate()
        if path.exists():
            kept = mpifast.Network.load(path)  # whole, whenever it is looked at
        if done and kills < count:  # once more from the beginning
            assert all(map(np.array_equal, kept.weights, whole.weights))
            path.unlink()
            done = False
    again = mpifast.Network(14, 11, (9,), seed=4)
    history = again.fit(*small_data(), epochs=epochs, shuffle=True, validation=small_data(), checkpoint=path)
    assert all(map(np.array_equal, again.weights, whole.weights))
    assert (history.train_mse, history.validation_mse) == (expected.train_mse, expected.validation_mse)
    return {"kills": kills, "epochs": epochs, "seconds": time.perf_counter() - began}


def kill_saving(count, seed, folder):
    """kill -9 at ``count`` random moments of stores in the making; they end with the bytes of those that nobody killed,
    and no half one is seen.
    """
    random, began, kills = np.random.default_rng(seed), time.perf_counter(), 0
    system = mpifast.system_matrix(mpifast.Scanner(voxels=11), mpifast.Particle(40e-9), harmonics=14)
    spectra = mpifast.Spectra(system, seed=7, density=0.3, snr_db=30.0)
    for number, (suffix, compression) in enumerate(STORES, 1):
        whole, broken = folder / f"whole-{number}{suffix}", folder / str(number) / f"data{suffix}"
        broken.parent.mkdir()
        spectra.save(whole, 50_000, chunks=500, compression=compression, progress=False)
        while kills < count * number // len(STORES):
            child = start(SAVE, folder, broken, compression or 0)
            time.sleep(random.uniform(0.0, 0.25))
            child.kill()
            kills += child.wait() != 0
            child.communicate()
            names = {path.name for path in broken.parent.iterdir()} - {f"{broken.name}.partial"}
            assert all(name == broken.name or name.endswith((".tmp", ".lock")) for name in names), names
            if broken.exists():  # whole, if it is there at all; once more from the beginning
                mpifast.open_spectra(broken).verify()
                assert contents(broken) == contents(whole)
                shutil.rmtree(broken) if broken.is_dir() else broken.unlink()
        spectra.save(broken, 50_000, chunks=500, compression=compression, progress=False)
        assert contents(broken) == contents(whole)
        assert not broken.with_name(f"{broken.name}.partial").exists()
    return {"kills": kills, "stores": len(STORES), "seconds": time.perf_counter() - began}


def fuzz_networks(count, seed, folder):
    """Damaged networks and checkpoints: an error of a documented kind, or a network."""
    content = {}
    for name, options in (("plain", {}), ("checkpoint", {"checkpoint": folder / "kept.npz"})):
        net = mpifast.Network(14, 11, (9,), scaling="standard", bias=True, seed=3)
        net.fit(*small_data(), epochs=2, **options)
        net.save(folder / "plain.npz")
        content[name] = (folder / ("kept.npz" if options else "plain.npz")).read_bytes()
    halves = [
        hostile.fuzz(
            mpifast.Network.load, data, hostile.damage_npz, ValueError, count // 2, seed + i, folder / "damaged.npz"
        )
        for i, data in enumerate(content.values())
    ]
    return total(halves)


def fuzz_network_members(count, seed, folder):
    """Networks and checkpoints damaged inside the members of a sound archive: a ValueError, or a network."""
    net = mpifast.Network(14, 11, (9,), scaling="standard", bias=True, seed=3)
    net.fit(*small_data(), epochs=2, system=small_system(), checkpoint=folder / "kept.npz")
    net.save(folder / "plain.npz")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return total(
            hostile.fuzz(
                mpifast.Network.load, (folder / name).read_bytes(), hostile.damage_members, ValueError, count // 2,
                seed + i, folder / "damaged.npz",
            )
            for i, name in enumerate(("plain.npz", "kept.npz"))
        )  # fmt: skip


def fuzz_mdf(count, seed, folder):
    """Damaged MDF files, a system matrix and a measurement: breaches named, an error of a documented kind, or the data.

    Half of them have wrong bytes anywhere, and half wrong numbers in what describes measured data: background frames,
    transfer functions, signal-to-noise ratios, periods, selections.
    """
    system = mpifast.system_matrix(mpifast.Scanner(voxels=11), mpifast.Particle(40e-9), harmonics=14)

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
        return total([*halves, *_measured_files(count // 2, seed, folder)])


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


def fuzz_stores(count, seed, folder):
    """Damaged stores, HDF5 and every file of a zarr one: an error of a documented kind, or the very samples."""
    system = mpifast.system_matrix(mpifast.Scanner(voxels=11), mpifast.Particle(40e-9), harmonics=14)
    spectra = mpifast.Spectra(system, seed=3)
    u, c = spectra[:40]
    found = []
    for name in ("data.h5", "data.zarr"):
        store = folder / name
        spectra.save(store, 40, chunks=20)

        def read(_, store=store):
            stored = mpifast.open_spectra(store)
            if len(stored) == 40:
                assert all(map(np.array_equal, stored[:], (u, c)))
            stored.to_xarray()

        files = [store] if store.is_file() else sorted(path for path in store.rglob("*") if path.is_file())
        for file in files:
            content = file.read_bytes()
            each = count // 2 // len(files)
            found.append(hostile.fuzz(read, content, hostile.damage_bytes, (ValueError, OSError), each, seed, file))
            file.write_bytes(content)
    return total(found)


def fuzz_members_of_mdf(count, seed, folder):
    """MDF files that are sound HDF5 and whose datasets are wrong: breaches named, a documented error, or the data."""
    system = mpifast.system_matrix(mpifast.Scanner(voxels=11), mpifast.Particle(40e-9), harmonics=14)
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
        for kind in (mpifast.io.mdf.system.SystemWarning, PreparationWarning):
            warnings.simplefilter("ignore", kind)
        for number, (other, content) in enumerate(contents):
            mpifast.write_mdf(matrix, other)
            with mpifast.read_mdf(matrix) as file:
                whole = file.system()
            allowed, each = (ValueError, OSError), count // len(contents)
            damage, path = hostile_containers.damage_hdf5, folder / "damaged.mdf"
            found.append(hostile.fuzz(read, content, damage, allowed, each, seed + number, path))
    return total(found)


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
        warnings.simplefilter("ignore", mpifast.io.mdf.system.SystemWarning)
        for number, (whole, inside) in enumerate(reads.items()):
            damage, allowed = hostile_containers.damage_hdf5, (ValueError, OSError)
            content, each = whole.read_bytes(), count // len(reads)
            found.append(hostile.fuzz(inside, content, damage, allowed, each, seed + number, damaged))
    return total(found)


def fuzz_members_of_hdf5(count, seed, folder):
    """Stores that are sound HDF5 and whose datasets and attributes are wrong: documented errors, or the samples."""
    spectra = store_spectra()
    expected, found = spectra[:40], []
    for number, compression in enumerate((None, 1)):
        path = folder / f"{number}.h5"
        spectra.save(path, 40, chunks=20, compression=compression)
        content, each = path.read_bytes(), count // 2
        damage, allowed = hostile_containers.damage_hdf5, (ValueError, OSError)
        found.append(hostile.fuzz(reader(expected), content, damage, allowed, each, seed + number, path))
    return total(found)


def fuzz_members_of_zarr(count, seed, folder):
    """Zarr stores with wrong JSON, or wrong chunks of the right checksum: a documented error, or the very samples."""
    spectra = store_spectra()
    expected, found = spectra[:40], []
    for compression in (None, 1):
        store = folder / f"{compression}.zarr"
        spectra.save(store, 40, chunks=20, compression=compression)
        files = sorted(path for path in store.rglob("*") if path.is_file())
        read = [file for file in files if file.parent.name in ("spectra", "phantoms", "checksums", store.name)]
        for number, file in enumerate(read):
            content, each = file.read_bytes(), count // 2 // len(read)
            described = file.name == "zarr.json"
            damage = hostile_containers.damage_description if described else hostile_containers.damage_chunk
            inside, allowed = reader(expected, store), (ValueError, OSError)
            found.append(hostile.fuzz(inside, content, damage, allowed, each, seed + number, file))
            file.write_bytes(content)
    return total(found)


def store_spectra():
    system = mpifast.system_matrix(mpifast.Scanner(voxels=11), mpifast.Particle(40e-9), harmonics=14)
    return mpifast.Spectra(system, seed=3)


def reader(expected, store=None):
    """Read a whole store; what comes back are the samples that were written."""

    def read(path):
        stored = mpifast.open_spectra(store or path)
        samples = stored[:]
        stored.to_xarray(chunks=16)
        with contextlib.suppress(ValueError):
            stored.system  # noqa: B018
        assert len(stored) != 40 or all(map(np.array_equal, samples, expected))

    return read


def total(parts):
    """Of several campaigns: sums, and the largest of what has a unit."""
    parts = list(parts)
    names = {name: None for part in parts for name in part}
    return {name: (max if "(" in name else sum)(part.get(name, 0) for part in parts) for name in names}


def public_calls():
    """Every public function on small inputs of mixed shapes: calls without arguments."""
    found = {}
    for voxels, harmonics in ((11, 14), (33, 40)):
        system = mpifast.system_matrix(mpifast.Scanner(voxels=voxels), mpifast.Particle(40e-9), harmonics=harmonics)
        u, c = mpifast.Spectra(system, seed=1, snr_db=40.0)[:12]
        net = mpifast.Network(harmonics, voxels, seed=2)
        net.fit(u, c, epochs=1)
        size = f"{voxels} voxels"

        def fit(hidden, batch, u=u, c=c, harmonics=harmonics, voxels=voxels):
            net = mpifast.Network(harmonics, voxels, hidden, seed=2)
            net.fit(u, c, epochs=2, batch_size=batch, threads=2)
            return net.weights[-1]

        found |= {
            f"langevin, {size}": lambda n=voxels: mpifast.langevin(np.linspace(-9, 9, n)),
            f"langevin_derivative, {size}": lambda n=voxels: mpifast.langevin_derivative(np.linspace(-9, 9, n)),
            f"system_matrix, {size}": lambda s=system: mpifast.system_matrix(s.scanner, s.particle, s.harmonics).real,
            f"ideal_system_matrix, {size}": lambda s=system: (
                mpifast.ideal_system_matrix(s.scanner, s.particle, s.harmonics).real
            ),
            f"spectra, {size}": lambda s=system: mpifast.Spectra(s, seed=5, threads=2)[3:70][0],
            f"noisy spectra, {size}": lambda s=system: mpifast.Spectra(s, seed=5, snr_db=20.0, threads=2)[:33][0],
            f"system.spectra, {size}": lambda s=system, c=c: s.spectra(c, threads=2),
            f"noisy system.spectra, {size}": lambda s=system, c=c: s.spectra(c, snr_db=20.0, seed=5, threads=2),
            f"compare, {size}": lambda s=system, c=c: mpifast.compare(["tsvd", "tikhonov"], s, c).images["tsvd"],
            f"system.spectra of grey, {size}": lambda s=system, c=c: s.spectra(c * 0.5, threads=2),
            f"phantoms.random, {size}": lambda n=voxels: mpifast.phantoms.random(40, voxels=n, seed=6, threads=2),
            f"fit, {size}": lambda fit=fit: fit((), 1),
            f"fit of batches, {size}": lambda fit=fit: fit((), 4),
            f"fit, hidden layer, {size}": lambda fit=fit: fit((9,), 1),
            f"predict, {size}": lambda net=net, u=u: net.predict(u, threads=2),
            f"tsvd, {size}": lambda s=system, u=u: mpifast.tsvd(s, u),
            f"tikhonov, {size}": lambda s=system, u=u: mpifast.tikhonov(s, u),
            f"kaczmarz, {size}": lambda s=system, u=u: mpifast.kaczmarz(
                s, u, alpha=1.0, iterations=20, tolerance=0.0, threads=2
            ),
            f"sparse, {size}": lambda s=system, u=u: mpifast.sparse(s, u, iterations=20, tolerance=0.0, threads=2),
            f"nnls, {size}": lambda s=system, u=u: mpifast.nnls(s, u[:2]),
            f"metrics.mse, {size}": lambda c=c: mpifast.metrics.mse(c, c * 0.5),
            f"analysis.coherence, {size}": lambda s=system: mpifast.analysis.coherence(s.real),
        }
    return found


def crowd(rounds, threads=8):
    """Every public function from many Python threads at once, in an order of its own for each: the answers of one
    thread.
    """
    calls = public_calls()
    expected, wrong, start = {name: call() for name, call in calls.items()}, [], time.perf_counter()

    def work(seed):
        random, names = np.random.default_rng(seed), list(calls)
        for _ in range(rounds):
            wrong.extend(
                str(name) for name in random.permutation(names) if not np.array_equal(calls[name](), expected[name])
            )

    workers = [threading.Thread(target=work, args=[seed], daemon=True) for seed in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=600)
    assert not any(worker.is_alive() for worker in workers), "a thread hangs"
    assert not wrong, sorted(set(wrong))
    return {
        "threads": threads,
        "rounds": rounds,
        "functions": len(calls),
        "calls": threads * rounds * len(calls),
        "seconds": time.perf_counter() - start,
    }


def leak(calls):
    """The memory of many small calls, after as many have warmed up: bytes that a call leaves behind, in MiB for all."""
    import resource

    functions, start = (
        [call for name, call in public_calls().items() if name.endswith("11 voxels")],
        time.perf_counter(),
    )

    def run(count):
        for number in range(count):
            functions[number % len(functions)]()
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize() / 2**20

    before = run(calls // 5)
    grown = run(calls) - before
    assert grown < 8, f"{grown:.1f} MiB more after {calls} calls"
    return {"calls": calls, "grown (MiB)": round(grown, 1), "seconds": time.perf_counter() - start}


def section(name, result):
    """A campaign in the report."""
    facts = ", ".join(f"{key} {value:,.0f}" if value >= 1000 else f"{key} {value:.3g}" for key, value in result.items())
    packages = ", ".join(f"{package} {version(package)}" for package in ("numpy", "scipy", "numba", "mpifast"))
    about = f"{date.today()}, Python {sys.version.split()[0]}, {packages}, seed {SEED}."
    return f"## `{name}`\n\n{globals()[name].__doc__.splitlines()[0]}\n\n**{facts}.** {about}\n"


def main():
    """Run campaigns at full count and write the report; sections of those that are not run stay."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/trust.md"), help="the report (default: %(default)s)")
    parser.add_argument(
        "--files", type=int, default=100_000, help="damaged files for each kind of reader (default: %(default)s)"
    )
    parser.add_argument(
        "--only", nargs="+", choices=CAMPAIGNS, default=list(CAMPAIGNS), help="campaigns to run (default: all)"
    )
    options = parser.parse_args()
    sections = dict(
        re.findall(r"(?ms)^## `(\w+)`$(.*?)(?=^## |\Z)", options.out.read_text() if options.out.exists() else "")
    )
    sections = {name: f"## `{name}`{text.rstrip()}\n" for name, text in sections.items()}
    for name in options.only:
        count = CAMPAIGNS[name] or options.files
        with tempfile.TemporaryDirectory() as folder:
            result = globals()[name](*[count] if name in ("crowd", "leak") else [count, SEED, Path(folder)])
        print(name, result, flush=True)
        sections[name] = section(name, result)
        options.out.write_text("\n".join([HEAD, *(sections[name] for name in CAMPAIGNS if name in sections)]))


if __name__ == "__main__":
    main()
