"""Random binary phantoms, against NumPy's generator."""

import numpy as np

import mpifast
from benchmarks import problems


class Phantoms:
    params = (["mpifast", "numpy"], [0.5, 0.3])
    param_names = ("implementation", "density")

    def setup(self, implementation, density):
        random = np.random.default_rng(7)
        shape = (problems.SAMPLES, 129)
        self.call = {
            "mpifast": lambda: mpifast.phantoms.random(*shape, density=density, seed=7),
            "numpy": lambda: (random.random(shape, np.float32) < density).astype(np.uint8),
        }[implementation]
        np.testing.assert_allclose(self.call().mean(), density, atol=2e-3)

    def time_random(self, implementation, density):
        self.call()
