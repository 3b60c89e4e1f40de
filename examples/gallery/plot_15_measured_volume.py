"""
A measured volume
=================

A measurement in three dimensions is reconstructed with a measured system matrix: rows are chosen by their
signal-to-noise ratio, the background is subtracted, weights follow from the noise. A recipe from the literature stands
beside Tikhonov's method and the fused lasso.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import mpifast

# sphinx_gallery_thumbnail_number = 2

# %%
# First the two files, as a scanner would write them. The measured matrix has noise, and a background that drifts while
# the delta sample moves from voxel to voxel; after every 49 voxels a frame of the empty scanner is taken.


def scanner(voxels: int) -> mpifast.LissajousScanner:
    """Three drive fields of 12 mT, on a grid of so many voxels along x."""
    grid = mpifast.Grid((voxels, voxels, voxels // 2), (24e-3, 24e-3, 12e-3))
    return mpifast.LissajousScanner(grid, drive_amplitude=(12e-3, 12e-3, 12e-3), channels=("x", "y", "z"))


device = scanner(14)
true = mpifast.system_matrix(device, mpifast.Particle(28e-9), band=(40e3, None), level=1e-2, tolerance=1e-6)
frequency = true.rows["frequency"]
random = np.random.default_rng(1)
level = 1e-3 * np.abs(true.matrix).max() * (1 + (80e3 / frequency) ** 2)
offset, drift = 20 * level * np.exp(2j * np.pi * random.random((2, len(frequency))))


def empty_scanner(moments: np.ndarray) -> np.ndarray:
    """Background and noise at moments between 0 and 1, complex64[moments, rows]."""
    noise = random.normal(size=(2, len(moments), len(frequency)))
    return (offset + np.outer(moments, drift) + level * (noise[0] + 1j * noise[1])).astype(np.complex64)


moments = np.linspace(0, 1, true.voxels + true.voxels // 49)
empty = np.arange(len(moments)) % 50 == 49
matrix = true.matrix + empty_scanner(moments[~empty]).T
labels = {"channels": true.rows["channel"], "numbers": true.rows["number"], "frequencies": frequency}
measured = mpifast.linear_system(matrix.astype(np.complex64), device.grid, **labels)
gradient = {"/acquisition/gradient": np.diag(device.gradient)[None, None]}
folder = tempfile.TemporaryDirectory()
calibration, measurement = Path(folder.name) / "calibration.mdf", Path(folder.name) / "measurement.mdf"
background = {"background": empty_scanner(moments[empty]), "background_at": np.flatnonzero(empty)}
mpifast.write_mdf(calibration, measured, metadata=gradient, **background)

# %%
# The vessels are scanned on a grid of half the voxel size, with another batch of the tracer: 20 frames between two
# times 20 frames of the empty scanner.

fine = mpifast.system_matrix(scanner(28), mpifast.Particle(27e-9), band=(40e3, None), tolerance=1e-6)
fine = fine.select(np.flatnonzero(np.isin(fine.rows[["channel", "number"]], true.rows[["channel", "number"]])))
tree = mpifast.phantoms.vessels(fine.grid, radius=1.6e-3).draw(5, [22])
phantom = tree.reshape(14, 2, 14, 2, 7, 2).mean(axis=(1, 3, 5))
moments = np.linspace(0, 1, 60)
before_after = np.r_[0:20, 40:60]
frames = fine.forward(tree) / 8 + empty_scanner(moments[20:40])
background = {"background": empty_scanner(moments[before_after]), "background_at": before_after}
mpifast.write_mdf(measurement, frames, measured, metadata=gradient, domain="time", **background)

# %%
# From here on the files might be your own. ``system`` leaves rows out whose signal-to-noise ratio is below 3;
# ``measured`` averages the frames. The background is interpolated between the frames of the empty scanner.

with mpifast.read_mdf(calibration) as file, mpifast.read_mdf(measurement) as scan:
    system = file.system(snr=3.0, band=(80e3, None), background="interpolate")
    u = system.measured(scan, average=0, background="interpolate")
    weights = scan.whitening(system)
print(system.selection)

# %%
# `mpifast.reconstruct` calls any of the solvers. ``alpha`` is relative to the norm of the matrix, as lambda is in
# MPIReco.jl.

recipes = {
    "Kaczmarz, 3 sweeps": {"alpha": 1e-3, "iterations": 3, "projection": "plain"},
    "Tikhonov": {"solver": "tikhonov", "alpha": 1e-2, "weights": weights},
    "fused lasso": {"solver": "fused-lasso", "weights": weights, "iterations": 60},
}
images = {"phantom": phantom}
for name, recipe in recipes.items():
    found = mpifast.reconstruct(system, u, **recipe)
    image = found.images[0]
    image *= (image * phantom).sum() / (image**2).sum()  # the other batch has another moment
    images[f"{name}\nNRMSE {mpifast.metrics.nrmse(image, phantom):.2f}"] = image
    print(found)

# %%
# The largest values along z, y and x:

stack = np.stack(list(images.values())).reshape(len(images), -1)
shown = {"titles": list(images), "limits": (0.0, float(phantom.max())), "colormap": "inferno"}
plt.figure(mpifast.plots.images(stack, device.grid, projection=True, **shown))
plt.show()

# %%
# Three planes through the strongest voxel of the fused lasso's image, the phantom, and the difference of both:

plt.figure(mpifast.plots.draw_images(image[None], device.grid, reference=phantom))
folder.cleanup()
plt.show()
