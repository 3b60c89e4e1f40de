"""Reduced coordinates: the noise-free spectra of 129 voxels lie in 129 dimensions, however many harmonics they have.

The first layer sees of its weights only what lies in that space, and the delta rule changes nothing else. With an
orthonormal basis Q of it, x = Q y, a pass over y with the weights V = W Q is the pass over x with W, rounding apart,
for 129/200 of the arithmetic: afterwards W += (V' - V) Q^T. Spectra with noise fill all dimensions, and nothing is
reduced.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpifast._compiled.products import aligned_zeros, lanes, padded
from mpifast.networks._loops import layout
from mpifast.networks._loops.whitening import directions_of
from mpifast.networks.scaling import Scaling
from mpifast.physics.forward import product

EPOCHS = 4  # from which on it pays: the spectra have to be transformed first, which takes as long as a pass
SAMPLES = 4  # for each input, that give the basis; there have to be twice as many
WORTH = 0.8  # of the inputs at most, for the same reason
PROBES = 8  # directions at least, at right angles to the basis, in which a spectrum must have no component
ROUNDING = 64  # units in the last place that count as none


@dataclass(frozen=True)
class Reduction:
    """Training spectra in reduced coordinates.

    Attributes
    ----------
    basis : ndarray
        Q, dtype[inputs, rank], orthonormal columns.
    samples : TrainingSet
        The coordinates of the scaled spectra, dtype[n, rank], and the targets.
    """

    basis: np.ndarray
    samples: layout.TrainingSet

    @classmethod
    def find(cls, scaling: Scaling, spectra: np.ndarray, targets: np.ndarray, threads: int) -> Reduction | None:
        """The reduction of a training set, raw spectra [n, inputs], if they lie in a space that is small enough."""
        (count, inputs), dtype = spectra.shape, spectra.dtype
        if count < 2 * SAMPLES * inputs or targets.shape[1] >= WORTH * inputs:
            return None
        rows = scaling.apply(spectra[: SAMPLES * inputs].astype(np.float64)).T
        basis = directions_of(rows, 4.0 * np.finfo(dtype).eps)[0]
        if not 0 < len(basis) <= WORTH * inputs:
            return None
        for _ in range(2):  # one turn leaves the rounding of ill-conditioned rows
            basis = directions_of(basis, 0.0)[2]
        rank = len(basis)
        probes = np.random.default_rng(0).normal(size=(padded(rank + PROBES, lanes(dtype)) - rank, inputs))
        probes -= np.einsum("pr,ri->pi", np.einsum("pi,ri->pr", probes, basis), basis)
        coordinates = scaling.times(spectra, np.concatenate([basis, probes]).T, threads)
        inside, outside = (np.einsum("ni,ni->n", part, part) for part in (coordinates[:, :rank], coordinates[:, rank:]))
        if (outside > len(probes) * (ROUNDING * np.finfo(dtype).eps) ** 2 * inside).any():
            return None
        one = np.ones(max(rank, count), dtype)
        samples = layout.TrainingSet(
            np.ascontiguousarray(coordinates[:, :rank]), np.zeros(rank, dtype), one[:rank], one[:count], targets
        )
        return cls(np.ascontiguousarray(basis.T, dtype), samples)

    def enter(self, net: layout.Net, threads: int) -> layout.Net:
        """The layer with the weights V."""
        inputs, rank = self.basis.shape
        weights = aligned_zeros(
            (1, padded(rank + net.bias, lanes(self.basis.dtype)), net.weights.shape[2]), self.basis.dtype
        )
        weights[0, :rank] = product(np.ascontiguousarray(self.basis.T), net.weights[0, :inputs], threads)
        weights[0, rank : rank + net.bias] = net.weights[0, inputs : inputs + net.bias]
        return layout.Net(weights, np.array([rank, net.units[1]]), net.linear, net.bias)

    def leave(self, trained: layout.Net, net: layout.Net, threads: int) -> None:
        """Change the weights of ``net``, which are those that `enter` was given, by what the training changed."""
        inputs, rank = self.basis.shape
        change = trained.weights[0] - self.enter(net, threads).weights[0]
        net.weights[0, :inputs] += product(self.basis, change[:rank], threads)
        net.weights[0, inputs : inputs + net.bias] += change[rank : rank + net.bias]
