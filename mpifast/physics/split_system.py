"""Systems that are stored as real equations: measured matrices, in the precision they were measured in."""

from __future__ import annotations

import copy
import functools
import hashlib
from collections.abc import Sequence

import numpy as np

from mpifast.physics.fields.grid import Grid
from mpifast.physics.linear_system import REAL, LinearSystem, read_only

BLOCK = 2**22  # complex numbers put together at a time


class SplitSystem(LinearSystem):
    """A system u = S c whose memory is that of `real`; ``matrix`` is put together on first use.

    Solvers read real equations: a complex matrix beside them would take the same memory once more.

    Parameters
    ----------
    real : ndarray
        float32 or float64[parts * rows, voxels], C order: the real parts of all rows, then the imaginary ones. It is
        not copied and becomes read-only.
    parts : sequence of int
        Which parts these are: 0 the real ones, 1 the imaginary ones.
    rows : ndarray
        As `LinearSystem.rows`.
    grid : Grid, optional
        Where the voxels lie.
    transfer_function : ndarray, optional
        As `LinearSystem.transfer_function`.

    Examples
    --------
    >>> import mpifast, numpy as np
    >>> from mpifast.physics.split_system import SplitSystem
    >>> labels = mpifast.linear_system(np.eye(2)).rows
    >>> system = SplitSystem(np.array([[1, 0], [3, 0], [0, 2], [0, 0]], np.float32), (0, 1), labels)
    >>> print(system.matrix)
    [[1.+0.j 0.+2.j]
     [3.+0.j 0.+0.j]]
    """

    def __init__(
        self,
        real: np.ndarray,
        parts: Sequence[int],
        rows: np.ndarray,
        grid: Grid | None = None,
        transfer_function: np.ndarray | None = None,
    ) -> None:
        self._rows, self._grid, self._transfer_function = rows, grid, transfer_function
        self.parts = tuple(parts)
        self.real = read_only(real)

    @property
    def voxels(self) -> int:
        """Number of voxels."""
        return int(self.real.shape[1])

    @functools.cached_property
    def matrix(self) -> np.ndarray:
        """The matrix S, complex or real[rows, voxels], read-only; made on first use, of the same size as `real`."""
        return read_only(self._rows_of(slice(None)))

    @functools.cached_property
    def fingerprint(self) -> str:
        """As `LinearSystem.fingerprint`, of blocks of rows."""
        kind = self._rows_of(slice(0, 1)).dtype
        shape = (len(self.rows), self.voxels)
        digest = hashlib.sha256(repr((kind.str, shape, self.grid)).encode())
        digest.update(np.ascontiguousarray(self.rows).tobytes())
        step = max(1, BLOCK // self.voxels)
        for first in range(0, len(self.rows), step):
            digest.update(self._rows_of(slice(first, first + step)).data)
        return digest.hexdigest()[:16]

    def _rows_of(self, rows: slice) -> np.ndarray:
        """Rows of the matrix."""
        pieces = self.real.reshape(len(self.parts), len(self.rows), self.voxels)[:, rows]
        if self.parts == (REAL,):
            return np.ascontiguousarray(pieces[0])
        matrix = np.zeros(pieces.shape[1:], np.result_type(self.real, np.complex64))
        for part, piece in zip(self.parts, pieces, strict=True):
            (matrix.real if part == REAL else matrix.imag)[...] = piece
        return matrix

    def _restricted(self, kept: np.ndarray) -> LinearSystem:
        """The system of the rows bool[rows]."""
        factors = None if self.transfer_function is None else read_only(self.transfer_function[kept])
        pieces = self.real.reshape(len(self.parts), len(self.rows), self.voxels)
        some = np.empty((len(self.parts), int(kept.sum()), self.voxels), self.real.dtype)
        for piece, target in zip(pieces, some, strict=True):
            np.compress(kept, piece, axis=0, out=target)
        return SplitSystem(
            some.reshape(-1, self.voxels), self.parts, read_only(self.rows[kept]), copy.copy(self.grid), factors
        )
