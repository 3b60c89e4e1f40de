"""Loops of the Kronecker form: rows of the matrix, each a few small matrix products.

Every index is unsigned: a signed one may be negative for all the compiler knows, and then no loop vectorises.
"""

from __future__ import annotations

import numpy as np

from mpifast._compiled.jit import jit
from mpifast._compiled.loop import Loop
from mpifast._compiled.products import multiply_add

TERMS = 8  # of a row, multiplied together: their factors stay in the cache
PARITIES = 4  # even or odd along x and along y; lines along z are whole


@jit
def _sum_terms(
    x: np.ndarray,
    y: np.ndarray,
    z: np.ndarray,
    terms: np.ndarray,
    factors: np.ndarray,
    start: int,
    stop: int,
    left: np.ndarray,
    right: np.ndarray,
    blocks: np.ndarray,
    folded: np.ndarray,
) -> None:
    """Blocks [parities, parts * half x, half y * width] of a row: sums over its terms of h_p(x) g_q(y) g_l(z).

    A parity's terms come one after the other in ``terms`` [terms, 5]: which table of x, y, z, the parity, the first of
    the Gaussians. Terms and Gaussians together are the inner dimension of a matrix product.
    """
    count, half_x = x.shape[1], np.uint64(x.shape[2])
    half_y, width, parts = np.uint64(y.shape[2]), np.uint64(z.shape[2]), np.uint64(factors.shape[1])
    for odd_x in range(1 + folded[0]):
        for odd_y in range(1 + folded[1]):
            blocks[2 * odd_x + odd_y] = 0
    t = start
    while t < stop:
        parity, k = terms[t, 3], 0
        while t < stop and terms[t, 3] == parity and k <= (TERMS - 1) * count:
            of_x, of_y, of_z = terms[t, 0], terms[t, 1], terms[t, 2]
            for r in range(terms[t, 4], count):
                for part in range(parts):
                    factor = factors[t, part]
                    for i in range(half_x):
                        left[k, part * half_x + i] = factor * x[of_x, r, i]
                for j in range(half_y):
                    factor = y[of_y, r, j]
                    for m in range(width):
                        right[k, j * width + m] = factor * z[of_z, r, m]
                k += 1
            t += 1
        multiply_add(blocks[parity], left[:k].T, right[:k])


@jit
def _mirror(blocks: np.ndarray, even: int, odd: int) -> None:
    """Even and odd parts become the voxels of a half and their mirror images: the sum and the difference, in place."""
    for h in range(np.uint64(blocks.shape[1])):
        for m in range(np.uint64(blocks.shape[2])):
            a, b = blocks[even, h, m], blocks[odd, h, m]
            blocks[even, h, m], blocks[odd, h, m] = a + b, a - b


@jit
def _write(blocks: np.ndarray, halves: np.ndarray, folded: np.ndarray, row: np.ndarray) -> None:
    """A row [x, y, z, parts] from its blocks. Blocks of one part make an imaginary part of zero."""
    half_x, half_y, one = halves[0], halves[1], np.uint64(1)
    start_x, start_y = np.uint64(row.shape[0]) - half_x, np.uint64(row.shape[1]) - half_y
    width = np.uint64(blocks.shape[2]) // half_y
    count, parts, zero = np.uint64(row.shape[2]), np.uint64(blocks.shape[1]) // half_x, blocks.dtype.type(0)
    for mirror_x in range(one + folded[0]):
        for mirror_y in range(one + folded[1]):
            block = np.uint64(2) * mirror_x + mirror_y
            for i in range(half_x):
                to_x = half_x - one - i if mirror_x else start_x + i
                for j in range(half_y):
                    to_y = half_y - one - j if mirror_y else start_y + j
                    left = j * width
                    if row.shape[3] == 1:
                        for m in range(count):
                            row[to_x, to_y, m, 0] = blocks[block, i, left + m]
                    elif parts == 1:
                        for m in range(count):
                            row[to_x, to_y, m, 0] = blocks[block, i, left + m]
                            row[to_x, to_y, m, 1] = zero
                    else:
                        for m in range(count):
                            row[to_x, to_y, m, 0] = blocks[block, i, left + m]
                            row[to_x, to_y, m, 1] = blocks[block, half_x + i, left + m]


@jit
def _largest(blocks: np.ndarray, half_x: int, folded: np.ndarray, best: np.ndarray) -> float:
    """The largest squared magnitude of a row. ``best`` [half y * width] is room."""
    best[:] = 0
    is_complex = np.uint64(blocks.shape[1]) > half_x
    for mirror_x in range(np.uint64(1) + folded[0]):
        for mirror_y in range(np.uint64(1) + folded[1]):
            block = np.uint64(2) * mirror_x + mirror_y
            for i in range(half_x):
                for m in range(np.uint64(len(best))):
                    square = blocks[block, i, m] ** 2
                    if is_complex:
                        square += blocks[block, half_x + i, m] ** 2
                    best[m] = square if square > best[m] else best[m]
    return best.max()


def _form(
    x: np.ndarray,
    y: np.ndarray,
    z: np.ndarray,
    halves: np.ndarray,
    folded: np.ndarray,
    starts: np.ndarray,
    terms: np.ndarray,
    factors: np.ndarray,
    out: np.ndarray,
    peaks: np.ndarray,
    slots: int,
    slot: int,
) -> None:
    """Rows out [rows, x, y, z, parts], or their largest squared magnitudes, peaks [rows], if ``out`` has no row: a
    slot's contiguous share.
    """
    rows, count, width = len(starts) - 1, x.shape[1], y.shape[2] * z.shape[2]
    height = factors.shape[1] * x.shape[2]
    left, right = np.empty((TERMS * count, height), x.dtype), np.empty((TERMS * count, width), x.dtype)
    blocks, best = np.empty((PARITIES, height, width), x.dtype), np.empty(width, x.dtype)
    for row in range(rows * slot // slots, rows * (slot + 1) // slots):
        _sum_terms(x, y, z, terms, factors, starts[row], starts[row + 1], left, right, blocks, folded)
        if folded[0]:
            _mirror(blocks, 0, 2)
            if folded[1]:
                _mirror(blocks, 1, 3)
        if folded[1]:
            _mirror(blocks, 0, 1)
            _mirror(blocks, 2, 3)
        if len(out):
            _write(blocks, halves, folded, out[row])
        else:
            peaks[row] = _largest(blocks, halves[0], folded, best)


form = Loop(_form)
