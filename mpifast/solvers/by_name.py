"""Solvers by name: for comparisons, estimators and other callers that are given the name of a solver."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from mpifast import _validation as check
from mpifast.physics.linear_system import LinearSystem
from mpifast.solvers.fused_lasso import fused_lasso
from mpifast.solvers.kaczmarz import kaczmarz
from mpifast.solvers.plug_and_play import plug_and_play
from mpifast.solvers.sparse import nnls, sparse
from mpifast.solvers.spectral import tikhonov, tsvd

SOLVERS: dict[str, Callable[..., Any]] = {
    "kaczmarz": kaczmarz, "tikhonov": tikhonov, "tsvd": tsvd, "sparse": sparse, "nnls": nnls,
    "fused-lasso": fused_lasso, "plug-and-play": plug_and_play,
}  # fmt: skip


def solver(name: Any, options: Mapping[str, Any], system: LinearSystem) -> Callable[[Any], Any]:
    """A solver with its options as a function of spectra alone.

    Raises
    ------
    ValueError
        If there is no such solver, or it has no such option.

    Examples
    --------
    >>> import mpifast
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> solve = solver("tikhonov", {"alpha": 0.1}, system)
    >>> solve(system.spectra(mpifast.phantoms.points())).shape
    (129, 129)
    """
    function = SOLVERS[check.choice("solver", name, SOLVERS)]
    known = list(inspect.signature(function).parameters)[2:]
    for option in options:
        if option not in known:
            raise unknown_option(option, options[option], name, known)
    return partial(function, system, **options)


def unknown_option(option: str, value: Any, name: str, known: Iterable[str]) -> ValueError:
    """The error for an option that a solver does not have."""
    text = f"{option}={check.brief(value)} is not an option of solver={name!r}"
    return ValueError(f"{text}: leave it out, or take one of {', '.join(known)}")
