"""Kaczmarz at the size of a measured three-dimensional matrix, marks N6 and N7: one spectrum, bound by reading the
matrix, and 64, bound by two products a sweep.

4,500 complex rows in single precision, three sweeps, real and non-negative images, alpha 1e-2 relative. The norms of
the rows are kept with the system, so that all but the first spectra take none of their time; the peer is given no such
help, and takes a fifth of its time for them.
"""

import functools

import numpy as np

import mpifast
from benchmarks.pairs import Errors, Mark, Pair, deviation
from benchmarks.peers.kaczmarz import kaczmarz as peer_kaczmarz
from mpifast._compiled.jit import jit_reduction, span
from mpifast._compiled.loop import Loop
from mpifast.physics.split_system import SplitSystem

ROWS, SWEEPS, ALPHA, FRAMES = 4500, 3, 1e-2, 64
OPTIONS = {"alpha": ALPHA, "relative": True, "iterations": SWEEPS, "tolerance": 0.0, "nonnegative": True}


@functools.lru_cache(maxsize=1)
def problem(voxels: int) -> tuple[SplitSystem, np.ndarray, float]:
    """Random rows, the spectra of random images with a hundredth of noise, and the absolute alpha."""
    random = np.random.default_rng(0)
    real = np.empty((2 * ROWS, voxels), np.float32)
    for row in real:
        random.standard_normal(out=row, dtype=np.float32)
    labels = mpifast.linear_system(np.ones((ROWS, 1))).rows
    spectra = random.random((FRAMES, voxels), np.float32) @ real.T
    spectra += 0.01 * spectra.std() * random.standard_normal(spectra.shape, np.float32)
    alpha = ALPHA * sum(float(row @ row) for row in real) / voxels
    return SplitSystem(real, (0, 1), labels), spectra.astype(np.float64), alpha


@jit_reduction
def total(real: np.ndarray, row: int) -> float:
    """The sum of a row."""
    sums = real.dtype.type(0)
    for j in span(0, real.shape[1]):
        sums += real[row, j]
    return sums


def _read(real: np.ndarray, sums: np.ndarray, slots: int, slot: int) -> None:
    """The sums of all rows: what reading the matrix takes."""
    for row in range(len(real) * slot // slots, len(real) * (slot + 1) // slots):
        sums[row] = total(real, row)


read = Loop(_read)


def one(voxels: int, projection: str = "dykstra") -> Pair:
    """N6: one spectrum, against the row by row loop on the complex matrix."""
    system, spectra, alpha = problem(voxels)
    matrix, u = system.matrix, (spectra[0, :ROWS] + 1j * spectra[0, ROWS:]).astype(np.complex64)

    def ours(threads: int, projection: str = projection) -> np.ndarray:
        return mpifast.kaczmarz(system, spectra[:1], **OPTIONS, projection=projection, threads=threads)[0]

    def peer(_: int) -> np.ndarray:
        return peer_kaczmarz(matrix, u, alpha, SWEEPS)

    def verify(threads: int) -> Errors:
        exact = peer(threads).astype(np.float64)
        mine = deviation(ours(threads, "plain"), exact)  # the same image; the default goes to another one
        ours(threads)
        return Errors(mine, mine)

    return Pair(
        "N6", f"Kaczmarz, one spectrum, projection {projection}", "Numba, complex64, row by row",
        {"voxels": voxels, "rows": ROWS, "samples": 1}, ours, peer, verify, 1e-4, Mark("speedup", 1.5),
        flops=8.0 * SWEEPS * ROWS * voxels, bytes=8.0 * SWEEPS * ROWS * voxels,
    )  # fmt: skip


def reads(voxels: int, projection: str = "dykstra") -> Pair:
    """N6: the same against three plain reads of the matrix."""
    system, spectra, _ = problem(voxels)
    real, sums = system.pieces[0].real, np.zeros(2 * ROWS, np.float32)

    def ours(threads: int) -> np.ndarray:
        return mpifast.kaczmarz(system, spectra[:1], **OPTIONS, projection=projection, threads=threads)

    def peer(threads: int) -> None:
        for _ in range(SWEEPS):
            read(real, sums, threads, threads=threads)

    def verify(threads: int) -> Errors:
        peer(threads)
        error = float(np.abs(sums - real.sum(axis=1)).max() / np.sqrt(voxels))
        return Errors(deviation(ours(threads), ours(1)), error)

    return Pair(
        "N6", f"Kaczmarz, one spectrum, projection {projection}, against reading", "three plain reads of the matrix",
        {"voxels": voxels, "rows": ROWS, "samples": 1}, ours, peer, verify, 1e-4, Mark("ratio", 1.5),
    )  # fmt: skip


def many(voxels: int) -> Pair:
    """N7: 64 spectra, against the products of three sweeps."""
    system, spectra, _ = problem(voxels)
    real = system.pieces[0].real
    images = np.random.default_rng(0).random((FRAMES, voxels), np.float32)

    def ours(threads: int) -> np.ndarray:
        return mpifast.kaczmarz(system, spectra, **OPTIONS, threads=threads)

    def peer(_: int) -> np.ndarray:
        for _ in range(SWEEPS):
            found = (images @ real.T) @ real
        return found

    def verify(threads: int) -> Errors:
        alone = mpifast.kaczmarz(system, spectra[5:6], **OPTIONS, threads=threads)
        return Errors(deviation(ours(threads)[5:6], alone), 0.0)

    return Pair(
        "N7", "Kaczmarz, 64 spectra", "six SGEMMs of that size", {"voxels": voxels, "rows": ROWS, "samples": FRAMES},
        ours, peer, verify, 1e-4, Mark("ratio", 1.5),
        flops=8.0 * SWEEPS * ROWS * voxels, bytes=8.0 * SWEEPS * ROWS * voxels / FRAMES,
    )  # fmt: skip
