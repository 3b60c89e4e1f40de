"""Systems of the Fokker-Planck equation in fields along one axis."""

import numpy as np
import pytest

import mpifast
from mpifast.physics.dynamics.moments import harmonics_of
from mpifast.physics.systems.routes import HarmonicBalanceRoute

LINE = mpifast.Grid((5,), (20e-3,))
BROWN = mpifast.FokkerPlanck("brown", viscosity=1e-4, hydrodynamic_diameter=30e-9)
SCANNER = mpifast.LissajousScanner(LINE, drive_amplitude=(10e-3, 0, 0), divider=(64, 1, 1))


def column(particle, tau, offset, drive, frequency, count, alpha=0.0, phase=0.0):
    """A voxel's rows of the harmonics 1 to ``count``."""
    k = np.arange(1, count + 1)
    offset = np.array([particle.beta * offset])
    found = harmonics_of(offset, particle.beta * drive, 2 * np.pi * frequency * tau, alpha, 60, count + 40, count)
    return -2j * np.pi * k * particle.saturation_field * found[1:, 0] * np.exp(1j * k * phase)


def test_every_voxel_is_a_harmonic_balance():
    particle = mpifast.Particle(18e-9, relaxation=BROWN)
    system = mpifast.system_matrix(SCANNER, particle, tolerance=1e-8)
    assert isinstance(system.route, HarmonicBalanceRoute)
    assert system.parts == (0, 1)
    for voxel, x in enumerate(SCANNER.positions[:, 0]):
        expected = column(particle, BROWN.time(particle), -x, 10e-3, 2.5e6 / 64, 30)
        np.testing.assert_allclose(system.matrix[1:31, voxel], expected, rtol=0, atol=1e-8 * abs(expected[0]))
    peaks = np.abs(system.matrix).max(axis=1) / (2 * np.pi * np.maximum(system.rows["number"], 1) * 0.6)
    np.testing.assert_allclose(system.route.peaks()[1:], peaks[1:], atol=3e-15)
    np.testing.assert_array_equal(system.columns(slice(1, 4)), system.matrix[:, 1:4])
    strong = mpifast.system_matrix(SCANNER, particle, tolerance=1e-8, level=1e-2)
    assert 3 < len(strong.rows) < 20
    np.testing.assert_allclose(strong.matrix, system.matrix[strong.rows["number"]], rtol=0, atol=1e-7)


def test_the_scanner_of_one_dimension():
    particle = mpifast.Particle(15e-9, relaxation=BROWN)
    scanner = mpifast.Scanner(voxels=5)
    system = mpifast.system_matrix(scanner, particle, harmonics=12, tolerance=1e-9)
    for voxel in (0, 2, 3):
        field = scanner.gradient * scanner.positions[voxel]
        expected = column(particle, BROWN.time(particle), field, scanner.drive_amplitude, scanner.drive_frequency, 12)
        np.testing.assert_allclose(system.matrix[:, voxel], expected, rtol=0, atol=1e-10)
    plain = mpifast.system_matrix(scanner, mpifast.Particle(15e-9), harmonics=12)
    thin = mpifast.FokkerPlanck("brown", viscosity=1e-12, hydrodynamic_diameter=30e-9)
    limit = mpifast.system_matrix(scanner, mpifast.Particle(15e-9, relaxation=thin), harmonics=12, tolerance=1e-9)
    np.testing.assert_allclose(limit.matrix, plain.matrix, rtol=0, atol=1e-6)
    assert system.fingerprint != plain.fingerprint


def test_phases_directions_and_multiples():
    # A sine along y, sampled over several of its periods because a second axis is driven at zero amplitude: none.
    grid = mpifast.Grid((1, 3), (1e-3, 12e-3), (0.0, 1e-3))
    scanner = mpifast.LissajousScanner(
        grid, (-1, 2, -1), (0, 8e-3, 0), (1, 50, 1), phase=(0, 0.7, 0), offset_field=(0, 2e-3, 0), channels=("x", "y")
    )
    particle = mpifast.Particle(18e-9, relaxation=BROWN)
    system = mpifast.system_matrix(scanner, particle)
    along = system.rows["channel"] == 1
    np.testing.assert_array_equal(system.matrix[~along], 0.0)
    y = scanner.positions[2, 1]
    expected = column(particle, BROWN.time(particle), 2 * y + 2e-3, 8e-3, 5e4, 20, phase=0.7 - np.pi / 2)
    np.testing.assert_allclose(system.matrix[along][1:21, 2], expected, rtol=0, atol=1e-9)


def test_a_spectrometer_with_a_barrier():
    # One voxel, no gradient; the easy axis along the field.
    grid = mpifast.Grid((1,), (1e-3,))
    scanner = mpifast.LissajousScanner(
        grid, (0, 0, 0), (10e-3, 0, 0), (100, 1, 1), offset_field=(1e-3, 0, 0), channels=("x",)
    )
    neel = mpifast.FokkerPlanck("neel")
    axis = mpifast.Uniaxial(5000.0, axis=(-2, 0, 0))
    particle = mpifast.Particle(20e-9, 474e3, 293.0, relaxation=neel, anisotropy=axis)
    system = mpifast.system_matrix(scanner, particle)
    alpha = 5000.0 / 11000.0 * 11.3902
    expected = column(particle, neel.time(particle), 1e-3, 10e-3, 25e3, 20, alpha)
    np.testing.assert_allclose(system.matrix[1:21, 0], expected, rtol=0, atol=1e-5)
    # Without the barrier the moment follows at once, with it there is hysteresis.
    free = mpifast.system_matrix(scanner, mpifast.Particle(20e-9, 474e3, 293.0, relaxation=neel))
    phases = [abs(np.degrees(np.angle(1j * s.matrix[1, 0]))) for s in (free, system)]
    assert phases[0] < 0.2
    assert phases[1] > 0.5


def test_sizes_add_up():
    sizes = mpifast.SizeMixture((1.0, 1.2), (1.0, 3.0), weighting="volume")
    system = mpifast.system_matrix(SCANNER, mpifast.Particle(15e-9, sizes=sizes, relaxation=BROWN), level=1e-3)
    expected = 0.0
    for share, diameter, shell in ((0.25, 15e-9, 30e-9), (0.75, 18e-9, 33e-9)):
        single = mpifast.Particle(diameter, relaxation=mpifast.FokkerPlanck("brown", 1e-4, shell))
        expected = expected + share * mpifast.system_matrix(SCANNER, single).matrix[system.rows["number"]]
    np.testing.assert_allclose(system.matrix, expected, rtol=0, atol=1e-8)


def test_solvers_and_spectra_take_it():
    particle = mpifast.Particle(18e-9, relaxation=BROWN)
    system = mpifast.system_matrix(SCANNER, particle, level=1e-3)
    u, c = mpifast.Spectra(system, seed=1)[:3]
    assert u.shape == (3, 2 * len(system.rows))
    np.testing.assert_allclose(mpifast.tikhonov(system, u, alpha=1e-9), c, atol=0.05)


NEEL = mpifast.Particle(20e-9, relaxation=mpifast.FokkerPlanck("neel"), anisotropy=mpifast.Uniaxial(3e3, (1, 1, 0)))


@pytest.mark.parametrize(
    ("scanner", "particle", "message"),
    [
        (
            mpifast.LissajousScanner(LINE),
            mpifast.Particle(18e-9, relaxation=BROWN),
            "not one sine in a fixed direction",
        ),
        (
            mpifast.LissajousScanner(mpifast.Grid((4, 4), (9e-3, 9e-3)), drive_amplitude=(9e-3, 0, 0)),
            mpifast.Particle(18e-9, relaxation=BROWN),
            r"0\.0034 T across the drive field.*Debye\(tau\)",
        ),
        (mpifast.Scanner(voxels=3), NEEL, r"axis \(1\.0, 1\.0, 0\.0\), and FokkerPlanck needs one along the field"),
    ],
)
def test_other_fields_are_refused_before_any_work(scanner, particle, message):
    with pytest.raises(ValueError, match=message):
        mpifast.system_matrix(scanner, particle)


def test_sharp_particles_are_refused():
    with pytest.raises(ValueError, match="too sharp: more than 400 moments"):
        _ = mpifast.system_matrix(
            mpifast.Scanner(voxels=3),
            mpifast.Particle(2e-7, relaxation=mpifast.FokkerPlanck("brown", 1e-3, 3e-7)),
            harmonics=3,
        )
