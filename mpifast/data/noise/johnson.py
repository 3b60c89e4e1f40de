"""Johnson-Nyquist noise of the receive coils."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.data.noise.arguments import levels_of, of_equations, of_rows
from mpifast.data.noise.draws import Rows
from mpifast.data.noise.model import Noise, noise_of
from mpifast.physics.linear_system import LinearSystem
from mpifast.physics.tracer.particle import BOLTZMANN


def johnson(
    resistance: Any,
    temperature: float = 300.0,
    *,
    sensitivity: Any = 1.0,
    averages: int = 1,
    period: float | None = None,
    bandwidth: float | None = None,
) -> Noise:
    """Thermal noise of the receive coils.

    A resistance R at the temperature T has a white noise voltage v of the two-sided power spectral density
    S = 2 kB T R (4 kB T R for positive frequencies alone). A row of a computed system is the voltage's Fourier
    coefficient times the period, integral v(t) exp(-2 pi i k t / period) dt over a period, for a coil of unit
    sensitivity. The mean of that over ``averages`` periods has the variance S period / averages, half of it in each
    part (at frequency zero all of it in the real one). The noise of the rows is this divided by the sensitivity.

    Parameters
    ----------
    resistance : float or array_like
        Ohm: one number, one for each receive channel of the system's rows (in rising order), or one for each row, as
        the resistance of a coil rises with frequency.
    temperature : float, optional
        Of the coils, kelvin.
    sensitivity : float or array_like, optional
        What the voltage is larger than with the system's unit: the sensitivity p of the coil (field per current, 1/m)
        times the volume of a voxel (m^3). One number, or one for each channel or row. 1: spectra are V s of this coil.
    averages : int, optional
        Periods of a measurement, of which the spectrum is the mean.
    period : float, optional
        Of the sequence, seconds; by default that of the system's rows (frequency number over frequency).
    bandwidth : float, optional
        Noise bandwidth of a row, hertz; by default that of an unweighted measurement, 1 / (averages period). Give it
        for a window other than a rectangle, and then no ``averages``.

    Returns
    -------
    Noise
        For `mpifast.Spectra`.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of range; where the noise meets a system, if numbers do not fit its
        rows, or its period is not known.

    References
    ----------
    Johnson, Thermal agitation of electricity in conductors, Phys. Rev. 32, 97 (1928).
    Nyquist, Thermal agitation of electric charge in conductors, Phys. Rev. 32, 110 (1928).

    Examples
    --------
    >>> import mpifast
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> thermal = mpifast.noise.johnson(0.2, 300.0, averages=100)
    >>> print(f"{mpifast.Spectra(system, noise=thermal).noise_level:.3g} V s")
    2.04e-14 V s
    """
    if bandwidth is not None and averages != 1:
        raise ValueError(f"averages={averages!r} beside bandwidth={bandwidth!r}, which they give: leave one out")
    arrays = levels_of("resistance", resistance), levels_of("sensitivity", sensitivity, positive=True)
    kelvin = check.number("temperature", temperature, low=0.0, unit="K")
    count = check.integer("averages", averages, low=1)
    seconds = None if period is None else check.positive("period", period, "s")
    hertz = None if bandwidth is None else check.positive("bandwidth", bandwidth, "Hz")
    options = {
        "resistance": arrays[0],
        "temperature": kelvin,
        "sensitivity": arrays[1],
        **({"averages": count} if hertz is None else {"bandwidth": hertz}),
        **({} if seconds is None else {"period": seconds}),
    }
    return noise_of("johnson", options, functools.partial(_johnson, *arrays, kelvin, count, seconds, hertz))


def _johnson(
    resistance: np.ndarray,
    sensitivity: np.ndarray,
    temperature: float,
    averages: int,
    period: float | None,
    bandwidth: float | None,
    system: LinearSystem,
) -> tuple[Rows]:
    rows = system.rows
    time = _period(system) if period is None else period
    width = 1.0 / (averages * time) if bandwidth is None else bandwidth
    density = 2.0 * BOLTZMANN * temperature * of_rows("resistance", resistance, system)
    parts = np.concatenate([np.where(rows["frequency"] == 0.0, 1.0 - part, 0.5) for part in system.parts])
    variance = of_equations(density * width * time**2 / of_rows("sensitivity", sensitivity, system) ** 2, system)
    return (Rows(np.sqrt(variance * parts)),)


def _period(system: LinearSystem) -> float:
    """The period of the sequence, seconds."""
    number, frequency = system.rows["number"], system.rows["frequency"]
    known = (number > 0) & (frequency > 0.0)
    if not known.any():
        raise ValueError("the rows of the system have no frequencies: give johnson the period in seconds")
    return float(np.median(number[known] / frequency[known]))
