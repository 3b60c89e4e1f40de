"""Coloured noise has the covariance that was asked for, whatever its rank and scale."""

import numpy as np
import pytest

import mpifast
from mpifast import noise
from mpifast.data.noise.factor import cholesky

SAMPLES = 100_000


def excess(n, covariance):
    """The largest error of the covariance of noise [n, equations], in its standard deviations."""
    found = n.T.astype(np.float64) @ n / len(n)
    variance = np.diag(covariance)
    scatter = np.sqrt((variance[:, None] * variance + covariance**2) / len(n))
    return np.abs(found - covariance).max(), (np.abs(found - covariance) / np.where(scatter > 0, scatter, 1.0)).max()


@pytest.fixture(scope="module")
def covariance():
    """Fourteen rows, neighbours alike, of strengths over six orders of magnitude."""
    distance = np.abs(np.subtract.outer(np.arange(14), np.arange(14)))
    strength = np.logspace(-6, 0, 14)
    return 0.8**distance * strength[:, None] * strength


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_covariance_of_a_hundred_thousand_samples(small_system, covariance, dtype):
    """Of 105 entries the largest error stays below 5.5 standard deviations with a probability of 1 - 4e-6."""
    spectra = mpifast.Spectra(small_system, seed=11, noise=noise.coloured(covariance), dtype=dtype)
    n = spectra.noise.draw(small_system, 11, np.arange(SAMPLES))
    assert excess(n, covariance)[1] < 5.5
    assert np.abs(n.mean(axis=0) / np.sqrt(np.diag(covariance))).max() < 5 / np.sqrt(SAMPLES)
    kurtosis = (n.astype(np.float64) ** 4).mean(axis=0) / np.diag(covariance) ** 2
    assert np.abs(kurtosis - 3).max() < 5.5 * np.sqrt(96 / SAMPLES)
    assert excess(n * np.float32(1.03), covariance)[1] > 5.5  # the test sees three per cent
    u, c = spectra[:2000]
    np.testing.assert_allclose(u - small_system.spectra(c, dtype), n[:2000], atol=2e-5)


def test_complex_noise_of_rows(small_system):
    random = np.random.default_rng(3)
    a = random.normal(size=(3, 5)) + 1j * random.normal(size=(3, 5))
    covariance = a @ a.conj().T
    system = mpifast.linear_system(random.normal(size=(3, 4)) + 1j * random.normal(size=(3, 4)))
    n = system.to_complex(noise.coloured(covariance).draw(system, 4, np.arange(SAMPLES)))
    found, relation = n.T @ n.conj() / SAMPLES, n.T @ n / SAMPLES
    limit = 6 * np.sqrt(np.diag(covariance).real.max() ** 2 / SAMPLES)
    assert np.abs(found - covariance).max() < limit
    assert np.abs(relation).max() < limit
    half = mpifast.linear_system(1j * random.normal(size=(3, 4)))  # the imaginary parts alone
    m = noise.coloured(covariance).draw(half, 4, np.arange(SAMPLES))
    assert excess(m, 0.5 * covariance.real)[1] < 5.5


@pytest.mark.parametrize("size", [1, 31, 64, 130])
def test_the_factor(size):
    a = np.random.default_rng(size).normal(size=(size, size + 3)) * np.logspace(-9, 0, size)[:, None]
    covariance = a @ a.T
    factor = cholesky(covariance, "covariance")
    assert not np.tril(factor, -1).any()
    scale = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose((factor.T @ factor) / (scale[:, None] * scale), covariance / (scale[:, None] * scale),
                               atol=1e-13)  # fmt: skip


@pytest.mark.parametrize("rank", [0, 1, 5, 69])
def test_semidefinite_covariances(rank):
    a = np.random.default_rng(rank).normal(size=(70, rank))
    covariance = a @ a.T
    factor = cholesky(covariance, "covariance")
    np.testing.assert_allclose(factor.T @ factor, covariance, atol=1e-6 * max(1, rank))
    rounded = covariance.astype(np.float32)
    system = mpifast.linear_system(np.eye(70))
    n = noise.coloured(rounded).draw(system, 1, [0, 1])
    assert np.isfinite(n).all()
    assert n.any() == (rank > 0)


@pytest.mark.parametrize(
    "matrix", [[[0.0, 1.0], [1.0, 0.0]], [[1.0, 2.0], [2.0, 1.0]], [[1, 1, 0], [1, 1, 1], [0, 1, 1]]]
)
def test_indefinite_matrices_are_refused(matrix):
    system = mpifast.linear_system(np.eye(len(matrix)))
    with pytest.raises(ValueError, match="covariance is not positive semidefinite"):
        mpifast.Spectra(system, noise=noise.coloured(np.array(matrix, float)))


def test_the_covariance_of_few_and_of_many_frames(small_system):
    mixing = np.random.default_rng(1).normal(size=(14, 14))
    for count in (6, 400):
        frames = np.random.default_rng(count).normal(size=(count, 14)) @ mixing + 3.0
        expected = np.cov(frames.T)
        n = noise.measured(frames).draw(small_system, 9, np.arange(SAMPLES))
        assert excess(n, expected)[1] < 5.5
        assert np.linalg.matrix_rank(n[:100].astype(float), tol=1e-3) == min(count - 1, 14)
        n = noise.measured(frames, shrinkage=0.4).draw(small_system, 9, np.arange(SAMPLES))
        assert excess(n, 0.6 * expected + 0.4 * np.diag(np.diag(expected)))[1] < 5.5
        kept = noise.measured(frames, mean="keep").draw(small_system, 9, np.arange(SAMPLES)).mean(axis=0)
        np.testing.assert_allclose(kept, frames.mean(axis=0), atol=5 * np.sqrt(expected.max() / SAMPLES))
