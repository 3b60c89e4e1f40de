"""Noise of one system, ready to be drawn: each class has the root mean square ``rms`` over all samples and equations,
``times(factor)``, and ``add``, which adds the noise of sample numbers int64[n] to spectra float32 or float64
[n, equations]. ``stream`` is that of the random numbers (`mpifast._compiled.philox`).

The noise is float32 whatever the type of the spectra.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

BLOCK = 512  # samples whose noise is made before it is added
PHASES = 2**63  # number of no sample: its random words are the phases of a drift
WAVES = 32  # cosines of a random drift


class Draw(Protocol):
    """What all classes here have."""

    @property
    def rms(self) -> float: ...  # noqa: D102

    def times(self, factor: float) -> Draw: ...  # noqa: D102

    def add(self, samples: np.ndarray, keys: np.ndarray, stream: Any, spectra: np.ndarray, threads: int) -> None: ...  # noqa: D102


@dataclass(frozen=True, eq=False)
class Rows:
    """White noise with the standard deviations ``levels`` float64[equations]."""

    levels: np.ndarray

    @property
    def rms(self) -> float:
        """Root mean square."""
        return _rms(self.levels**2)

    @property
    def uniform(self) -> float | None:
        """The standard deviation, if it is the same for all equations."""
        return float(self.levels[0]) if (self.levels == self.levels[0]).all() else None

    def times(self, factor: float) -> Rows:
        """Louder noise."""
        return Rows(self.levels * factor)

    def add(self, samples: np.ndarray, keys: np.ndarray, stream: Any, spectra: np.ndarray, threads: int) -> None:
        """Add the noise."""
        from mpifast.physics._noise_loops import disturb

        disturb(samples, keys, stream, self.levels.astype(np.float32), spectra, threads, threads=threads)


@dataclass(frozen=True, eq=False)
class Coloured:
    """Noise ``offset + z F``: z standard normals, F float64[rank, equations], so F^T F is the covariance.

    Of a triangular F, all that is not zero stands on or above the diagonal.
    """

    factor: np.ndarray
    offset: np.ndarray
    triangular: bool

    @property
    def rms(self) -> float:
        """Root mean square."""
        return _rms(np.einsum("ke,ke->e", self.factor, self.factor) + self.offset**2)

    def times(self, factor: float) -> Coloured:
        """Louder noise."""
        return replace(self, factor=self.factor * factor, offset=self.offset * factor)

    @functools.cached_property
    def panels(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """F in panels float32[panels, rank, width], how many rows of each count, and the offset padded with zeros."""
        from mpifast._compiled.products import aligned_zeros, lanes, padded

        group = lanes(np.dtype(np.float32))
        (rank, equations), width = self.factor.shape, 2 * group
        panels = aligned_zeros((-(-equations // width), rank, width), np.dtype(np.float32))
        for panel, left in zip(panels, range(0, equations, width), strict=True):
            part = self.factor[:, left : left + width]
            panel[:, : part.shape[1]] = part
        depths = np.full(len(panels), rank, np.int64)
        if self.triangular:
            depths = np.minimum(depths, width * np.arange(1, len(panels) + 1))
        offset = np.zeros(padded(equations, group), np.float32)
        offset[:equations] = self.offset
        return panels, depths, offset

    def add(self, samples: np.ndarray, keys: np.ndarray, stream: Any, spectra: np.ndarray, threads: int) -> None:
        """Add the noise."""
        from mpifast.physics._noise_loops import colour

        colour(samples, keys, stream, *self.panels, spectra, threads, threads=threads)


@dataclass(frozen=True, eq=False)
class Picked:
    """One of the frames float64[frames, equations] for each sample, all equally likely."""

    frames: np.ndarray

    @property
    def rms(self) -> float:
        """Root mean square."""
        return _rms(self.frames**2)

    def times(self, factor: float) -> Picked:
        """Louder noise."""
        return Picked(self.frames * factor)

    def add(self, samples: np.ndarray, keys: np.ndarray, stream: Any, spectra: np.ndarray, threads: int) -> None:
        """Add the noise."""
        from mpifast.physics._noise_loops import pick

        picks, frames = np.empty(len(samples), np.int64), self.frames.astype(np.float32)
        pick(samples, keys, stream, len(frames), picks, threads, threads=threads)
        for part in _blocks(len(samples)):
            spectra[part] += frames[picks[part]]


@dataclass(frozen=True, eq=False)
class Drift:
    """Patterns float64[patterns, equations], each times ``constant + size d(i)``.

    "random": d is a sum of `WAVES` cosines of mean square 1 with random phases and a correlation of about
    exp(-(i - j)^2 / (2 length^2)); "linear": d rises from 0 to 1 over ``length`` samples and begins anew.
    """

    patterns: np.ndarray
    constant: float
    size: float
    length: int
    kind: str

    @property
    def rms(self) -> float:
        """Root mean square."""
        d = np.array([0.0, 1.0]) if self.kind == "random" else _moments(self.length)
        square = self.constant**2 + 2.0 * self.constant * self.size * d[0] + self.size**2 * d[1]
        return _rms((self.patterns**2).sum(axis=0) * square)

    def times(self, factor: float) -> Drift:
        """Louder noise."""
        return replace(self, patterns=self.patterns * factor)

    def add(self, samples: np.ndarray, keys: np.ndarray, stream: Any, spectra: np.ndarray, threads: int) -> None:
        """Add the noise."""
        moved = self._random(samples, keys, stream, threads) if self.kind == "random" else self._linear(samples)
        strength = np.float32(self.constant) + np.float32(self.size) * moved
        for part in _blocks(len(samples)):
            for pattern, values in zip(self.patterns.astype(np.float32), strength.T, strict=False):
                spectra[part] += values[part, None] * pattern

    def _linear(self, samples: np.ndarray) -> np.ndarray:
        return ((samples % self.length) / self.length).astype(np.float32)[:, None].repeat(len(self.patterns), axis=1)

    def _random(self, samples: np.ndarray, keys: np.ndarray, stream: Any, threads: int) -> np.ndarray:
        from mpifast.physics._noise_loops import sway

        words = np.random.Philox(key=keys, counter=[0, PHASES, int(stream), 0]).random_raw(len(self.patterns) * WAVES)
        moved = np.empty((len(samples), len(self.patterns)), np.float32)
        sway(samples, steps(self.length), words.reshape(-1, WAVES), moved, threads, threads=threads)
        return moved


def steps(length: int) -> np.ndarray:
    """Turns a sample of the cosines of a random drift, in 2^-64 turns: uint64[WAVES]. Their angular frequencies are
    quantiles of a normal distribution of standard deviation 1 / length, whose characteristic function is the Gaussian.
    """
    from scipy.special import ndtri

    quantiles = ndtri(0.5 + (np.arange(WAVES) + 0.5) / (2 * WAVES))
    return np.array([round(float(q) / (2.0 * np.pi * length) * 2.0**64) for q in quantiles], np.uint64)


def _moments(length: int) -> np.ndarray:
    """Mean and mean square of a linear drift."""
    return np.array([0.5 * (length - 1) / length, (length - 1) * (2 * length - 1) / (6.0 * length**2)])


def _rms(squares: np.ndarray) -> float:
    return float(np.sqrt(squares.sum() / squares.size))


def _blocks(count: int) -> Iterator[slice]:
    return (slice(first, min(first + BLOCK, count)) for first in range(0, count, BLOCK))
