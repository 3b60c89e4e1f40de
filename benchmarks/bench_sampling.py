"""Time sampling of a Lissajous scanner, against the slow twin with as many samples."""

import numpy as np

import mpifast
from mpifast import reference
from mpifast.physics.systems.sampling import Sampling, sampled_rows

SCANNER = mpifast.LissajousScanner(mpifast.Grid((30, 30), (24e-3, 24e-3)))
CHANNELS, NUMBERS = np.repeat([0, 1], 817), np.tile(np.arange(817), 2)
TOLERANCE = 1e-9


class Rows:
    params = ([20e-9, 30e-9], ["mpifast", "reference"])
    param_names = ("diameter", "implementation")

    def setup(self, diameter, implementation):
        particle = mpifast.Particle(diameter)
        times = Sampling(SCANNER, particle, CHANNELS, NUMBERS, TOLERANCE).times
        self.call = {
            "mpifast": lambda: sampled_rows(SCANNER, particle, CHANNELS, NUMBERS, TOLERANCE, threads=1),
            "reference": lambda: reference.sampled_rows(SCANNER, particle, CHANNELS, NUMBERS, times),
        }[implementation]
        self.exact = reference.sampled_rows(SCANNER, particle, CHANNELS, NUMBERS, 2 * times)

    def time_rows(self, diameter, implementation):
        self.call()

    def peakmem_rows(self, diameter, implementation):
        self.call()

    def track_error(self, diameter, implementation):
        """Largest error of a row above 1e-6 relative to the row's own largest magnitude."""
        peaks = np.abs(self.exact).max(axis=1)
        strong = peaks > 1e-6
        return float((np.abs(self.call() - self.exact).max(axis=1)[strong] / peaks[strong]).max())

    track_error.unit = "relative"
