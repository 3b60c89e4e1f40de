"""Tikhonov's residual, norm and degrees of freedom of a large system, for all alphas at once, without a decomposition
(Golub and von Matt, J. Comput. Graph. Stat. 6:1, 1997; Golub and Meurant, Matrices, Moments and Quadrature, 2010).

k steps of Golub and Kahan's bidiagonalisation of A = W S from a vector x in the space of the data give orthonormal U
and V with A V = U B, B lower bidiagonal [k + 1, k]. With the eigenvalues t of B B^T and the squares q of the first
numbers of its eigenvectors::

    x^T f(A A^T) x  ~  ||x||^2 sum_i q_i f(t_i)          # Gauss and Radau's rule with a node at 0

From x = u follow the residual, f = (alpha / (t + alpha))^2, and ||c||^2, f = t / (t + alpha)^2. From vectors of random
signs follows a trace, the equations less the degrees of freedom, f = alpha / (t + alpha) (Hutchinson). The smaller
alpha, the more steps are needed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mpifast.solvers.equations import Equations

STEPS = 200  # most
PROBES = 3  # vectors of random signs
PART = 8  # the kept vectors, and those of a step, take no more numbers than this part of the matrix each


class Curves(NamedTuple):
    """||A c - u||^2 and ||c||^2 float64[n, candidates]; equations less the trace of the filter, float64[candidates]."""

    residual: np.ndarray
    size: np.ndarray
    freedom: np.ndarray


class Bidiagonalisation:
    """Of W S, from vectors of random signs and from data, each by itself; products are for all of them together.

    Rounding makes vectors lose their orthogonality, which costs more steps but no accuracy. The random ones are
    orthogonalised against all before them, and so are those of the data where they fit into the memory. Those of the
    smaller space are enough: the others follow (Simon and Zha, SIAM J. Sci. Comput. 21:2257, 2000).

    Parameters
    ----------
    equations : Equations
        W S.
    data : ndarray
        W u float64[n, equations].

    Examples
    --------
    >>> import mpifast
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> u, c = mpifast.Spectra(system, seed=7, snr_db=30.0)[:2]
    >>> run = Bidiagonalisation(Equations(system), u)
    >>> run.extend(30)
    >>> curves = run.curves(np.array([10.0]))
    >>> fit = mpifast.tikhonov(system, u, alpha=10.0, full_output=True)
    >>> bool(np.allclose(curves.residual[:, 0], fit.residual**2, rtol=1e-4))
    True
    """

    def __init__(self, equations: Equations, data: np.ndarray) -> None:
        rows, voxels = equations.shape
        random = np.random.Generator(np.random.Philox(0))
        vectors = np.concatenate([random.integers(0, 2, (PROBES, rows)) * 2.0 - 1.0, data])
        self._equations, self.steps = equations, 0
        self._rounding = np.finfo(equations.dtype).eps * np.sqrt(equations.norms.sum())
        self._norms, self._left = _unit(vectors, 0.0, equations.dtype)
        self._right = np.zeros((len(vectors), voxels), equations.dtype)
        self._scalars = np.zeros((len(vectors), STEPS, 2))  # the diagonal of each B, and what is below it
        fits = len(vectors) * STEPS * PART <= max(rows, voxels)
        kept = len(vectors) if fits else PROBES
        self._kept = np.empty((kept, STEPS, min(rows, voxels)), equations.dtype)  # memory only as it is filled

    def extend(self, steps: int) -> None:
        """So many more steps, up to `STEPS` in all."""
        equations, kept = self._equations, self._kept
        few, tall = len(kept), equations.shape[0] > equations.shape[1]
        for step in range(self.steps, min(self.steps + steps, STEPS)):
            below = self._scalars[:, step - 1, 1] if step else np.zeros(len(self._left))
            if not tall:
                kept[:, step] = self._left[:few]
            right = equations.adjoint(self._left) - _scaled(below, self._right)
            if tall:
                _clear(right[:few], kept[:, :step])
            along, self._right = _unit(right, self._rounding, equations.dtype)
            if tall:
                kept[:, step] = self._right[:few]
            left = equations.forward(self._right) - _scaled(along, self._left)
            if not tall:
                _clear(left[:few], kept[:, : step + 1])
            below, self._left = _unit(left, self._rounding, equations.dtype)
            self._scalars[:, step] = np.stack([along, below], axis=1)
            self.steps = step + 1

    def largest(self) -> float:
        """The largest squared singular value that the random vectors show, from below."""
        return max(float(self._rule(row)[0].max()) for row in range(PROBES))

    def curves(self, alphas: np.ndarray) -> Curves:
        """What the rules of `mpifast.solvers.parameter_choice` read, at each of float64[candidates] alphas, not 0."""
        n = len(self._norms) - PROBES
        residual, size, freedom = (np.zeros((count, len(alphas))) for count in (n, n, PROBES))
        for row, square in enumerate(self._norms**2):
            nodes, weights = self._rule(row)
            rest = alphas[:, None] / (nodes + alphas[:, None])
            if row < PROBES:
                freedom[row] = square * (rest @ weights)
            else:
                residual[row - PROBES] = square * (rest**2 @ weights)
                size[row - PROBES] = square * (rest**2 @ (weights * nodes)) / alphas**2
        return Curves(residual, size, freedom.mean(axis=0))

    def _rule(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        """Nodes and weights of a vector."""
        along, below = self._scalars[row, : self.steps].T
        inner = np.diag(np.append(along**2, 0.0) + np.append(0.0, below**2)) + np.diag(along * below, -1)
        nodes, vectors = np.linalg.eigh(inner)  # it reads what is below the diagonal
        rounding = len(nodes) * np.finfo(np.float64).eps * nodes[-1]
        return np.where(nodes > rounding, nodes, 0.0), vectors[0] ** 2


def together(shape: tuple[int, int]) -> int:
    """How many data vectors fit into the memory at a time."""
    return max(1, int(shape[0] * shape[1] / (4 * PART * sum(shape))) - PROBES)


def _clear(vectors: np.ndarray, kept: np.ndarray) -> None:
    """Take their part along kept vectors [n, k, length] from vectors [n, length]; twice, as the first leaves some."""
    for _ in range(2):
        for vector, others in zip(vectors, kept, strict=True):
            vector -= (others @ vector) @ others


def _scaled(factors: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    return factors.astype(vectors.dtype)[:, None] * vectors


def _unit(vectors: np.ndarray, rounding: float, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    """Norms float64[n], and the vectors over them; zeros for one that is no more than rounding."""
    double = vectors.astype(np.float64)  # float32 has no squares below 1e-45
    norms = np.linalg.norm(double, axis=1)
    norms[norms <= rounding] = 0.0
    double /= np.where(norms > 0.0, norms, np.inf)[:, None]
    return norms, double.astype(dtype, copy=False)
