"""The forward model u = S c, for many phantoms at once."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast._compiled.bits import FIELD
from mpifast._compiled.jit import thread_count
from mpifast._compiled.philox import NOISE, key
from mpifast._compiled.products import aligned_zeros, lanes, padded
from mpifast.physics import _forward_loops as loops
from mpifast.physics._noise_loops import disturb
from mpifast.physics.mirror import Mirror, find_mirror

LARGEST_TABLES = 2**21  # bytes: an L2 cache; larger ones are slower than the ordinary product
LARGEST_PANEL = 2**18  # bytes
BATCH = 2**22  # numbers of phantoms converted together


class ForwardModel:
    """Spectra of phantoms by look-up tables where they are binary and the tables small, else by the ordinary product.

    A binary phantom is cut into groups of five voxels. The 2^5 partial sums of the system matrix's columns are
    tabulated for each group, so a spectrum of 129 voxels is the sum of 26 table rows instead of 129 products (the
    method of four Russians): for 200 harmonics 0.7 MB of tables in float32, which an L2 cache holds.

    The product is our own and not BLAS's: its bits depend on neither threads nor the number of spectra. Where all rows
    are even or odd along an axis, it takes half of the multiplications (`mpifast.physics.mirror`).

    Parameters
    ----------
    real : ndarray
        float64[equations, voxels], the system as real equations.
    shape : tuple of int, optional
        That of the grid.
    """

    def __init__(self, real: np.ndarray, shape: tuple[int, ...] | None = None) -> None:
        self.equations, self.voxels = real.shape
        self._real, self._shape = real, shape or (self.voxels,)
        self._tables: dict[np.dtype, np.ndarray] = {}
        self._panels: dict[np.dtype, list[np.ndarray]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_tables": {}, "_panels": {}}  # made again where they are needed

    @functools.cached_property
    def mirror(self) -> Mirror | None:
        """The axis along which all rows are even or odd, if there is one."""
        return find_mirror(self._real, self._shape)

    def tables(self, dtype: np.dtype) -> np.ndarray | None:
        """Partial sums dtype[groups, 32, equations padded to `lanes`], made in float64 and rounded once; None where
        they are too large to be of use. Kept for the next call.
        """
        groups, width = -(-self.voxels // FIELD), padded(self.equations, lanes(dtype))
        if groups * 2**FIELD * width * dtype.itemsize > LARGEST_TABLES:
            return None
        if dtype not in self._tables:
            tables = aligned_zeros((groups, 2**FIELD, width), dtype)
            tables[:, :, : self.equations] = partial_sums(self._real)
            self._tables[dtype] = tables
        return self._tables[dtype]

    def panels(self, dtype: np.dtype) -> list[np.ndarray]:
        """The transpose of the system as `in_panels` makes them, or that of its even and that of its odd rows; kept for
        the next call.
        """
        if dtype not in self._panels:
            halves = [self._real] if self.mirror is None else self.mirror.columns(self._real)
            self._panels[dtype] = [in_panels(half.T, dtype) for half in halves]
        return self._panels[dtype]

    def __call__(self, phantoms: Any, dtype: Any = "float32", threads: int | None = None) -> np.ndarray:
        """Spectra dtype[n, equations] of ``phantoms`` [n, voxels]; see `LinearSystem.spectra`."""
        array = check.matrix("phantoms", phantoms, self.voxels, what="voxels", empty=True)
        dtype, threads = check.float_dtype("dtype", dtype), thread_count(threads)
        if array.dtype == np.bool_:
            array = array.view(np.uint8)
        spectra = np.empty((len(array), self.equations), dtype)
        tables = self.tables(dtype) if array.dtype == np.uint8 and array.max(initial=0) <= 1 else None
        if tables is not None:
            loops.look_up(np.ascontiguousarray(array), tables, spectra, threads, threads=threads)
        else:
            self.multiply(array, spectra, threads)
        return spectra

    def multiply(self, phantoms: np.ndarray, spectra: np.ndarray, threads: int) -> None:
        """Spectra [n, equations] of phantoms of any type, by the ordinary product."""
        dtype, batch = spectra.dtype, max(1, BATCH // self.voxels)
        panels = self.panels(dtype)
        for first in range(0, len(phantoms), batch):
            part, out = phantoms[first : first + batch], spectra[first : first + batch]
            if self.mirror is None:
                loops.multiply(np.ascontiguousarray(part, dtype), *panels, out, threads, threads=threads)
                continue
            for half, panel, rows in zip(
                self.mirror.parts(part, dtype, threads), panels, self.mirror.halves, strict=True
            ):
                sums = np.empty((len(part), len(rows)), dtype)
                loops.multiply(half, panel, sums, threads, threads=threads)
                out[:, rows] = sums

    def adjoint(self, u: np.ndarray, threads: int | None = None) -> np.ndarray:
        """The transpose applied to right-hand sides float64[n, equations]: float64[n, voxels]."""
        return product(u, self._real, thread_count(threads))


class Operator:
    """A forward model without look-up tables, which are for small matrices: what the models without a matrix share.

    They have numbers of ``equations`` and ``voxels``, and the methods ``multiply`` and ``adjoint`` of `ForwardModel`.
    """

    equations: int
    voxels: int

    def tables(self, dtype: np.dtype) -> np.ndarray | None:
        """None."""
        return None

    def __call__(self, phantoms: Any, dtype: Any = "float32", threads: int | None = None) -> np.ndarray:
        """Spectra dtype[n, equations] of ``phantoms`` [n, voxels]; see `LinearSystem.spectra`."""
        array = check.matrix("phantoms", phantoms, self.voxels, what="voxels", empty=True)
        spectra = np.empty((len(array), self.equations), check.float_dtype("dtype", dtype))
        self.multiply(array, spectra, thread_count(threads))
        return spectra

    def multiply(self, phantoms: np.ndarray, spectra: np.ndarray, threads: int) -> None:
        """Spectra [n, equations] of phantoms of any type, in the precision of the spectra."""
        raise NotImplementedError


def add_noise(spectra: np.ndarray, level: float, seed: int, start: int, threads: int | None) -> None:
    """Add the noise of the samples ``start``, ``start + 1``, ... of a seed to spectra [n, equations]."""
    samples, count = start + np.arange(len(spectra), dtype=np.int64), thread_count(threads)
    levels = np.full(spectra.shape[1], level, np.float32)
    disturb(samples, key(seed), NOISE, levels, spectra, count, threads=count)


def product(a: np.ndarray, b: np.ndarray, threads: int) -> np.ndarray:
    """The product of a [n, k], contiguous, and b [k, m], of the type of ``a``; its bits do not depend on threads, as
    BLAS's may.
    """
    result = np.empty((len(a), b.shape[1]), a.dtype)
    loops.multiply(a, in_panels(b, a.dtype), result, threads, threads=threads)
    return result


def in_panels(matrix: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """A matrix [k, m] as the loops take it: dtype[panels, k, width], of columns padded with zeros.

    A matrix that a cache holds is one panel, which is the fastest. The panels of a larger one are so narrow that a
    product of `ROWS` rows stays in registers.
    """
    (depth, columns), group = matrix.shape, lanes(dtype)
    whole = padded(columns, group)
    width = whole if depth * whole * dtype.itemsize <= LARGEST_PANEL else min(2 * group, whole)
    panels = aligned_zeros((-(-columns // width), depth, width), dtype)
    for panel, left in zip(panels, range(0, columns, width), strict=True):
        part = matrix[:, left : left + width]
        panel[:, : part.shape[1]] = part
    return panels


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
