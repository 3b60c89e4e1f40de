"""Systems whose gradient is diagonal and whose axes have one drive phase each, as a sum of Kronecker products."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast._compiled.jit import thread_count
from mpifast._compiled.products import lanes
from mpifast.physics.systems import _kronecker_loops as loops
from mpifast.physics.systems.aliases import NEGLIGIBLE, find_aliases
from mpifast.physics.systems.axis_tables import AxisTables, axis_tables, langevin_arguments, tensor_bounds, trimmed
from mpifast.physics.systems.contraction import Contraction
from mpifast.physics.systems.selection import nothing_left
from mpifast.physics.tracer.mixture import ONE_SIZE, Shares, gaussian_mixture

LEAST_ERROR = 5e-15  # with the rounding of the sums
LONG = 2**25  # numbers from which on the compilation of a loop takes less time than its work
BATCH = 2**25  # numbers of rows formed in a call, about a tenth of a second


class KroneckerModel:
    """Fourier coefficients mhat_d[k] of the mean magnetisation in every voxel, without a matrix.

    With a mixture L(x)/x = sum_r w_r exp(-v_r x^2), the Fourier coefficients on the torus of the three drive phases are
    sums of R products of functions of x, y and z alone:
    c_pql = sum_r w_r h_p(v_r; x) g_q(v_r; y) g_l(v_r; z) for channel x, with h along the axis of the channel.
    mhat_d[k] is the sum of all c_|p|, p . n = k, each times a phase.

    Parameters
    ----------
    axes : sequence of DriveAxis
        The field along x, y and z; any records with the same fields.
    coordinates : sequence of ndarray
        Voxels along x, y and z, float64[n] each, metres; one coordinate where the grid has no such axis.
    beta : float
        Langevin argument for each tesla, of the largest size.
    channels, numbers : array_like
        Channel (0, 1, 2) and frequency number (>= 0) of each row, no row twice.
    error : float
        Largest absolute error of any coefficient, at least 5e-15. That of row i relative to the row's own largest value
        is at most ``error / peaks()[i]``. Arithmetic in float32 adds about 1e-6 of ``bounds``, the sum of the row's
        terms, which is the largest value or little more.
    shares : tuple of (float, float), optional
        The sizes, as `mpifast.Particle.shares`: they change nodes and weights alone.

    Examples
    --------
    >>> import numpy as np
    >>> from mpifast.physics.fields.sequence import DriveAxis
    >>> from mpifast.physics.systems.kronecker import KroneckerModel
    >>> x, y = DriveAxis(-1.0, 0.0, 12e-3, 16, np.pi / 2), DriveAxis(-1.0, 0.0, 12e-3, 17, np.pi / 2)
    >>> z = DriveAxis(2.0, 0.0, 0.0, 0, np.pi / 2)
    >>> line = np.linspace(-6e-3, 6e-3, 9)
    >>> model = KroneckerModel((x, y, z), (line, line, np.zeros(1)), 490.8, [0, 0, 1], [32, 48, 50], error=1e-9)
    >>> u = model.forward(np.ones((1, 81)))
    >>> bool(abs(u - model.rows(dtype=complex).sum(axis=1)).max() < 1e-6)
    True
    """

    def __init__(
        self,
        axes: Sequence[Any],
        coordinates: Sequence[np.ndarray],
        beta: float,
        channels: Any,
        numbers: Any,
        error: float,
        shares: Shares = ONE_SIZE,
    ) -> None:
        self.allowed = error = check.number("error", error, low=LEAST_ERROR)
        self.channels, self.numbers = np.asarray(channels, np.int64), np.asarray(numbers, np.int64)
        self.shape = tuple(len(coordinate) for coordinate in coordinates)
        offsets, drives, largest = langevin_arguments(axes, coordinates, beta)
        nodes, self.weights, bound = gaussian_mixture(largest, 0.5 * error, shares)
        rule = nodes, self.weights, largest, 1e-4 * error
        tables = [axis_tables(a, b, *rule) for a, b in zip(offsets, drives, strict=True)]
        tables = trimmed(tables, self.weights, NEGLIGIBLE * error)
        bounds = [tensor_bounds(tables, self.weights, channel) for channel in range(3)]
        multiples, phases = [axis.multiple for axis in axes], [axis.phase for axis in axes]
        self._aliases = find_aliases(bounds, multiples, phases, self.channels, self.numbers, 0.4 * error)
        self.error = bound + float(self._aliases.dropped.max(initial=0.0)) + 0.1 * error
        self._trim(tables)

    def _trim(self, tables: Sequence[AxisTables]) -> None:
        used = 1 + self._aliases.orders.max(axis=0, initial=0)
        self.tables = [table.first(orders) for table, orders in zip(tables, used, strict=True)]
        self._contractions: dict[np.dtype, Contraction] = {}

    @property
    def voxels(self) -> int:
        """Number of voxels."""
        return math.prod(self.shape)

    @functools.cached_property
    def is_real(self) -> bool:
        """Whether all coefficients are real, as those of cosine drives are."""
        return not self._aliases.factors.imag.any()

    @property
    def bounds(self) -> np.ndarray:
        """Upper bounds of `peaks`, at no cost: float64[rows]."""
        return self._aliases.bounds + self.error

    def select(self, rows: Any) -> KroneckerModel:
        """The model of some of the rows, indices or bool[rows]."""
        rows = np.arange(len(self.numbers))[rows]
        model = object.__new__(KroneckerModel)
        model.channels, model.numbers = self.channels[rows], self.numbers[rows]
        model.shape, model.weights, model.error, model.allowed = self.shape, self.weights, self.error, self.allowed
        model._aliases = self._aliases.select(rows)
        model._trim(self.tables)
        return model

    def forward(self, c: np.ndarray, dtype: Any = np.float32, threads: int | None = None) -> np.ndarray:
        """Coefficients of images ``c`` [n, voxels]: complex[n, rows]. ``dtype`` is that of the arithmetic."""
        return self.contraction(dtype).forward(c, thread_count(threads))

    def adjoint(self, u: np.ndarray, dtype: Any = np.float32, threads: int | None = None) -> np.ndarray:
        """The adjoint of `forward`, Re(M^H u), of ``u`` [n, rows]: float[n, voxels]."""
        return self.contraction(dtype).adjoint(u, thread_count(threads))

    def contraction(self, dtype: Any) -> Contraction:
        """The operator in float32 or float64, kept for the next call."""
        key = np.dtype(dtype)
        if key not in self._contractions:
            order = axis_order(self.shape)  # which moves single voxels only: images keep their order in memory
            tables, aliases = [self.tables[axis] for axis in order], self._aliases
            aliases = aliases._replace(orders=aliases.orders[:, order])
            channels = np.argsort(order)[self.channels]
            self._contractions[key] = Contraction(tables, self.weights, aliases, channels, 1e-2 * self.allowed, key)
        return self._contractions[key]

    def rows(
        self,
        rows: Any = slice(None),
        dtype: Any = np.complex64,
        arithmetic: Any = None,
        threads: int | None = None,
        scale: np.ndarray | None = None,
    ) -> np.ndarray:
        """The coefficients of some rows.

        Parameters
        ----------
        rows : optional
            Indices or bool[rows]; all by default.
        dtype : optional
            complex64 or complex128; float32 or float64 where no row has imaginary parts.
        arithmetic : optional
            float32 or float64; the precision of ``dtype`` by default. Values in float64 are rounded once.
        threads : int, optional
            All by default.
        scale : ndarray, optional
            What multiplies each row of the model: float64 or complex128[rows].

        Returns
        -------
        ndarray
            dtype[rows, voxels].
        """
        model = self.select(rows)
        if scale is not None:
            counts = np.diff(model._aliases.starts)
            model._aliases = model._aliases._replace(factors=model._aliases.factors * np.repeat(scale[rows], counts))
        dtype, factors = np.dtype(dtype), model._aliases.factors
        if dtype.kind == "f" and factors.imag.any():
            raise ValueError(f"dtype={dtype.name} holds no complex rows: use complex64 or complex128")
        shape, single = (len(model.numbers), *self.shape), np.empty(0, dtype).real.dtype
        if dtype.kind == "f":
            out = floats = np.empty((*shape, 1), dtype)
        else:
            # Imaginary rows are written as real ones are, one number later: each zero is the next one's real part.
            numbers = np.empty(2 * math.prod(shape) + 1, single)
            shifted = factors.imag.any() and not factors.real.any()
            numbers[0] = 0.0
            floats = numbers[1:] if shifted else numbers[:-1]
            floats, out = floats.reshape(*shape, 2), numbers[:-1].view(dtype)
        model._form(floats, np.empty(0), arithmetic or single, threads)
        return out.reshape(len(model.numbers), self.voxels)

    def peaks(self, threads: int | None = None) -> np.ndarray:
        """Largest magnitude of each row, float64[rows], to about 1e-6 of `bounds`."""
        squares = np.empty(len(self.numbers))
        # In float32 where it takes long; else in float64, for which the loop will be compiled for the rows anyway.
        dtype = np.float32 if len(squares) * self.voxels > LONG else np.float64
        self._form(np.empty((0, *self.shape, 1 + (not self.is_real)), dtype), squares, dtype, threads)
        return np.sqrt(squares)

    def lower_bounds(self) -> np.ndarray:
        """Lower bounds of `peaks` at little cost: magnitudes where each row's largest term has about its maximum.

        float64[rows].
        """
        starts, orders, factors = self._aliases[:3]
        row = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        values = np.tile(self.weights, (len(row), 1))
        for axis, table in enumerate(self.tables):
            kind = (self.channels[row] == axis).astype(np.int64)
            p = orders[:, axis]
            best = np.abs(np.einsum("r,kprn->kpn", self.weights, table.values)).argmax(axis=2)
            leading = starts[:-1][row]
            voxel = best[kind[leading], p[leading]]
            values *= table.values[kind, p, :, voxel]
        sums = values.sum(axis=1) * factors
        return np.abs(np.bincount(row, sums.real, len(starts) - 1) + 1j * np.bincount(row, sums.imag, len(starts) - 1))

    def _form(self, out: np.ndarray, squares: np.ndarray, arithmetic: Any, threads: int | None) -> None:
        """Rows, or squared peaks: see `_kronecker_loops`."""
        dtype, threads = np.dtype(arithmetic), thread_count(threads)
        order = axis_order(self.shape)
        x, y, z = (self.tables[axis] for axis in order)
        values = [x.values * self.weights[:, None], y.values, z.whole()]
        values[2] = np.pad(values[2], [(0, 0)] * 3 + [(0, -values[2].shape[3] % lanes(dtype))])
        # Tables [2 orders, R, voxels]; a term knows which of them it takes, and its parity.
        small = [np.ascontiguousarray(value.reshape(-1, *value.shape[2:]), dtype) for value in values]
        halves, folded = np.array([len(x.plus), len(y.plus)], np.uint64), np.array([x.folded, y.folded], np.uint64)
        terms, factors = self._terms(order)
        starts, factors = self._aliases.starts, factors.astype(dtype)
        out = out.reshape(len(out), *(self.shape[axis] for axis in order), out.shape[-1])
        batch = max(1, BATCH // self.voxels)
        for first in range(0, len(self.numbers), batch):  # Ctrl-C is seen in between
            part = slice(first, first + batch)
            some = starts[first : first + batch + 1]
            loops.form(*small, halves, folded, some, terms, factors, out[part], squares[part], threads, threads=threads)

    def _terms(self, order: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Tables, parity and first node of each term, int32[terms, 5], those of a parity side by side; factors [terms,
        parts].
        """
        starts, orders, factors = self._aliases[:3]
        row = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        weighted = self.channels[row][:, None] == np.array(order)
        p = orders[:, order]
        odd = (p + weighted)[:, :2] % 2 * [self.tables[axis].folded for axis in order[:2]]
        parity = odd @ [2, 1]
        tables = p + weighted * [self.tables[axis].orders for axis in order]
        # The wide Gaussians at the beginning have no high orders.
        sizes = np.tile(self.weights, (len(p), 1))
        for axis, place in zip(order, tables.T, strict=True):
            sizes *= self.tables[axis].largest.reshape(-1, len(self.weights))[place]
        first = (sizes > 0.1 * NEGLIGIBLE * self.allowed).argmax(axis=1)
        terms = np.column_stack([tables, parity, first]).astype(np.int32)
        place = np.argsort(row * loops.PARITIES + parity, kind="stable")
        parts = [part for part in (factors.real, factors.imag) if part.any()] or [factors.real]
        return terms[place], np.column_stack(parts)[place]


def strong_model(
    axes: Sequence[Any],
    coordinates: Sequence[np.ndarray],
    beta: float,
    channels: Any,
    numbers: Any,
    *,
    level: float,
    tolerance: float,
    scale: Any = None,
    among: Any = slice(None),
    threads: int | None = None,
    shares: Shares = ONE_SIZE,
) -> KroneckerModel:
    """The model of the rows whose largest magnitude is at least ``level`` times that of the largest row.

    No row is formed but the few that are near the threshold: the tables bound all of them from both sides.

    Parameters
    ----------
    axes, coordinates, beta, channels, numbers, threads, shares
        As for `KroneckerModel`.
    level : float
        Up to 1.
    tolerance : float
        Largest error of each row relative to the row's own largest value; what it asks below 5e-15 is rounding.
    scale : array_like, optional
        What multiplies the coefficients of each row when rows are compared, float[rows]: the frequency, where the
        voltage counts.
    among : optional
        Which rows may be chosen, indices or bool[rows]; the largest row is that of all.

    Returns
    -------
    KroneckerModel

    Raises
    ------
    TypeError, ValueError
        If ``level`` or ``tolerance`` is out of range, or no row is left.

    Examples
    --------
    >>> import numpy as np
    >>> from mpifast.physics.fields.sequence import DriveAxis
    >>> from mpifast.physics.systems.kronecker import strong_model
    >>> x, y = DriveAxis(-1.0, 0.0, 12e-3, 16, np.pi / 2), DriveAxis(-1.0, 0.0, 12e-3, 17, np.pi / 2)
    >>> z = DriveAxis(2.0, 0.0, 0.0, 0, np.pi / 2)
    >>> line, numbers = np.linspace(-6e-3, 6e-3, 9), np.arange(817)
    >>> axes, grid = (x, y, z), (line, line, np.zeros(1))
    >>> model = strong_model(axes, grid, 490.8, 0 * numbers, numbers, level=0.1, tolerance=1e-6, scale=numbers)
    >>> print(model.numbers)
    [16 18 32 33 48 49 50 64 65 66 67 80 81 82 83 98 99]
    """
    level = check.number("level", level, low=LEAST_ERROR, high=1.0)
    tolerance = check.number("tolerance", tolerance, low=LEAST_ERROR, high=0.1)
    channels, numbers = np.asarray(channels, np.int64), np.asarray(numbers, np.int64)
    scale = np.ones(len(numbers)) if scale is None else np.asarray(scale, np.float64)
    rough = KroneckerModel(axes, coordinates, beta, channels, numbers, max(1e-4 * level, LEAST_ERROR), shares)
    largest = np.flatnonzero(rough.bounds * scale >= (rough.lower_bounds() * scale).max())
    threshold = level * float((rough.select(largest).peaks(threads) * scale[largest]).max())
    chosen = np.zeros(len(numbers), bool)
    chosen[among] = True
    rows = np.flatnonzero(chosen & (rough.bounds * scale >= threshold))
    if not len(rows):
        raise nothing_left(level, float((rough.bounds * scale)[chosen].max(initial=0.0)) * level / threshold)
    error = max(tolerance * threshold / float(scale[rows].max()), LEAST_ERROR)
    model = KroneckerModel(axes, coordinates, beta, channels[rows], numbers[rows], error, shares)
    unclear = np.flatnonzero(model.lower_bounds() * scale[rows] < threshold)
    strong = np.ones(len(rows), bool)
    strong[unclear] = model.select(unclear).peaks(threads) * scale[rows[unclear]] >= threshold
    return model.select(strong)


def axis_order(shape: Sequence[int]) -> list[int]:
    """The axes in the order of the loops: those of a single voxel stand in the middle, the last one is long."""
    long, short = [axis for axis in range(3) if shape[axis] > 1], [axis for axis in range(3) if shape[axis] == 1]
    return [*long[:-1][:1], *short, *long[:-1][1:], *long[-1:]]
