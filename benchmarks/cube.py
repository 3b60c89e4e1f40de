"""A three-dimensional scan from its scanner to images: ``python -m benchmarks.cube`` prints seconds and peak memory.

Noisy spectra of vessels are stored in HDF5, the system and a measurement in MDF files; both are read back, and images
made by Kaczmarz's method and by a trained network are drawn in millimetres. ``--voxels`` and ``--samples`` make it
smaller.
"""

import argparse
import resource
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

import mpifast
from mpifast import plots

SHOWN = 3  # phantoms in the picture
SEEN = 100_000  # number of the first test phantom: no training sees it


class Steps:
    """Prints what was done, its seconds, and the largest memory of the process so far."""

    def __init__(self) -> None:
        self._last = time.perf_counter()

    def done(self, what: str) -> None:
        now = time.perf_counter()
        unit = 1 if sys.platform == "darwin" else 1024
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9
        print(f"{now - self._last:8.1f} s  {peak:6.2f} GB  {what}", flush=True)
        self._last = time.perf_counter()


def scan(voxels: int, level: float) -> mpifast.LinearSystem:
    """A commercial scanner's rows above a level, 20 nm."""
    grid = mpifast.Grid((voxels,) * 3, (24e-3, 24e-3, 12e-3))
    scanner = mpifast.LissajousScanner(grid, drive_amplitude=(12e-3, 12e-3, 12e-3))
    return mpifast.system_matrix(scanner, mpifast.Particle(20e-9), band=(80e3, None), level=level, tolerance=1e-6)


def network_images(folder: Path, spectra: Any, samples: int, epochs: int, u: np.ndarray, steps: Steps) -> Any:
    """Images of ``u`` by a network without hidden layer, trained on the store."""
    store = mpifast.open_spectra(folder / "data.h5")
    steps.done(f"store opened: {store}")
    network = mpifast.Network(spectra.equations, spectra.system.voxels, weight_range=0.05, bias=True, seed=1)
    history = network.fit(*store[:samples], epochs=epochs, learning_rate=20.0, batch_size=32)
    steps.done(f"network trained, {epochs} epochs: training MSE {history.train_mse[-1]:.3g}")
    return network.predict(u)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cube", description=__doc__)
    parser.add_argument("--voxels", type=int, default=30, help="along each axis")
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--level", type=float, default=3e-3)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("cube"), help="folder")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore", mpifast.ConvergenceWarning)  # a fixed number of sweeps
    steps = Steps()
    system = scan(options.voxels, options.level)
    steps.done(f"{len(system.rows):,} rows found, {system.voxels:,} voxels; {type(system.forward_model).__name__}")
    vessels = mpifast.phantoms.vessels(system.grid)
    spectra = mpifast.Spectra(system, seed=7, snr_db=40.0, phantoms=vessels)
    spectra.save(options.out / "data.h5", options.samples)
    steps.done(f"{options.samples:,} noisy spectra and phantoms in HDF5")
    u, c = spectra[SEEN : SEEN + SHOWN]
    mpifast.write_mdf(options.out / "system.mdf", system)
    mpifast.write_mdf(options.out / "measured.mdf", u, system)
    steps.done("system and measurement as MDF files")
    with mpifast.read_mdf(options.out / "system.mdf") as file, mpifast.read_mdf(options.out / "measured.mdf") as data:
        read, measured = file.system(), data.spectra()
    steps.done(f"read back: {read}")
    by_kaczmarz = mpifast.kaczmarz(read, measured, alpha=1e-4, relative=True, iterations=50, nonnegative=True)
    steps.done(
        f"kaczmarz, 50 sweeps: MSE {mpifast.metrics.mse(by_kaczmarz, c):.3g} (of no image {(c**2.0).mean():.3g})"
    )
    by_network = network_images(options.out, spectra, options.samples, options.epochs, u, steps)
    steps.done(f"network's images: MSE {mpifast.metrics.mse(by_network, c):.3g}")
    sheet = plots.reconstructions(
        c, {"kaczmarz": by_kaczmarz, "network": by_network}, system, samples=[0], projection=True
    )
    plots.save(sheet, options.out / "images.png")
    steps.done(f"picture: {options.out / 'images.png'}")


if __name__ == "__main__":
    main()
