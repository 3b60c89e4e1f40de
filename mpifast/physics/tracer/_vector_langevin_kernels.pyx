"""The magnetisation m = L(x) xi/x, x = |xi|, of vectors, and its Jacobian: shapes [n, 3], [n, 3, 3].

Both are smooth at 0. Below x = 2, L(x)/x is the ratio of series of `_langevin_kernels.pxd` without its factor x, so no entry is divided by
a small length. The Jacobian is t 1 + (l - t) n n^T with l = L'(x), t = L(x)/x and n = xi/x.
"""

from libc.math cimport fabs, fmax, sqrt

from mpifast.physics.tracer._langevin_kernels cimport (
    LANGEVIN_LOWER, LANGEVIN_UPPER, langevin_derivative_of, langevin_of, polynomial)


cdef inline double split(const double* xi, double* direction) noexcept nogil:
    """The length of a vector, and its direction. The components are scaled, so that no square overflows or underflows."""
    cdef double scale = fmax(fmax(fabs(xi[0]), fabs(xi[1])), fabs(xi[2])), size
    cdef int k
    if scale == 0.0:
        direction[0] = direction[1] = direction[2] = 0.0
        return 0.0
    for k in range(3):
        direction[k] = xi[k] / scale
    size = sqrt(direction[0] * direction[0] + direction[1] * direction[1] + direction[2] * direction[2])
    for k in range(3):
        direction[k] /= size
    return scale * size


cdef inline double ratio_of(double x) noexcept nogil:
    """L(x)/x for 0 <= x < 2."""
    return polynomial(LANGEVIN_UPPER, 12, x * x) / polynomial(LANGEVIN_LOWER, 13, x * x)


def magnetization(const double[:, ::1] xi, double[:, ::1] result):
    """Fill result[i] = L(x) xi[i] / x."""
    cdef Py_ssize_t i, k
    cdef double x, factor
    cdef double direction[3]
    with nogil:
        for i in range(xi.shape[0]):
            x = split(&xi[i, 0], direction)
            factor = ratio_of(x) if x < 2.0 else langevin_of(x)
            for k in range(3):
                result[i, k] = factor * (xi[i, k] if x < 2.0 else direction[k])


def jacobian(const double[:, ::1] xi, double[:, :, ::1] result):
    """Fill result[i, j, k] = d m_j / d xi_k."""
    cdef Py_ssize_t i, j, k
    cdef double x, across, along
    cdef double direction[3]
    with nogil:
        for i in range(xi.shape[0]):
            x = split(&xi[i, 0], direction)
            across = ratio_of(x) if x < 2.0 else langevin_of(x) / x
            along = langevin_derivative_of(x) - across
            for j in range(3):
                for k in range(3):
                    result[i, j, k] = along * direction[j] * direction[k]
                result[i, j, j] += across
