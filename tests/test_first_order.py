"""First-order relaxation with a time that depends on the field."""

import numpy as np
import pytest

import mpifast
from mpifast import reference
from mpifast.physics.dynamics.first_order import relaxed_coefficients
from mpifast.physics.dynamics.moments import harmonics_of
from mpifast.physics.relaxation.rotation import Brown
from mpifast.physics.systems.routes import SampledRoute

PERIOD = 100e-6
OFFSET, AMPLITUDE, MULTIPLE = np.array([4e-3, -3e-3, 1e-3]), np.array([9e-3, 6e-3, 0.0]), np.array([3, 4, 1])


def field_at(time):
    return OFFSET + AMPLITUDE * np.cos(2 * np.pi * MULTIPLE * time / PERIOD)


def samples(count):
    """The field at equidistant times, [3, 1, count]."""
    return np.array([field_at(time) for time in np.arange(count) / count * PERIOD]).T[:, None].copy()


class Constant(Brown):
    """Brown's law with a constant time, by the equation in time all the same."""

    def factor(self, particle):
        return None

    def rates(self, particle, xi, ratio):
        rate = np.full_like(xi, 1.0 / self.time(particle))
        return rate, rate


@pytest.mark.parametrize("tau", [1e-12, 1e-7, 1e-5, 1e-3, 1.0])
def test_a_constant_time_is_the_debye_factor(tau, monkeypatch):
    particle = mpifast.Particle(20e-9)
    relaxed = mpifast.Particle(20e-9, relaxation=mpifast.Brown(1e-3, 30e-9, law="yoshida-enpuku"))
    monkeypatch.setattr(Brown, "rates", Constant.rates)
    monkeypatch.setattr(Brown, "time", lambda self, particle: tau)
    found = relaxed_coefficients(relaxed, samples(512), PERIOD)[:, 0]
    target = np.moveaxis(particle.magnetization(np.moveaxis(samples(512), 0, -1)), -1, 0)
    expected = np.fft.rfft(target[:, 0])[:, :129] / 512
    expected *= mpifast.Debye(tau).response(np.arange(129) / PERIOD)
    np.testing.assert_allclose(found[:, :64], expected[:, :64], atol=1e-14)


@pytest.mark.parametrize("law", ["effective-field", "yoshida-enpuku"])
def test_is_the_equation_stepped_in_time(law):
    particle = mpifast.Particle(20e-9, relaxation=mpifast.Brown(1e-3, 30e-9, law=law))
    assert not particle.instantaneous
    found = relaxed_coefficients(particle, samples(512), PERIOD)[:, 0, :40]
    stepped = reference.relaxed(particle, field_at, PERIOD, 4, 128)
    np.testing.assert_allclose(found, np.fft.rfft(stepped)[:, :40] / 128, atol=1e-8)


@pytest.mark.parametrize("law", ["effective-field", "yoshida-enpuku"])
@pytest.mark.parametrize("viscosity", [1e-12, 1e-6])
def test_fast_relaxation_is_equilibrium(law, viscosity):
    particle = mpifast.Particle(20e-9, relaxation=mpifast.Brown(viscosity, 30e-9, law=law))
    found = relaxed_coefficients(particle, samples(512), PERIOD)[:, 0, :40]
    target = mpifast.Particle(20e-9).magnetization(np.moveaxis(samples(512), 0, -1))[0]
    expected = np.fft.rfft(target, axis=0)[:40].T / 512
    np.testing.assert_allclose(found, expected, atol=2e4 * viscosity + 1e-14)


def test_times_depend_on_the_field_as_the_laws_say():
    particle = mpifast.Particle(20e-9)
    xi = np.array([1e-6, 1.0, 10.0])
    ratio, slope = reference.langevin(xi) / xi, reference.langevin_derivative(xi)
    brown = mpifast.Brown(1e-3, 30e-9, law="effective-field")
    along, across = (1 / rate / brown.time(particle) for rate in brown.rates(particle, xi, ratio))
    np.testing.assert_allclose(along, slope / ratio, rtol=1e-8)
    np.testing.assert_allclose(across, 2 * ratio / (1 - ratio), rtol=1e-8)
    np.testing.assert_allclose([along[0], across[0]], 1.0, rtol=1e-10)
    brown = mpifast.Brown(1e-3, 30e-9, law="yoshida-enpuku")
    found = 1 / brown.rates(particle, xi, ratio)[0] / brown.time(particle)
    np.testing.assert_allclose(found, 1 / np.sqrt(1 + 0.126 * xi**1.72), rtol=1e-14)


@pytest.mark.parametrize("name", ["plane", "line"])
def test_each_row_keeps_the_tolerance(name):
    grid = mpifast.Grid((3, 2), (9e-3, 6e-3), (1e-3, 0.7e-3))
    scanner = {
        "plane": mpifast.LissajousScanner(grid, divider=(12, 10, 9), drive_amplitude=(6e-3, 5e-3, 0)),
        "line": mpifast.FieldFreeLineScanner(grid, 1.5, 6e-3, 12, rotation=24),
    }[name]
    particle = mpifast.Particle(18e-9, relaxation=mpifast.Brown(1e-4, 20e-9, law="effective-field"))
    system = mpifast.system_matrix(scanner, particle, tolerance=1e-6)
    assert isinstance(system.route, SampledRoute)
    assert system.parts == (0, 1)
    # The oracle has more samples than any tolerance asks for.
    channels, numbers = system.rows["channel"], system.rows["number"]
    times = np.arange(2048) / 2048 * scanner.period
    field = np.moveaxis(scanner.field(scanner.positions[:, None], times), -1, 0)
    exact = relaxed_coefficients(particle, field, scanner.period)[channels, :, numbers]
    found = system.route.rows()
    allowed = 1e-6 * np.abs(exact).max(axis=1) + 5e-15
    assert (np.abs(found - exact).max(axis=1) <= allowed).all()
    np.testing.assert_array_equal(system.columns(slice(1, 4)), system.matrix[:, 1:4])


def test_sizes_have_their_own_times():
    sizes = mpifast.SizeMixture((1.0, 1.3), (1.0, 2.0), weighting="volume")
    for relaxation in (mpifast.Brown(1e-3, 30e-9, law="effective-field"), mpifast.Brown(1e-3, 30e-9)):
        particle = mpifast.Particle(15e-9, sizes=sizes, relaxation=relaxation)
        assert not particle.instantaneous
        found = relaxed_coefficients(particle, samples(256), PERIOD)
        expected = 0.0
        for share, diameter, shell in ((1 / 3, 15e-9, 30e-9), (2 / 3, 19.5e-9, 34.5e-9)):
            single = mpifast.Particle(diameter, relaxation=mpifast.Brown(1e-3, shell, relaxation.law))
            expected = expected + share * relaxed_coefficients(single, samples(256), PERIOD)
        np.testing.assert_allclose(found, expected, atol=1e-14)


def test_a_system_of_sizes_is_the_sum_of_theirs():
    def rows_of(diameter, shell, **parts):
        relaxation = mpifast.Brown(1e-3, shell, "effective-field")
        particle = mpifast.Particle(diameter, relaxation=relaxation, **parts)
        return mpifast.system_matrix(mpifast.Scanner(voxels=3), particle, harmonics=4, tolerance=1e-8).matrix

    sizes = mpifast.SizeMixture((1.0, 1.3), (1.0, 2.0), weighting="volume")
    expected = rows_of(15e-9, 30e-9) / 3 + rows_of(19.5e-9, 34.5e-9) * 2 / 3
    np.testing.assert_allclose(rows_of(15e-9, 30e-9, sizes=sizes), expected, atol=1e-7 * np.abs(expected).max())


def test_one_dimension_follows_the_same_equation():
    # In a field along one axis the effective field's law has the time along it alone.
    particle = mpifast.Particle(20e-9, relaxation=mpifast.Brown(1e-3, 30e-9, law="effective-field"))
    system = mpifast.system_matrix(mpifast.Scanner(voxels=3), particle, harmonics=6, tolerance=1e-8)
    scanner = system.scanner
    period = 1 / scanner.drive_frequency

    def field(time):
        return np.array(
            [
                scanner.gradient * scanner.positions[2] + scanner.drive_amplitude * np.cos(2 * np.pi * time / period),
                0.0,
                0.0,
            ]
        )

    stepped = np.fft.rfft(reference.relaxed(particle, field, period, 4, 64)[0])[1:7] / 64
    gain = -2j * np.pi * np.arange(1, 7) * particle.saturation_field
    np.testing.assert_allclose(system.matrix[:, 2], gain * stepped, atol=1e-5)


@pytest.mark.parametrize("offset", [0.5, 3.0, 10.0])
def test_the_time_along_the_field_is_nearly_that_of_fokker_planck(offset):
    # A slow weak drive on a static field; the effective field is an approximation within a tenth.
    speed, particle = 1e-3, mpifast.Particle(20e-9)
    found = harmonics_of(np.array([offset]), 1e-4, speed, 0.0, 40, 4, 1)[1, 0]
    brown = mpifast.Brown(1e-3, 30e-9, law="effective-field")
    xi = np.array([offset])
    rate = brown.rates(particle, xi, reference.langevin(xi) / xi)[0][0] * brown.time(particle)
    assert -found.imag / found.real == pytest.approx(speed / rate, rel=0.1)
