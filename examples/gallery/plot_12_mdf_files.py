"""
Read, check and reconstruct MDF files
=====================================

MDF is the file format of the field: HDF5 with agreed names. mpifast reads calibration files and measurements, says
where a file departs from the format, and reconstructs the measurement.
"""

import shutil
import tempfile
from pathlib import Path

import h5py
import matplotlib.pyplot as plt
import numpy as np

import mpifast

# sphinx_gallery_thumbnail_number = 2

# %%
# Two files stand in for those of a scanner: the system matrix, with noise as in a measured one, and a measurement of 20
# frames between 40 frames of the empty scanner.

grid = mpifast.Grid((30, 30), (24e-3, 24e-3))
scanner = mpifast.LissajousScanner(grid)
true = mpifast.system_matrix(scanner, mpifast.Particle(25e-9), band=(40e3, 600e3), level=3e-4, tolerance=1e-6)
random = np.random.default_rng(1)


def noise(shape: tuple[int, ...], level: float) -> np.ndarray:
    """Complex white noise; the level is over the largest number of the matrix."""
    return level * np.abs(true.matrix).max() * (random.normal(size=shape) + 1j * random.normal(size=shape))


folder = tempfile.TemporaryDirectory()
calibration, measurement = Path(folder.name) / "calibration.mdf", Path(folder.name) / "measurement.mdf"
rows = {"channels": true.rows["channel"], "numbers": true.rows["number"], "frequencies": true.rows["frequency"]}
calibrated = mpifast.linear_system(true.matrix + noise(true.matrix.shape, 2e-3), grid, **rows)
gradient = {"/acquisition/gradient": np.diag(scanner.gradient)[None, None]}
mpifast.write_mdf(calibration, calibrated, metadata=gradient)
phantom = mpifast.phantoms.vessels(grid).draw(4, [0])
named = gradient | {"/study/name": "vessels"}
frames, empty = true.forward(phantom) + noise((20, len(true.rows)), 0.6), noise((40, len(true.rows)), 0.6)
mpifast.write_mdf(measurement, frames, calibrated, domain="time", background=empty, metadata=named)

# %%
# `mpifast.check_mdf` gives one line for each breach of the format, with its cure. A sound file has none; in a copy two
# datasets are damaged.

print(mpifast.check_mdf(measurement))
damaged = Path(folder.name) / "damaged.mdf"
shutil.copy(measurement, damaged)
with h5py.File(damaged, "r+") as file:
    del file["acquisition/receiver/unit"]
    del file["measurement/isBackgroundFrame"]
    file["measurement/isBackgroundFrame"] = np.zeros(7, np.int8)
for breach in mpifast.check_mdf(damaged):
    print(breach)

# %%
# Reading is lazy: only the frames that are asked for are read. ``domain="time"`` gives volts over time. The unit
# follows from a coil of unit sensitivity, so the figure shows the signal over its maximum.

with mpifast.read_mdf(measurement) as file:
    print(file, file["/study/name"], sep="\n")
    period = 1e6 * file["/acquisition/drivefield/cycle"]
    signal = file.frames(slice(None), domain="time")[:, 0, 0]
figure, panel = plt.subplots(figsize=(8, 3.2), layout="constrained")
time = np.arange(signal.shape[1]) * period / signal.shape[1]
signal = signal / signal[:20].mean(axis=0).max()
panel.plot(time, signal[0], linewidth=0.7, label="one frame")
panel.plot(time, signal[:20].mean(axis=0), linewidth=1.2, label="mean of 20 frames")
panel.set(xlabel="time (us)", ylabel="voltage over its maximum", title="Receive channel x", xlim=(0, 200))
panel.legend()
plt.show()

# %%
# ``system`` chooses rows, here by their frequency; ``measured`` finds the same rows in the measurement, averages its
# frames and subtracts the background. `mpifast.reconstruct` takes Kaczmarz's method, here with 100 sweeps. A single
# frame is too noisy for an image.

images, titles = [phantom], ["phantom"]
for average, name in ((1, "one frame"), (0, "mean of 20 frames")):
    with mpifast.read_mdf(calibration) as matrix, mpifast.read_mdf(measurement) as scan:
        system = matrix.system(band=(60e3, 400e3))
        u = system.measured(scan, average=average)[:1]
    found = mpifast.reconstruct(system, u, alpha=0.02, iterations=100)
    print(found)
    images.append(found.images.reshape(1, -1))
    titles.append(f"{name}\nNRMSE {mpifast.metrics.nrmse(images[-1], phantom):.2f}")
figure, panels = plt.subplots(1, 3, figsize=(9.5, 3.1), layout="constrained")
mpifast.plots.images(np.concatenate(images), grid, titles=titles, limits=(0, 1), axes=panels)
folder.cleanup()
plt.show()
