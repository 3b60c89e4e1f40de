"""Systems of every kind of scanner, small: what files have to keep."""

import functools

import numpy as np

import mpifast

PLANE = mpifast.Grid((4, 6), (15e-3, 18e-3))
SPACE = mpifast.Grid((3, 4, 2), (15e-3, 12e-3, 8e-3), (1e-3, 0.0, -2e-3))
TURN = 2 * np.pi * np.arange(80) / 80


def lissajous(grid=PLANE, gradient=(-2, -2, 4), amplitude=(18e-3, 20e-3, 0.0), divider=(60, 50, 99), **options):
    return mpifast.LissajousScanner(grid, gradient, amplitude, divider, **options)


def moving_gradient():
    gradient = np.zeros((80, 3, 3))
    gradient[:, 0, 0] = 1.0 + 0.5 * np.cos(TURN)
    gradient[:, 1, 1] = -2.0 * gradient[:, 0, 0]
    gradient[:, 2, 2] = gradient[:, 0, 0]
    return gradient


def radial():
    swing = 20e-3 * np.cos(10 * TURN)
    return np.stack([swing * np.cos(TURN), swing * np.sin(TURN), np.full(80, 1e-3)], axis=1)


SCANNERS = {
    "cosines": lissajous(),
    "sines": lissajous(phase=(0.0, 0.0, 0.0)),
    "space": lissajous(
        SPACE, (-1, -1, 2), (8e-3, 9e-3, 10e-3), (20, 30, 40), phase=(0.1, 4.0, -np.pi), offset_field=(1e-3, 0, 2e-3)
    ),
    "one axis": lissajous(mpifast.Grid((9,), (16e-3,)), amplitude=(0.0, 20e-3, 0.0), channels=("y", "x")),
    "plane in space": lissajous(mpifast.Grid((1, 5, 4), (1e-3, 16e-3, 16e-3)), channels=("z", "x")),
    "turned gradient": lissajous(gradient=((-1.0, 0.5, 0.0), (0.5, -1.0, 0.0), (0.0, 0.0, 2.0))),
    "line": mpifast.FieldFreeLineScanner(PLANE, 2.0, 20e-3, 20, angle=2.0, phase=9.0, offset_field=(0, 1e-3, 0)),
    "turning line": mpifast.FieldFreeLineScanner(PLANE, 2.0, 20e-3, 10, rotation=120),
    "sampled": mpifast.SampledScanner(PLANE, radial(), 1e-3),
    "moving gradient": mpifast.SampledScanner(PLANE, radial(), 1e-3, moving_gradient()),
}


@functools.cache
def system_of(name):
    """The rows above a level, with differing numbers in differing channels."""
    return mpifast.system_matrix(SCANNERS[name], mpifast.Particle(30e-9, temperature=310.0), level=1e-2)


def small_system():
    """Of the line: eleven voxels, fourteen harmonics, small enough for loops that run as plain Python."""
    return mpifast.system_matrix(mpifast.Scanner(voxels=11), mpifast.Particle(40e-9), harmonics=14)
