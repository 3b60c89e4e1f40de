"""Weights of rows as weights of the real equations, as solvers and `mpifast.merge_rows` take them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mpifast import _validation as check


def equation_weights(weights: Any, rows: int, equations: int, squares: Callable[[], np.ndarray]) -> np.ndarray | None:
    """W float64[equations], checked: None (1), "energy", one number for each row, or one for each real equation.

    The real and the imaginary part of a row share its weight, and "energy" gives 0 to a row without signal; ``squares``
    gives ||S_k||^2 float64[equations], which only "energy" needs.

    Examples
    --------
    >>> import numpy as np
    >>> print(equation_weights("energy", 2, 4, lambda: np.array([9.0, 0.0, 16.0, 0.0])))
    [0.2 0.  0.2 0. ]
    """
    if weights is None:
        return None
    row = np.arange(equations) % rows
    if isinstance(weights, str):
        check.choice("weights", weights, ("energy",))
        sums = np.bincount(row, squares())[row]
        return np.where(sums > 0.0, 1.0 / np.sqrt(np.where(sums > 0.0, sums, 1.0)), 0.0)
    if np.shape(weights) == (rows,):
        return check.per_row("weights", weights, rows, low=0.0)[row]
    return check.per_row("weights", weights, equations, low=0.0)
