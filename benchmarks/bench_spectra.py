"""30,000 spectra from a seed, without and with noise, against NumPy's generator and SGEMM."""

from benchmarks import pairs, problems


class Spectra:
    params = ([None, problems.SNR_DB], ["mpifast", "numpy"], [1, 2])
    param_names = ("snr_db", "implementation", "threads")

    def setup(self, snr_db, implementation, threads):
        pair = problems.generate(snr_db)
        self.blas = pairs.blas_threads(threads)
        pairs.verify(pair, threads)
        side = pair.peer if implementation == "numpy" else pair.ours
        self.call = lambda: side(threads)

    def teardown(self, snr_db, implementation, threads):
        self.blas.restore_original_limits()

    def time_generate(self, snr_db, implementation, threads):
        self.call()


class Memory:
    """Nothing is verified here: asv counts the memory of setup too."""

    params = ([None, problems.SNR_DB], ["mpifast", "numpy"])
    param_names = ("snr_db", "implementation")

    def setup(self, snr_db, implementation):
        pair = problems.generate(snr_db)
        self.call = pair.peer if implementation == "numpy" else pair.ours

    def peakmem_generate(self, snr_db, implementation):
        self.call(1)


class Peer:
    params = ([None, problems.SNR_DB], [1, 2])
    param_names = ("snr_db", "threads")

    def track_ratio_to_numpy(self, snr_db, threads):
        return pairs.compare(problems.generate(snr_db), threads).ratio

    track_ratio_to_numpy.unit = "x"
