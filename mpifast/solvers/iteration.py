"""What iterative solvers share: a few iterations of a compiled loop at a time, between looks at Ctrl-C, convergence and
the clock; and the warning of those that have not converged.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from mpifast import _validation as check
from mpifast._progress import tqdm

BUDGET = 10**9  # multiplications and additions in a call of the loop: some tenths of a second


class ConvergenceWarning(UserWarning):
    """An iterative solver stopped at its limit of iterations before it met its tolerance.

    The images are those of the last iteration; `mpifast.solvers.solution.Solution` says which spectra have converged
    and how far the others are.

    Examples
    --------
    >>> import mpifast, warnings
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> u, c = mpifast.Spectra(system, seed=7, snr_db=30.0)[:10]
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", mpifast.ConvergenceWarning)
    ...     images = mpifast.sparse(system, u, iterations=3)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    mpifast.solvers.iteration.ConvergenceWarning: sparse: 10 of 10 spectra have not converged after 3 iterations...
    """


class Run(NamedTuple):
    """What an iteration left behind; n is the number of spectra.

    ``iterations`` int64[n] were taken; ``last`` float64[n] is the convergence measure of the last of them, and
    ``converged`` bool[n] whether it meets the tolerance. ``history`` float64[iterations, n] has no rows unless it was
    asked for.
    """

    iterations: np.ndarray
    last: np.ndarray
    converged: np.ndarray
    history: np.ndarray


def iterate(
    name: str,
    step: Callable[[int, np.ndarray], None],
    count: int,
    padded: int,
    most: int,
    tolerance: float,
    together: int,
    progress: bool | None,
    keep: bool,
) -> Run:
    """Call ``step(first, history)`` until all spectra have converged or ``most`` iterations are done.

    history[0] is the measure of the last iteration, [1:] float64[iterations, padded] NaN for the loop to fill; it
    leaves NaN where it found a spectrum converged. Padding counts as converged.

    Parameters
    ----------
    name : str
        Of the progress bar.
    step : callable
        The loop.
    count, padded : int
        Spectra, and with padding.
    most : int
        Most iterations.
    tolerance : float
        The measure of a converged spectrum is not above it.
    together : int
        Iterations in a call of the loop.
    progress : bool or None
        As for `mpifast.kaczmarz`.
    keep : bool
        Whether to keep the history: it may be large.
    """
    before = np.full(padded, np.nan)
    before[:count] = np.inf
    last, taken = before[:count].copy(), np.zeros(count, np.int64)
    kept, done = [np.empty((0, count))], 0
    with tqdm(
        total=most, desc=name, unit="iteration", delay=2, disable=None if progress is None else not progress
    ) as bar:
        while done < most and (before > tolerance).any():
            history = np.full((1 + min(max(1, together), most - done), padded), np.nan)
            history[0] = before
            step(done, history)
            found = history[1:, :count]
            fresh = ~np.isnan(found)
            last = np.where(fresh.any(axis=0), found[fresh.sum(axis=0) - 1, np.arange(count)], last)
            taken += fresh.sum(axis=0)
            kept += [found[fresh.any(axis=1)]] if keep else []
            before = history[-1]
            done += len(found)
            bar.update(len(found))
    return Run(taken, last, last <= tolerance, np.concatenate(kept))


def together(work: int) -> int:
    """How many iterations fit in a call of the loop, from the multiplications in one of them."""
    return max(1, BUDGET // max(work, 1))


def warn_unconverged(name: str, run: Run, tolerance: float, most: int, meaning: str, cure: str) -> None:
    """Warn the caller of a solver of spectra that have not converged, unless the tolerance is zero: that asks for a
    fixed number of iterations.
    """
    missed = int((~run.converged).sum())
    if missed and tolerance > 0.0:
        warnings.warn(
            f"{name}: {missed} of {len(run.last)} spectra have not converged after {most} iterations: "
            f"{meaning.format(run.last.max())}, tolerance={tolerance:g}; {cure}",
            ConvergenceWarning,
            stacklevel=3,
        )


def options(iterations: Any, tolerance: Any, nonnegative: Any) -> tuple[int, float, bool]:
    """Check what all iterative solvers take."""
    return (
        check.integer("iterations", iterations, low=1, high=10**9),
        check.number("tolerance", tolerance, low=0.0, high=1.0),
        check.flag("nonnegative", nonnegative),
    )
