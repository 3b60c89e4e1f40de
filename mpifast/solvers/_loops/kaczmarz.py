"""What the Kaczmarz loops of one spectrum and of many share: the equations they visit, the rule of a sweep, its end.

Equations are visited in tiles, all of a tile at once, and the iterates are those of one equation after the other. With
S_k = s_k a_k, ||a_k|| = 1, and n_k = w_k s_k, the residual of equation k before its step is

    r_k = n_k (a_k . c) + sqrt(alpha) v_k - d_k,    n_k (a_k . c) = n_k (a_k . c0) + n_k sum_{m<k} (a_k . a_m) y_m

with the image c0 before the tile and the steps y_m = -n_m r_m / (n_m^2 + alpha) along a_m; so a tile needs one product
with the image and its own Gram matrix. All of that is of the order of the image, whatever the units of S and W: its
squares neither vanish nor overflow in single precision. Scalars are in double precision.

In the complex form (``paired``) a row S_k = x + iy acts on a complex image p + iq. It is two orthogonal real equations,
(x, -y) and (y, x) on (p, q), which the slots of x and of y stand for; both have the norm of the complex row.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mpifast._compiled.jit import jit, jit_or_plain

SEGMENT = 1024  # voxels that a thread has at least, where several share an image
SEGMENTS = 16


class Part(NamedTuple):
    """Some equations on some voxels.

    ``real`` [e, n] has their coefficients. ``rows`` int64[tiles, B] says which row of it each place of a tile has, and
    ``numbers`` int64[tiles, B] which equation this is; an empty place has row 0 and the number after the last one.
    """

    real: np.ndarray
    rows: np.ndarray
    numbers: np.ndarray


class Rule(NamedTuple):
    """What a sweep does. Of each equation, and 0 for the one after the last: ``norms`` n_k and ``inverse`` 1 / s_k,
    both 0 without signal. Of each spectrum [blocks, lanes]: ``alpha``, ``bound``, which turns the norm of the residuals
    into a bound of the image's error, and ``least``, the smallest norm that this error is compared with. ``plain``
    projects without Dykstra's correction and measures the change of the image.
    """

    norms: np.ndarray
    inverse: np.ndarray
    alpha: np.ndarray
    bound: np.ndarray
    least: np.ndarray
    tolerance: float
    nonnegative: bool
    plain: bool
    paired: bool


@jit_or_plain
def segment_count(voxels: int) -> int:
    """Segments of an image; sums over it add up those of its segments in order, whatever the number of threads."""
    return max(1, min(SEGMENTS, voxels // SEGMENT))


@jit
def measured(rule: Rule, block: int, lane: int, squares: float, size: float) -> float:
    """The measure of convergence: from the squared residuals and the square of the image's norm, or of its change."""
    if rule.plain:
        distance, least = np.sqrt(squares), 0.0
    else:
        # Without residuals the bound is zero, also where its factor was not asked for and is infinite.
        distance = rule.bound[block, lane] * np.sqrt(squares) if squares > 0.0 else 0.0
        least = rule.least[block, lane]
    norm = max(np.sqrt(size), least)
    return distance / norm if norm > 0.0 else (np.inf if distance > 0.0 else 0.0)
