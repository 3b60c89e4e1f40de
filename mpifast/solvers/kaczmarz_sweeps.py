"""Sweeps of Kaczmarz's method over all equations, for one spectrum and for many: the images, and calls of the loops."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from mpifast._compiled.barrier import new_flags
from mpifast._compiled.products import aligned_zeros, lanes, padded
from mpifast.solvers._loops import kaczmarz_many, kaczmarz_one
from mpifast.solvers._loops.kaczmarz import Part, Rule, segment_count
from mpifast.solvers.equations import Equations
from mpifast.solvers.iteration import together
from mpifast.solvers.kaczmarz_parts import Plan

SMALL_TILE, TILE = 16, 64  # rows that are visited together, of images of one segment and of several
FEW, MANY = 32, 64  # spectra in a block, the same
STRONG = 1e9  # alpha / ||W S||_F^2 with which no equation sees the others' steps, to as many digits


class Method(NamedTuple):
    """How to sweep: with ``nonnegative`` by Dykstra's projection or a ``plain`` one, of complex images if ``paired``;
    with a ``seed`` in a random order. What has converged by ``tolerance`` is left alone.
    """

    tolerance: float
    nonnegative: bool
    plain: bool
    paired: bool
    seed: int | None
    threads: int


class Sweeps:
    """What one spectrum and many share; each of them has the arrays of its loop."""

    width: int  # spectra with padding

    def __init__(
        self, equations: Equations, alpha: np.ndarray, method: Method, blocks: int, width: int, tile: int
    ) -> None:
        self.count, self.blocks, self.lanes, self.width = len(alpha), blocks, width, blocks * width
        self.plan = Plan(equations, tile, method.paired, method.seed, width * (1 + method.paired))
        self.voxels, self.dtype, self.threads = equations.shape[1], equations.dtype, method.threads
        self.energy = float(equations.norms.sum())
        self.parts = 1 + method.paired
        self.kept = self.voxels if method.plain or method.nonnegative else 0  # numbers of `memory` an image
        norms, sizes = np.sqrt(equations.norms), np.sqrt(equations.squares)
        if method.paired:  # both equations of a complex row have its norm
            norms, sizes = (np.tile(np.hypot(*values.reshape(2, -1)), 2) for values in (norms, sizes))
        signal = (norms > 0.0) & (sizes > 1.0 / np.finfo(self.dtype).max)
        inverse = np.divide(1.0, sizes, out=np.zeros_like(sizes), where=signal)
        alphas, unknown = self._blocked(alpha), self._blocked(np.full(self.count, np.inf))
        # Until `bound` is called nothing converges.
        self.rule = Rule(
            np.append(np.where(signal, norms, 0.0), 0.0), np.append(inverse, 0.0), alphas, unknown, 0.0 * alphas,
            method.tolerance, method.nonnegative, method.plain, method.paired,
        )  # fmt: skip

    @property
    def together(self) -> int:
        """How many sweeps a call may take: Ctrl-C is heard between calls."""
        return together(self.plan.equations.shape[0] * self.voxels * self.plan.lanes) if self.plan.whole else 1

    @functools.cached_property
    def pulls(self) -> np.ndarray:
        """||(W S)^T W u|| float64[n]: with a very large alpha a sweep is the adjoint, c = (W S)^T W u / alpha."""
        if self.energy == 0.0:
            return np.zeros(self.count)
        rule, alpha = self.rule, STRONG * self.energy
        self.rule = rule._replace(alpha=np.full_like(rule.alpha, alpha), nonnegative=False, plain=False)
        history = np.full((2, self.width), np.inf)
        self(0, history)
        norms = alpha * np.linalg.norm(self.result(), axis=1)
        self.rule = rule
        self.clear()
        return norms

    def bound(self, bounds: np.ndarray, leasts: np.ndarray) -> None:
        """What turns residuals into a bound of the image's error: `Rule.bound` and `Rule.least`, float64[n]."""
        self.rule = self.rule._replace(bound=self._blocked(bounds), least=self._blocked(leasts))

    def __call__(self, first: int, history: np.ndarray) -> None:
        """One sweep for each row of history[1:, width], the first of which has the number ``first``."""
        history = history.reshape(len(history), self.blocks, self.lanes)
        whole = self.plan.whole
        for number, (part, columns) in enumerate(self.plan.sweep(first)):
            self.run(number, part, columns, history, whole)
        if not whole:
            self.run(-1, self.plan.empty, None, history, True)

    def _blocked(self, values: np.ndarray) -> np.ndarray:
        """[n] as [blocks, lanes], with zeros for the spectra that are missing in the last block."""
        return np.pad(values, (0, self.width - self.count)).reshape(self.blocks, self.lanes)

    def result(self) -> np.ndarray:
        """The images float64[n, voxels]."""
        raise NotImplementedError

    def clear(self) -> None:
        """Begin again."""
        raise NotImplementedError

    def run(self, number: int, part: Part, columns: np.ndarray | None, history: np.ndarray, finish: bool) -> None:
        """A call of the loop: the part with this number, and the end of the sweep."""
        raise NotImplementedError


class OneSpectrum(Sweeps):
    """A single image: W u is ``data`` float64[1, equations]."""

    def __init__(self, equations: Equations, data: np.ndarray, alpha: np.ndarray, method: Method) -> None:
        super().__init__(equations, alpha, method, 1, 1, kaczmarz_one.ROWS)
        self.image, self.data = np.zeros((self.parts, self.voxels), self.dtype), np.append(data[0], 0.0)
        self.auxiliary, self.memory, self.totals = (
            np.zeros_like(self.data),
            np.zeros(self.kept, self.dtype),
            np.zeros(1),
        )

    def run(self, number: int, part: Part, columns: np.ndarray | None, history: np.ndarray, finish: bool) -> None:
        """A call of the loop."""
        image = self.image if columns is None else np.ascontiguousarray(self.image[:, columns])
        segments = segment_count(image.shape[1])
        team = min(self.threads, segments)
        sums = np.zeros((2, segments + 1, kaczmarz_one.SUMS))
        kaczmarz_one.sweep(
            part, self.rule, self.data, image, self.auxiliary, self.memory, history[:, 0], self.totals, finish, sums,
            new_flags(team), team, threads=team,
        )  # fmt: skip
        if columns is not None:
            self.image[:, columns] = image

    def result(self) -> np.ndarray:
        """The images float64[n, voxels]."""
        return self.image[:1].astype(np.float64)

    def clear(self) -> None:
        """Begin again."""
        self.image[...], self.auxiliary[...], self.memory[...], self.totals[...] = 0.0, 0.0, 0.0, 0.0


class ManySpectra(Sweeps):
    """Blocks of images: W u is ``data`` float64[n, equations]."""

    def __init__(self, equations: Equations, data: np.ndarray, alpha: np.ndarray, method: Method) -> None:
        segments = segment_count(equations.shape[1])
        most, tile = (FEW, SMALL_TILE) if segments == 1 else (MANY, TILE)
        blocks = max(1, -(-len(data) // most))
        super().__init__(
            equations, alpha, method, blocks, padded(-(-max(len(data), 1) // blocks), lanes(equations.dtype)), tile
        )
        values = np.zeros((self.width, data.shape[1] + 1))
        values[: self.count, :-1] = data
        values = np.ascontiguousarray(values.reshape(blocks, self.lanes, -1).transpose(0, 2, 1))
        self.many = kaczmarz_many.Many(
            values,
            aligned_zeros((blocks, self.voxels, self.parts * self.lanes), self.dtype),
            np.zeros_like(values),
            aligned_zeros((blocks, self.kept, self.lanes), self.dtype),
            np.zeros((blocks, self.lanes)),
        )
        self.teams = min(self.threads, blocks)
        self.team = min(self.threads // self.teams, segments)
        self.shared = kaczmarz_many.Shared(
            aligned_zeros((self.teams, 2, segments, tile, self.parts * self.lanes), self.dtype),
            np.zeros((self.teams, 2, tile, self.lanes)),
            np.zeros((self.teams, 2, segments, 2, self.lanes)),
        )
        self.grams: dict[int, np.ndarray] = {}

    def run(self, number: int, part: Part, columns: np.ndarray | None, history: np.ndarray, finish: bool) -> None:
        """A call of the loop."""
        gram = self.grams.get(number)
        if gram is None:
            gram = np.zeros((*part.rows.shape, self.plan.tile), self.dtype)
            kaczmarz_many.overlaps(part, self.rule.inverse, gram, self.threads, threads=self.threads)
            if self.plan.fixed is not None or number < 0:
                self.grams[number] = gram
        many = self.many
        if columns is not None:
            many = many._replace(images=np.ascontiguousarray(many.images[:, columns]))
        flags = np.zeros((self.teams, len(new_flags(self.team))), np.int64)
        slots = self.teams * self.team
        kaczmarz_many.sweep(
            part, gram, self.rule, many, history, finish, self.shared, flags, self.team, slots, threads=slots
        )
        if columns is not None:
            self.many.images[:, columns] = many.images

    def result(self) -> np.ndarray:
        """The images float64[n, voxels]."""
        real = self.many.images[:, :, : self.lanes].transpose(0, 2, 1)
        return np.ascontiguousarray(real.reshape(self.width, self.voxels)[: self.count], np.float64)

    def clear(self) -> None:
        """Begin again."""
        for values in (self.many.images, self.many.auxiliary, self.many.memory, self.many.totals):
            values[...] = 0.0


def new_sweeps(equations: Equations, data: np.ndarray, alpha: np.ndarray, method: Method) -> Sweeps:
    """Sweeps of spectra W u float64[n, equations] with an alpha float64[n] each."""
    kind: Any = OneSpectrum if len(data) == 1 else ManySpectra
    sweeps: Sweeps = kind(equations, data, alpha, method)
    return sweeps
