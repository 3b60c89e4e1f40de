"""Which equations a sweep of Kaczmarz's method visits together, and in which order.

A piece of the system is swept where it lies, on its own voxels. Equations that do not lie in one piece in the order of
the sweep (a random order of several pieces) are put together, some at a time.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mpifast.solvers._loops.kaczmarz import Part
from mpifast.solvers.equations import Equations
from mpifast.solvers.iteration import together

GATHERED = 2**22  # numbers of rows that are put together at a time

Place = tuple[Part, np.ndarray | None]  # some equations and their voxels, None for all


class Plan:
    """The parts of each sweep.

    Parameters
    ----------
    equations : Equations
        W S.
    tile : int
        Rows that a loop visits together.
    paired : bool
        Whether equations k and rows + k are the parts of a complex row, and visited together: the first half of a tile
        has the real parts, the second the imaginary ones.
    seed : int or None
        Of a new random order each sweep; None for the order of the equations.
    lanes : int
        Multiplications for each number of the matrix; a part has so few equations that its sweep takes some tenths of a
        second.
    """

    def __init__(self, equations: Equations, tile: int, paired: bool, seed: int | None, lanes: int) -> None:
        self.equations, self.tile, self.paired, self.seed, self.lanes = equations, tile, paired, seed, lanes
        self.count = equations.shape[0] // (2 if paired else 1)  # of what is put in order
        self.empty = Part(_read_only(equations.pieces[0].real[:0]), *np.zeros((2, 0, tile), np.int64))
        inside = [self._inside(piece.equations) for piece in equations.pieces]
        lone = len(inside) == 1 and equations.pieces[0].columns is None
        self.gathered = any(rows is None for rows in inside) or (seed is not None and not lone)
        self.inside = [rows for rows in inside if rows is not None]
        self.fixed = None if self.gathered or seed is not None else list(self._pieces(None))
        # A single part on all voxels: a call of the loop may take several sweeps.
        self.whole = self.fixed is not None and len(self.fixed) == 1 and lone

    def sweep(self, number: int) -> Iterator[Place]:
        """The parts of the sweep with this number."""
        if self.fixed is not None:
            return iter(self.fixed)
        order = None if self.seed is None else np.random.default_rng([self.seed, number]).permutation(self.count)
        return self._gather(np.arange(self.count) if order is None else order) if self.gathered else self._pieces(order)

    def _inside(self, equations: np.ndarray) -> np.ndarray | None:
        """Rows of a piece in the order of a sweep, int64[1, e], or [2, e / 2] of both parts of complex rows; None if a
        piece has one of them only.
        """
        if not self.paired:
            return np.arange(len(equations))[None]
        place = np.full((2, self.count), -1)
        place.reshape(-1)[equations] = np.arange(len(equations))
        if ((place < 0).any(axis=0) != (place < 0).all(axis=0)).any():
            return None
        place = place[:, place[0] >= 0]
        return place[:, np.argsort(place[0])]

    def _pieces(self, order: np.ndarray | None) -> Iterator[Place]:
        """Each piece where it lies; ``order`` of the rows of a single one."""
        for piece, rows in zip(self.equations.pieces, self.inside, strict=True):
            if order is not None:
                rows = rows[:, np.argsort(piece.equations[rows[0]])][:, order]
            for part in self._split(piece.real, rows, piece.equations[rows]):
                yield part, piece.columns

    def _gather(self, order: np.ndarray) -> Iterator[Place]:
        """The equations in any order, some rows at a time on all voxels."""
        voxels, parts = self.equations.shape[1], 2 if self.paired else 1
        for first in range(0, len(order), step := max(self.tile, GATHERED // voxels // self.tile * self.tile)):
            numbers = order[first : first + step] + self.count * np.arange(parts)[:, None]
            place = np.full(self.equations.shape[0], -1)
            place[numbers.reshape(-1)] = np.arange(numbers.size)
            real = np.zeros((numbers.size, voxels), self.equations.dtype)
            for piece in self.equations.pieces:
                rows = np.flatnonzero(place[piece.equations] >= 0)
                columns = slice(None) if piece.columns is None else piece.columns
                for row in rows:
                    real[place[piece.equations[row]], columns] = piece.real[row]
            for part in self._split(real, np.arange(numbers.size).reshape(parts, -1), numbers):
                yield part, None

    def _split(self, real: np.ndarray, rows: np.ndarray, numbers: np.ndarray) -> Iterator[Part]:
        """Rows in tiles, so many at a time as a call of the loop shall take."""
        parts, count = rows.shape
        each = self.tile // parts
        missing = ((0, 0), (0, -count % each))
        values = (np.pad(rows, missing), np.pad(numbers, missing, constant_values=self.equations.shape[0]))
        tiled = [
            np.ascontiguousarray(value.reshape(parts, -1, each).swapaxes(0, 1).reshape(-1, self.tile))
            for value in values
        ]
        step = together(self.tile * real.shape[1] * self.lanes)
        for first in range(0, len(tiled[0]), step):
            yield Part(_read_only(real), *(value[first : first + step] for value in tiled))


def _read_only(real: np.ndarray) -> np.ndarray:
    """A view of one type for the compiler, whatever the system."""
    view = real.view()
    view.flags.writeable = False
    return view
