"""Measurement noise for `mpifast.Spectra`: white, by channel, coloured, measured, Johnson noise, drifting backgrounds.

Each function gives a `Noise`, and the sum of two is one too: ``noise.white(20) + noise.drifting(background, 0.1)``.
The noise of sample i is a pure function of the seed and i.
"""

from mpifast.data.noise.background import drifting, measured
from mpifast.data.noise.coloured import coloured
from mpifast.data.noise.johnson import johnson
from mpifast.data.noise.model import Noise
from mpifast.data.noise.white import by_channel, by_row, white

__all__ = ["Noise", "by_channel", "by_row", "coloured", "drifting", "johnson", "measured", "white"]


def __dir__() -> list[str]:
    return __all__
