"""Linear systems u = S c: what every consumer of a system takes, whoever made it.

A system may be computed from a scanner and a tracer (`SystemMatrix`), read from a calibration file, or wrapped around
an array (`array_system`). Data sets, networks, solvers, files and bridges use only what is here.
"""

from __future__ import annotations

import copy
import functools
import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from mpifast import _validation as check
from mpifast.physics.fields.grid import Grid
from mpifast.physics.noise import noise_level
from mpifast.physics.precision import condition_of, warn_of_float32
from mpifast.physics.receive.sensitivity import coil_rows
from mpifast.physics.receive.stop_bands import inside
from mpifast.physics.receive.transfer_function import row_factors
from mpifast.physics.view import SystemView

ROW = np.dtype([("channel", np.int16), ("number", np.int64), ("frequency", np.float64)])
EQUATION = np.dtype([*ROW.descr, ("part", np.int8)])
REAL, IMAGINARY = 0, 1


class Piece(NamedTuple):
    """Some real equations of a system, on some of its voxels; they are zero on the others.

    ``real`` [e, n]; ``equations`` int64[e], their numbers in the system; ``columns`` int64[n], the voxels, each once,
    or None for all.
    """

    real: np.ndarray
    equations: np.ndarray
    columns: np.ndarray | None


class LinearSystem(SystemView):
    """A linear map u = S c from the concentrations c in all voxels to a spectrum u; see `mpifast.linear_system`.

    Concentrations are real, spectra complex, so S acts as a set of real equations: the real parts of its rows, then
    the imaginary parts. A part that is zero in the whole matrix is left out: the spectrum of a cosine drive is purely
    imaginary, and one real equation a row says everything.

    Examples
    --------
    >>> import mpifast, numpy as np
    >>> system = mpifast.linear_system(np.array([[1.0, 2j], [3.0, 0.0]]))
    >>> system
    LinearSystem(2 rows, 2 voxels, 4 real equations)
    >>> print(system.real)
    [[1. 0.]
     [3. 0.]
     [0. 2.]
     [0. 0.]]
    """

    _transfer_function: np.ndarray | None = None

    def __init__(
        self,
        matrix: np.ndarray,
        rows: np.ndarray,
        grid: Grid | None = None,
        transfer_function: np.ndarray | None = None,
    ) -> None:
        self._matrix, self._rows, self._grid, self._transfer_function = matrix, rows, grid, transfer_function

    def __repr__(self) -> str:
        facts = [f"{len(self.rows)} rows", f"{self.voxels} voxels"]
        if self.grid and len(self.grid.shape) > 1:
            facts.append(f"grid {' x '.join(map(str, self.grid.shape))}")
        return f"{type(self).__name__}({', '.join([*facts, *self._equations_in_words()])})"

    @property
    def matrix(self) -> np.ndarray:
        """The matrix S, complex or real[rows, voxels], read-only: in double precision if it was computed, in its own if
        it was measured or given.
        """
        return self._matrix

    @property
    def rows(self) -> np.ndarray:
        """What each row is, a structured array with the fields ``channel`` (0, 1, 2), ``number`` (of the frequency: a
        multiple of the reciprocal period) and ``frequency`` (Hz; NaN where it is not known).
        """
        return self._rows

    @property
    def grid(self) -> Grid | None:
        """Where the voxels lie, if that is known."""
        return self._grid

    @property
    def voxels(self) -> int:
        """Number of voxels."""
        return int(self.matrix.shape[1])

    @property
    def spectrum_rows(self) -> int:
        """Number of rows of the complex spectra that `to_real` takes: of the system before its rows were merged."""
        return len(self.rows)

    @property
    def spectrum_parts(self) -> tuple[int, ...]:
        """The parts that real spectra have: of the system before its rows were rotated or merged."""
        return self.parts

    @property
    def transfer_function(self) -> np.ndarray | None:
        """The factors of the receive chain that the rows contain, complex128[rows], read-only: those of
        `with_transfer_function`, or of a file; None if there are none, or they are unknown.
        """
        return self._transfer_function

    @functools.cached_property
    def parts(self) -> tuple[int, ...]:
        """Which parts of the rows are equations: 0 the real ones, 1 the imaginary ones."""
        if not np.iscomplexobj(self.matrix) or not self.matrix.imag.any():
            return (REAL,)
        return (REAL, IMAGINARY) if self.matrix.real.any() else (IMAGINARY,)

    @functools.cached_property
    def equations(self) -> np.ndarray:
        """What each row of `real` is: the fields of `rows`, and ``part`` (0 real, 1 imaginary)."""
        labels = np.empty((len(self.parts), len(self.rows)), EQUATION)
        for k, part in enumerate(self.parts):
            for name in ROW.names or ():
                labels[name][k] = self.rows[name]
            labels["part"][k] = part
        return read_only(labels.reshape(-1))

    @functools.cached_property
    def real(self) -> np.ndarray:
        """The system as real equations, float64[equations, voxels], or float32 of a matrix in single precision; made on
        first use.

        Magnitudes would not do: the sign carries the image.
        """
        pieces = [self.matrix.real if part == REAL else self.matrix.imag for part in self.parts]
        return read_only(np.ascontiguousarray(pieces[0]) if len(pieces) == 1 else np.concatenate(pieces))

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The system as real equations in the way it is stored: `real` as one piece, here."""
        return (Piece(self.real, np.arange(len(self.equations)), None),)

    def real_rows(self, numbers: Any) -> np.ndarray:
        """Some rows of `real`, [numbers, voxels]: a copy. A large computed system does not form the others for it.

        Parameters
        ----------
        numbers : array_like
            int[n], which equations.

        Examples
        --------
        >>> import mpifast
        >>> system = mpifast.linear_system([[1.0, 2j], [3.0, 0.0]])
        >>> print(system.real_rows([2, 1]))
        [[0. 2.]
         [3. 0.]]
        """
        return self.real[np.asarray(numbers, np.int64)]

    @functools.cached_property
    def svd(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Singular value decomposition of `real`: U float64[equations, k], falling values float64[k], V^T
        float64[k, voxels]; made on first use.
        """
        left, values, right = np.linalg.svd(self.real.astype(np.float64), full_matrices=False)
        return read_only(left), read_only(values), read_only(right)

    @functools.cached_property
    def condition(self) -> float:
        """Condition number of `real`, or a lower bound of it (`mpifast.physics.precision.condition_of`); found on first
        use.
        """
        return condition_of(self.real)

    @functools.cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that tell systems apart: a digest of the matrix, its row labels and its grid.

        Networks and files keep it, to refuse the spectra of another system.
        """
        digest = hashlib.sha256(repr((self.matrix.dtype.str, self.matrix.shape, self.grid)).encode())
        digest.update(np.ascontiguousarray(self.rows).tobytes())
        digest.update(np.ascontiguousarray(self.matrix).data)
        return digest.hexdigest()[:16]

    @functools.cached_property
    def forward_model(self) -> Any:
        """The fast forward model behind `spectra` (`mpifast.physics.forward.ForwardModel`), made on first use."""
        from mpifast.physics.forward import ForwardModel  # here: physics alone does not load Numba

        return ForwardModel(self.real, self.grid.shape if self.grid else None)

    def spectra(
        self,
        phantoms: Any,
        dtype: Any = "float32",
        threads: int | None = None,
        *,
        snr_db: float | None = None,
        seed: int = 0,
        start: int = 0,
    ) -> np.ndarray:
        """Spectra of phantoms at hand, as real equations: u = S c (eq. 4), with or without noise.

        Parameters
        ----------
        phantoms : array_like
            [n, voxels] concentrations, uint8 or float; 1 is material at its saturation magnetisation. Binary phantoms
            (integers 0 and 1) are summed from look-up tables where these fit into a cache, others by the ordinary
            product.
        dtype : {"float32", "float64"}, optional
            Type of the result.
        threads : int, optional
            Number of threads; all by default. The result does not depend on it.
        snr_db : float, optional
            Signal-to-noise ratio in decibels, as for `mpifast.Spectra`: the noise is white and Gaussian, and its level
            follows from the system alone (`mpifast.physics.noise.noise_level`). So it is as strong for all phantoms,
            and the ratio is that of random phantoms with half their voxels filled. None: no noise.
        seed : int, optional
            Seed of the noise. Phantom i has the noise of sample ``start + i`` of `mpifast.Spectra` with this seed: take
            another one than that of a training set.
        start : int, optional
            Sample number of the first phantom, to make the spectra of many phantoms part by part.

        Returns
        -------
        ndarray
            dtype[n, equations]; for a cosine drive the signed imaginary part of the spectra. `to_complex` makes
            complex spectra of it.

        Raises
        ------
        TypeError, ValueError
            If ``phantoms`` is not a finite real [n, voxels] array, or another argument is of the wrong type or out of
            range.

        Warns
        -----
        PrecisionWarning
            If noise-free float32 spectra are asked of a system so ill-conditioned that rounding counts as noise.

        Examples
        --------
        >>> import mpifast
        >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
        >>> letters = mpifast.phantoms.letters("MPI")
        >>> u = system.spectra(letters, snr_db=25.0, seed=7)
        >>> u.shape
        (20, 200)
        >>> bool((system.spectra(letters[10:], snr_db=25.0, seed=7, start=10) == u[10:]).all())
        True
        """
        dtype, level = check.float_dtype("dtype", dtype), self.noise_level(snr_db)
        seed, start = check.seed("seed", seed), check.integer("start", start, high=2**62)
        if snr_db is None and dtype == np.float32:
            warn_of_float32(self.condition, stacklevel=2)
        u: np.ndarray = self.forward_model(phantoms, dtype=dtype, threads=threads)
        if level > 0.0:
            from mpifast.physics.forward import add_noise  # here, as in `forward_model`

            add_noise(u, level, seed, start, threads)
        return u

    def noise_level(self, snr_db: Any, density: float = 0.5) -> float:
        """Standard deviation of the noise for a signal-to-noise ratio in decibels: `mpifast.physics.noise.noise_level`.

        Examples
        --------
        >>> import mpifast, numpy as np
        >>> system = mpifast.linear_system(np.eye(2))
        >>> print(round(system.noise_level(20.0), 6))  # rms of the signal: sqrt(1/2)
        0.070711
        """
        return noise_level(self.real, snr_db, density)

    def forward(self, phantoms: Any, threads: int | None = None) -> np.ndarray:
        """Complex spectra u = S c of phantoms [n, voxels]: complex128[n, rows].

        Examples
        --------
        >>> import mpifast
        >>> system = mpifast.linear_system([[1.0, 2j], [3.0, 0.0]])
        >>> print(system.forward([[1.0, 1.0]]))
        [[1.+2.j 3.+0.j]]
        """
        return self.to_complex(self.forward_model(phantoms, dtype="float64", threads=threads))

    def adjoint(self, u: Any, threads: int | None = None) -> np.ndarray:
        """The adjoint of `forward`, Re(S^H u), for spectra as `to_real` takes them: float64[n, voxels].

        Examples
        --------
        >>> import mpifast
        >>> system = mpifast.linear_system([[1.0, 2j], [3.0, 0.0]])
        >>> print(system.adjoint([[1.0 + 1j, 2.0]]))
        [[7. 2.]]
        """
        return self.forward_model.adjoint(self.to_real(u), threads=threads)

    def to_real(self, u: Any, name: str = "u") -> np.ndarray:
        """Spectra as right-hand sides of the real equations.

        Parameters
        ----------
        u : array_like
            Complex [n, rows], or real [n, equations], which are returned as they are. Where only one part of the rows
            is an equation the other one is ignored: no real image has to do with it.
        name : str, optional
            What an error calls the argument.

        Returns
        -------
        ndarray
            float64[n, equations].

        Raises
        ------
        TypeError, ValueError
            If the array is of another shape or kind, or not finite.

        Examples
        --------
        >>> import mpifast
        >>> system = mpifast.linear_system([[1.0, 2j], [3.0, 0.0]])
        >>> print(system.to_real([[5.0 + 6j, 7.0]]))
        [[5. 7. 6. 0.]]
        """
        array = check.number_array(name, u)
        columns, what = len(self.equations), "equations (real and imaginary parts)" if len(self.parts) > 1 else "rows"
        if not np.iscomplexobj(array):
            return np.ascontiguousarray(check.matrix(name, array, columns, what=what, empty=True), np.float64)
        rows = len(self.rows)
        pieces = [
            check.matrix(name, array.real if part == REAL else array.imag, rows, what="rows", empty=True)
            for part in self.parts
        ]
        return np.ascontiguousarray(np.concatenate(pieces, axis=1), np.float64)

    def to_complex(self, u: Any) -> np.ndarray:
        """Right-hand sides of the real equations [n, equations] as complex spectra, complex128[n, rows].

        Examples
        --------
        >>> import mpifast
        >>> system = mpifast.system_matrix(mpifast.Scanner(voxels=3), mpifast.Particle(40e-9), harmonics=1)
        >>> print(system.to_complex([[2.0]]))
        [[0.+2.j]]
        """
        array = check.matrix("u", u, len(self.equations), what="equations", empty=True)
        return complex_spectra(array, len(self.rows), self.parts)

    def _spectra_before(self, array: np.ndarray, name: str) -> np.ndarray | None:
        """Spectra of the system before its rows were rotated or merged, complex[n, spectrum_rows], of complex or real
        ones; None of real ones [n, equations], which are right-hand sides already.
        """
        rows, parts = self.spectrum_rows, self.spectrum_parts
        if np.iscomplexobj(array):
            return check.matrix(name, array, rows, what="rows", complex_too=True, empty=True)
        width = array.shape[1] if array.ndim == 2 else -1
        if width == len(self.equations) or width != rows * len(parts):
            return None
        return complex_spectra(check.matrix(name, array, width, empty=True), rows, parts)

    def image(self, c: Any) -> np.ndarray:
        """Images or phantoms [n, voxels] on the grid: [n, *grid.shape].

        Raises
        ------
        ValueError
            If the system has no grid, or ``c`` another number of voxels.

        Examples
        --------
        >>> import mpifast, numpy as np
        >>> system = mpifast.linear_system(np.ones((1, 6)), mpifast.Grid((2, 3), (2e-3, 3e-3)))
        >>> system.image(np.zeros((5, 6))).shape
        (5, 2, 3)
        """
        array = check.matrix("c", c, self.voxels, what="voxels", empty=True)
        if self.grid is None:
            raise ValueError(
                "the system has no grid: give one, e.g. mpifast.linear_system(array, grid=mpifast.Grid(...))"
            )
        return array.reshape(len(array), *self.grid.shape)

    def with_transfer_function(self, values: Any) -> LinearSystem:
        """The same system behind a receive chain: each row times a complex factor.

        Parameters
        ----------
        values : array_like or callable
            One factor for each row, complex[rows]; or complex[channels, numbers], one array for each channel over all
            frequency numbers from 0 on, as MDF files have it; or a function of (frequency, channel), float[rows] in
            hertz and int[rows], that gives complex[rows], such as `mpifast.receive.notch`.

        Returns
        -------
        LinearSystem
            With the same rows and grid, and its own fingerprint; a second transfer function multiplies the first. The
            system of a scanner on a grid stays one, of which nothing is computed; any other becomes a system of the
            matrix alone. A factor of zero makes a row of zeros, which tells nothing about an image: `select` leaves it
            out.

        Raises
        ------
        TypeError, ValueError
            If the factors are no numbers, of another shape or not finite, or a function is given and the system does
            not know its frequencies.

        Notes
        -----
        The phase is that of Fourier coefficients with exp(-2 pi i f t), in mpifast and in MDF files: a delay tau is the
        factor exp(-2 pi i f tau). A real row times a complex factor makes two real equations that say the same, of
        which noise disturbs each: `equations` doubles.

        Examples
        --------
        >>> import mpifast
        >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
        >>> received = system.with_transfer_function(mpifast.receive.high_pass(60e3))
        >>> received
        LinearSystem(200 rows, 129 voxels, 400 real equations)
        >>> print(abs(received.transfer_function[:4]).round(3))  # 20, 40, 60 and 80 kHz
        [0.11  0.406 0.707 0.872]
        """
        return self._received(row_factors(values, self.rows))

    def _received(self, factors: np.ndarray) -> LinearSystem:
        """The system with its rows times complex128[rows]."""
        with np.errstate(over="ignore", invalid="ignore"):
            matrix = check.finite("the matrix times values", self.matrix * factors[:, None])
        return LinearSystem(read_only(matrix), self.rows, copy.copy(self.grid), self._factors_with(factors))

    def _factors_with(self, factors: np.ndarray) -> np.ndarray:
        """The transfer function after another one."""
        if self.transfer_function is not None:
            with np.errstate(over="ignore", invalid="ignore"):
                factors = check.finite("the product of the transfer functions", self.transfer_function * factors)
        return read_only(factors)

    def with_sensitivity(self, maps: Any) -> LinearSystem:
        """The system of receive coils of other directions, or of sensitivities that depend on the position.

        The row of coil c at frequency number k is the sum over the axes x, y, z of its sensitivity along the axis, in
        each voxel, times the row of the axis at k: reciprocity, u_c = sum_d p_c,d(r) m_d(r).

        Parameters
        ----------
        maps : array_like
            float[coils, 3], the direction of each coil of constant sensitivity along x, y, z; or
            float[coils, 3, voxels], a field of vectors for each coil. 1/m: the unit sensitivity of a computed system
            is 1.

        Returns
        -------
        LinearSystem
            Of the matrix alone, complex128[coils * numbers, voxels], which is made at once and so has to fit in memory.
            The channel of a row is the number of its coil; frequencies and grid stay. Its error is the sum of the
            errors of the rows that it mixes, each times the sensitivity: where these cancel, relatively more.

        Raises
        ------
        TypeError, ValueError
            If ``maps`` is of another shape, not real or not finite, the system lacks rows that a coil needs or has
            channels other than 0, 1, 2 for x, y, z, or it has a transfer function: that comes after the coils.

        Examples
        --------
        >>> import mpifast, numpy as np
        >>> scanner = mpifast.LissajousScanner(mpifast.Grid((10, 10), (24e-3, 24e-3)))
        >>> system = mpifast.system_matrix(scanner, mpifast.Particle(20e-9), mixing_order=3)
        >>> turned = system.with_sensitivity([[0.6, 0.8, 0.0], [-0.8, 0.6, 0.0]])
        >>> turned.matrix.shape == system.matrix.shape
        True
        >>> near = 1.0 + scanner.positions[:, 0] / 50e-3  # a coil along x that is stronger at one end
        >>> curved = system.with_sensitivity([[near, 0 * near, 0 * near]])
        >>> bool(np.allclose(curved.matrix, system.select(channels=[0]).matrix * near))
        True
        """
        if self.transfer_function is not None:
            raise ValueError(
                "the system has a transfer function, which comes after the coils: call with_sensitivity first, then"
                " with_transfer_function"
            )
        matrix, rows = coil_rows(self.matrix, self.rows, maps)
        return LinearSystem(
            read_only(check.finite("maps times the matrix", matrix)), read_only(rows), copy.copy(self.grid)
        )

    def select(
        self,
        rows: Any = None,
        *,
        channels: Any = None,
        band: Sequence[float | None] | None = None,
        stop: Sequence[Sequence[float]] | None = None,
    ) -> LinearSystem:
        """The same system with fewer rows; all conditions have to hold.

        Parameters
        ----------
        rows : array_like, optional
            bool[rows], or row numbers, counted from 0.
        channels : sequence of int, optional
            Receive channels, counted from 0.
        band : (float or None, float or None), optional
            Lowest and highest frequency, hertz; None: no bound.
        stop : sequence of (float, float), optional
            Bands to leave out, edges included, hertz: `mpifast.receive.band_stop` gives those around the drive
            frequencies.

        Returns
        -------
        LinearSystem
            With its own fingerprint.

        Raises
        ------
        TypeError, ValueError, IndexError
            If an argument is of the wrong type or range, or nothing is left.

        Examples
        --------
        >>> import mpifast
        >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
        >>> system.select(band=(50e3, 1e6))
        LinearSystem(48 rows, 129 voxels, 48 real equations)
        >>> system.select(band=(None, 1e6), stop=[(15e3, 25e3)])  # without the drive frequency, 20 kHz
        LinearSystem(49 rows, 129 voxels, 49 real equations)
        """
        kept = np.ones(len(self.rows), bool) if rows is None else _chosen(rows, len(self.rows))
        if channels is not None:
            wanted = [check.integer("channels", channel) for channel in check.sequence("channels", channels)]
            kept &= np.isin(self.rows["channel"], wanted)
        if band is not None:
            edges = check.sequence("band", band)
            if len(edges) != 2:
                raise ValueError(f"band={band!r}: give the lowest and the highest frequency, or None for no bound")
            low, high = (None if edge is None else check.number("band", edge, low=0.0, unit="Hz") for edge in edges)
            kept &= self.rows["frequency"] >= low if low is not None else True
            kept &= self.rows["frequency"] <= high if high is not None else True
        if stop is not None:
            kept &= ~inside(self.rows["frequency"], stop)
        if not kept.any():
            given = f"rows={rows}, channels={channels}, band={band}" + ("" if stop is None else f", stop={stop}")
            raise ValueError(f"{given} leave no row of {self!r}: choose more")
        return self._restricted(kept)

    def _restricted(self, kept: np.ndarray) -> LinearSystem:
        """The system of the rows bool[rows]."""
        factors = None if self.transfer_function is None else read_only(self.transfer_function[kept])
        return LinearSystem(read_only(self.matrix[kept]), read_only(self.rows[kept]), copy.copy(self.grid), factors)

    def as_linear_operator(self) -> Any:
        """The map u = S c with its adjoint, in the form that iterative solvers of other libraries take.

        Returns
        -------
        scipy.sparse.linalg.LinearOperator
            float64, of shape (equations, voxels), over `real`; nothing is copied.

        Examples
        --------
        >>> import mpifast
        >>> from scipy.sparse.linalg import lsqr
        >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
        >>> operator = system.as_linear_operator()
        >>> phantom = mpifast.phantoms.points()[64]
        >>> image = lsqr(operator, operator @ phantom, atol=1e-12, btol=1e-12)[0]
        >>> bool(abs(image - phantom).max() < 1e-3)
        True
        """
        from scipy.sparse.linalg import aslinearoperator  # here: the physics alone does not load SciPy's solvers

        return aslinearoperator(self.real)


def complex_spectra(u: np.ndarray, rows: int, parts: Sequence[int]) -> np.ndarray:
    """Real spectra [n, parts * rows], one part of all rows after the other, as complex128[n, rows]."""
    spectra = np.zeros((len(u), rows), np.complex128)
    for k, part in enumerate(parts):
        target = spectra.real if part == REAL else spectra.imag
        target[...] = u[:, k * rows : (k + 1) * rows]
    return spectra


def read_only(array: np.ndarray) -> np.ndarray:
    """The array, closed to writing."""
    array.flags.writeable = False
    return array


def _chosen(rows: Any, count: int) -> np.ndarray:
    """bool[count] of a mask or of row numbers."""
    array = np.asarray(rows)
    if array.dtype == np.bool_:
        if array.shape != (count,):
            raise ValueError(f"rows has shape {array.shape}, expected ({count},): one flag for each row")
        return array.copy()
    kept = np.zeros(count, bool)
    kept[check.indices("rows", array, count)] = True
    return kept
