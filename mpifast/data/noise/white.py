"""White noise: independent normal numbers, with one standard deviation for all rows or for each of them."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.data.noise.arguments import levels_of, of_equations, of_rows
from mpifast.data.noise.draws import Rows
from mpifast.data.noise.model import Noise, noise_of
from mpifast.physics.linear_system import LinearSystem


def white(snr_db: float | None = None, *, level: float | None = None) -> Noise:
    """White Gaussian noise with one standard deviation for all equations.

    Parameters
    ----------
    snr_db : float, optional
        Signal-to-noise ratio in decibels, from -200 to 200: ``Spectra(system, snr_db=...)``, to the same bits.
    level : float, optional
        Standard deviation in the unit of the spectra. Give one of the two.

    Returns
    -------
    Noise
        For `mpifast.Spectra`.

    Raises
    ------
    TypeError, ValueError
        If not exactly one of the two is given, or it is not a number in range.

    Examples
    --------
    >>> import mpifast
    >>> system = mpifast.linear_system([[1.0, 0.0], [0.0, 1.0]])
    >>> round(mpifast.Spectra(system, noise=mpifast.noise.white(20.0)).noise_level, 6)
    0.070711
    >>> mpifast.Spectra(system, noise=mpifast.noise.white(level=0.25)).noise_level
    0.25
    """
    if (snr_db is None) == (level is None):
        raise ValueError(f"snr_db={snr_db!r} and level={level!r}: give exactly one of the two")
    if level is None:
        return noise_of("white", {}, functools.partial(_white, 1.0), snr_db)
    level = check.number("level", level, low=0.0)
    return noise_of("white", {"level": level}, functools.partial(_white, level))


def by_channel(levels: Any, *, snr_db: float | None = None) -> Noise:
    """White Gaussian noise with one standard deviation for each receive channel.

    Parameters
    ----------
    levels : array_like
        float[channels], standard deviations in the unit of the spectra, of the channels that the rows of the system
        have, in rising order.
    snr_db : float, optional
        Scale the noise to this signal-to-noise ratio of root mean squares over all equations; ``levels`` then state
        relations alone.

    Returns
    -------
    Noise
        For `mpifast.Spectra`.

    Raises
    ------
    TypeError, ValueError
        If a level is negative or not finite, or ``snr_db`` not a number in range; where the noise meets a system, if it
        has another number of channels.

    Examples
    --------
    >>> import mpifast
    >>> scanner = mpifast.LissajousScanner(mpifast.Grid((4, 4), (24e-3, 24e-3)), channels=("x", "y"))
    >>> system = mpifast.system_matrix(scanner, mpifast.Particle(20e-9), mixing_order=3)
    >>> spectra = mpifast.Spectra(system, noise=mpifast.noise.by_channel([1e-6, 3e-6]))
    >>> print(f"{spectra.noise_level:.3g}")
    2.24e-06
    """
    values = levels_of("levels", levels)
    return noise_of("by_channel", {"levels": values}, functools.partial(_by_channel, values), snr_db)


def by_row(levels: Any, *, snr_db: float | None = None) -> Noise:
    """White Gaussian noise with one standard deviation for each row or each real equation of the system.

    Parameters
    ----------
    levels : array_like
        float[rows] or float[equations], standard deviations in the unit of the spectra; of a complex row each of its
        parts has that of the row.
    snr_db : float, optional
        As for `by_channel`.

    Returns
    -------
    Noise
        For `mpifast.Spectra`.

    Raises
    ------
    TypeError, ValueError
        If a level is negative or not finite, or ``snr_db`` not a number in range; where the noise meets a system, if it
        has another number of rows.

    Examples
    --------
    >>> import mpifast
    >>> system = mpifast.linear_system([[1.0, 0.0], [0.0, 1.0]])
    >>> u, c = mpifast.Spectra(system, seed=7, noise=mpifast.noise.by_row([0.0, 0.1]))[:100]
    >>> bool((u[:, 0] == c[:, 0]).all()), bool((u[:, 1] == c[:, 1]).any())
    (True, False)
    """
    values = levels_of("levels", levels)
    return noise_of("by_row", {"levels": values}, functools.partial(_by_row, values), snr_db)


def _white(level: float, system: LinearSystem) -> tuple[Rows]:
    return (Rows(np.full(len(system.equations), level)),)


def _by_channel(levels: np.ndarray, system: LinearSystem) -> tuple[Rows]:
    channels = len(np.unique(system.rows["channel"]))
    if len(levels) != channels:
        raise ValueError(f"levels has {len(levels)} numbers, the system {channels} channels: give one for each")
    return (Rows(of_equations(of_rows("levels", levels, system), system)),)


def _by_row(levels: np.ndarray, system: LinearSystem) -> tuple[Rows]:
    rows, equations = len(system.rows), len(system.equations)
    if len(levels) not in (rows, equations):
        raise ValueError(
            f"levels has {len(levels)} numbers, the system {rows} rows and {equations} real equations: give one for "
            "each row or each equation"
        )
    return (Rows(levels if len(levels) == equations else of_equations(levels, system)),)
