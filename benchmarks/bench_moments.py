"""The harmonic balance of the Fokker-Planck equation, a voxel, against one sparse system and against time stepping."""

import numpy as np

from mpifast import reference
from mpifast.physics.dynamics.moments import harmonics_of

OFFSET = np.linspace(0.0, 5.0, 32)
DRIVE, SPEED, ALPHA, KEPT = 5.0, 1.0, 0.0, 20


class Voxel:
    """Milliseconds a voxel at 20 moments and 40 harmonics, an error of 1e-12."""

    params = ["mpifast", "sparse", "stepping"]
    param_names = ("implementation",)

    def setup(self, implementation):
        self.call = {
            "mpifast": lambda offset: harmonics_of(offset, DRIVE, SPEED, ALPHA, 20, 40, KEPT),
            "sparse": lambda offset: reference.harmonics_of(offset, DRIVE, SPEED, ALPHA, 20, 40, KEPT),
            "stepping": stepped,
        }[implementation]
        exact = harmonics_of(OFFSET[:1], DRIVE, SPEED, ALPHA, 40, 60, KEPT)
        error = np.abs(self.call(OFFSET[:1]) - exact).max()
        assert error < (1e-4 if implementation == "stepping" else 1e-10), error

    def time_voxels(self, implementation):
        """All 32 voxels; time stepping takes one."""
        self.call(OFFSET[:1] if implementation == "stepping" else OFFSET)


def stepped(offset):
    field = offset[0]
    m = reference.moment_equations(lambda t: field + DRIVE * np.cos(t), ALPHA, SPEED, 2 * np.pi, 4, 128)
    return np.fft.rfft(m)[: KEPT + 1, None] / 128
