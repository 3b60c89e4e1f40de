"""
Train the network of the paper
==============================

A single layer of sigmoid units turns the spectrum of a line scan into an image of 129 voxels. This is figure 4 of Chae,
ETRI Journal 39(6), 2017, with fewer passes: the larger the training set, the better the network reconstructs
phantoms that it has not seen.
"""

import matplotlib.pyplot as plt
import numpy as np

import mpifast

# sphinx_gallery_thumbnail_number = 2

# %%
# The scanner of the paper is the default: a gradient of 2 T/m and a drive field of 32 mT at 20 kHz. `mpifast.Spectra`
# is a virtual data set of random phantoms and their spectra; sample i depends on the seed and on i alone.

system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(diameter=40e-9))
spectra = mpifast.Spectra(system, seed=0)
u, c = spectra[:30_000]
test_u, test_c = spectra[30_000:31_000]

# %%
# Training follows the delta rule, one sample after the other. The paper makes about a hundred passes over 30,000
# samples; 30 passes are enough to see the curves.

networks, histories = {}, {}
for size in (700, 5_000, 30_000):
    network = mpifast.Network(inputs=200, outputs=129, seed=0)
    histories[size] = network.fit(u[:size], c[:size], epochs=30, learning_rate=0.5)
    networks[size] = network
    print(f"{size:6,} samples: test error {mpifast.metrics.mse(network.predict(test_u), test_c):.2e}")

figure, panel = plt.subplots(figsize=(6.4, 4), layout="constrained")
for size, history in histories.items():
    panel.loglog(np.arange(1, 31), history.train_mse, label=f"{size:,} samples")
panel.axhline(7.16e-5, color="black", linestyle=":", label="paper, 30,000 samples, all passes")
panel.set(xlabel="pass over the training set", ylabel="mean squared error (training set)", title="Training curves")
panel.legend()
plt.show()

# %%
# The letters MPI, scanned line by line, are a test that no network was trained for: random phantoms have no large
# empty areas. The network of 700 samples leaves noise there.

letters = mpifast.phantoms.letters("MPI")
letter_u = system.spectra(letters)
images = {"phantom": letters} | {f"{size:,} samples": network.predict(letter_u) for size, network in networks.items()}
figure, panels = plt.subplots(2, 2, figsize=(9, 4.4), sharex=True, sharey=True, layout="constrained")
half = 1e3 * system.positions[-1]
for panel, (name, image) in zip(panels.flat, images.items(), strict=True):
    drawn = panel.imshow(image, cmap="gray", vmin=0, vmax=1, aspect="auto", extent=(-half, half, len(image), 0))
    error = "" if name == "phantom" else f", MSE {mpifast.metrics.mse(image, letters):.1e}"
    panel.set_title(name + error)
for panel in panels[1]:
    panel.set_xlabel("position (mm)")
for panel in panels[:, 0]:
    panel.set_ylabel("line")
figure.colorbar(drawn, ax=panels, label="concentration")
plt.show()
