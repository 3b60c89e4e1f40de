"""Scalings of network inputs: how raw spectra become numbers of order one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.networks._loops.scaling import row_magnitudes
from mpifast.physics.forward import product

MODES = ("harmonic", "global", "sample", "standard", "none")
LONG = 16_384  # numbers in a long row
# The largest magnitude of a harmonic or a sample without signal: its reciprocal may not be finite in float32.
SMALLEST = 1e-37


@dataclass(frozen=True, eq=False)
class Scaling:
    """An affine map of spectra: x = (u - offset) * factor * gain(u).

    Attributes
    ----------
    mode : str
        One of `MODES`.
    offset, factor : ndarray
        float64[inputs], the same for all samples.
    """

    mode: str
    offset: np.ndarray
    factor: np.ndarray

    @classmethod
    def measure(cls, mode: str, spectra: np.ndarray) -> Scaling:
        """Scaling of a training set.

        Parameters
        ----------
        mode : {"harmonic", "global", "sample", "standard", "none"}
            "harmonic": each harmonic by its largest magnitude in the training set; "global": all by the largest of all;
            "sample": each sample by its own largest magnitude; "standard": each harmonic to mean 0 and standard
            deviation 1.
        spectra : ndarray
            float[n, inputs], the training set.

        Returns
        -------
        Scaling
            Harmonics without signal are ignored: their factor is 0.

        Examples
        --------
        >>> import numpy as np
        >>> from mpifast.networks.scaling import Scaling
        >>> print(Scaling.measure("harmonic", np.array([[1.0, -4.0], [2.0, 3.0]])).factor)
        [0.5  0.25]
        """
        check.choice("scaling", mode, MODES)
        inputs = spectra.shape[1]
        offset, factor = np.zeros(inputs), np.ones(inputs)
        if mode in ("harmonic", "global"):
            largest = _largest(spectra).astype(np.float64)
            factor = _reciprocal(largest if mode == "harmonic" else np.full(inputs, largest.max()))
        elif mode == "standard":
            offset, factor = spectra.mean(axis=0, dtype=np.float64), _reciprocal(spectra.std(axis=0, dtype=np.float64))
        return cls(mode, offset, factor)

    def gain(self, spectra: np.ndarray) -> np.ndarray:
        """Factor of each sample, float64[n]: one over its largest magnitude for "sample", else 1."""
        if self.mode != "sample":
            return np.ones(len(spectra))
        return _reciprocal(row_magnitudes(spectra).astype(np.float64))

    def apply(self, spectra: Any) -> np.ndarray:
        """Scaled spectra, of the shape [n, inputs] and floating-point type of ``spectra``."""
        array = check.matrix("spectra", spectra, len(self.factor), what="inputs", empty=True)
        dtype = array.dtype if array.dtype.kind == "f" else np.dtype("float64")
        return ((array - self.offset) * self.factor * self.gain(array)[:, None]).astype(dtype)

    def times(self, spectra: np.ndarray, matrix: np.ndarray, threads: int) -> np.ndarray:
        """Scaled spectra times a matrix [inputs, m]: [n, m], of the type of ``spectra`` [n, inputs], which are raw,
        checked and contiguous.
        """
        scaled = self.factor[:, None] * matrix
        result = product(spectra, scaled, threads)
        if self.offset.any():
            result -= (self.offset[:, None] * scaled).sum(axis=0).astype(spectra.dtype)
        if self.mode == "sample":
            result *= self.gain(spectra)[:, None].astype(spectra.dtype)
        return result


def _largest(spectra: np.ndarray) -> np.ndarray:
    """Largest magnitude of each column; many rows as one, since NumPy compares long rows several times faster than
    short ones.
    """
    inputs = spectra.shape[1]
    rows = max(1, LONG // inputs)
    whole = len(spectra) // rows * rows
    long, rest = spectra[:whole].reshape(-1, rows * inputs), spectra[whole:]
    most = np.concatenate([long.max(axis=0, initial=-np.inf).reshape(rows, inputs), rest]).max(axis=0)
    least = np.concatenate([long.min(axis=0, initial=np.inf).reshape(rows, inputs), rest]).min(axis=0)
    return np.maximum(most, -least)


def _reciprocal(values: np.ndarray) -> np.ndarray:
    """1/x where that is finite in float32, else 0."""
    usable = values > SMALLEST
    return np.where(usable, 1.0 / np.where(usable, values, 1.0), 0.0)
