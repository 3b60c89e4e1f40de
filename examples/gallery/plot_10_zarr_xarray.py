"""
Spectra by the million on disk
==============================

A store of spectra and phantoms is for other programs and for sharing the very numbers. ``Spectra.save`` streams
it to zarr or HDF5 in flat memory, and xarray reads it lazily, with coordinates in metres and hertz. This page writes
20,000 samples, so that it is built in seconds; for a million change one number.
"""

import tempfile
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import mpifast

# %%
# A two-dimensional scan of vessels with noise:

COUNT = 20_000  # 1_000_000 takes 50 times as long and as much room
grid = mpifast.Grid((24, 24), (24e-3, 24e-3))
scanner = mpifast.LissajousScanner(grid)
system = mpifast.system_matrix(scanner, mpifast.Particle(25e-9), band=(60e3, None), level=3e-2, tolerance=1e-5)
spectra = mpifast.Spectra(system, seed=7, snr_db=30.0, phantoms=mpifast.phantoms.vessels(grid))

# %%
# A store appears under its name when it is complete. After an interruption the same call continues.

folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "vessels.zarr"
start = time.perf_counter()
spectra.save(path, COUNT)
seconds = time.perf_counter() - start
size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
print(f"{COUNT:,} samples: {size / 1e6:.0f} MB in {seconds:.1f} s")
print(f"a million, at this speed: {1e3 * size / COUNT / 1e6:.1f} GB in {1e6 * seconds / COUNT:.0f} s")

# %%
# ``to_xarray`` labels the dimensions. With ``chunks`` the arrays are lazy: dask reads a chunk at a time, so that a
# reduction over a store of any size fits in memory.

store = mpifast.open_spectra(path)
data = store.to_xarray(chunks=4_000)
print(data)

# %%
# The mean phantom says where the training set has vessels, the spread of the spectra which rows have a signal.

phantoms = data.phantoms.set_index(voxel=["x", "y"])
mean = phantoms.mean("sample").compute()
deviation = data.spectra.std("sample").compute()
figure, panels = plt.subplots(1, 4, figsize=(13, 2.9), layout="constrained")
mpifast.plots.images(
    np.stack([mean.values / mean.values.max(), *phantoms[[0, COUNT // 2, COUNT - 1]].values]),
    grid,
    titles=["mean of all, over its maximum", "sample 0", f"sample {COUNT // 2:,}", f"sample {COUNT - 1:,}"],
    axes=panels,
)
plt.show()

# %%
# The noise level is known, so the rows that rise above it are too:

figure, panel = plt.subplots(figsize=(8, 3.6), layout="constrained")
for channel, name in enumerate("xy"):
    rows = deviation[deviation.channel == channel]
    panel.semilogy(1e-3 * rows.frequency, rows, ".", label=f"channel {name}")
panel.axhline(spectra.noise_level, color="black", linestyle=":", label="noise level")
panel.set(xlabel="frequency (kHz)", ylabel="standard deviation over the samples (T)", title="What varies")
panel.legend()
folder.cleanup()
plt.show()
