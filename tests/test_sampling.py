"""Time sampling against oracles, the slow twin, identities of the physics, and the closed form."""

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from magnetisation_oracles import ORACLE_A, ORACLE_C

import mpifast
from mpifast import reference
from mpifast.physics.fields.frequencies import mixing_orders
from mpifast.physics.systems import _sampling_loops as loops
from mpifast.physics.systems import sampling as module
from mpifast.physics.systems.drive_axis import line_coefficients, line_rows
from mpifast.physics.systems.sampling import Sampling, sampled_rows
from mpifast.physics.tracer.vector_langevin import magnetization

ALL = ("x", "y", "z")


def table(numbers, components=3):
    """Channels and numbers of every component at some frequencies."""
    numbers = np.asarray(numbers)
    return np.repeat(np.arange(components), len(numbers)), np.tile(numbers, components)


def rows_of(scanner, particle, numbers, tolerance=1e-12):
    """mhat [3, numbers, voxels]."""
    return sampled_rows(scanner, particle, *table(numbers), tolerance).reshape(3, len(numbers), -1)


def one_voxel(*position):
    return mpifast.Grid((1,) * len(position), (1e-3,) * len(position), position)


def test_oracle_a():
    scanner, particle = mpifast.LissajousScanner(one_voxel(3e-3, -5e-3)), mpifast.Particle(20e-9, 474_000.0, 293.0)
    assert particle.beta == pytest.approx(490.812989516811061, rel=1e-14)
    found = rows_of(scanner, particle, list(ORACLE_A))[..., 0]
    assert found.dtype == np.float64  # a cosine drive is even in time
    np.testing.assert_allclose(found[:2].T, list(ORACLE_A.values()), atol=3e-16)
    np.testing.assert_array_equal(found[2], 0.0)


def test_oracle_c():
    scanner = mpifast.LissajousScanner(
        one_voxel(-4e-3, 6e-3, 0.5e-3),
        (1.25, 1.25, -2.5),
        (16e-3, 14e-3, 0),
        (33, 32, 1),
        phase=(0, 0.3, 0),
        channels=ALL,
    )
    particle = mpifast.Particle(30e-9)
    assert particle.beta == pytest.approx(1629.66836632415174, rel=1e-14)
    assert scanner.multiples == (32, 33, 0)
    found = rows_of(scanner, particle, list(ORACLE_C))[..., 0]
    np.testing.assert_allclose(found.T, list(ORACLE_C.values()), atol=1e-15)


def scanners(draw):
    """Random scanners of every kind on a small grid."""
    part = st.floats(-1, 1)
    shape = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    grid = mpifast.Grid(shape, [draw(st.floats(1e-3, 20e-3)) for _ in shape])
    matrix = np.array([draw(part) for _ in range(9)]).reshape(3, 3)
    gradient = matrix + matrix.T
    gradient -= np.trace(gradient) / 3 * np.eye(3)
    amplitude = [draw(st.floats(1e-3, 12e-3)), draw(st.floats(0, 12e-3)), draw(st.sampled_from([0.0, 6e-3]))]
    phase = draw(st.one_of(st.just((math.pi / 2,) * 3), st.tuples(part, part, part)))
    offset = [5e-3 * draw(part) for _ in range(3)]
    lissajous = mpifast.LissajousScanner(grid, gradient, amplitude, (6, 5, 4), 1e5, phase, offset, channels=ALL)
    turning = mpifast.FieldFreeLineScanner(grid, 2.0, 9e-3, 4, rotation=20, angle=draw(part), channels=ALL)
    drive, matrices = turning.waveform(40)
    sampled = mpifast.SampledScanner(grid, drive, turning.period, matrices, channels=ALL)
    return draw(st.sampled_from([lissajous, lissajous, turning, sampled]))


@given(st.data(), st.floats(10e-9, 30e-9), st.sampled_from([1e-3, 1e-6, 1e-9, 1e-12]))
@settings(max_examples=40)
def test_each_row_keeps_the_tolerance(data, diameter, tolerance):
    scanner, particle = scanners(data.draw), mpifast.Particle(diameter)
    numbers = data.draw(st.lists(st.integers(0, 60), min_size=1, max_size=12))
    channels = data.draw(st.lists(st.integers(0, 2), min_size=len(numbers), max_size=len(numbers)))
    found = sampled_rows(scanner, particle, np.array(channels), np.array(numbers), tolerance)
    expected = reference.sampled_rows(scanner, particle, channels, numbers, 4096)
    allowed = tolerance * np.abs(expected).max(axis=1) + 3e-15
    assert (np.abs(found - expected).max(axis=1) <= allowed).all()


@pytest.mark.parametrize("number", [0, 1, 5])
def test_one_slow_row_alone_sees_the_fast_drive_fields(number):
    # Two and three samples of a period agreed on an alias of the drive fields.
    grid = mpifast.Grid((1,), (0.015625,))
    offset, drive = (0, 0, 5e-3), (0.0078125, 0, 6e-3)
    scanner = mpifast.LissajousScanner(grid, (0, 0, 0), drive, (6, 5, 4), 1e5, offset_field=offset, channels=ALL)
    found = rows_of(scanner, mpifast.Particle(30e-9), [number])
    expected = reference.sampled_rows(scanner, mpifast.Particle(30e-9), np.arange(3), np.full(3, number), 4096)
    np.testing.assert_allclose(found.reshape(3), expected[:, 0].real, atol=3e-15)


@pytest.mark.parametrize("diameter", [20e-9, 25e-9, 30e-9])
def test_tolerance_holds_at_voxels_that_were_not_looked_at(diameter):
    scanner = mpifast.LissajousScanner(mpifast.Grid((31, 29), (24e-3, 24e-3)))
    particle, (channels, numbers) = mpifast.Particle(diameter, 474_000.0, 293.0), table(np.arange(817), 2)
    exact = sampled_rows(scanner, particle, channels, numbers, 1e-13)
    times = []
    for tolerance in (1e-2, 1e-4, 1e-6):
        found = sampled_rows(scanner, particle, channels, numbers, tolerance)
        assert (np.abs(found - exact).max(axis=1) <= tolerance * np.abs(exact).max(axis=1) + 2e-15).all()
        times.append(Sampling(scanner, particle, channels, numbers, tolerance).times)
    assert times == sorted(times)
    assert times[0] >= 1632  # twice the highest frequency, and 20 nm needs no more


@pytest.mark.parametrize("seed", [6, 28, 33, 40])
def test_tolerance_holds_off_the_centre_and_in_tilted_gradients(seed):
    # Scanners whose worst voxels lie anywhere: looking at middles, corners and the trajectory alone missed the
    # tolerance by factors of 7 to 8,000.
    random = np.random.default_rng([1, seed])
    grid = mpifast.Grid(random.integers(5, 10, 2), random.uniform(8e-3, 40e-3, 2), random.uniform(-8e-3, 8e-3, 2))
    matrix = random.normal(size=(3, 3))
    gradient = matrix + matrix.T - np.trace(matrix) * 2 / 3 * np.eye(3)
    amplitude = random.uniform(2e-3, 14e-3, 3) * (random.random(3) < 0.7) + (1e-3, 0, 0)
    dividers = [(6, 5, 4), (17, 16, 15), (12, 10, 9)][seed % 3]
    scanner = mpifast.LissajousScanner(grid, gradient, amplitude, dividers, phase=random.uniform(0, 6, 3), channels=ALL)
    particle = mpifast.Particle(random.uniform(15e-9, 40e-9))
    channels, numbers = table(np.arange(min(scanner.samples // 2, 100) + 1))
    exact = sampled_rows(scanner, particle, channels, numbers, 1e-13)
    for tolerance in (1e-2, 1e-4, 1e-6, 1e-9):
        found = sampled_rows(scanner, particle, channels, numbers, tolerance)
        assert (np.abs(found - exact).max(axis=1) <= tolerance * np.abs(exact).max(axis=1) + 2e-15).all()


@pytest.mark.loops
@pytest.mark.parametrize("scale", [1e-160, 1e-3, 1.0, 1e3, 1e100])
def test_vectorised_magnetisation_is_the_kernel(random, scale):
    # To 1e-15 of the length, at any field.
    offsets, drive = scale * random.normal(size=(5, 3)), scale * random.normal(size=(3, 40))
    gradient = scale * random.normal(size=(3, 3, 40))
    still, moving = np.empty((2, 3, 5, 40))
    loops.magnetize(offsets, drive, np.arange(3), still, 2, threads=1)
    positions = random.normal(size=(5, 3))
    loops.magnetize_moving(positions, drive, gradient, np.arange(3), moving, 2, threads=1)
    for found, xi in (
        (still, offsets[:, None] + drive.T),
        (moving, np.einsum("ijt,vj->vti", gradient, positions) + drive.T),
    ):
        exact = np.moveaxis(magnetization(xi), -1, 0)
        assert (np.abs(found - exact) <= 4e-15 * np.abs(exact).max() + 1e-300).all()


@pytest.mark.loops
@pytest.mark.parametrize("rotation", [None, 6])
@pytest.mark.parametrize("threads", [1, 2])
def test_loops_agree_with_the_slow_twin(rotation, threads):
    grid, particle = mpifast.Grid((2, 1, 2), (9e-3, 9e-3, 3e-3)), mpifast.Particle(20e-9)
    scanner = mpifast.FieldFreeLineScanner(grid, 2.0, 6e-3, 3, rotation=rotation, phase=0.3, offset_field=(0, 1e-3, 0))
    channels, numbers = np.array([2, 0, 1, 0]), np.array([1, 3, 0, 2])
    found = sampled_rows(scanner, particle, channels, numbers, 1e-9, threads=threads)
    np.testing.assert_allclose(found, reference.sampled_rows(scanner, particle, channels, numbers, 300), atol=1e-9)


@pytest.mark.parametrize("phase", [math.pi / 2, 0.2])
def test_bits_do_not_depend_on_threads_slices_and_other_rows(phase, monkeypatch):
    scanner = mpifast.LissajousScanner(mpifast.Grid((13, 11), (24e-3, 24e-3)), phase=(phase, phase, phase))
    particle, (channels, numbers) = mpifast.Particle(25e-9), table(np.arange(300), 2)
    monkeypatch.setattr(module, "BLOCK", 2**16)
    whole = sampled_rows(scanner, particle, channels, numbers, 1e-9, threads=1)
    np.testing.assert_array_equal(sampled_rows(scanner, particle, channels, numbers, 1e-9, threads=2), whole)
    for part in (slice(0, 1), slice(5, 100), slice(17, 18), slice(130, None), slice(7, 7)):
        np.testing.assert_array_equal(sampled_rows(scanner, particle, channels, numbers, 1e-9, part), whole[:, part])


def test_memory_is_bounded():
    scanner = mpifast.LissajousScanner(mpifast.Grid((70, 70), (24e-3, 24e-3)))
    sampling = Sampling(scanner, mpifast.Particle(25e-9), *table([50, 51], 2), 1e-9)
    tracemalloc.start()
    peak = max(np.abs(rows).max() for _, rows in sampling.blocks())
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak > 0.01
    assert used < 4 * 8 * module.BLOCK


def test_interruption_ends_between_blocks(monkeypatch):
    scanner = mpifast.LissajousScanner(mpifast.Grid((20, 20), (24e-3, 24e-3)))
    sampling, calls = Sampling(scanner, mpifast.Particle(20e-9), *table([50]), 1e-9), []
    transform = Sampling._transform

    def interrupted(*arguments):
        calls.append(arguments)
        if len(calls) > 1:
            raise KeyboardInterrupt
        return transform(*arguments)

    monkeypatch.setattr(module, "BLOCK", 2**15)
    monkeypatch.setattr(Sampling, "_transform", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(sampling.blocks())
    assert len(calls) == 2


def test_too_sharp_a_particle_is_refused(monkeypatch):
    monkeypatch.setattr(module, "MAX_TIMES", 3000)
    scanner = mpifast.LissajousScanner(mpifast.Grid((3, 3), (24e-3, 24e-3)))
    with pytest.raises(
        ValueError, match=r"diameter=4e-08 m is too sharp: more than 3,000 samples.*or a larger tolerance"
    ):
        Sampling(scanner, mpifast.Particle(40e-9), *table([800]), 1e-9)


def test_both_routes_agree(random):
    grid, particle = mpifast.Grid((5, 4), (12e-3, 9e-3), (1e-3, 2e-3)), mpifast.Particle(25e-9)
    for scanner in (
        mpifast.FieldFreeLineScanner(grid, 1.0, 9e-3, 60, angle=0.4, phase=0.3, offset_field=(0, 0, 3e-3)),
        mpifast.LissajousScanner(grid, drive_amplitude=(0, 8e-3, 0), divider=(1, 40, 1)),
    ):
        channels, numbers = table(np.arange(30))
        sampled = sampled_rows(scanner, particle, channels, numbers, 1e-12)
        np.testing.assert_allclose(sampled, line_rows(scanner, particle, channels, numbers), atol=2e-15)


# Identities of physics-nd.md, section 5. G, A and n differ from axis to axis, so that nothing agrees by chance.
PARTICLE = mpifast.Particle(25e-9)
NUMBERS = np.arange(0, 160)


def scanner_on(grid, phases=(math.pi / 2,) * 3, **more):
    arguments = {"gradient": (-1.0, -1.2, 2.2), "drive_amplitude": (12e-3, 10e-3, 0), "divider": (17, 16, 1), **more}
    return mpifast.LissajousScanner(grid, phase=phases, channels=ALL, **arguments)


def rows_at(position, phases=(math.pi / 2,) * 3, **more):
    return rows_of(scanner_on(one_voxel(*position), phases, **more), PARTICLE, NUMBERS)[..., 0]


def test_parity_of_rows_of_cosines():
    # Identity 2: n_x = 16 even, n_y = 17 odd. The mirror in x is not exact, for aliases differ.
    rows, mirrored = rows_at((3e-3, 4e-3)), rows_at((3e-3, -4e-3))
    sign = (-1.0) ** NUMBERS
    assert rows.dtype == np.float64
    np.testing.assert_allclose(mirrored[0], sign * rows[0], atol=2e-15)
    np.testing.assert_allclose(mirrored[1], -sign * rows[1], atol=2e-15)
    other = rows_at((-3e-3, 4e-3))
    assert np.abs(np.abs(other[0]) - np.abs(rows[0])).max() > 1e-9


def test_parity_of_rows_of_sines():
    rows, sign = rows_at((3e-3, 4e-3), (0, 0, 0)), (-1.0) ** NUMBERS
    np.testing.assert_allclose(
        rows_at((-3e-3, 4e-3), (0, 0, 0))[:2], [-sign * rows[0].conj(), sign * rows[1].conj()], atol=2e-15
    )
    np.testing.assert_allclose(rows_at((3e-3, -4e-3), (0, 0, 0))[:2], [sign * rows[0], -sign * rows[1]], atol=2e-15)
    np.testing.assert_allclose(rows_at((-3e-3, -4e-3), (0, 0, 0)), -rows.conj(), atol=2e-15)


def tensors(position, nodes=192):
    """c_pq of x and y, [2, p, q], by the midpoint rule on the torus of the two phases."""
    angle = np.pi * (np.arange(nodes) + 0.5) / nodes
    xi = np.zeros((nodes, nodes, 3))
    xi[..., 0] = PARTICLE.beta * (-position[0] + 12e-3 * np.cos(angle[:, None]))
    xi[..., 1] = PARTICLE.beta * (-1.2 * position[1] + 10e-3 * np.cos(angle))
    waves = np.cos(np.outer(np.arange(nodes), angle)) / nodes
    return np.einsum("pi,ijc,qj->cpq", waves, magnetization(xi)[..., :2], waves, optimize=True)


@pytest.mark.parametrize("phases", [(math.pi / 2, math.pi / 2, 0), (0.1, 0.2, 0.0)])
def test_rows_are_sums_over_mixing_orders(phases):
    # Section 3: mhat[k] is the sum of c_|p| exp(i p . (phi - pi/2)) over all p . n = k.
    rows, torus = rows_at((3e-3, 4e-3), phases), tensors((3e-3, 4e-3))
    for k, orders in zip(NUMBERS, mixing_orders((16, 17), NUMBERS, 191), strict=True):
        turns = np.exp(1j * orders @ (np.array(phases[:2]) - math.pi / 2))
        sums = (torus[:, abs(orders[:, 0]), abs(orders[:, 1])] * turns).sum(axis=1)
        np.testing.assert_allclose(rows[:2, k], sums, atol=2e-15)


def test_parity_of_tensors():
    # Identity 1.
    c, x, y = tensors((3e-3, 4e-3)), tensors((-3e-3, 4e-3)), tensors((3e-3, -4e-3))
    p, q = (-1.0) ** np.arange(192)[:, None], (-1.0) ** np.arange(192)
    np.testing.assert_allclose(x, [-p * c[0], p * c[1]], atol=5e-15)
    np.testing.assert_allclose(y, [q * c[0], -q * c[1]], atol=5e-15)


def test_the_inner_integral_of_a_tensor_is_the_closed_form():
    # One phase held, the other one is a drive axis with an offset across it.
    angle = np.pi * (np.arange(192) + 0.5) / 192
    along = np.full(192, -PARTICLE.beta * 3e-3)
    across = PARTICLE.beta * (-1.2 * 4e-3 + 10e-3 * np.cos(angle))
    inner, _ = line_coefficients(along, PARTICLE.beta * 12e-3, np.abs(across), np.arange(6), 60)
    found = 0.5 * inner @ np.cos(np.outer(angle, np.arange(6))) / 192
    np.testing.assert_allclose(found, tensors((3e-3, 4e-3))[0, :6, :6], atol=1e-14)


def test_exchange_of_axes():
    # Identity 3.
    rows = rows_at((3e-3, 4e-3, 1e-3), (0.1, 0.2, 0.0))
    exchanged = rows_at(
        (4e-3, 3e-3, 1e-3),
        (0.2, 0.1, 0.0),
        gradient=(-1.2, -1.0, 2.2),
        drive_amplitude=(10e-3, 12e-3, 0),
        divider=(16, 17, 1),
    )
    np.testing.assert_allclose(exchanged, rows[[1, 0, 2]], atol=2e-15)


def test_rotation(random):
    # Identity 3: everything turned by Q, with the drive fields as samples.
    scanner = scanner_on(one_voxel(3e-3, 4e-3, 1e-3), (0.1, 0.2, 0.0))
    rotation, _ = np.linalg.qr(random.normal(size=(3, 3)))
    drive, gradient = scanner.waveform(400)
    turned = mpifast.SampledScanner(
        one_voxel(*rotation @ (3e-3, 4e-3, 1e-3)), drive @ rotation.T, scanner.period, rotation @ gradient @ rotation.T
    )
    expected = np.einsum("ij,jkv->ikv", rotation, rows_of(scanner, PARTICLE, NUMBERS))
    np.testing.assert_allclose(rows_of(turned, PARTICLE, NUMBERS), expected, atol=5e-15)


def test_small_fields_at_the_origin():
    # Identity 7, tensors c^x_10, c^x_30 and c^x_12 at k = 16, 48 and 16 + 34.
    particle = mpifast.Particle(12e-9)
    scanner = scanner_on(one_voxel(0.0, 0.0), drive_amplitude=(1e-3, 0.8e-3, 0))
    x, y = particle.beta * 1e-3, particle.beta * 0.8e-3
    found = rows_of(scanner, particle, [16, 48, 50], 1e-13)[0, :, 0]
    assert found[0] == pytest.approx(x / 6 - (3 * x**3 / 8 + x * y**2 / 4) / 45, abs=0.02 * x**5)
    assert found[1] == pytest.approx(-(x**3) / 360, rel=0.1 * x)
    assert found[2] == pytest.approx(-x * y**2 / 360, rel=0.1 * x)


def test_parseval():
    # Identity 8.
    scanner = scanner_on(one_voxel(3e-3, 4e-3, 1e-3), (0.1, 0.2, 0.0))
    rows = rows_of(scanner, PARTICLE, np.arange(1500))
    power = 2 * (np.abs(rows) ** 2).sum() - (np.abs(rows[:, 0]) ** 2).sum()
    field = scanner.field(scanner.positions, np.arange(6000) / 6000 * scanner.period)
    assert power == pytest.approx((PARTICLE.magnetization(field) ** 2).sum(axis=1).mean(), rel=1e-13)
    assert power < 1


def test_shift_of_the_time_origin():
    # Identity 9: phases of n_d turns more, and row k turns k times as far.
    part = 0.013
    shifted = rows_at((3e-3, 4e-3), (0.1 + 2 * np.pi * 16 * part, 0.2 + 2 * np.pi * 17 * part, 0.0))
    expected = rows_at((3e-3, 4e-3), (0.1, 0.2, 0.0)) * np.exp(2j * np.pi * NUMBERS * part)
    np.testing.assert_allclose(shifted, expected, atol=5e-15)


def test_twice_the_period_puts_zeros_between():
    scanner = scanner_on(one_voxel(3e-3, 4e-3), (0.1, 0.2, 0.0))
    drive = scanner.waveform(400)[0]
    twice = mpifast.SampledScanner(scanner.grid, np.tile(drive, (2, 1)), 2 * scanner.period, scanner.gradient)
    rows = rows_of(twice, PARTICLE, np.arange(100))
    np.testing.assert_allclose(rows[:, 1::2], 0.0, atol=1e-15)
    np.testing.assert_allclose(rows[:, ::2], rows_of(scanner, PARTICLE, np.arange(50)), atol=2e-15)


def test_large_fields_saturate():
    # Identity 10: the mean points along the offset, everything else falls like 1/|xi|.
    direction, sizes = np.array([0.6, 0.0, 0.8]), []
    for strength in (1.0, 10.0):
        rows = rows_at((0.0, 0.0), offset_field=strength * direction)
        np.testing.assert_allclose(rows[:, 0], direction, atol=3 / (PARTICLE.beta * strength))
        sizes.append(np.abs(rows[:, 1:]).max())
    assert sizes[0] / sizes[1] == pytest.approx(10, rel=0.05)


def test_the_ideal_particle_is_approached_like_one_over_b():
    # Identity 10: colder by two, closer by two, away from the edge of the field of view.
    scanner = mpifast.LissajousScanner(mpifast.Grid((1, 1), (1e-3, 1e-3), (3e-3, 4e-3)), divider=(6, 5, 1))
    particles = [mpifast.Particle(50e-9, temperature=300 / scale) for scale in (1, 2, 4, 64)]
    rows = [rows_of(scanner, particle, np.array([5, 6, 11, 15]), 1e-9)[:2] for particle in particles]
    errors = [np.abs(part - rows[-1]).max() for part in rows[:3]]
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.2)
    assert errors[1] / errors[2] == pytest.approx(2, rel=0.2)


def test_an_offset_field_moves_the_grid():
    # Identity 11: B_off is a translation by -G^-1 B_off.
    offset = np.array([1e-3, -2e-3, 0.5e-3])
    moved = rows_at(tuple(np.array([3e-3, 4e-3, 1e-3]) + offset / (-1.0, -1.2, 2.2)), (0.1, 0.2, 0.0))
    np.testing.assert_allclose(rows_at((3e-3, 4e-3, 1e-3), (0.1, 0.2, 0.0), offset_field=offset), moved, atol=2e-15)


def test_rows_are_the_voltage_of_the_jacobian():
    # i k mhat is the coefficient of dm/dt = J dxi/dt.
    from mpifast.physics.tracer.vector_langevin import magnetization_jacobian

    scanner = scanner_on(one_voxel(3e-3, 4e-3, 1e-3), (0.1, 0.2, 0.0))
    turn = 2 * np.pi * np.arange(4000) / 4000
    xi = PARTICLE.beta * scanner.field(scanner.positions, turn / (2 * np.pi) * scanner.period)
    slope = np.zeros_like(xi)
    for axis, (amplitude, n, phase) in enumerate([(12e-3, 16, 0.1), (10e-3, 17, 0.2)]):
        slope[:, axis] = PARTICLE.beta * amplitude * n * np.cos(n * turn + phase)
    voltage = np.fft.fft((magnetization_jacobian(xi) @ slope[..., None])[..., 0], axis=0)[NUMBERS].T / 4000
    np.testing.assert_allclose(1j * NUMBERS * rows_of(scanner, PARTICLE, NUMBERS)[..., 0], voltage, atol=1e-13)
