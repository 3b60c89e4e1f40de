"""The vector Langevin function and its Jacobian against mpmath, identities and their slow twins."""

import mpmath
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import mpifast
from mpifast import reference
from mpifast.physics.tracer.vector_langevin import magnetization, magnetization_jacobian

COMPONENT = st.one_of(st.floats(-30, 30), st.floats(-300, 300).map(lambda e: 10.0**e), st.just(0.0))
LIMIT = 8 * 2.0**-52


def parts(xi):
    """Vector, length, L(x)/x and L'(x) in many digits."""
    xi = [mpmath.mpf(float(v)) for v in xi]
    x = mpmath.sqrt(sum(v * v for v in xi))
    if x < mpmath.mpf(10) ** -60:
        return xi, x, mpmath.mpf(1) / 3, mpmath.mpf(1) / 3
    sinh = mpmath.sinh(x) if x < 1e4 else mpmath.inf
    return xi, x, (mpmath.coth(x) if x < 1e4 else 1) / x - 1 / x**2, 1 / x**2 - 1 / sinh**2


@given(COMPONENT, COMPONENT, COMPONENT)
@example(0.0, 0.0, 0.0)
@example(1e-300, -1e-300, 0.0)
@example(1.7e308, 1.7e308, 1.7e308)
@example(1.0, 1.0, 1.4142135623730951)
@example(5e-324, 0.0, 0.0)
def test_each_component_within_eight_ulp(x, y, z):
    with mpmath.workdps(400):
        xi, _, ratio, _ = parts((x, y, z))
        for value, component in zip(magnetization([x, y, z]), xi, strict=True):
            exact = ratio * component
            assert abs(value - exact) <= max(LIMIT * abs(exact), mpmath.mpf(5e-324))


@given(COMPONENT, COMPONENT, COMPONENT)
@example(0.0, 0.0, 0.0)
@example(1e-300, -1e-300, 0.0)
@example(3.0, 0.0, 4.0)
def test_jacobian_within_eight_ulp_of_its_largest_entry(x, y, z):
    with mpmath.workdps(400):
        xi, size, across, along = parts((x, y, z))
        n = [v / size if size else mpmath.mpf(0) for v in xi]
        exact = [[(along - across) * n[i] * n[j] + (across if i == j else 0) for j in range(3)] for i in range(3)]
        largest = max(abs(v) for row in exact for v in row)
        for row, values in zip(exact, magnetization_jacobian([x, y, z]), strict=True):
            for value, entry in zip(values, row, strict=True):
                assert abs(value - entry) <= max(LIMIT * largest, mpmath.mpf(5e-324))


def test_agree_with_the_slow_twins(random):
    xi = random.normal(size=(4, 50, 3)) * 10.0 ** random.uniform(-8, 3, (4, 50, 1))
    np.testing.assert_allclose(magnetization(xi), reference.magnetization(xi), rtol=1e-11)
    np.testing.assert_allclose(magnetization_jacobian(xi), reference.magnetization_jacobian(xi), rtol=1e-9, atol=1e-12)


def test_small_field_series(random):
    # L/x = 1/3 - x^2/45 + 2 x^4/945
    xi = 0.01 * random.normal(size=(20, 3))
    s = (xi**2).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(magnetization(xi), (1 / 3 - s / 45 + 2 * s**2 / 945) * xi, rtol=1e-12)


def test_trace_of_the_jacobian_is_the_covariance_of_the_moment(random):
    xi = random.normal(size=(200, 3)) * 10.0 ** random.uniform(-3, 2, (200, 1))
    trace = np.trace(magnetization_jacobian(xi), axis1=-2, axis2=-1)
    np.testing.assert_allclose(trace, 1 - (magnetization(xi) ** 2).sum(axis=1), atol=1e-15)


def test_jacobian_is_the_derivative(random):
    xi, step = 3 * random.normal(size=(30, 3)), 1e-5
    for axis in range(3):
        shift = step * np.eye(3)[axis]
        difference = (magnetization(xi + shift) - magnetization(xi - shift)) / (2 * step)
        np.testing.assert_allclose(magnetization_jacobian(xi)[..., axis], difference, atol=1e-10)


def test_rotations(random):
    # Identity 3: m(Q B) = Q m(B).
    xi = 5 * random.normal(size=(40, 3))
    rotation, _ = np.linalg.qr(random.normal(size=(3, 3)))
    np.testing.assert_allclose(magnetization(xi @ rotation.T), magnetization(xi) @ rotation.T, atol=1e-15)


def test_on_an_axis_it_is_the_langevin_function():
    x = np.linspace(-20, 20, 101)
    xi = x[:, None] * np.array([0.0, 1.0, 0.0])
    np.testing.assert_allclose(magnetization(xi)[:, 1], mpifast.langevin(x), rtol=1e-15)
    np.testing.assert_array_equal(magnetization(xi)[:, [0, 2]], 0.0)


def test_magnetization_of_a_particle(random):
    particle, field = mpifast.Particle(25e-9), 10e-3 * random.normal(size=(2, 5, 3))
    np.testing.assert_array_equal(particle.magnetization(field), magnetization(particle.beta * field))
    assert particle.magnetization([0, 0, 1]).shape == (3,)
    strong = particle.magnetization([300.0, 0.0, 400.0])
    np.testing.assert_allclose(strong, [0.6, 0.0, 0.8], rtol=1e-5)


def test_shapes_strides_and_kept_arguments(random):
    xi = random.normal(size=(4, 6, 3))
    before = xi.copy()
    np.testing.assert_array_equal(magnetization(xi[::-1, ::2]), magnetization(xi)[::-1, ::2])
    np.testing.assert_array_equal(magnetization(xi.astype(">f8")), magnetization(xi))
    np.testing.assert_array_equal(xi, before)
    assert magnetization(np.empty((0, 3))).shape == (0, 3)
    assert magnetization_jacobian(np.empty((2, 0, 3))).shape == (2, 0, 3, 3)


@pytest.mark.parametrize("function", [magnetization, magnetization_jacobian])
def test_bad_fields_are_refused(function):
    with pytest.raises(ValueError, match=r"xi has shape \(2,\): give the components along x, y, z"):
        function([1.0, 2.0])
    with pytest.raises(ValueError, match="xi is not finite"):
        function([1.0, np.nan, 0.0])
    with pytest.raises(TypeError, match="xi must hold real numbers"):
        function([1j, 0, 0])
    with pytest.raises(ValueError, match=r"field reaches 1e\+307 T, and beta times it overflows"):
        mpifast.Particle(40e-9).magnetization([1e307, 0, 0])
