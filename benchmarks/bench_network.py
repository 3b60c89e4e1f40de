"""Training passes and prediction: the exact per-sample rule and mini-batches, one layer and a hidden one; SGEMM and the
plain loop as peers.
"""

import mpifast
from benchmarks import pairs, problems
from mpifast import reference


class Training:
    params = ([(), (200,)], [1, 64], [1, 2])
    param_names = ("hidden", "batch_size", "threads")

    def setup(self, hidden, batch_size, threads):
        self.net = mpifast.Network(200, 129, hidden, scaling="sample", seed=1)
        u, c = problems.data()
        self.net.fit(u[:100], c[:100], epochs=1, batch_size=batch_size, threads=threads)

    def time_pass(self, hidden, batch_size, threads):
        self.net.fit(*problems.data(), epochs=1, batch_size=batch_size, threads=threads)

    peakmem_pass = time_pass


class Reference:
    """A thousand samples are enough of the plain loop."""

    params = ([(), (200,)],)
    param_names = ("hidden",)

    def setup(self, hidden):
        self.net = mpifast.Network(200, 129, hidden, scaling="none", seed=1)
        self.u, self.c = (array[:1000] for array in problems.data())

    def time_pass_of_1000_samples(self, hidden):
        reference.train(self.net.weights, [False] * len(self.net.weights), False, self.u, self.c, 0.5)


class Peer:
    params = [1, 2]
    param_names = ("threads",)

    def track_training_ratio_to_two_sgemms(self, threads):
        return pairs.compare(problems.training(), threads).ratio

    def track_hidden_training_ratio_to_five_sgemms(self, threads):
        return pairs.compare(problems.hidden_training(), threads).ratio

    def track_prediction_ratio_to_sgemm(self, threads):
        return pairs.compare(problems.prediction(), threads).ratio

    track_training_ratio_to_two_sgemms.unit = track_hidden_training_ratio_to_five_sgemms.unit = (
        track_prediction_ratio_to_sgemm.unit
    ) = "x"


class Accuracy:
    """The error beside the time: test MSE of the paper's training after ten passes."""

    def track_test_mse_after_ten_passes(self):
        net = mpifast.Network(200, 129, seed=1)
        net.fit(*problems.data(), epochs=10)
        u, c = mpifast.Spectra(problems.system(), seed=7)[problems.SAMPLES : problems.SAMPLES + 1000]
        return mpifast.metrics.mse(net.predict(u), c)
