"""The closed form of one drive axis, against the slow twin."""

import numpy as np

import mpifast
from mpifast import reference
from mpifast.physics.systems.drive_axis import line_rows

SCANNER = mpifast.FieldFreeLineScanner(mpifast.Grid((40, 40, 5), (24e-3, 24e-3, 6e-3)), 2.0, 24e-3, 102, angle=0.5)
CHANNELS, NUMBERS = np.repeat([0, 1], 51), np.tile(np.arange(51), 2)


class Rows:
    params = ([20e-9, 40e-9], ["mpifast", "reference"])
    param_names = ("diameter", "implementation")

    def setup(self, diameter, implementation):
        particle = mpifast.Particle(diameter)
        self.call = {
            "mpifast": lambda: line_rows(SCANNER, particle, CHANNELS, NUMBERS),
            "reference": lambda: reference.sampled_rows(SCANNER, particle, CHANNELS, NUMBERS, 1024),
        }[implementation]

    def time_rows(self, diameter, implementation):
        self.call()
