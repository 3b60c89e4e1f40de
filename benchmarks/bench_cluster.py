"""Weak scaling: twice the workers, twice the work. Perfect is a time that does not change."""

import os
import statistics
import tempfile
import time

import numpy as np
from distributed import LocalCluster

import mpifast
from benchmarks import problems
from mpifast import cluster

COUNT = 300_000  # a worker


class Workers:
    """So many worker processes of one thread on loopback, and the two works done on them."""

    def __init__(self, number):
        self.number, self.spectra = number, mpifast.Spectra(problems.system(), seed=7)
        self.local = LocalCluster(n_workers=number, threads_per_worker=1, dashboard_address=":0", host="127.0.0.1")
        self.connection = cluster.connect(self.local.scheduler_address)
        self.client = self.connection.__enter__()
        self.client.wait_for_workers(number)

    def close(self):
        self.connection.__exit__(None, None, None)
        self.local.close()

    def energy(self, count=COUNT):
        u, _ = cluster.as_dask(self.spectra, count * self.number)
        return (u.astype(np.float64) ** 2).sum().compute()

    def save(self):
        with tempfile.TemporaryDirectory() as folder:
            cluster.save(self.spectra, os.path.join(folder, "data.zarr"), COUNT * self.number, self.client)


def weak_scaling(work="energy", runs=5):
    """Efficiency of two workers: median seconds of one over median seconds of two with twice the work."""
    seconds = {}
    for number in (1, 2):
        workers = Workers(number)
        try:
            getattr(workers, work)()
            seconds[number] = []
            for _ in range(runs):
                start = time.perf_counter()
                getattr(workers, work)()
                seconds[number].append(time.perf_counter() - start)
        finally:
            workers.close()
    return statistics.median(seconds[1]) / statistics.median(seconds[2])


class WeakScaling:
    params = [1, 2]
    param_names = ("workers",)
    timeout = 300

    def setup(self, workers):
        self.workers = Workers(workers)
        expected = (self.workers.spectra[: 20_000 * workers][0].astype(np.float64) ** 2).sum()
        np.testing.assert_allclose(self.workers.energy(20_000), expected, rtol=1e-12)

    def teardown(self, workers):
        self.workers.close()

    def time_arrays(self, workers):
        self.workers.energy()

    def time_save(self, workers):
        self.workers.save()
