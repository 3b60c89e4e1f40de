"""Where float32 is not enough, and the warning that says so."""

from __future__ import annotations

import warnings
import weakref

import numpy as np

from mpifast.physics.linear_system import LinearSystem

# Rounding to float32 changes spectra by 1e-7 of their size, and an image by the condition number times that.
LARGEST_ROUNDING = 1e-3
VOXELS = 512  # neighbouring ones, whose singular values are looked at in a larger system

_conditions: weakref.WeakKeyDictionary[LinearSystem, float] = weakref.WeakKeyDictionary()


class PrecisionWarning(UserWarning):
    """The rounding of float32 counts as noise in the result."""


def condition(system: LinearSystem) -> float:
    """Condition number of a system as real equations, or of 512 neighbouring voxels of a larger one, from its middle: a
    lower bound of the condition number of the whole. Infinite if singular; kept for the next call.
    """
    if system not in _conditions:
        first = max(0, (system.voxels - VOXELS) // 2)
        part = system.real[:, first : first + VOXELS]
        values = np.linalg.svd(part, compute_uv=False)
        _conditions[system] = float(values[0] / values[-1]) if values[-1] > 0.0 else np.inf
    return _conditions[system]


def warn_of_float32(system: LinearSystem, dtype: np.dtype, stacklevel: int) -> None:
    """Warn where spectra without noise lose the image to their own rounding; Python shows it once for each line of code
    that asks for it.
    """
    if dtype == np.float32 and condition(system) * float(np.finfo(np.float32).eps) > LARGEST_ROUNDING:
        warnings.warn(
            f"the condition number of the system is {condition(system):.1e}, so rounding to float32 is noise: "
            "use dtype='float64' for noise-free spectra",
            PrecisionWarning,
            stacklevel=stacklevel + 1,
        )
