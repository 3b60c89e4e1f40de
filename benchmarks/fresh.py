"""Fresh processes: imports (P10), the first results (P11), the whole paper (P9), and peak memory."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

FIRST = """
import mpifast
system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
u, c = mpifast.Spectra(system, seed=7)[:1000]
mpifast.Network(200, 129, seed=1).fit(u, c, epochs=1)
"""
IMPORT = "import time; start = time.perf_counter(); import {}; print(time.perf_counter() - start)"

# Linux sets a process' peak to what it holds now when 5 is written to clear_refs. The work has been done once, on less,
# so code is compiled.
PEAK = """
import mpifast
from pathlib import Path

def status(name):
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return 1024 * int(line.split()[1])

def peak(work):
    Path("/proc/self/clear_refs").write_text("5")
    before = status("VmRSS")
    result = work()
    return status("VmHWM") - before, result

system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
spectra, network = mpifast.Spectra(system, seed=7), mpifast.Network(200, 129, seed=1)
"""
SPECTRA_AND_PASS = """
network.fit(*spectra[:1000], epochs=1)
def work():
    u, c = spectra[:30_000]
    network.fit(u, c, epochs=1)
    return u.nbytes + c.nbytes + network.weights[0].nbytes
print(*peak(work))
"""
STREAM = """
def work():
    return sum(u.nbytes + c.nbytes for u, c in spectra.batches(16_384, stop={}))
spectra[:1000]
print(*peak(work))
"""


def run(*arguments: str, **environment: str) -> tuple[float, str]:
    """Seconds and output of a Python process of its own, away from the checkout."""
    settings = {**os.environ, **environment}
    settings.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([sys.executable, *arguments], cwd=folder, env=settings, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{arguments} failed:\n{done.stderr}")
    return time.perf_counter() - start, done.stdout


def imports(rounds: int) -> tuple[list[float], list[float]]:
    """P10: seconds of ``import mpifast`` and of ``import numpy``, each in a process of its own, in turn."""
    both = [
        [float(run("-c", IMPORT.format(package))[1]) for package in ("mpifast", "numpy")] for _ in range(rounds + 1)
    ]
    ours, peer = zip(*both[1:], strict=True)  # the first fills the disk's cache
    return list(ours), list(peer)


def first_results(cold: int, warm: int) -> tuple[list[float], list[float]]:
    """P11: seconds of a process that imports, makes 1,000 spectra and trains a pass on them, with an empty and with a
    filled cache.
    """
    colds: list[float] = []
    while True:
        with tempfile.TemporaryDirectory() as folder:
            colds.append(run("-c", FIRST, MPIFAST_CACHE=folder)[0])
            if len(colds) == cold:
                return colds, [run("-c", FIRST, MPIFAST_CACHE=folder)[0] for _ in range(warm)]


def reproduce(*options: str) -> float:
    """P9: seconds of ``mpifast reproduce``, with nothing compiled before."""
    with tempfile.TemporaryDirectory() as folder:
        return run("-m", "mpifast", "reproduce", "--out", "results", *options, MPIFAST_CACHE=folder)[0]


def peaks() -> Mapping[str, tuple[int, int]] | None:
    """Peak memory beyond what the process held before, and the bytes that went through; None where the system does not
    tell.
    """
    if not Path("/proc/self/clear_refs").exists():
        return None
    programs = {
        "30,000 spectra and a pass": SPECTRA_AND_PASS,
        **{f"{count:,} spectra in batches": STREAM.format(count) for count in (10**5, 10**6, 10**7)},
    }
    found = {}
    for name, program in programs.items():
        peak, through = map(int, run("-c", PEAK + program)[1].split())
        found[name] = (peak, through)
    return found
