"""Thermal equilibrium of a particle with uniaxial anisotropy, by quadrature.

The moment's direction u has the density exp(alpha (n . u)^2 + xi . u) / Z, with alpha = K V / (kB T) and xi = beta B.
With p = xi . n, xi_o the length of what is left, and t = n . u, the angle around n gives a Bessel function:

    Z = 2 pi int_-1^1 exp(alpha t^2 + p t) I_0(xi_o q) dt, q = sqrt(1 - t^2);  m_p = <t>,  m_o = <q I_1 / I_0>

(Maass, Kluth, Knopp et al., arXiv:2403.00602, who sum a series instead). Gauss-Legendre quadrature, Bessel functions
times exp(-x) and the largest exponent taken off have no special case and no overflow.
"""

from __future__ import annotations

import functools
import math

import numpy as np

LARGEST = 1e5  # of |alpha| + |xi|: 1,900 nodes
ROOM = 2**20  # numbers of all nodes at a time, which bounds the memory


def node_count(constant: float, field: float) -> int:
    """Even number of Gauss-Legendre nodes for m to 1e-14, at alpha and xi of these magnitudes.

    A measured rule: the integrand is a peak of the width 1/sqrt(|alpha| + |xi|), and nodes are denser at the ends.

    Examples
    --------
    >>> node_count(3.0, 20.0), node_count(40.0, 2.0), node_count(1000.0, 2000.0)
    (30, 46, 274)
    """
    return 2 * math.ceil(0.5 * (8.0 + math.sqrt(34.0 * constant + 18.0 * field)))


@functools.lru_cache(maxsize=32)
def half_rule(count: int) -> tuple[np.ndarray, np.ndarray]:
    """The nodes t > 0, falling, of the Gauss-Legendre rule of an even number of nodes, and their weights.

    float64[count / 2] each, read-only. Newton's method in long double: NumPy's own rule is exact to 1e-14 only.
    """
    t = np.cos(np.pi * (np.arange(1, count // 2 + 1) - 0.25) / (count + 0.5)).astype(np.longdouble)
    for _ in range(6):
        below, value = np.ones_like(t), t
        for k in range(2, count + 1):
            below, value = value, ((2 * k - 1) * t * value - (k - 1) * below) / k
        slope = count * (t * value - below) / (t * t - 1)
        step = value / slope
        t = t - step
    weights = 2 / ((1 - t * t) * slope * slope)
    rule = t.astype(np.float64), weights.astype(np.float64)
    for array in rule:
        array.flags.writeable = False
    return rule


def magnetization(xi: np.ndarray, axis: np.ndarray, constant: np.ndarray) -> np.ndarray:
    """Mean magnetisation over saturation, float64[..., 3], to 1e-14 and the rounding of alpha and xi times it.

    Parameters
    ----------
    xi : ndarray
        Dimensionless field beta mu0 H, float64[..., 3].
    axis : ndarray
        Easy axes of length 1, float64[..., 3].
    constant : ndarray
        alpha = K V / (kB T), float64[...].

    Raises
    ------
    ValueError
        If ``constant`` and ``xi`` together are above 100,000.

    Examples
    --------
    >>> import numpy as np
    >>> print(magnetization(np.array([3.0, 0.0, 2.0]), np.array([0.0, 0.0, 1.0]), np.array(1.0)).round(8))
    [0.53786608 0.         0.48978533]
    """
    shape = np.broadcast_shapes(xi.shape[:-1], axis.shape[:-1], constant.shape)
    xi, axis = (np.broadcast_to(part, (*shape, 3)).reshape(-1, 3) for part in (xi, axis))
    constant = np.broadcast_to(constant, shape).ravel()
    result = np.empty((len(xi), 3))
    if len(xi):
        count = nodes_for(float(np.abs(constant).max()), float(np.linalg.norm(xi, axis=-1).max()))
        step = max(1, ROOM // count)
        for first in range(0, len(xi), step):
            part = slice(first, first + step)
            result[part] = _integrated(xi[part], axis[part], constant[part], count)
    return result.reshape(*shape, 3)


def nodes_for(constant: float, field: float) -> int:
    """`node_count`, or an error where it is not known.

    Raises
    ------
    ValueError
        If the sum of the magnitudes is above 100,000.
    """
    if not constant + field <= LARGEST:
        raise ValueError(
            f"anisotropy: K V / (kB T) = {constant:.3g} and beta times the field = {field:.3g} are above {LARGEST:,.0f}"
            " together: give a smaller constant, a smaller diameter, narrower sizes or weaker fields"
        )
    return node_count(constant, field)


def _integrated(xi: np.ndarray, axis: np.ndarray, constant: np.ndarray, count: int) -> np.ndarray:
    """The same for vectors [n, 3] and constants [n]."""
    from scipy.special import i0e, i1e  # here: it is slow to import

    half, weights = half_rule(count)
    t, w = np.concatenate([half, -half]), np.concatenate([weights, weights])
    q = np.sqrt(1.0 - t * t)
    p = (xi * axis).sum(axis=-1)
    across = xi - p[:, None] * axis
    xi_o = np.linalg.norm(across, axis=-1)
    x = xi_o[:, None] * q
    exponent = constant[:, None] * (t * t) + p[:, None] * t + x
    density = w * np.exp(exponent - exponent.max(axis=-1, keepdims=True))
    total = density * i0e(x)
    ratio = np.divide(i1e(x), xi_o[:, None], out=0.5 * np.broadcast_to(q, x.shape).copy(), where=xi_o[:, None] > 1e-150)
    along, slope = (total @ t / total.sum(axis=-1))[:, None], ((density * ratio) @ q / total.sum(axis=-1))[:, None]
    return along * axis + slope * across
