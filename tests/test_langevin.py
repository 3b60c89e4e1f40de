"""The Langevin function and its derivative against mpmath, over all doubles."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import mpifast
from mpifast import reference


def exact_langevin(x):
    with mpmath.workdps(700 if abs(x) < 0.1 else 60):
        x = mpmath.mpf(x)
        return mpmath.coth(x) - 1 / x if x else mpmath.mpf(0)


def exact_derivative(x):
    with mpmath.workdps(700 if abs(x) < 0.1 else 60):
        x = mpmath.mpf(x)
        if not x:
            return mpmath.mpf(1) / 3
        return 1 / x**2 - (1 / mpmath.sinh(x) ** 2 if abs(x) < 1e4 else 0)


def ulps(value, exact, dtype):
    """Error in units in the last place of the exact value."""
    return abs(float((mpmath.mpf(float(value)) - exact) / mpmath.mpf(float(np.spacing(dtype(abs(exact)))))))


FUNCTIONS = [(mpifast.langevin, exact_langevin), (mpifast.langevin_derivative, exact_derivative)]
TINY, HUGE = 5e-324, 1.7976931348623157e308


@pytest.mark.parametrize(("function", "exact"), FUNCTIONS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@given(
    x=st.one_of(
        st.floats(allow_nan=False, allow_infinity=False),
        st.floats(-30, 30),
        st.floats(-300, 300).map(lambda e: 10.0**e),
        st.sampled_from([2.0, math.nextafter(2, 0), 20.0, math.nextafter(20, 99), 355.0, 745.2, 1e154, 1.4e154, 1e162]),
    )
)
@example(x=0.0)
@example(x=-0.0)
@example(x=TINY)
@example(x=-TINY)
@example(x=2.2e-308)
@example(x=1e-300)
@example(x=-1e300)
@example(x=HUGE)
@example(x=-HUGE)
def test_within_four_ulp(function, exact, dtype, x):
    with np.errstate(over="ignore", under="ignore"):
        x = dtype(x)
    if np.isfinite(x):
        assert ulps(function(x), exact(float(x)), dtype) <= 4


@pytest.mark.parametrize(("function", "exact"), FUNCTIONS)
def test_within_four_ulp_densely(function, exact, random):
    x = np.concatenate([random.uniform(-4, 4, 3000), 10.0 ** random.uniform(-20, 3, 500)])
    assert max(ulps(value, exact(float(point)), np.float64) for value, point in zip(function(x), x, strict=True)) <= 4


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_limits_and_nan(dtype):
    x = np.array([-np.inf, np.inf, np.nan, 0.0, -0.0], dtype)
    value, slope = mpifast.langevin(x), mpifast.langevin_derivative(x)
    assert value.dtype == slope.dtype == dtype
    np.testing.assert_array_equal(value, np.array([-1, 1, np.nan, 0, 0], dtype))
    np.testing.assert_array_equal(slope, np.array([0, 0, np.nan, 1 / 3, 1 / 3], dtype))
    assert np.signbit(value[4])
    assert not np.signbit(value[3])


def test_agrees_with_the_slow_twin():
    x = np.concatenate([-np.geomspace(1e-12, 1e4, 200), [0.0], np.geomspace(1e-12, 1e4, 200)])
    np.testing.assert_allclose(mpifast.langevin(x), reference.langevin(x), rtol=1e-11)
    np.testing.assert_allclose(mpifast.langevin_derivative(x), reference.langevin_derivative(x), rtol=1e-9)


@pytest.mark.parametrize("function", [mpifast.langevin, mpifast.langevin_derivative])
def test_any_shape_stride_and_byte_order(function, random):
    x = random.normal(size=(4, 6, 5))
    expected = function(x.ravel()).reshape(x.shape)
    np.testing.assert_array_equal(function(x), expected)
    np.testing.assert_array_equal(function(x[::-1, ::2].T), expected[::-1, ::2].T)
    np.testing.assert_array_equal(function(x.astype(">f8")), expected)
    np.testing.assert_array_equal(function(x.tolist()), expected)
    assert function(np.empty((0, 3))).shape == (0, 3)
    assert np.ndim(function(2)) == 0
    assert function(np.array([1, 2])).dtype == np.float64


@pytest.mark.parametrize("function", [mpifast.langevin, mpifast.langevin_derivative])
def test_out_is_filled_and_returned_and_x_is_kept(function, random):
    x = random.normal(size=(3, 8))
    before, out = x.copy(), np.full((3, 16), np.nan)[:, ::2]
    assert function(x, out=out) is out
    np.testing.assert_array_equal(out, function(x))
    np.testing.assert_array_equal(x, before)


def test_width_of_the_derivative_and_of_the_transverse_term():
    # Identity 7: full widths at half maximum of L' and of L(x)/x.
    assert mpifast.langevin_derivative(4.161048048380 / 2) == pytest.approx(1 / 6, rel=1e-11)
    assert mpifast.langevin(9.466638799550 / 2) / (9.466638799550 / 2) == pytest.approx(1 / 6, rel=1e-11)


def test_vector_particle_needs_both_terms():
    # Identity 9: dM/dt = [L'(h) n n^T + (L(h)/h) (1 - n n^T)] dH/dt in two dimensions, against a central difference.
    def magnetization(field):
        size = np.linalg.norm(field)
        return mpifast.langevin(size) * field / size

    field, rate, step = np.array([1.2, -0.7]), np.array([0.3, 0.9]), 1e-5
    size = np.linalg.norm(field)
    along = np.outer(field, field) / size**2
    expected = (mpifast.langevin_derivative(size) * along + mpifast.langevin(size) / size * (np.eye(2) - along)) @ rate
    difference = (magnetization(field + step * rate) - magnetization(field - step * rate)) / (2 * step)
    np.testing.assert_allclose(difference, expected, rtol=1e-9)
