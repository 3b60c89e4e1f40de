"""The noise is Gaussian, white, independent, and as strong as its definition says."""

import numpy as np
import pytest
from numba import njit
from scipy import stats

import mpifast
from mpifast import reference
from mpifast._compiled.jit import OPTIONS
from mpifast._compiled.philox import key
from mpifast.data._noise_loops import draw_normals
from mpifast.data.noise import noise_level


@njit(**OPTIONS)
def draw(first, second, words, sample, keys):
    draw_normals(first, second, words, sample, keys)


@pytest.fixture(scope="module")
def normals(system):
    """Noise of 20,000 samples in units of its standard deviation, float64[n, 200]."""
    clean, noisy = (mpifast.Spectra(system, seed=3, snr_db=snr, dtype="float64") for snr in (None, 20.0))
    return (noisy[:20_000][0] - clean[:20_000][0]) / noisy.noise_level


@pytest.mark.loops
@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_normals_are_the_slow_twin():
    first, second, words = np.empty(7, np.float32), np.empty(7, np.float32), np.empty(8, np.uint64)
    draw(first, second, words, 12, key(3))
    np.testing.assert_allclose(np.concatenate([first, second]), reference.noise(3, 12, 14), atol=2e-6)


def test_moments_and_distribution(normals):
    values = normals.ravel()
    n = values.size
    assert abs(values.mean()) < 4 / np.sqrt(n)
    assert abs(values.var() - 1) < 4 * np.sqrt(2 / n)
    assert abs((values**3).mean()) < 4 * np.sqrt(15 / n)
    assert abs((values**4).mean() - 3) < 4 * np.sqrt(96 / n)
    assert stats.kstest(values[:200_000], "norm").pvalue > 1e-3


@pytest.mark.parametrize("sigma", [2, 3, 4, 4.5])
def test_tails(normals, sigma):
    expected = 2 * stats.norm.sf(sigma) * normals.size
    assert abs((np.abs(normals) > sigma).sum() - expected) < 5 * np.sqrt(expected)


def test_rows_samples_and_seeds_are_independent(normals, system):
    limit = 6 / np.sqrt(len(normals))
    assert np.abs(np.corrcoef(normals.T) - np.eye(200)).max() < limit
    assert abs(np.corrcoef(normals[:-1].ravel(), normals[1:].ravel())[0, 1]) < 5 / np.sqrt(normals.size)
    noisy, clean = (
        mpifast.Spectra(system, seed=4, snr_db=20.0, dtype="float64"),
        mpifast.Spectra(system, seed=4, dtype="float64"),
    )
    other = (noisy[:20_000][0] - clean[:20_000][0]) / noisy.noise_level
    assert abs(np.corrcoef(normals.ravel(), other.ravel())[0, 1]) < 5 / np.sqrt(normals.size)


@pytest.mark.parametrize("snr_db", [60.0, 30.0, 0.0])
@pytest.mark.parametrize("density", [0.5, 0.1])
def test_signal_to_noise_ratio_is_as_defined(system, snr_db, density):
    clean = mpifast.Spectra(system, seed=5, density=density, dtype="float64")[:5000][0]
    noisy = mpifast.Spectra(system, seed=5, density=density, snr_db=snr_db, dtype="float64")[:5000][0]
    ratio = np.sqrt(np.square(clean).mean() / np.square(noisy - clean).mean())
    assert 20 * np.log10(ratio) == pytest.approx(snr_db, abs=0.15)


def test_level_is_the_exact_expectation(small_system):
    every = (np.arange(2**11)[:, None] >> np.arange(11) & 1).astype(float)
    rms = np.sqrt(np.square(every @ small_system.real.T).mean())
    assert noise_level(small_system.real, 0.0) == pytest.approx(rms, rel=1e-12)
    assert noise_level(small_system.real, None) == 0.0
