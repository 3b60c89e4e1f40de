"""Distributions of particle sizes: the shares, their mean, and every route against the sum of systems of one size."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_routes import scanners

import mpifast
from mpifast.physics.systems.axis_tables import axis_tables, order_bound
from mpifast.physics.systems.routes import KroneckerRoute, LineRoute, SampledRoute, route_of
from mpifast.physics.tracer.langevin import langevin
from mpifast.physics.tracer.mixture import gaussian_mixture
from mpifast.physics.tracer.profile import profile_of

ROUNDING = 1e-14  # of sums over the sizes
FIELDS = (1e-3, 5e-3, 12e-3)
# Volume-weighted means at these fields, to 17 digits: median 20 nm, s = 0.2, Ms = 474 kA/m, 293 K.
ORACLES = {
    "number": (0.25440879233590141, 0.68983047762742616, 0.85955485359185868),
    "volume": (0.18544873852287326, 0.59272391992853271, 0.80231016170015599),
}
PAIR = mpifast.SizeMixture((0.7, 1.0, 1.6), (2.0, 1.0, 0.1))
FEW = (PAIR, mpifast.SizeMixture((0.2, 3.0), (0.9, 0.1), "volume"))
DISTRIBUTIONS = (mpifast.LogNormal(0.1), mpifast.LogNormal(0.3, "volume"), PAIR)


def single(particle):
    """The particle of each size, and its share."""
    ratios, shares = particle.sizes.shares()
    return [(mpifast.Particle(particle.diameter * ratio), share) for ratio, share in zip(ratios, shares, strict=True)]


@pytest.mark.parametrize("weighting", ORACLES)
def test_oracles(weighting):
    particle = mpifast.Particle(20e-9, 474e3, 293.0, sizes=mpifast.LogNormal(0.2, weighting))
    for field, expected in zip(FIELDS, ORACLES[weighting], strict=True):
        along = np.array([2.0, -1.0, 2.0]) / 3.0
        np.testing.assert_allclose(particle.magnetization(field * along), expected * along, rtol=0, atol=1e-13)


@pytest.mark.parametrize("sigma", [0.02, 0.1, 0.2, 0.5, 1.0])
def test_the_error_of_the_mean_is_the_stated_one(sigma):
    ratios, shares = mpifast.LogNormal(sigma, "volume").shares()
    x = np.linspace(-9.0, 9.0, 4001)
    fine, weights = np.exp(sigma * x), np.exp(-0.5 * x**2) / np.exp(-0.5 * x**2).sum()
    for xi in np.geomspace(1e-6, 1e6, 25):
        assert abs(shares @ langevin(ratios**3 * xi) - weights @ langevin(fine**3 * xi)) < 1e-13
    assert math.fsum(shares) == pytest.approx(1.0, abs=1e-15)


@pytest.mark.parametrize(("sigma", "error"), [(0.1, 1e-12), (0.2, 1e-12), (0.5, 1e-9)])
def test_initial_slope(sigma, error):
    particle = mpifast.Particle(20e-9, sizes=mpifast.LogNormal(sigma))
    slope = particle.magnetization([0.0, 1e-12, 0.0])[1] / 1e-12
    assert slope == pytest.approx(particle.beta * math.exp(13.5 * sigma**2) / 3.0, rel=error)


def test_number_and_volume_differ_by_a_shift_of_the_median():
    number, volume = mpifast.LogNormal(0.2).shares(), mpifast.LogNormal(0.2, "volume").shares()
    np.testing.assert_allclose(number[0], 1.12749685158 * volume[0], rtol=1e-11)
    counted, weighed = (
        mpifast.SizeMixture((1.0, 2.0), (8.0, 1.0)),
        mpifast.SizeMixture((2.0, 1.0), (1.0, 1.0), "volume"),
    )
    np.testing.assert_allclose(counted.shares(), weighed.shares())


def test_one_size_in_the_limit_of_a_narrow_distribution():
    fields = np.random.default_rng(0).normal(0.0, 5e-3, (20, 3))
    expected = mpifast.Particle(25e-9).magnetization(fields)
    for sizes, error in ((mpifast.LogNormal(0.0), 0.0), (mpifast.LogNormal(1e-5), 1e-8)):
        found = mpifast.Particle(25e-9, sizes=sizes).magnetization(fields)
        np.testing.assert_allclose(found, expected, rtol=0, atol=error)
    with pytest.raises(ValueError, match=r"field reaches .* overflows"):
        mpifast.Particle(25e-9, sizes=mpifast.LogNormal(0.2)).magnetization([1e307, 0.0, 0.0])


@pytest.mark.parametrize("sizes", DISTRIBUTIONS)
@pytest.mark.parametrize("tolerance", [1e-5, 1e-9, 2.5e-15])
def test_gaussian_mixture_of_sizes(sizes, tolerance):
    particle = mpifast.Particle(20e-9, sizes=sizes)
    largest = 20e-3 * particle.largest_beta
    nodes, weights, bound = gaussian_mixture(largest, tolerance, particle.shares)
    moments, volumes = np.array(particle.shares).T
    x = np.concatenate([np.linspace(0.0, largest, 500)[1:], np.geomspace(1e-4, 1.0, 50) * largest])
    error = np.abs(x * (np.exp(-np.outer(x**2, nodes)) @ weights) - langevin(np.outer(x, moments)) @ volumes)
    assert error.max() <= bound <= max(tolerance, 5e-15)
    assert (weights > 0).all()
    assert len(nodes) < 80


def test_few_gaussians_do_for_many_sizes():
    particle = mpifast.Particle(20e-9, sizes=mpifast.LogNormal(0.2))
    one, several = (
        len(gaussian_mixture(12e-3 * beta, 1e-9, shares)[0])
        for beta, shares in ((particle.beta, ((1.0, 1.0),)), (particle.largest_beta, particle.shares))
    )
    assert several <= one + 8


def test_the_bound_of_the_orders_holds():
    nodes, weights, _ = gaussian_mixture(2e3, 1e-12, mpifast.Particle(20e-9, sizes=mpifast.LogNormal(0.2)).shares)
    offsets, drive = np.array([-300.0, 0.0, 250.0]), 600.0
    tables = axis_tables(offsets, drive, nodes, weights, 900.0, 1e-13)
    sums = (np.abs(tables.values).max(axis=3) * weights).sum(axis=2).max(axis=0)
    bounds = [order_bound(p, nodes, weights, drive, 900.0) for p in range(1, tables.orders)]
    assert (sums[1:] <= bounds).all()
    assert order_bound(tables.orders, nodes, weights, drive, 900.0) <= 1e-13
    pole_bound = math.log(3.0 * 903.0 / 1e-13) / math.asinh(3.0 / drive)
    assert tables.orders < 0.3 * pole_bound  # large sizes are few


@pytest.mark.parametrize("sizes", DISTRIBUTIONS)
def test_profile_of_sizes(sizes):
    particle = mpifast.Particle(20e-9, sizes=sizes)
    largest = 30e-3 * particle.largest_beta
    profile = profile_of(largest, particle.shares)
    moments, volumes = np.array(particle.shares).T
    x = np.concatenate([np.linspace(0.0, largest, 2000)[1:], np.geomspace(1e-8, 1.0, 300) * largest])
    assert np.abs(x * profile(x) - langevin(np.outer(x, moments)) @ volumes).max() <= profile.error < 1e-14
    assert profile(np.zeros(1)) == pytest.approx(moments @ volumes / 3.0, rel=1e-13)
    assert len(profile.coefficients) % 8 == 0
    assert len(profile.coefficients) < 400


@settings(max_examples=5)
@given(scanner=scanners(), sizes=st.sampled_from(FEW), tolerance=st.sampled_from([1e-5, 1e-9]))
def test_routes_agree_with_the_sum_over_sizes(scanner, sizes, tolerance):
    check_routes(scanner, mpifast.Particle(12e-9, sizes=sizes), tolerance)


@pytest.mark.parametrize("amplitudes", [(9e-3, 0.0, 0.0), (9e-3, 8e-3, 0.0)])
def test_routes_agree_with_the_sum_of_a_log_normal_distribution(amplitudes):
    grid = mpifast.Grid((2, 2), (9e-3, 9e-3), (1e-3, 2e-3))
    scanner = mpifast.LissajousScanner(grid, drive_amplitude=amplitudes, divider=(4, 3, 1), channels=("x", "y"))
    check_routes(scanner, mpifast.Particle(12e-9, sizes=mpifast.LogNormal(0.1)), 1e-9)


def check_routes(scanner, particle, tolerance):
    count = scanner.samples // 2 + 1
    rows = np.repeat([0, 1, 2], count), np.tile(np.arange(count), 3)
    exact = sum(share * SampledRoute(scanner, one, *rows, 1e-12).rows() for one, share in single(particle))
    peaks = np.abs(exact).max(axis=1)
    routes = [KroneckerRoute(scanner, particle, *rows, tolerance), SampledRoute(scanner, particle, *rows, tolerance)]
    if scanner.line_drive() is not None:
        routes.append(LineRoute(scanner, particle, *rows, tolerance))
    for route in routes:
        assert (np.abs(route.rows() - exact).max(axis=1) <= tolerance * peaks + ROUNDING).all(), type(route)


def moving():
    turn = 2 * np.pi * np.arange(64) / 64
    gradient = np.zeros((64, 3, 3))
    gradient[:, 0, 0], gradient[:, 1, 1] = 1.0 + 0.5 * np.cos(turn), -1.0
    gradient[:, 2, 2] = -gradient[:, 0, 0] - gradient[:, 1, 1]
    drive = np.stack([5e-3 * np.cos(turn), 5e-3 * np.sin(2 * turn), 0 * turn], axis=1)
    return mpifast.SampledScanner(mpifast.Grid((2, 3), (9e-3, 9e-3)), drive, 1e-3, gradient)


def test_a_gradient_that_moves():
    scanner, particle = moving(), mpifast.Particle(20e-9, sizes=PAIR)
    rows = np.repeat([1, 0], 30), np.tile(np.arange(30), 2)
    exact = sum(share * SampledRoute(scanner, one, *rows, 1e-13).rows() for one, share in single(particle))
    found = SampledRoute(scanner, particle, *rows, 1e-10).rows()
    assert (np.abs(found - exact).max(axis=1) <= 1e-10 * np.abs(exact).max(axis=1) + ROUNDING).all()


def test_strong_rows_of_sizes():
    scanner = mpifast.LissajousScanner(mpifast.Grid((5, 6), (20e-3, 20e-3)), divider=(6, 5, 4))
    particle = mpifast.Particle(15e-9, sizes=mpifast.LogNormal(0.2))
    system = mpifast.system_matrix(scanner, particle, level=1e-2, tolerance=1e-8)
    every = mpifast.system_matrix(scanner, particle, tolerance=1e-10)
    peaks = np.abs(every.matrix).max(axis=1)
    strong = peaks >= 1e-2 * peaks.max()
    assert [list(row)[:2] for row in system.rows] == [list(row)[:2] for row in every.rows[strong]]
    error = np.abs(system.matrix - every.matrix[strong]).max(axis=1)
    assert (error <= 1e-8 * peaks[strong]).all()
    # ... and the operator without a matrix
    c = np.random.default_rng(0).random((1, 30))
    found = system.route.model.forward(c, np.float64) * system._gain
    np.testing.assert_allclose(found[0], system.matrix @ c[0], atol=1e-9 * peaks.max())


def test_the_line_scanner_against_the_sum_of_system_matrices():
    scanner, particle = mpifast.Scanner(voxels=9), mpifast.Particle(25e-9, sizes=mpifast.LogNormal(0.1))
    found = mpifast.system_matrix(scanner, particle, harmonics=40)
    expected = sum(share * mpifast.system_matrix(scanner, one, harmonics=40).matrix for one, share in single(particle))
    assert np.abs(found.matrix - expected).max() <= 1e-12 * np.abs(expected).max()
    assert isinstance(found, mpifast.SystemMatrix)
    assert found.fingerprint != mpifast.system_matrix(scanner, mpifast.Particle(25e-9), harmonics=40).fingerprint


def test_plain_particles_keep_their_fingerprints():
    particle = mpifast.Particle(25e-9, temperature=310.0)
    grid = mpifast.LissajousScanner(mpifast.Grid((3, 4), (20e-3, 20e-3)))
    assert mpifast.system_matrix(mpifast.Scanner(voxels=9), particle, harmonics=10).fingerprint == "d6dff63e1216fef5"
    assert mpifast.system_matrix(grid, particle, mixing_order=3).fingerprint == "de1d020fc0eef987"


def test_sizes_that_are_too_large_for_any_route():
    scanner = mpifast.LissajousScanner(mpifast.Grid((3, 3), (20e-3, 20e-3)))
    particle = mpifast.Particle(40e-9, sizes=mpifast.LogNormal(0.9))
    with pytest.raises(ValueError, match=r"LogNormal\(sigma=0.9.* is too sharp: .*narrower distribution"):
        _ = mpifast.system_matrix(scanner, particle, band=(None, 1e5)).matrix
    rows = np.array([0]), np.array([3])
    wide = mpifast.Particle(15e-9, sizes=mpifast.LogNormal(0.2))
    assert type(route_of(scanner, wide, *rows, 1e-6, 1e-6)) is KroneckerRoute
    assert type(route_of(scanner, wide, *rows, 1e-6)) is SampledRoute  # to keep weak rows would take very long


def test_all_rows_of_a_wide_distribution_are_those_of_the_strong_ones():
    scanner = mpifast.LissajousScanner(mpifast.Grid((4, 3), (20e-3, 20e-3)))
    particle = mpifast.Particle(15e-9, sizes=mpifast.LogNormal(0.2))
    strong = mpifast.system_matrix(scanner, particle, tolerance=1e-7, level=1e-2)
    every = mpifast.system_matrix(scanner, particle, tolerance=1e-7)
    place = {(row["channel"], row["number"]): k for k, row in enumerate(every.rows)}
    kept = [place[row["channel"], row["number"]] for row in strong.rows]
    error = np.abs(every.matrix[kept] - strong.matrix).max(axis=1)
    assert (error <= 2e-7 * np.abs(strong.matrix).max(axis=1)).all()
