"""What a solver needs of a system: real numbers, one row an equation, one column a voxel."""

from __future__ import annotations

import functools

import numpy as np


class LinearSystem:
    """A linear map u = S c. `SystemMatrix` is one that was simulated, `mpifast.io.mdf.system.MdfSystem` one from a
    file.

    Attributes
    ----------
    real : ndarray
        float64[rows, voxels].
    """

    real: np.ndarray

    @property
    def rows(self) -> int:
        """Number of real equations."""
        return int(self.real.shape[0])

    @property
    def voxels(self) -> int:
        """Number of voxels."""
        return int(self.real.shape[1])

    @functools.cached_property
    def svd(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Singular value decomposition of `real`: U float64[rows, k], falling values float64[k], V^T float64[k,
        voxels]; made on first use.
        """
        left, values, right = np.linalg.svd(self.real, full_matrices=False)
        return read_only(left), read_only(values), read_only(right)


def read_only(array: np.ndarray) -> np.ndarray:
    """The array, closed to writing."""
    array.flags.writeable = False
    return array
