"""Thermal noise against white voltages in time, transformed and averaged."""

import numpy as np
import pytest

import mpifast
from mpifast import noise

KELVIN, OHM = 350.0, 3.0
DENSITY = 2 * 1.380649e-23 * KELVIN * OHM  # V^2/Hz, two-sided


@pytest.mark.parametrize("averages", [1, 4])
def test_against_a_voltage_in_time(averages):
    """A voltage of independent samples at the rate f has the density S if its variance is S f."""
    period, points, repeats = 1e-3, 64, 20_000
    random = np.random.default_rng(5)
    voltage = random.normal(scale=np.sqrt(DENSITY * points / period), size=(repeats, averages, points))
    rows = np.fft.rfft(voltage, axis=2).mean(axis=1)[:, 1:9] / points * period  # Fourier coefficients times the period
    system = mpifast.linear_system(np.ones((8, 2)) * (1 + 1j))
    model = noise.johnson(OHM, KELVIN, period=period, averages=averages)
    n = model.draw(system, 3, np.arange(repeats))
    for part, columns in ((rows.real, n[:, :8]), (rows.imag, n[:, 8:])):
        np.testing.assert_allclose(columns.std(axis=0), part.std(axis=0), rtol=6 / np.sqrt(2 * repeats) * np.sqrt(2))
    assert np.sqrt((np.abs(rows) ** 2).mean()) == pytest.approx(np.sqrt(DENSITY * period / averages), rel=0.02)
    assert mpifast.Spectra(system, noise=model).noise_level == pytest.approx(
        np.sqrt(DENSITY * period / averages / 2), rel=1e-12
    )


def test_the_constant_has_all_its_noise_in_the_real_part():
    matrix, period = np.array([[1.0 + 1j], [1.0 + 1j]]), 1e-3
    rows = mpifast.linear_system(matrix).rows.copy()
    rows["number"], rows["frequency"] = (0, 1), (0.0, 1 / period)
    model = noise.johnson(OHM, KELVIN)
    first, second, third, last = model.draw(mpifast.LinearSystem(matrix, rows), 1, np.arange(4000)).std(axis=0)
    assert third == 0.0
    assert first == pytest.approx(np.sqrt(2) * second, rel=0.06)
    assert second == pytest.approx(last, rel=0.06)
    assert second == pytest.approx(np.sqrt(DENSITY * period / 2), rel=0.06)


def test_resistances_sensitivities_and_bandwidths(small_system):
    def levels(*arguments, **options):
        return noise.johnson(*arguments, **options).terms[0].draws(small_system)[0].levels

    one = levels(1.0, 300.0)
    np.testing.assert_allclose(levels([4.0], 300.0), 2 * one)
    np.testing.assert_allclose(levels(1.0, 1200.0), 2 * one)
    np.testing.assert_allclose(levels(np.arange(1.0, 15.0) ** 2, 300.0), np.arange(1.0, 15.0) * one)
    np.testing.assert_allclose(levels(1.0, 300.0, sensitivity=1e-3), 1e3 * one)
    np.testing.assert_allclose(levels(1.0, 300.0, averages=100), one / 10)
    np.testing.assert_allclose(levels(1.0, 300.0, bandwidth=200.0), one / 10)  # a hundredth of the drive frequency
    assert one[0] == pytest.approx(np.sqrt(1.380649e-23 * 300.0 / 20e3))
