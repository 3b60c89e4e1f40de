"""The system matrix, against NumPy and SciPy on the same nodes and against the slow twin."""

import numpy as np

import mpifast
from benchmarks import pairs, problems
from mpifast import reference

SCANNER = mpifast.Scanner()


class SystemMatrix:
    params = ([20e-9, 40e-9, 100e-9], ["mpifast", "reference"])
    param_names = ("diameter", "implementation")

    def setup(self, diameter, implementation):
        particle = mpifast.Particle(diameter)
        nodes = mpifast.system_matrix(SCANNER, particle).nodes
        self.call = {
            "mpifast": lambda: mpifast.system_matrix(SCANNER, particle).matrix,
            "reference": lambda: reference.system_matrix(SCANNER, particle, nodes=nodes),
        }[implementation]

    def time_matrix(self, diameter, implementation):
        self.call()

    def peakmem_matrix(self, diameter, implementation):
        self.call()


class Peer:
    def track_ratio_to_numpy_and_scipy(self):
        return pairs.compare(problems.matrix(), threads=1).ratio

    track_ratio_to_numpy_and_scipy.unit = "x"

    def track_error(self):
        """Largest error relative to the largest entry, against three times the nodes."""
        system = problems.system()
        exact = reference.system_matrix(system.scanner, system.particle, nodes=3 * system.nodes)
        return float(np.abs(system.matrix - exact).max() / np.abs(exact).max())

    track_error.unit = "relative"
