"""Where float32 is not enough, and the warning that says so."""

from __future__ import annotations

import warnings

import numpy as np

from mpifast.physics.particle import Particle

ILL_CONDITIONED = 30.5e-9  # metres; at 30 nm the paper's system has the condition number 1e4, at 25 nm 4e7


class PrecisionWarning(UserWarning):
    """The rounding of float32 counts as noise in the result."""


def warn_of_float32(particle: Particle, dtype: np.dtype, stacklevel: int) -> None:
    """Warn where spectra without noise lose the image to their own rounding; Python shows it once for each line of code
    that asks for it.
    """
    if dtype == np.float32 and particle.diameter <= ILL_CONDITIONED:
        warnings.warn(
            f"at diameter={particle.diameter * 1e9:.3g} nm the system is so ill-conditioned that rounding to float32 is noise: use dtype='float64'",
            PrecisionWarning,
            stacklevel=stacklevel + 1,
        )
