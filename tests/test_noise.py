"""The noise is Gaussian, white, independent, and as strong as its definition says."""

import numpy as np
import pytest
from numba import njit
from scipy import stats

import mpifast
from mpifast import reference
from mpifast._compiled.jit import OPTIONS
from mpifast._compiled.philox import NOISE, key
from mpifast.physics._noise_loops import draw_normals
from mpifast.physics.noise import noise_level


@njit(**OPTIONS)
def draw(first, second, words, sample, keys):
    draw_normals(first, second, words, sample, NOISE, keys)


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


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("harmonics", [14, 300])  # by look-up tables, and by the ordinary product
def test_phantoms_at_hand_have_the_noise_of_the_data_set(dtype, harmonics):
    system = mpifast.system_matrix(mpifast.Scanner(voxels=333), mpifast.Particle(40e-9), harmonics=harmonics)
    spectra = mpifast.Spectra(system, seed=9, snr_db=20.0, dtype=dtype)
    u, c = spectra[30:70]
    np.testing.assert_array_equal(system.spectra(c, dtype, snr_db=20.0, seed=9, start=30), u)
    assert not np.array_equal(system.spectra(c, dtype, snr_db=20.0, seed=8, start=30), u)


def test_noise_of_phantoms_at_hand_depends_on_neither_threads_nor_parts(small_system, random):
    c = random.uniform(size=(101, 11))
    u = small_system.spectra(c, snr_db=10.0, seed=5)
    for threads in (1, 2, 7):
        np.testing.assert_array_equal(small_system.spectra(c, threads=threads, snr_db=10.0, seed=5), u)
    parts = [small_system.spectra(c[k : k + 9], snr_db=10.0, seed=5, start=k) for k in range(0, 101, 9)]
    np.testing.assert_array_equal(np.concatenate(parts), u)


def test_noise_of_phantoms_at_hand_is_white_and_as_strong_as_stated(system):
    c = mpifast.phantoms.random(5000, 129, seed=11)
    clean = system.spectra(c, "float64")
    noise = system.spectra(c, "float64", snr_db=25.0, seed=4) - clean
    assert 20 * np.log10(np.sqrt(np.square(clean).mean() / np.square(noise).mean())) == pytest.approx(25.0, abs=0.1)
    np.testing.assert_allclose(noise.std(axis=0) / noise.std(), 1.0, atol=0.06)
    empty = system.spectra(np.zeros((50, 129)), "float64", snr_db=25.0, seed=4)
    np.testing.assert_allclose(empty, noise[:50], atol=1e-12)  # as strong for any phantom


def test_without_noise_seed_and_start_change_nothing(small_system, random):
    c = random.uniform(size=(20, 11))
    np.testing.assert_array_equal(small_system.spectra(c, seed=3, start=5), small_system.spectra(c))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"snr_db": "loud"}, TypeError, "snr_db must be a number"),
        ({"snr_db": 300.0}, ValueError, "snr_db=300.0 is out of range"),
        ({"snr_db": 3.0, "seed": -1}, ValueError, "seed=-1 is out of range"),
        ({"snr_db": 3.0, "seed": None}, TypeError, "seed must be an integer"),
        ({"snr_db": 3.0, "start": 0.5}, TypeError, "start must be an integer"),
        ({"start": 2**62 + 1}, ValueError, "start=4611686018427387905 is out of range"),
    ],
)
def test_bad_noise_of_phantoms_at_hand(small_system, options, error, message):
    with pytest.raises(error, match=message):
        small_system.spectra(np.eye(11), **options)


def test_noise_far_out_needs_no_float64(recwarn):
    """Noise covers rounding: only noise-free spectra of an ill-conditioned system warn."""
    system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(25e-9))
    system.spectra(mpifast.phantoms.points(), snr_db=30.0)
    assert not recwarn.list
    with pytest.warns(mpifast.PrecisionWarning):
        system.spectra(mpifast.phantoms.points())
