"""A transfer function fitted to a measured system: what makes a simulated matrix that of a real scanner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mpifast import _display
from mpifast import _validation as check
from mpifast._progress import tqdm
from mpifast.physics.array_system import as_system
from mpifast.physics.linear_system import LinearSystem, read_only
from mpifast.physics.row_labels import find_rows

SWEEPS = 100  # of the reweighting, at most; ten are usual
THRESHOLD = 1.5  # of Huber's weights, in medians of the residuals: 1.8 standard deviations of complex Gaussian noise
STEADY = 1e-6  # change of a row, in thresholds, below which its reweighting ends
BLOCK = 2**14  # numbers of rows at a time: a cache holds what is made of them
CLOSE = 1e-2  # part of a voxel within which two positions are the same


@dataclass(frozen=True, eq=False)
class TransferFunctionFit(_display.Shown):
    """One complex factor for each row that two systems share. Made by `fit_transfer_function`.

    Attributes
    ----------
    rows : ndarray
        Labels of the shared rows as the simulated system has them: channel, number, frequency.
    values : ndarray
        complex128[rows]: measured row = value * simulated row.
    similarity : ndarray
        float64[rows]: |<measured, simulated>| / (||measured|| ||simulated||), 0 to 1; 0 where one of them is zero.
    residual : ndarray
        float64[rows]: ||measured - value * simulated|| / ||measured||; 1 where one of them is zero.
    kept : ndarray
        bool[rows]: the rows whose similarity reaches the threshold.

    Examples
    --------
    >>> import mpifast
    >>> system = mpifast.system_matrix(mpifast.Scanner(voxels=33), mpifast.Particle(30e-9), harmonics=10)
    >>> fit = mpifast.fit_transfer_function(system.with_transfer_function(mpifast.receive.high_pass(60e3)), system)
    >>> fit
    TransferFunctionFit(10 of 10 rows kept, similarity 1)
    """

    rows: np.ndarray
    values: np.ndarray
    similarity: np.ndarray
    residual: np.ndarray
    kept: np.ndarray

    def __repr__(self) -> str:
        similarity = _display.span(self.similarity.round(6))
        return f"TransferFunctionFit({self.kept.sum()} of {len(self.kept)} rows kept, similarity {similarity})"

    def _table(self) -> str:
        span, kept = _display.span, self.kept
        table = [
            ("rows", len(kept), kept.sum()),
            ("channels", *(len(np.unique(rows["channel"])) for rows in (self.rows, self.rows[kept]))),
            ("magnitude", span(np.abs(self.values)), span(np.abs(self.values[kept]))),
            ("similarity", span(self.similarity), span(self.similarity[kept])),
            ("relative residual", span(self.residual), span(self.residual[kept])),
        ]
        return _display.table("TransferFunctionFit", table, ("", "all", "kept"))

    def apply(self, simulated: LinearSystem) -> LinearSystem:
        """A simulated system, such as the fitted one, with the kept rows and their factors.

        Parameters
        ----------
        simulated : LinearSystem
            It has all kept rows, by channel and frequency; its other rows are left out. Another tracer or a finer grid
            is as good: the factors are those of the receive chain.

        Returns
        -------
        LinearSystem
            ``simulated.select(...)`` ``.with_transfer_function(...)``.

        Raises
        ------
        TypeError, ValueError
            If a kept row is missing, or none is kept.

        Examples
        --------
        >>> import mpifast
        >>> fit = mpifast.fit_transfer_function([[2.0, 4.0], [6j, 3j]], [[1.0, 2.0], [2.0, 1.0]])
        >>> print(fit.apply([[1.0, 1.0], [5.0, 0.0]]).matrix)
        [[2. +0.j 2. +0.j]
         [0.+15.j 0. +0.j]]
        """
        system = as_system("simulated", simulated)
        places = self.rows_in(system)
        order = np.argsort(places)
        return system.select(places).with_transfer_function(self.values[self.kept][order])

    def rows_in(self, system: LinearSystem) -> np.ndarray:
        """Where a system has the kept rows, int64[kept rows]: measured spectra for the fitted system are the columns
        ``u[:, fit.rows_in(measured)]`` of complex spectra u [n, rows] of the measured one.

        Raises
        ------
        TypeError, ValueError
            If it lacks one of them, or none is kept.

        Examples
        --------
        >>> import mpifast, numpy as np
        >>> measured, simulated = (mpifast.linear_system(np.ones((2, 3)), numbers=n) for n in ([5, 7], [4, 5]))
        >>> print(mpifast.fit_transfer_function(measured, simulated).rows_in(measured))
        [0]
        """
        wanted = self.rows[self.kept]
        if not len(wanted):
            raise ValueError(
                f"no row is kept: the similarities are {_display.span(self.similarity)}; fit with a lower similarity="
            )
        places = find_rows(wanted, as_system("system", system).rows)
        missing = wanted[places < 0]
        if missing.size:
            raise ValueError(
                f"the system lacks {len(missing)} of the {len(wanted)} kept rows, e.g. channel"
                f" {missing[0]['channel']}, number {missing[0]['number']}: give one with all of them"
            )
        return places


def fit_transfer_function(
    measured: Any, simulated: Any, *, similarity: float = 0.0, robust: bool = True
) -> TransferFunctionFit:
    """Fit the transfer function of a scanner: one complex factor for each row, by which a simulated system becomes the
    measured one.

    Rows belong together by channel and frequency, or by channel and number where one of the systems does not know its
    frequencies. A row that fits badly, because of noise or because the model is not that of the tracer, has a low
    similarity: it is left out by a threshold. The factor of each row is that of least squares over all voxels; the
    robust fit weights voxels of a large residual down, so that single bad ones do not count.

    Parameters
    ----------
    measured : LinearSystem or array_like
        Such as `MdfFile.system` of a calibration file; or complex[rows, voxels].
    simulated : LinearSystem or array_like
        The system of the model, in the same voxels.
    similarity : float, optional
        Least cosine similarity of the rows that are kept, 0 to 1; 0 keeps all that are not zero.
    robust : bool, optional
        False: ordinary least squares.

    Returns
    -------
    TransferFunctionFit
        Values, similarities and residuals; its ``apply`` gives the fitted system.

    Raises
    ------
    TypeError, ValueError
        If the voxels are not the same, no row is shared, two rows of a system have the same channel and frequency, or
        an argument is of the wrong type or range.

    Notes
    -----
    The robust fit minimises Huber's function of the residual's magnitude by reweighted least squares, with a threshold
    of 1.5 times its median over the voxels of the row. Without noise it is exact even if some voxels are wrong.

    References
    ----------
    Maass et al., 2024 (arXiv:2403.00602), whose code fits a factor for each row of a modelled matrix and drops rows of
    low similarity; Huber, Robust Statistics, 1981.

    Examples
    --------
    >>> import mpifast, numpy as np
    >>> scanner = mpifast.LissajousScanner(mpifast.Grid((10, 10), (24e-3, 24e-3)))
    >>> simulated = mpifast.system_matrix(scanner, mpifast.Particle(20e-9), mixing_order=6)
    >>> chain = mpifast.receive.high_pass(60e3)
    >>> measured = mpifast.linear_system(simulated.with_transfer_function(chain).matrix)
    >>> fit = mpifast.fit_transfer_function(measured.matrix, simulated.matrix)
    >>> print(np.allclose(fit.values[fit.kept], chain(simulated.rows["frequency"])[fit.kept]))
    True
    """
    measured, simulated = as_system("measured", measured), as_system("simulated", simulated)
    threshold = check.number("similarity", similarity, low=0.0, high=1.0)
    check.flag("robust", robust)
    _check_voxels(measured, simulated)
    found = find_rows(simulated.rows, measured.rows, ("simulated", "measured"))
    there = np.flatnonzero(found >= 0)
    here = found[there]
    if not len(here):
        raise ValueError(
            f"measured has no row of the same channel and frequency as simulated: {_labels(measured)} and"
            f" {_labels(simulated)}"
        )
    values = np.empty(len(here), np.complex128)
    similar, residual = np.empty((2, len(here)))
    step = max(1, BLOCK // measured.voxels)
    for start in tqdm(range(0, len(here), step), desc="fit", unit="block", delay=2, disable=None):
        part = slice(start, start + step)
        values[part], similar[part], residual[part] = _fit(
            measured.matrix[here[part]], simulated.matrix[there[part]], robust
        )
    kept = (similar >= threshold) & (similar > 0.0)
    return TransferFunctionFit(*map(read_only, (simulated.rows[there], values, similar, residual, kept)))


def _fit(measured: np.ndarray, simulated: np.ndarray, robust: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Value, similarity and relative residual of each row of [rows, voxels]."""
    (y, unit), (x, scale) = _scaled(measured), _scaled(simulated)
    cross, power = np.conj(x) * y, _squares(x)
    total, signal = power.sum(axis=1), _squares(y).sum(axis=1)
    both = (total > 0.0) & (signal > 0.0)
    total, signal = np.where(both, total, 1.0), np.where(both, signal, 1.0)
    values = np.where(both, cross.sum(axis=1), 0.0) / total
    similarity = np.minimum(np.abs(values) * np.sqrt(total / signal), 1.0)
    moving = np.flatnonzero(both & robust)
    for _ in range(SWEEPS):
        if not len(moving):
            break
        squares = _squares(y[moving] - values[moving, None] * x[moving])
        middle = np.partition(squares, squares.shape[1] // 2, axis=1)[:, squares.shape[1] // 2]
        limit = np.maximum(THRESHOLD * np.sqrt(middle), np.finfo(np.float64).eps)
        weights = limit[:, None] / np.sqrt(np.maximum(squares, np.square(limit)[:, None]))
        better = (weights * cross[moving]).sum(axis=1) / (weights * power[moving]).sum(axis=1)
        change = np.abs(better - values[moving]) * np.sqrt(total[moving])
        values[moving] = better
        moving = moving[change > STEADY * limit]
    residual = np.where(both, np.sqrt(_squares(y - values[:, None] * x).sum(axis=1) / signal), 1.0)
    return values * (unit / scale), similarity, residual


def _scaled(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows over their largest number, whose squares neither overflow nor vanish, and this number; in double precision,
    or the rounding of a single one would never let the weights settle.
    """
    rows = rows.astype(np.complex128, copy=False)
    largest = np.maximum(np.abs(rows.real).max(axis=1), np.abs(rows.imag).max(axis=1))
    largest = np.where(largest > 0.0, largest, 1.0)
    return rows / largest[:, None], largest


def _squares(values: np.ndarray) -> np.ndarray:
    return np.square(values.real) + np.square(values.imag)


def _check_voxels(measured: LinearSystem, simulated: LinearSystem) -> None:
    cure = "simulate in the voxels of the measurement, e.g. with a scanner on measured.grid"
    if measured.voxels != simulated.voxels:
        raise ValueError(f"measured has {measured.voxels} voxels, simulated {simulated.voxels}: {cure}")
    if measured.grid is None or simulated.grid is None:
        return
    first, second = measured.grid, simulated.grid
    same = first.shape == second.shape and all(
        np.abs(a - b).max() <= CLOSE * spacing
        for a, b, spacing in zip(first.axes, second.axes, first.spacing, strict=True)
    )
    if not same:
        raise ValueError(f"measured and simulated are on different grids, {first} and {second}: {cure}")


def _labels(system: LinearSystem) -> str:
    """Channels and frequencies of a system, as an error shows them."""
    rows = system.rows
    channels = f"channels {np.unique(rows['channel']).tolist()}"
    if np.isnan(rows["frequency"]).any():
        return f"{channels}, numbers {rows['number'].min()} to {rows['number'].max()}"
    return f"{channels}, {rows['frequency'].min():g} to {rows['frequency'].max():g} Hz"
