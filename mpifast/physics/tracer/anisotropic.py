"""The magnetisation of an anisotropic tracer at many voxels and times, for time sampling."""

from __future__ import annotations

import functools

import numpy as np
from numpy.polynomial import legendre

from mpifast.physics.tracer import _anisotropy_loops as loops
from mpifast.physics.tracer.equilibrium import half_rule, nodes_for
from mpifast.physics.tracer.particle import Particle

# Of alpha = K V / (kB T) and beta times the field: where spherical harmonics keep the magnetisation to 5e-15. Their sum
# loses exp(|alpha|) / (2 |alpha|) of its accuracy, where the field is across the axis.
LEAST_SERIES, MOST_SERIES, LARGEST_SERIES = -3.0, 4.0, 500.0
ORDERS, SERIES_NODES = 32, 48


class Anisotropic:
    """The magnetisation at the voxels of a grid.

    Parameters
    ----------
    particle : Particle
        A tracer with an anisotropy.
    positions : ndarray
        The voxels of a grid, float64[voxels, 3], metres.
    field : float
        No field at any voxel and time is above it, tesla.

    Raises
    ------
    ValueError
        If anisotropy and field are too large together, or the anisotropy has another number of voxels.
    """

    def __init__(self, particle: Particle, positions: np.ndarray, field: float) -> None:
        assert particle.anisotropy is not None
        self._positions = positions
        self._axes, constants = particle.anisotropy.at(positions)
        self._constants = constants * particle.anisotropy_factor
        largest, least, most = particle.largest_beta * field, float(self._constants.min()), float(self._constants.max())
        self._sizes = []  # volume over the largest size's, share, and nodes if the series does not do
        for volume, share in particle.shares:
            strongest = max(-least, most) * volume
            count = nodes_for(strongest, largest * volume)
            weak = least * volume >= LEAST_SERIES and most * volume <= MOST_SERIES
            series = weak and largest * volume <= LARGEST_SERIES
            self._sizes.append((volume, share, 0 if series else count))

    def __call__(
        self,
        voxels: slice | np.ndarray,
        drive: np.ndarray,
        gradient: np.ndarray,
        components: np.ndarray,
        values: np.ndarray,
        threads: int,
    ) -> None:
        """Write the ``components`` of the magnetisation to values[components, voxels, times].

        ``drive`` [3, times] and ``gradient`` [3, 3] or [3, 3, times] are those of the scanner times beta of the largest
        size.
        """
        positions, axes = self._positions[voxels], self._axes[voxels]
        gradient = gradient.reshape(3, 3, -1)
        fresh = True
        for volume, share, count in self._sizes:
            arguments = positions, drive * volume, gradient * volume, axes, self._constants[voxels] * volume
            rest = components, share, fresh, values, threads
            fresh = False
            if count:
                loops.quadrature(*arguments, *half_rule(count), *rest, threads=threads)
            else:
                loops.series(*arguments, half_rule(SERIES_NODES)[0], *series_table(), *rest, threads=threads)


@functools.cache
def series_table() -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of exp(alpha t^2) as sums over the nodes t > 0: float64[2, orders, nodes], and their size [orders].

    Row l of the first table is C_l or D_l, of the second one E_l (`loops._series`), both times the leading coefficients
    of the polynomials and over (2l + 1)!!, as the monic recurrences have them.
    """
    t, weights = half_rule(SERIES_NODES)
    table, scales = np.zeros((2, ORDERS, len(t))), np.empty(ORDERS)
    leading = double = 1.0  # of P_l, and (2l + 1)!!
    for order in range(ORDERS):
        if order:
            leading *= (2 * order - 1) / order
            double *= 2 * order + 1
        one = np.zeros(order + 1)
        one[-1] = 1.0
        scales[order] = double / leading
        table[0, order] = (2 * order + 1) * weights * legendre.legval(t, one) / scales[order]
        if order % 2:
            slope = legendre.legval(t, legendre.legder(one))
            normal = (2 * order + 1) / (order * (order + 1)) * order
            table[0, order] *= t
            table[1, order] = normal * weights * (1.0 - t * t) * slope / scales[order]
    for array in (table, scales):
        array.flags.writeable = False
    return table, scales
