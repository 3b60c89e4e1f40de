"""Spectra with coloured noise, against the same with white noise: a full covariance, and few background frames."""

from benchmarks import coloured_noise, pairs

KINDS = {"covariance": coloured_noise.full, "frames": coloured_noise.few_frames}


class Noise:
    params = (list(KINDS), ["coloured", "white"], [1, 2])
    param_names = ("kind", "noise", "threads")

    def setup(self, kind, noise, threads):
        pair = KINDS[kind]()
        pairs.verify(pair, threads)
        side = pair.ours if noise == "coloured" else pair.peer
        self.call = lambda: side(threads)

    def time_generate(self, kind, noise, threads):
        self.call()


class Peer:
    params = (list(KINDS), [1, 2])
    param_names = ("kind", "threads")

    def track_ratio_to_white(self, kind, threads):
        return pairs.compare(KINDS[kind](), threads).ratio

    track_ratio_to_white.unit = "x"
