"""What a run is measured on: the machine's facts, its SGEMM rate and its memory bandwidth."""

import importlib.metadata
import os
import platform
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numba
import numpy as np
from threadpoolctl import threadpool_info

from benchmarks.pairs import Clock, blas_threads

PACKAGES = ("mpifast", "numpy", "scipy", "numba", "torch", "scikit-learn")
SETTINGS = ("OPENBLAS_", "MKL_", "OMP_", "KMP_", "NUMBA_")
SIDE = 2048  # of the SGEMM
COPIED = 2**28  # bytes, far beyond the caches


def all_threads() -> int:
    """Cores that this process may use."""
    return int(numba.config.NUMBA_NUM_THREADS)


def facts() -> dict[str, Any]:
    """Processor, versions and commit; never the machine's name."""
    blas = next((library for library in threadpool_info() if library["user_api"] == "blas"), {})
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads": all_threads(),
        "system": f"{platform.system()} {platform.machine()}",
        "load at the start": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "blas": f"{blas.get('internal_api')} {blas.get('version')} ({blas.get('architecture')})",
        # They choose the peer's kernels and threads: a forced core type can halve its rate.
        "settings": ", ".join(
            f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith(SETTINGS)
        )
        or "none",
        "versions": {package: _version(package) for package in PACKAGES},
        "commit": _commit(),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def rates(threads: int, rounds: int) -> dict[str, Any]:
    """Operations a second of a large SGEMM and bytes a second of a large copy (read and written), one value a round."""
    a, b, c = (np.ones((SIDE, SIDE), np.float32) for _ in range(3))
    source, target = (np.ones(COPIED // 4, np.float32) for _ in range(2))
    parts = list(zip(np.array_split(source, threads), np.array_split(target, threads), strict=True))
    with blas_threads(threads), ThreadPoolExecutor(threads) as pool:
        product = Clock(lambda: np.matmul(a, b, out=c))
        copy = Clock(lambda: list(pool.map(lambda part: np.copyto(part[1], part[0]), parts)))
        return {
            "threads": threads,
            "flops": [2 * SIDE**3 / product.seconds() for _ in range(rounds)],
            "bytes": [2 * COPIED / copy.seconds() for _ in range(rounds)],
        }


def _cpu() -> str:
    """The processor's name and widest vectors, where the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    values = dict(line.split(":", 1) for line in lines if ":" in line)
    named = {key.strip(): value.strip() for key, value in values.items()}
    flags = named.get("flags", "").split()
    vectors = next((name for flag, name in (("avx512f", "AVX-512"), ("avx2", "AVX2")) if flag in flags), "")
    return f"{named.get('model name', platform.machine())} {vectors}".strip()


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "missing"


def _commit() -> str:
    """Of the checkout, with a mark if it has changes."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    try:
        return subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
