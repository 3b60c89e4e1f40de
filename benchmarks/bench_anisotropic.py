"""The magnetisation with uniaxial anisotropy: both loops, and SciPy quadrature of the same vectors."""

import numpy as np

import mpifast
from mpifast.physics.tracer import anisotropic
from mpifast.physics.tracer.equilibrium import magnetization

VOXELS, TIMES, FIELD = 64, 1224, 20e-3


class Vectors:
    params = ([1400.0, 20_000.0], ["mpifast", "scipy"])
    param_names = ("constant", "implementation")

    def setup(self, constant, implementation):
        random = np.random.default_rng(0)
        axes = random.normal(size=(VOXELS, 3))
        particle = mpifast.Particle(19e-9, 474e3, 293.0, anisotropy=mpifast.Uniaxial(constant, axes))
        drive = particle.beta * 5e-3 * random.uniform(-1, 1, (3, TIMES))
        positions = 8e-3 * random.uniform(-1, 1, (VOXELS, 3))
        gradient = particle.beta * np.diag([-1.0, -1.0, 2.0])
        loops = anisotropic.Anisotropic(particle, positions, FIELD)
        values, alpha = np.empty((3, VOXELS, TIMES)), particle.anisotropy_factor * constant
        unit, xi = particle.anisotropy.at(positions)[0], (positions @ gradient)[:, None] + drive.T

        def compiled():
            loops(slice(None), drive, gradient, np.arange(3), values, 1)
            return np.moveaxis(values, 0, -1)

        def quadrature():
            return magnetization(xi, unit[:, None], np.array(alpha))

        assert np.abs(compiled() - quadrature()).max() < 1e-13
        self.call = {"mpifast": compiled, "scipy": quadrature}[implementation]

    def time_vectors(self, constant, implementation):
        self.call()
