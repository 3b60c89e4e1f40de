"""
A Lissajous scan and its system functions
=========================================

Two drive fields of nearby frequencies move the field-free point along a Lissajous curve. Each frequency of the received
voltage is a mixture of the two drive frequencies, and its system function, the response of all voxels, is a
wave pattern with as many lobes as the mixing orders say.
"""

import matplotlib.pyplot as plt

import mpifast

# %%
# A field of view of 24 mm, a gradient of 1 T/m in the plane and a drive field of 12 mT: the dividers are those of
# commercial scanners, 2.5 MHz / 102 = 24.5 kHz and 2.5 MHz / 96 = 26.0 kHz. The curve closes after 653 microseconds.

grid = mpifast.Grid(shape=(60, 60), field_of_view=(24e-3, 24e-3))
scanner = mpifast.LissajousScanner(grid, gradient=(-1.0, -1.0, 2.0), drive_amplitude=(12e-3, 12e-3, 0.0))
figure, panels = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained", width_ratios=(1, 1.2))
mpifast.plots.trajectory(scanner, axes=panels[0])
mpifast.plots.waveform(scanner, duration=200e-6, axes=panels[1])
panels[1].set_ylim(-14, 19)  # room for the legend
plt.show()

# %%
# The system matrix has a row for each receive channel and frequency. With a band nothing else is computed. The title
# of each system function has its mixing orders (m, n): the frequency is m times the first drive frequency and n times
# the second.

system = mpifast.system_matrix(scanner, mpifast.Particle(25e-9), band=(120e3, 260e3), level=1e-2, tolerance=1e-6)
print(system)
plt.figure(mpifast.plots.system_functions(system, count=8))
plt.show()

# %%
# Few of the frequencies carry a signal. The spectrum of a vessel tree shows them: groups of mixing frequencies around
# the harmonics of the drive fields, which fall by orders of magnitude.

wide = mpifast.system_matrix(scanner, mpifast.Particle(25e-9), channels=("x",), band=(40e3, 600e3), tolerance=1e-6)
tree = mpifast.phantoms.vessels(grid).draw(3, [0])
figure, panels = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained", width_ratios=(1, 1.9))
mpifast.plots.images(tree, grid, titles="vessels", axes=panels[0])
mpifast.plots.spectra(wide.forward(tree), wide, axes=panels[1])
plt.show()
