"""Equilibrium with uniaxial anisotropy: oracles, limits, identities; the loops against quadrature and the slow twin."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import dawsn, i0e, i1e

from mpifast import reference
from mpifast.physics.tracer import _anisotropy_loops as loops
from mpifast.physics.tracer import anisotropic
from mpifast.physics.tracer.equilibrium import LARGEST, half_rule, magnetization, node_count, nodes_for
from mpifast.physics.tracer.vector_langevin import magnetization as langevin

ORACLES = {  # (xi_p, xi_o, alpha): m_p, m_o to 17 digits by mpmath
    (2, 3, 1): (0.4897853310588633, 0.53786608065562302),
    (2, 3, 4): (0.73461686668824461, 0.32948189936024507),
    (5, 2, 10): (0.95302715517310543, 0.082298440800017099),
    (0.5, 0.5, 4): (0.33238586924120741, 0.07169583450064787),
    (2, 3, -3): (0.21788775230113054, 0.72001836975830467),
    (3, 0, 30): (0.97821662862470889, 0.0),
}
MOMENTS = {1: 0.429230705827751, 4: 0.704626592349107, 10: 0.892727761409251, -3: 0.150213904339}  # <t^2> without field
Z = np.array([0.0, 0.0, 1.0])


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def sampled(loop, xi, axes, alphas, *tables):
    """The loops at fields [times, 3], for axes [voxels, 3]: [voxels, times, 3]."""
    result = np.full((3, len(axes), len(xi)), np.nan)
    drive, gradient = np.ascontiguousarray(xi.T), np.zeros((3, 3, 1))
    arguments = np.zeros((len(axes), 3)), drive, gradient, axes, alphas, *tables
    loop(*arguments, np.arange(3), 1.0, True, result, 2, threads=1)
    return np.moveaxis(result, 0, -1)


def by_series(xi, axes, alphas):
    return sampled(loops.series, xi, axes, alphas, half_rule(anisotropic.SERIES_NODES)[0], *anisotropic.series_table())


def by_quadrature(xi, axes, alphas):
    count = node_count(np.abs(alphas).max(), np.linalg.norm(xi, axis=1).max())
    return sampled(loops.quadrature, xi, axes, alphas, *half_rule(count))


def by_numpy(xi, axes, alphas):
    return magnetization(xi[None], axes[:, None], alphas[:, None])


WAYS = [by_numpy, by_quadrature, by_series]


@pytest.mark.loops
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", ORACLES)
def test_oracles(way, case, random):
    if way is by_series and not anisotropic.LEAST_SERIES <= case[2] <= anisotropic.MOST_SERIES:
        way = by_quadrature
    n = unit(random.normal(size=3))
    e = unit(np.cross(n, random.normal(size=3)))
    found = way((case[0] * n + case[1] * e)[None], n[None], np.array([float(case[2])]))[0, 0]
    np.testing.assert_allclose(found, ORACLES[case][0] * n + ORACLES[case][1] * e, atol=3e-15)


@pytest.mark.loops
@pytest.mark.parametrize("way", WAYS)
def test_langevin_without_anisotropy(way, random):
    xi = unit(random.normal(size=(40, 3))) * np.geomspace(1e-6, 400, 40)[:, None]
    xi[:2] = [[0.0, 0.0, 0.0], [0.0, 0.0, 5.0]]
    axes = np.array([Z, unit(np.array([1.0, 2.0, -3.0]))])
    np.testing.assert_allclose(way(xi, axes, np.zeros(2)), np.stack([langevin(xi)] * 2), atol=1e-14)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("alpha", MOMENTS)
def test_small_fields(way, alpha):
    # m_p = xi_p <t^2> and m_o = xi_o (1 - <t^2>) / 2. Over three axes at right angles the mean is xi / 3.
    root = np.sqrt(complex(alpha))
    moment = MOMENTS[alpha]
    if alpha > 0:
        assert 1 / (2 * root.real * dawsn(root.real)) - 1 / (2 * alpha) == pytest.approx(moment, abs=1e-13)
    if alpha > anisotropic.MOST_SERIES and way is by_series:
        way = by_quadrature
    xi = np.array([[3e-5, 4e-5, 2e-5]])
    found = way(xi, np.eye(3), np.full(3, float(alpha)))[:, 0]
    for n, m in zip(np.eye(3), found, strict=True):
        expected = np.where(n > 0, moment, 0.5 * (1 - moment)) * xi[0]
        np.testing.assert_allclose(m, expected, rtol=1e-8)
    np.testing.assert_allclose(found.mean(axis=0), xi[0] / 3, rtol=3e-9)


def test_strong_anisotropy():
    # Two states along the axis, each with <t> = 1 - 1 / (2 alpha); a plane rotor across it.
    p, alpha = np.array([-2.0, 0.1, 1.0, 4.0]), 3000.0
    along = magnetization(p[:, None] * Z, Z, np.array(alpha))[:, 2]
    np.testing.assert_allclose(along, (1 - 0.5 / alpha) * np.tanh(p * (1 - 0.5 / alpha)), atol=5 / alpha**2 + 1e-12)
    x = np.array([0.1, 1.0, 4.0])
    across = magnetization(x[:, None] * [1.0, 0.0, 0.0], Z, np.array(-alpha))[:, 0]
    np.testing.assert_allclose(across, i1e(x) / i0e(x), atol=1 / alpha)


@pytest.mark.parametrize("alpha", [-20.0, -2.0, 0.0, 3.0, 30.0])
def test_trace_of_the_jacobian(alpha, random):
    # The Jacobian is the covariance of a unit vector.
    n, xi, step = unit(random.normal(size=3)), 4 * random.normal(size=3), 1e-4 * np.eye(3)
    jacobian = (magnetization(xi + step, n, np.array(alpha)) - magnetization(xi - step, n, np.array(alpha))) / 2e-4
    m = magnetization(xi, n, np.array(alpha))
    assert np.trace(jacobian) == pytest.approx(1 - m @ m, abs=1e-7)
    np.testing.assert_allclose(jacobian, jacobian.T, atol=1e-7)


@pytest.mark.parametrize("way", WAYS)
def test_both_ends_of_an_axis_are_the_same(way, random):
    xi, axes, alphas = 5 * random.normal(size=(20, 3)), unit(random.normal(size=(4, 3))), np.array([-2.0, 0.5, 2, 4])
    np.testing.assert_allclose(way(xi, -axes, alphas), way(xi, axes, alphas), atol=1e-14)


@pytest.mark.loops
@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=25)
@given(seed=st.integers(0, 2**32), alpha=st.floats(-3, 4), size=st.floats(0, 30))
def test_the_slow_twin(way, seed, alpha, size):
    random = np.random.default_rng(seed)
    xi, axes = size * unit(random.normal(size=(3, 3))), unit(random.normal(size=(2, 3)))
    alphas = np.array([alpha, 1.0])
    twin = reference.anisotropic_magnetization(xi[None], axes[:, None], alphas[:, None], nodes=64)
    np.testing.assert_allclose(way(xi, axes, alphas), twin, atol=2e-14)


@pytest.mark.parametrize("size", [1e-3, 1.0, 20.0, 100.0, 500.0])
def test_series_at_the_ends_of_its_range(size, random):
    xi = size * unit(random.normal(size=(300, 3))) * random.random((300, 1))
    xi[:3] = size * np.array([[0, 0, 0], [0, 0, 1], [1, 0, 0]])
    axes, alphas = np.stack([Z] * 4), np.array([-3.0, -1.0, 2.0, 4.0])
    np.testing.assert_allclose(by_series(xi, axes, alphas), by_numpy(xi, axes, alphas), atol=6e-15 + 4e-16 * size)


@pytest.mark.parametrize(
    ("alpha", "size"), [(0.0, 1e-3), (0.0, 3000.0), (40.0, 2.0), (-40.0, 60.0), (300.0, 300.0), (-3000.0, 100.0)]
)
def test_quadrature_keeps_its_error(alpha, size, random):
    xi = size * unit(random.normal(size=(60, 3))) * random.random((60, 1))
    xi[:3] = size * np.array([[0, 0, 0], [0, 0, 1], [1, 0, 0]])
    found = by_quadrature(xi, Z[None], np.array([alpha]))[0]
    count = 2 * node_count(abs(alpha), size)
    t, w = half_rule(count)
    exact = sampled(loops.quadrature, xi, Z[None], np.array([alpha]), t, w)[0]
    np.testing.assert_allclose(found, exact, atol=2e-14 + 1e-16 * size)
    np.testing.assert_allclose(found, by_numpy(xi, Z[None], np.array([alpha]))[0], atol=2e-14 + 1e-16 * size)


def test_gauss_legendre_rule():
    t, w = half_rule(64)
    nodes, weights = np.polynomial.legendre.leggauss(64)
    np.testing.assert_allclose(t, nodes[:31:-1], atol=2e-16)
    np.testing.assert_allclose(w, weights[:31:-1], atol=1e-15)
    for power in (0, 2, 40, 126):
        assert 2 * (w * t**power).sum() == pytest.approx(2 / (power + 1), rel=1e-14)


def test_beyond_all_nodes():
    assert nodes_for(3.0, 20.0) == node_count(3.0, 20.0)
    with pytest.raises(
        ValueError, match=r"anisotropy: K V / \(kB T\) = 2e\+05 .* above 100,000 together: give a smaller"
    ):
        magnetization(Z, Z, np.array(2 * LARGEST))
    assert magnetization(np.empty((0, 3)), Z, np.array(1.0)).shape == (0, 3)
