"""The vectorised elementary functions, against NumPy's."""

import numpy as np
from numba import njit

from mpifast import reference
from mpifast._compiled.elementary import sigmoid
from mpifast._compiled.jit import OPTIONS


@njit(**OPTIONS)
def apply(z, out):
    for i in range(len(z)):
        out[i] = sigmoid(z[i])


class Sigmoid:
    params = (["float32", "float64"], ["mpifast", "numpy"])
    param_names = ("dtype", "implementation")

    def setup(self, dtype, implementation):
        self.z = np.random.default_rng(1).normal(scale=5.0, size=100_000).astype(dtype)
        self.out = np.empty_like(self.z)
        apply(self.z, self.out)
        np.testing.assert_allclose(self.out, reference.sigmoid(self.z), rtol=1e-5)
        self.call = (
            (lambda: apply(self.z, self.out)) if implementation == "mpifast" else (lambda: reference.sigmoid(self.z))
        )

    def time_sigmoid(self, dtype, implementation):
        self.call()
