"""The magnetisation under a cosine drive, folded by symmetry: what the rows of the system matrix are transforms of.

The nodes t and pi - t of the drive share |cos(n t)|, so even harmonics need only L(a + b cos t) + L(a - b cos t) and odd ones the
difference. Both come out of one sweep: no temporary arrays, whose memory would cost more than the arithmetic.
"""

from mpifast.physics.tracer._langevin_kernels cimport langevin_of


def fold_magnetization(const double[::1] offsets, const double[::1] field, double[:, ::1] differences, double[:, ::1] sums):
    """Fill differences[i, j] = L(a_i + h_j) - L(a_i - h_j) and sums[i, j] likewise, for offsets a >= 0 and fields h > 0."""
    cdef Py_ssize_t i, j
    cdef double above, below
    with nogil:
        for i in range(offsets.shape[0]):
            for j in range(field.shape[0]):
                above = langevin_of(offsets[i] + field[j])
                below = langevin_of(offsets[i] - field[j])
                differences[i, j] = above - below
                sums[i, j] = above + below
