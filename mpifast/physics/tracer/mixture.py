"""The Langevin function as a mixture of Gaussians, which separates the coordinates of the field."""

from __future__ import annotations

import functools

import numpy as np
from scipy.linalg.lapack import dgejsv

from mpifast import _validation as check
from mpifast.physics.tracer.langevin import langevin

Shares = tuple[tuple[float, float], ...]

LARGEST = 1000.0  # mean Langevin argument: particles of 40 nm in 0.26 T
LARGEST_SIZE = 1e6  # Langevin argument of the largest size
ONE_SIZE: Shares = ((1.0, 1.0),)
LOWEST = 2e-15  # rounding
SMALLEST = 3.0  # below it the singular values drown in rounding, and seven Gaussians do for every tolerance
SEVERAL = 5e-15  # the least error of several sizes, whose sums round more
SNAPSHOTS = 120
MORE = 24  # nodes beyond the first guess
POINTS = 1000  # where the error is measured: dozens between neighbouring zeros of it


@functools.lru_cache(maxsize=64)
def gaussian_mixture(
    largest: float, tolerance: float, shares: Shares = ONE_SIZE
) -> tuple[np.ndarray, np.ndarray, float]:
    """Nodes v and positive weights w with abs(L(x) - x sum_r w_r exp(-v_r x^2)) below ``tolerance`` on [0, largest].

    For several sizes L(x) is the mean sum_D W_D L(rho_D x), in units of the largest one: rho_D = 1 is the largest.

    The pole series of L(x)/x and Laplace's transform give L(x)/x = int_0^inf rho(v) exp(-v x^2) dv with
    rho(v) = 2 sum_k exp(-k^2 pi^2 v) > 0. A fine rule of about 150 nodes is exact to rounding:
    f(s) = b^T exp(-s V) b with V = diag(v), b = sqrt(w), s = x^2. It is projected onto the R leading singular vectors U
    of the states exp(-s V) b, s <= largest^2 / 2: f is nearly b^T U exp(-s U^T V U) U^T b, whose error is of second
    order in what the projection loses, since f(s + t) is the product of the states at s and t. The eigenvalues of
    U^T V U are the nodes; the weights are squares, hence positive. R is within one node of the least that nonlinear
    optimisation reaches at tolerances above 1e-8, and within three at 1e-13 (14, 20, 30 nodes at 12, 30, 100). Where
    rounding is above the tolerance, the fine rule itself is the result.

    Parameters
    ----------
    largest : float
        Largest Langevin argument, that of the largest size: up to 1e6.
    tolerance : float
        Largest error, at least 2e-15. Of several sizes what is below 5e-15 counts as that.
    shares : tuple of (float, float), optional
        Moment of each size over that of the largest, rising to 1, and share of the volume (`Particle.shares`).

    Returns
    -------
    nodes, weights : ndarray
        float64[R] each, read-only, nodes ascending.
    bound : float
        The largest error found on a grid that resolves every oscillation, rounded up; at most ``tolerance``.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from mpifast.physics.tracer.mixture import gaussian_mixture
    >>> nodes, weights, bound = gaussian_mixture(12.0, 1e-6)
    >>> len(nodes), bound <= 1e-6
    (7, True)
    >>> x = 5.0
    >>> bool(abs(x * weights @ np.exp(-nodes * x**2) - (1 / np.tanh(x) - 1 / x)) <= bound)
    True
    """
    largest = check.number("largest", largest, low=0.0, high=LARGEST_SIZE)
    tolerance = check.number("tolerance", tolerance, low=LOWEST)
    largest, tolerance = max(largest, SMALLEST), max(tolerance, SEVERAL if len(shares) > 1 else LOWEST)
    moments, volumes = np.array(shares).T
    v, w = _fine_rule(largest, moments, volumes)
    b = np.sqrt(w)
    points = 1 if len(shares) == 1 else 3  # several sizes bend over several decades
    grid, width = _graded(largest / np.sqrt(2.0), points * SNAPSHOTS)
    states = np.sqrt(grid * width)[:, None] * np.exp(-v * grid[:, None] ** 2) * b
    _, sizes, vectors = np.linalg.svd(states, full_matrices=False)
    x, _ = _graded(largest, points * POINTS)
    x = np.append(x, largest)
    exact = langevin(x[:, None] * moments) @ volumes
    # The error falls like the square of the first singular value left out: a good first guess of their number.
    first = max(1, int((sizes**2 > 30 * tolerance).sum()) + 1)
    for count in range(first, min(first + MORE, len(sizes))):
        basis = vectors[:count]
        nodes, rotation = _eigen(basis, v)
        weights = (rotation.T @ (basis @ b)) ** 2
        bound = _bound(nodes, weights, x, exact)
        if bound <= tolerance:
            break
    else:
        nodes, weights = v, w
        bound = _bound(v, w, x, exact)
    nodes.flags.writeable = weights.flags.writeable = False
    return nodes, weights, bound


def _eigen(basis: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues of U^T V U, rising, and its eigenvectors: from the singular values of sqrt(V) U by Jacobi's method,
    which keeps the small ones of rows of so different sizes.
    """
    roots, _, rotation, scales, _, _ = dgejsv((basis * np.sqrt(v)).T, joba=3, jobu=3, jobv=0, jobr=0, jobt=0, jobp=0)
    return (roots[::-1] * scales[0] / scales[1]) ** 2, rotation[:, ::-1]


def _bound(nodes: np.ndarray, weights: np.ndarray, x: np.ndarray, exact: np.ndarray) -> float:
    """Largest error at the arguments x, rounded up."""
    return 1.02 * float(np.abs(x * (np.exp(-np.outer(x**2, nodes)) @ weights) - exact).max()) + 1e-15


def _fine_rule(largest: float, moments: np.ndarray, volumes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of int_0^inf rho(v) exp(-v x^2) dv, x <= largest, to rounding: Gauss-Legendre in t = sqrt(v).

    Panels double in length, from the width 1/largest of the narrowest Gaussian on, or the moment of the smallest size:
    a size has the density rho(v / rho_D^2) / rho_D, which is that of the largest one in t / rho_D. Both series of the
    theta function rho(t^2) + 1 are used where four terms are exact: the one of exp(-k^2 pi^2 t^2), and Jacobi's of
    exp(-k^2 / t^2).
    """
    first = max(largest, 2.0, 1.0 / moments[0])
    edges = np.append(0.0, 2.0 ** np.arange(-np.ceil(np.log2(first)), 2.0))  # exp(-4 pi^2) is nothing
    x, w = np.polynomial.legendre.leggauss(16)
    half, middle = np.diff(edges)[:, None] / 2, (edges[1:] + edges[:-1])[:, None] / 2
    nodes, w = (middle + half * x).ravel(), (half * w).ravel()
    density = np.zeros(len(nodes))
    k = np.arange(1, 5)[:, None]
    for moment, volume in zip(moments, volumes, strict=True):
        t = nodes / moment
        far = 4.0 * t * np.exp(-((np.pi * k * t) ** 2)).sum(axis=0)
        near = 2.0 / np.sqrt(np.pi) * (1.0 + 2.0 * np.exp(-((k / np.maximum(t, 0.05)) ** 2)).sum(axis=0)) - 2.0 * t
        density += volume * np.where(t < 1.0 / np.sqrt(np.pi), near, far)
    return nodes**2, w * density


def _graded(largest: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Points of (0, largest) with their widths: uniform where the Langevin function bends, geometric beyond."""
    end = np.arcsinh(largest)
    u = end * (np.arange(count) + 0.5) / count
    return np.sinh(u), np.cosh(u) * end / count
