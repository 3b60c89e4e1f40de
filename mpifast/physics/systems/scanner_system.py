"""The system of a scanner on a grid, of which nothing is computed until it is asked for."""

from __future__ import annotations

import functools
import hashlib
import json
import os
from dataclasses import asdict
from typing import Any

import numpy as np

from mpifast import _display
from mpifast import _validation as check
from mpifast.physics.fields.grid import Grid
from mpifast.physics.fields.sequence import Sequence
from mpifast.physics.linear_system import IMAGINARY, REAL, ROW, LinearSystem, read_only
from mpifast.physics.systems.routes import Route, route_of
from mpifast.physics.systems.selection import candidate_rows
from mpifast.physics.tracer.particle import Particle

MEMORY = 0.5  # part of the machine's memory that a matrix may take: solvers need room for a copy


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
    ) -> None:
        self.scanner = check.instance("scanner", scanner, Sequence)
        self.particle = check.instance("particle", particle, Particle)
        self.tolerance = check.number("tolerance", tolerance, low=1e-13, high=0.1)
        self.level = None if level is None else check.number("level", level, low=1e-15, high=1.0)
        self._candidates = candidate_rows(scanner, channels, band, mixing_order)

    def __repr__(self) -> str:
        shape = " x ".join(map(str, self.grid.shape))
        return f"ScannerSystem({type(self.scanner).__name__}, {self._which_rows}, grid {shape})"

    def _repr_html_(self) -> str:
        facts = {"rows": self._which_rows, "voxels": self.voxels, "scanner": self.scanner, "particle": self.particle}
        return _display.table("ScannerSystem", [*facts.items(), ("tolerance", f"{self.tolerance:g}")])

    def __getstate__(self) -> dict[str, Any]:
        """The description and the rows: another process computes what follows from them where it needs it."""

        def computed(name: str) -> bool:
            return isinstance(getattr(type(self), name, None), functools.cached_property)

        return {k: v for k, v in vars(self).items() if k in ("rows", "fingerprint") or not computed(k)}

    @property
    def _which_rows(self) -> str:
        """The rows in words, without computing which they are."""
        known = self.level is None or "rows" in self.__dict__
        return f"{len(self.rows)} rows" if known else f"rows above {self.level:g} of the largest"

    @functools.cached_property
    def rows(self) -> np.ndarray:
        """What each row is: receive channel (0, 1, 2 for x, y, z), frequency number k, frequency k / period."""
        channels, numbers = self._candidates
        if self.level is not None:
            kept = self._above_level()
            channels, numbers = channels[kept], numbers[kept]
        rows = np.empty(len(numbers), ROW)
        rows["channel"], rows["number"], rows["frequency"] = channels, numbers, numbers / self.scanner.period
        return read_only(rows)

    @functools.cached_property
    def route(self) -> Route:
        """The way to the coefficients of the rows."""
        channels, numbers = (self.rows[name].astype(np.int64) for name in ("channel", "number"))
        return route_of(self.scanner, self.particle, channels, numbers, self.tolerance)

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
        return (IMAGINARY,) if self.route.is_real else (REAL, IMAGINARY)

    @functools.cached_property
    def matrix(self) -> np.ndarray:
        """The matrix S, complex128[rows, voxels], read-only; computed on first use.

        Raises
        ------
        ValueError
            If it would take more than half of the machine's memory.
        """
        if self.parts == (IMAGINARY,):
            self._check_memory(np.complex128)
            matrix = np.zeros((len(self.rows), self.voxels), np.complex128)
            matrix.imag = self.real
            return read_only(matrix)
        self._check_memory(np.complex128)
        return read_only(self.columns())

    @functools.cached_property
    def real(self) -> np.ndarray:
        """The system as real equations, float64[equations, voxels]; computed on first use, as `matrix`."""
        if self.parts == (IMAGINARY,):
            self._check_memory(np.float64)
            return read_only(self._scaled(-1.0))
        return read_only(np.concatenate([self.matrix.real, self.matrix.imag]))

    def columns(self, voxels: slice = slice(None)) -> np.ndarray:
        """Some neighbouring columns of `matrix`, to the same bits; nothing is kept.

        Parameters
        ----------
        voxels : slice
            Which voxels, without a step.

        Returns
        -------
        ndarray
            complex128[rows, voxels].

        Examples
        --------
        >>> import mpifast
        >>> scanner = mpifast.LissajousScanner(mpifast.Grid((10, 10), (24e-3, 24e-3)))
        >>> system = mpifast.system_matrix(scanner, mpifast.Particle(20e-9), mixing_order=2)
        >>> bool((system.columns(slice(20, 30)) == system.matrix[:, 20:30]).all())
        True
        """
        if self.parts != (IMAGINARY,):
            return self._scaled(-1j, voxels)
        values = self._scaled(-1.0, voxels)
        columns = np.zeros(values.shape, np.complex128)
        columns.imag = values
        return columns

    @functools.cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that tell systems apart: a digest of model, scanner, particle and row labels."""
        facts = [self.model, type(self.scanner).__name__, asdict(self.scanner), asdict(self.particle)]
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
        for name in ("channel", "number"):
            digest.update(self.rows[name].astype("<i8").tobytes())
        return digest.hexdigest()[:16]

    def _restricted(self, kept: np.ndarray) -> LinearSystem:
        """The same with fewer rows, of which nothing is computed either."""
        fewer = ScannerSystem(self.scanner, self.particle, self.tolerance)
        fewer._candidates = tuple(self.rows[name][kept].astype(np.int64) for name in ("channel", "number"))
        return fewer

    def _above_level(self) -> np.ndarray:
        """Which candidates are above the level, bool[candidates]: relative to the largest row of all frequencies."""
        channels, numbers = self._candidates
        names = tuple("xyz"[channel] for channel in np.unique(channels))
        every_channel, every_number = candidate_rows(self.scanner, names)
        sizes = (
            every_number * route_of(self.scanner, self.particle, every_channel, every_number, self.tolerance).peaks()
        )
        count = self.scanner.samples // 2 + 1
        mine = sizes[np.searchsorted(np.unique(channels), channels) * count + numbers]
        kept = mine >= self.level * sizes.max()
        if not kept.any():
            raise ValueError(
                f"level={self.level:g} leaves no row: the largest of them is {mine.max() / sizes.max():.2g} of the"
                " largest row of all frequencies; lower it, or choose a wider band"
            )
        return kept

    def _scaled(self, factor: complex, voxels: slice = slice(None)) -> np.ndarray:
        """The rows mhat times factor * 2 pi k mu0 Ms."""
        rows = self.route.rows(voxels)
        for row, number in zip(rows, self.route.numbers, strict=True):
            row *= factor * (2.0 * np.pi * number * self.particle.saturation_field)
        return rows

    def _check_memory(self, dtype: Any) -> None:
        size = len(self.rows) * self.voxels * np.dtype(dtype).itemsize
        if size > MEMORY * machine_memory():
            raise ValueError(
                f"the dense matrix of {len(self.rows):,} rows and {self.voxels:,} voxels takes {size / 1e9:,.1f} GB,"
                f" more than {MEMORY:.0%} of this machine's memory: choose fewer rows (band=, level=, mixing_order=,"
                " channels=, select()) or a coarser grid"
            )


def machine_memory() -> float:
    """Bytes of memory that the machine has; infinite where it does not say."""
    try:
        return float(os.sysconf("SC_PHYS_PAGES")) * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows
        return float("inf")
