"""
A study on a dask cluster
=========================

Which particles and how little noise does a network need? Each point of the map below is a training of its own. dask
spreads the trainings over the workers of a cluster; here the cluster is two threads of this machine.
"""

import matplotlib.pyplot as plt
import numpy as np
from distributed import LocalCluster

import mpifast
from mpifast import cluster

# %%
# With a scheduler elsewhere it is ``with cluster.connect("tcp://HOST:8786") as client:``.

local = LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0")
client = local.get_client()

# %%
# `mpifast.cluster.sweep` calls a function for each setting. Results come in the order in which they are done. The
# function has to be pure: if a worker is lost, another one repeats it.


def study(setting: tuple[float, float]) -> float:
    """Error of a network for a tracer of this diameter (m) at this signal-to-noise ratio (dB)."""
    diameter, snr_db = setting
    system = mpifast.system_matrix(mpifast.Scanner(voxels=65), mpifast.Particle(diameter), harmonics=100)
    spectra = mpifast.Spectra(system, seed=7, snr_db=snr_db, dtype="float64")
    network = mpifast.Network(system=system, dtype="float64")
    network.fit(*spectra[:2_000], recipe="fast", progress=False, threads=1)
    u, c = spectra[2_000:2_500]
    return mpifast.metrics.mse(network.predict(u, threads=1), c)


diameters, ratios = 1e-9 * np.array([20, 25, 30, 35, 40]), np.array([10, 20, 30, 40])
settings = [(float(diameter), float(ratio)) for diameter in diameters for ratio in ratios]
errors = dict(cluster.sweep(study, settings, client))
table = np.array([[errors[float(diameter), float(ratio)] for diameter in diameters] for ratio in ratios])

# %%
# The smaller the particles, the wider the point spread function, and the less noise is allowed.

figure, panel = plt.subplots(figsize=(7, 4.4), layout="constrained")
picture = panel.imshow(table, norm="log", cmap="viridis_r", origin="lower", aspect="auto")
panel.set_xticks(range(len(diameters)), [f"{1e9 * diameter:.0f}" for diameter in diameters])
panel.set_yticks(range(len(ratios)), ratios)
for (row, column), error in np.ndenumerate(table):
    panel.text(column, row, f"{error:.1e}", ha="center", va="center", color="white" if error > 3e-3 else "black")
panel.set(xlabel="core diameter (nm)", ylabel="signal-to-noise ratio (dB)", title="20 networks by two workers")
figure.colorbar(picture, label="mean squared error of the test set")
plt.show()

# %%
# Spectra are dask arrays too. Whatever the chunks, they have the bits of ``spectra[:count]``; nothing is stored.

system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
u, c = cluster.as_dask(mpifast.Spectra(system, seed=7), count=40_000, chunks=10_000)
mean, deviation = client.gather(client.compute([u.mean(axis=0), u.std(axis=0)]))
figure, panel = plt.subplots(figsize=(7, 3.6), layout="constrained")
panel.semilogy(np.arange(1, 201), np.abs(mean), ".", label="|mean|")
panel.semilogy(np.arange(1, 201), deviation, ".", label="standard deviation")
panel.set(xlabel="harmonic", ylabel="signal (T)", title="Reduced from 40,000 spectra, chunk by chunk")
panel.legend()
client.close()
local.close()
plt.show()
