"""Rows turned by their own phases: one real equation a row instead of two."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import numpy as np

from mpifast import _display
from mpifast import _validation as check
from mpifast.physics.combined.merged_rows import MergedSystem
from mpifast.physics.combined.multi_patch import MultiPatch
from mpifast.physics.fields.grid import Grid
from mpifast.physics.linear_system import IMAGINARY, REAL, LinearSystem, Piece, read_only
from mpifast.physics.split_system import SplitSystem

ROUNDING = 1e-15  # of a phase
BLOCK = 2**16  # numbers turned at a time: their copies stay in the cache


class RotationWarning(UserWarning):
    """Some rows of a system are not of one phase: a part of them is lost where they are rotated.

    Examples
    --------
    >>> import mpifast, warnings
    >>> system = mpifast.linear_system([[1.0, 1.0j]])
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", mpifast.RotationWarning)
    ...     mpifast.rotate_rows(system)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    mpifast.physics.combined.rotated_rows.RotationWarning: ...
    """


def rotate_rows(system: LinearSystem, threshold: float | None = 0.1) -> LinearSystem:
    """Divide each complex row by its principal phase and keep its real part: half the equations and half the memory.

    The principal phase leaves the least energy in the imaginary part: half the phase of sum_j a_j^2. Rows of a tracer
    in equilibrium, or of `mpifast.Debye`, behind any transfer function are real up to a factor, and lose nothing.
    Measured rows, and those of tracers with hysteresis, have a remainder.

    Parameters
    ----------
    system : LinearSystem
        Any system of one tracer.
    threshold : float or None, optional
        Warn of rows whose remainder is above it; None: never.

    Returns
    -------
    RotatedSystem
        With the ``remainder`` of each row. The systems of a `MultiPatch` are rotated each, and a `MultiPatch` returned.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or range.

    Warns
    -----
    RotationWarning
        If the remainder of a row is above the threshold.

    Examples
    --------
    >>> import mpifast, numpy as np
    >>> particle = mpifast.Particle(20e-9, relaxation=mpifast.Debye(2e-6))
    >>> scanner = mpifast.LissajousScanner(mpifast.Grid((6, 6), (24e-3, 24e-3)))
    >>> system = mpifast.system_matrix(scanner, particle, mixing_order=4)
    >>> rotated = mpifast.rotate_rows(system)
    >>> system.real.shape, rotated.real.shape, bool(rotated.remainder.max() < 1e-12)
    ((84, 36), (42, 36), True)
    >>> u = system.forward(np.ones((1, 36)))
    >>> images = [mpifast.tikhonov(some, u, alpha=1e-6, relative=True) for some in (system, rotated)]
    >>> bool(np.allclose(*images, rtol=1e-6))
    True
    """
    check.instance("system", system, LinearSystem)
    if threshold is not None:
        threshold = check.number("threshold", threshold, low=0.0)
    if isinstance(system, MultiPatch):
        return system.each(lambda patch: rotate_rows(patch, threshold))
    if isinstance(system, (RotatedSystem, MergedSystem)):  # no row has two equations of one phase
        return system
    (piece,) = system.pieces
    rotated = _rotated(system, piece)
    if threshold is not None and (rotated.remainder > threshold).any():
        large = rotated.remainder > threshold
        warnings.warn(
            f"{large.sum()} of {len(large)} rows are not of one phase: the imaginary part that the rotation leaves"
            f" out is up to {rotated.remainder.max():.2g} of the row, above threshold={threshold:g}; leave these rows"
            " out, rotated.select(rotated.remainder <= threshold), or solve without rotation",
            RotationWarning,
            stacklevel=2,
        )
    return rotated


class RotatedSystem(SplitSystem):
    """A system of one real equation a row. Make one with `rotate_rows`.

    ``real`` are the rotated rows. Spectra are those of the system before, which solvers and `mpifast.reconstruct` take
    complex or real: `to_real` rotates them, `to_complex` turns them back, and ``matrix`` is the matrix without the part
    that was left out.

    Attributes
    ----------
    phases : ndarray
        complex128[rows], of magnitude 1: what the rows were divided by.
    remainder : ndarray
        float64[rows]: the norm of the part that was left out over that of the row; 0 for a row of zeros.

    Examples
    --------
    >>> import mpifast, numpy as np
    >>> rotated = mpifast.rotate_rows(mpifast.linear_system([[3 + 3j, 1 + 1j]]))
    >>> print((rotated.real / np.sqrt(2)).round(12), rotated.to_real([[5.0 + 5j]]).round(3))
    [[3. 1.]] [[7.071]]
    """

    def __init__(
        self,
        real: np.ndarray,
        phases: np.ndarray,
        remainder: np.ndarray,
        rows: np.ndarray,
        grid: Grid | None = None,
        transfer_function: np.ndarray | None = None,
        parts: tuple[int, ...] = (REAL, IMAGINARY),
    ) -> None:
        super().__init__(real, (REAL,), rows, grid, transfer_function)
        self.phases, self.remainder = read_only(phases), read_only(remainder)
        self._spectrum_parts = parts

    @property
    def spectrum_parts(self) -> tuple[int, ...]:
        """The parts that real spectra of the system before have."""
        return self._spectrum_parts

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), "remainder": _display.span(self.remainder)}

    def to_real(self, u: Any, name: str = "u") -> np.ndarray:
        """Spectra of the system before, rotated, their real part: float64[n, rows].

        They are complex [n, rows], or real [n, 2 * rows], real parts and then imaginary ones. Real ones [n, rows] are
        rotated already, or of a system of one part, where that is the same: they stay as they are.

        Examples
        --------
        >>> import mpifast
        >>> rotated = mpifast.rotate_rows(mpifast.linear_system([[2j, 4j]]))
        >>> print(rotated.to_real([[5.0 + 7j]]))
        [[7.]]
        """
        array = check.number_array(name, u)
        before = self._spectra_before(array, name)
        if before is None:
            return super().to_real(array, name)
        return np.ascontiguousarray((before * self.phases.conj()).real, np.float64)

    def to_complex(self, u: Any) -> np.ndarray:
        """Right-hand sides [n, rows] turned back: complex128[n, rows].

        Examples
        --------
        >>> import mpifast
        >>> rotated = mpifast.rotate_rows(mpifast.linear_system([[2j, 4j]]))
        >>> print(rotated.to_complex([[7.0]]))
        [[0.+7.j]]
        """
        return check.matrix("u", u, len(self.rows), what="equations", empty=True) * self.phases

    def _rows_of(self, rows: slice) -> np.ndarray:
        kind = np.result_type(self.real, np.complex64)
        return self.real[rows] * self.phases[rows, None].astype(kind)

    def _restricted(self, kept: np.ndarray) -> LinearSystem:
        fewer = super()._restricted(kept)
        facts = self.phases[kept], self.remainder[kept], fewer.rows, fewer.grid, fewer.transfer_function
        return RotatedSystem(fewer.real, *facts, self.spectrum_parts)

    def _received(self, factors: np.ndarray) -> LinearSystem:
        phases = self.phases * np.where(factors != 0.0, factors / np.where(factors != 0.0, np.abs(factors), 1.0), 1.0)
        # The phase stays in one half-plane, so that rows of one part have the sign of their spectra: without rounding.
        for part in (phases.real, phases.imag):
            part[np.abs(part) < ROUNDING] = 0.0
        back = (phases.real < 0.0) | ((phases.real == 0.0) & (phases.imag < 0.0))
        signs = np.where(back, -1.0, 1.0)
        with np.errstate(over="ignore", invalid="ignore"):
            scale = (signs * np.abs(factors))[:, None].astype(self.real.dtype)
            real = check.finite("the matrix times values", self.real * scale)
        facts = self.rows, copy.copy(self.grid), self._factors_with(factors)
        parts: tuple[int, ...] = (REAL, IMAGINARY)
        if len(self.spectrum_parts) == 1 and not (phases.real.any() and phases.imag.any()):
            parts = (REAL,) if phases.real.any() else (IMAGINARY,)
        return RotatedSystem(real, phases * signs, self.remainder.copy(), *facts, parts)


def _rotated(system: LinearSystem, piece: Piece) -> RotatedSystem:
    """A system stored as one piece, some rows at a time."""
    rows, voxels = len(system.rows), system.voxels
    facts = system.rows, copy.copy(system.grid), system.transfer_function
    if len(system.parts) == 1:  # they are of one phase: nothing to compute, and the array is shared
        phase = 1j if system.parts == (IMAGINARY,) else 1.0
        return RotatedSystem(piece.real, np.full(rows, phase, np.complex128), np.zeros(rows), *facts, system.parts)
    halves = piece.real.reshape(2, rows, voxels)
    real, phases, remainder = np.empty((rows, voxels), halves.dtype), np.empty(rows, complex), np.empty(rows)
    step = max(1, BLOCK // voxels)
    for some in (slice(first, first + step) for first in range(0, rows, step)):
        a, b = halves[:, some].astype(np.float64)
        scale = np.maximum(np.abs(a).max(axis=1), np.abs(b).max(axis=1))[:, None]  # squares neither overflow nor vanish
        scale[scale == 0.0] = 1.0
        a, b = a / scale, b / scale
        # sum a_j^2 of the complex row a + i b
        squares = np.einsum("kj,kj->k", a, a) - np.einsum("kj,kj->k", b, b) + 2j * np.einsum("kj,kj->k", a, b)
        phase = np.exp(0.5j * np.angle(squares))
        cosine, sine = phase.real[:, None], phase.imag[:, None]
        kept, lost = cosine * a + sine * b, cosine * b - sine * a
        energies = [np.einsum("kj,kj->k", part, part) for part in (kept, lost)]
        total = energies[0] + energies[1]
        real[some], phases[some] = kept * scale, phase
        remainder[some] = np.sqrt(energies[1] / np.where(total > 0.0, total, 1.0))
    return RotatedSystem(real, phases, remainder, *facts)
