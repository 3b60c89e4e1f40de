"""The Langevin function and its derivative over an array."""

import numpy as np

import mpifast
from mpifast import reference

FUNCTIONS = {"mpifast": mpifast, "reference": reference}


class Langevin:
    params = (["langevin", "langevin_derivative"], ["mpifast", "reference"])
    param_names = ("function", "implementation")

    def setup(self, function, implementation):
        self.x = np.random.default_rng(1).normal(scale=20.0, size=100_000)
        self.call = getattr(FUNCTIONS[implementation], function)
        np.testing.assert_allclose(self.call(self.x), getattr(reference, function)(self.x), rtol=1e-9)

    def time_array(self, function, implementation):
        self.call(self.x)
