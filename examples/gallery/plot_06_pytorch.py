"""
Training data for a network in PyTorch
======================================

Your own architecture, trained on spectra that are made on demand: a linear layer gives a first image of a
two-dimensional scan, and convolutions refine it. There is no data set to download or to store.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader

import mpifast
from mpifast.io.torch import IterableSpectra

# sphinx_gallery_thumbnail_number = 2

# %%
# A Lissajous scan of vessel trees. Samples are spectra and phantoms, as tensors.

grid = mpifast.Grid((20, 20), (24e-3, 24e-3))
scanner = mpifast.LissajousScanner(grid)
system = mpifast.system_matrix(scanner, mpifast.Particle(25e-9), band=(60e3, None), level=3e-2, tolerance=1e-5)
spectra = mpifast.Spectra(system, seed=7, snr_db=25.0, phantoms=mpifast.phantoms.vessels(grid))
test_u, test_c = (torch.from_numpy(values) for values in spectra[:200])
print(spectra)

# %%
# Batch normalisation scales the inputs: harmonics differ by orders of magnitude. The last convolution adds its
# correction to the first image.


class Refined(nn.Module):
    """A linear reconstruction and a small convolutional network."""

    def __init__(self, equations: int, shape: tuple[int, int]) -> None:
        super().__init__()
        self.first = nn.Sequential(
            nn.BatchNorm1d(equations), nn.Linear(equations, shape[0] * shape[1]), nn.Unflatten(1, (1, *shape))
        )
        self.refine = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(),
            nn.Conv2d(8, 1, 3, padding=1),
        )  # fmt: skip

    def forward(self, u: torch.Tensor) -> torch.Tensor:
        """Images of scaled spectra."""
        image = self.first(u)
        return (image + self.refine(image)).flatten(1)


# %%
# ``IterableSpectra`` gives whole batches. Samples 0 to 199 are left for the test.

torch.manual_seed(1)
torch.set_num_threads(1)  # in a network as small as this more threads wait for each other
model = Refined(test_u.shape[1], grid.shape)
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
batches = IterableSpectra(spectra, batch_size=64, start=200, stop=200 + 64 * 120, targets=torch.float32)
losses = []
for u, c in DataLoader(batches, batch_size=None):
    loss = nn.functional.mse_loss(model(u), c)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())

figure, panel = plt.subplots(figsize=(6, 3.4), layout="constrained")
panel.semilogy(losses)
panel.set(xlabel="batch of 64 samples", ylabel="mean squared error", title="Training")
plt.show()

# %%
# The images of the trained network beside those of Tikhonov's method, for trees that it has not seen:

model.eval()
with torch.no_grad():
    refined = model(test_u).numpy()
tikhonov = mpifast.tikhonov(system, test_u.numpy(), alpha=1e-2, relative=True)
phantoms = test_c.numpy()
for name, images in (("network", refined), ("Tikhonov", tikhonov)):
    print(f"{name:8}  mean squared error {mpifast.metrics.mse(images, phantoms):.4f}")
figure, panels = plt.subplots(3, 5, figsize=(10, 6.4), sharex=True, sharey=True, layout="constrained")
images = np.concatenate([phantoms[:5], refined[:5], tikhonov[:5]])
names = ["phantom"] * 5 + ["network"] * 5 + ["Tikhonov"] * 5
mpifast.plots.images(images, grid, titles=names, limits=(0, 1), axes=panels)
for panel in panels.flat:
    panel.label_outer()
plt.show()
