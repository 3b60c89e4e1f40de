"""The forward model of a system in Kronecker form: spectra of phantoms without a matrix."""

from __future__ import annotations

import numpy as np

from mpifast._compiled.jit import thread_count
from mpifast.physics.forward import Operator
from mpifast.physics.linear_system import REAL
from mpifast.physics.systems.kronecker import KroneckerModel

BATCH = 2**23  # numbers of phantoms, and of the tensors they become, at a time


class OperatorModel(Operator):
    """What `mpifast.physics.forward.ForwardModel` is to a stored matrix, with the same methods.

    Parameters
    ----------
    model : KroneckerModel
        The coefficients mhat of all rows.
    gain : ndarray
        complex128[rows]: a row is gain * mhat.
    parts : tuple of int
        Which parts of the rows are equations.
    """

    def __init__(self, model: KroneckerModel, gain: np.ndarray, parts: tuple[int, ...]) -> None:
        self._model, self._gain, self._parts = model, gain, parts
        self.equations, self.voxels = len(parts) * len(gain), model.voxels

    def multiply(self, phantoms: np.ndarray, spectra: np.ndarray, threads: int) -> None:
        """Spectra [n, equations] of phantoms of any type, in the precision of the spectra."""
        contraction = self._model.contraction(spectra.dtype)
        for part in self._batches(len(phantoms), contraction.numbers):
            rows = contraction.forward(phantoms[part], threads) * self._gain  # in complex128, and rounded once
            for equations, kind in zip(self._split(spectra[part]), self._parts, strict=True):
                equations[...] = rows.real if kind == REAL else rows.imag

    def adjoint(self, u: np.ndarray, threads: int | None = None) -> np.ndarray:
        """The transpose applied to right-hand sides [n, equations], float32 or float64: dtype[n, voxels]."""
        contraction, threads = self._model.contraction(u.dtype), thread_count(threads)
        images = np.empty((len(u), self.voxels), u.dtype)
        for part in self._batches(len(u), contraction.numbers):
            rows = np.zeros((len(u[part]), len(self._gain)), np.complex128)
            for equations, kind in zip(self._split(u[part]), self._parts, strict=True):
                (rows.real if kind == REAL else rows.imag)[...] = equations
            rows *= self._gain.conj()
            narrow = rows.astype(np.result_type(u.dtype, np.complex64), copy=False)
            images[part] = contraction.adjoint(narrow, threads)
        return images

    def norms(self) -> np.ndarray:
        """Squared norms of the equations, float64[equations], from some rows at a time."""
        rows, step = len(self._gain), max(1, BATCH // self.voxels)
        squares = np.empty((len(self._parts), rows))
        for first in range(0, rows, step):
            part = slice(first, first + step)
            some = self._model.rows(part, np.complex128, scale=self._gain)
            for equations, kind in zip(squares, self._parts, strict=True):
                values = some.real if kind == REAL else some.imag
                equations[part] = np.einsum("kj,kj->k", values, values)
        return squares.ravel()

    def _split(self, spectra: np.ndarray) -> list[np.ndarray]:
        """The equations [n, rows] of each part."""
        return np.split(spectra, len(self._parts), axis=1)

    def _batches(self, count: int, numbers: int) -> list[slice]:
        step = max(1, BATCH // max(numbers, self.voxels))
        return [slice(first, first + step) for first in range(0, count, step)]
