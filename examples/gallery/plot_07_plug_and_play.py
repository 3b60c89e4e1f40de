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
# A resolution phantom of bars, measured at 20 dB.

grid = mpifast.Grid((40, 40), (24e-3, 24e-3))
scanner = mpifast.LissajousScanner(grid)
system = mpifast.system_matrix(scanner, mpifast.Particle(25e-9), band=(60e3, None), level=2e-2, tolerance=1e-5)
phantom = mpifast.phantoms.letters(grid, "MPI", scale=1.0).draw(0, [0]).astype(float)
u = system.spectra(phantom, snr_db=20.0, seed=3)

# %%
# A denoiser is a function from image to image. Options are bound by a function of one's own; the image it sees has
# values between 0 and 1.


def total_variation(image: np.ndarray) -> np.ndarray:
    """Piecewise constant images."""
    return denoise_tv_chambolle(image, weight=0.05)


def non_local_means(image: np.ndarray) -> np.ndarray:
    """Similar patches are averaged."""
    return denoise_nl_means(image, patch_size=5, patch_distance=7, h=0.1)


images = {
    "phantom": phantom,
    "Tikhonov": mpifast.tikhonov(system, u, alpha=0.1, relative=True),
    "Kaczmarz, non-negative": mpifast.kaczmarz(system, u, alpha=0.1, relative=True, nonnegative=True),
}
for denoiser in (total_variation, non_local_means):
    name = "plug and play,\n" + denoiser.__name__.replace("_", " ")
    images[name] = mpifast.plug_and_play(system, u, denoiser, alpha=0.1, relative=True, iterations=60)

# %%
# The penalty of Tikhonov's method and of Kaczmarz' knows nothing of images; a denoiser does.

titles = ["phantom", *(f"{k}\nNRMSE {mpifast.metrics.nrmse(v, phantom):.2f}" for k, v in list(images.items())[1:])]
figure, panels = plt.subplots(1, 5, figsize=(13, 3.3), layout="constrained")
mpifast.plots.images(np.concatenate(list(images.values())), grid, titles=titles, limits=(0, 1), axes=panels)

# %%
# The profile through the middle of the letters shows contrast and noise:

figure, panel = plt.subplots(figsize=(7.5, 3.4), layout="constrained")
x = 1e3 * grid.positions.reshape(*grid.shape, 2)[:, 0, 0]
for name, image in images.items():
    panel.plot(x, system.image(image)[0][:, 20], label=name.replace("\n", " "), drawstyle="steps-mid")
panel.set(xlabel="x (mm)", ylabel="concentration", title="Profile at y = 0.3 mm")
panel.legend(fontsize="small")
plt.show()
