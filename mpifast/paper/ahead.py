"""Loops compiled ahead, in a process beside the first trainings: in a process only one thread at a time can compile.

The cache of compiled code hands them over. The process begins before this one has loaded anything.
"""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any


@contextmanager
def compiling_ahead() -> Iterator[None]:
    """Compile what the last figures need while the block runs, if nothing is compiled yet."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}  # the same package, wherever it lies
    silent: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    process = subprocess.Popen([sys.executable, "-P", "-m", __name__], env=environment, **silent)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def compile_loops() -> None:
    """Small examples of what the last figures do, with the same types."""
    from mpifast._compiled import cache

    folder = cache.folder()
    if folder is None or any(folder.iterdir()):
        return
    import numpy as np

    from mpifast.networks.network import Network
    from mpifast.paper.experiments import train
    from mpifast.paper.methods import tuned_solvers
    from mpifast.paper.plane import PlaneExperiment
    from mpifast.paper.tracers.study import Tracer, system_of
    from mpifast.physics.fields.scanner import Scanner
    from mpifast.physics.system_matrix import system_matrix
    from mpifast.physics.tracer.particle import Particle

    system = system_matrix(Scanner(voxels=11), Particle(40e-9), harmonics=14)
    c = np.eye(11, dtype=np.uint8)
    u = c @ system.real.T
    network = Network(14, 11, (3,), scaling="sample")
    network.predict(u.astype(np.float32), threads=1)
    network.fit(u.astype(np.float32), c, epochs=1, threads=1, progress=False)
    small = PlaneExperiment(diameter_nm=30.0, samples=8, epochs=1, voxels=17, kind="vessels", snr_db=30.0)
    train(small)
    replace(small, dtype="float64").spectra[:2]
    system_of(Tracer(spread=0.1, anisotropy=100.0), voxels=17)
    for solve, _ in tuned_solvers(system, u, c.astype(np.float64), iterations=2).values():
        solve(u)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    compile_loops()
