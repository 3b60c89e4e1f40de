"""The forward model of several patches: that of each patch, on its own voxels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mpifast.physics.forward import Operator
from mpifast.physics.linear_system import LinearSystem

BATCH = 2**22  # numbers of phantoms cut into patches together


class PatchModel(Operator):
    """Spectra of phantoms on a joint grid; what `mpifast.physics.forward.ForwardModel` is for one matrix.

    The patches of one system are one product, of as many phantoms as there are patches.

    Parameters
    ----------
    systems : sequence of LinearSystem
        That of each patch.
    equations, columns : sequence of ndarray
        int64, the numbers of its equations and of its voxels in the whole.
    shape : (int, int)
        Equations and voxels of the whole.
    """

    def __init__(
        self,
        systems: Sequence[LinearSystem],
        equations: Sequence[np.ndarray],
        columns: Sequence[np.ndarray],
        shape: tuple[int, int],
    ) -> None:
        self.equations, self.voxels = shape
        patches: dict[int, list[int]] = {}
        for j, system in enumerate(systems):
            patches.setdefault(id(system), []).append(j)
        self._groups = [
            (systems[group[0]], np.stack([equations[j] for j in group]), np.stack([columns[j] for j in group]))
            for group in patches.values()
        ]

    def multiply(self, phantoms: np.ndarray, spectra: np.ndarray, threads: int) -> None:
        """Spectra [n, equations] of phantoms of any type, in the precision of the spectra."""
        spectra[...] = 0.0  # a part that one patch does not have is zero there
        for system, numbers, columns in self._groups:
            for some in _batches(len(phantoms), columns.size):
                parts = phantoms[some][:, columns]
                found = np.empty((len(parts), *numbers.shape), spectra.dtype)
                flat = found.reshape(-1, numbers.shape[1])
                system.forward_model.multiply(parts.reshape(-1, columns.shape[1]), flat, threads)
                spectra[some, numbers.reshape(-1)] = found.reshape(len(found), -1)

    def adjoint(self, u: np.ndarray, threads: int | None = None) -> np.ndarray:
        """The transpose applied to right-hand sides [n, equations], float32 or float64: dtype[n, voxels]."""
        images = np.zeros((len(u), self.voxels), u.dtype)
        for system, numbers, columns in self._groups:
            for some in _batches(len(u), columns.size):
                parts = np.ascontiguousarray(u[some][:, numbers]).reshape(-1, numbers.shape[1])
                found = system.forward_model.adjoint(parts, threads).reshape(-1, *columns.shape)
                for j, voxels in enumerate(columns):  # patches overlap, the voxels of one do not
                    images[some, voxels] += found[:, j]
        return images


def _batches(count: int, numbers: int) -> Iterator[slice]:
    step = max(1, BATCH // numbers)
    return (slice(first, first + step) for first in range(0, count, step))
