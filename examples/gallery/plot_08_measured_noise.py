"""
Noise as a scanner has it
=========================

Noise of a real scanner is not white: it differs from channel to channel, rises towards low frequencies and is
correlated. Background frames of a file, measured without a tracer, tell how. Networks trained with this noise are
better on measured data than networks trained with white noise of the same power.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import mpifast

# sphinx_gallery_thumbnail_number = 2

# %%
# First the files, as a scanner would write them: a calibration file and 400 frames of the empty scanner. The noise has
# a standard deviation that falls with the frequency, and a part that all rows of a channel share, as from a mains hum.

grid = mpifast.Grid((16, 16), (24e-3, 24e-3))
scanner = mpifast.LissajousScanner(grid)
system = mpifast.system_matrix(scanner, mpifast.Particle(25e-9), band=(40e3, 400e3), level=3e-2, tolerance=1e-5)
random = np.random.default_rng(1)
frequency, channel = system.rows["frequency"], system.rows["channel"]
level = 0.03 * np.abs(system.matrix).max() * np.array([3.0, 1.0])[channel] * (80e3 / frequency) ** 2


def empty_scanner(count: int) -> np.ndarray:
    """Frames of the empty scanner, complex128[count, rows]."""
    white, hum = (random.normal(size=(2, count, n)) for n in (len(level), 2))
    return level * ((white[0] + 1j * white[1]) + 2.0 * (hum[0] + 1j * hum[1])[:, channel])


folder = tempfile.TemporaryDirectory()
calibration, scan = Path(folder.name) / "calibration.mdf", Path(folder.name) / "empty.mdf"
mpifast.write_mdf(calibration, system)
mpifast.write_mdf(scan, empty_scanner(1), system, background=empty_scanner(400))

# %%
# Now as with files of your own: the system of the calibration file, and the background frames at its rows.

with mpifast.read_mdf(calibration) as file:
    measured = file.system()
with mpifast.read_mdf(scan) as file:
    frames = file.background(measured)
noise = mpifast.noise.measured(frames)
print(noise)

# %%
# ``draw`` gives the noise alone, one number for each real equation: cosine drives make all rows imaginary. It has the
# level and the correlations of the frames; white noise of the same power has neither.


def correlation(values: np.ndarray) -> np.ndarray:
    """Of all pairs of rows, by magnitude."""
    return np.abs(np.corrcoef(values.T))


frames, drawn = measured.to_real(frames), noise.draw(measured, seed=7, samples=range(3000))
figure, panels = plt.subplots(1, 3, figsize=(12, 3.7), layout="constrained")
for c in (0, 1):
    at = channel == c
    label, color = f"channel {'xy'[c]}", mpifast.plots.COLORS[c]
    panels[0].semilogy(1e-3 * frequency[at], frames.std(axis=0)[at], ".", color=color, label=f"{label}, frames")
    panels[0].semilogy(1e-3 * frequency[at], drawn.std(axis=0)[at], "-", color=color, linewidth=1, label="drawn")
panels[0].set(xlabel="frequency (kHz)", ylabel="standard deviation (T)", title="Level")
panels[0].legend(fontsize="small")
for panel, values, title in ((panels[1], frames, "frames"), (panels[2], drawn, "drawn noise")):
    picture = panel.imshow(correlation(values), vmin=0, vmax=1, cmap="viridis")
    panel.set(xlabel="row", ylabel="row", title=f"Correlation: {title}")
figure.colorbar(picture, ax=panels[1:], label="|correlation|")
plt.show()

# %%
# Two networks, one trained with each noise, and phantoms measured with the noise of the scanner:

vessels = mpifast.phantoms.vessels(grid)
power = mpifast.Spectra(measured, noise=noise, phantoms=vessels).noise_level
test = vessels.draw(99, range(300))
u = measured.forward(test) + empty_scanner(300)
images = {"phantom": test}
for name, model in (("white noise", mpifast.noise.white(level=power)), ("measured noise", noise)):
    spectra = mpifast.Spectra(measured, seed=7, noise=model, phantoms=vessels)
    network = mpifast.Network(system=measured, seed=1)
    network.fit(*spectra[:3000], recipe="fast")
    images[name] = network.predict(measured.to_real(u))

figure, panels = plt.subplots(3, 5, figsize=(10, 6.4), sharex=True, sharey=True, layout="constrained")
for name, values in images.items():
    if name != "phantom":
        print(f"trained with {name:14}: NRMSE {mpifast.metrics.nrmse(values, test):.3f}")
names = [name for name in images for _ in range(5)]
rows = np.concatenate([values[:5] for values in images.values()])
mpifast.plots.images(rows, grid, titles=names, limits=(0, 1), axes=panels)
for panel in panels.flat:
    panel.label_outer()
folder.cleanup()
plt.show()
