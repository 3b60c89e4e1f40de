"""The methods of the comparison and what they are compared under; each solver has its one parameter set on training
phantoms.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from mpifast.metrics import mse
from mpifast.paper.records import Record
from mpifast.physics.linear_system import LinearSystem
from mpifast.solvers.iteration import ConvergenceWarning
from mpifast.solvers.kaczmarz import kaczmarz
from mpifast.solvers.sparse import nnls, sparse
from mpifast.solvers.spectral import tikhonov, tsvd

NETWORKS = ("one_layer", "one_layer_noise", "hidden", "hidden_noise")  # "_noise": trained at the noise it is tested at
SOLVERS = ("tsvd", "tikhonov", "kaczmarz", "sparse", "nnls")
METHODS = (*NETWORKS, *SOLVERS)
PHANTOMS = ("random", "pattern", "letters", "sparse")
ITERATIONS = 1_000  # sweeps, or steps at the most, converged or not: what a user would wait for
ALPHAS = (0.0, *10.0 ** np.arange(-12.0, 1.0, 0.5))  # times the largest squared singular value
SPARSITIES = 10.0 ** np.arange(-7.0, -1.0)  # times the alpha from which on the image is zero

Solve = Callable[[np.ndarray], Any]  # spectra [n, harmonics] to images [n, voxels]


class Condition(NamedTuple):
    """One entry of the comparison: who, at which size and noise, on which phantoms."""

    method: str
    diameter: int
    snr_db: float | None
    phantoms: str

    @property
    def quantity(self) -> str:
        """Name of its record."""
        return f"comparison_mse_{self.method}_{self.diameter}nm_{noise_name(self.snr_db)}_{self.phantoms}"

    @classmethod
    def of(cls, record: Record) -> Condition:
        """What a record was measured under."""
        return cls(*(record.settings[field] for field in cls._fields))


def noise_name(snr_db: float | None) -> str:
    """A level of noise in words."""
    return "noise-free" if snr_db is None else f"{snr_db:g}dB"


def tuned_solvers(
    system: LinearSystem, u: np.ndarray, c: np.ndarray, names: Sequence[str] = SOLVERS, iterations: int = ITERATIONS
) -> dict[str, tuple[Solve, float | None]]:
    """By name, solvers of eq. (5) and their parameters: the one of least error over the training spectra ``u`` and
    phantoms ``c``.

    So a solver has seen as much of the phantoms as one number can hold. Kaczmarz, whose minimum is Tikhonov's but for
    the sign, takes Tikhonov's alpha. NNLS has no parameter.
    """
    iterative: Any = {"iterations": iterations, "nonnegative": True, "progress": False, "threads": 1}
    sweeps: Any = iterative | {"tolerance": 0.0}  # all of them
    steps: Any = iterative | {"tolerance": 1e-6}
    values = system.svd[1]
    ranks, alphas = np.arange(1, len(values) + 1), values[0] ** 2 * np.array(ALPHAS)
    rank = int(_best_filter(system, u, c, ranks, np.tri(len(values))))
    alpha = _best_filter(system, u, c, alphas, values**2 / (values**2 + alphas[:, None]))
    found: dict[str, tuple[Solve, float | None]] = {
        "tsvd": (lambda u: tsvd(system, u, rank=rank), rank),
        "tikhonov": (lambda u: tikhonov(system, u, alpha=alpha), alpha),
        "kaczmarz": (lambda u: kaczmarz(system, u, alpha=alpha, **sweeps), alpha),
        "nnls": (lambda u: nnls(system, u, progress=False), None),
    }
    if "sparse" in names:
        weights = 2.0 * float(np.abs(u @ system.real).max()) * SPARSITIES
        weight = _best(lambda alpha: _sparse(system, u, alpha=alpha, **steps), weights, c)
        found["sparse"] = (lambda u: _sparse(system, u, alpha=weight, **steps), weight)
    return {name: found[name] for name in names}


def _sparse(system: LinearSystem, u: np.ndarray, **options: Any) -> Any:
    """`mpifast.sparse` without its warning: the comparison gives every solver the same number of iterations."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return sparse(system, u, **options)


def _best_filter(
    system: LinearSystem, u: np.ndarray, c: np.ndarray, candidates: np.ndarray, filters: np.ndarray
) -> Any:
    """The candidate whose filter of singular values, a row of ``filters``, gives the nearest images."""
    left, values, right = system.svd
    amplitudes, wanted = u @ left / values, c @ right.T  # the rest of c is out of reach of all of them
    return candidates[np.argmin([mse(amplitudes * row, wanted) for row in filters])]


def _best(images: Callable[[Any], Any], candidates: Iterable[Any], c: np.ndarray) -> Any:
    """The candidate whose images are nearest to the phantoms."""
    return min(candidates, key=lambda candidate: mse(images(candidate), c))
