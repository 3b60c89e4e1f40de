"""What a noise model is: a sum of terms, each described by its arguments, and bound to a system before it is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.data.noise.draws import Coloured, Draw, Rows
from mpifast.data.phantoms.generator import sample_numbers
from mpifast.io.store.source import plain
from mpifast.physics.array_system import as_system
from mpifast.physics.linear_system import LinearSystem

VERSION = 1  # of the settings, and of the random numbers behind them
FIRST_STREAM = 1  # `mpifast._compiled.philox.NOISE`


@dataclass(frozen=True)
class Term:
    """One summand of a noise model.

    Attributes
    ----------
    name : str
        The function that made it.
    options : dict
        The arguments of that function as JSON has them; of long arrays their digest.
    draws : callable
        ``draws(system)``: the noise of a system, a tuple of `mpifast.data.noise.draws.Draw`.
    snr_db : float or None
        The whole noise of the term is scaled to so many decibels below the signal.
    """

    name: str
    options: dict[str, Any] = field(hash=False)
    draws: Callable[[LinearSystem], tuple[Draw, ...]] = field(compare=False, repr=False)
    snr_db: float | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """What the noise follows from beside the system, as JSON has it."""
        relative = {} if self.snr_db is None else {"snr_db": self.snr_db}
        return {"name": self.name, **self.options, **relative}

    def __str__(self) -> str:
        facts = {name: value for name, value in self.settings.items() if name != "name"}
        parts = [f"{name}={'...' if isinstance(value, (list, dict)) else repr(value)}" for name, value in facts.items()]
        return f"{self.name}({', '.join(parts)})"


@dataclass(frozen=True)
class Bound:
    """The noise of one system.

    Attributes
    ----------
    draws : tuple of Draw
        Draw k has the random numbers of the stream ``FIRST_STREAM + k``.
    """

    draws: tuple[Draw, ...] = ()

    @property
    def level(self) -> float:
        """Root mean square over all samples and equations: the standard deviation of white noise."""
        if len(self.draws) == 1 and isinstance(self.draws[0], Rows) and self.draws[0].uniform is not None:
            return self.draws[0].uniform
        return float(np.sqrt(sum(draw.rms**2 for draw in self.draws)))

    @property
    def first(self) -> Rows | Coloured | None:
        """The first draw if the loop of the spectra can add it: if it is white, with one level, or coloured."""
        draw = self.draws[0] if self.draws else None
        return draw if isinstance(draw, Coloured) or (isinstance(draw, Rows) and draw.uniform is not None) else None

    def add(self, samples: np.ndarray, keys: np.ndarray, spectra: np.ndarray, threads: int, *, skip: int = 0) -> None:
        """Add the noise of sample numbers to spectra [n, equations], all draws but the first ``skip``."""
        for number, draw in enumerate(self.draws[skip:], skip):
            draw.add(samples, keys, np.uint64(FIRST_STREAM + number), spectra, threads)


@dataclass(frozen=True, repr=False)
class Noise:
    """A noise model: the noise of sample i is a pure function of the system, the seed and i.

    The functions of `mpifast.noise` make models, ``+`` adds them, `mpifast.Spectra` takes them. The summands of a sum
    have random numbers of their own, by their places in it. A model is immutable, and can be pickled.

    Attributes
    ----------
    terms : tuple of Term
        The summands.

    Examples
    --------
    >>> import mpifast
    >>> mpifast.noise.white(20.0) + mpifast.noise.by_channel([0.1])
    white(snr_db=20.0) + by_channel(levels=...)
    """

    terms: tuple[Term, ...]

    def __add__(self, other: Noise) -> Noise:
        if not isinstance(other, Noise):
            return NotImplemented
        return Noise(self.terms + other.terms)

    def __repr__(self) -> str:
        return " + ".join(map(str, self.terms))

    @property
    def settings(self) -> dict[str, Any]:
        """What the noise follows from beside system and seed, as JSON has it: what stores keep."""
        return {"version": VERSION, "terms": [term.settings for term in self.terms]}

    def bound(self, system: LinearSystem, level_of: Callable[[float], float]) -> Bound:
        """The noise of a system; ``level_of(snr_db)`` is the root mean square so many decibels below the signal.

        Raises
        ------
        ValueError
            If a term does not fit the rows of the system, or has nothing that could be scaled.

        Examples
        --------
        >>> import mpifast, numpy as np
        >>> system = mpifast.linear_system(np.eye(3))
        >>> mpifast.noise.white(level=0.5).bound(system, system.noise_level).level
        0.5
        """
        draws: list[Draw] = []
        for term in self.terms:
            parts = term.draws(system)
            if term.snr_db is not None:
                rms = float(np.sqrt(sum(part.rms**2 for part in parts)))
                if rms == 0.0:
                    raise ValueError(f"snr_db={term.snr_db} of {term}: the noise is zero and cannot be scaled")
                factor = level_of(term.snr_db) / rms
                parts = tuple(part.times(factor) for part in parts)
            draws.extend(parts)
        return Bound(tuple(draws))

    def draw(self, system: Any, seed: int, samples: Any, threads: int | None = None) -> np.ndarray:
        """The noise alone, as `mpifast.Spectra` of random phantoms adds it.

        Parameters
        ----------
        system : LinearSystem or array_like
            As for `mpifast.Spectra`.
        seed : int
            Key of the random numbers.
        samples : array_like of int
            Sample numbers, in any order.
        threads : int, optional
            Number of threads; all by default. The result does not depend on it.

        Returns
        -------
        ndarray
            float32[n, equations].

        Raises
        ------
        TypeError, ValueError
            If a parameter is of the wrong type or out of range, or the noise does not fit the system.

        Examples
        --------
        >>> import mpifast
        >>> noise = mpifast.noise.by_row([1.0, 0.0]).draw([[1.0, 2.0], [3.0, 4.0]], seed=7, samples=[5, 6])
        >>> noise.shape, bool((noise[:, 1] == 0.0).all())
        ((2, 2), True)
        """
        from mpifast._compiled.jit import thread_count
        from mpifast._compiled.philox import key

        system, numbers = as_system("system", system), sample_numbers("samples", samples)
        result = np.zeros((len(numbers), len(system.equations)), np.float32)
        self.bound(system, system.noise_level).add(
            numbers, key(check.seed("seed", seed)), result, thread_count(threads)
        )
        return result


def noise_of(
    name: str, options: dict[str, Any], draws: Callable[[LinearSystem], tuple[Draw, ...]], snr_db: Any = None
) -> Noise:
    """A model of one term."""
    if snr_db is not None:
        snr_db = check.number("snr_db", snr_db, low=-200.0, high=200.0, unit="dB")
    return Noise((Term(name, plain(options), draws, snr_db),))
