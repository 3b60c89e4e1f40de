"""The vectorised elementary functions against mpmath and NumPy."""

import mpmath
import numpy as np
import pytest
from numba import njit

from mpifast._compiled import elementary
from mpifast._compiled.jit import OPTIONS

pytestmark = [pytest.mark.loops, pytest.mark.filterwarnings("ignore:overflow encountered")]


@njit(**OPTIONS)
def apply_sigmoid(z, out):
    for i in range(len(z)):
        out[i] = elementary.sigmoid(z[i])


@njit(**OPTIONS)
def apply_log(u, out):
    for i in range(len(u)):
        out[i] = elementary.log(u[i])


@njit(**OPTIONS)
def apply_cosine_sine(angles, cosines, sines):
    for i in range(len(angles)):
        cosines[i], sines[i] = elementary.cosine_sine(angles[i])


@njit(**OPTIONS)
def apply_decay(z, out):
    for i in range(len(z)):
        out[i] = elementary.decay(z[i])


def test_decay(random):
    z = np.concatenate([random.uniform(0, 1, 500), random.uniform(0, 700, 1500), [0.0, 5e-324, 1e-300, 700.0]])
    out = np.empty_like(z)
    apply_decay(z, out)
    relative = [abs(float(y / mpmath.exp(-mpmath.mpf(float(x))) - 1)) for x, y in zip(z, out, strict=True)]
    assert max(relative) <= 2 * np.finfo(np.float64).eps
    assert out[-4] == 1
    far = np.empty(3)
    apply_decay(np.array([701.0, 1e300, np.inf]), far)
    assert (far < 1e-303).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sigmoid_to_two_ulp(dtype, random):
    z = np.concatenate([random.uniform(-80, 80, 1500), random.normal(size=500), [0.0, -86.9, 86.9]]).astype(dtype)
    out = np.empty_like(z)
    apply_sigmoid(z, out)
    exact = [1 / (1 + mpmath.exp(-mpmath.mpf(float(x)))) for x in z]
    relative = [abs(float((mpmath.mpf(float(y)) - e) / e)) for y, e in zip(out, exact, strict=True)]
    assert max(relative) <= 2 * np.finfo(dtype).eps


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sigmoid_saturates_and_keeps_nan(dtype):
    z = np.array([-1e30, 1e30, -np.inf, np.inf, np.nan], dtype)
    out = np.empty_like(z)
    apply_sigmoid(z, out)
    assert 0 <= out[0] <= 1e-37
    assert 0 <= out[2] <= 1e-37
    np.testing.assert_array_equal(out[[1, 3, 4]], np.array([1, 1, np.nan], dtype))


def test_sigmoid_derivative_is_exact_enough_near_saturation():
    # y (1 - y) drives training: at z = -15, 3e-7 from saturation, it has to be right to float32's own rounding.
    z = np.linspace(-15, -5, 500, dtype=np.float32)
    out = np.empty_like(z)
    apply_sigmoid(z, out)
    exact = 1 / (1 + np.exp(-z.astype(np.float64)))
    np.testing.assert_allclose(out - out * out, exact * (1 - exact), rtol=1e-6)


def test_log(random):
    u = np.concatenate([random.uniform(2**-32, 1, 2000), 2.0 ** -np.arange(33), [np.sqrt(0.5), 1 - 2**-24]]).astype(
        np.float32
    )
    out = np.empty_like(u)
    apply_log(u, out)
    exact = np.log(u.astype(np.float64))
    assert np.max(np.abs(out - exact) / np.maximum(1, np.abs(exact))) < 2e-7
    assert out[-3] == np.float32(np.log(2.0**-32)) or abs(out[-3] - exact[-3]) < 5e-6


def test_cosine_sine(random):
    edges = np.array([-(2**31), 2**31 - 1, 0, 2**29, -(2**29), 2**29 - 1, 2**30, -(2**30), 3 * 2**29])
    turns = np.concatenate([random.integers(-(2**31), 2**31, 2000), edges]).astype(np.int32)
    cosines, sines = np.empty(len(turns), np.float32), np.empty(len(turns), np.float32)
    apply_cosine_sine(turns, cosines, sines)
    angle = 2 * np.pi * turns.astype(np.float64) / 2**32
    np.testing.assert_allclose(cosines, np.cos(angle), atol=2e-7)
    np.testing.assert_allclose(sines, np.sin(angle), atol=2e-7)
