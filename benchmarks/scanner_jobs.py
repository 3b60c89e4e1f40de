"""Jobs of the scanners on a grid and of their tracers: the marks of the table, and what their cost grows with."""

import functools
from pathlib import Path

import numpy as np

from benchmarks import (
    anisotropic,
    calibration,
    coloured_noise,
    kaczmarz_sizes,
    large_tikhonov,
    lissajous,
    planar_spectra,
    sizes,
)
from benchmarks.pairs import Clock
from benchmarks.run import Run


def plane(run: Run) -> None:
    """N1, against voxels, rows and digits of the tolerance."""
    run.pair(lissajous.plane(), "paper", 5)
    if run.quick:
        return
    for voxels in (50, 100, 200):
        run.cost_of(lissajous.plane(voxels), "voxels")
    for rows in (0.25, 0.5, 1.0):
        run.cost_of(lissajous.plane(part=rows), "rows")
    for digits in (3, 6, 9, 12):
        shape = {"voxels": 100**2, "digits": digits, "samples": 100**2}
        rows = functools.partial(lissajous.strong_plane, digits)
        run.cost("digits", rows, id="N1", work="strong rows of a 2-D Lissajous scan", shape=shape, flops=0.0)


def space(run: Run) -> None:
    """N2."""
    run.pair(lissajous.space(), "paper", 5)


def build(run: Run) -> None:
    """N3: seconds and bytes of the operator, on one thread."""
    clock = Clock(lissajous.build)
    run.absolute("N3", "operator of a 3-D Lissajous scan, its rows known", 0.02, [clock.seconds() for _ in range(9)], 1)
    operator = lissajous.build().contraction(np.dtype(np.float32))
    dense = 4 * len(lissajous.space_model().numbers) * lissajous.space_model().voxels
    run.add(
        id="N3", role="memory", work="operator of a 3-D Lissajous scan, and its real rows in float32",
        bytes=operator.nbytes, through=dense,
    )  # fmt: skip


def operator(run: Run) -> None:
    """N4, against voxels."""
    run.pair(lissajous.operator(), "paper", 9)
    for voxels in () if run.quick else (20, 30, 40):
        run.cost_of(lissajous.operator(voxels), "voxels")


def anisotropy(run: Run) -> None:
    """N5, against voxels."""
    run.pair(anisotropic.plane(), "paper", 5)
    for shape in () if run.quick else ((17, 15), (34, 30), (68, 60)):
        run.cost_of(anisotropic.plane(shape), "voxels")


def measured(run: Run) -> None:
    """N8, and its memory."""
    run.pair(calibration.loading(), "paper", 9)
    if Path("/proc/self/clear_refs").exists():
        peak, matrix = calibration.peak()
        run.add(id="N8", role="memory", work="a calibration file as a system", bytes=peak, through=matrix)


def one_image(run: Run) -> None:
    """N6, at two sizes and with both projections."""
    for voxels, role in ((27_000, "paper"), (19**3, "neighbour")):
        for projection in ("dykstra", "plain"):
            run.pair(kaczmarz_sizes.one(voxels, projection), role, 5)
            run.pair(kaczmarz_sizes.reads(voxels, projection), role, 5)


def many_images(run: Run) -> None:
    """N7."""
    run.pair(kaczmarz_sizes.many(27_000), "paper", 3)


def spectra(run: Run) -> None:
    """N9."""
    run.pair(planar_spectra.spectra(), "paper", 9)


def image(run: Run) -> None:
    """N10."""
    run.pair(large_tikhonov.image(*((8, 400) if run.quick else ())), "paper", 3)


def distribution(run: Run) -> None:
    """Thirty sizes against one, and log-normal ones."""
    run.pair(sizes.distribution(), "paper", 5)
    for sigma in () if run.quick else (0.05, 0.1, 0.2):
        run.pair(sizes.distribution(sigma), "neighbour", 5)


def noise(run: Run) -> None:
    """N11, of a full covariance and of few frames."""
    run.pair(coloured_noise.full(), "paper", 9)
    run.pair(coloured_noise.few_frames(), "paper", 9)


JOBS = {
    "N1": plane,
    "N2": space,
    "N3": build,
    "N4": operator,
    "N5": anisotropy,
    "N6": one_image,
    "N7": many_images,
    "N8": measured,
    "N9": spectra,
    "N10": image,
    "N11": noise,
    "sizes": distribution,
}
