"""What the person asked of a reproduction."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import mpifast

FIGURES = (
    "fig1",
    "fig2",
    "fig3",
    "fig4",
    "fig5",
    "fig6",
    "fig7",
    "fig8",
    "fig9",
    "fig10",
    "fig11",
    "claims",
    "tried",
    "comparison",
    "2d",
    "tracers",
)
MODULES = {"2d": "figures.two_dimensions", "tracers": "tracers.figure"}  # of figures that are elsewhere


def module_of(figure: str) -> ModuleType:
    """The module that measures and draws a figure."""
    return importlib.import_module(f"mpifast.paper.{MODULES.get(figure, f'figures.{figure}')}")


@dataclass(frozen=True)
class Options:
    """Settings that all figures share.

    Attributes
    ----------
    quick : bool
        Reduced size: fewer curves, the same headline numbers.
    seed : int
        Of data and initial weights.
    threads : int or None
        Threads to use; None for all.
    progress : bool or None
        Show progress bars; None: on a terminal.
    scheduler : str or None
        Address of a dask scheduler whose workers train; None: this process does.
    """

    quick: bool = False
    seed: int = 0
    threads: int | None = None
    progress: bool | None = None
    scheduler: str | None = None

    def settings(self, **more: Any) -> dict[str, Any]:
        """Settings of a record: these and its own."""
        return {"version": mpifast.__version__, "seed": self.seed, "quick": self.quick, **more}
