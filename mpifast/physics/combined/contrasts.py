"""Several tracers in one scene: the matrices of all side by side."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from mpifast import _display
from mpifast import _validation as check
from mpifast.physics.combined.merged_rows import MergedSystem
from mpifast.physics.combined.rotated_rows import RotatedSystem
from mpifast.physics.fields.grid import Grid
from mpifast.physics.linear_system import LinearSystem
from mpifast.physics.memory import refuse_large
from mpifast.physics.row_labels import common_rows, same_rows
from mpifast.physics.split_system import SplitSystem

SAME = 1e-6  # parts of a voxel, or of a transfer function


def contrasts(systems: Any, *, common: bool = False) -> Contrasts:
    """The system of several tracers imaged together, u = S_1 c_1 + S_2 c_2 + ...: their matrices side by side.

    Parameters
    ----------
    systems : sequence of LinearSystem
        One for each tracer, of the same rows and on the same grid.
    common : bool, optional
        Keep the rows that all systems have, found by channel and frequency, where the rows differ: matrices from
        calibration files whose frequencies were selected by signal-to-noise ratio.

    Returns
    -------
    Contrasts
        A system whose images are those of all tracers, one after the other; ``split`` takes them apart. Its matrix is
        a copy in the precision of the systems.

    Raises
    ------
    TypeError, ValueError
        If the systems have other rows, grids or transfer functions, or their matrix would not fit in memory.

    Examples
    --------
    >>> import mpifast, numpy as np
    >>> scanner = mpifast.LissajousScanner(mpifast.Grid((6, 6), (24e-3, 24e-3)))
    >>> small, large = (
    ...     mpifast.system_matrix(scanner, mpifast.Particle(d, relaxation=mpifast.Debye(t)), mixing_order=8)
    ...     for d, t in ((18e-9, 1e-6), (26e-9, 6e-6))
    ... )
    >>> both = mpifast.contrasts([small, large])
    >>> both
    Contrasts(2 tracers, 146 rows, 72 voxels, 292 real equations)
    >>> images = mpifast.tikhonov(both, both.forward(np.ones((1, 72))), alpha=1e-9, relative=True)
    >>> both.split(images).shape
    (2, 1, 6, 6)
    """
    given = check.sequence("systems", systems)
    if not given:
        raise ValueError("systems is empty: give one system for each tracer")
    for number, system in enumerate(given):
        if not isinstance(system, LinearSystem):
            raise TypeError(f"systems[{number}] must be a system, got {check.brief(system)}")
        if isinstance(system, (RotatedSystem, MergedSystem, Contrasts)):
            raise ValueError(
                f"systems[{number}] is a {type(system).__name__}: give the systems of single tracers, whose rows are"
                " not rotated or merged, since tracers differ in their phases"
            )
        _check_grid(number, system, given[0])
    if check.flag("common", common) and not all(same_rows(given[0].rows, system.rows) for system in given):
        given = [system.select(kept) for system, kept in zip(given, common_rows(given), strict=True)]
    for number, system in enumerate(given):
        _check_rows(number, system, given[0])
    kinds = [_transfer_function(system) for system in given]
    for number, factors in enumerate(kinds):
        if not np.allclose(factors, kinds[0], rtol=SAME, atol=0.0):
            raise ValueError(
                f"systems[{number}] and systems[0] contain different transfer functions: tracers in one scene are"
                " received by one chain; call with_transfer_function on the contrasts"
            )
    return _side_by_side(given)


class Contrasts(SplitSystem):
    """The system of several tracers. Make one with `mpifast.contrasts`.

    Attributes
    ----------
    image_grid : Grid or None
        Where the voxels of each tracer lie. ``grid`` is None: the columns are several images.
    tracers : int
        Number of tracers.

    Examples
    --------
    >>> import mpifast, numpy as np
    >>> both = mpifast.contrasts([mpifast.linear_system(np.eye(3)), mpifast.linear_system(2 * np.eye(3))])
    >>> print(both.real)
    [[1. 0. 0. 2. 0. 0.]
     [0. 1. 0. 0. 2. 0.]
     [0. 0. 1. 0. 0. 2.]]
    """

    def __init__(
        self,
        real: np.ndarray,
        parts: Sequence[int],
        rows: np.ndarray,
        image_grid: Grid | None,
        tracers: int,
        transfer_function: np.ndarray | None = None,
    ) -> None:
        super().__init__(real, parts, rows, None, transfer_function)
        self.image_grid, self.tracers = image_grid, tracers

    def __repr__(self) -> str:
        facts = f"{self.tracers} tracers, {len(self.rows)} rows, {self.voxels} voxels"
        return f"Contrasts({facts}, {len(self.equations)} real equations)"

    def _facts(self) -> dict[str, Any]:
        return {"tracers": self.tracers, **super()._facts(), "grid": _display.line(self.image_grid, "grid")}

    def split(self, images: Any) -> np.ndarray:
        """Images of all tracers as one array for each: [tracers, n, *grid.shape], or [tracers, n, voxels] without grid.

        Parameters
        ----------
        images : array_like
            [n, voxels], as solvers return them.

        Returns
        -------
        ndarray
            A view of the images.

        Raises
        ------
        TypeError, ValueError
            If it is no finite array [n, voxels].

        Examples
        --------
        >>> import mpifast, numpy as np
        >>> both = mpifast.contrasts([mpifast.linear_system(np.eye(2)), mpifast.linear_system(2 * np.eye(2))])
        >>> print(both.split([[1.0, 2.0, 3.0, 4.0]]))
        [[[1. 2.]]
        <BLANKLINE>
         [[3. 4.]]]
        """
        array = check.matrix("images", images, self.voxels, what="voxels", empty=True)
        shape = (self.voxels // self.tracers,) if self.image_grid is None else self.image_grid.shape
        return np.moveaxis(array.reshape(len(array), self.tracers, *shape), 1, 0)

    def image(self, c: Any) -> np.ndarray:
        """Images on the grid, the tracers of each: [n, tracers, *grid.shape].

        Examples
        --------
        >>> import mpifast, numpy as np
        >>> one = mpifast.linear_system(np.eye(4), mpifast.Grid((2, 2), (2e-3, 2e-3)))
        >>> mpifast.contrasts([one, one]).image(np.zeros((5, 8))).shape
        (5, 2, 2, 2)
        """
        return np.moveaxis(self.split(c), 0, 1)

    def _restricted(self, kept: np.ndarray) -> LinearSystem:
        fewer = super()._restricted(kept)
        return self._of(fewer.real, fewer.rows, fewer.transfer_function)

    def _received(self, factors: np.ndarray) -> LinearSystem:
        with np.errstate(over="ignore", invalid="ignore"):
            matrix = check.finite("the matrix times values", self.matrix * factors[:, None].astype(self._complex))
        real = np.concatenate([matrix.real, matrix.imag])
        return Contrasts(real, (0, 1), self.rows, self.image_grid, self.tracers, self._factors_with(factors))

    @property
    def _complex(self) -> np.dtype:
        return np.result_type(self.real, np.complex64)

    def _of(self, real: np.ndarray, rows: np.ndarray, factors: np.ndarray | None) -> Contrasts:
        return Contrasts(real, self.parts, rows, self.image_grid, self.tracers, factors)


def _side_by_side(systems: Sequence[LinearSystem]) -> Contrasts:
    """The matrices in one array, written system by system and piece by piece."""
    first, rows = systems[0], len(systems[0].rows)
    parts = tuple(sorted({part for system in systems for part in system.parts}))
    edges = [0, *itertools.accumulate(system.voxels for system in systems)]
    kind = functools.reduce(np.promote_types, (piece.real.dtype for system in systems for piece in system.pieces))
    refuse_large(len(parts) * rows, edges[-1], kind, "choose fewer rows (select) or a coarser grid")
    real = np.zeros((len(parts) * rows, edges[-1]), kind)
    for system, left in zip(systems, edges, strict=False):
        for piece in system.pieces:
            part, row = np.divmod(piece.equations, rows)
            place = np.array([parts.index(part) for part in system.parts])[part] * rows + row
            columns = slice(left, left + system.voxels) if piece.columns is None else left + piece.columns
            for target, source in zip(place.tolist(), piece.real, strict=True):
                real[target, columns] = source
    return Contrasts(real, parts, first.rows, first.grid, len(systems), first.transfer_function)


def _check_grid(number: int, system: LinearSystem, first: LinearSystem) -> None:
    here, there = system.grid, first.grid
    if here is None or there is None:
        if system.voxels != first.voxels:
            raise ValueError(
                f"systems[{number}] has {system.voxels} voxels, systems[0] {first.voxels}: they share one grid"
            )
        return
    same = here.shape == there.shape and all(
        abs(a - b).max() <= SAME * step for a, b, step in zip(here.axes, there.axes, there.spacing, strict=True)
    )
    if not same:
        raise ValueError(
            f"systems[{number}] is on {here}, systems[0] on {there}: contrasts share one grid; put each on a joint grid"
            " first, e.g. with mpifast.MultiPatch, or calibrate on one grid"
        )


def _check_rows(number: int, system: LinearSystem, first: LinearSystem) -> None:
    if not same_rows(system.rows, first.rows):
        raise ValueError(
            f"systems[{number}] ({system!r}) and systems[0] ({first!r}) have different rows: select the same ones, or"
            " common=True to keep those that all have"
        )


def _transfer_function(system: LinearSystem) -> Any:
    return np.ones(1) if system.transfer_function is None else system.transfer_function
