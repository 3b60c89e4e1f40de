"""The system of a scanner on a grid, of which nothing is computed until it is asked for."""

from __future__ import annotations

import functools
import hashlib
import json
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from mpifast import _validation as check
from mpifast.physics.fields.arguments import AXES
from mpifast.physics.fields.grid import Grid
from mpifast.physics.fields.sequence import Sequence
from mpifast.physics.linear_system import IMAGINARY, REAL, ROW, LinearSystem, read_only
from mpifast.physics.memory import refuse_large
from mpifast.physics.noise import level_below, variance_of
from mpifast.physics.precision import condition_of, neighbours
from mpifast.physics.systems.routes import ROOM, KroneckerRoute, Route, refuse_without_model, route_of
from mpifast.physics.systems.selection import candidate_rows
from mpifast.physics.tracer.description import particle_facts
from mpifast.physics.tracer.particle import Particle

if TYPE_CHECKING:
    from mpifast.physics.systems.kronecker import KroneckerModel

LARGE = 2**31  # bytes of a matrix in float64
CURE = "choose fewer rows (band=, level=, mixing_order=, channels=, select()) or a coarser grid"


class ScannerSystem(LinearSystem):
    """The linear map u = S c of a scanner on a grid. Make one with `mpifast.system_matrix`.

    Row (d, k) is -2 pi i k mu0 Ms mhat_d[k], with mhat_d[k] the two-sided Fourier coefficient at k / period of the mean
    magnetisation over saturation along axis d: the Fourier coefficient of the voltage times the period, in a receive
    coil of unit sensitivity (1/m), for concentration 1 in one voxel. Its unit is that of mu0 Ms, tesla, as for
    `SystemMatrix`.

    Drive fields that are even in time (cosines) make it purely imaginary, so that one real equation a row says
    everything.

    Attributes
    ----------
    scanner, particle : Sequence, Particle
        What it is computed from.
    tolerance : float
        Error bound of each row relative to the row's own largest magnitude.
    level : float or None
        The rows are those whose largest magnitude is at least this part of the largest row's.
    model : str
        "vector langevin".

    Examples
    --------
    >>> import mpifast
    >>> scanner = mpifast.LissajousScanner(mpifast.Grid((10, 10), (24e-3, 24e-3)))
    >>> system = mpifast.system_matrix(scanner, mpifast.Particle(20e-9), channels=("x",), band=(80e3, None), level=1e-2)
    >>> system.parts, system.matrix.shape == (len(system.rows), 100), system.image(system.real[:1]).shape
    ((1,), True, (1, 10, 10))
    """

    model = "vector langevin"

    def __init__(
        self,
        scanner: Sequence,
        particle: Particle,
        tolerance: float,
        channels: Any = None,
        band: Any = None,
        level: float | None = None,
        mixing_order: int | None = None,
        error: float | None = None,
    ) -> None:
        self.scanner = check.instance("scanner", scanner, Sequence)
        self.particle = check.instance("particle", particle, Particle)
        refuse_without_model(scanner, particle)
        if particle.anisotropy is not None:
            particle.anisotropy.check_voxels(scanner.grid.voxels)
        self.tolerance = check.number("tolerance", tolerance, low=1e-13, high=0.1)
        self.level = None if level is None else check.number("level", level, low=1e-15, high=1.0)
        self._candidates = candidate_rows(scanner, channels, band, mixing_order)
        self._error = None if error is None else check.number("error", error, low=1e-15, high=0.1)

    def __repr__(self) -> str:
        shape = " x ".join(map(str, self.grid.shape))
        return f"ScannerSystem({type(self.scanner).__name__}, {self._which_rows}, grid {shape})"

    def _facts(self) -> dict[str, Any]:
        unknown = {} if self._rows_known else {"rows": f"those above {self.level:g} of the largest, not found yet"}
        return {**super()._facts(), **unknown, "tolerance": f"{self.tolerance:g}"}

    @property
    def _rows_known(self) -> bool:
        return self.level is None or "rows" in vars(self)

    @property
    def _parts_known(self) -> bool:
        return self._rows_known

    def _channel(self, number: int) -> str:
        return AXES[number]

    def __getstate__(self) -> dict[str, Any]:
        """The description and the rows: another process computes what follows from them where it needs it."""

        def computed(name: str) -> bool:
            return isinstance(getattr(type(self), name, None), functools.cached_property)

        return {k: v for k, v in vars(self).items() if k in ("rows", "fingerprint") or not computed(k)}

    @property
    def _which_rows(self) -> str:
        """The rows in words, without computing which they are."""
        return f"{len(self.rows)} rows" if self._rows_known else f"rows above {self.level:g} of the largest"

    @functools.cached_property
    def rows(self) -> np.ndarray:
        """What each row is: receive channel (0, 1, 2 for x, y, z), frequency number k, frequency k / period."""
        channels, numbers = self._candidates
        if self.level is not None:
            channels, numbers = self.route.channels, self.route.numbers
        rows = np.empty(len(numbers), ROW)
        rows["channel"], rows["number"], rows["frequency"] = channels, numbers, numbers / self.scanner.period
        return read_only(rows)

    @functools.cached_property
    def route(self) -> Route:
        """The way to the coefficients of the rows."""
        channels, numbers = self._candidates
        facts = self.scanner, self.particle.equilibrium
        if self.level is None:
            return route_of(*facts, channels, numbers, self.tolerance, self._error)
        # The level is a part of the largest row of all frequencies.
        every, all_numbers = candidate_rows(self.scanner, tuple("xyz"[channel] for channel in np.unique(channels)))
        count = self.scanner.samples // 2 + 1
        among = np.zeros(len(every), bool)
        among[np.searchsorted(np.unique(channels), channels) * count + numbers] = True
        weights = np.abs(self._gain_at(all_numbers))
        route = route_of(*facts, every, all_numbers, self.tolerance, self.tolerance)  # weak rows are left out
        return route.strong(self.level, among, weights)

    @property
    def absolute_error(self) -> float | None:
        """Largest absolute error of a coefficient mhat that the Kronecker form was made for; None where another route
        or rounding decides.
        """
        return self.route.error

    @property
    def grid(self) -> Grid:
        """Where the voxels lie."""
        return self.scanner.grid

    @property
    def voxels(self) -> int:
        """Number of voxels."""
        return self.grid.voxels

    @functools.cached_property
    def parts(self) -> tuple[int, ...]:
        """Which parts of the rows are equations: the imaginary ones alone where the fields are even in time."""
        if self.route.is_real and not self._gain.real.any():
            return (IMAGINARY,)
        return (REAL,) if self.route.is_real and not self._gain.imag.any() else (REAL, IMAGINARY)

    @functools.cached_property
    def matrix(self) -> np.ndarray:
        """The matrix S, complex128[rows, voxels], read-only; computed on first use.

        Raises
        ------
        ValueError
            If it would take more than half of the machine's memory.
        """
        self._check_memory(np.complex128)
        return read_only(self.columns())

    @functools.cached_property
    def real(self) -> np.ndarray:
        """The system as real equations, float64[equations, voxels]; computed on first use, as `matrix`."""
        if len(self.parts) == 1:
            self._check_memory(np.float64)
            gain = self._gain.imag if self.parts == (IMAGINARY,) else self._gain.real
            return read_only(self.route.scaled(np.ascontiguousarray(gain), np.dtype(np.float64)))
        return read_only(np.concatenate([self.matrix.real, self.matrix.imag]))

    def real_rows(self, numbers: Any) -> np.ndarray:
        """Some rows of `real`, as `LinearSystem.real_rows`, to the same bits; a Kronecker form computes these alone.

        Examples
        --------
        >>> import mpifast
        >>> scanner = mpifast.LissajousScanner(mpifast.Grid((10, 10), (24e-3, 24e-3)))
        >>> system = mpifast.system_matrix(scanner, mpifast.Particle(20e-9), mixing_order=2)
        >>> bool((system.real_rows([3, 1]) == system.real[[3, 1]]).all())
        True
        """
        if "real" in vars(self) or not isinstance(self.route, KroneckerRoute):
            return super().real_rows(numbers)
        part, row = np.divmod(np.asarray(numbers, np.int64), len(self.rows))
        model, arithmetic = self.route.model, np.float64
        if len(self.parts) == 1:
            gain = np.ascontiguousarray(self._gain.imag if self.parts == (IMAGINARY,) else self._gain.real)
            return model.rows(row, np.float64, arithmetic, scale=gain)
        needed, place = np.unique(row, return_inverse=True)
        rows = model.rows(needed, np.complex128, arithmetic, scale=self._gain)
        found = np.empty((len(row), self.voxels))
        for mask, half in ((part == 0, rows.real), (part == 1, rows.imag)):
            found[mask] = half[place[mask]]
        return found

    def columns(self, voxels: slice = slice(None), dtype: Any = np.complex128) -> np.ndarray:
        """Some neighbouring columns of `matrix`, to the same bits; nothing is kept.

        Parameters
        ----------
        voxels : slice
            Which voxels, without a step; all by default.
        dtype : {"complex128", "complex64"}, optional
            complex64 adds a rounding error: of each number where `tolerance` is below 1e-6, else about 1e-6 of the
            sum of the row's Kronecker terms, which is its largest magnitude or, on a small part of the field of view,
            more.

        Returns
        -------
        ndarray
            dtype[rows, voxels].

        Examples
        --------
        >>> import mpifast
        >>> scanner = mpifast.LissajousScanner(mpifast.Grid((10, 10), (24e-3, 24e-3)))
        >>> system = mpifast.system_matrix(scanner, mpifast.Particle(20e-9), mixing_order=2)
        >>> bool((system.columns(slice(20, 30)) == system.matrix[:, 20:30]).all())
        True
        """
        return self.route.scaled(self._gain, check.float_dtype("dtype", dtype, ("complex64", "complex128")), voxels)

    @functools.cached_property
    def operator(self) -> KroneckerModel | None:
        """The system as an operator, where that is the faster forward model or a matrix would be large.

        It follows from the system alone, so that spectra have the same bits on all machines. The operator has the
        smaller products: it must save a third of the multiplications.
        """
        if not isinstance(self.route, KroneckerRoute):
            return None
        model, dense = self.route.model, len(self.equations) * self.voxels
        faster = 1.5 * model.contraction(np.float32).work < dense
        return model if faster or self._size(np.float64) > LARGE else None

    @functools.cached_property
    def condition(self) -> float:
        """Condition number of `real`, or a lower bound of it (`mpifast.physics.precision.condition_of`)."""
        if self.operator is None:
            return super().condition
        middle = self.columns(neighbours(self.voxels))
        return condition_of(np.concatenate([middle.real if part == REAL else middle.imag for part in self.parts]))

    @functools.cached_property
    def forward_model(self) -> Any:
        """The fast forward model behind `spectra`: the `operator`, or the product with `real`."""
        if self.operator is None:
            return super().forward_model
        from mpifast.physics.systems.operator_model import OperatorModel  # here: as for `SampledRoute`

        return OperatorModel(self.operator, self._gain, self.parts)

    def as_linear_operator(self) -> Any:
        """The map u = S c with its adjoint, as `LinearSystem.as_linear_operator`; without a matrix where `operator` is
        the faster way.

        Examples
        --------
        >>> import mpifast, numpy as np
        >>> grid = mpifast.Grid((16, 16, 16), (24e-3, 24e-3, 12e-3))
        >>> scanner = mpifast.LissajousScanner(grid, drive_amplitude=(12e-3, 12e-3, 12e-3))
        >>> system = mpifast.system_matrix(scanner, mpifast.Particle(20e-9), band=(80e3, None), level=1e-2)
        >>> operator = system.as_linear_operator()
        >>> operator.shape == (len(system.rows), 4096), operator.rmatvec(operator @ np.ones(4096)).shape
        (True, (4096,))
        """
        if self.operator is None:
            return super().as_linear_operator()
        from scipy.sparse.linalg import LinearOperator  # here: the physics alone does not load SciPy's solvers

        model, shape = self.forward_model, (len(self.equations), self.voxels)

        def product(method: Any) -> Any:
            return lambda x: method(np.ascontiguousarray(np.atleast_2d(x.T), np.float64)).T.reshape(-1, *x.shape[1:])

        forward, adjoint = product(functools.partial(model, dtype=np.float64)), product(model.adjoint)
        return LinearOperator(shape, forward, adjoint, forward, np.float64, adjoint)

    def noise_level(self, snr_db: Any, density: float = 0.5) -> float:
        """Standard deviation of the noise, as `LinearSystem.noise_level`, from some rows at a time.

        Examples
        --------
        >>> import mpifast
        >>> scanner = mpifast.LissajousScanner(mpifast.Grid((10, 10), (24e-3, 24e-3)))
        >>> system = mpifast.system_matrix(scanner, mpifast.Particle(20e-9), mixing_order=2)
        >>> bool(system.noise_level(20.0) < system.noise_level(10.0))
        True
        """
        if self.operator is None or snr_db is None:
            return super().noise_level(snr_db, density)
        step, count = max(1, ROOM // self.voxels), len(self.rows)
        parts = [self.select(np.arange(first, min(first + step, count))) for first in range(0, count, step)]
        signal = np.concatenate([variance_of(part.real, density) for part in parts])
        return level_below(math.sqrt(signal.mean()), snr_db)

    @functools.cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that tell systems apart: a digest of model, scanner, particle, row labels and
        transfer function.
        """
        facts = [self.model, type(self.scanner).__name__, asdict(self.scanner), particle_facts(self.particle)]
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
        for name in ("channel", "number"):
            digest.update(self.rows[name].astype("<i8").tobytes())
        if self.transfer_function is not None:
            digest.update(self.transfer_function.astype("<c16").tobytes())
        return digest.hexdigest()[:16]

    def _restricted(self, kept: np.ndarray) -> LinearSystem:
        """The same with fewer rows, of which nothing is computed either."""
        fewer = ScannerSystem(self.scanner, self.particle, self.tolerance, error=self.route.error)
        fewer._candidates = tuple(self.rows[name][kept].astype(np.int64) for name in ("channel", "number"))
        if self.transfer_function is not None:
            fewer._transfer_function = read_only(self.transfer_function[kept])
        return fewer

    def _received(self, factors: np.ndarray) -> LinearSystem:
        """The same with a transfer function, of which no more is computed; what the coefficients need is shared."""
        received = self._restricted(np.ones(len(self.rows), bool))
        assert isinstance(received, ScannerSystem)
        received._transfer_function = self._factors_with(factors)
        received.route = self.route
        return received

    @functools.cached_property
    def _gain(self) -> np.ndarray:
        """What a row is in units of the coefficients mhat in equilibrium: complex128[rows]."""
        gain = self._gain_at(self.rows["number"])
        if self.transfer_function is None:
            return gain
        with np.errstate(over="ignore", invalid="ignore"):
            return check.finite("the rows times values", gain * self.transfer_function)

    def _gain_at(self, numbers: np.ndarray) -> np.ndarray:
        """-2 pi i k mu0 Ms of the frequency numbers k, and the response of the tracer."""
        gain = np.zeros(len(numbers), np.complex128)
        gain.imag = -2.0 * np.pi * numbers * self.particle.saturation_field
        return (
            gain if self.particle.relaxation is None else gain * self.particle.response(numbers / self.scanner.period)
        )

    def _size(self, dtype: Any) -> int:
        """Bytes of a matrix of the rows."""
        return len(self.rows) * self.voxels * np.dtype(dtype).itemsize

    def _check_memory(self, dtype: Any) -> None:
        refuse_large(len(self.rows), self.voxels, dtype, CURE)
