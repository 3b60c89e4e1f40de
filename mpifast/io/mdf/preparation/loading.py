"""The chosen rows of a calibration file as real equations: read, background subtracted and sorted, some at a time."""

from __future__ import annotations

import numpy as np

from mpifast._compiled.jit import thread_count
from mpifast.io.mdf.data import MdfData
from mpifast.io.mdf.preparation._loading_loops import load
from mpifast.io.mdf.preparation.background import Drift


def precision_of(file: MdfData) -> np.dtype:
    """float32 of numbers in single precision, float64 of all others."""
    return np.dtype(np.float32 if file.data.array.dtype.name in ("complex64", "float32") else np.float64)


def divisors_of(points: int, factors: np.ndarray | None, rows: int) -> np.ndarray:
    """Division by d = points x factors, float64[rows, 3]: (x + i y) / d = ((x p + y q) + i (y p - x q)) s.

    By Smith's algorithm, as NumPy divides complex numbers: p or q is 1.
    """
    divisors = np.full(rows, points, np.complex128) if factors is None else points * factors
    real, imaginary = divisors.real, divisors.imag
    large = np.abs(real) >= np.abs(imaginary)
    first, second = np.where(large, real, imaginary), np.where(large, imaginary, real)
    ratio = second / first
    return np.stack([np.where(large, 1.0, ratio), np.where(large, ratio, 1.0), 1.0 / (first + second * ratio)], axis=1)


def load_rows(
    file: MdfData, rows: np.ndarray, frames: np.ndarray, drift: Drift, factors: np.ndarray | None, dtype: np.dtype
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of a file, divided by the number of samples and by ``factors`` complex128[rows].

    Parameters
    ----------
    file : MdfData
        An open calibration file.
    rows : ndarray
        int64[rows]: positions in its [periods, channels, K], in the order that is wanted.
    frames : ndarray
        int64[voxels]: the frame of each voxel.
    drift : Drift
        The background at these frames.
    factors : ndarray or None
        What else the rows are divided by.
    dtype : dtype
        float32 or float64. Differences are formed in double precision.

    Returns
    -------
    result : ndarray
        dtype[2, rows, voxels]: the real parts, then the imaginary ones.
    state : ndarray
        int64[rows, 3]: how many real and imaginary numbers of a row are not zero, and how many are not finite.
    """
    mask = np.zeros((file.shape[1], file.shape[2], len(file.data.bins)), bool)
    mask.reshape(-1)[rows] = True
    order = np.argsort(rows)
    divisors = divisors_of(file.data.points, factors, len(rows))[order]
    places, left = 2 * frames.astype(np.uint64), drift.left.astype(np.uint64)
    result, state = np.empty((2, len(rows), len(frames)), dtype), np.empty((len(rows), 3), np.int64)
    threads = thread_count(None)
    for first, block in file.data.by_rows(mask):
        last = first + len(block)
        own = block.dtype == np.result_type(dtype, np.complex64)
        if not own:
            block = block.astype(np.complex128, copy=False)
        targets = order[first:last] if own else np.arange(len(block))
        target = result if own else np.empty((2, len(block), len(frames)))
        found = np.empty((len(block), 3), np.int64)
        load(
            block.view(block.real.dtype), divisors[first:last], places, _means(block, drift), left, drift.share,
            targets, target, found, min(threads, len(block)), threads=threads,
        )  # fmt: skip
        state[order[first:last]] = found
        if not own:
            result[:, order[first:last]] = target
    return result, state


def _means(block: np.ndarray, drift: Drift) -> np.ndarray:
    """The background of some rows complex[n, frames], float64[n, 2, G + 1]: real and imaginary parts, and a zero."""
    values = block[:, drift.empty].T.astype(np.complex128)
    if len(block) == 1:  # a second column: NumPy adds up a single one in another order
        values = np.repeat(values, 2, axis=1)
    found = drift.means(values)[:, : len(block)].T
    means = np.zeros((len(block), 2, found.shape[1] + 1))
    means[:, 0, :-1], means[:, 1, :-1] = found.real, found.imag
    return means


def without_empty_part(result: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, tuple[int, ...]]:
    """Real equations [parts * rows, voxels] and their parts; one that is zero in all rows is left out, in place."""
    parts = tuple(part for part in (0, 1) if state[:, part].any()) or (0,)
    if len(parts) == 2:
        return result.reshape(-1, result.shape[2]), parts
    if parts == (1,):
        result[0] = result[1]
    shape = result.shape[1:]
    result.resize(shape, refcheck=False)
    return result, parts
