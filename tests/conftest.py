"""Fixtures that many tests share, and the rule that the installed package is tested."""

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
if not list((ROOT / "mpifast" / "physics" / "tracer").glob("_langevin_kernels.*.so")):
    # `python -m pytest` puts the checkout first on the path, where nothing is compiled: leave only the installed
    # package.
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != ROOT]
    if importlib.util.find_spec("mpifast") is None:
        raise pytest.UsageError('mpifast is not installed: python -m pip install ".[test]"')
    sys.path.append(str(ROOT))  # last, for the benchmarks

import hypothesis  # noqa: E402  (after the path is right)
import scanner_systems  # noqa: E402

import mpifast  # noqa: E402

hypothesis.settings.register_profile("mpifast", deadline=None)  # first calls compile, and the machine may be busy
hypothesis.settings.load_profile("mpifast")

if (
    signal.getsignal(signal.SIGINT) == signal.SIG_IGN
):  # a job in the background of a shell, where tests of Ctrl-C would never end
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers(config):
    """Two processes: each compiles what its tests need, so more would gain little. None of their own for tests that
    measure times, or that kill and interrupt.
    """
    if config.option.benchmark_enable or config.option.markexpr in ("slow", "gallery"):
        config.option.dist = "no"
        return 0
    # The threads of BLAS and OpenMP spin while they wait: those of two processes on two cores double the time.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    return 2


@pytest.fixture(scope="session")
def system():
    """The paper's scanner at 40 nm."""
    return mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))


@pytest.fixture(scope="session")
def small_system():
    """Eleven voxels, fourteen harmonics: small enough for loops that run as plain Python."""
    return scanner_systems.small_system()


@pytest.fixture
def random():
    """A fresh generator for test data."""
    return np.random.default_rng(20171206)


@pytest.fixture
def small(small_system, random):
    """Thirty-five noisy spectra of random images of the small system: more than two blocks of a solver."""
    u = small_system.spectra(random.uniform(size=(35, 11)), dtype="float64")
    return u + 0.05 * random.normal(size=u.shape)


@pytest.fixture(scope="session")
def noisy(system):
    """Spectra at 30 dB, phantoms and the noise level at the paper's size."""
    spectra = mpifast.Spectra(system, seed=7, snr_db=30.0, dtype="float64")
    return *spectra[:40], spectra.noise_level


@pytest.fixture
def run_python(tmp_path):
    """Run a fresh interpreter in an empty folder (in the checkout it would find the uncompiled package): its
    CompletedProcess.
    """

    def run(*arguments, **environment):
        path = os.pathsep.join(entry for entry in sys.path if entry)
        env = {**os.environ, "PYTHONPATH": path, **environment}
        return subprocess.run(
            [sys.executable, *arguments], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300
        )

    return run
