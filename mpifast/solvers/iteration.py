"""What iterative solvers share: a few iterations of a compiled loop at a time, between looks at Ctrl-C, convergence and
the clock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from tqdm import tqdm

from mpifast import _validation as check

BUDGET = 10**9  # multiplications and additions in a call of the loop: some tenths of a second


def iterate(
    name: str,
    step: Callable[[int, np.ndarray], None],
    count: int,
    padded: int,
    most: int,
    work: int,
    progress: bool | None,
    keep: bool,
) -> np.ndarray | None:
    """Call ``step(first, history)`` until all spectra have converged or ``most`` iterations are done.

    history[0] is the measure of the last iteration, [1:] float64[iterations, padded] NaN for the loop to fill; it
    leaves NaN where it found a spectrum converged. Padding counts as converged. Returns float64[iterations, count], or
    None unless ``keep``: the memory may be large.

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
    work : int
        Multiplications in an iteration.
    progress : bool or None
        As for `mpifast.kaczmarz`.
    keep : bool
        Whether to return the history.
    """
    before = np.full(padded, np.nan)
    before[:count] = np.inf
    kept, done = [], 0
    with tqdm(
        total=most, desc=name, unit="iteration", delay=2, disable=None if progress is None else not progress
    ) as bar:
        while done < most and not np.isnan(before).all():
            history = np.full((1 + min(max(1, BUDGET // max(work, 1)), most - done), padded), np.nan)
            history[0] = before
            step(done, history)
            kept += [history[1:, :count]] if keep else []
            before = history[-1]
            done += len(history) - 1
            bar.update(len(history) - 1)
    if not keep:
        return None
    joined = np.concatenate(kept) if kept else np.empty((0, count))
    return joined[~np.isnan(joined).all(axis=1)]


def options(iterations: Any, tolerance: Any, nonnegative: Any) -> tuple[int, float, bool]:
    """Check what all iterative solvers take."""
    return (
        check.integer("iterations", iterations, low=1, high=10**9),
        check.number("tolerance", tolerance, low=0.0, high=1.0),
        check.flag("nonnegative", nonnegative),
    )
