"""
Plug and play: a denoiser as the prior
======================================

ADMM alternates between the data and a penalty. Plug and play puts any denoiser in the place of the penalty: here total
variation and non-local means of scikit-image, on a noisy two-dimensional scan.
"""

import matplotlib.pyplot as plt
import numpy as np
from skimage.restoration import denoise_nl_means, denoise_tv_chambolle

import mpifast

# %%
# Ellipses after Shepp and Logan, measured at 20 dB.

grid = mpifast.Grid((32, 32), (24e-3, 24e-3))
scanner = mpifast.LissajousScanner(grid)
system = mpifast.system_matrix(scanner, mpifast.Particle(30e-9), band=(60e3, None), level=2e-2, tolerance=1e-5)
phantom = mpifast.phantoms.ellipses(grid, 5).draw(7, [0]).astype(float)
u = system.spectra(phantom, snr_db=20.0, seed=3)

# %%
# A denoiser is a function from image to image. Options are bound by a function of one's own; the image it sees has
# values between 0 and 1.


def total_variation(image: np.ndarray) -> np.ndarray:
    """Piecewise constant images."""
    return denoise_tv_chambolle(image, weight=0.05)


def non_local_means(image: np.ndarray) -> np.ndarray:
    """Similar patches are averaged."""
    return denoise_nl_means(image, patch_size=5, patch_distance=5, h=0.1)


images = {
    "phantom": phantom,
    "Tikhonov": mpifast.tikhonov(system, u, alpha=0.1, relative=True),
    "Kaczmarz, non-negative": mpifast.kaczmarz(system, u, alpha=0.1, relative=True, nonnegative=True, tolerance=0.01),
}
for denoiser in (total_variation, non_local_means):
    name = "plug and play,\n" + denoiser.__name__.replace("_", " ")
    images[name] = mpifast.plug_and_play(system, u, denoiser, alpha=0.1, relative=True, iterations=40, tolerance=0.0)

# %%
# Tikhonov's and Kaczmarz's methods penalise the norm of an image alone; a denoiser is a model of images.

titles = ["phantom", *(f"{k}\nNRMSE {mpifast.metrics.nrmse(v, phantom):.2f}" for k, v in list(images.items())[1:])]
figure, panels = plt.subplots(1, 5, figsize=(13, 2.9), layout="constrained")
mpifast.plots.images(np.concatenate(list(images.values())), grid, titles=titles, limits=(0, 1), axes=panels)
plt.show()

# %%
# The profile through the middle shows contrast and noise:

figure, panel = plt.subplots(figsize=(9, 3.4), layout="constrained")
x = 1e3 * grid.positions.reshape(*grid.shape, 2)[:, 0, 0]
for name, image in images.items():
    panel.plot(x, system.image(image)[0][:, 16], label=name.replace("\n", " "), drawstyle="steps-mid")
panel.set(xlabel="x (mm)", ylabel="concentration", title="Profile at y = 0.4 mm")
panel.legend(fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5))
plt.show()
