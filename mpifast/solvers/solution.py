"""What all solvers share: the problem they are given and the solution they return."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from mpifast import _display
from mpifast import _validation as check
from mpifast.physics.array_system import as_system
from mpifast.physics.linear_system import LinearSystem
from mpifast.solvers.equations import Equations, weights_of
from mpifast.solvers.iteration import Run

LARGEST = 1e140


@dataclass(frozen=True, eq=False)
class Solution(_display.Shown):
    """What a solver returns with ``full_output=True``; n is the number of spectra.

    Attributes
    ----------
    images : ndarray
        float64[n, voxels]: what the solver returns otherwise.
    parameter : ndarray
        The parameter given or chosen for each spectrum: int64[n] ranks of `mpifast.tsvd`, float64[n, 2] weights of
        `mpifast.fused_lasso`, float64[n] alphas of the others (multiplied out where ``relative=True``).
    residual : ndarray
        float64[n], ||S c - u||_2, in the unit of the spectra.
    history : ndarray
        float64[iterations, n], the convergence measure of each iteration, which ``tolerance`` bounds; NaN once a
        spectrum has converged. No rows for the direct solvers.
    iterations : ndarray
        int64[n], iterations taken for each spectrum; 0 for the direct solvers.
    converged : ndarray
        bool[n], whether the last measure meets the tolerance; True for the direct solvers.

    Examples
    --------
    >>> import mpifast
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> mpifast.tikhonov(system, system.spectra(mpifast.phantoms.points()), alpha=0.1, full_output=True)
    Solution(129 images of 129 voxels, parameter 0.1, residual 0.0422 to 0.095, 129 converged)
    """

    images: np.ndarray
    parameter: np.ndarray
    residual: np.ndarray
    history: np.ndarray
    iterations: np.ndarray
    converged: np.ndarray

    def __repr__(self) -> str:
        facts = ", ".join(f"{name} {fact}" for name, fact in self._spans.items() if name != "iterations")
        n, voxels = self.images.shape
        return f"Solution({n} images of {voxels} voxels, {facts}, {self.converged.sum()} converged)"

    def _facts(self) -> dict[str, Any]:
        n, voxels = self.images.shape
        end = {"converged": f"{self.converged.sum()} of {n}", "memory": _display.size(self.images.nbytes)}
        return {"images": n, "voxels": voxels, **self._spans, **end}

    @property
    def _spans(self) -> dict[str, str]:
        return {name: _display.span(getattr(self, name)) for name in ("parameter", "residual", "iterations")}


class Problem:
    """Checked arguments.

    Attributes
    ----------
    system : LinearSystem
    spectra : ndarray
        u float64[n, equations]; it may be the caller's own.
    equations : Equations
        W S.
    """

    def __init__(self, system: LinearSystem, spectra: np.ndarray, weights: np.ndarray | None = None) -> None:
        self.system, self.spectra, self.equations = system, spectra, Equations(system, weights)

    @functools.cached_property
    def data(self) -> np.ndarray:
        """W u float64[n, equations]."""
        return self.spectra * self.equations.weights

    @functools.cached_property
    def real(self) -> np.ndarray:
        """S [equations, voxels], without the weights, as one array: float64, or float32 where it is large and single;
        a copy of systems of several pieces.
        """
        first = self.equations.pieces[0]
        return first.real if first.columns is None else np.ascontiguousarray(self.system.real)


def problem(system: Any, u: Any, full_output: Any, progress: Any = None, weights: Any = None) -> Problem:
    """Check what all solvers take."""
    system = as_system("system", system)
    check.flag("full_output", full_output)
    if progress is not None:
        check.flag("progress", progress)
    spectra = system.to_real(u)
    largest = np.abs(spectra).max(initial=0.0)
    if largest > LARGEST:
        raise ValueError(
            f"u has values of {largest:g}: give it in a larger unit, up to {LARGEST:g}, or sums of squares overflow"
        )
    return Problem(system, spectra, weights_of(weights, system))


def grid_shape(problem: Problem, name: str) -> tuple[int, ...]:
    """The grid's shape, for a solver that needs one."""
    if problem.system.grid is None:
        raise ValueError(f"{name} needs a grid: give one, mpifast.linear_system(array, grid=mpifast.Grid(...))")
    return problem.system.grid.shape


def strength(alpha: Any, relative: Any, problem: Problem, name: str = "alpha") -> np.ndarray | None:
    """The checked alpha of each spectrum, float64[n], times ||W S||_F^2 / voxels if ``relative``; None if it is to be
    chosen.
    """
    relative = check.flag("relative", relative)
    if alpha is None:
        if relative:
            raise ValueError("relative=True needs alpha: give alpha, or leave out relative for one that is chosen")
        return None
    given = check.per_row(name, alpha, len(problem.spectra), low=0.0)
    if not relative:
        return given
    scale = problem.equations.norms.sum() / problem.equations.shape[1]
    with np.errstate(over="ignore"):
        scaled = given * scale
    if not np.isfinite(scaled).all():
        raise ValueError(f"{name}={given.max():g} times ||W S||_F^2 / voxels = {scale:g} overflows: give a smaller one")
    return scaled


def solution(
    problem: Problem, images: np.ndarray, parameter: np.ndarray, run: Run | None, full_output: bool
) -> np.ndarray | Solution:
    """The images alone, or a `Solution`."""
    if not full_output:
        return images
    n = len(images)
    if run is None:
        run = Run(np.zeros(n, np.int64), np.zeros(n), np.ones(n, bool), np.empty((0, n)))
    residual = np.linalg.norm(Equations(problem.system).forward(images) - problem.spectra, axis=1)
    return Solution(images, parameter, residual, run.history, run.iterations, run.converged)
