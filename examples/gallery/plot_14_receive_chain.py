"""
Fit the receive chain of a scanner
==================================

A simulated system is that of ideal coils. The coils, filters and amplifiers of a scanner multiply each frequency by a
complex factor, and relaxation does the same. `mpifast.fit_transfer_function` finds one factor for each row from a
calibration; then the simulation, without noise, takes the place of the calibration.
"""

import matplotlib.pyplot as plt
import numpy as np

import mpifast

# sphinx_gallery_thumbnail_number = 2

# %%
# The calibration, here made with a receive chain that the simulation lacks: a notch filter for the excitation, a
# low-pass filter, a delay of 0.4 us, and channels of different gain.

grid = mpifast.Grid((20, 20), (24e-3, 24e-3))
scanner = mpifast.LissajousScanner(grid)
notch, low_pass = mpifast.receive.notch(scanner, width=10e3), mpifast.receive.low_pass(400e3)


def chain(frequency: np.ndarray, channel: np.ndarray) -> np.ndarray:
    """The complex factor of each frequency (Hz) and channel."""
    delay = np.exp(-2j * np.pi * frequency * 0.4e-6)
    return (1.0 + 0.3 * channel) * delay * notch(frequency) * low_pass(frequency)


tracer = mpifast.Particle(24e-9, relaxation=mpifast.Debye(0.5e-6))
truth = mpifast.system_matrix(scanner, tracer, band=(30e3, 500e3), level=1e-2, tolerance=1e-5)
truth = truth.with_transfer_function(chain)
random = np.random.default_rng(3)


def noisy(u: np.ndarray, level: float) -> np.ndarray:
    """With white noise, its level over the largest number of the matrix."""
    noise = random.normal(size=u.shape) + 1j * random.normal(size=u.shape)
    return u + level * np.abs(truth.matrix).max() * noise


labels = {"channels": truth.rows["channel"], "numbers": truth.rows["number"], "frequencies": truth.rows["frequency"]}
calibration = mpifast.linear_system(noisy(truth.matrix, 5e-3), grid, **labels)

# %%
# The simulation has another core diameter and no relaxation. The fit keeps the rows whose pattern it describes, and
# its factors contain relaxation and receive chain. They scatter because they make up for the diameter, too.

simulated = mpifast.system_matrix(scanner, mpifast.Particle(25e-9), band=(30e3, 500e3), level=1e-2, tolerance=1e-5)
fit = mpifast.fit_transfer_function(calibration, simulated, similarity=0.8)
fitted = fit.apply(simulated)
rows = fitted.rows
print(f"{len(rows)} of {len(simulated.rows)} rows kept")

figure, panels = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
frequency = np.linspace(30e3, 500e3, 500)
for channel in (0, 1):
    color, at = mpifast.plots.COLORS[channel], rows["channel"] == channel
    expected = chain(frequency, channel) / (1 + 2j * np.pi * frequency * 0.5e-6)
    found = fitted.transfer_function[at]
    for panel, part in zip(panels, (np.abs, lambda value: np.degrees(np.angle(value))), strict=True):
        panel.plot(1e-3 * frequency, part(expected), color=color, linewidth=1, label=f"channel {'xy'[channel]}, true")
        panel.plot(1e-3 * rows["frequency"][at], part(found), ".", color=color, label="fitted")
panels[0].set(xlabel="frequency (kHz)", ylabel="magnitude", title="Receive chain and relaxation")
panels[1].set(xlabel="frequency (kHz)", ylabel="phase (degrees)", title="Phase")
panels[0].legend(fontsize="small")
plt.show()

# %%
# A measurement, reconstructed with the simulation as it is, with the fitted one, and with the noisy calibration:

tree = mpifast.phantoms.vessels(grid).draw(4, [0])
u = noisy(truth.forward(tree), 0.05)[:, fit.rows_in(calibration)]
systems = {
    "simulation": simulated.select(fit.rows_in(simulated)),
    "fitted simulation": fitted,
    "calibration": calibration.select(fit.rows_in(calibration)),
}
images, titles = [tree], ["phantom"]
for name, system in systems.items():
    found = mpifast.kaczmarz(system, u, alpha=0.02, relative=True, nonnegative=True, iterations=100, tolerance=0)
    images.append(found)
    titles.append(f"{name}\nNRMSE {mpifast.metrics.nrmse(found, tree):.2f}")
figure, panels = plt.subplots(1, 4, figsize=(12, 3.1), layout="constrained")
mpifast.plots.images(np.concatenate(images), grid, titles=titles, limits=(0, 1), axes=panels)
plt.show()
