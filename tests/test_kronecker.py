"""The Kronecker form against printed oracles, time samples, the one-dimensional matrix, and identities."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from magnetisation_oracles import ORACLE_A, ORACLE_C, ORACLE_D

import mpifast
from mpifast import reference
from mpifast.physics.fields.sequence import DriveAxis
from mpifast.physics.systems import kronecker as module
from mpifast.physics.systems.kronecker import KroneckerModel, axis_order, strong_model
from mpifast.physics.tracer.particle import BOLTZMANN

COSINE = np.pi / 2
IDLE = DriveAxis(2.0, 0.0, 0.0, 0, COSINE)
ORIGIN = np.zeros(1)

A_BETA = 474e3 * np.pi * 20e-9**3 / 6 / (BOLTZMANN * 293.0)
A_AXES = (DriveAxis(-1.0, 0.0, 12e-3, 16, COSINE), DriveAxis(-1.0, 0.0, 12e-3, 17, COSINE), IDLE)
C_BETA = 0.6 / 1.25663706127e-6 * np.pi * 30e-9**3 / 6 / (BOLTZMANN * 300.0)
C_AXES = (
    DriveAxis(1.25, 0.0, 16e-3, 32, 0.0),
    DriveAxis(1.25, 0.0, 14e-3, 33, 0.3),
    DriveAxis(-2.5, 0.0, 0.0, 0, COSINE),
)


def lines(*shape, spacing=1.7e-3):
    """Voxels along each axis, the middle of the grid at the origin."""
    return [spacing * (np.arange(n) - (n - 1) / 2) for n in shape]


def all_rows(count, channels=(0, 1, 2)):
    return np.repeat(channels, count), np.tile(np.arange(count), len(channels))


def model(axes, coordinates, beta, count, error=1e-9, channels=(0, 1, 2)):
    return KroneckerModel(axes, coordinates, beta, *all_rows(count, channels), error)


def at(axes, point, beta, channels, numbers, error=1e-12):
    """Coefficients at one point."""
    coordinates = [np.array([x]) for x in point]
    return KroneckerModel(axes, coordinates, beta, channels, numbers, error).rows(dtype=complex)[:, 0]


def positions(coordinates):
    return np.stack(np.meshgrid(*coordinates, indexing="ij"), axis=-1).reshape(-1, 3)


@pytest.mark.parametrize(
    ("axes", "beta", "point", "table"),
    [(A_AXES, A_BETA, (3e-3, -5e-3, 0.0), ORACLE_A), (C_AXES, C_BETA, (-4e-3, 6e-3, 0.5e-3), ORACLE_C)],
)
def test_oracle_tables(axes, beta, point, table):
    channels, numbers = np.repeat([0, 1, 2], len(table)), np.tile(list(table), 3)
    found = at(axes, point, beta, channels, numbers)
    exact = np.array([(*row, 0.0)[:3] for row in table.values()]).T.ravel()
    assert np.abs(found - exact).max() <= 1e-12


def test_one_drive_axis_with_a_perpendicular_offset():
    axes = (DriveAxis(1.0, 0.0, 5.0, 1, COSINE), DriveAxis(1.0, 0.0, 0.0, 0, 0.0), DriveAxis(-2.0, 0.0, 0.0, 0, 0.0))
    numbers = np.array(list(ORACLE_D))
    for channel in (0, 1):
        found = 2 * at(axes, (1.0, 2.0, 0.0), 1.0, np.full(len(ORACLE_D), channel), numbers)
        assert np.abs(found - [row[channel] for row in ORACLE_D.values()]).max() <= 2e-12


def test_one_drive_axis_on_its_line_is_the_one_dimensional_matrix():
    # Identity 4: harmonic j at k = j n_x, all else zero.
    scanner, particle = mpifast.Scanner(voxels=21), mpifast.Particle(30e-9)
    axes = (DriveAxis(scanner.gradient, 0.0, scanner.drive_amplitude, 3, COSINE), IDLE, IDLE)
    system = mpifast.system_matrix(scanner, particle, harmonics=20, tolerance=1e-13)
    found = model(axes, [scanner.positions, ORIGIN, ORIGIN], particle.beta, 61, 1e-12)
    rows = found.rows(dtype=complex).reshape(3, 61, -1)
    factor = -2j * np.pi * particle.saturation_field * np.arange(1, 21)[:, None]
    assert np.abs(factor * rows[0, 3::3] - system.matrix).max() <= 1e-12 * 20 * np.pi * particle.saturation_field
    assert np.abs(rows[1:]).max() == 0.0
    assert np.abs(np.delete(rows[0], np.s_[::3], axis=0)).max() == 0.0


@pytest.mark.parametrize(
    "shape", [(9, 8, 1), (5, 4, 3), (4, 1, 5), (1, 5, 4), (1, 1, 6), (6, 1, 1), (1, 6, 1), (1, 1, 1)]
)
@pytest.mark.parametrize("phases", [(COSINE,) * 3, (0.0, 0.3, 1.0)])
@pytest.mark.parametrize("offset", [0.0, 2e-3])
def test_rows_operator_and_peaks_against_time_samples(shape, phases, offset, random):
    axes = (
        DriveAxis(1.25, offset, 12e-3, 6, phases[0]),
        DriveAxis(1.25, 0.0, 10e-3, 7, phases[1]),
        DriveAxis(-2.5, 0.0, 4e-3 if shape[2] > 1 else 0.0, 5 if shape[2] > 1 else 0, phases[2]),
    )
    coordinates = lines(*shape)
    found = model(axes, coordinates, 400.0, 30)
    exact = reference.lissajous_coefficients(axes, positions(coordinates), 400.0, *all_rows(30), samples=1024)
    rows = found.rows(dtype=complex)
    assert found.error <= 1e-9
    assert np.abs(rows - exact).max() <= found.error
    assert np.abs(found.rows() - exact).max() <= 1e-6
    assert found.is_real == (phases[0] == COSINE)
    peaks = np.abs(exact).max(axis=1)
    assert (np.abs(found.peaks() - peaks) <= 1e-6 * found.bounds + found.error).all()
    assert (found.lower_bounds() <= peaks + found.error).all()
    assert (peaks <= found.bounds + 1e-15).all()
    c = random.normal(size=(3, rows.shape[1]))
    u = random.normal(size=(2, len(rows))) + 1j * random.normal(size=(2, len(rows)))
    np.testing.assert_allclose(found.forward(c, np.float64), c @ rows.T, atol=1e-9)
    np.testing.assert_allclose(found.adjoint(u, np.float64), (u.conj() @ rows).real, atol=1e-9)
    np.testing.assert_allclose(found.forward(c), c @ rows.T, atol=1e-5)
    np.testing.assert_allclose(found.adjoint(u), (u.conj() @ rows).real, atol=1e-5)


@settings(max_examples=25)
@given(
    multiples=st.tuples(*[st.integers(0, 9)] * 3).filter(any),
    amplitudes=st.tuples(*[st.floats(1e-4, 15e-3)] * 3),
    phases=st.tuples(*[st.floats(-7.0, 7.0)] * 3),
    offsets=st.tuples(*[st.floats(-5e-3, 5e-3)] * 3),
    gradients=st.tuples(*[st.floats(-2.0, 2.0)] * 3),
    beta=st.floats(1.0, 800.0),
    error=st.floats(-12.0, -4.0).map(lambda power: 10.0**power),
)
def test_random_configurations_keep_the_error(multiples, amplitudes, phases, offsets, gradients, beta, error):
    amplitudes = [a * (n > 0) for a, n in zip(amplitudes, multiples, strict=True)]
    axes = [DriveAxis(*record) for record in zip(gradients, offsets, amplitudes, multiples, phases, strict=True)]
    coordinates = lines(3, 2, 2, spacing=5e-3)
    found = model(axes, coordinates, beta, 25, error)
    exact = reference.lissajous_coefficients(axes, positions(coordinates), beta, *all_rows(25), samples=4096)
    assert found.error <= error
    assert np.abs(found.rows(dtype=complex) - exact).max() <= found.error + 1e-14


def test_errors_row_by_row_of_strong_rows(random):
    coordinates, (channels, numbers) = lines(8, 7, 1, spacing=2.7e-3), all_rows(400, (0, 1))
    arguments = A_AXES, coordinates, A_BETA, channels, numbers
    exact = reference.lissajous_coefficients(A_AXES, positions(coordinates), A_BETA, channels, numbers, samples=6528)
    peaks = np.abs(exact).max(axis=1)
    for level, tolerance in ((1e-2, 1e-4), (1e-3, 1e-6), (1e-4, 1e-6)):
        found = strong_model(*arguments, level=level, tolerance=tolerance, scale=numbers)
        wanted = np.flatnonzero(peaks * numbers >= level * (peaks * numbers).max())
        np.testing.assert_array_equal(found.channels * 400 + found.numbers, wanted)
        error = np.abs(found.rows(dtype=complex) - exact[wanted]).max(axis=1)
        assert (error <= tolerance * peaks[wanted]).all()
        assert found.error <= tolerance * peaks[wanted].min()
        single = np.abs(found.rows() - exact[wanted]).max(axis=1)
        assert (single <= (tolerance + 1e-6) * peaks[wanted]).all()
        rounded = np.abs(found.rows(arithmetic=np.float64) - exact[wanted]).max(axis=1)
        assert (rounded <= (tolerance + 6e-8) * peaks[wanted]).all()
    half = strong_model(*arguments, level=1e-2, tolerance=1e-4, scale=numbers, among=numbers > 40)
    assert half.numbers.min() > 40


def test_errors_stop_at_rounding():
    numbers = np.arange(400)
    found = strong_model(A_AXES, lines(4, 4, 1), A_BETA, 0 * numbers, numbers, level=1e-6, tolerance=1e-12)
    exact = reference.lissajous_coefficients(
        A_AXES, positions(lines(4, 4, 1)), A_BETA, 0 * found.numbers, found.numbers, samples=6528
    )
    assert np.abs(found.rows(dtype=complex) - exact).max() <= module.LEAST_ERROR == found.allowed
    with pytest.raises(ValueError, match="level"):
        strong_model(A_AXES, lines(4, 4, 1), A_BETA, 0 * numbers, numbers, level=0.0, tolerance=1e-4)


def test_a_folded_grid_is_part_of_one_that_is_not():
    # Identity 1: the parity of every tensor.
    coordinates = lines(6, 5, 4)
    axes = (*A_AXES[:2], DriveAxis(2.0, 0.0, 9e-3, 19, COSINE))
    folded = model(axes, coordinates, A_BETA, 60).rows(dtype=complex).reshape(-1, 6, 5, 4)
    longer = [np.append(x, x[-1] + 1e-3) for x in coordinates]
    whole = model(axes, longer, A_BETA, 60).rows(dtype=complex).reshape(-1, 7, 6, 5)
    assert np.abs(folded - whole[:, :-1, :-1, :-1]).max() <= 2e-9


def test_mirrored_rows_of_a_cosine_drive():
    # Identity 2: real; exact in y, but not in x.
    found = model(A_AXES, lines(6, 6, 1), A_BETA, 200, 1e-12, channels=(0, 1))
    assert found.is_real
    rows = found.rows(dtype=np.float64).reshape(2, 200, 6, 6)
    sign = (-1.0) ** np.arange(200)[:, None, None]
    assert np.abs(rows[0, :, :, ::-1] - sign * rows[0]).max() <= 1e-15
    assert np.abs(rows[1, :, :, ::-1] + sign * rows[1]).max() <= 1e-15
    x_mirror = [np.abs(rows[0, :, ::-1] - s * rows[0]).max(axis=(1, 2)) for s in (1, -1)]
    assert 1e-6 < np.min(x_mirror, axis=0).max() < 1e-2


def test_mirrored_rows_of_a_sine_drive():
    axes = [axis._replace(phase=0.0) for axis in A_AXES]
    rows = model(axes, lines(6, 6, 1), A_BETA, 200, 1e-12, channels=(0, 1)).rows(dtype=complex).reshape(2, 200, 6, 6)
    sign = (-1.0) ** np.arange(200)[:, None, None]
    x, y = rows
    for left, right in (
        (x[:, ::-1], -sign * x.conj()),
        (y[:, ::-1], sign * y.conj()),
        (x[:, :, ::-1], sign * x),
        (y[:, :, ::-1], -sign * y),
        (rows[:, :, ::-1, ::-1], -rows.conj()),
    ):
        assert np.abs(left - right).max() <= 1e-15


def test_line_integrals():
    # Identity 6: only the fundamental is left, b_x; the tail of the range falls like its reciprocal.
    b = 5.89
    axes = (DriveAxis(1.0, 0.0, b, 1000, COSINE), DriveAxis(0.0, 0.7, 4.0, 33, COSINE), IDLE._replace(gradient=0.0))
    a = np.arange(-400.0, 400.05, 0.1)
    found = KroneckerModel(axes, [a, ORIGIN, ORIGIN], 1.0, [0] * 4, [1000, 1066, 3000, 3066], 1e-9)
    integrals = 0.1 * found.rows(dtype=np.float64).sum(axis=1)
    assert integrals[0] == pytest.approx(b, rel=0.005)
    assert np.abs(integrals[1:]).max() <= 1e-3


def test_small_fields():
    # Identity 7, with the orders (1, 0), (3, 0) and (1, 2) at k = 100, 300 and 102.
    bx, by = 0.05, 0.04
    axes = (DriveAxis(1.0, 0.0, bx, 100, COSINE), DriveAxis(1.0, 0.0, by, 1, COSINE), IDLE)
    c10, c30, c12 = at(axes, (0.0, 0.0, 0.0), 1.0, [0, 0, 0], [100, 300, 102]).real
    assert c10 == pytest.approx(bx / 6 - (3 * bx**3 / 8 + bx * by**2 / 4) / 45, rel=1e-7)
    assert c30 == pytest.approx(-(bx**3) / 360, rel=2e-3)
    assert c12 == pytest.approx(-bx * by**2 / 360, rel=2e-3)


def test_parseval():
    # Identity 8.
    axes = (DriveAxis(-1.0, 0.0, 12e-3, 4, COSINE), DriveAxis(-1.0, 0.0, 12e-3, 5, 0.0), IDLE)
    point = np.array([[3e-3, -5e-3, 1e-3]])
    rows = at(axes, point[0], A_BETA, *all_rows(400)).reshape(3, 400)
    power = (np.abs(rows[:, 0]) ** 2 + 2 * (np.abs(rows[:, 1:]) ** 2).sum(axis=1)).sum()
    t = np.arange(4096) / 4096
    drive = [axis.amplitude * np.sin(2 * np.pi * axis.multiple * t + axis.phase) for axis in axes]
    fields = [axis.gradient * x + d for axis, x, d in zip(axes, point[0], drive, strict=True)]
    assert power == pytest.approx((reference.langevin(A_BETA * np.linalg.norm(fields, axis=0)) ** 2).mean(), abs=1e-12)


@pytest.mark.parametrize("size", [100.0, 400.0])
def test_large_offset_fields(size):
    # Identity 10.
    direction = np.array([2.0, -1.0, 2.0]) / 3
    axes = [DriveAxis(0.0, size * e, 1.0, n, COSINE) for e, n in zip(direction, (3, 4, 0), strict=True)]
    rows = at(axes, (0.0, 0.0, 0.0), 1.0, *all_rows(10), error=1e-10).reshape(3, 10)
    assert np.abs(rows[:, 0] - direction).max() <= 1.5 / size
    assert np.abs(rows[:, 1:]).max() <= 1.5 / size


def test_offset_fields_are_translations():
    # Identity 11: the image moves by -offset / gradient.
    coordinates = lines(5, 4, 1)
    moved = [axis._replace(offset=field) for axis, field in zip(A_AXES, (3e-3, -2e-3, 0.0), strict=True)]
    shifted = [x + f / axis.gradient for x, f, axis in zip(coordinates, (3e-3, -2e-3, 0.0), A_AXES, strict=True)]
    with_offset = model(moved, coordinates, A_BETA, 60, 1e-12).rows(dtype=complex)
    translated = model(A_AXES, shifted, A_BETA, 60, 1e-12).rows(dtype=complex)
    assert np.abs(with_offset - translated).max() <= 1e-15


def test_exchange_of_axes():
    # Identity 3.
    coordinates = lines(4, 5, 1)
    rows = model(C_AXES, coordinates, 500.0, 100, 1e-10).rows(dtype=complex).reshape(3, 100, 4, 5)
    axes = (C_AXES[1], C_AXES[0], C_AXES[2])
    swapped = model(axes, [coordinates[1], coordinates[0], ORIGIN], 500.0, 100, 1e-10).rows(dtype=complex)
    assert np.abs(rows[[1, 0, 2]].swapaxes(2, 3) - swapped.reshape(3, 100, 5, 4)).max() <= 2e-10


def test_threads_and_selection_do_not_change_the_bits(random):
    found = model(A_AXES, lines(7, 6, 1), A_BETA, 60, channels=(0, 1))
    rows = found.rows(threads=1)
    np.testing.assert_array_equal(rows, found.rows(threads=2))
    chosen = np.array([100, 3, 47])
    np.testing.assert_array_equal(found.rows(chosen), rows[chosen])
    np.testing.assert_array_equal(found.rows(np.isin(np.arange(120), chosen)), rows[np.sort(chosen)])
    part = found.select(chosen)
    np.testing.assert_allclose(part.rows(dtype=complex), found.rows(chosen, dtype=complex), atol=1e-11)
    c = random.uniform(size=(5, 42))
    np.testing.assert_array_equal(found.forward(c, threads=1), found.forward(c, threads=2))
    np.testing.assert_array_equal(found.forward(c[3:4]), found.forward(c)[3:4])
    np.testing.assert_allclose(part.forward(c), found.forward(c)[:, chosen], atol=1e-5)
    np.testing.assert_array_equal(found.peaks(threads=1), found.peaks(threads=2))


def test_batches_do_not_change_the_bits(monkeypatch):
    found = model(A_AXES, lines(7, 6, 1), A_BETA, 60, channels=(0, 1))
    rows, peaks = found.rows(), found.peaks()
    monkeypatch.setattr(module, "BATCH", 7 * found.voxels)
    np.testing.assert_array_equal(found.rows(), rows)
    np.testing.assert_array_equal(found.peaks(), peaks)


def test_complex_rows_are_not_real_ones():
    found = model(C_AXES, lines(2, 2, 1), 500.0, 5)
    with pytest.raises(ValueError, match="complex"):
        found.rows(dtype=np.float32)


@pytest.mark.parametrize("error", [0.0, 1e-15, np.nan])
def test_error_out_of_range(error):
    with pytest.raises(ValueError, match="error"):
        model(A_AXES, lines(2, 2, 1), A_BETA, 5, error)


def test_order_of_axes_puts_single_voxels_in_the_middle():
    assert axis_order((5, 5, 5)) == [0, 1, 2]
    assert axis_order((5, 5, 1)) == [0, 2, 1]
    assert axis_order((1, 5, 5)) == [1, 0, 2]
    assert sorted(axis_order((1, 1, 1))) == [0, 1, 2]
    assert axis_order((7, 1, 1))[2] == 0


@pytest.mark.loops
def test_loops():
    coordinates = lines(3, 3, 2)
    axes = (*A_AXES[:2], DriveAxis(2.0, 0.0, 9e-3, 19, 0.4))
    found = model(axes, coordinates, 100.0, 3)
    exact = reference.lissajous_coefficients(axes, positions(coordinates), 100.0, *all_rows(3), samples=2048)
    np.testing.assert_allclose(found.rows(dtype=complex), exact, atol=1e-9)
    np.testing.assert_allclose(found.peaks(), np.abs(exact).max(axis=1), rtol=1e-6, atol=1e-9)
    c = np.ones((1, 18))
    np.testing.assert_allclose(found.forward(c, np.float64)[0], exact.sum(axis=1), atol=2e-8)
    u = np.ones((1, 9)) + 1j
    np.testing.assert_allclose(found.adjoint(u, np.float64)[0], ((1 - 1j) * exact).sum(axis=0).real, atol=2e-8)
