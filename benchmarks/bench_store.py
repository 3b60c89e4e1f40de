"""Streaming spectra to disk, against a plain write of as many bytes. Memory must not grow with their number."""

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import mpifast
from benchmarks import problems

CHUNKS = 16_384
COUNT = 200_000  # 163 MB


def written(path: Path) -> int:
    """Bytes of a store."""
    return (
        path.stat().st_size
        if path.is_file()
        else sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    )


def plain(path: Path, size: int) -> None:
    """As many bytes in slabs of a chunk's size, on the disk at the end."""
    slab = np.random.default_rng(1).bytes(CHUNKS * 817)
    with open(path, "wb", buffering=0) as file:
        for start in range(0, size, len(slab)):
            file.write(slab[: size - start])
        os.fsync(file.fileno())


def seconds(call: Callable[[], object]) -> float:
    os.sync()  # what others have left in memory is not ours to wait for
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def streaming(
    count: int = 10_000_000, suffix: str = ".h5", rounds: int = 3, folder: str | None = None
) -> tuple[list[float], list[float]]:
    """P12: seconds of ours and of the plain write, in turn; the rate has to be at least 70 % of the plain one's."""
    spectra = mpifast.Spectra(problems.system(), seed=7)
    ours, peer = [], []
    with tempfile.TemporaryDirectory(dir=folder) as place:
        store, raw = Path(place, f"data{suffix}"), Path(place, "raw")
        spectra.save(store, 2 * CHUNKS)
        stored, made = mpifast.open_spectra(store)[:], spectra[: 2 * CHUNKS]
        assert all(np.array_equal(a, b) for a, b in zip(stored, made, strict=True))
        _remove(store)
        for _ in range(rounds + 1):
            ours.append(seconds(lambda: spectra.save(store, count)))
            size = written(store)
            _remove(store)
            peer.append(seconds(lambda size=size: plain(raw, size)))
            _remove(raw)
    return ours[1:], peer[
        1:
    ]  # the first round warms up: memory that a virtual machine has not had before takes several times longer


def _remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


class Save:
    params = ([".h5", ".zarr"], [None, 1])
    param_names = ("suffix", "compression")
    count = COUNT

    def setup(self, suffix, compression):
        self.folder = tempfile.TemporaryDirectory()
        self.spectra = mpifast.Spectra(problems.system(), seed=7)
        self.path = Path(self.folder.name, f"data{suffix}")
        self.save(suffix, compression)  # compiles
        u, c = self.spectra[:5000]
        stored = mpifast.open_spectra(self.path)[:5000]
        assert np.array_equal(stored[0], u)
        assert np.array_equal(stored[1], c)

    def teardown(self, suffix, compression):
        self.folder.cleanup()

    def save(self, suffix, compression):
        if self.path.exists():
            _remove(self.path)
        self.spectra.save(self.path, self.count, compression=compression)

    def time_save(self, suffix, compression):
        self.save(suffix, compression)

    def peakmem_save(self, suffix, compression):
        self.save(suffix, compression)


class Read:
    params = [".h5", ".zarr"]
    param_names = ("suffix",)

    def setup(self, suffix):
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name, f"data{suffix}")
        mpifast.Spectra(problems.system(), seed=7).save(path, COUNT)
        self.stored = mpifast.open_spectra(path)
        self.samples = np.random.default_rng(1).integers(0, COUNT, 1000)

    def teardown(self, suffix):
        self.folder.cleanup()

    def time_all(self, suffix):
        for _ in self.stored.batches(CHUNKS):
            pass

    def time_random_samples(self, suffix):
        for sample in self.samples:
            self.stored[sample]


class Peer:
    params = [".h5", ".zarr"]
    param_names = ("suffix",)

    def track_ratio_to_plain_write(self, suffix):
        ours, peer = streaming(COUNT, suffix)
        return statistics.median(ours) / statistics.median(peer)

    track_ratio_to_plain_write.unit = "x"
