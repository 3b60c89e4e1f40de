"""One drive field of fixed direction: the closed form against oracles, mpmath, today's scanner and identities."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from magnetisation_oracles import ORACLE_D

import mpifast
from mpifast import reference
from mpifast.physics.systems import drive_axis as module
from mpifast.physics.systems.drive_axis import line_coefficients, line_rows, node_count, pole_rule


def coefficients(a, b, h, orders):
    parallel, perpendicular = line_coefficients(
        np.array([a]), b, np.array([h]), np.array(orders), node_count(math.hypot(abs(a) + b, h))
    )
    return parallel[:, 0], perpendicular[:, 0]


def exact_coefficients(a, b, h, n, nodes):
    """Both coefficients in 60 digits by the Gauss-Chebyshev rule, which converges geometrically."""
    with mpmath.workdps(60):
        along = across = mpmath.mpf(0)
        for j in range(nodes):
            angle = mpmath.pi * (j + mpmath.mpf(1) / 2) / nodes
            x = a + b * mpmath.cos(angle)
            size = mpmath.sqrt(x * x + mpmath.mpf(h) ** 2)
            value = mpmath.cos(n * angle) * ((mpmath.coth(size) - 1 / size) / size if size else mpmath.mpf(1) / 3)
            along, across = along + x * value, across + h * value
        return float(2 * along / nodes), float(2 * across / nodes)


def test_oracle_d():
    along, across = coefficients(1.0, 5.0, 2.0, list(ORACLE_D))
    np.testing.assert_allclose(along, [v[0] for v in ORACLE_D.values()], rtol=1e-14)
    np.testing.assert_allclose(across, [v[1] for v in ORACLE_D.values()], rtol=1e-14)


@pytest.mark.parametrize("point", [(0.5, 3.0, 0.0), (1.0, 5.0, 2.0), (-7.0, 12.0, 0.3), (4.0, 2.0, 9.0)])
@pytest.mark.parametrize("n", [0, 1, 10, 40])
def test_weak_coefficients_keep_their_digits(point, n):
    # At b = 3 the fortieth is 1e-24 of the first: no transform of samples in double precision has a digit of it.
    exact = exact_coefficients(*point, n, 400)
    largest = max(map(abs, exact))
    for found, value in zip(coefficients(*point, [n]), exact, strict=True):
        assert found[0] == pytest.approx(value, abs=2e-13 * largest + 1e-300)


@given(a=st.floats(-40, 40), b=st.floats(0.01, 40), h=st.one_of(st.just(0.0), st.floats(0, 40)), n=st.integers(0, 30))
@example(a=0.0, b=1e-3, h=0.0, n=1)
@example(a=1e3, b=40.0, h=0.0, n=2)
@settings(max_examples=60)
def test_agrees_with_the_slow_twin(a, b, h, n):
    expected = reference.line_coefficients(np.array([a]), b, np.array([h]), np.array([n]))
    np.testing.assert_allclose(coefficients(a, b, h, [n]), np.array(expected)[..., 0], atol=1e-12)


@pytest.mark.parametrize("largest", [1.0, 12.0, 60.0, 500.0, 1e4])
def test_nodes_of_the_rule_are_enough_and_not_many_more(largest):
    x = np.linspace(0, largest, 1001)[1:]

    def error(nodes):
        poles, weights = pole_rule(nodes)
        return np.abs(2 * x * (weights / (x[:, None] ** 2 + poles**2)).sum(axis=1) - mpifast.langevin(x)).max()

    assert error(node_count(largest)) < 2e-14
    if largest > 10:
        assert error(node_count(largest) // 2) > 1e-13


@pytest.mark.parametrize("block", [1, 2**17])
def test_bits_do_not_depend_on_the_slice(block, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", block)
    grid = mpifast.Grid((6, 7), (9e-3, 9e-3))
    scanner = mpifast.FieldFreeLineScanner(grid, 2.0, 9e-3, 60, angle=0.5, offset_field=(0, 0, 2e-3))
    channels, numbers = np.repeat([0, 1], 9), np.tile(np.arange(9), 2)
    whole = line_rows(scanner, mpifast.Particle(25e-9), channels, numbers)
    assert whole.shape == (18, 42)
    for part in (slice(0, 1), slice(3, 30), slice(16, 24), slice(41, None), slice(5, 5)):
        found = line_rows(scanner, mpifast.Particle(25e-9), channels, numbers, part)
        np.testing.assert_array_equal(found, whole[:, part])


def line_scanner(scanner, **more):
    """A 1-D scanner as a Lissajous scanner with one drive axis; its divider of 1,000 leaves room for 500 harmonics."""
    g = scanner.gradient
    arguments = {"base_frequency": 1000 * scanner.drive_frequency, "channels": ("x", "y", "z"), **more}
    return mpifast.LissajousScanner(
        scanner.grid, (g, -g / 2, -g / 2), (scanner.drive_amplitude, 0, 0), (1000, 1, 1), **arguments
    )


def rows_of(scanner, particle, count):
    channels, numbers = np.repeat(np.arange(3), count), np.tile(np.arange(count), 3)
    return line_rows(scanner, particle, channels, numbers).reshape(3, count, -1)


@pytest.mark.parametrize("diameter", [15e-9, 25e-9, 40e-9, 60e-9])
def test_on_its_own_line_it_is_todays_scanner(diameter):
    # Identity 4; row by row, too.
    scanner, particle = mpifast.Scanner(), mpifast.Particle(diameter)
    expected = mpifast.system_matrix(scanner, particle, harmonics=100).matrix
    rows = rows_of(line_scanner(scanner), particle, 101)
    found = -2j * np.pi * particle.saturation_field * np.arange(1, 101)[:, None] * rows[0, 1:]
    np.testing.assert_allclose(found, expected, atol=1e-12 * np.abs(expected).max())
    np.testing.assert_array_equal(rows[1:], 0.0)


def test_off_its_line_the_rest_points_across():
    # Identity 4: it depends on h = beta |(G_y y, G_z z)| alone, and splits by direction.
    grid = mpifast.Grid((3, 4, 5), (6e-3, 9e-3, 4e-3))
    scanner = mpifast.LissajousScanner(grid, (2.0, -1.5, -0.5), (9e-3, 0, 0), (50, 1, 1), channels=("x", "y", "z"))
    particle = mpifast.Particle(25e-9)
    rows = rows_of(scanner, particle, 20)
    y, z = (scanner.positions[:, 1:] * (-1.5, -0.5)).T
    np.testing.assert_allclose(rows[1] * z, rows[2] * y, atol=1e-17)
    a, b, h = particle.beta * 2 * scanner.positions[:, 0], particle.beta * 9e-3, particle.beta * np.hypot(y, z)
    along, across = reference.line_coefficients(a, b, h, np.arange(20))
    np.testing.assert_allclose(rows[0], along / 2, atol=1e-14)
    np.testing.assert_allclose(rows[1] * y + rows[2] * z, across / 2 * np.hypot(y, z), atol=1e-16)


@pytest.mark.parametrize("phase", [0.0, 0.4, -math.pi / 2])
def test_phases_and_multiples(phase):
    # Two axes that share a divider drive along one direction; a matrix tilts the rest.
    gradient = [[-1, 0.3, 0.1], [0.3, -1, 0.2], [0.1, 0.2, 2]]
    scanner = mpifast.LissajousScanner(
        mpifast.Grid((3, 3), (8e-3, 8e-3)), gradient, (6e-3, 8e-3, 0), (40, 40, 7), phase=(phase, phase + math.pi, 0),
        offset_field=(1e-3, 2e-3, 3e-3), channels=("x", "y", "z"),
    )  # fmt: skip
    particle = mpifast.Particle(25e-9)
    channels, numbers = np.repeat(np.arange(3), 12), np.tile(np.arange(12), 3)
    found = line_rows(scanner, particle, channels, numbers)
    np.testing.assert_allclose(found, reference.sampled_rows(scanner, particle, channels, numbers, 400), atol=1e-14)
    np.testing.assert_array_equal(line_rows(scanner, particle, channels, numbers, slice(2, 7)), found[:, 2:7])


def test_rows_between_the_harmonics_are_zero():
    grid, particle = mpifast.Grid((5,), (20e-3,)), mpifast.Particle(25e-9)
    base = {"drive_amplitude": (9e-3, 9e-3, 0), "gradient": (1, 1, -2)}
    one = mpifast.LissajousScanner(grid, divider=(50, 50, 1), **base)
    rows = line_rows(one, particle, np.zeros(26, int), np.arange(26))
    assert (np.abs(rows).max(axis=1) > 1e-12).all()


def test_a_field_free_line_in_its_plane_is_the_radon_transform():
    # Identity 5: the 1-D matrix at the projected coordinate, times the component of the normal.
    line, particle = mpifast.Scanner(gradient=2.0, drive_amplitude=20e-3, voxels=3), mpifast.Particle(30e-9)
    for angle in (0.0, 0.7, 2.5):
        normal = np.array([math.cos(angle), math.sin(angle)])
        grid = mpifast.Grid((7, 6), (16e-3, 18e-3), (1e-3, 0.0))
        scanner = mpifast.FieldFreeLineScanner(grid, 2.0, 20e-3, 100, angle=angle, channels=("x", "y", "z"))
        rows = rows_of(scanner, particle, 41)
        projected = grid.positions @ normal
        expected = reference.fourier_coefficients(
            particle.beta * line.gradient * projected, particle.beta * 20e-3, 40, 4096
        )
        np.testing.assert_allclose(rows[0, 1:], normal[0] * expected / 2, atol=1e-13)
        np.testing.assert_allclose(rows[1, 1:], normal[1] * expected / 2, atol=1e-13)
        np.testing.assert_allclose(rows[2], 0.0, atol=1e-13)


def test_off_its_plane_a_field_free_line_has_a_vertical_signal():
    particle = mpifast.Particle(25e-9)
    scanner = mpifast.FieldFreeLineScanner(
        mpifast.Grid((4, 4, 3), (9e-3, 9e-3, 6e-3)), 2.0, 9e-3, 60, angle=0.5, channels=("x", "y", "z")
    )
    channels, numbers = np.repeat(np.arange(3), 20), np.tile(np.arange(20), 3)
    expected = reference.sampled_rows(scanner, particle, channels, numbers, 600)
    np.testing.assert_allclose(line_rows(scanner, particle, channels, numbers), expected, atol=1e-14)
    assert np.abs(expected[41]).max() > 1e-3


def test_line_integrals():
    # Identity 6, two-sided coefficients: the integral over a is b for n = 1, else 0, whatever h is. The tail of c_1 is
    # b / (2 a^2) at either end.
    a = np.linspace(-400, 400, 8001)
    for h in (0.0, 3.0):
        along, _ = line_coefficients(a, 5.0, np.full(len(a), h), np.arange(1, 5), node_count(410.0))
        integrals = 0.5 * along.sum(axis=1) * (a[1] - a[0])
        np.testing.assert_allclose(integrals, [5.0 - 5.0 / 400, 0, 0, 0], atol=2e-3)


def test_too_sharp_a_particle_is_refused():
    scanner = mpifast.FieldFreeLineScanner(mpifast.Grid((3,), (9e-3,)))
    with pytest.raises(ValueError, match=r"diameter=3e-06 m is too sharp: beta times the field reaches .*smaller"):
        line_rows(scanner, mpifast.Particle(3e-6), np.zeros(1, int), np.ones(1, int))


def test_a_drive_field_without_a_direction_is_refused():
    scanner = mpifast.LissajousScanner(mpifast.Grid((3,), (9e-3,)))
    with pytest.raises(ValueError, match="has no single drive field of fixed direction: sample it in time"):
        line_rows(scanner, mpifast.Particle(25e-9), np.zeros(1, int), np.ones(1, int))
