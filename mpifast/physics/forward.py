"""The forward model u = S c, for many phantoms at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast._compiled.bits import FIELD
from mpifast._compiled.jit import thread_count
from mpifast._compiled.products import aligned_zeros, lanes, padded
from mpifast.physics import _forward_loops as loops


class ForwardModel:
    """Spectra of phantoms by look-up tables where they are binary, by the ordinary product where they are not.

    A binary phantom is cut into groups of five voxels. The 2^5 partial sums of the system matrix's columns are
    tabulated for each group, so a spectrum of 129 voxels is the sum of 26 table rows instead of 129 products (the
    method of four Russians): for 200 harmonics 0.7 MB of tables in float32, which an L2 cache holds.

    Parameters
    ----------
    real : ndarray
        float64[rows, voxels], the real system matrix.
    """

    def __init__(self, real: np.ndarray) -> None:
        self.rows, self.voxels = real.shape
        self._real = real
        self._tables: dict[np.dtype, np.ndarray] = {}

    def tables(self, dtype: np.dtype) -> np.ndarray:
        """Partial sums dtype[groups, 32, rows padded to `lanes`], made in float64 and rounded once; kept for the next
        call.
        """
        if dtype not in self._tables:
            sums = partial_sums(self._real)
            tables = aligned_zeros((*sums.shape[:2], padded(self.rows, lanes(dtype))), dtype)
            tables[:, :, : self.rows] = sums
            self._tables[dtype] = tables
        return self._tables[dtype]

    def __call__(self, phantoms: Any, dtype: Any = "float32", threads: int | None = None) -> np.ndarray:
        """Spectra dtype[n, rows] of ``phantoms`` [n, voxels]; see `SystemMatrix.spectra`."""
        array = check.matrix("phantoms", phantoms, self.voxels, what="voxels", empty=True)
        dtype = check.float_dtype("dtype", dtype)
        threads = thread_count(threads)
        if array.dtype == np.bool_:
            array = array.view(np.uint8)
        if array.dtype != np.uint8 or array.max(initial=0) > 1:
            return product(np.ascontiguousarray(array, dtype), self._real.T, threads)
        spectra = np.empty((len(array), self.rows), dtype)
        loops.look_up(np.ascontiguousarray(array), self.tables(dtype), spectra, threads, threads=threads)
        return spectra


def product(a: np.ndarray, b: np.ndarray, threads: int) -> np.ndarray:
    """The product of a [n, k], contiguous, and b [k, m], of the type of ``a``; its bits do not depend on threads, as
    BLAS's may.
    """
    columns = np.zeros((len(b), padded(b.shape[1], lanes(a.dtype))), a.dtype)
    columns[:, : b.shape[1]] = b
    result = np.empty((len(a), b.shape[1]), a.dtype)
    loops.multiply(a, columns, result, threads, threads=threads)
    return result


def partial_sums(real: np.ndarray) -> np.ndarray:
    """Sums of every subset of every group of `FIELD` voxels, float64[groups, 2^FIELD, rows]: bit b of the index stands
    for the group's voxel b.
    """
    rows, voxels = real.shape
    groups = -(-voxels // FIELD)
    columns = np.zeros((FIELD * groups, rows))
    columns[:voxels] = real.T
    sums = np.zeros((groups, 2**FIELD, rows))
    for bit, column in enumerate(columns.reshape(groups, FIELD, rows).swapaxes(0, 1)):
        sums[:, 2**bit : 2 ** (bit + 1)] = sums[:, : 2**bit] + column[:, None, :]
    return sums
