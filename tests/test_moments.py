"""The moments of the Fokker-Planck equation: relaxation rates, oracles of the harmonic balance, its limits."""

import numpy as np
import pytest

import mpifast
from mpifast import reference
from mpifast.physics.dynamics.moments import harmonics_of, slowest_rate

# particles.md, section 4: (xi_0, xi_dc, w tau, alpha) and the harmonics 1, 2, 3, 5
BALANCE = {
    (5, 0, 0.3, 0): (
        0.439620120445008 - 0.0998573341158462j,
        0,
        -0.0404833409119581 + 0.0478100456639188j,
        -0.00153865020866468 - 0.0122852668936261j,
    ),
    (5, 0, 1, 0): (
        0.33337095283958 - 0.242042029087945j,
        0,
        0.019070215216136 + 0.0267935002021659j,
        -0.00209467153276159 + 0.00189247554341307j,
    ),
    (5, 3, 1, 0): (
        0.245982956195054 - 0.155772970185709j,
        -0.0125446292399968 + 0.0769478954017038j,
        -0.00749065785578663 + 0.00345367827053633j,
        0.000879221914931421 - 0.00152723331899763j,
    ),
    (20, 0, 2, 0): (
        0.453751894734635 - 0.32478650186897j,
        0,
        0.0478920882935263 + 0.0999920700398928j,
        -0.0284311192431267 + 0.0115060770567564j,
    ),
    (6, 0, 0.002, 0.65): (
        0.505162486493959 - 0.00100604455959125j,
        0,
        -0.103196755394746 + 0.000786413647802812j,
        0.0354743245327251 - 0.00053987116223654j,
    ),
    (6, 0, 0.002, 4): (
        0.568501842995133 - 0.00675873220193432j,
        0,
        -0.155563877742619 + 0.00617015315247186j,
        0.0712751128823006 - 0.00520255906895908j,
    ),
    (6, 0, 0.01, 8): (
        0.528908058101182 - 0.243852741222884j,
        0,
        -0.0323686255063938 + 0.143921858721001j,
        -0.0382203935510081 - 0.0390350684528593j,
    ),
}
# Section 3: 2 tau times the slowest rate
RATES = {
    0: 2,
    0.5: 1.62703043343,
    1: 1.30627966874,
    2: 0.807681877708,
    5: 0.135406329662,
    8: 0.0147243681404,
    10: 0.00288216666936,
    15: 3.72648901745e-5,
    20: 3.94331391384e-7,
}


@pytest.mark.parametrize("case", BALANCE, ids=str)
def test_oracles_of_the_harmonic_balance(case):
    drive, offset, speed, alpha = case
    found = harmonics_of(np.array([offset]), drive, speed, alpha, 40, 60, 5)[[1, 2, 3, 5], 0]
    np.testing.assert_allclose(found, BALANCE[case], atol=1e-11)


@pytest.mark.parametrize("alpha", RATES)
def test_rates_of_relaxation(alpha):
    # Rounding grows with the ratio of the rates, 1e9 at the last one.
    assert 2 * slowest_rate(alpha) == pytest.approx(RATES[alpha], rel=1e-6 if alpha > 15 else 1e-9)


def test_slow_drives_are_langevins():
    offset, angle = np.array([0.0, 2.0, -7.0]), 2 * np.pi * np.arange(256) / 256
    found = harmonics_of(offset, 6.0, 1e-9, 0.0, 40, 60, 8)
    expected = np.fft.rfft(reference.langevin(offset[:, None] + 6.0 * np.cos(angle)))[:, :9].T / 256
    np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize("alpha", [-3.0, 0.5, 4.0])
def test_slow_drives_are_equilibria_with_anisotropy(alpha):
    # <t> under the weight exp(alpha t^2 + xi t), by Gauss-Legendre.
    t, weight = np.polynomial.legendre.leggauss(80)
    xi = 2.0 + 6.0 * np.cos(2 * np.pi * np.arange(256) / 256)
    density = weight * np.exp(alpha * t**2 + xi[:, None] * t - 20.0)
    expected = np.fft.rfft((density * t).sum(axis=1) / density.sum(axis=1))[:9] / 256
    found = harmonics_of(np.array([2.0]), 6.0, 1e-10, alpha, 50, 70, 8)[:, 0]
    np.testing.assert_allclose(found, expected, atol=1e-8)


@pytest.mark.parametrize("speed", [0.1, 1.0, 5.0])
def test_weak_drives_are_debyes(speed):
    found = harmonics_of(np.array([0.0]), 1e-5, speed, 0.0, 6, 6, 3)[:, 0]
    assert found[1] == pytest.approx(0.5e-5 / 3 / (1 + 1j * speed), rel=1e-9)
    assert found[0] == found[2] == 0.0


def test_a_weak_drive_of_slow_barriers_sees_the_slowest_rate():
    # At low speeds the susceptibility is that of one rate, which holds nearly all of it.
    alpha, rate = 8.0, slowest_rate(8.0)
    still, slow = (harmonics_of(np.array([0.0]), 1e-5, s, alpha, 40, 6, 1)[1, 0] for s in (1e-9, rate))
    assert slow / still == pytest.approx(1 / (1 + 1j), rel=0.02)


@pytest.mark.parametrize(("alpha", "tau"), [(0.0, 0.3), (3.0, 0.05)])
def test_is_the_equation_stepped_in_time(alpha, tau):
    found = harmonics_of(np.array([1.5]), 4.0, tau, alpha, 30, 40, 6)[:, 0]
    stepped = reference.moment_equations(lambda t: 1.5 + 4.0 * np.cos(t), alpha, tau, 2 * np.pi, 4, 64)
    np.testing.assert_allclose(found, np.fft.rfft(stepped)[:7] / 64, atol=2e-6)


@pytest.mark.parametrize("alpha", [0.0, 2.0])
def test_is_one_sparse_system(alpha):
    # With as few moments and harmonics, whether they are enough or not.
    arguments = np.array([0.0, 1.5, -4.0]), 5.0, 0.7, alpha, 9, 7, 6
    np.testing.assert_allclose(harmonics_of(*arguments), reference.harmonics_of(*arguments), atol=1e-13)


def test_high_harmonics_keep_their_relative_error():
    few, many = (harmonics_of(np.array([1.0]), 3.0, 0.5, 0.0, *size, 25)[:, 0] for size in ((50, 60), (70, 90)))
    assert abs(few[25]) < 1e-12
    np.testing.assert_allclose(few, many, rtol=1e-10)


def test_relaxation_of_free_rotation_is_that_of_the_classes():
    # The table's time is tau_N0: the slowest rate without anisotropy is 1 / tau.
    assert slowest_rate(0.0) == pytest.approx(1.0, rel=1e-12)
    particle = mpifast.Particle(20e-9, 474e3, 293.0, anisotropy=mpifast.Uniaxial(3500.0))
    from mpifast.physics.systems.harmonic_balance import barrier

    assert barrier(particle) == pytest.approx(3.62415, rel=1e-5)
