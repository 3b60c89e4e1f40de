"""The one matrix product of the hot loops, on the blocks that training works with, against NumPy's BLAS."""

import numpy as np

from mpifast._jit import jit
from mpifast._tile import multiply_add


@jit
def call(c, a, b):
    multiply_add(c, a, b)


class MultiplyAdd:
    params = (["float32", "float64"], ["mpifast", "numpy"])
    param_names = ("dtype", "implementation")

    def setup(self, dtype, implementation):
        random = np.random.default_rng(1)
        self.a, self.b = (random.normal(size=shape).astype(dtype) for shape in ((16, 200), (200, 144)))
        self.c = np.zeros((16, 144), dtype)
        call(self.c, self.a, self.b)
        np.testing.assert_allclose(self.c, self.a @ self.b, atol=1e-4)
        self.numpy = implementation == "numpy"

    def time_block(self, dtype, implementation):
        if self.numpy:
            self.c += self.a @ self.b
        else:
            call(self.c, self.a, self.b)
