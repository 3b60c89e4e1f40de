"""Tikhonov's image of a measured three-dimensional system with a given alpha, against SciPy's Cholesky factor of the
normal equations: mark N10.
"""

import functools

import numpy as np
import scipy.linalg

import mpifast
from benchmarks.pairs import Errors, Mark, Pair

RELATIVE = 1e-2  # alpha over ||S||_F^2 / voxels
ROWS = 4_500  # complex ones
TOLERANCE = 1e-2  # the relative error of an image: the peer's in single precision is a tenth of it


@functools.lru_cache(maxsize=1)
def problem(voxels: int = 19, rows: int = ROWS) -> tuple[np.ndarray, np.ndarray]:
    """The strongest rows in single precision, of any phase and with the noise of a calibration, which is a third of the
    weakest row's peak; and a noisy spectrum of a box.
    """
    random = np.random.default_rng(0)
    grid = mpifast.Grid((voxels,) * 3, (38e-3, 38e-3, 19e-3))
    scanner = mpifast.LissajousScanner(
        grid, drive_amplitude=(12e-3, 12e-3, 12e-3), divider=(102, 96, 99), channels=("x", "y", "z")
    )
    made = mpifast.system_matrix(scanner, mpifast.Particle(25e-9), tolerance=1e-6, band=(80e3, None), level=1e-3)
    signal = made.columns(dtype="complex64").imag
    peaks = np.abs(signal).max(axis=1)
    signal = signal[np.sort(np.argsort(-peaks)[:rows])]
    phase = random.uniform(0.0, 2.0 * np.pi, (len(signal), 1)).astype(np.float32)
    matrix = np.concatenate([np.cos(phase) * signal, np.sin(phase) * signal])
    matrix += np.sort(peaks)[-len(signal)] / 3 * random.standard_normal(matrix.shape, np.float32)
    box = np.zeros(grid.shape)
    box[voxels // 4 : voxels // 2, voxels // 4 : -voxels // 4, voxels // 3 : -voxels // 3] = 1.0
    u = (matrix @ box.reshape(-1).astype(np.float32)).astype(np.float64)
    return matrix, u + 0.01 * np.abs(u).max() * random.standard_normal(len(u))


def direct(matrix: np.ndarray, u: np.ndarray, alpha: float) -> np.ndarray:
    """The peer, in the matrix' precision."""
    kind = matrix.dtype
    factor = scipy.linalg.cho_factor(matrix.T @ matrix + kind.type(alpha) * np.eye(matrix.shape[1], dtype=kind))
    return scipy.linalg.cho_solve(factor, matrix.T @ u.astype(kind))


def image(voxels: int = 19, rows: int = ROWS) -> Pair:
    """N10: one spectrum; the system knows nothing from calls before."""
    matrix, u = problem(voxels, rows)
    alpha = RELATIVE * float(np.einsum("kj,kj->", matrix, matrix, dtype=np.float64)) / matrix.shape[1]

    @functools.cache
    def exact() -> np.ndarray:
        return direct(matrix.astype(np.float64), u, alpha)

    def ours(_: int) -> np.ndarray:
        return mpifast.tikhonov(mpifast.linear_system(matrix), u[None], alpha=alpha)[0]

    def error(found: np.ndarray) -> float:
        return float(np.linalg.norm(found - exact()) / np.linalg.norm(exact()))

    return Pair(
        "N10",
        "Tikhonov with a given alpha, one spectrum",
        "SciPy's Cholesky factor of the normal equations",
        {"rows": matrix.shape[0], "voxels": matrix.shape[1], "samples": 1},
        ours,
        lambda _: direct(matrix, u, alpha),
        lambda threads: Errors(error(ours(threads)), error(direct(matrix, u, alpha))),
        TOLERANCE,
        Mark("ratio", 1.0),
    )
