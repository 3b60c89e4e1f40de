"""Several patches of one scene: their systems on the joint grid."""

from __future__ import annotations

import functools
import hashlib
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np

from mpifast import _display
from mpifast import _validation as check
from mpifast.physics.combined.dense import dense
from mpifast.physics.combined.joint_grid import joint_grid, resampled
from mpifast.physics.combined.offset_fields import placed_by_fields
from mpifast.physics.combined.patch_arguments import check_system, grid_of, system_offset_pairs
from mpifast.physics.fields.grid import Grid
from mpifast.physics.linear_system import LinearSystem, Piece, read_only
from mpifast.physics.memory import refuse_large
from mpifast.physics.noise import level_below, variance_of
from mpifast.physics.precision import condition_of, neighbours

SHOWN = 6  # offsets in a table
BLOCK = 2**22  # numbers of a matrix that are squared together


class MultiPatch(LinearSystem):
    """The system of several patches: the rows of all patches, one patch after the other, on the joint grid.

    Each patch has the matrix of a system, shifted by an offset. Patches may share a system, whose matrix is in memory
    once, and may overlap: they share the voxels there. The joint grid is the smallest one that holds all patches.

    Parameters
    ----------
    patches : sequence of (LinearSystem, sequence of float)
        The system of each patch, with a grid, and the offset of this grid along each of its axes, metres.
    resample : bool, optional
        Interpolate the matrix of a patch linearly where its offset is not one of whole voxels (to 1e-6 of a voxel).
        It then has one voxel less along such an axis, and its interpolated copy is kept in memory.

    Attributes
    ----------
    patch : ndarray
        int64[rows], the patch of each row.
    systems : tuple of LinearSystem
        That of each patch.
    columns : tuple of ndarray
        int64[n] of each patch: its voxels in the joint grid.
    offsets : ndarray
        float64[patches, axes], metres.

    Raises
    ------
    TypeError, ValueError
        If a patch is no pair of a system with a grid and an offset, the grids differ in their axes or spacing, or an
        offset is not one of whole voxels and ``resample`` is not set.

    Examples
    --------
    >>> import mpifast
    >>> scanner = mpifast.LissajousScanner(mpifast.Grid((10, 10), (24e-3, 24e-3)))
    >>> system = mpifast.system_matrix(scanner, mpifast.Particle(20e-9), mixing_order=3)
    >>> patches = mpifast.MultiPatch([(system, (0.0, 0.0)), (system, (14.4e-3, 0.0))])
    >>> patches
    MultiPatch(2 patches, 52 rows, grid 16 x 10, 52 real equations)
    >>> u = patches.spectra([[1.0] * 160], "float64")
    >>> bool(abs(u[0, :26] - system.spectra([[1.0] * 100], "float64")).max() < 1e-12)
    True
    """

    def __init__(self, patches: Any, *, resample: bool = False) -> None:
        systems, offsets = system_offset_pairs(patches)
        grid, places = joint_grid([grid_of(system) for system in systems], offsets, check.flag("resample", resample))
        made: dict[tuple[int, Any], LinearSystem] = {}
        for j, (system, place) in enumerate(zip(systems, places, strict=True)):
            if any(place.shift):
                key = (id(system), tuple(np.round(place.shift, 9)))
                systems[j] = made[key] = made.get(key) or resampled(system, place)
        self._assemble(systems, [place.columns(grid) for place in places], grid, offsets)

    @classmethod
    def from_offset_fields(
        cls,
        systems: Any,
        offset_field: Any,
        gradient: Any,
        *,
        calibrations: Any = None,
        resample: bool = False,
    ) -> Self:
        """Patches by their focus fields: an offset field moves the field-free point by -offset_field / diag(gradient).

        Parameters
        ----------
        systems : LinearSystem or sequence of LinearSystem
            What was calibrated. Each patch takes the system with its own gradient whose offset field is nearest.
        offset_field : array_like
            float[patches, 3], that of each patch along x, y and z, tesla.
        gradient : array_like
            float[3], [3, 3] or [patches, 3, 3], T/m along x, y and z: that of all patches or of each.
        calibrations : sequence of (offset_field, gradient), optional
            float[3] and float[3] or [3, 3] of each system. By default those of its scanner if it is computed; any other
            system is taken as measured without offset field, with the gradient of the patches.
        resample : bool, optional
            As for `MultiPatch`.

        Returns
        -------
        MultiPatch
            Patch j is shifted by the difference of the two field-free points.

        Raises
        ------
        TypeError, ValueError
            If an argument is of the wrong type or shape, no system has the gradient of a patch, or a patch moves along
            an axis that the grid does not have.

        Examples
        --------
        >>> import mpifast
        >>> grid = mpifast.Grid((10, 10), (20e-3, 20e-3))
        >>> system = mpifast.system_matrix(mpifast.LissajousScanner(grid), mpifast.Particle(20e-9), mixing_order=3)
        >>> fields = [[0.0, 0.0, 0.0], [10e-3, 0.0, 0.0]]  # T, with a gradient of -1 T/m along x: 10 mm
        >>> patches = mpifast.MultiPatch.from_offset_fields(system, fields, (-1.0, -1.0, 2.0))
        >>> patches.offsets.tolist(), patches.grid.shape
        ([[0.0, 0.0], [0.01, 0.0]], (15, 10))
        """
        given = [systems] if isinstance(systems, LinearSystem) else check.sequence("systems", systems)
        if not given:
            raise ValueError("systems is empty: give the system of one calibration, or of several")
        for number, system in enumerate(given):
            check_system(f"systems[{number}]", system)
        chosen, offsets = placed_by_fields(given, offset_field, gradient, calibrations)
        return cls([(given[k], offset) for k, offset in zip(chosen, offsets, strict=True)], resample=resample)

    def _assemble(
        self, systems: Sequence[LinearSystem], columns: Sequence[np.ndarray], grid: Grid, offsets: np.ndarray
    ) -> None:
        self.systems, self.columns, self._grid = tuple(systems), tuple(columns), grid
        self.offsets = read_only(offsets.astype(np.float64))
        counts = [len(system.rows) for system in systems]
        self.patch = read_only(np.repeat(np.arange(len(counts)), counts))
        self._rows = read_only(np.concatenate([system.rows for system in systems]))
        self._starts = np.cumsum([0, *counts])
        factors = [system.transfer_function for system in systems]
        if any(values is not None for values in factors):
            known = [np.ones(n) if values is None else values for values, n in zip(factors, counts, strict=True)]
            self._transfer_function = read_only(np.concatenate(known).astype(np.complex128))

    def __repr__(self) -> str:
        facts = [f"{len(self.systems)} patches", f"{len(self.rows)} rows"]
        facts.append(f"grid {' x '.join(map(str, self._joint.shape))}")
        return f"{type(self).__name__}({', '.join([*facts, *self._equations_in_words()])})"

    def _facts(self) -> dict[str, Any]:
        matrices = len({id(system) for system in self.systems})
        moved = [f"{_display.numbers(1e3 * offset)} mm" for offset in self.offsets[:SHOWN]]
        more = ["…"] * (len(self.offsets) > SHOWN)
        return {
            "patches": f"{len(self.systems)} with {matrices} {'matrix' if matrices == 1 else 'matrices'}",
            "offsets": "; ".join(moved + more),
            **super()._facts(),
            "system of patch 0": repr(self.systems[0]),
        }

    @property
    def _parts_known(self) -> bool:
        return all(system._parts_known for system in self.systems)

    def _arrays(self) -> dict[str, np.ndarray]:
        """Those of each system once, and those of the whole."""
        systems = {id(system): system for system in self.systems}.values()
        parts = {f"{name} {j}": a for j, system in enumerate(systems) for name, a in system._arrays().items()}
        return parts | super()._arrays()

    @property
    def _joint(self) -> Grid:
        assert self._grid is not None
        return self._grid

    @property
    def voxels(self) -> int:
        """Number of voxels of the joint grid."""
        return self._joint.voxels

    @functools.cached_property
    def parts(self) -> tuple[int, ...]:
        """Which parts of the rows are equations: those that are equations of any patch."""
        return tuple(sorted({part for system in self.systems for part in system.parts}))

    @functools.cached_property
    def _numbers(self) -> tuple[np.ndarray, ...]:
        """int64 of each patch: the equations of its system in the whole."""
        found = []
        for system, first in zip(self.systems, self._starts[:-1].tolist(), strict=True):
            rows = np.arange(first, first + len(system.rows))
            found.append(np.concatenate([self.parts.index(part) * len(self.rows) + rows for part in system.parts]))
        return tuple(found)

    @functools.cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """The real equations of each patch, on its voxels. Patches of one system share its array."""
        kind = np.result_type(*(piece.real for system in self.systems for piece in system.pieces))
        found: list[Piece] = []
        copies: dict[int, np.ndarray] = {}
        for system, numbers, columns, first in zip(
            self.systems, self._numbers, self.columns, self._starts.tolist(), strict=False
        ):
            for piece in system.pieces:
                real = piece.real
                if real.dtype != kind:  # patches in single and in double precision
                    real = copies.setdefault(id(real), real.astype(kind))
                inside = columns if piece.columns is None else columns[piece.columns]
                found.append(Piece(real, numbers[piece.equations], inside))
            for part in set(self.parts) - set(system.parts):  # which other patches have: zero
                rows = self.parts.index(part) * len(self.rows) + first + np.arange(len(system.rows))
                found.append(Piece(np.zeros((len(rows), 1), kind), rows, columns[:1]))
        return tuple(found)

    @functools.cached_property
    def real(self) -> np.ndarray:
        """The system as one array, [equations, voxels]; made on first use.

        Raises
        ------
        ValueError
            If it would take more than half of the machine's memory.
        """
        self._refuse_large(len(self.equations), self.pieces[0].real.dtype)
        return read_only(dense(self.pieces, len(self.equations), self.voxels))

    @functools.cached_property
    def matrix(self) -> np.ndarray:
        """The matrix S as one array, complex[rows, voxels], read-only; made on first use, and refused as `real`."""
        kind = np.result_type(*(system.matrix for system in self.systems))
        self._refuse_large(len(self.rows), kind)
        matrix = np.zeros((len(self.rows), self.voxels), kind)
        for system, columns, rows in zip(self.systems, self.columns, self._slices, strict=True):
            matrix[rows, columns] = system.matrix
        return read_only(matrix)

    def _refuse_large(self, rows: int, dtype: Any) -> None:
        refuse_large(rows, self.voxels, dtype, "solve by its pieces, or choose fewer rows or patches (select)")

    @property
    def _slices(self) -> list[slice]:
        """The rows of each patch."""
        return [slice(*edges) for edges in itertools.pairwise(self._starts)]

    @property
    def _spectra_of(self) -> list[slice]:
        """The rows of each patch in spectra."""
        starts = itertools.accumulate((system.spectrum_rows for system in self.systems), initial=0)
        return [slice(*edges) for edges in itertools.pairwise(starts)]

    @property
    def spectrum_rows(self) -> int:
        """Number of rows of the complex spectra that `to_real` takes."""
        return sum(system.spectrum_rows for system in self.systems)

    @property
    def spectrum_parts(self) -> tuple[int, ...]:
        """The parts that real spectra have."""
        return tuple(sorted({part for system in self.systems for part in system.spectrum_parts}))

    @functools.cached_property
    def condition(self) -> float:
        """Condition number of `real`, or a lower bound of it (`mpifast.physics.precision.condition_of`)."""
        return condition_of(dense(self.pieces, len(self.equations), self.voxels, neighbours(self.voxels)))

    @functools.cached_property
    def forward_model(self) -> Any:
        """The forward models of the patches together (`mpifast.physics.combined.patch_model.PatchModel`)."""
        from mpifast.physics.combined.patch_model import PatchModel  # here: physics alone does not load Numba

        shape = len(self.equations), self.voxels
        return PatchModel(self.systems, self._numbers, self.columns, shape)

    @functools.cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that tell systems apart: a digest of those of the patches, their places and the
        joint grid.
        """
        digest = hashlib.sha256(repr((self._joint, [system.fingerprint for system in self.systems])).encode())
        for columns in self.columns:
            digest.update(columns.astype("<i8").tobytes())
        return digest.hexdigest()[:16]

    def noise_level(self, snr_db: Any, density: float = 0.5) -> float:
        """Standard deviation of the noise, as `LinearSystem.noise_level`, of the pieces.

        Examples
        --------
        >>> import mpifast, numpy as np
        >>> system = mpifast.linear_system(np.eye(2), mpifast.Grid((2,), (2e-3,)))
        >>> patches = mpifast.MultiPatch([(system, (0.0,)), (system, (1e-3,))])
        >>> patches.noise_level(20.0) == system.noise_level(20.0)
        True
        """
        if snr_db is None:
            return 0.0
        total = 0.0
        for piece in self.pieces:
            step = max(1, BLOCK // piece.real.shape[1])
            for first in range(0, len(piece.real), step):
                total += float(variance_of(piece.real[first : first + step].astype(np.float64), density).sum())
        return level_below(math.sqrt(total / len(self.equations)), snr_db)

    def to_real(self, u: Any, name: str = "u") -> np.ndarray:
        """Spectra as right-hand sides of the real equations, as `LinearSystem.to_real`, patch by patch.

        Examples
        --------
        >>> import mpifast, numpy as np
        >>> system = mpifast.linear_system([[1.0, 2j]], mpifast.Grid((2,), (2e-3,)))
        >>> patches = mpifast.MultiPatch([(system, (0.0,)), (system, (1e-3,))])
        >>> print(patches.to_real([[5.0 + 6j, 7.0 + 8j]]))
        [[5. 7. 6. 8.]]
        """
        array = check.number_array(name, u)
        before = self._spectra_before(array, name)
        if before is None:
            return super().to_real(array, name)
        found = np.zeros((len(before), len(self.equations)))
        for system, numbers, rows in zip(self.systems, self._numbers, self._spectra_of, strict=True):
            found[:, numbers] = system.to_real(before[:, rows], name)
        return found

    def to_complex(self, u: Any) -> np.ndarray:
        """Right-hand sides of the real equations as complex spectra, as `LinearSystem.to_complex`, patch by patch.

        Examples
        --------
        >>> import mpifast, numpy as np
        >>> system = mpifast.linear_system([[1.0, 2j]], mpifast.Grid((2,), (2e-3,)))
        >>> patches = mpifast.MultiPatch([(system, (0.0,)), (system, (1e-3,))])
        >>> print(patches.to_complex([[5.0, 7.0, 6.0, 8.0]]))
        [[5.+6.j 7.+8.j]]
        """
        array = check.matrix("u", u, len(self.equations), what="equations", empty=True)
        spectra = np.empty((len(array), self.spectrum_rows), np.complex128)
        for system, numbers, rows in zip(self.systems, self._numbers, self._spectra_of, strict=True):
            spectra[:, rows] = system.to_complex(array[:, numbers])
        return spectra

    def select(
        self,
        rows: Any = None,
        *,
        patches: Any = None,
        channels: Any = None,
        band: Sequence[float | None] | None = None,
        stop: Sequence[Sequence[float]] | None = None,
    ) -> LinearSystem:
        """The same system with fewer rows, on the same joint grid; all conditions have to hold.

        Parameters
        ----------
        rows, channels, band, stop
            As for `LinearSystem.select`.
        patches : sequence of int, optional
            Patches, counted from 0. For the joint grid of these patches alone make another `MultiPatch`.

        Returns
        -------
        MultiPatch
            Of the patches that have rows left.

        Examples
        --------
        >>> import mpifast, numpy as np
        >>> system = mpifast.linear_system(np.eye(2), mpifast.Grid((2,), (2e-3,)))
        >>> patches = mpifast.MultiPatch([(system, (0.0,)), (system, (1e-3,)), (system, (2e-3,))])
        >>> patches.select(patches=[0, 2])
        MultiPatch(2 patches, 4 rows, grid 4, 4 real equations)
        """
        if patches is not None:
            wanted = np.isin(self.patch, check.indices("patches", patches, len(self.systems)))
            if rows is not None:
                chosen: np.ndarray = np.zeros(len(self.rows), bool)
                chosen[np.flatnonzero(rows) if np.asarray(rows).dtype == bool else rows] = True
                wanted &= chosen
            rows = wanted
        return super().select(rows, channels=channels, band=band, stop=stop)

    def _restricted(self, kept: np.ndarray) -> LinearSystem:
        masks = [kept[rows] for rows in self._slices]
        left = [j for j, mask in enumerate(masks) if mask.any()]

        def fewer(j: int) -> LinearSystem:
            return self.systems[j] if masks[j].all() else self.systems[j].select(masks[j])

        return self._changed(fewer, [masks[j].tobytes() for j in range(len(masks))], left)

    def _received(self, factors: np.ndarray) -> LinearSystem:
        some = [factors[rows] for rows in self._slices]

        def received(j: int) -> LinearSystem:
            return self.systems[j].with_transfer_function(some[j])

        return self._changed(received, [values.tobytes() for values in some], range(len(some)))

    def each(self, change: Callable[..., LinearSystem], given: np.ndarray | None = None) -> MultiPatch:
        """The same patches, with what ``change`` makes of each system, once of each.

        Parameters
        ----------
        change : callable
            A function of a system that returns one with the same voxels.
        given : ndarray, optional
            One number for each real equation, of which ``change`` is also given those of the patch.

        Examples
        --------
        >>> import mpifast, numpy as np
        >>> system = mpifast.linear_system([[1.0, 2j]], mpifast.Grid((2,), (2e-3,)))
        >>> patches = mpifast.MultiPatch([(system, (0.0,)), (system, (1e-3,))])
        >>> patches.each(lambda system: system.with_transfer_function([2.0]))
        MultiPatch(2 patches, 2 rows, grid 3, 4 real equations)
        """
        more = [[]] * len(self.systems) if given is None else [[given[numbers]] for numbers in self._numbers]
        keys = [b"".join(values.tobytes() for values in arguments) for arguments in more]
        return self._changed(lambda j: change(self.systems[j], *more[j]), keys, range(len(self.systems)))

    def _changed(self, change: Callable[[int], LinearSystem], keys: list[bytes], left: Sequence[int]) -> MultiPatch:
        """Some of the patches with changed systems; those that share system and key share what is made of it."""
        made: dict[tuple[int, bytes], LinearSystem] = {}
        for j in left:
            key = id(self.systems[j]), keys[j]
            if key not in made:
                made[key] = change(j)
        changed = type(self).__new__(type(self))
        changed._inherit(self, list(left))
        systems = [made[id(self.systems[j]), keys[j]] for j in left]
        changed._assemble(systems, [self.columns[j] for j in left], self._joint, self.offsets[list(left)])
        return changed

    def _inherit(self, other: Any, left: list[int]) -> None:
        """What else the patches ``left`` of another one have, in a class derived from this one."""

    def with_sensitivity(self, maps: Any) -> LinearSystem:
        """Refused: the joint grid moves against the coils from patch to patch.

        Examples
        --------
        >>> import mpifast, numpy as np
        >>> system = mpifast.linear_system(np.eye(2), mpifast.Grid((2,), (2e-3,)))
        >>> patches = mpifast.MultiPatch([(system, (0.0,)), (system, (1e-3,))])
        >>> patches.with_sensitivity([[2.0, 0.0, 0.0]])
        Traceback (most recent call last):
        ValueError: a MultiPatch has no coils of its own: give the system of each patch its sensitivity first
        """
        raise ValueError("a MultiPatch has no coils of its own: give the system of each patch its sensitivity first")

    def as_linear_operator(self) -> Any:
        """The map u = S c with its adjoint, as `LinearSystem.as_linear_operator`, without a joint matrix.

        Examples
        --------
        >>> import mpifast, numpy as np
        >>> system = mpifast.linear_system(np.eye(2), mpifast.Grid((2,), (2e-3,)))
        >>> operator = mpifast.MultiPatch([(system, (0.0,)), (system, (1e-3,))]).as_linear_operator()
        >>> print(operator @ [1.0, 2.0, 3.0], operator.T @ [1.0, 2.0, 3.0, 4.0])
        [1. 2. 2. 3.] [1. 5. 4.]
        """
        from scipy.sparse.linalg import LinearOperator  # here: the physics alone does not load SciPy's solvers

        model, shape = self.forward_model, (len(self.equations), self.voxels)

        def product(method: Any) -> Any:
            return lambda x: method(np.ascontiguousarray(np.atleast_2d(x.T), np.float64)).T.reshape(-1, *x.shape[1:])

        forward, adjoint = product(functools.partial(model, dtype=np.float64)), product(model.adjoint)
        return LinearOperator(shape, forward, adjoint, forward, np.float64, adjoint)
