"""The elementary functions of the hot loops, written so that LLVM vectorises them (Numba ships no vector math library).

Each is an ordinary Python function, exact and slow, which runs when the JIT is off; compiled code gets the overload
beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from mpifast._compiled.jit import EMBEDDED, jit


def sigmoid(z: Any) -> Any:
    """1 / (1 + exp(-z)) (eq. 8), to two units in the last place of float32 or float64 and without overflow."""
    real = np.asarray(z).dtype.type
    return real(1.0 / (1.0 + math.exp(-z)) if z >= 0 else math.exp(z) / (1.0 + math.exp(z)))


@jit
def _exp_terms_32(r: Any) -> Any:
    """Exp r, |r| <= ln(2)/2: Taylor's series, cut at 5e-9."""
    f = np.float32
    p = f(1 / 5040) * r + f(1 / 720)
    p = ((p * r + f(1 / 120)) * r + f(1 / 24)) * r + f(1 / 6)
    return ((p * r + f(0.5)) * r + f(1.0)) * r + f(1.0)


@jit
def _exp_terms_64(r: Any) -> Any:
    """Exp r, |r| <= ln(2)/2: Taylor's series, cut at 4e-18."""
    p = ((1 / 6227020800 * r + 1 / 479001600) * r + 1 / 39916800) * r + 1 / 3628800
    p = (((p * r + 1 / 362880) * r + 1 / 40320) * r + 1 / 5040) * r + 1 / 720
    p = ((p * r + 1 / 120) * r + 1 / 24) * r + 1 / 6
    return ((p * r + 0.5) * r + 1.0) * r + 1.0


def _make_sigmoid(
    real: Any, integer: Any, terms: Callable[[Any], Any], mantissa: int, limit: float, ln2: tuple[float, float]
) -> Callable[[Any], Any]:
    """exp(-z) = 2^n exp(r): n by rounding, r by a two-part ln 2, 2^n by writing the exponent bits."""
    one, limit, log2_e = real(1.0), real(limit), real(math.log2(math.e))
    rounder = real(1.5 * 2**mantissa)  # adding it leaves the nearest integer in the low bits
    high, low = real(ln2[0]), real(ln2[1])
    bias, shift = integer(2 ** (np.finfo(real).bits - mantissa - 2) - 1), integer(mantissa)

    def vectorised(z: Any) -> Any:
        x = min(max(-z, -limit), limit)
        x = x if z == z else z  # min and max drop NaN
        n = (x * log2_e + rounder) - rounder
        r = (x - n * high) - n * low
        return one / (one + terms(r) * integer((integer(n) + bias) << shift).view(real))

    return vectorised


_SIGMOIDS = {
    types.float32: _make_sigmoid(np.float32, np.int32, _exp_terms_32, 23, 87.0, (0.693359375, -2.1219444005469057e-4)),
    types.float64: _make_sigmoid(
        np.float64, np.int64, _exp_terms_64, 52, 708.0, (0.6931471803691238, 1.9082149292705877e-10)
    ),
}


@overload(sigmoid, jit_options=EMBEDDED, strict=False)
def _sigmoid_overload(z: Any) -> Any:
    return _SIGMOIDS.get(z)


@jit
def decay(z: Any) -> Any:
    """The exponential exp(-z) of a float64 from 0 to infinity, to two ulp; 1e-304 stands for what is smaller."""
    x = -min(z, 700.0)
    rounder = 1.5 * 2.0**52
    n = (x * math.log2(math.e) + rounder) - rounder
    r = (x - n * 0.6931471803691238) - n * 1.9082149292705877e-10
    return _exp_terms_64(r) * np.int64((np.int64(n) + np.int64(1023)) << np.int64(52)).view(np.float64)


@jit
def log(u: Any) -> Any:
    """Natural logarithm of a normal float32 above zero, to 1e-7 of max(1, |ln u|)."""
    f = np.float32
    bits = np.int32(f(u).view(np.int32) - np.int32(0x3F3504F3))  # so that the mantissa runs from sqrt(1/2) to sqrt(2)
    exponent = f(bits >> np.int32(23))
    t = np.int32((bits & np.int32(0x007FFFFF)) + np.int32(0x3F3504F3)).view(np.float32) - f(1.0)
    # ln(1 + t) = 2 artanh(s), s = t / (2 + t), |s| <= 0.172
    s = t / (f(2.0) + t)
    y = s * s
    series = (((f(2 / 9) * y + f(2 / 7)) * y + f(2 / 5)) * y + f(2 / 3)) * y + f(2.0)
    return exponent * f(math.log(2.0)) + s * series


@jit
def cosine_sine(angle: Any) -> Any:
    """Cos and sin of 2 pi angle / 2^32, for a signed 32-bit ``angle``, as float32 to 1e-7."""
    f = np.float32
    quarter = np.int32((np.int64(angle) + np.int64(1 << 29)) >> np.int64(30))
    rest = f(np.int64(angle) - (np.int64(quarter) << np.int64(30))) * f(2 * math.pi / 2**32)  # |rest| <= pi/4
    y = rest * rest
    sine = ((((f(1 / 362880) * y + f(-1 / 5040)) * y + f(1 / 120)) * y + f(-1 / 6)) * y + f(1.0)) * rest
    cosine = (((f(1 / 40320) * y + f(-1 / 720)) * y + f(1 / 24)) * y + f(-0.5)) * y + f(1.0)
    odd = (quarter & np.int32(1)) != 0
    c, s = (sine, cosine) if odd else (cosine, sine)
    c = -c if ((quarter + np.int32(1)) & np.int32(2)) != 0 else c
    s = -s if (quarter & np.int32(2)) != 0 else s
    return c, s
