"""Uniaxial anisotropy as a part of a particle, and systems with it."""

import dataclasses

import numpy as np
import pytest

import mpifast
from mpifast import reference
from mpifast.physics.systems.routes import SampledRoute
from mpifast.physics.systems.sampling import Sampling, sampled_rows
from mpifast.physics.tracer.description import particle_facts, particle_from

GRID = mpifast.Grid((3, 2), (20e-3, 16e-3), (1e-3, 2e-3))
ALL = ("x", "y", "z")
FLUID = mpifast.Uniaxial(3500.0, np.eye(3) / 14e-3)
FIXED = mpifast.Uniaxial(1400.0, (-1.0, 1.0, 0.3))
HARD = mpifast.Uniaxial(9000.0, (1.0, 2.0, 0.0))
VOXELS = mpifast.Uniaxial(np.linspace(-2000, 4000, 6), np.random.default_rng(0).normal(size=(6, 3)))
KINDS = {"fluid": FLUID, "fixed": FIXED, "hard": HARD, "voxels": VOXELS}


def particle_of(anisotropy, **more):
    return mpifast.Particle(19e-9, 474e3, 293.0, anisotropy=anisotropy, **more)


def scanner_of(**options):
    options = {"drive_amplitude": (10e-3, 8e-3, 0.0), "divider": (6, 5, 1), "base_frequency": 1e5, **options}
    return mpifast.LissajousScanner(GRID, channels=ALL, **options)


SCANNERS = {
    "cosines": scanner_of(),
    "sines": scanner_of(phase=(0.0, 0.3, 0.0), offset_field=(0, 0, 2e-3)),
    "one drive": scanner_of(drive_amplitude=(9e-3, 0, 0)),
    "turning line": mpifast.FieldFreeLineScanner(GRID, 2.0, 9e-3, 4, rotation=20, base_frequency=1e5, channels=ALL),
}
SCANNERS["sampled"] = mpifast.SampledScanner(
    GRID, SCANNERS["turning line"].waveform(40)[0], 4e-4, SCANNERS["turning line"].waveform(40)[1], channels=ALL
)


def brute_force(scanner, particle, channels, numbers, samples=480):
    """Coefficients by the slow twin and an FFT, for each size."""
    axes, constants = particle.anisotropy.at(scanner.positions)
    xi = particle.beta * scanner.field(scanner.positions[:, None], np.arange(samples) / samples * scanner.period)
    alpha = constants * particle.beta / particle.saturation_magnetization
    ratios, shares = (np.ones(1), np.ones(1)) if particle.sizes is None else particle.sizes.shares()
    m = sum(
        share * reference.anisotropic_magnetization(r**3 * xi, axes[:, None], r**3 * alpha[:, None], nodes=32)
        for r, share in zip(ratios, shares, strict=True)
    )
    return (np.fft.fft(m, axis=1) / samples)[:, numbers, channels].T


@pytest.mark.parametrize("scanner", SCANNERS)
@pytest.mark.parametrize("kind", KINDS)
def test_systems_are_those_of_brute_force(scanner, kind):
    scanner, particle = SCANNERS[scanner], particle_of(KINDS[kind])
    numbers = np.arange(9)
    channels, numbers = np.repeat([0, 1, 2], 9), np.tile(numbers, 3)
    found = sampled_rows(scanner, particle, channels, numbers, 1e-9)
    exact = brute_force(scanner, particle, channels, numbers)
    assert (np.abs(found - exact).max(axis=1) <= 1e-9 * np.abs(exact).max(axis=1) + 2e-14).all()
    system = mpifast.system_matrix(scanner, particle, channels=ALL)
    assert isinstance(system.route, SampledRoute)
    assert system.route.is_real == scanner.even_in_time
    kept = system.rows[system.rows["number"] < 9]
    gain = -2j * np.pi * kept["number"] * particle.saturation_field
    rows = gain[:, None] * exact[kept["channel"] * 9 + kept["number"]]
    np.testing.assert_allclose(system.matrix[system.rows["number"] < 9], rows, atol=1e-8)


def test_sizes_are_summed():
    sizes = mpifast.SizeMixture((0.7, 1.0, 1.3), (1.0, 2.0, 0.5))
    particle = particle_of(FLUID, sizes=sizes)
    channels, numbers = np.array([0, 1, 0]), np.array([1, 3, 5])
    found = sampled_rows(SCANNERS["cosines"], particle, channels, numbers, 1e-10)
    np.testing.assert_allclose(found, brute_force(SCANNERS["cosines"], particle, channels, numbers).real, atol=1e-11)
    one = sum(
        share * particle_of(FLUID).magnetization([0, 1e-3, 2e-3], [5e-3, 0, 3e-3])
        if ratio == 1
        else share
        * mpifast.Particle(19e-9 * ratio, 474e3, 293.0, anisotropy=FLUID).magnetization(
            [0, 1e-3, 2e-3], [5e-3, 0, 3e-3]
        )
        for ratio, share in zip(*sizes.shares(), strict=True)
    )
    np.testing.assert_allclose(particle.magnetization([0, 1e-3, 2e-3], [5e-3, 0, 3e-3]), one, atol=1e-15)


def test_debye_is_a_factor():
    scanner, particle = SCANNERS["cosines"], particle_of(FIXED)
    plain = mpifast.system_matrix(scanner, particle, band=(1e3, 4e4))
    slow = mpifast.system_matrix(scanner, particle_of(FIXED, relaxation=mpifast.Debye(1e-6)), band=(1e3, 4e4))
    factor = mpifast.Debye(1e-6).response(plain.rows["frequency"])[:, None]
    np.testing.assert_allclose(slow.matrix, plain.matrix * factor, rtol=1e-13)


@pytest.mark.parametrize("scanner", SCANNERS)
def test_without_a_constant_it_is_the_plain_particle(scanner):
    plain = mpifast.Particle(19e-9, 474e3, 293.0)
    systems = [mpifast.system_matrix(SCANNERS[scanner], p) for p in (plain, particle_of(mpifast.Uniaxial(0.0)))]
    first, second = (system.matrix for system in systems)
    gain = 2 * np.pi * systems[0].rows["number"] * plain.saturation_field
    assert (np.abs(first - second).max(axis=1) <= 2e-9 * np.abs(first).max(axis=1) + 1e-14 * gain).all()


def test_axes_and_scanner_turn_together():
    turned = mpifast.LissajousScanner(
        mpifast.Grid((2, 3), (16e-3, 20e-3), (2e-3, 1e-3)), drive_amplitude=(8e-3, 10e-3, 0.0), divider=(5, 6, 1),
        base_frequency=1e5, channels=("x", "y"),
    )  # fmt: skip
    first = mpifast.system_matrix(
        SCANNERS["cosines"], particle_of(mpifast.Uniaxial(1400.0, (1, 0, 0))), channels=("x", "y")
    )
    second = mpifast.system_matrix(turned, particle_of(mpifast.Uniaxial(1400.0, (0, 1, 0))))
    images = first.matrix.reshape(2, -1, 3, 2), second.matrix.reshape(2, -1, 2, 3)
    np.testing.assert_allclose(images[0], images[1][::-1].swapaxes(-1, -2), atol=1e-13)


def test_one_dimensional_scanner():
    scanner, particle = mpifast.Scanner(voxels=5), particle_of(mpifast.Uniaxial(1400.0, (0, 0, 1)))
    found = mpifast.system_matrix(scanner, particle, 6)
    angle = np.pi * (np.arange(400) + 0.5) / 400
    field = np.zeros((5, 400, 3))
    field[..., 0] = scanner.gradient * scanner.positions[:, None] + scanner.drive_amplitude * np.cos(angle)
    k = np.arange(1, 7)[:, None]
    c = 2 / 400 * np.cos(k * angle) @ particle.magnetization(field)[..., 0].T
    np.testing.assert_allclose(found.matrix, -1j * np.pi * particle.saturation_field * k * c, atol=1e-12)


@pytest.mark.parametrize("kind", ["fluid", "hard", "voxels"])
def test_bits_do_not_depend_on_threads_and_slices(kind):
    channels, numbers = np.array([0, 1]), np.array([3, 4])
    arguments = SCANNERS["sines"], particle_of(KINDS[kind]), channels, numbers, 1e-9
    whole = sampled_rows(*arguments, threads=1)
    np.testing.assert_array_equal(sampled_rows(*arguments, threads=2), whole)
    np.testing.assert_array_equal(sampled_rows(*arguments, slice(2, 5)), whole[:, 2:5])


@pytest.mark.parametrize("kind", ["fluid", "fixed", "hard"])
def test_tolerance_holds_at_voxels_that_were_not_looked_at(kind):
    # The voxels are chosen by the poles of the Langevin function; a hard axis has others.
    grid = mpifast.Grid((13, 11), (24e-3, 24e-3), (2e-3, -1e-3))
    scanner, particle = (
        mpifast.LissajousScanner(grid, divider=(17, 16, 1), base_frequency=1e5),
        particle_of(KINDS[kind]),
    )
    channels, numbers = np.repeat([0, 1], 137), np.tile(np.arange(137), 2)
    exact = sampled_rows(scanner, particle, channels, numbers, 1e-13)
    for tolerance in (1e-2, 1e-4, 1e-6, 1e-9):
        found = sampled_rows(scanner, particle, channels, numbers, tolerance)
        assert (np.abs(found - exact).max(axis=1) <= tolerance * np.abs(exact).max(axis=1) + 2e-14).all()


def test_the_field_of_position():
    axes, constants = FLUID.at(np.array([[0.0, 0, 0], [14e-3, 0, 0], [0, 3e-3, -4e-3]]))
    np.testing.assert_allclose(axes, [[0, 0, 1], [1, 0, 0], [0, 0.6, -0.8]], atol=1e-16)
    np.testing.assert_allclose(constants, [0.0, 3500.0, 3500.0 * (5 / 14) ** 2])
    shear = mpifast.Uniaxial(100.0, [[0, 2, 0], [0, 0, 0], [0, 0, 1]])
    np.testing.assert_allclose(shear.at(np.array([0, 3.0, 0]))[0], [1, 0, 0])
    # Nothing jumps where the constant passes zero.
    near = particle_of(FLUID).magnetization([4e-3, 1e-3, 0], [[0, 0, 0], [1e-9, 0, 0], [0, -1e-9, 0]])
    np.testing.assert_allclose(near, near[:1].repeat(3, axis=0), atol=1e-12)


def test_magnetization_by_voxel():
    field = np.broadcast_to([4e-3, 1e-3, 0.0], (6, 2, 3))
    found, (axes, constants) = particle_of(VOXELS).magnetization(field), VOXELS.at(np.zeros((6, 3)))
    for v in range(6):
        one = particle_of(mpifast.Uniaxial(constants[v], axes[v]))
        np.testing.assert_allclose(found[v], one.magnetization(field[v]), atol=1e-15)


@pytest.mark.parametrize("kind", KINDS)
def test_plain_facts(kind):
    particle = particle_of(KINDS[kind])
    assert particle == particle_of(dataclasses.replace(KINDS[kind]))
    assert len({particle, particle_of(KINDS[kind])}) == 1
    assert particle_from(particle_facts(particle)) == particle
    assert particle != particle_of(mpifast.Uniaxial(1401.0, (-1.0, 1.0, 0.3)))


def test_long_arrays_are_not_shown():
    assert repr(FIXED) == "Uniaxial(constant=1400.0, axis=(-1.0, 1.0, 0.3))"
    assert repr(mpifast.Uniaxial(np.ones(500), np.ones((500, 3)))) == (
        "Uniaxial(constant=<500 voxels>, axis=<500 voxels>)"
    )


def test_stores(tmp_path):
    system = mpifast.system_matrix(SCANNERS["cosines"], particle_of(FLUID), level=0.2)
    mpifast.Spectra(system, seed=1, dtype="float64").save(tmp_path / "fluid.h5", 3)
    assert mpifast.open_spectra(tmp_path / "fluid.h5").system.particle == system.particle
    grid = mpifast.Grid((9, 9), (20e-3, 20e-3))
    scanner = mpifast.LissajousScanner(grid, divider=(6, 5, 1), base_frequency=1e5)
    particle = particle_of(mpifast.Uniaxial(1000.0, np.ones((81, 3))))
    system = mpifast.system_matrix(scanner, particle, level=0.5)
    mpifast.Spectra(system, seed=1, dtype="float64").save(tmp_path / "voxels.h5", 3)
    stored = mpifast.open_spectra(tmp_path / "voxels.h5")
    assert stored[:3][0].shape[0] == 3
    with pytest.raises(ValueError, match="axis of the anisotropy is a long array, of which only a digest was kept"):
        stored.system.matrix  # noqa: B018


BAD = [
    ({"constant": "hard"}, TypeError, "constant must be a number in J/m"),
    ({"constant": 1e7}, ValueError, "constant=1.*out of range"),
    ({"constant": [1.0, np.nan]}, ValueError, "constant is not finite"),
    ({"constant": [[1.0]]}, ValueError, r"constant has shape \(1, 1\): give one number"),
    ({"constant": [2e6]}, ValueError, "constant contains 2e.06: give numbers from"),
    ({"constant": 1.0, "axis": (0, 0, 0)}, ValueError, "axis is zero: give the direction"),
    ({"constant": 1.0, "axis": (0, 1)}, ValueError, r"axis has shape \(2,\): give the components"),
    ({"constant": 1.0, "axis": np.zeros((3, 3))}, ValueError, "give a matrix in 1/m that is not zero"),
    ({"constant": 1.0, "axis": [(0, 0, 1)] * 4 + [(0, 0, 0)]}, ValueError, r"axis\[4\] is zero"),
    ({"constant": [1.0, 2.0], "axis": np.ones((5, 3))}, ValueError, "axis has 5 rows and constant 2"),
    ({"constant": 1.0, "axis": "x"}, TypeError, "axis must hold real numbers"),
]


@pytest.mark.parametrize(("arguments", "kind", "message"), BAD)
def test_bad_input(arguments, kind, message):
    with pytest.raises(kind, match=message):
        mpifast.Uniaxial(**arguments)


def test_the_voxels_have_to_fit():
    for anisotropy in (mpifast.Uniaxial(1.0, np.ones((7, 3))), mpifast.Uniaxial(np.ones(7))):
        with pytest.raises(ValueError, match="anisotropy is given for 7 voxels, and the grid has 6"):
            mpifast.system_matrix(SCANNERS["cosines"], particle_of(anisotropy))
    with pytest.raises(ValueError, match="anisotropy is given for 6 voxels, and the grid has 5"):
        mpifast.system_matrix(mpifast.Scanner(voxels=5), particle_of(VOXELS))
    # Three rows are a matrix, unless each voxel has its constant.
    assert mpifast.Uniaxial(1.0, np.ones((3, 3))).voxels is None
    assert mpifast.Uniaxial(np.ones(3), np.ones((3, 3))).voxels == 3


def test_bad_fields_and_positions():
    with pytest.raises(ValueError, match="position is missing: the easy axis depends on it"):
        particle_of(FLUID).magnetization([1e-3, 0, 0])
    with pytest.raises(ValueError, match=r"position has shape \(2,\)"):
        particle_of(FLUID).magnetization([1e-3, 0, 0], [0, 1])
    with pytest.raises(ValueError, match=r"field has shape \(2,\)"):
        particle_of(FIXED).magnetization([1e-3, 0])
    with pytest.raises(ValueError, match=r"anisotropy: K V / .* give a smaller constant"):
        Sampling(SCANNERS["cosines"], mpifast.Particle(600e-9, anisotropy=HARD), np.array([0]), np.array([1]), 1e-3)
