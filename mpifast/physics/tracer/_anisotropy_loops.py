"""Loops of the equilibrium with uniaxial anisotropy: the magnetisation of many voxels at many times.

Both give m = (X - Y p) n + Y xi, with p = xi . n the dimensionless field along the easy axis n, X = m_p and
Y = m_o / xi_o: functions of p and |xi|^2 that have no special case at a field along the axis.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev
from scipy.special import i0e, i1e

from mpifast._compiled.elementary import decay
from mpifast._compiled.jit import jit, span
from mpifast._compiled.loop import Loop

BLOCK = 128  # times at once: what their sums need stays in the L1 cache
ROOM = 256  # orders of Bessel functions, for fields up to LARGEST_SERIES
LEAST, LEAST_BESSEL = 1e-17, 3e-9  # of terms, and of the highest Bessel function i_N / i_0: an error of its square
MIDDLE, DEGREE = 6.0, 39  # I0e(x) sqrt(x + 6) and I1e(x)/x (x + 6)^1.5 are polynomials of (x - 6) / (x + 6), to 1e-15


def _bessel_polynomials() -> list[tuple[float, ...]]:
    """Their coefficients, constant first: interpolation at Chebyshev points."""
    v = np.cos(np.pi * (np.arange(DEGREE + 1) + 0.5) / (DEGREE + 1))
    x = MIDDLE * (1.0 + v) / (1.0 - v)
    values = i0e(x) * np.sqrt(x + MIDDLE), i1e(x) / x * (x + MIDDLE) ** 1.5
    return [tuple(chebyshev.cheb2poly(chebyshev.chebfit(v, part, DEGREE)).tolist()) for part in values]


BESSEL_0, BESSEL_1 = _bessel_polynomials()


@jit
def _polynomial(v: Any, terms: Any) -> Any:
    """The polynomial of 40 terms, in four parts: a loop of 40 would not be unrolled."""
    w = (v * v) * (v * v)
    a, b, c, d = terms[36], terms[37], terms[38], terms[39]
    for k in range(8, -1, -1):
        a, b = a * w + terms[4 * k], b * w + terms[4 * k + 1]
        c, d = c * w + terms[4 * k + 2], d * w + terms[4 * k + 3]
    return (a + b * v) + (c + d * v) * (v * v)


@jit
def bessel(x: Any) -> Any:
    """exp(-x) I_0(x) and exp(-x) I_1(x) / x of a float64 of at least 0, to 1e-15."""
    inverse = 1.0 / (x + MIDDLE)
    v = (x - MIDDLE) * inverse
    zero, one = _polynomial(v, BESSEL_0), _polynomial(v, BESSEL_1)
    root = math.sqrt(inverse)
    return zero * root, one * root * inverse


@jit
def _fields(
    position: np.ndarray, drive: np.ndarray, gradient: np.ndarray, axis: np.ndarray, xi: np.ndarray, p: np.ndarray,
    square: np.ndarray, highest: np.ndarray,
) -> float:  # fmt: skip
    """The field xi [3, times] at a position, its component p [times] along an axis, its square; the largest square.

    The gradient is [3, 3, 1] if it is static, else [3, 3, times].
    """
    count, still = drive.shape[1], gradient.shape[2] == 1
    for d in range(3):
        if still:
            offset = gradient[d, 0, 0] * position[0] + gradient[d, 1, 0] * position[1] + gradient[d, 2, 0] * position[2]
            for t in span(0, count):
                xi[d, t] = drive[d, t] + offset
        else:
            for t in span(0, count):
                xi[d, t] = (
                    gradient[d, 0, t] * position[0] + gradient[d, 1, t] * position[1] + gradient[d, 2, t] * position[2]
                ) + drive[d, t]
    for t in span(0, count):
        p[t] = xi[0, t] * axis[0] + xi[1, t] * axis[1] + xi[2, t] * axis[2]
        square[t] = xi[0, t] * xi[0, t] + xi[1, t] * xi[1, t] + xi[2, t] * xi[2, t]
    for t in span(0, BLOCK):  # side by side, because the maximum of a row does not vectorise
        highest[t] = 0.0
    for start in range(0, count, BLOCK):
        part = square[start : start + BLOCK]
        for t in span(0, len(part)):
            highest[t] = max(highest[t], part[t])
    return highest.max()


@jit
def _orders(largest: float, constant: float, first: np.ndarray, scales: np.ndarray) -> tuple[int, int]:
    """Odd order of the last term that counts where the square of the field is at most ``largest``, and the even order
    that the Bessel functions start from.

    i_l / i_(l-1) is at most x / (l + sqrt(x^2 + (l + 1)^2)) (Amos 1974).
    """
    x, weight, last, order = math.sqrt(largest), 1.0, 1, 1
    floor = LEAST * decay(abs(constant))  # the sum is at least this part of its first Bessel function
    while order < ROOM - 4:
        weight *= x / (order + math.sqrt(largest + (order + 1.0) ** 2))
        if order < len(first) and weight * scales[order] * abs(first[order]) > floor:
            last = order
        if weight < LEAST_BESSEL and order > last + 2:
            break
        order += 1
    last |= 1
    return last, max(last + 1, order + (order & 1))


@jit
def _add(
    work: np.ndarray, p: np.ndarray, xi: np.ndarray, axis: np.ndarray, components: np.ndarray, share: float,
    fresh: bool, result: np.ndarray, start: int,
) -> None:  # fmt: skip
    """Add ``share`` times (X - Y p) n + Y xi to result[components, times] from the time ``start`` on, or write it where
    the result is ``fresh``; work [3, times] is Z, X Z and Y Z.
    """
    size = len(p)
    for t in span(0, size):
        inverse = share / work[0, t]
        across = work[2, t] * inverse
        work[0, t] = work[1, t] * inverse - across * p[t]
        work[1, t] = across
    for c in range(len(components)):
        n = axis[components[c]]
        field, values = xi[components[c], start : start + size], result[c, start : start + size]
        for t in span(0, size):
            values[t] = (0.0 if fresh else values[t]) + (work[0, t] * n + work[1, t] * field[t])


def _series(
    positions: np.ndarray, drive: np.ndarray, gradient: np.ndarray, axes: np.ndarray, constants: np.ndarray,
    nodes: np.ndarray, table: np.ndarray, scales: np.ndarray, components: np.ndarray, share: float, fresh: bool,
    result: np.ndarray, slots: int, slot: int,
) -> None:  # fmt: skip
    """Add ``share`` times the magnetisation to result[components, voxels, times], or write it where that is ``fresh``;
    for small ``constants`` alpha.

    Spherical harmonics: with i_l the modified spherical Bessel functions, x = |xi| and t = p / x,

        Z = sum_l C_l i_l(x) P_l(t), l even;  Z X = sum_l D_l i_l(x) P_l(t),  Z Y = sum_l E_l i_l(x)/x P_l'(t), l odd

    where C, D, E are the coefficients of exp(alpha t^2) in P_l, of t exp(alpha t^2) in P_l, and of
    sqrt(1 - t^2) exp(alpha t^2) in P_l^1. i_l / x^l = g_l / (2l + 1)!!, downwards g_(l-1) = g_l + x^2 g_(l+1) /
    ((2l + 1)(2l + 3)) from any start, since Z takes the scale away; x^l P_l and x^(l-1) P_l' by their own recurrences,
    with leading coefficient 1: nothing here is divided but the results. ``table`` [2, orders, nodes] gives the
    coefficients by quadrature over the ``nodes`` t > 0 (`series_table`), ``scales`` their size.

    A slot has a contiguous share of the voxels.
    """
    count, voxels, orders = drive.shape[1], len(positions), table.shape[1]
    xi, along, squares = np.empty((3, count)), np.empty(count), np.empty(count)
    first, second = np.empty(orders), np.empty(orders)
    # One array with rows of known distance, or the compiler takes them for overlapping: Z, X, Y, then the monic x^l P_l
    # and x^(l-1) P_l' of an even order and of the odd one above it.
    g, work = np.empty((ROOM, BLOCK)), np.empty((7, BLOCK))
    for v in range(voxels * slot // slots, voxels * (slot + 1) // slots):
        largest = _fields(positions[v], drive, gradient, axes[v], xi, along, squares, work[0])
        constant = constants[v]
        for order in range(orders):
            first[order] = second[order] = 0.0
        for j in range(len(nodes)):
            weight = decay(max(constant, 0.0) - constant * nodes[j] * nodes[j])
            for order in range(orders):
                first[order] += weight * table[0, order, j]
                second[order] += weight * table[1, order, j]
        last, highest = _orders(largest, constant, first, scales)
        for start in range(0, count, BLOCK):
            p, square = along[start : start + BLOCK], squares[start : start + BLOCK]
            size = len(p)
            for t in span(0, size):
                g[highest + 1, t] = g[highest, t] = 1.0
            for order in range(highest, 0, -2):
                upper, lower = 1.0 / ((2 * order + 1) * (2 * order + 3)), 1.0 / ((2 * order - 1) * (2 * order + 1))
                for t in span(0, size):
                    s, above = square[t], g[order, t]
                    here = above + (upper * s) * g[order + 1, t]
                    g[order - 1, t] = here
                    g[order - 2, t] = here + (lower * s) * above
            for t in span(0, size):
                work[0, t], work[1, t], work[2, t] = first[0] * g[0, t], first[1] * p[t] * g[1, t], second[1] * g[1, t]
                work[3, t], work[4, t], work[5, t], work[6, t] = 1.0, p[t], 0.0, 1.0
            for order in range(2, last, 2):
                a, b = (order - 1.0) ** 2, 1.0 * order * order
                a_scale, b_scale = 1.0 / (4.0 * a - 1.0), 1.0 / (4.0 * b - 1.0)
                c, d, e = first[order], first[order + 1], second[order + 1]
                for t in span(0, size):
                    x, s, even_bessel, odd_bessel = p[t], square[t], g[order, t], g[order + 1, t]
                    even = x * work[4, t] - s * (a * a_scale * work[3, t])
                    even_slope = x * work[6, t] - s * ((a - 1.0) * a_scale * work[5, t])
                    odd = x * even - s * (b * b_scale * work[4, t])
                    odd_slope = x * even_slope - s * ((b - 1.0) * b_scale * work[6, t])
                    work[3, t], work[4, t], work[5, t], work[6, t] = even, odd, even_slope, odd_slope
                    work[0, t] += c * (even * even_bessel)
                    work[1, t] += d * (odd * odd_bessel)
                    work[2, t] += e * (odd_slope * odd_bessel)
            _add(work, p, xi, axes[v], components, share, fresh, result[:, v], start)


def _quadrature(
    positions: np.ndarray, drive: np.ndarray, gradient: np.ndarray, axes: np.ndarray, constants: np.ndarray,
    nodes: np.ndarray, weights: np.ndarray, components: np.ndarray, share: float, fresh: bool, result: np.ndarray,
    slots: int, slot: int,
) -> None:  # fmt: skip
    """The same for any alpha, by quadrature in t over pairs of ``nodes`` t and -t.

        Z = int_-1^1 f I_0(x) dt,  Z X = int_-1^1 f t I_0(x) dt,  Z Y = int_-1^1 f q^2 I_1(x)/x dt

    with f = exp(alpha t^2 + p t), x = xi_o q and q = sqrt(1 - t^2); Bessel functions times exp(-x), and the largest
    exponent of the nodes taken off.
    """
    count, voxels = drive.shape[1], len(positions)
    xi, along, squares = np.empty((3, count)), np.empty(count), np.empty(count)
    work = np.empty((6, BLOCK))  # Z, X, Y, then the magnitudes of p and xi_o, and the largest exponent
    for v in range(voxels * slot // slots, voxels * (slot + 1) // slots):
        _fields(positions[v], drive, gradient, axes[v], xi, along, squares, work[0])
        constant = constants[v]
        for start in range(0, count, BLOCK):
            p, square = along[start : start + BLOCK], squares[start : start + BLOCK]
            size = len(p)
            for t in span(0, size):
                work[0, t] = work[1, t] = work[2, t] = 0.0
                work[3, t], work[4, t] = abs(p[t]), math.sqrt(max(square[t] - p[t] * p[t], 0.0))
                work[5, t] = -1e300
            for j in range(len(nodes)):
                node, q, least = nodes[j], math.sqrt(1.0 - nodes[j] * nodes[j]), constant * nodes[j] * nodes[j]
                for t in span(0, size):
                    work[5, t] = max(work[5, t], least + work[3, t] * node + work[4, t] * q)
            for j in range(len(nodes)):
                node, q, least = nodes[j], math.sqrt(1.0 - nodes[j] * nodes[j]), constant * nodes[j] * nodes[j]
                weight = weights[j]
                for t in span(0, size):
                    x, exponent = work[4, t] * q, work[3, t] * node
                    zero, one = bessel(x)
                    down = work[5, t] - (least + exponent + x)
                    near, far = decay(down), decay(down + 2.0 * exponent)
                    work[0, t] += weight * ((near + far) * zero)
                    work[1, t] += (weight * node) * ((near - far) * zero)
                    work[2, t] += (weight * q * q) * ((near + far) * one)
            for t in span(0, size):
                work[1, t] = math.copysign(work[1, t], p[t])
            _add(work, p, xi, axes[v], components, share, fresh, result[:, v], start)


series, quadrature = Loop(_series), Loop(_quadrature)
