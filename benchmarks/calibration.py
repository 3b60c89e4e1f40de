"""A calibration file at full size, loaded, selected by SNR and without its background, against its bytes: mark N8."""

import functools
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import h5py
import numba
import numpy as np

import mpifast
from benchmarks.pairs import Errors, Mark, Pair

SIZE, EMPTY, CHANNELS, FREQUENCIES = (19, 19, 19), 361, 3, 2250
BASE, DIVIDERS, POINTS = 2.5e6, (102, 96, 99), 53_856
SNR, BAND = 2.0, (80e3, None)
PEAK = """
import sys
from pathlib import Path
from benchmarks import calibration

def status(name):
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return 1024 * int(line.split()[1])

calibration.load(sys.argv[1])
Path("/proc/self/clear_refs").write_text("5")
before = status("VmRSS")
system = calibration.load(sys.argv[2])
print(status("VmHWM") - before, system.real.nbytes)
"""


@functools.cache
def folder() -> Any:
    """Where the files are until the process ends."""
    return tempfile.TemporaryDirectory(prefix="mpifast-calibration-")


def write(path: Path, size: tuple[int, int, int] = SIZE, frequencies: int = FREQUENCIES) -> Path:
    """A calibration file as a scanner writes it: complex64, all numbers of a row together, background frames last.

    Its frequencies are the first ones from 70 kHz on; three quarters of the rows have an SNR above the threshold, in
    runs of about four.
    """
    random, voxels = np.random.default_rng(8), int(np.prod(size))
    frames, first = voxels + EMPTY, round(70e3 * POINTS / BASE)
    # Above the threshold or below, a coin thrown for each row whether this changes.
    above = np.cumsum(random.random((CHANNELS, frequencies)) < 0.3, axis=1) % 4 != 0
    facts: dict[str, Any] = {
        "version": "2.1.0",
        "calibration/method": "robot",
        "calibration/size": np.array(size),
        "calibration/fieldOfView": np.array([38e-3, 38e-3, 19e-3]),
        "calibration/fieldOfViewCenter": np.zeros(3),
        "calibration/order": "xyz",
        "calibration/snr": np.where(above, 10.0, 1.0)[None],
        "measurement/isBackgroundFrame": (np.arange(frames) >= voxels).astype(np.int8),
        "measurement/isFastFrameAxis": np.int8(1),
        "measurement/isFourierTransformed": np.int8(1),
        "measurement/isFrequencySelection": np.int8(1),
        "measurement/frequencySelection": np.arange(first, first + frequencies) + 1,
        "acquisition/receiver/numSamplingPoints": np.int64(POINTS),
        "acquisition/receiver/bandwidth": BASE / 2,
        "acquisition/drivefield/baseFrequency": BASE,
        "acquisition/drivefield/divider": np.array(DIVIDERS)[:, None],
        "acquisition/drivefield/strength": np.full((1, 3, 1), 12e-3),
    }
    with h5py.File(path, "w") as file:
        for name, value in facts.items():
            file[name] = value
        data = file.create_dataset("measurement/data", (1, CHANNELS, frequencies, frames), "c8")
        for channel in range(CHANNELS):
            for start in range(0, frequencies, 100):
                count = min(100, frequencies - start)
                block = random.standard_normal((count, 2 * frames), np.float32).view(np.complex64)
                data[0, channel, start : start + count] = block + np.complex64(3.0 - 2.0j)
    return path


@functools.cache
def file() -> Path:
    """The file of the mark."""
    return write(Path(folder().name) / "system.mdf")


def load(path: str | Path, **options: Any) -> Any:
    """The system: SNR, band, mean background."""
    with mpifast.read_mdf(path) as opened:
        return opened.system(snr=SNR, band=BAND, **options)


@functools.cache
def bytes_of_rows(path: Path) -> tuple[tuple[int, int], ...]:
    """Where the chosen rows begin in a file and how many bytes follow, each run of neighbours at once."""
    with mpifast.read_mdf(path) as opened:
        mask, length = opened.select(snr=SNR, band=BAND).mask, 8 * opened.shape[0]
        offset = opened.data.array.offset
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask.reshape(-1), [False]]))).reshape(-1, 2)
    return tuple((offset + int(first) * length, int(last - first) * length) for first, last in edges)


def read(path: Path) -> np.ndarray:
    """The peer: the bytes of the chosen rows, with their background frames, into one new array; nothing else."""
    pieces = bytes_of_rows(path)
    found = np.empty(sum(count for _, count in pieces), np.uint8)
    room, start = memoryview(found), 0
    with open(path, "rb", buffering=0) as opened:
        for place, count in pieces:
            opened.seek(place)
            opened.readinto(room[start : start + count])
            start += count
    return found


def loading() -> Pair:
    """N8."""
    path = file()
    rows, voxels = len(load(path).rows), int(np.prod(SIZE))

    def verify(threads: int) -> Errors:
        """Ours against plain NumPy in double precision on what the peer read."""
        system = load(path)
        numbers = read(path).view(np.complex64).reshape(rows, -1)
        worst = 0.0
        for k in range(0, rows, max(1, rows // 50)):
            row = numbers[k].astype(np.complex128)
            image = (row[:voxels] - row[voxels:].mean()).reshape(SIZE[::-1]).transpose().reshape(-1) / POINTS
            ours = system.real[k] + 1j * system.real[rows + k]
            worst = max(worst, float(np.abs(ours - image).max() / np.abs(image).max()))
        return Errors(worst, 0.0)

    def ours(threads: int) -> Any:
        before = numba.get_num_threads()
        numba.set_num_threads(threads)
        try:
            return load(path)
        finally:
            numba.set_num_threads(before)

    shape = {"rows": rows, "voxels": voxels, "samples": rows * voxels}
    bytes_ = sum(count for _, count in bytes_of_rows(path)) / shape["samples"]
    name = "load a calibration file, select by SNR, subtract the background"
    peer = lambda threads: read(path)  # noqa: E731
    return Pair(
        "N8", name, "reading the bytes of its rows", shape, ours, peer, verify, 1e-6, Mark("ratio", 1.5), bytes=bytes_
    )


def peak() -> tuple[int, int]:
    """Bytes beyond what the process held before, at most, and of the matrix."""
    small = write(Path(folder().name) / "small.mdf", (5, 5, 5), 400)
    found = subprocess.run(
        [sys.executable, "-c", PEAK, str(small), str(file())],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ,
    )
    used, matrix = map(int, found.stdout.split())
    return used, matrix
