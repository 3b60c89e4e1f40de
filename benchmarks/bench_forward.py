"""Spectra of 30,000 phantoms at hand: look-up tables for binary ones, products for grey ones, NumPy's SGEMM, the slow
twin.
"""

import numpy as np

from benchmarks import pairs, problems
from mpifast import reference


class Forward:
    params = (["binary", "grey", "numpy", "reference"], [1, 2])
    param_names = ("implementation", "threads")

    def setup(self, implementation, threads):
        system, phantoms = problems.system(), problems.data()[1]
        floats = phantoms.astype(np.float32)
        self.blas = pairs.blas_threads(threads)
        self.call = {
            "binary": lambda: system.spectra(phantoms, threads=threads),
            "grey": lambda: system.spectra(floats, threads=threads),
            "numpy": lambda: floats @ problems.columns(),
            "reference": lambda: reference.spectra(system.real, phantoms),
        }[implementation]
        assert pairs.deviation(self.call(), problems.data()[0]) < problems.SINGLE

    def teardown(self, implementation, threads):
        self.blas.restore_original_limits()

    def time_spectra(self, implementation, threads):
        self.call()


class Memory:
    """Nothing is verified here: asv counts the memory of setup too."""

    params = ["mpifast", "numpy"]
    param_names = ("implementation",)

    def setup(self, implementation):
        pair = problems.forward()
        self.call = pair.peer if implementation == "numpy" else pair.ours

    def peakmem_spectra(self, implementation):
        self.call(1)


class Peer:
    params = [1, 2]
    param_names = ("threads",)

    def track_ratio_to_sgemm(self, threads):
        return pairs.compare(problems.forward(), threads).ratio

    track_ratio_to_sgemm.unit = "x"
