"""Systems whose rows are even or odd along an axis of the grid: half of the voxels are enough."""

from __future__ import annotations

import math

import numpy as np

from mpifast.physics._forward_loops import fold

SMALLEST = 2**18  # numbers of a system, below which the product takes no time that matters


class Mirror:
    """Even and odd parts of images along one axis, and the rows that see each of them.

    A Lissajous scan whose drive frequencies are an even and an odd multiple of 1 / period has such rows, exactly: the
    aliases of a row differ by even orders of the axis with the odd multiple.

    Parameters
    ----------
    shape : tuple of int
        That of the grid.
    axis : int
        Its axis.
    odd : ndarray
        bool[equations], which rows are odd.
    """

    def __init__(self, shape: tuple[int, ...], axis: int, odd: np.ndarray) -> None:
        self._view = math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :])
        self.halves = np.flatnonzero(~odd), np.flatnonzero(odd)

    def columns(self, real: np.ndarray) -> list[np.ndarray]:
        """The half of the matrix that the even rows need, then that of the odd ones: [rows, voxels of a half]."""
        middle = self._view[1] // 2
        half = real.reshape(-1, *self._view)[:, :, middle:]
        return [half[rows].reshape(len(rows), -1) for rows in self.halves]

    def parts(self, images: np.ndarray, dtype: np.dtype, threads: int) -> list[np.ndarray]:
        """Even and odd parts of images [n, voxels], in a half of the voxels each: dtype[n, voxels of a half]."""
        outer, length, inner = self._view
        parts = [np.empty((len(images), outer, length - length // 2, inner), dtype) for _ in range(2)]
        fold(np.ascontiguousarray(images).reshape(-1, *self._view), *parts, threads, threads=threads)
        return [part.reshape(len(images), -1) for part in parts]


def find_mirror(real: np.ndarray, shape: tuple[int, ...]) -> Mirror | None:
    """The mirror of a matrix [equations, voxels], if all its rows are even or odd along an axis, to the bit."""
    if real.size < SMALLEST:
        return None
    rows = real.reshape(-1, *shape)
    for axis in [axis for axis, length in enumerate(shape, start=1) if length > 1]:
        odd = np.zeros(len(rows), bool)
        for place, row in enumerate(rows):  # mostly the first one tells
            mirrored = np.flip(row, axis - 1)
            odd[place] = not np.array_equal(row, mirrored)
            if odd[place] and not np.array_equal(row, -mirrored):
                break
        else:
            return Mirror(shape, axis - 1, odd)
    return None
