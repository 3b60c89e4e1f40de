"""
Trained weights are Chebyshev polynomials
=========================================

Along a line the harmonics of the ideal signal are Chebyshev polynomials of the second kind, convolved with the
derivative of the Langevin function. A network that was trained on nothing but random phantoms finds these polynomials
by itself: they are the columns of its weights.
"""

import matplotlib.pyplot as plt
import numpy as np

import mpifast

# %%
# One layer, trained on the spectra of a tracer of 40 nm by the delta rule of the paper.

scanner = mpifast.Scanner()
system = mpifast.system_matrix(scanner, mpifast.Particle(diameter=40e-9))
u, c = mpifast.Spectra(system, seed=0)[:10_000]
network = mpifast.Network(inputs=200, outputs=129, seed=0)
history = network.fit(u, c, epochs=60, learning_rate=0.5)
weights = network.weights[0].astype(float)  # [voxels, harmonics]

# %%
# Column k of the weights belongs to harmonic k. Beside it stands the polynomial of degree k - 1, scaled to fit. The
# first one, a constant, fits the inner voxels only; the others fit up to the ends of the field of view.

position = 1e3 * system.positions
basis = mpifast.analysis.chebyshev_basis(6, np.linspace(-1, 1, 129))
correlation = mpifast.analysis.chebyshev_correlation(weights, 6)
figure, panels = plt.subplots(2, 3, figsize=(9, 5), sharex=True, layout="constrained")
for k, panel in enumerate(panels.flat):
    column, polynomial = weights[:, k], basis[k]
    panel.plot(position, column, label="trained weights")
    panel.plot(position, polynomial * (polynomial @ column) / (polynomial @ polynomial), "--", label="polynomial")
    panel.set_title(f"harmonic {k + 1}, $U_{k}$: correlation {correlation[k]:.3f}", fontsize="medium")
panels[0, 0].legend(fontsize="small")
for panel in panels[1]:
    panel.set_xlabel("position (mm)")
for panel in panels[:, 0]:
    panel.set_ylabel("weight")
plt.show()

# %%
# Sixty columns together. The polynomials are orthogonal with the weight sqrt(1 - z^2), so both are multiplied by it and
# each column is divided by its norm: U_n(z) sqrt(1 - z^2) is a sine of the angle arccos z.

z = np.linspace(-1, 1, 129)
many = mpifast.analysis.chebyshev_basis(60, z).T
signs = np.sign((many * weights[:, :60]).sum(axis=0))
figure, panels = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
for panel, values, title in (
    (panels[0], signs * weights[:, :60], "trained weights"),
    (panels[1], many, "Chebyshev polynomials"),
):
    values = values * np.sqrt(1 - z**2)[:, None]
    values = values / np.linalg.norm(values, axis=0)
    extent = (0.5, 60.5, position[-1], position[0])
    drawn = panel.imshow(values, cmap="RdBu_r", vmin=-0.15, vmax=0.15, aspect="auto", extent=extent)
    panel.set(xlabel="harmonic", title=title)
panels[0].set_ylabel("position (mm)")
figure.colorbar(drawn, ax=panels, label="value over the norm of the column")
plt.show()
