"""Where float32 is not enough, and the warning that says so."""

from __future__ import annotations

import warnings

import numpy as np

# Rounding to float32 changes spectra by 1e-7 of their size, and an image by the condition number times that.
LARGEST_ROUNDING = 1e-3
VOXELS = 512  # neighbouring ones, whose singular values are looked at in a larger system


class PrecisionWarning(UserWarning):
    """The rounding of float32 counts as noise in the result.

    Examples
    --------
    >>> import mpifast, warnings
    >>> warnings.simplefilter("error", mpifast.PrecisionWarning)  # stop instead
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(25e-9))
    >>> mpifast.Spectra(system, seed=7)
    Traceback (most recent call last):
    mpifast.physics.precision.PrecisionWarning: ...
    >>> warnings.simplefilter("default", mpifast.PrecisionWarning)
    >>> spectra = mpifast.Spectra(system, seed=7, dtype="float64")
    """


def condition_of(real: np.ndarray) -> float:
    """Condition number of a system as real equations [equations, voxels]; infinite if it is singular.

    Of a larger system it is that of 512 neighbouring voxels in the middle, a lower bound of the whole.
    """
    values = np.linalg.svd(real[:, neighbours(real.shape[1])].astype(np.float64), compute_uv=False)
    return float(values[0] / values[-1]) if values[-1] > 0.0 else np.inf


def neighbours(voxels: int) -> slice:
    """The voxels whose singular values are looked at."""
    first = max(0, (voxels - VOXELS) // 2)
    return slice(first, first + VOXELS)


def warn_of_float32(condition: float, stacklevel: int) -> None:
    """Warn where spectra without noise lose the image to their own rounding; Python shows it once for each line of code
    that asks for it.
    """
    if condition * float(np.finfo(np.float32).eps) > LARGEST_ROUNDING:
        warnings.warn(
            f"the condition number of the system is {condition:.1e}, so rounding to float32 is noise: use "
            "dtype='float64' "
            "for noise-free spectra",
            PrecisionWarning,
            stacklevel=stacklevel + 1,
        )
