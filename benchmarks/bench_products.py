"""The matrix products of the hot loops, on the blocks and rows that training works with, against NumPy's BLAS."""

import numpy as np
from numba import njit

from mpifast._compiled.jit import OPTIONS
from mpifast._compiled.products import aligned_zeros, multiply_add, multiply_add_transposed


@njit(**OPTIONS)
def call(c, a, b):
    multiply_add(c, a, b)


@njit(**OPTIONS)
def call_transposed(c, a, b):
    multiply_add_transposed(c, a, b)


class MultiplyAdd:
    params = (["float32", "float64"], [1, 16], [False, True], ["mpifast", "numpy"])
    param_names = ("dtype", "rows", "transposed", "implementation")

    def setup(self, dtype, rows, transposed, implementation):
        random = np.random.default_rng(1)
        self.c, self.a, self.b = (
            aligned_zeros(shape, np.dtype(dtype)) for shape in ((rows, 144), (rows, 208), (208, 144))
        )
        self.a[:], self.b[:] = random.normal(size=self.a.shape), random.normal(size=self.b.shape)
        self.call = call_transposed if transposed else call
        right = np.ascontiguousarray(self.b.T) if transposed else self.b
        self.call(self.c, self.a, right)
        np.testing.assert_allclose(self.c, self.a @ self.b, atol=1e-4)
        self.right, self.numpy = right, implementation == "numpy"

    def time_block(self, dtype, rows, transposed, implementation):
        if self.numpy:
            self.c += self.a @ self.b
        else:
            self.call(self.c, self.a, self.right)
