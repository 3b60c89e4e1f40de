"""Training spectra of a two-dimensional scanner from a seed, against NumPy phantoms and a CGEMM: mark N9."""

import functools
import warnings

import numpy as np

import mpifast
from benchmarks.lissajous import PARTICLE
from benchmarks.pairs import Errors, Mark, Pair, deviation

SAMPLES = 512


@functools.lru_cache(maxsize=1)
def system(shape: tuple[int, int] = (75, 85)) -> mpifast.LinearSystem:
    """All 817 frequencies of three channels, as in the MPI-MNIST data set; the plane is off the centre, so that the
    third channel has a signal.
    """
    grid = mpifast.Grid(shape, (24e-3, 24e-3))
    scanner = mpifast.LissajousScanner(grid, offset_field=(0.0, 0.0, 1e-3), channels=("x", "y", "z"))
    return mpifast.system_matrix(scanner, PARTICLE)


def spectra(shape: tuple[int, int] = (75, 85)) -> Pair:
    """N9: float32 spectra of random binary phantoms."""
    made = system(shape)

    @functools.cache
    def matrix() -> np.ndarray:
        return np.ascontiguousarray(made.columns(dtype="complex64").T)

    @functools.cache
    def data(threads: int) -> mpifast.Spectra:
        with warnings.catch_warnings(action="ignore", category=mpifast.PrecisionWarning):  # the signal is what counts
            return mpifast.Spectra(made, seed=7, threads=threads)

    def ours(threads: int) -> tuple[np.ndarray, np.ndarray]:
        return data(threads)[:SAMPLES]

    def peer(threads: int) -> tuple[np.ndarray, np.ndarray]:
        phantoms = np.random.default_rng(7).random((SAMPLES, made.voxels), np.float32) < 0.5
        return phantoms.astype(np.complex64) @ matrix(), phantoms

    def verify(threads: int) -> Errors:
        u, c = ours(threads)
        theirs, phantoms = peer(threads)
        return Errors(
            deviation(u, c.astype(np.float64) @ made.real.T),
            deviation(theirs.imag, phantoms.astype(np.float64) @ made.real.T),
        )

    rows = len(made.rows)
    return Pair(
        "N9",
        "training spectra of a 2-D Lissajous scan",
        "NumPy phantoms and a CGEMM",
        {"voxels": made.voxels, "rows": rows, "samples": SAMPLES},
        ours,
        peer,
        verify,
        1e-5,
        Mark("speedup", 10),
        flops=2.0 * rows * made.voxels,
        bytes=4.0 * rows + made.voxels,
    )
