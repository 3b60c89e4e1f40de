"""Fourier coefficients of the magnetisation under a cosine drive: the rows of the system matrix.

    c_n(a, b) = (2/pi) int_0^pi L(a + b cos t) cos(n t) dt

by the N-point Gauss-Chebyshev rule t_j = pi (j + 1/2) / N, which is a DCT and converges geometrically. Two symmetries halve the work twice:
the nodes t and pi - t share |cos(n t)|, so even harmonics need only L(a + b u) + L(a - b u) and odd ones the difference; and the caller
asks only for half of the voxels, since S_k(-x) = (-1)^(k+1) S_k(x).
"""

import numpy as np

from mpifast.physics._langevin_kernels cimport langevin_of

cdef enum:
    NODES = 32  # nodes handled together: their cosines stay in the L1 and L2 caches


cdef void gather_cosines(const double[::1] circle, Py_ssize_t first, Py_ssize_t lowest, double[:, ::1] tile) noexcept nogil:
    """tile[j, h] = cos(n t) for node first + j and n = lowest, lowest + 2, ...; circle[m] = cos(pi m / 2N) makes each one a look-up."""
    cdef Py_ssize_t period = circle.shape[0], j, h, angle, step
    for j in range(tile.shape[0]):
        angle = lowest * (2 * (first + j) + 1) % period
        step = 2 * (2 * (first + j) + 1) % period
        for h in range(tile.shape[1]):
            tile[j, h] = circle[angle]
            angle += step
            if angle >= period:
                angle -= period


cdef void accumulate(double* total, const double* weights, const double[:, ::1] tile, Py_ssize_t count) noexcept nogil:
    """total[h] += sum_j weights[j] tile[j, h], four nodes a sweep; weights past ``count`` are zero."""
    cdef Py_ssize_t j, h, width = tile.shape[1]
    cdef double w0, w1, w2, w3
    cdef const double* row
    for j in range(0, count, 4):
        w0, w1, w2, w3 = weights[j], weights[j + 1], weights[j + 2], weights[j + 3]
        row = &tile[j, 0]
        for h in range(width):
            total[h] += w0 * row[h] + w1 * row[width + h] + w2 * row[2 * width + h] + w3 * row[3 * width + h]


def fourier_coefficients(const double[::1] offsets, double drive, Py_ssize_t nodes, const double[::1] circle,
                         double[:, ::1] odd, double[:, ::1] even):
    """Fill odd[voxel, h] = c_(2h+1) and even[voxel, h] = c_(2h+2) for the dimensionless offsets a and drive b.

    ``circle`` holds cos(pi m / 2N), m = 0..4N-1, for an even number of nodes N; ``odd`` and ``even`` have one row per offset.
    """
    cdef Py_ssize_t voxels = offsets.shape[0], half = nodes // 2, block, first, voxel, j, count
    cdef double above, below, node
    cdef double sums[NODES]
    cdef double differences[NODES]
    cdef double[:, ::1] odd_tile = np.empty((NODES, odd.shape[1]))
    cdef double[:, ::1] even_tile = np.empty((NODES, even.shape[1]))
    odd[:, :] = 0.0
    even[:, :] = 0.0
    with nogil:
        for block in range((half + NODES - 1) // NODES):
            first = NODES * block
            count = min(NODES, half - first)
            gather_cosines(circle, first, 1, odd_tile)
            gather_cosines(circle, first, 2, even_tile)
            for voxel in range(voxels):
                for j in range(NODES):
                    sums[j] = differences[j] = 0.0
                for j in range(count):
                    node = drive * circle[2 * (first + j) + 1]
                    above = langevin_of(offsets[voxel] + node)
                    below = langevin_of(offsets[voxel] - node)
                    sums[j] = (above + below) * 2.0 / nodes
                    differences[j] = (above - below) * 2.0 / nodes
                accumulate(&odd[voxel, 0], differences, odd_tile, count)
                if even.shape[1]:
                    accumulate(&even[voxel, 0], sums, even_tile, count)
