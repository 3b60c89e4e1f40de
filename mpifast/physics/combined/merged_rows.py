"""Rows that are one pattern up to a factor, merged into one real equation."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from mpifast import _validation as check
from mpifast.physics.combined.multi_patch import MultiPatch
from mpifast.physics.combined.proportional import Sketch, leaders, sketch
from mpifast.physics.linear_system import REAL, ROW, LinearSystem, read_only
from mpifast.physics.memory import refuse_large
from mpifast.physics.split_system import SplitSystem
from mpifast.physics.weights import equation_weights

ROOM = 2**22  # numbers of rows, or of spectra, at a time
CURE = "merge the rows first, mpifast.merge_rows(system.select(...))"


def merge_rows(system: LinearSystem, tolerance: float = 1e-2, weights: Any = None) -> LinearSystem:
    """Merge the real equations that are the same spatial pattern up to a factor: fewer equations, the same image.

    In three-dimensional Lissajous sequences many frequencies share a pattern: mixing orders (p, q, l), (p, -q, l),
    (p, q, -l) and (p, -q, -l) of a channel are one tensor (up to aliases, orders that add up to the same frequency),
    and the two parts of a row of one phase are one pattern too. Equations w_i (r_i c - u_i) with r_i = s_i t become the
    one equation sum_i q_i w_i (r_i c - u_i) with the unit vector q = w s / ||w s||, which says all that they say about
    c: the sums of squares differ by what does not depend on c.

    Parameters
    ----------
    system : LinearSystem
        Any system: computed, measured, of an array, rotated.
    tolerance : float, optional
        Equations are merged with the strongest of a group where what is not proportional to it has at most so much of
        their own norm, 1e-12 to 0.5. The others stay as they are.
    weights : "energy" or array_like, optional
        Weights W of the equations, as for the solvers: one for each row or real equation. They decide how equations add
        up, so they are part of the merged system: solve it without weights. Those of a measurement are
        ``file.whitening(system)``.

    Returns
    -------
    MergedSystem
        It takes the spectra of ``system``. The systems of a `MultiPatch` are merged each, and a `MultiPatch` returned.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or range, all weights or rows are zero, or weights are given and no row
        merges.

    Notes
    -----
    With orthonormal q of all groups, Q, the solvers minimise ||Q^T W (S c - u)||^2. For spectra u = S c this is exact
    for any tolerance: merged equations are combinations of the equations. What is left out, L = (1 - Q Q^T) W S, has
    ||L||_F <= ``lost`` ||W S||_F, where ``lost`` is at most the tolerance and usually far below, since strong rows are
    proportional to much more. The Tikhonov image of strength alpha then changes by at most ||L||_F ||W (S c - u)|| /
    alpha, with the residual of the image of all equations.

    White noise of the weighted spectra stays white with the same standard deviation. `weights="energy"` of a solver
    would weight merged equations; give it here.

    References
    ----------
    Rahmer et al., BMC Medical Imaging 9:4, 2009 (patterns of mixing orders).

    Examples
    --------
    >>> import mpifast, numpy as np
    >>> grid = mpifast.Grid((8, 8, 8), (24e-3, 24e-3, 12e-3))
    >>> scanner = mpifast.LissajousScanner(grid, drive_amplitude=(12e-3, 12e-3, 12e-3))
    >>> system = mpifast.system_matrix(scanner, mpifast.Particle(20e-9), band=(80e3, None), level=1e-2)
    >>> merged = mpifast.merge_rows(system)
    >>> len(merged.equations) < 0.75 * len(system.equations), merged.lost < 1e-4
    (True, True)
    >>> u = system.spectra(np.ones((1, 512)), "float64", snr_db=40.0)
    >>> images = [mpifast.tikhonov(some, u, alpha=1e-3, relative=True) for some in (system, merged)]
    >>> bool(abs(images[1] - images[0]).max() < 1e-3 * abs(images[0]).max())
    True
    """
    check.instance("system", system, LinearSystem)
    tolerance = check.number("tolerance", tolerance, low=1e-12, high=0.5)
    if isinstance(system, MergedSystem):
        raise ValueError(f"system is merged, with tolerance={system.tolerance:g}: merge the system that it was made of")
    if isinstance(weights, str) and weights == "whitening":
        raise ValueError("weights='whitening' needs a measurement: give file.whitening(system)")
    if isinstance(system, MultiPatch) and (weights is None or isinstance(weights, str)):
        return system.each(lambda patch: merge_rows(patch, tolerance, weights))
    count, voxels = len(system.equations), system.voxels
    if isinstance(system, MultiPatch):
        given = equation_weights(weights, len(system.rows), count, lambda: np.empty(0))
        return system.each(lambda patch, some: merge_rows(patch, tolerance, some), given)
    seen = sketch(system.real_rows, count, voxels)
    weighted = equation_weights(weights, len(system.rows), count, lambda: seen.norms**2)
    w = np.ones(count) if weighted is None else weighted
    if not (w * seen.norms).any():
        raise ValueError("no equation of system has a weight and a signal: nothing is left to solve")
    found = _merged(system, seen, w, tolerance)
    if weighted is not None and len(found.real) == count:
        raise ValueError(
            f"no rows of system are proportional within tolerance={tolerance:g}: solve it with weights= as it is, or"
            " give a larger tolerance"
        )
    return MergedSystem(system, found, w, tolerance)


class Merged(NamedTuple):
    """Merged equations ``real`` [K, voxels]; ``strongest`` int64[K], the equation that each is named after; and of
    each equation before: ``group`` int64, ``cosines`` float64 (q) and ``remainder`` float64; ``lost``, a number.
    """

    real: np.ndarray
    strongest: np.ndarray
    group: np.ndarray
    cosines: np.ndarray
    remainder: np.ndarray
    lost: float


class MergedSystem(SplitSystem):
    """A system of merged equations. Make one with `merge_rows`.

    ``real`` are the merged equations, the weights in them, and ``matrix`` is the same: no longer rows of single
    frequencies, so that ``rows`` count them (``number``), with the channel of the strongest and no frequency. Spectra
    are those of the system before, which solvers and `mpifast.reconstruct` take complex or real: `to_real` merges them,
    `to_complex` and `forward` give spectra of the system before, to the tolerance.

    Attributes
    ----------
    group : ndarray
        int64[equations before]: the merged equation of each; -1 where it is zero, or its weight.
    factors : ndarray
        float64[equations before]: what each is multiplied with before equations of a group are added.
    strongest : ndarray
        int64[equations]: the strongest of the equations before in each.
    remainder : ndarray
        float64[equations before]: the norm of what is not proportional to the strongest one over the norm of the
        equation; at most the tolerance.
    tolerance : float
        As given.
    lost : float
        Bound of ||(1 - Q Q^T) W S||_F / ||W S||_F, the part of the equations that is left out; see `merge_rows`.

    Examples
    --------
    >>> import mpifast, numpy as np
    >>> merged = mpifast.merge_rows(mpifast.linear_system([[3.0, 0.0], [0.0, 1.0], [4.0, 0.0]]))
    >>> print(merged.real, merged.group, merged.to_real([[3.0, 7.0, 4.0]]))
    [[0. 1.]
     [5. 0.]] [1 0 1] [[7. 5.]]
    """

    def __init__(self, system: LinearSystem, found: Merged, weights: np.ndarray, tolerance: float) -> None:
        rows = np.zeros(len(found.real), ROW)
        rows["channel"] = system.equations["channel"][found.strongest]
        rows["number"], rows["frequency"] = np.arange(len(rows)), np.nan
        super().__init__(found.real, (REAL,), read_only(rows), copy.copy(system.grid))
        self.group, self.remainder, self.strongest = map(read_only, (found.group, found.remainder, found.strongest))
        self.factors = read_only(found.cosines * weights)
        self.tolerance, self.lost = tolerance, found.lost
        self._back = found.cosines / np.where(weights > 0.0, weights, 1.0)
        self._spectrum = system.spectrum_rows, system.spectrum_parts
        # Equation e of the system before is Re(turns[e] u) of row e modulo their number.
        one = np.ones((1, system.spectrum_rows), np.complex128)
        self._turns = (system.to_real(one) - 1j * system.to_real(1j * one))[0]
        live = np.flatnonzero(found.group >= 0)
        self._order = live[np.argsort(found.group[live], kind="stable")]
        self._starts = np.searchsorted(found.group[self._order], np.arange(len(rows)))

    @property
    def spectrum_rows(self) -> int:
        """Number of rows of the complex spectra that `to_real` takes."""
        return self._spectrum[0]

    @property
    def spectrum_parts(self) -> tuple[int, ...]:
        """The parts that real spectra of the system before have."""
        return self._spectrum[1]

    def to_real(self, u: Any, name: str = "u") -> np.ndarray:
        """Spectra of the system before as right-hand sides of the merged equations: float64[n, equations].

        They are complex [n, rows before], or real [n, equations before]. Real ones [n, equations] are merged already
        and stay as they are.

        Examples
        --------
        >>> import mpifast
        >>> merged = mpifast.merge_rows(mpifast.linear_system([[3j, 3j], [4.0, 4.0]]))
        >>> print(merged.to_real([[3j, 4.0]]), merged.to_real([[5.0]]))
        [[5.]] [[5.]]
        """
        array, count = check.number_array(name, u), len(self.group)
        if not np.iscomplexobj(array) and array.ndim == 2 and array.shape[1] == count != len(self.equations):
            given: np.ndarray | None = check.matrix(name, array, count, empty=True)  # equations of the system before
        else:
            given = self._spectra_before(array, name)
        if given is None:
            return super().to_real(array, name)
        merged = np.empty((len(given), len(self.equations)))
        step = max(1, ROOM // count)
        for some in (slice(first, first + step) for first in range(0, len(given), step)):
            values = given[some]
            if np.iscomplexobj(given):
                values = (values[:, np.arange(count) % self.spectrum_rows] * self._turns).real
            merged[some] = np.add.reduceat((values * self.factors)[:, self._order], self._starts, axis=1)
        return merged

    def to_complex(self, u: Any) -> np.ndarray:
        """Spectra of the system before whose right-hand sides these are: complex128[n, rows before].

        Exact up to the tolerance for those of images; rows that were left out are zero.

        Examples
        --------
        >>> import mpifast
        >>> merged = mpifast.merge_rows(mpifast.linear_system([[3j, 3j], [4.0, 4.0]]))
        >>> print(merged.to_complex([[5.0]]))
        [[0.+3.j 4.+0.j]]
        """
        array = check.matrix("u", u, len(self.equations), what="equations", empty=True)
        values = array[:, self.group] * self._back * self._turns.conj()  # zero where group is -1
        rows = self.spectrum_rows
        return values.reshape(len(array), -1, rows).sum(axis=1)

    def _restricted(self, kept: np.ndarray) -> LinearSystem:
        if kept.all():
            return self
        raise ValueError(f"merged equations are no rows of single frequencies or channels: {CURE}")

    def _received(self, factors: np.ndarray) -> LinearSystem:
        raise ValueError("merged equations are no rows of single frequencies: call with_transfer_function, then merge")

    def with_sensitivity(self, maps: Any) -> LinearSystem:
        """Refused: merged equations belong to no coil.

        Examples
        --------
        >>> import mpifast
        >>> mpifast.merge_rows(mpifast.linear_system([[3.0, 3.0], [4.0, 4.0]])).with_sensitivity([[2.0, 0.0, 0.0]])
        Traceback (most recent call last):
        ValueError: merged equations are no rows of single coils: call with_sensitivity, then merge_rows
        """
        raise ValueError("merged equations are no rows of single coils: call with_sensitivity, then merge_rows")


def _merged(system: LinearSystem, seen: Sketch, weights: np.ndarray, tolerance: float) -> Merged:
    """Groups by the sketch, each row of which is checked against the strongest one, and added up row by row."""
    count, strengths = len(weights), weights * seen.norms
    leader = leaders(seen.points, strengths, tolerance)
    groups = int(np.count_nonzero(leader == np.arange(count)))
    if groups == count:
        return _unmerged(system)
    kind = system.real_rows([0]).dtype
    refuse_large(groups, system.voxels, kind, "choose fewer rows (select) or a coarser grid")
    real = np.empty((groups + groups // 16, system.voxels), kind)  # room for rows that only the sketch has grouped
    group, cosines, remainder = np.full(count, -1), np.zeros(count), np.zeros(count)
    strongest: list[int] = []

    def store(numbers: list[int], total: np.ndarray, q: Any) -> None:
        if len(strongest) == len(real):
            real.resize((2 * len(real), system.voxels), refcheck=False)
        length = np.linalg.norm(q)
        real[len(strongest)] = total / length
        group[numbers], cosines[numbers] = len(strongest), q / length
        strongest.append(numbers[0])

    # Groups in the order of the rows, the leader of each first.
    order = np.flatnonzero(leader >= 0)
    order = order[np.lexsort((leader[order] != order, leader[order], leader[order] % len(system.rows)))]
    rows = _rows(system, order)
    for first, *others in np.split(order, np.flatnonzero(leader[order] == order)[1:]):
        row = next(rows)
        lead, total, numbers, q = row / seen.norms[first], row * weights[first], [first], [1.0]
        for number in others:
            row = next(rows)
            unit = row / seen.norms[number]
            cosine = np.einsum("j,j->", unit, lead)  # a scalar product of BLAS wakes its threads for each row
            unit -= cosine * lead
            left = np.sqrt(np.einsum("j,j->", unit, unit))
            if left > tolerance:
                store([number], row * weights[number], [1.0])
                continue
            remainder[number] = left
            numbers.append(number)
            q.append(cosine * (strengths[number] / strengths[first]))  # w s, in units of the first
            total += row * (q[-1] * weights[number])
        store(numbers, total, q)
    if len(strongest) == count:
        return _unmerged(system)
    real.resize((len(strongest), system.voxels), refcheck=False)
    relative = strengths / strengths.max()
    lost = np.linalg.norm(relative * remainder) / np.linalg.norm(relative)
    return Merged(real, np.array(strongest), group, cosines, remainder, float(lost))


def _rows(system: LinearSystem, numbers: np.ndarray) -> Iterator[np.ndarray]:
    """Some real equations of a system in double precision, of which a few are read together."""
    step = max(1, ROOM // system.voxels)
    for first in range(0, len(numbers), step):
        for row in system.real_rows(numbers[first : first + step]):
            yield row.astype(np.float64)


def _unmerged(system: LinearSystem) -> Merged:
    """Every equation alone, in the memory of the system."""
    count = len(system.equations)
    numbers = np.arange(count)
    return Merged(system.real, numbers, numbers.copy(), np.ones(count), np.zeros(count), 0.0)
