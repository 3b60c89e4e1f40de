"""Spectra with coloured noise, from a seed, against the same spectra with white noise: mark N11."""

import functools
from typing import Any

import numpy as np

import mpifast
from benchmarks import problems
from benchmarks.lissajous import PARTICLE
from benchmarks.pairs import Errors, Mark, Pair, deviation
from benchmarks.problems import SINGLE, SNR_DB
from mpifast import reference

FRAMES, PLANE_SAMPLES = 100, 4096
MARK = Mark("ratio", 1.5)
VERIFIED = 20  # samples


def full() -> Pair:
    """A covariance of all 200 harmonics of the paper."""
    system = problems.system()
    mixing = np.random.default_rng(1).normal(size=(len(system.equations), 2 * len(system.equations)))
    covariance = mixing @ mixing.T
    factor = np.linalg.cholesky(covariance).T
    return _pair("covariance", system, mpifast.noise.coloured(covariance, snr_db=SNR_DB), factor, problems.SAMPLES)


def few_frames() -> Pair:
    """A hundred background frames of a plane scan with 1,634 equations."""
    system = plane()
    frames = np.random.default_rng(1).normal(size=(FRAMES, len(system.equations)))
    factor = (frames - frames.mean(axis=0)) / np.sqrt(FRAMES - 1)
    return _pair("100 frames", system, mpifast.noise.measured(frames, snr_db=SNR_DB), factor, PLANE_SAMPLES)


@functools.cache
def plane() -> Any:
    """All 817 frequencies of two channels on 15 x 17 voxels."""
    scanner = mpifast.LissajousScanner(mpifast.Grid((15, 17), (24e-3, 24e-3)), channels=("x", "y"))
    return mpifast.system_matrix(scanner, PARTICLE)


def _pair(kind: str, system: Any, model: Any, factor: np.ndarray, samples: int) -> Pair:
    """``factor`` float64[rank, equations]: the noise is normals times it, scaled."""

    @functools.cache
    def data(coloured: bool, threads: int) -> mpifast.Spectra:
        noise = model if coloured else mpifast.noise.white(SNR_DB)
        return mpifast.Spectra(system, seed=7, threads=threads, noise=noise)

    def error(coloured: bool, threads: int) -> float:
        """Of the noise of some samples, relative to its largest value."""
        spectra = data(coloured, threads)
        u, c = spectra[:VERIFIED]
        size = len(factor) if coloured else u.shape[1]
        normals = np.array([reference.noise(7, sample, size) for sample in range(VERIFIED)])
        noise = normals @ factor / np.sqrt((factor**2).sum(axis=0).mean()) if coloured else normals
        return deviation(u, c.astype(np.float64) @ system.real.T + spectra.noise_level * noise)

    equations = len(system.equations)
    return Pair(
        "N11",
        f"spectra with coloured noise ({kind})",
        "ours with white noise",
        {"equations": equations, "voxels": system.voxels, "samples": samples},
        lambda threads: data(True, threads)[:samples],
        lambda threads: data(False, threads)[:samples],
        lambda threads: Errors(error(True, threads), error(False, threads)),
        SINGLE,
        MARK,
        flops=2 * equations * (system.voxels + len(factor)),
        bytes=4 * equations + system.voxels,
    )
