"""What the physics says about resolution."""

from __future__ import annotations

import functools

from mpifast import _validation as check
from mpifast.physics.langevin import langevin_derivative
from mpifast.physics.particle import Particle
from mpifast.physics.scanner import Scanner


@functools.cache
def langevin_width() -> float:
    """Full width at half maximum of L'(x), dimensionless: 4.161048...

    Examples
    --------
    >>> from mpifast.reconstruction.analysis import langevin_width
    >>> print(f"{langevin_width():.9f}")
    4.161048048
    """
    from scipy.optimize import brentq

    # L'(0) = 1/3.
    return 2.0 * float(brentq(lambda x: langevin_derivative(x) - 1.0 / 6.0, 1.0, 3.0, xtol=1e-15))


def fwhm(particle: Particle, scanner: Scanner) -> float:
    """Full width at half maximum of the point spread function, in metres.

    It is the width of the Langevin derivative in the gradient field, 4.161 / (beta G): proportional to d^-3. (The paper prints
    d^-1, but its two values, 0.25 mm at 50 nm and 1.0 mm at 30 nm, follow the cube.)

    Parameters
    ----------
    particle : Particle
        The tracer.
    scanner : Scanner
        Only its gradient matters.

    Returns
    -------
    float
        Metres.

    Raises
    ------
    TypeError
        If an argument is of another type.

    References
    ----------
    Chae 2017, figure 2(b); Goodwill and Conolly, IEEE Trans. Med. Imaging 29:1851, 2010.

    Examples
    --------
    >>> import mpifast
    >>> print(f"{mpifast.analysis.fwhm(mpifast.Particle(50e-9), mpifast.Scanner()) * 1e3:.3f} mm")
    0.276 mm
    """
    check.instance("particle", particle, Particle)
    check.instance("scanner", scanner, Scanner)
    return langevin_width() / (particle.beta * scanner.gradient)
