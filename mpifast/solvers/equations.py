"""The weighted equations W S of a system as solvers read them: in the precision and the pieces they are stored in, or
by the operator of a computed system, without a matrix.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np

from mpifast._compiled.jit import thread_count
from mpifast.physics.linear_system import LinearSystem, Piece
from mpifast.physics.weights import equation_weights

BLOCK = 2**22  # numbers of a matrix that are squared or weighted together
SMALL = 2**22  # numbers of a matrix in single precision that is solved in double all the same: 32 MB

_SQUARES: weakref.WeakKeyDictionary[LinearSystem, np.ndarray] = weakref.WeakKeyDictionary()


class Equations:
    """Products with W S, and its rows, without a copy of the matrix.

    A system of more than `SMALL` numbers that has an operator, as that of a Lissajous scanner on a large grid, is
    multiplied by this operator in double precision. Its matrix is formed only where `pieces` or `blocks` are asked for.

    Attributes
    ----------
    weights : ndarray
        W float64[equations].
    shape : (int, int)
        Equations and voxels.
    """

    def __init__(self, system: LinearSystem, weights: np.ndarray | None = None) -> None:
        self._system = system
        self.shape = (len(system.equations), system.voxels)
        self.weights = np.ones(self.shape[0]) if weights is None else weights
        # It follows from the system alone, and not from what was formed before: the same bits on every run.
        by_operator = not self.small and getattr(system, "operator", None) is not None
        self._model = system.forward_model if by_operator else None

    @property
    def small(self) -> bool:
        """Whether S has so few numbers that a copy of it, or a decomposition, does not count."""
        return self.shape[0] * self.shape[1] <= SMALL

    @functools.cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """S as it is stored: float32 where it is large and single, else float64. Pieces that share their numbers in
        memory go on sharing them.
        """
        found = self._system.pieces
        distinct = {id(piece.real): piece.real for piece in found}
        small = sum(array.size for array in distinct.values()) <= SMALL
        dtype = np.float64 if small else np.result_type(*distinct.values())
        kept = {key: np.ascontiguousarray(array, dtype) for key, array in distinct.items()}
        return tuple(piece._replace(real=kept[id(piece.real)]) for piece in found)

    @functools.cached_property
    def _places(self) -> list[slice | np.ndarray]:
        """The equations of each piece, as a slice where they follow each other: indexing then copies nothing."""
        places: list[slice | np.ndarray] = []
        for piece in self.pieces:
            first, numbers = int(piece.equations[0]) if len(piece.equations) else 0, piece.equations
            run = np.array_equal(numbers, np.arange(first, first + len(numbers)))
            places.append(slice(first, first + len(numbers)) if run else numbers)
        return places

    @functools.cached_property
    def dtype(self) -> np.dtype:
        """The precision of products."""
        return np.dtype(np.float64) if self._model is not None else self.pieces[0].real.dtype

    @functools.cached_property
    def norms(self) -> np.ndarray:
        """||w_k S_k||^2 float64[equations]."""
        return self.squares * self.weights**2

    @functools.cached_property
    def squares(self) -> np.ndarray:
        """||S_k||^2 float64[equations]: kept with the system, for the next spectra."""
        if self._system not in _SQUARES:
            if self._model is not None and "real" not in vars(self._system):
                squares: np.ndarray = self._model.norms()
            else:
                squares = np.empty(self.shape[0])
                for piece in self.pieces:
                    squares[piece.equations] = row_norms(piece.real)
            _SQUARES[self._system] = squares
        return _SQUARES[self._system]

    def forward(self, images: np.ndarray) -> np.ndarray:
        """W S c of images [n, voxels]: dtype[n, equations]."""
        images = np.asarray(images, self.dtype)
        spectra = np.empty((len(images), self.shape[0]), self.dtype)
        if self._model is not None:
            self._model.multiply(images, spectra, thread_count(None))
        else:
            for piece, place in zip(self.pieces, self._places, strict=True):
                part = images if piece.columns is None else images[:, piece.columns]
                if isinstance(place, slice):
                    np.matmul(part, piece.real.T, out=spectra[:, place])
                else:
                    spectra[:, place] = part @ piece.real.T
        spectra *= self.weights.astype(self.dtype)
        return spectra

    def adjoint(self, spectra: np.ndarray) -> np.ndarray:
        """(W S)^T u of spectra [n, equations]: dtype[n, voxels]."""
        spectra = np.multiply(spectra, self.weights, dtype=self.dtype, casting="same_kind")
        if self._model is not None:
            found: np.ndarray = self._model.adjoint(spectra)
            return found
        images = np.zeros((len(spectra), self.shape[1]), self.dtype)
        for piece, place in zip(self.pieces, self._places, strict=True):
            part = np.ascontiguousarray(spectra[:, place]) @ piece.real
            images[:, slice(None) if piece.columns is None else piece.columns] += part
        return images

    def blocks(self, rows: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Numbers int64[b] of up to so many equations, and their rows of W S, dtype[b, voxels], a copy each time."""
        for piece in self.pieces:
            for first in range(0, len(piece.real), rows):
                some = piece.real[first : first + rows]
                numbers = piece.equations[first : first + rows]
                weighted = some * self.weights[numbers, None].astype(self.dtype)
                if piece.columns is not None:
                    spread = np.zeros((len(some), self.shape[1]), self.dtype)
                    spread[:, piece.columns] = weighted
                    weighted = spread
                yield numbers, weighted


def row_norms(matrix: np.ndarray) -> np.ndarray:
    """||S_k||^2 float64[rows], in double precision: float32 has no squares below 1e-45."""
    if matrix.size > SMALL and matrix.flags.c_contiguous:
        from mpifast.solvers._loops.row_norms import row_norms as loop  # here: small systems need no compiler for it

        squares, threads, real = np.empty(len(matrix)), thread_count(None), matrix.view()
        real.flags.writeable = False  # of any system: one type for the compiler
        loop(real, squares, threads, threads=threads)
        return squares
    step = max(1, BLOCK // matrix.shape[1])
    blocks = (matrix[first : first + step].astype(np.float64, copy=False) for first in range(0, len(matrix), step))
    return np.concatenate([np.einsum("kj,kj->k", block, block) for block in blocks])


def weights_of(weights: Any, system: LinearSystem) -> np.ndarray | None:
    """W float64[equations], checked: `mpifast.physics.weights.equation_weights`."""
    return equation_weights(weights, len(system.rows), len(system.equations), lambda: Equations(system).norms)
