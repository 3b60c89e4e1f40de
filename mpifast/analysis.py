"""Analysis of systems and trained networks: resolution, Chebyshev basis, orthogonality, conditioning."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.physics.fields.scanner import Scanner
from mpifast.physics.tracer.langevin import langevin_derivative
from mpifast.physics.tracer.particle import Particle

BLOCK = 1024  # columns that are compared with the others together

__all__ = [
    "chebyshev_basis",
    "chebyshev_correlation",
    "coherence",
    "condition_number",
    "end_curvature",
    "fwhm",
    "langevin_width",
    "orthogonality",
]


def __dir__() -> list[str]:
    return __all__


@functools.cache
def langevin_width() -> float:
    """Full width at half maximum of L'(x), dimensionless: 4.161048...

    Examples
    --------
    >>> from mpifast.analysis import langevin_width
    >>> print(f"{langevin_width():.9f}")
    4.161048048
    """
    from scipy.optimize import brentq

    # L'(0) = 1/3.
    return 2.0 * float(brentq(lambda x: langevin_derivative(x) - 1.0 / 6.0, 1.0, 3.0, xtol=1e-15))


def fwhm(particle: Particle, scanner: Scanner) -> float:
    """Full width at half maximum of the point spread function, in metres.

    It is the width of the Langevin derivative in the gradient field, 4.161 / (beta G): proportional to d^-3. (The paper
    prints d^-1, but its two values, 0.25 mm at 50 nm and 1.0 mm at 30 nm, follow the cube.) For several sizes it is the
    width of the mean over them.

    Parameters
    ----------
    particle : Particle
        The tracer; only diameter, sizes, saturation magnetisation and temperature matter.
    scanner : Scanner
        Only its gradient matters.

    Returns
    -------
    float
        Metres.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type, or the particle has an anisotropy.

    References
    ----------
    Chae 2017, figure 2(b); Goodwill and Conolly, IEEE Trans. Med. Imaging 29:1851, 2010.

    Examples
    --------
    >>> import mpifast
    >>> print(f"{mpifast.analysis.fwhm(mpifast.Particle(50e-9), mpifast.Scanner()) * 1e3:.3f} mm")
    0.276 mm
    """
    check.instance("particle", particle, Particle)
    check.instance("scanner", scanner, Scanner)
    if particle.anisotropy is not None:
        raise ValueError(
            "particle has an anisotropy, and the width depends on the field's direction: give one without anisotropy"
        )
    if particle.sizes is None:
        return langevin_width() / (particle.beta * scanner.gradient)
    from scipy.optimize import brentq

    moments, shares = np.array(particle.shares).T
    weights = moments * shares

    def above_half(x: float) -> float:
        return float(weights @ (langevin_derivative(moments * x) - 1.0 / 6.0))

    # Each size is above half of its maximum at moment x = 1, and below at 3.
    half = float(brentq(above_half, 1.0, 3.0 / moments[0], xtol=1e-13))
    return 2.0 * half / (particle.largest_beta * scanner.gradient)


def chebyshev_basis(count: int, z: Any) -> np.ndarray:
    """Chebyshev polynomials of the second kind U_0 to U_{count-1}.

    Parameters
    ----------
    count : int
        Number of polynomials.
    z : array_like
        float[points], from -1 to 1; G x / A for voxel positions.

    Returns
    -------
    ndarray
        float64[count, points].

    Raises
    ------
    TypeError, ValueError
        If ``count`` is not a positive integer, or ``z`` is not finite and one-dimensional or leaves [-1, 1].

    References
    ----------
    Chae 2017, eq. (11).

    Examples
    --------
    >>> import mpifast
    >>> print(mpifast.analysis.chebyshev_basis(3, [-1.0, 0.0, 1.0]))
    [[ 1.  1.  1.]
     [-2.  0.  2.]
     [ 3. -1.  3.]]
    """
    count = check.integer("count", count, low=1)
    z = check.finite("z", check.real_array("z", z)).astype(np.float64)
    if z.ndim != 1 or (np.abs(z) > 1.0).any():
        raise ValueError(
            f"z must be one-dimensional and within [-1, 1], got shape {z.shape}: divide positions by half the field of "
            "view"
        )
    basis = np.ones((count, len(z)))
    basis[1:2] = 2.0 * z
    for n in range(2, count):
        basis[n] = 2.0 * z * basis[n - 1] - basis[n - 2]
    return basis


def chebyshev_correlation(weights: Any, count: int = 6, margin: int = 0) -> np.ndarray:
    """Correlation of the first columns of a one-layer network's weights with U_0, U_1, ... across the voxels (figure
    10).

    Parameters
    ----------
    weights : array_like
        float[voxels, harmonics], ``network.weights[0]``; voxel positions reach both ends of the field of view.
    count : int, optional
        Columns to compare.
    margin : int, optional
        Voxels left out at either end.

    Returns
    -------
    ndarray
        float64[count]: |correlation| of column k - 1 (harmonic k) with U_{k-1}; for the constant U_0 the cosine
        similarity.

    Raises
    ------
    TypeError, ValueError
        If ``weights`` is not a finite matrix with at least ``count`` columns, and three rows besides the margins.

    Examples
    --------
    >>> import numpy as np
    >>> import mpifast
    >>> z = np.linspace(-1, 1, 129)
    >>> print(mpifast.analysis.chebyshev_correlation(-3 * mpifast.analysis.chebyshev_basis(2, z).T, count=2))
    [1. 1.]
    """
    columns, basis = _columns_and_basis(weights, count)
    margin = check.integer("margin", margin, low=0, high=(columns.shape[1] - 3) // 2)
    inner = slice(margin, columns.shape[1] - margin)
    columns, basis = columns[:, inner], basis[:, inner]
    basis[1:] -= basis[1:].mean(axis=1, keepdims=True)
    columns[1:] -= columns[1:].mean(axis=1, keepdims=True)
    return np.abs((basis * columns).sum(axis=1)) / (np.linalg.norm(basis, axis=1) * np.linalg.norm(columns, axis=1))


def orthogonality(functions: Any) -> np.ndarray:
    """Gram matrix of functions on [-1, 1] under the weight sqrt(1 - z^2), normalised to ones on its diagonal.

    The Gram matrix is the identity for Chebyshev polynomials of the second kind. Convolution with the point spread
    function makes off-diagonal elements large.

    Parameters
    ----------
    functions : array_like
        float[count, points], sampled at equal distances from -1 to 1, both included.

    Returns
    -------
    ndarray
        float64[count, count].

    Raises
    ------
    TypeError, ValueError
        If ``functions`` is not a finite matrix.

    References
    ----------
    Chae 2017, eq. (11).

    Examples
    --------
    >>> import numpy as np
    >>> import mpifast
    >>> basis = mpifast.analysis.chebyshev_basis(3, np.linspace(-1, 1, 2001))
    >>> print(np.abs(mpifast.analysis.orthogonality(basis)).round(3))
    [[1. 0. 0.]
     [0. 1. 0.]
     [0. 0. 1.]]
    """
    functions = check.matrix("functions", functions, what="points").astype(np.float64)
    z = np.linspace(-1.0, 1.0, functions.shape[1])
    gram = (functions * np.sqrt(1.0 - z**2)) @ functions.T
    scale = np.sqrt(np.diag(gram))
    return gram / np.where(scale > 0, scale, 1.0)[:, None] / np.where(scale > 0, scale, 1.0)


def coherence(matrix: Any) -> float:
    """Mutual coherence: the largest |cosine| between two different columns.

    Near 1, neighbouring voxels give nearly the same spectrum.

    Parameters
    ----------
    matrix : array_like
        float[rows, columns], e.g. ``system.real``; at least two columns, none of them zero.

    Returns
    -------
    float
        From 0 (orthogonal columns) to 1.

    Raises
    ------
    TypeError, ValueError
        If ``matrix`` is not finite, has fewer than two columns, or has a column of zeros.

    Examples
    --------
    >>> import numpy as np
    >>> import mpifast
    >>> mpifast.analysis.coherence(np.eye(3))
    0.0
    """
    matrix = check.matrix("matrix", matrix).astype(np.float64)
    length = np.linalg.norm(matrix, axis=0)
    if matrix.shape[1] < 2 or (length == 0).any():
        raise ValueError(
            f"matrix has shape {matrix.shape} and {int((length == 0).sum())} zero columns: give at least two columns, "
            "none of them zero"
        )
    columns, largest = matrix / length, 0.0
    for first in range(0, columns.shape[1], BLOCK):  # never all pairs at once: a volume has too many
        block = columns[:, first : first + BLOCK].copy()  # of its own, as in `normal_equations.gram`
        cosines = np.abs(block.T @ columns[:, first:])
        np.fill_diagonal(cosines, 0.0)
        largest = max(largest, float(cosines.max()))
    return largest


def condition_number(matrix: Any) -> float:
    """Largest singular value over the smallest.

    Parameters
    ----------
    matrix : array_like
        float[rows, columns], e.g. ``system.real``.

    Returns
    -------
    float
        At least 1; infinity for a singular matrix. Values beyond 1e15 are dominated by rounding.

    Raises
    ------
    TypeError, ValueError
        If ``matrix`` is not a finite matrix.

    Examples
    --------
    >>> import mpifast
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> print(round(mpifast.analysis.condition_number(system.real)))
    45
    """
    return float(np.linalg.cond(check.matrix("matrix", matrix).astype(np.float64)))


def end_curvature(weights: Any, count: int = 6) -> np.ndarray:
    """How much more steeply weight columns rise at the ends of the field of view than U_n does (figure 11).

    The paper expects it of sigmoid units, whose target space is the logit of the image, eq. (12): infinite for zeros
    and ones.

    Parameters
    ----------
    weights : array_like
        float[voxels, harmonics], ``network.weights[0]``.
    count : int, optional
        Columns to compare.

    Returns
    -------
    ndarray
        float64[count]: |column| at the two end voxels (their mean) over that of U_{k-1}, each relative to its own root
        mean square over the inner 80 % of the voxels. 1: the column rises like the polynomial.

    Raises
    ------
    TypeError, ValueError
        If ``weights`` is not a finite matrix with at least ``count`` columns and three rows.

    Examples
    --------
    >>> import numpy as np
    >>> import mpifast
    >>> basis = mpifast.analysis.chebyshev_basis(3, np.linspace(-1, 1, 129))
    >>> print(mpifast.analysis.end_curvature(basis.T, count=3))
    [1. 1. 1.]
    """
    columns, basis = _columns_and_basis(weights, count)
    return _rise(columns) / _rise(basis)


def _columns_and_basis(weights: Any, count: Any) -> tuple[np.ndarray, np.ndarray]:
    """The first columns of checked weights and U_0, U_1, ... on the same voxels: float64[count, voxels] each."""
    weights = check.matrix("weights", weights, what="harmonics").astype(np.float64)
    count = check.integer("count", count, low=1, high=weights.shape[1])
    if len(weights) < 3:
        raise ValueError(f"weights has {len(weights)} rows, expected at least 3: give one row for each voxel")
    return weights[:, :count].T.copy(), chebyshev_basis(count, np.linspace(-1.0, 1.0, len(weights)))


def _rise(functions: np.ndarray) -> np.ndarray:
    """Mean magnitude at both ends over the root mean square of the inner 80 %, for each row."""
    margin = max(functions.shape[1] // 10, 1)
    inner = np.sqrt(np.square(functions[:, margin:-margin]).mean(axis=1))
    return 0.5 * (np.abs(functions[:, 0]) + np.abs(functions[:, -1])) / inner
