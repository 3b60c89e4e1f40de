"""What all solvers share: the problem they are given and the solution they return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.physics.linear_system import LinearSystem
from mpifast.physics.system_matrix import SystemMatrix

LARGEST = 1e140


@dataclass(frozen=True, eq=False)
class Solution:
    """What a solver returns with ``full_output=True``; n is the number of spectra.

    Attributes
    ----------
    images : ndarray
        float64[n, voxels]: what the solver returns otherwise.
    parameter : ndarray
        What was given or chosen for each spectrum: int64[n] ranks of `mpifast.tsvd`, float64[n] alphas of the others.
    residual : ndarray
        float64[n], ||S c - u||_2, in the unit of the spectra.
    history : ndarray
        float64[iterations, n], the convergence measure of each iteration, which ``tolerance`` bounds; NaN once a
        spectrum has converged. No rows for the direct solvers.
    """

    images: np.ndarray
    parameter: np.ndarray
    residual: np.ndarray
    history: np.ndarray

    @property
    def iterations(self) -> np.ndarray:
        """Iterations taken for each spectrum, int64[n]."""
        return (~np.isnan(self.history)).sum(axis=0)


def problem(system: Any, u: Any, full_output: Any, progress: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """The checked S float64[harmonics, voxels] and spectra float64[n, harmonics]; the latter may be the argument
    itself.
    """
    if not isinstance(system, LinearSystem):
        check.instance("system", system, SystemMatrix)
    check.flag("full_output", full_output)
    if progress is not None:
        check.flag("progress", progress)
    u = check.matrix("u", u, len(system.real), what="harmonics", empty=True)
    spectra = np.ascontiguousarray(u, np.float64)
    if np.abs(spectra).max(initial=0.0) > LARGEST:
        raise ValueError(
            f"u has values of {np.abs(spectra).max():g}: give it in a larger unit, up to {LARGEST:g}, or sums of squares overflow"
        )
    return system.real, spectra


def solution(
    real: np.ndarray,
    u: np.ndarray,
    images: np.ndarray,
    parameter: np.ndarray,
    history: np.ndarray | None,
    full_output: bool,
) -> np.ndarray | Solution:
    """The images alone, or with all that is known about them."""
    if not full_output:
        return images
    history = np.empty((0, len(u))) if history is None else history
    return Solution(images, parameter, np.linalg.norm(images @ real.T - u, axis=1), history)
