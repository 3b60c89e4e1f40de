"""The leading singular values and vectors of a large system by random projection (Halko, Martinsson and Tropp, SIAM
Review 53:217, 2011).

The rows of Q span the range of a few random combinations of the columns of A = W S, sharpened by power iterations, and
A is nearly Q^T B with B = Q A. Q grows by blocks, each of the part of A that the blocks before it leave (algorithm
randQB_b of Martinsson and Voronin, SIAM J. Sci. Comput. 38:S485, 2016), so a larger sketch begins with the smaller one.
A is only read, by products with many vectors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.linalg import qr

from mpifast.physics.linear_system import LinearSystem
from mpifast.solvers.equations import Equations
from mpifast.solvers.parameter_choice import Spectral

BLOCK = 128  # vectors multiplied together: half as many take nearly the same time
POWERS = 1  # power iterations of a block
OVERSAMPLED = 16  # vectors more than singular values are asked for: the last ones are inaccurate
RANK = 1e-12  # squared singular values of a block below this part of its largest are rounding
COLUMNS = 512  # of a few vectors in double precision at a time
PART = 16  # automatic choices take no more vectors than this part of the smaller side: a tenth of the matrix' memory


@dataclass(frozen=True, eq=False)
class Sketch:
    """A = W S as Q^T B, in the precision of the equations: ``basis`` and ``part`` are Q [m, equations] with orthonormal
    rows and B [m, voxels], as the blocks of rows that they grew by. One array each would be a copy with every block.
    """

    basis: tuple[np.ndarray, ...] = ()
    part: tuple[np.ndarray, ...] = ()

    def __len__(self) -> int:
        return sum(len(block) for block in self.basis)

    def first(self, size: int) -> Sketch:
        """The sketch of so many vectors, whole blocks."""
        count = -(-size // BLOCK)
        return Sketch(self.basis[:count], self.part[:count])

    def spectral(self, rank: int) -> Spectral:
        """Up to ``rank`` singular values and vectors of Q^T B, without those below the rounding of the largest."""
        inner, values, right = self._inner()
        kept = min(rank, int((values > np.finfo(right.dtype).eps * values[:1]).sum()))
        turn = inner.T[:kept].astype(right.dtype)
        left = np.empty((kept, self.basis[0].shape[1]), right.dtype)
        for columns in _columns(left):
            left[:, columns] = turn @ np.concatenate([block[:, columns] for block in self.basis])
        return Spectral(left.T, values[:kept], right[:kept])

    def right(self) -> tuple[np.ndarray, np.ndarray]:
        """Singular values float64[m] and right singular vectors [m, voxels] of Q^T B."""
        return self._inner()[1:]

    def _inner(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """B = U s V^T by way of the triangle of B^T, in the precision of the equations and the memory of V."""
        across, triangle = qr(np.concatenate(self.part).T, overwrite_a=True, mode="economic", check_finite=False)
        inner, values, turn = np.linalg.svd(triangle.T.astype(np.float64))
        right = across.T
        _multiply(turn, right)
        return inner, values, right


def leading(equations: Equations, rank: int, seed: int = 0, power: int = POWERS) -> Spectral:
    """The leading singular values and vectors of W S.

    Parameters
    ----------
    equations : Equations
        W S.
    rank : int
        How many, from 1 to the smaller side of W S.
    seed : int, optional
        Of the random projection: the same seed gives the same bits.
    power : int, optional
        Power iterations; each makes the singular values more accurate and reads the matrix twice.

    Returns
    -------
    Spectral
        In the precision of the equations; singular values of no weight in it are left out.

    Examples
    --------
    >>> import mpifast
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> found = leading(Equations(system), 10)
    >>> bool(abs(found.values / system.svd[1][:10] - 1).max() < 1e-2)
    True
    """
    return grown(equations, None, size_of(equations, rank), seed, power).spectral(rank)


def size_of(equations: Equations, rank: int) -> int:
    """Vectors that ``rank`` singular values take, in whole blocks."""
    return min(-(-(rank + OVERSAMPLED) // BLOCK) * BLOCK, *equations.shape)


def most(equations: Equations) -> int:
    """Most vectors of an automatic choice."""
    return min(max(1, min(equations.shape) // PART // BLOCK) * BLOCK, *equations.shape)


def kept_sketch(system: LinearSystem, equations: Equations, size: int) -> Sketch:
    """A sketch of so many vectors, whole blocks, which the system keeps for the next call with these weights."""
    weights, sketch = vars(system).get("_sketch", (None, None))
    if weights is None or not np.array_equal(weights, equations.weights):
        sketch = None
    if sketch is None or len(sketch) < size:
        sketch = grown(equations, sketch, size)
        vars(system)["_sketch"] = (equations.weights.copy(), sketch)
    return sketch.first(size)


def grown(equations: Equations, sketch: Sketch | None, size: int, seed: int = 0, power: int = POWERS) -> Sketch:
    """A larger sketch, of at least ``size`` vectors in whole blocks where the system has as many."""
    rows, voxels = equations.shape
    basis, part = ([], []) if sketch is None else (list(sketch.basis), list(sketch.part))
    first = sum(len(block) for block in basis)
    while first < size:
        random = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, first])))
        found = random.standard_normal((min(BLOCK, min(rows, voxels) - first), voxels), np.float32)
        found = _orthonormal(equations.forward(found), basis)  # (I - Q^T Q) A is what the blocks before leave
        for _ in range(power):
            found = _orthonormal(equations.adjoint(found), [])
            found = _orthonormal(equations.forward(found), basis)
        basis.append(found)
        part.append(equations.adjoint(found))
        first += len(found)
    return Sketch(tuple(basis), tuple(part))


def _orthonormal(vectors: np.ndarray, others: list[np.ndarray]) -> np.ndarray:
    """Rows that span the same space, orthonormal and orthogonal to the others, and zeros instead of rows that rounding
    makes; the second turn removes the errors of the first. They take the memory of ``vectors``. A few vectors' own Gram
    matrix takes a tenth of the time of a QR factorisation.
    """
    scale = np.abs(vectors).max(initial=0.0)
    vectors /= scale if scale > 0.0 else 1.0
    for _ in range(2):
        for block in others:
            vectors -= (vectors @ block.T) @ block
        gram = np.zeros((len(vectors), len(vectors)))
        for columns in _columns(vectors):
            double = vectors[:, columns].astype(np.float64)
            gram += double @ double.copy().T
        squares, turn = np.linalg.eigh(gram)
        kept = squares > RANK * squares[-1:]
        gains = np.divide(1.0, np.sqrt(squares, where=kept, out=np.ones_like(squares)), where=kept, out=0.0 * squares)
        _multiply((turn * gains).T, vectors)
    return vectors


def _multiply(matrix: np.ndarray, vectors: np.ndarray) -> None:
    """The product matrix @ vectors, float64[n, n] and [n, length], in the place of the vectors."""
    for columns in _columns(vectors):
        vectors[:, columns] = matrix @ vectors[:, columns].astype(np.float64)


def _columns(vectors: np.ndarray) -> Iterator[slice]:
    """A few columns after the other."""
    for first in range(0, vectors.shape[1], COLUMNS):
        yield slice(first, first + COLUMNS)
