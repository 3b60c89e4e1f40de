"""Trainings and stores killed at random moments, which end with the bits of those that nobody killed."""

import os
import shutil
import subprocess
import sys
import time

import numpy as np
from scanner_systems import small_system

import mpifast

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


def contents(path):
    """Every file of a store, byte for byte."""
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    return {str(file.relative_to(path)): file.read_bytes() for file in files}


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
    system = small_system()
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
