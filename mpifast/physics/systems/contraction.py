"""The Kronecker form as an operator: three small contractions, then a sparse sum."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import scipy.sparse

from mpifast._compiled.loop import Loop
from mpifast._compiled.products import aligned_zeros, lanes, padded
from mpifast.physics.systems import _contraction_loops as loops
from mpifast.physics.systems.aliases import Aliases
from mpifast.physics.systems.axis_tables import AxisTables


class Contraction:
    """Forward and adjoint of a `KroneckerModel` in one precision.

    An image is split into its even and odd parts along each folded axis. Each of up to eight parts meets the orders of
    its own parity alone, which halves the products along each axis.

    Parameters
    ----------
    tables : sequence of AxisTables
        Of x, y and z.
    weights : ndarray
        float64[R].
    aliases : Aliases
        Which tensors each row sums.
    channels : ndarray
        int64[rows].
    error : float
        What may be left out of a tensor.
    dtype : numpy.dtype
        float32 or float64.
    """

    def __init__(
        self,
        tables: Sequence[AxisTables],
        weights: np.ndarray,
        aliases: Aliases,
        channels: np.ndarray,
        error: float,
        dtype: np.dtype,
    ) -> None:
        self.tables, self.dtype = tables, dtype
        self.shape = tuple(int(table.plus[-1]) + 1 for table in tables)
        x, y, z = (by_parity(table) for table in tables)
        self._x = np.ascontiguousarray((x * weights[:, None]).transpose(0, 1, 3, 2, 4), dtype)
        self._y = np.ascontiguousarray(y.transpose(0, 1, 3, 2, 4), dtype)
        self._z = _padded(z.transpose(0, 1, 3, 4, 2), dtype)
        extra = [(0, 0)] * 3 + [(0, self._z.shape[4] - z.shape[2]), (0, 0)]
        self._z_transposed = _padded(np.pad(z.transpose(0, 1, 3, 2, 4), extra), dtype)
        self._counts = node_orders(x, y, z, weights, error)
        self.parities = np.array(list(itertools.product(*(range(1 + table.folded) for table in tables))))
        self.channels = np.unique(channels)
        block = self._x.shape[3] * self._y.shape[3] * self._z.shape[4]
        self._places = block * np.arange(len(self.channels) * len(self.parities)).reshape(-1, len(self.parities))
        self._used, self.matrix = self._sparse(aliases, channels)

    def _sparse(self, aliases: Aliases, channels: np.ndarray) -> tuple[np.ndarray, scipy.sparse.csr_array]:
        """Which tensors are in use, and the sum of them that each row is, [rows, tensors in use]."""
        channel = np.repeat(channels, np.diff(aliases.starts))
        folded = np.array([table.folded for table in self.tables])
        odd = (aliases.orders + (channel[:, None] == np.arange(3))) % 2 * folded
        number = np.searchsorted(self.channels, channel)
        kind = _index(odd, folded)
        x, y, z = np.where(folded, aliases.orders // 2, aliases.orders).T
        columns = self._places[number, kind] + (x * self._y.shape[3] + y) * self._z.shape[4] + z
        used, columns = np.unique(columns, return_inverse=True)
        factors = aliases.factors.astype(np.result_type(self.dtype, np.complex64))
        values = factors if factors.imag.any() else factors.real
        shape = (len(channels), len(used))
        return used, scipy.sparse.csr_array((values, columns.astype(np.int32), aliases.starts.astype(np.int32)), shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the tables and of the sparse sum."""
        parts = [self._x, self._y, self._z, self._z_transposed, self._used, self._counts]
        return sum(part.nbytes for part in (*parts, self.matrix.data, self.matrix.indices, self.matrix.indptr))

    @property
    def numbers(self) -> int:
        """Numbers of all tensors of an image."""
        return int(self._places.size * self._x.shape[3] * self._y.shape[3] * self._z.shape[4])

    @property
    def work(self) -> int:
        """Multiplications for an image."""
        half_x, half_y, half_z = (len(table.plus) for table in self.tables)
        total = 0
        for channel, (a, b, _) in itertools.product(self.channels, self.parities):
            orders_x = self._counts[int(channel == 0), a, :, 0]
            orders_y = self._counts[int(channel == 1), b, :, 1]
            each = half_x * half_y * half_z + orders_y * half_z * (half_y + self._z.shape[4])
            total += int((orders_x * each).sum())
        return total + self.matrix.nnz

    def forward(self, c: np.ndarray, threads: int) -> np.ndarray:
        """Complex[n, rows] of images [n, voxels]."""
        parts, tensors = self._room(len(c))
        split = fold(np.asarray(c, self.dtype).reshape(-1, *self.shape), self.tables)
        parts.reshape(*parts.shape[:3], self._y.shape[4], -1)[..., : split.shape[-1]] = split
        self._run(loops.contract, parts, tensors, self._z, threads)
        return (self.matrix @ tensors[:, self._used].T).T.astype(np.result_type(self.dtype, np.complex64))

    def adjoint(self, u: np.ndarray, threads: int) -> np.ndarray:
        """Float[n, voxels] of spectra [n, rows]: Re(M^H u)."""
        parts, tensors = self._room(len(u))
        real = self.matrix.dtype.kind == "f"
        values = u.real if real else np.conj(u)
        tensors[:, self._used] = (self.matrix.T @ values.T.astype(self.matrix.dtype)).real.T
        self._run(loops.expand, parts, tensors, self._z_transposed, threads)
        split = parts.reshape(*parts.shape[:3], self._y.shape[4], -1)[..., : len(self.tables[2].plus)]
        return unfold(split, self.tables).reshape(len(u), -1)

    def _room(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Parts [images, parities, half x, half y * half z padded] and tensors [images, all of them], zero."""
        half_x, half_y, half_z = (len(table.plus) for table in self.tables)
        width = padded(half_z, lanes(self.dtype))
        block = self._x.shape[3] * self._y.shape[3] * self._z.shape[4]
        return (
            aligned_zeros((count, len(self.parities), half_x, half_y * width), self.dtype),
            aligned_zeros((count, self._places.size * block), self.dtype),
        )

    def _run(self, loop: Loop, parts: np.ndarray, tensors: np.ndarray, z: np.ndarray, threads: int) -> None:
        slots = len(parts) * len(self.parities)
        loop(
            parts, tensors, self._x, self._y, z, self.parities, self.channels, self._counts, self._places,
            slots, threads=threads,
        )  # fmt: skip


def by_parity(table: AxisTables) -> np.ndarray:
    """Tables [weighted, parity, orders of the parity, R, half], padded with zeros; one parity if nothing is folded."""
    if not table.folded:
        return table.values[:, None]
    values = np.zeros((2, 2, -(-table.orders // 2), *table.values.shape[2:]))
    for weighted, parity in itertools.product(range(2), range(2)):
        part = table.values[weighted, (weighted + parity) % 2 :: 2]
        values[weighted, parity, : len(part)] = part
    return values


def node_orders(x: np.ndarray, y: np.ndarray, z: np.ndarray, weights: np.ndarray, error: float) -> np.ndarray:
    """Orders of x and y that each node needs, int64[weighted, parity, R, 2], for tables as `by_parity` gives them.

    What is left out of a tensor, over all nodes, is less than ``error``.
    """
    counts = np.zeros((2, 2, len(weights), 2), np.int64)
    largest = [np.abs(table).max(axis=4) for table in (x, y, z)]  # [weighted, parity, orders, R]
    most = np.max([part.max(axis=(0, 1, 2)) for part in largest], axis=0)
    for axis in (0, 1):
        sizes = weights * largest[axis] * most**2
        for weighted, parity in itertools.product(range(2), range(sizes.shape[1])):
            needed = sizes[weighted, parity] > error / (2 * len(weights))
            counts[weighted, parity, :, axis] = np.where(needed, 1 + np.arange(len(needed))[:, None], 0).max(axis=0)
    return counts


def fold(images: np.ndarray, tables: Sequence[AxisTables]) -> np.ndarray:
    """Even and odd parts of images [n, x, y, z] along each folded axis: [n, parities, half x, half y, half z]."""
    parts = images[:, None]
    for axis, table in enumerate(tables, start=2):
        if table.folded:
            plus, minus = parts.take(table.plus, axis), parts.take(table.minus, axis)
            even = plus + minus
            if table.plus[0] == table.minus[0]:  # the voxel in the middle is there once
                even[(slice(None),) * axis + (0,)] *= 0.5
            parts = np.stack([even, plus - minus], axis=2).reshape(len(parts), -1, *even.shape[2:])
    return parts


def unfold(parts: np.ndarray, tables: Sequence[AxisTables]) -> np.ndarray:
    """The transpose of `fold`; the odd part of a voxel in the middle is zero."""
    for axis, table in reversed(list(enumerate(tables, start=2))):
        if table.folded:
            even, odd = parts[:, 0::2], parts[:, 1::2]
            lower = np.flip(even - odd, axis)
            if table.plus[0] == table.minus[0]:
                lower = lower[(slice(None),) * axis + (slice(0, -1),)]
            parts = np.concatenate([lower, even + odd], axis)
    return parts[:, 0]


def _index(odd: np.ndarray, folded: np.ndarray) -> np.ndarray:
    """Place of each parity [n, 3] among those that occur, in the order of `itertools.product`."""
    index = np.zeros(len(odd), np.int64)
    for axis in range(3):
        if folded[axis]:
            index = 2 * index + odd[:, axis]
    return index


def _padded(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The last axis padded with zeros to whole groups of numbers."""
    result = aligned_zeros((*array.shape[:-1], padded(array.shape[-1], lanes(dtype))), dtype)
    result[..., : array.shape[-1]] = array
    return result
