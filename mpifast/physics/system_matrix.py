"""The system matrix: the spectrum of a unit particle concentration in every voxel."""

from __future__ import annotations

import functools
import hashlib
import json
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from scipy.fft import dct

from mpifast import _validation as check
from mpifast.physics._system_matrix_kernels import fold_magnetization
from mpifast.physics.fields.grid import Grid
from mpifast.physics.fields.scanner import Scanner
from mpifast.physics.fields.sequence import Sequence
from mpifast.physics.linear_system import IMAGINARY, REAL, ROW, LinearSystem, read_only
from mpifast.physics.tracer.description import particle_facts
from mpifast.physics.tracer.particle import Particle

if TYPE_CHECKING:
    from mpifast.physics.systems.scanner_system import ScannerSystem

MODELS = ("langevin", "ideal")
MAX_NODES = 2**17  # about one second of work at the paper's size
DIVIDER = 1000  # of the same scanner on a grid, whose samples are so many a period
MAX_HARMONICS = 10_000
LINE_TOLERANCE, GRID_TOLERANCE = 1e-12, 1e-9  # of one-dimensional scanners, and of each row of others
ROUNDING = 2 * np.finfo(np.float64).eps
CHUNK = 2**20  # numbers transformed together, which bounds the memory


class SystemMatrix(LinearSystem):
    """The linear map u = S c of a computed system. Make one with `system_matrix` or `ideal_system_matrix`.

    Row k - 1 is harmonic k of the drive frequency: the Fourier coefficient of the voltage at that frequency times the
    period, in a receive coil of unit sensitivity (1/m), for concentration 1 in one voxel. Its unit is that of mu0 Ms,
    tesla. A cosine drive makes it purely imaginary, with a sign.

    Attributes
    ----------
    scanner, particle : Scanner, Particle
        What it was computed from.
    model : {"langevin", "ideal"}
        How the magnetisation follows from the field: by the Langevin function, or by the sign function.
    tolerance : float
        Error bound relative to the largest entry; 0 for the closed form of the ideal model.
    nodes : int
        Quadrature nodes the tolerance asked for; 0 for the closed form.

    Examples
    --------
    >>> import mpifast
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9), harmonics=100)
    >>> system.model, system.harmonics, system.matrix.dtype, system.particle.diameter
    ('langevin', 100, dtype('complex128'), 4e-08)
    """

    def __init__(
        self, matrix: np.ndarray, scanner: Scanner, particle: Particle, model: str, tolerance: float, nodes: int
    ) -> None:
        self._matrix = read_only(matrix)
        self.scanner, self.particle = scanner, particle
        self.model = check.choice("model", model, MODELS)
        self.tolerance, self.nodes = tolerance, nodes

    @property
    def harmonics(self) -> int:
        """Number of harmonics, counted from the drive frequency itself."""
        return len(self.matrix)

    @functools.cached_property
    def parts(self) -> tuple[int, ...]:
        """Which parts of the rows are equations: the imaginary ones, for a cosine drive in equilibrium."""
        return (REAL, IMAGINARY) if self.matrix.real.any() else (IMAGINARY,)

    @functools.cached_property
    def rows(self) -> np.ndarray:
        """What each row is: channel 0, the number of the harmonic, its frequency."""
        rows = np.zeros(self.harmonics, ROW)
        rows["number"] = np.arange(1, self.harmonics + 1)
        rows["frequency"] = rows["number"] * self.scanner.drive_frequency
        return read_only(rows)

    @functools.cached_property
    def grid(self) -> Grid:
        """Where the voxels lie."""
        return self.scanner.grid

    @functools.cached_property
    def positions(self) -> np.ndarray:
        """Voxel positions, float64[voxels], metres."""
        return read_only(self.scanner.positions)

    @functools.cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that tell systems apart: a digest of model, scanner, particle and number of
        harmonics.

        Networks and files keep it, to refuse the spectra of another system.

        Examples
        --------
        >>> import mpifast
        >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
        >>> warmer = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9, temperature=310.0))
        >>> system.fingerprint == warmer.fingerprint
        False
        """
        facts = json.dumps(
            [self.model, asdict(self.scanner), particle_facts(self.particle), self.harmonics], sort_keys=True
        )
        return hashlib.sha256(facts.encode()).hexdigest()[:16]


@overload
def system_matrix(
    scanner: Scanner, particle: Particle, harmonics: int | None = None, tolerance: float | None = None
) -> SystemMatrix: ...


@overload
def system_matrix(
    scanner: Sequence,
    particle: Particle,
    *,
    tolerance: float | None = None,
    band: Any = None,
    level: float | None = None,
    mixing_order: int | None = None,
    channels: Any = None,
) -> ScannerSystem: ...


def system_matrix(
    scanner: Scanner | Sequence,
    particle: Particle,
    harmonics: int | None = None,
    tolerance: float | None = None,
    *,
    band: Any = None,
    level: float | None = None,
    mixing_order: int | None = None,
    channels: Any = None,
) -> SystemMatrix | ScannerSystem:
    """System matrix of a Langevin particle: the spectrum of a unit concentration in every voxel.

    For a one-dimensional `Scanner` S_k(x) = -i pi k mu0 Ms c_k(x), with c_k the cosine coefficients of
    L(beta (G x + A cos t)): eq. (3) for a receive coil of unit sensitivity, integrated over one period. Concentration 1
    is material at its saturation magnetisation. The projection is exact: a Gauss-Chebyshev rule whose node count
    follows from the tolerance. Harmonics that are nothing but rounding everywhere (those above about 166 at 20 nm) are
    zero.

    For scanners on a grid row (d, k) is -2 pi i k mu0 Ms mhat_d[k], by the same convention (`ScannerSystem`). Nothing
    is computed until it is asked for. The fastest way is chosen inside: a closed form for one drive field of fixed
    direction; a sum of Kronecker products, which also is an operator without a matrix, where the gradient is diagonal
    and each axis has one drive frequency; time samples in float64, as fine as the tolerance asks for, for any other
    scanner.

    Parameters
    ----------
    scanner : Scanner, LissajousScanner, FieldFreeLineScanner or SampledScanner
        Gradient, drive field and voxels.
    particle : Particle
        The tracer.
    harmonics : int, optional
        Rows of a one-dimensional scanner: harmonics 1 to ``harmonics`` of the drive frequency, at most 10,000; 200 by
        default.
    tolerance : float, optional
        For a one-dimensional scanner the largest error relative to the largest entry, from 1e-13 to 0.1, and because
        of rounding at least 1e-15 times ``harmonics``; 1e-12 by default, or the least that the number of harmonics
        allows. For scanners on a grid the largest error of each row relative to the row's own largest magnitude, 1e-9
        by default. A rounding error of 5e-15 of the coefficients mhat stays whatever the row: rows below it are zero.
    band : (float or None, float or None), optional
        Lowest and highest frequency of the rows, hertz; None: no bound. For scanners on a grid, as all that follow.
    level : float, optional
        Only rows whose largest magnitude is at least this part of the largest row's of all frequencies.
    mixing_order : int, optional
        Only frequencies that a mixing of the drive frequencies up to this order gives.
    channels : sequence of str, optional
        Receive channels out of "x", "y", "z"; those of the scanner by default.

    Returns
    -------
    SystemMatrix or ScannerSystem
        ``matrix`` is complex128[rows, voxels]; all frequencies of each channel by default, from 0 to half the sampling
        rate.

    Raises
    ------
    TypeError, ValueError
        If a parameter is out of range, the particle is so sharp that more than 131,072 nodes would be needed, or its
        relaxation has no model in the fields of the scanner.

    References
    ----------
    Chae 2017, eqs. (1) to (4) and (9); Rahmer et al., BMC Med. Imaging 9:4, 2009.

    Examples
    --------
    >>> import mpifast
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(diameter=40e-9))
    >>> system.matrix.shape, system.nodes
    ((200, 129), 760)
    >>> scanner = mpifast.LissajousScanner(mpifast.Grid((10, 10), (24e-3, 24e-3)))
    >>> system = mpifast.system_matrix(scanner, mpifast.Particle(20e-9), band=(80e3, None), mixing_order=4)
    >>> system
    ScannerSystem(LissajousScanner, 10 rows, grid 10 x 10)
    >>> print(system.rows["channel"], system.rows["number"], system.matrix.shape)
    [0 0 0 0 0 1 1 1 1 1] [64 65 66 67 68 64 65 66 67 68] (10, 100)
    """
    if isinstance(scanner, Sequence):
        if harmonics is not None:
            raise ValueError(f"harmonics={harmonics!r} belongs to a one-dimensional Scanner: give band= or level=")
        from mpifast.physics.systems.scanner_system import ScannerSystem

        limit = GRID_TOLERANCE if tolerance is None else tolerance
        return ScannerSystem(scanner, particle, limit, channels, band, level, mixing_order)
    check.instance("scanner", scanner, Scanner)
    check.instance("particle", particle, Particle)
    others = {"band": band, "level": level, "mixing_order": mixing_order, "channels": channels}
    for name, value in others.items():
        if value is not None:
            raise ValueError(
                f"{name}={value!r} belongs to a scanner on a grid: give harmonics=, or choose rows by system.select()"
            )
    return _line_matrix(scanner, particle, 200 if harmonics is None else harmonics, tolerance)


def _line_matrix(scanner: Scanner, particle: Particle, harmonics: int, tolerance: float | None) -> SystemMatrix:
    """The system matrix of a one-dimensional scanner."""
    harmonics = check.integer("harmonics", harmonics, low=1, high=MAX_HARMONICS)
    rounding = harmonics / 1e15  # a quotient, the double nearest to the decimal number that an error prints
    if tolerance is None:
        tolerance = max(LINE_TOLERANCE, rounding)
    tolerance = check.number("tolerance", tolerance, low=max(1e-13, rounding), high=0.1)
    if not particle.is_plain:
        return _tracer_matrix(scanner, particle, harmonics, tolerance)
    drive = particle.beta * scanner.drive_amplitude
    nodes = node_count(drive, harmonics, tolerance)
    if nodes > MAX_NODES:
        raise ValueError(
            f"diameter={particle.diameter:g} m is too sharp: {nodes:,} quadrature nodes exceed the limit of "
            f"{MAX_NODES:,}; {_cures(drive, harmonics, tolerance)}"
        )
    half = scanner.positions[scanner.voxels // 2 :]  # x >= 0; the rest follows by parity
    coefficients = fourier_coefficients(particle.beta * scanner.gradient * half, drive, harmonics, nodes)
    largest = np.abs(coefficients).max(axis=1)
    coefficients[largest < ROUNDING * largest.max()] = 0.0  # scaled up, rounding would be a signal that no scanner has
    return _assemble(coefficients, scanner, particle, "langevin", tolerance, nodes)


def ideal_system_matrix(scanner: Scanner, particle: Particle, harmonics: int = 200) -> SystemMatrix:
    """System matrix in the limit of an infinitely sharp particle: weighted Chebyshev polynomials.

    L becomes the sign function and k c_k = (4/pi) sqrt(1 - y^2) U_{k-1}(-y), y = G x/A, zero outside the field of view.
    Only the saturation magnetisation of ``particle`` matters.

    Parameters
    ----------
    scanner, particle, harmonics
        As for `system_matrix`.

    Returns
    -------
    SystemMatrix
        ``matrix`` is complex128[harmonics, voxels].

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of range.

    References
    ----------
    Rahmer et al., BMC Med. Imaging 9:4, 2009; Chae 2017, section IV.1.

    Examples
    --------
    >>> import mpifast
    >>> ideal = mpifast.ideal_system_matrix(mpifast.Scanner(voxels=3), mpifast.Particle(40e-9), harmonics=1)
    >>> print(ideal.real.round(3))
    [[-0.  -2.4 -0. ]]
    """
    check.instance("scanner", scanner, Scanner)
    check.instance("particle", particle, Particle)
    for name in ("sizes", "relaxation", "anisotropy"):
        if getattr(particle, name) is not None:
            raise ValueError(f"{name}={getattr(particle, name)!r:.60} has no limit of sharp particles: leave it out")
    harmonics = check.integer("harmonics", harmonics, low=1, high=MAX_HARMONICS)
    half = scanner.positions[scanner.voxels // 2 :]
    order = np.arange(1, harmonics + 1)[:, None]
    # sqrt(1 - y^2) U_{k-1}(cos angle) = sin(k angle), with cos angle = -y.
    angle = np.arccos(np.clip(-2.0 * half / scanner.field_of_view, -1.0, 1.0))
    inside = np.where(np.abs(half) < 0.5 * scanner.field_of_view, 1.0, 0.0)
    return _assemble(4.0 / (np.pi * order) * np.sin(order * angle) * inside, scanner, particle, "ideal", 0.0, 0)


def fourier_coefficients(offsets: np.ndarray, drive: float, harmonics: int, nodes: int) -> np.ndarray:
    """Cosine coefficients of the magnetisation, c_n(a, b) = (2/pi) int_0^pi L(a + b cos t) cos(n t) dt.

    By the N-point Gauss-Chebyshev rule t_j = pi (j + 1/2) / N, which is a cosine transform and converges geometrically.
    The nodes t and pi - t share abs(cos(n t)), so even harmonics need only L(a + b cos t) + L(a - b cos t), odd ones
    the difference: two transforms of half the length, and at a = 0 even harmonics are exactly zero.

    Parameters
    ----------
    offsets : ndarray
        a, float64[offsets], dimensionless.
    drive : float
        b, dimensionless.
    harmonics : int
        Highest n, below ``nodes``.
    nodes : int
        N, even.

    Returns
    -------
    ndarray
        float64[harmonics, offsets], n = 1, 2, ...
    """
    field = drive * np.cos(np.pi / nodes * (np.arange(nodes // 2) + 0.5))
    coefficients = np.empty((harmonics, len(offsets)))
    step = min(max(CHUNK // nodes, 1), len(offsets))
    differences, sums = np.empty((2, step, nodes // 2))
    for first in range(0, len(offsets), step):
        part = offsets[first : first + step]
        fold_magnetization(part, field, differences, sums)
        odd, even = coefficients[0::2, first : first + step], coefficients[1::2, first : first + step]
        odd[:] = dct(differences[: len(part)], type=4)[:, : len(odd)].T
        even[:] = dct(sums[: len(part)], type=2)[:, 1 : len(even) + 1].T
    return coefficients / nodes


def node_count(drive: float, harmonics: int, tolerance: float) -> int:
    """Gauss-Chebyshev nodes that keep the error of every k c_k, k <= ``harmonics``, below ``tolerance`` times the
    largest.

    The N-point rule folds c_{2N-k} onto c_k. The pole of coth nearest the drive interval makes |c_n| fall at least as
    fast as 4 rho^-n / sqrt(pi^2 + b^2), rho = pi/b + sqrt(1 + (pi/b)^2), and the largest k c_k is at least c_1 >= L(b).

    Parameters
    ----------
    drive : float
        b = beta A, dimensionless.
    harmonics : int
        Highest harmonic.
    tolerance : float
        Error relative to the largest entry.

    Returns
    -------
    int
        A multiple of 8.
    """
    rate = math.asinh(math.pi / drive)  # ln rho
    largest = drive / (3.0 + drive)  # below L(b) for every b
    poles = (
        8.0 / -math.expm1(-2.0 * rate) / math.hypot(math.pi, drive)
    )  # both neighbours 2N +- k, and the poles behind the first
    needed = 0.5 * (harmonics + math.log(max(harmonics * poles / (largest * tolerance), 2.0)) / rate)
    return 8 * math.ceil(max(needed, harmonics + 1) / 8) if needed < 1e15 else 10**15


def _tracer_matrix(scanner: Scanner, particle: Particle, harmonics: int, tolerance: float) -> SystemMatrix:
    """The matrix of a particle that is more than its diameter, by the routes of the scanners on a grid."""
    from mpifast.physics.fields.lissajous import LissajousScanner
    from mpifast.physics.systems.routes import refuse_without_model, route_of

    gradient, amplitude, frequency = scanner.gradient, scanner.drive_amplitude, scanner.drive_frequency
    sequence = LissajousScanner(
        scanner.grid,
        (gradient, -0.5 * gradient, -0.5 * gradient),
        (amplitude, 0.0, 0.0),
        (DIVIDER, 1, 1),
        DIVIDER * frequency,
        channels=("x",),
    )
    refuse_without_model(sequence, particle)
    numbers = np.arange(1, harmonics + 1)
    rows = route_of(sequence, particle.equilibrium, np.zeros_like(numbers), numbers, tolerance).rows()
    gain = -2j * np.pi * numbers * particle.saturation_field * particle.response(numbers * frequency)
    return SystemMatrix(gain[:, None] * rows, scanner, particle, "langevin", tolerance, 0)


def _cures(drive: float, harmonics: int, tolerance: float) -> str:
    """What to do about too many nodes; a tolerance is offered only where it suffices."""
    looser = (float(f"1e-{digits}") for digits in range(12, 0, -1))
    enough = [value for value in looser if value > tolerance and node_count(drive, harmonics, value) <= MAX_NODES]
    cure = f"give tolerance={enough[0]:g}" if enough else "give a smaller diameter or drive amplitude"
    return f"{cure}, or use ideal_system_matrix, the limit of sharp particles"


def _assemble(
    coefficients: np.ndarray, scanner: Scanner, particle: Particle, model: str, tolerance: float, nodes: int
) -> SystemMatrix:
    """Mirror c_k(-x) = (-1)^(k+1) c_k(x) onto the other half of the voxels and scale to eq. (3)."""
    left, harmonics = scanner.voxels // 2, len(coefficients)
    matrix = np.zeros((harmonics, scanner.voxels), dtype=np.complex128)
    imag = matrix.imag
    np.multiply(
        coefficients, -np.pi * particle.saturation_field * np.arange(1, harmonics + 1)[:, None], out=imag[:, left:]
    )
    imag[0::2, :left] = imag[0::2, : -left - 1 : -1]
    np.negative(imag[1::2, : -left - 1 : -1], out=imag[1::2, :left])
    return SystemMatrix(matrix, scanner, particle, model, tolerance, nodes)
