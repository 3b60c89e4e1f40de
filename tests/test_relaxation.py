"""Relaxation times and the factor of each frequency: Debye, Brown, Neel, and which particles they are no model of."""

import dataclasses

import numpy as np
import pytest

import mpifast
from mpifast import reference
from mpifast.physics.fields.sequence import Sequence
from mpifast.physics.relaxation.fokker_planck import KINDS
from mpifast.physics.systems import scanner_system
from mpifast.physics.systems.operator_model import OperatorModel
from mpifast.physics.tracer.description import particle_facts, particle_from

TAU = 3e-6
GRID = mpifast.Grid((3, 2), (18e-3, 12e-3))
SCANNERS = {
    "one dimension": mpifast.Scanner(voxels=3),
    "plane": mpifast.LissajousScanner(GRID, divider=(12, 10, 9), base_frequency=2.5e5, channels=("x", "y")),
    "sines": mpifast.LissajousScanner(GRID, divider=(12, 10, 9), base_frequency=2.5e5, phase=(0.2, 0.0, 0.0)),
    "line": mpifast.FieldFreeLineScanner(GRID, 2.0, 9e-3, 4, base_frequency=1e5, angle=0.4, channels=("x", "y")),
    "turned gradient": mpifast.LissajousScanner(
        GRID, [[-1, 0.2, 0], [0.2, -1, 0], [0, 0, 2]], divider=(12, 10, 9), base_frequency=2.5e5
    ),
    "turning line": mpifast.FieldFreeLineScanner(GRID, 2.0, 9e-3, 4, base_frequency=1e5, rotation=20),
}


def pair(name, relaxation, diameter=20e-9):
    """The systems without and with a relaxation."""
    options = {"harmonics": 20} if name == "one dimension" else {}
    plain, relaxed = mpifast.Particle(diameter), mpifast.Particle(diameter, relaxation=relaxation)
    return [mpifast.system_matrix(SCANNERS[name], particle, **options) for particle in (plain, relaxed)]


@pytest.mark.parametrize("name", SCANNERS)
def test_debye_is_a_factor_of_each_row(name):
    plain, relaxed = pair(name, mpifast.Debye(TAU))
    speed = 2 * np.pi * TAU * plain.rows["frequency"]
    assert (speed > 0.1).any()
    expected = plain.matrix / (1 + 1j * speed)[:, None]
    np.testing.assert_allclose(relaxed.matrix, expected, rtol=1e-13, atol=1e-12 * np.abs(expected).max())
    sizes = np.linalg.norm(relaxed.matrix, axis=1), np.linalg.norm(plain.matrix, axis=1)
    np.testing.assert_allclose(sizes[0], sizes[1] / np.hypot(1, speed), rtol=1e-13, atol=1e-12 * sizes[1].max())
    assert relaxed.parts == (0, 1)
    assert relaxed.fingerprint != plain.fingerprint
    np.testing.assert_array_equal(relaxed.real, np.concatenate([relaxed.matrix.real, relaxed.matrix.imag]))


@pytest.mark.parametrize("name", SCANNERS)
def test_no_time_is_no_relaxation(name):
    plain, relaxed = pair(name, mpifast.Debye(0.0))
    np.testing.assert_allclose(relaxed.matrix, plain.matrix, rtol=0, atol=1e-12 * np.abs(plain.matrix).max())


def test_factor_at_known_frequencies():
    found = mpifast.Debye(TAU).response([0.0, 1 / (2 * np.pi * TAU)])
    assert found[0] == 1.0
    assert np.degrees(np.angle(found[1])) == pytest.approx(-45.0, abs=1e-10)
    assert abs(found[1]) == pytest.approx(0.5**0.5)


def test_a_distribution_of_times_is_the_mean_of_factors():
    times, shares, frequency = (1e-6, 5e-6, 0.0), (1.0, 2.0, 5.0), np.linspace(0, 1e6, 7)
    expected = sum(share / 8 / (1 + 2j * np.pi * tau * frequency) for tau, share in zip(times, shares, strict=True))
    np.testing.assert_allclose(mpifast.Debye(times, shares).response(frequency), expected, rtol=1e-14)
    equal = mpifast.Debye(times).response(frequency)
    np.testing.assert_allclose(equal, mpifast.Debye(times, (3.0, 3.0, 3.0)).response(frequency), rtol=1e-14)
    np.testing.assert_allclose(mpifast.Debye((TAU,)).response(frequency), mpifast.Debye(TAU).response(frequency))


@pytest.mark.parametrize("name", ["plane", "sines", "line", "turning line"])
def test_debye_is_the_recursion_in_time(name):
    # Of each component of the sampled magnetisation; the target is linear between the samples, errors fall like 1/n^2.
    scanner, samples = SCANNERS[name], 4096
    relaxed = mpifast.system_matrix(
        scanner, mpifast.Particle(20e-9, relaxation=mpifast.Debye(TAU)), channels=("x", "y")
    )
    assert isinstance(scanner, Sequence)
    time = np.arange(samples) / samples * scanner.period
    target = reference.magnetization(mpifast.Particle(20e-9).beta * scanner.field(scanner.positions[1], time))
    strong = relaxed.rows["number"] < 40
    for axis in (0, 1):
        m = reference.recursion(target[:, axis], TAU, scanner.period)
        mhat = np.fft.fft(m) / samples
        rows = strong & (relaxed.rows["channel"] == axis)
        k = relaxed.rows["number"][rows]
        expected = -2j * np.pi * k * mpifast.Particle(20e-9).saturation_field * mhat[k]
        np.testing.assert_allclose(relaxed.matrix[rows, 1], expected, atol=3e-5 * np.abs(expected).max())
        np.testing.assert_allclose(mhat[0], target[:, axis].mean(), atol=1e-12)


def test_levels_compare_rows_with_their_factor():
    relaxation = mpifast.Debye(30e-6)
    every = pair("plane", relaxation)[1]
    chosen = mpifast.system_matrix(SCANNERS["plane"], every.particle, level=0.05)
    peaks = np.abs(every.matrix).max(axis=1)
    np.testing.assert_array_equal(chosen.rows, every.rows[peaks >= 0.05 * peaks.max()])
    plain = mpifast.system_matrix(SCANNERS["plane"], mpifast.Particle(20e-9), level=0.05)
    assert len(plain.rows) > len(chosen.rows)


def test_operator_and_adjoint_with_a_complex_gain(random, monkeypatch):
    monkeypatch.setattr(scanner_system, "LARGE", 0)  # the operator, though the matrix is small
    grid = mpifast.Grid((7, 6, 9), (24e-3, 20e-3, 12e-3))
    scanner = mpifast.LissajousScanner(grid, drive_amplitude=(12e-3,) * 3, divider=(18, 16, 20), base_frequency=1e6)
    particle = mpifast.Particle(20e-9, relaxation=mpifast.Debye(1e-6))
    system = mpifast.system_matrix(scanner, particle, level=1e-2)
    assert isinstance(system.forward_model, OperatorModel)
    operator, real, matrix = system.as_linear_operator(), system.real, system.matrix
    assert operator.shape == real.shape == (2 * len(system.rows), grid.voxels)
    np.testing.assert_array_equal(real, np.concatenate([matrix.real, matrix.imag]))
    c, v, scale = random.normal(size=grid.voxels), random.normal(size=len(real)), np.abs(real).max()
    np.testing.assert_allclose(operator @ c, real @ c, atol=1e-7 * scale)
    np.testing.assert_allclose(operator.rmatvec(v), real.T @ v, atol=1e-7 * scale)


def test_relaxation_times_of_water():
    # particles.md, section 3
    particle = mpifast.Particle(15e-9, 474e3, 293.0)
    for diameter, tau in ((20e-9, 3.1064113e-6), (40e-9, 2.4851291e-5), (60e-9, 8.3873106e-5), (80e-9, 1.9881032e-4)):
        assert mpifast.Brown(1e-3, diameter).time(particle) == pytest.approx(tau, rel=1e-7)
        assert mpifast.FokkerPlanck("brown", 1e-3, diameter).time(particle) == pytest.approx(tau, rel=1e-7)
    for diameter, tau in ((15e-9, 5.9752099e-9), (20e-9, 1.4163461e-8), (25e-9, 2.7663009e-8)):
        particle = mpifast.Particle(diameter, 474e3, 293.0)
        assert mpifast.Neel().time(particle) == pytest.approx(tau, rel=1e-7)
        assert mpifast.FokkerPlanck("neel").time(particle) == pytest.approx(tau, rel=1e-7)


@pytest.mark.parametrize("relaxation", [mpifast.Brown(1e-3, 30e-9), mpifast.Neel()])
def test_constant_times_are_debye_factors(relaxation):
    particle = mpifast.Particle(20e-9, relaxation=relaxation)
    assert particle.instantaneous
    frequency = np.linspace(0, 1e6, 5)
    expected = mpifast.Debye(relaxation.time(particle)).response(frequency)
    np.testing.assert_array_equal(particle.response(frequency), expected)


@pytest.mark.parametrize(
    "relaxation",
    [
        mpifast.Debye((1e-6, 2e-6), (1, 2)),
        mpifast.Brown(1e-3, 30e-9, "effective-field"),
        mpifast.Neel(0.2),
        mpifast.FokkerPlanck("brown", 1e-3, 30e-9),
        mpifast.FokkerPlanck("neel", damping=0.2),
    ],
)
def test_particles_are_facts_and_a_static_field_does_not_see_relaxation(relaxation):
    particle = mpifast.Particle(20e-9, relaxation=relaxation)
    assert particle_from(particle_facts(particle)) == particle
    assert hash(particle) != hash(mpifast.Particle(20e-9))
    field = [3e-3, -4e-3, 1e-3]
    np.testing.assert_array_equal(particle.magnetization(field), mpifast.Particle(20e-9).magnetization(field))
    assert type(relaxation) in KINDS
    assert all(isinstance(part, (int, float, str, tuple, type(None))) for part in dataclasses.astuple(relaxation))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: mpifast.Debye(-1e-6), "tau=-1e-06 is out of range"),
        (lambda: mpifast.Debye((1e-6, -1e-6)), "tau=-1e-06 is out of range"),
        (lambda: mpifast.Debye(()), "tau is empty"),
        (lambda: mpifast.Debye((1e-6, 2e-6), (1.0,)), "weights has 1 numbers and tau 2"),
        (lambda: mpifast.Debye((1e-6, 2e-6), (0.0, 0.0)), "weights are all zero"),
        (lambda: mpifast.Brown(0.0, 30e-9), r"viscosity=0\.0"),
        (lambda: mpifast.Brown(1e-3, 30e-9, "linear"), "law='linear' is unknown"),
        (lambda: mpifast.Neel(law="effective-field"), "law='effective-field' belongs to Brown: .* precesses"),
        (lambda: mpifast.FokkerPlanck("debye"), "mechanism='debye' is unknown"),
        (lambda: mpifast.FokkerPlanck("brown", 1e-3), "hydrodynamic_diameter is missing"),
        (
            lambda: mpifast.FokkerPlanck("brown", 1e-3, 30e-9, damping=0.1),
            "damping=0.1 belongs to the mechanism 'neel'",
        ),
        (lambda: mpifast.FokkerPlanck("neel", viscosity=1e-3), "viscosity=0.001 belongs to the mechanism 'brown'"),
    ],
)
def test_bad_parameters_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"relaxation": mpifast.Brown(1e-3, 19e-9)}, "below the core's diameter"),
        ({"relaxation": mpifast.FokkerPlanck("brown", 1e-3, 19e-9)}, "below the core's diameter"),
        ({"relaxation": mpifast.Brown(1e-3, 30e-9), "anisotropy": mpifast.Uniaxial(3e3)}, "turns with the core"),
        ({"relaxation": mpifast.FokkerPlanck("brown", 1e-3, 30e-9), "anisotropy": mpifast.Uniaxial(3e3)}, "Debye"),
        ({"relaxation": mpifast.Neel(), "anisotropy": mpifast.Uniaxial(3e3)}, r"FokkerPlanck\('neel'\)"),
    ],
)
def test_combinations_without_a_model_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        mpifast.Particle(20e-9, **options)
