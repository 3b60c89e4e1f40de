"""The chosen rows of a calibration file as real equations: read, background subtracted and sorted, some at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from mpifast.io.mdf.data import MdfData
from mpifast.io.mdf.preparation.background import Drift

SMALL = 2**20  # numbers for which no threads are started


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
    largest : ndarray
        dtype[rows, 2]: the largest magnitude in the real and the imaginary part of each row; NaN or infinity of a row
        that is not finite.
    """
    from mpifast._compiled.jit import thread_count  # here: metadata and frames alone do not load Numba
    from mpifast.io.mdf.preparation._loading_loops import load

    order = np.argsort(rows)
    divisors = divisors_of(file.data.points, factors, len(rows))
    places, left = frames.astype(np.uint64), drift.left.astype(np.uint64)
    result, largest = np.empty((2, len(rows), len(frames)), dtype), np.empty((len(rows), 2), dtype)

    def fill(share: np.ndarray, threads: int) -> None:
        """Some rows of the result, in the order of the file."""
        mask = np.zeros((file.shape[1], file.shape[2], len(file.data.bins)), bool)
        mask.reshape(-1)[rows[share]] = True
        for first, block in file.data.by_rows(mask):
            own = block.dtype == np.result_type(dtype, np.complex64)
            if not own:
                block = block.astype(np.complex128, copy=False)
            wanted = share[first : first + len(block)]
            targets, target = (wanted, result) if own else (np.arange(len(block)), _room(block, frames))
            integers = target.view(f"i{target.itemsize}")
            most = np.empty((len(block), 2), np.int64)
            load(
                block, divisors[wanted], places, _means(block, drift), left, drift.share, targets, target, integers,
                most, min(threads, len(block)), threads=threads,
            )  # fmt: skip
            if not own:
                result[:, wanted] = target
            largest[wanted] = most.astype(integers.dtype).view(target.dtype)

    threads = thread_count(None)
    shares = [share for share in np.array_split(order, threads) if share.size] if file.data.direct else [order]
    if len(shares) == 1 or order.size * len(frames) < SMALL:
        fill(order, threads)
    else:  # Python threads: reading is half of the work, and neither it nor the loop holds the interpreter
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(fill, shares, [1] * len(shares)))
    return result, largest


def _room(block: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """For rows in double precision that go to a matrix in single precision."""
    return np.empty((2, len(block), len(frames)))


def _means(block: np.ndarray, drift: Drift) -> np.ndarray:
    """The background of some rows complex[n, frames], float64[n, 2, G + 1]: real and imaginary parts, and a zero."""
    values = block[:, drift.empty].T.astype(np.complex128)
    if len(block) == 1:  # a second column: NumPy adds up a single one in another order
        values = np.repeat(values, 2, axis=1)
    found = drift.means(values)[:, : len(block)].T
    means = np.zeros((len(block), 2, found.shape[1] + 1))
    means[:, 0, :-1], means[:, 1, :-1] = found.real, found.imag
    return means


def without_empty_part(result: np.ndarray, largest: np.ndarray) -> tuple[np.ndarray, tuple[int, ...]]:
    """Real equations [parts * rows, voxels] and their parts; one that is zero in all rows is left out, in place."""
    parts = tuple(part for part in (0, 1) if largest[:, part].any()) or (0,)
    if len(parts) == 2:
        return result.reshape(-1, result.shape[2]), parts
    if parts == (1,):
        result[0] = result[1]
    shape = result.shape[1:]
    result.resize(shape, refcheck=False)
    return result, parts
