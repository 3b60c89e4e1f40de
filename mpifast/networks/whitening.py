"""White coordinates: a linear map of the spectra after which all directions are equally strong.

The singular values of a system matrix span decades, and gradient descent takes as many times longer along the weak
directions: the paper's hundreds of passes. In coordinates x' = T^T x in which the spectra have the covariance 1, a
single pass is enough. The map is linear, so it is folded into the weights afterwards: the result is the same network.

With noise, or with phantoms that are alike, the weak directions carry little but noise, and should stay weak. A ridge
does that: T T^T = (C + ridge c I)^-1, with the covariance C of the scaled spectra and the mean c of its diagonal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpifast.networks._loops.whitening import directions_of
from mpifast.networks.scaling import Scaling
from mpifast.networks.state import Architecture, NetworkState
from mpifast.networks.training import Data
from mpifast.physics.forward import product

SAMPLES = 4  # for each input, that measure the directions; with 20 the error of a noisy first pass is a tenth lower
ORTHOGONAL = 512  # inputs at most that are made orthogonal, which is exact; of more the covariance is factored
LEAST = 1e-12  # ridge of more inputs: what is below is rounding of the covariance
MOST = 16_384  # inputs: the factors of their covariance take 2 GiB each


@dataclass(frozen=True)
class Whitening:
    """A linear map of scaled spectra, x' = T^T x, and the one back on the space they span.

    Attributes
    ----------
    scaling : Scaling
        Of the raw spectra.
    forward, back : ndarray
        T and its pseudo-inverse, transposed: float64[inputs, rank].
    """

    scaling: Scaling
    forward: np.ndarray
    back: np.ndarray

    @classmethod
    def measure(cls, scaling: Scaling, spectra: np.ndarray, threads: int, ridge: float = 0.0) -> Whitening:
        """The coordinates of a training set, about zero and not about its mean, since there may be no bias to make up
        for the mean.

        Directions weaker than the rounding of the spectra, or of this function, are left out.

        Raises
        ------
        ValueError
            If the spectra are zero, too large to be squared, or have too many inputs.
        """
        inputs = spectra.shape[1]
        if inputs > MOST:
            raise ValueError(f"recipe='fast' takes at most {MOST:,} inputs, got {inputs:,}: use recipe='paper'")
        from scipy.linalg import cholesky, solve_triangular  # here: most trainings do without, and it takes 40 ms

        rows = scaling.apply(spectra[: SAMPLES * inputs].astype(np.float64)).T
        samples = rows.shape[1]
        with np.errstate(over="ignore"):
            power = np.einsum("is,is->", rows, rows) / samples
        if not 0.0 < power < np.inf:
            raise ValueError(
                f"the first {samples} spectra are zero, or too large to be squared: recipe='fast' needs some signal, "
                "use recipe='paper'"
            )
        if inputs > ORTHOGONAL:
            ridge = max(ridge, LEAST)
        if not ridge:
            tolerance = max(4.0 * np.finfo(spectra.dtype).eps, inputs * np.finfo(np.float64).eps)
            triangle, inverse, _ = directions_of(rows, tolerance)
            return cls(scaling, inverse * np.sqrt(samples), triangle.T / np.sqrt(samples))
        rows = np.ascontiguousarray(rows)
        covariance = product(rows, rows.T, threads) / samples
        covariance[np.diag_indices(inputs)] += ridge * power / inputs
        lower = cholesky(covariance, lower=True)
        inverse = solve_triangular(lower, np.eye(inputs), lower=True)
        return cls(scaling, inverse.T, lower)

    def data(self, data: Data, threads: int) -> Data:
        """The samples with white spectra."""
        white = self.scaling.times(data.spectra, self.forward, threads)
        if data.validation is None:
            return Data(white, data.phantoms)
        spectra, phantoms = data.validation
        return Data(white, data.phantoms, (self.scaling.times(spectra, self.forward, threads), phantoms))

    def enter(self, state: NetworkState, threads: int) -> NetworkState:
        """The same network in white coordinates; one with the random weights of its seed begins from zero."""
        made = state.architecture
        rank = self.forward.shape[1]
        white = Architecture((rank, made.units[1]), made.activations, "none", made.bias, made.dtype, made.seed, 0.0)
        scaling = Scaling("none", np.zeros(rank), np.ones(rank))
        parameters = None
        if not state.untouched:
            weights, bias = np.split(state.parameters[0].astype(np.float64), [made.units[0]], axis=1)
            parameters = [np.hstack([product(np.ascontiguousarray(weights), self.back, threads), bias])]
        return NetworkState.made(white, parameters, scaling=scaling, epochs=state.epochs, records=state.records)

    def leave(self, white: NetworkState, state: NetworkState, threads: int) -> NetworkState:
        """``state`` with the weights, epochs and records of the white one."""
        weights, bias = np.split(white.parameters[0].astype(np.float64), [self.forward.shape[1]], axis=1)
        folded = np.hstack([product(np.ascontiguousarray(weights), self.forward.T, threads), bias])
        return state.but(weights=state.architecture.block([folded]), epochs=white.epochs, records=white.records)
