"""One drive field of fixed direction: the closed form of the magnetisation's Fourier coefficients.

With xi = (a + b cos t) e + h f, e the direction of the drive field and f across it, the poles of L(x)/x give

    c_n^e = 4 sum_k Re(w_k^n / s_k),   c_n^f = -4 h sum_k Im(w_k^n / s_k) / kappa_k,
    kappa_k = sqrt(k^2 pi^2 + h^2),   z_k = a + i kappa_k,   s_k = sqrt(z_k - b) sqrt(z_k + b),   w_k = -b / (z_k + s_k)

for the cosine series m = c_0/2 + sum_n c_n cos(n t). It holds for any static gradient: magnetic particle spectrometers
with an offset field, the lines of a Cartesian scan, and a field-free line on and off its plane. Of several sizes it is
the sum, each with its own argument.

The infinite sum becomes a short one by Gauss's rule. L(x)/x is the Stieltjes function of a discrete measure whose
orthogonal polynomials are Lommel's: the continued fraction L(x) = x/(3 + x^2/(5 + x^2/(7 + ...))). Its rule of R nodes
has the first poles and weights to the last bit, and sums all the others with few nodes far out. As |w_k| is the largest
for the first pole, the relative error of a coefficient does not grow with n, however small the coefficient is.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from scipy.linalg import eigh_tridiagonal

from mpifast.physics.fields.sequence import Sequence, turned
from mpifast.physics.tracer.particle import Particle

LARGEST_FIELD = 1e6  # xi; a thousand times what scanners do, at 3,200 poles
BLOCK = 2**17  # poles times voxels of one step


def refuse_sharp(particle: Particle, largest: float) -> None:
    """Refuse a particle for which beta times the field reaches so far that any route would take too long.

    Raises
    ------
    ValueError
        If it is above 1e6.
    """
    if not largest <= LARGEST_FIELD:
        sizes = "" if particle.sizes is None else f" with {particle.sizes}"
        narrower = "" if particle.sizes is None else " a narrower distribution of sizes,"
        raise ValueError(
            f"diameter={particle.diameter:g} m{sizes} is too sharp: beta times the field reaches {largest:g}, the limit"
            f" is {LARGEST_FIELD:g}; use smaller particles,{narrower} a smaller grid, or weaker fields"
        )


@functools.lru_cache(maxsize=64)
def pole_rule(nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Poles k pi and weights, float64[nodes] each: L(x) = 2 x sum_k weight_k / (x^2 + pole_k^2).

    Examples
    --------
    >>> poles, weights = pole_rule(10)
    >>> print((poles[:3] / 3.141592653589793).round(6), weights[:3].round(6))
    [1. 2. 3.] [1. 1. 1.]
    """
    m = np.arange(1, 2 * nodes)
    reciprocals, vectors = eigh_tridiagonal(np.zeros(2 * nodes), 1.0 / np.sqrt((2.0 * m + 1.0) * (2.0 * m + 3.0)))
    reciprocals, first = reciprocals[: nodes - 1 : -1], vectors[0, : nodes - 1 : -1]
    return 1.0 / reciprocals, (first / reciprocals) ** 2 / 3.0


def node_count(largest: float) -> int:
    """Nodes that keep the error of L on [0, largest] at 1e-15; it falls like exp(-3.8 nodes^2 / largest)."""
    return 8 + math.ceil(math.sqrt(10.0 * largest))


def line_coefficients(
    along: np.ndarray, drive: float, across: np.ndarray, orders: np.ndarray, nodes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Cosine coefficients c_n along and across the drive field.

    Parameters
    ----------
    along, across : ndarray
        a and h >= 0, float64[points], dimensionless.
    drive : float
        b > 0.
    orders : ndarray
        n, int64[orders], rising.
    nodes : int
        Of the rule, as `node_count` gives it for the largest field.

    Returns
    -------
    tuple of ndarray
        c_n^e and c_n^f, float64[orders, points]. Their error is 1e-13 of the largest coefficient of the order, or less.
    """
    poles, weights = (part[:, None] for part in pole_rule(nodes))
    parallel, perpendicular = np.empty((2, len(orders), len(along)))
    height = np.hypot(poles, across)
    z = along + 1j * height
    s = np.sqrt(z - drive) * np.sqrt(z + drive)
    w, term, n = -drive / (z + s), weights / s, 0
    for row, order in enumerate(orders):
        while n < order:
            term *= w
            n += 1
        parallel[row] = 4.0 * term.real.sum(axis=0)
        perpendicular[row] = -4.0 * across * (term.imag / height).sum(axis=0)
    return parallel, perpendicular


def line_rows(
    scanner: Sequence, particle: Particle, channels: np.ndarray, numbers: np.ndarray, voxels: slice = slice(None)
) -> np.ndarray:
    """Fourier coefficients of the magnetisation over saturation, by the closed form.

    Parameters
    ----------
    scanner : Sequence
        One with a `Sequence.line_drive`.
    particle : Particle
        The tracer.
    channels, numbers : ndarray
        Component (0, 1, 2) and frequency number k >= 0 of each row, int64[rows].
    voxels : slice, optional
        Which voxels; all by default.

    Returns
    -------
    ndarray
        mhat, complex128[rows, voxels], two-sided: the mean over a period of m exp(-2 pi i k t / period). Rows of
        numbers that are no multiple of the drive frequency are zero.

    Raises
    ------
    ValueError
        If the drive field has no fixed direction, or beta times the field is above 1e6.
    """
    drive = scanner.line_drive()
    if drive is None:
        raise ValueError(f"{scanner!r} has no single drive field of fixed direction: sample it in time")
    direction, amplitude = np.array(drive.direction), particle.largest_beta * drive.amplitude
    offset = scanner.drive_field_at(0.0) - direction * drive.amplitude * math.sin(drive.phase)
    field = particle.largest_beta * (turned(scanner.positions, scanner.gradient_at(0.0)) + offset)
    along = (field * direction).sum(axis=1)
    rest = field - along[:, None] * direction
    across = np.sqrt((rest**2).sum(axis=1))
    largest = math.hypot(float(np.abs(along).max()) + amplitude, float(across.max()))
    refuse_sharp(particle, largest)
    hit = np.flatnonzero(numbers % drive.multiple == 0)  # the other rows are zero
    orders, order_of = np.unique(numbers[hit] // drive.multiple, return_inverse=True)
    turns = 0.5 * np.exp(1j * orders * (drive.phase - 0.5 * math.pi))  # two-sided, and from cosine to sine
    first, last, _ = voxels.indices(len(along))
    result = np.zeros((len(numbers), max(0, last - first)), np.complex128)
    step = max(8, BLOCK // node_count(largest))
    for start in range(first - first % step, last, step):  # whole blocks, whose bits do not depend on the slice
        part = slice(start, start + step)
        parallel, perpendicular = np.zeros((2, len(orders), len(along[part])))
        for moment, share in particle.shares:
            field_of_size = moment * along[part], moment * amplitude, moment * across[part]
            of_size = line_coefficients(*field_of_size, orders, node_count(moment * largest))
            parallel += share * of_size[0]
            perpendicular += share * of_size[1]
        perpendicular /= np.where(across[part] > 0.0, across[part], 1.0)
        place, wanted = slice(max(start - first, 0), start + step - first), slice(max(first - start, 0), last - start)
        for row, order in zip(hit, order_of, strict=True):
            axis = channels[row]
            values = direction[axis] * parallel[order] + rest[part, axis] * perpendicular[order]
            result[row, place] = turns[order] * values[wanted]
    return result
