"""Images of a thousand noisy spectra: every solver, with the slow twin of the iterative ones and SciPy's direct
solution as peers.
"""

import functools

import numpy as np
import scipy.linalg

import mpifast
from benchmarks import kaczmarz_sizes, large_tikhonov, pairs, problems
from benchmarks.peers.kaczmarz import kaczmarz as peer_kaczmarz
from mpifast import reference

SAMPLES = 1000
ALPHA = 1.0
SWEEPS = 20


@functools.cache
def spectra():
    """Noisy spectra in float64."""
    return mpifast.Spectra(problems.system(), seed=7, snr_db=problems.SNR_DB, dtype="float64")[:SAMPLES][0]


class Solvers:
    params = (["tsvd", "tikhonov", "cholesky", "kaczmarz", "kaczmarz nonnegative", "sparse", "nnls"], [1, 2])
    param_names = ("solver", "threads")

    def setup(self, solver, threads):
        system, u = problems.system(), spectra()
        real = system.real
        fixed = {"iterations": SWEEPS, "tolerance": 0.0, "threads": threads}
        self.blas = pairs.blas_threads(threads)
        few = u[:2]  # enough of the slow twins
        self.call, expected = {
            "tsvd": (lambda: mpifast.tsvd(system, u), lambda: None),
            "tikhonov": (lambda: mpifast.tikhonov(system, u), lambda: None),
            "cholesky": (lambda: cholesky(real, u), lambda: mpifast.tikhonov(system, few, alpha=ALPHA)),
            "kaczmarz": (
                lambda: mpifast.kaczmarz(system, u, alpha=ALPHA, **fixed),
                lambda: reference.kaczmarz(real, few, ALPHA, SWEEPS),
            ),
            "kaczmarz nonnegative": (
                lambda: mpifast.kaczmarz(system, u, alpha=ALPHA, nonnegative=True, **fixed),
                lambda: reference.kaczmarz(real, few, ALPHA, SWEEPS, True),
            ),
            "sparse": (
                lambda: mpifast.sparse(system, u, alpha=ALPHA, **fixed),
                lambda: reference.fista(real, few, ALPHA, SWEEPS),
            ),
            "nnls": (lambda: mpifast.nnls(system, u, alpha=20.0), lambda: constrained(real, few, 20.0)),
        }[solver]
        images, peer = self.call(), expected()
        if peer is None:  # a choice for each spectrum: held to the slow twin with what was chosen
            solve, twin = getattr(mpifast, solver), getattr(reference, solver)
            chosen = solve(system, few, full_output=True).parameter
            peer = np.vstack([twin(real, few[n : n + 1], chosen[n]) for n in range(len(few))])
        assert pairs.deviation(images[: len(few)], peer) < 1e-8

    def teardown(self, solver, threads):
        self.blas.restore_original_limits()

    def time_images(self, solver, threads):
        self.call()

    def peakmem_images(self, solver, threads):
        self.call()


class Large:
    """A system of single precision that is solved by iteration; benchmarks.large_tikhonov compares it with SciPy."""

    timeout = 300

    def setup(self):
        self.matrix, u = large_tikhonov.problem(14, 2_000)
        self.u, self.kept = u[None], mpifast.linear_system(self.matrix)
        found = mpifast.tikhonov(self.kept, self.u, alpha=1e-2, relative=True)[0]
        exact = large_tikhonov.direct(
            self.matrix.astype(np.float64), u, 1e-2 * np.square(self.matrix).sum() / self.matrix.shape[1]
        )
        assert np.linalg.norm(found - exact) < 1e-3 * np.linalg.norm(exact)

    def time_tikhonov(self):
        mpifast.tikhonov(mpifast.linear_system(self.matrix), self.u, alpha=1e-2, relative=True)

    def time_tikhonov_again(self):
        mpifast.tikhonov(self.kept, self.u, alpha=1e-2, relative=True)

    def time_tsvd(self):
        mpifast.tsvd(mpifast.linear_system(self.matrix), self.u, rank=100)


class LargeKaczmarz:
    """A measured matrix in single precision: one spectrum and 64, with both projections."""

    params = ([1, kaczmarz_sizes.FRAMES], ["dykstra", "plain"], [1, 2])
    param_names = ("spectra", "projection", "threads")

    def setup(self, spectra, projection, threads):
        system, u, _ = kaczmarz_sizes.problem(19**3)
        options = kaczmarz_sizes.OPTIONS | {"projection": projection, "threads": threads}
        self.call = lambda: mpifast.kaczmarz(system, u[:spectra], **options)
        alone = mpifast.kaczmarz(system, u[:1], **options)
        if projection == "plain":
            matrix, rows = system.matrix, kaczmarz_sizes.ROWS
            spectrum = (u[0, :rows] + 1j * u[0, rows:]).astype(np.complex64)
            expected = peer_kaczmarz(matrix, spectrum, kaczmarz_sizes.problem(19**3)[2], kaczmarz_sizes.SWEEPS)
            assert pairs.deviation(alone[0], expected) < 1e-4
        assert pairs.deviation(self.call()[:1], alone) < 1e-4

    def time_images(self, spectra, projection, threads):
        self.call()


class Reference:
    """Two spectra are enough of the plain loops."""

    params = ["kaczmarz", "fista"]
    param_names = ("solver",)

    def time_images_of_2_spectra(self, solver):
        getattr(reference, solver)(problems.system().real, spectra()[:2], ALPHA, SWEEPS)


class Accuracy:
    """The error beside the time: mean squared error of each solver's own choice."""

    params = ["tsvd", "tikhonov", "kaczmarz", "sparse", "nnls"]
    param_names = ("solver",)

    def track_mse(self, solver):
        u, c = mpifast.Spectra(problems.system(), seed=7, snr_db=problems.SNR_DB, dtype="float64")[:100]
        return mpifast.metrics.mse(getattr(mpifast, solver)(problems.system(), u), c)


def cholesky(real, u):
    """Tikhonov's image by the normal equations."""
    factor = scipy.linalg.cho_factor(real.T @ real + ALPHA * np.eye(real.shape[1]))
    return scipy.linalg.cho_solve(factor, real.T @ u.T).T


def constrained(real, u, alpha):
    """Non-negative images by many sweeps of the fast loop, which the tests hold to the slow one."""
    system = problems.system()
    assert real is system.real
    return mpifast.kaczmarz(system, u, alpha=alpha, nonnegative=True, iterations=20_000, tolerance=1e-11)
