"""The Kronecker form of Lissajous systems: its cost over voxels and tolerance, and its ratios to NumPy and SciPy."""

import numpy as np

from benchmarks import lissajous, pairs
from mpifast.physics.systems.kronecker import KroneckerModel


class Rows:
    params = ([50, 100, 200], [1e-7, 1e-12])
    param_names = ("voxels along an axis", "error")

    def setup(self, voxels, error):
        channels, numbers = np.repeat([0, 1], 817), np.tile(np.arange(817), 2)
        self.call = lambda: KroneckerModel(
            lissajous.PLANE, lissajous.plane_grid(voxels), lissajous.PARTICLE.beta, channels, numbers, error
        ).rows(threads=1)

    def time_rows(self, voxels, error):
        self.call()

    def peakmem_rows(self, voxels, error):
        self.call()


class Operator:
    params = ([15, 30, 60],)
    param_names = ("voxels along an axis",)

    def setup(self, voxels):
        strong = lissajous.space_model()
        self.arguments = (lissajous.SPACE, lissajous.space_grid(voxels), lissajous.PARTICLE.beta)
        self.rows = strong.channels, strong.numbers, strong.error
        self.model = KroneckerModel(*self.arguments, *self.rows)
        self.c = np.random.default_rng(0).random((1, voxels**3), np.float32)
        self.u = self.model.forward(self.c)

    def time_build(self, voxels):
        KroneckerModel(*self.arguments, *self.rows).contraction(np.float32)

    def time_forward(self, voxels):
        self.model.forward(self.c, threads=1)

    def time_adjoint(self, voxels):
        self.model.adjoint(self.u, threads=1)

    def track_bytes(self, voxels):
        return self.model.contraction(np.float32).nbytes

    track_bytes.unit = "bytes"


class Peer:
    def track_ratio_of_a_matrix_in_two_dimensions(self):
        return pairs.compare(lissajous.plane(), threads=1, rounds=3).ratio

    def track_ratio_of_strong_rows_in_three_dimensions(self):
        return pairs.compare(lissajous.space(), threads=1, rounds=3).ratio

    def track_ratio_of_the_operator_to_sgemv(self):
        return pairs.compare(lissajous.operator(), threads=1).ratio

    for track in (
        track_ratio_of_a_matrix_in_two_dimensions,
        track_ratio_of_strong_rows_in_three_dimensions,
        track_ratio_of_the_operator_to_sgemv,
    ):
        track.unit = "x"
