"""
Tracers compared
================

What does the tracer do to the signal? Larger particles saturate earlier, a distribution of sizes blurs the
magnetisation curve, and relaxation turns the phase of each frequency. Then one system matrix reconstructs the
data of all of them.
"""

import matplotlib.pyplot as plt
import numpy as np

import mpifast

# %%
# A `mpifast.Particle` is a core diameter; sizes and relaxation are parts of it.

tracers = {
    "25 nm": mpifast.Particle(25e-9),
    "23 nm": mpifast.Particle(23e-9),
    "log-normal sizes around 22 nm": mpifast.Particle(22e-9, sizes=mpifast.LogNormal(0.12)),
    "25 nm, relaxation of 1 us": mpifast.Particle(25e-9, relaxation=mpifast.Debye(1e-6)),
}

# %%
# Left: the magnetisation in equilibrium, which relaxation does not change. Right: the harmonics of a magnetic particle
# spectrometer, a sample in a drive field of 12 mT at 24.5 kHz without a gradient. Odd harmonics alone are received.

field = np.linspace(-15e-3, 15e-3, 301)
spectrometer = mpifast.LissajousScanner(mpifast.Grid((1,), (1e-3,)), (0, 0, 0), (12e-3, 0, 0))
figure, panels = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
for number, (name, tracer) in enumerate(tracers.items()):
    style = {"color": mpifast.plots.COLORS[number], "linestyle": ("-", "-", "--", ":")[number], "label": name}
    panels[0].plot(1e3 * field, tracer.magnetization(np.outer(field, [1, 0, 0]))[:, 0], **style)
    signal = mpifast.system_matrix(spectrometer, tracer, tolerance=1e-6)
    odd = (signal.rows["number"] % 2 == 1) & (signal.rows["number"] < 40)
    panels[1].semilogy(signal.rows["number"][odd], np.abs(signal.matrix[odd, 0]), marker=".", **style)
panels[0].set(xlabel="field (mT)", ylabel="magnetisation over saturation", title="Magnetisation")
panels[1].set(xlabel="harmonic", ylabel="magnitude (T)", title="Harmonics in a drive field of 12 mT")
panels[0].legend(fontsize="small")
plt.show()

# %%
# Now a two-dimensional scan. The reconstruction has the system matrix of the first tracer, the data are of each of
# them. Every tracer has the same rows, so that ``forward`` of one and the solver of the other fit together. A wrong
# size blurs the image; relaxation, which turns the phases, destroys it.

grid = mpifast.Grid((32, 32), (24e-3, 24e-3))
scanner = mpifast.LissajousScanner(grid)
strong = mpifast.system_matrix(scanner, tracers["25 nm"], band=(60e3, 500e3), level=1e-2, tolerance=1e-5)
tree = mpifast.phantoms.vessels(grid).draw(3, [0])
images, titles = [tree], ["phantom"]
for name, tracer in tracers.items():
    system = mpifast.system_matrix(scanner, tracer, band=(60e3, 500e3), tolerance=1e-5)
    rows = np.isin(system.rows[["channel", "number"]], strong.rows[["channel", "number"]])
    u = system.select(np.flatnonzero(rows)).forward(tree)
    images.append(mpifast.kaczmarz(strong, u, alpha=1e-2, relative=True, nonnegative=True, iterations=100, tolerance=0))
    titles.append(f"{name}\nNRMSE {mpifast.metrics.nrmse(images[-1], tree):.2f}")

figure, panels = plt.subplots(1, 5, figsize=(13, 2.7), layout="constrained")
mpifast.plots.images(np.concatenate(images), grid, titles=titles, limits=(0, 1), axes=panels)
plt.show()
