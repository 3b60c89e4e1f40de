"""The Langevin function and its derivative as NumPy ufuncs: any shape, any strides, float32 and float64, ``out=``."""

cimport cython
cimport numpy as cnp

from mpifast.physics.tracer._langevin_kernels cimport langevin_derivative_of, langevin_of

cnp.import_array()
cnp.import_ufunc()


@cython.ufunc
cdef cython.floating langevin(cython.floating x) noexcept nogil:
    return <cython.floating>langevin_of(x)


@cython.ufunc
cdef cython.floating langevin_derivative(cython.floating x) noexcept nogil:
    return <cython.floating>langevin_derivative_of(x)
