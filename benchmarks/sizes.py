"""What a distribution of particle sizes costs: the matrix of a 2-D scan with many sizes against that of one size.

Thirty sizes up to that of the other side cost nothing but the sum of their weights. Log-normal sizes have a few large
particles, whose high harmonics take more orders and more Gaussians: that is physics and not the number of sizes.
"""

import dataclasses
import functools
import math
from typing import Any

import numba
import numpy as np

import mpifast
from benchmarks.lissajous import PARTICLE, PLANE_SAMPLES, row_error
from benchmarks.pairs import Errors, Mark, Pair
from mpifast import reference
from mpifast.physics.systems.description import system_of_rows

FIELD_OF_VIEW = (24e-3, 24e-3)
OVERSAMPLING = 16  # of the exact values


@functools.cache
def rows() -> tuple[np.ndarray, np.ndarray, float]:
    """Channels, numbers and largest absolute error of the rows of one size above 1e-3 of the largest, each to 1e-7."""
    system = mpifast.system_matrix(plane(100), PARTICLE, tolerance=1e-7, level=1e-3)
    assert system.absolute_error is not None
    return system.rows["channel"].astype(np.int64), system.rows["number"].astype(np.int64), system.absolute_error


def plane(voxels: int) -> mpifast.LissajousScanner:
    return mpifast.LissajousScanner(mpifast.Grid((voxels, voxels), FIELD_OF_VIEW))


def matrix(particle: mpifast.Particle, threads: int) -> np.ndarray:
    """These rows of a particle, complex64."""
    numba.set_num_threads(threads)
    channels, numbers, error = rows()
    return system_of_rows(plane(100), particle, 1e-7, channels, numbers, error).columns(dtype="complex64")


def exact(particle: mpifast.Particle) -> np.ndarray:
    """The same in every 25th voxel, by the sum over sizes of transforms of time samples."""
    channels, numbers, _ = rows()
    few, total = plane(4), 0.0
    for moment, share in particle.shares:
        # The moment goes with the saturation magnetisation as with the cube of the diameter.
        beta = moment * particle.largest_beta / PARTICLE.beta
        of_size: Any = dataclasses.replace(PARTICLE, saturation_magnetization=beta * PARTICLE.saturation_magnetization)
        total = total + share * reference.sampled_rows(few, of_size, channels, numbers, OVERSAMPLING * PLANE_SAMPLES)
    return -2j * math.pi * numbers[:, None] * PARTICLE.saturation_field * total


def distribution(sigma: float | None = None) -> Pair:
    """Thirty sizes from half of the particle's up to it, or log-normal ones around it, against its own: the same rows,
    to the same absolute error.
    """
    thirty = mpifast.SizeMixture(tuple(np.linspace(0.5, 1.0, 30)), (1.0,) * 30)
    several = dataclasses.replace(PARTICLE, sizes=thirty if sigma is None else mpifast.LogNormal(sigma))
    title = "30 sizes up to the particle's" if sigma is None else f"log-normal sizes, sigma = {sigma:g}"
    places = (25 * np.arange(4)[:, None] + 12) * 100 + 25 * np.arange(4) + 12

    def verify(threads: int) -> Errors:
        found = [
            row_error(matrix(particle, threads)[:, places.ravel()], exact(particle), 1e-4)
            for particle in (several, PARTICLE)
        ]
        return Errors(*found)

    return Pair(
        "sizes",
        f"matrix of a 2-D scan, {title}",
        "the same of one size",
        {"voxels": 10_000, "rows": len(rows()[0]), "samples": 10_000},
        lambda threads: matrix(several, threads),
        lambda threads: matrix(PARTICLE, threads),
        verify,
        3e-7,
        Mark("ratio", 1.3),
        bytes=8.0 * len(rows()[0]),
    )
