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


class Generators:
    params = (["random", "points", "bars", "letters", "resolution", "ellipses", "vessels", "blobs"], ["plane", "space"])
    param_names = ("generator", "grid")

    def setup(self, generator, grid):
        shape, extent = {"plane": ((75, 85), (22e-3, 25e-3)), "space": ((30, 30, 30), (24e-3, 24e-3, 24e-3))}[grid]
        self.generator = getattr(mpifast.phantoms, generator)(mpifast.Grid(shape, extent))
        whole = self.generator.draw(7, range(8))
        np.testing.assert_array_equal(self.generator.draw(7, [5])[0], whole[5])

    def time_draw(self, generator, grid):
        self.generator.draw(7, range(256), threads=1)
