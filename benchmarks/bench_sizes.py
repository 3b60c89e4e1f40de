"""Distributions of particle sizes: their cost over that of one size, and the cost of what stands for them."""

import mpifast
from benchmarks import pairs, sizes
from mpifast.physics.tracer.mixture import gaussian_mixture
from mpifast.physics.tracer.profile import profile_of


class Matrix:
    params = ([None, 0.05, 0.1, 0.2],)
    param_names = ("sigma",)

    def track_ratio_to_one_size(self, sigma):
        return pairs.compare(sizes.distribution(sigma), threads=1, rounds=3).ratio

    track_ratio_to_one_size.unit = "x"


class Preparation:
    params = ([0.1, 0.2, 0.3],)
    param_names = ("sigma",)

    def setup(self, sigma):
        particle = mpifast.Particle(20e-9, sizes=mpifast.LogNormal(sigma))
        self.arguments = 20e-3 * particle.largest_beta, particle.shares

    def time_gaussian_mixture(self, sigma):
        largest, shares = self.arguments
        gaussian_mixture.__wrapped__(largest, 1e-9, shares)

    def time_profile(self, sigma):
        profile_of.__wrapped__(*self.arguments)

    def track_coefficients_of_the_profile(self, sigma):
        return len(profile_of(*self.arguments).coefficients)
