"""Scalings of network inputs."""

import numpy as np
import pytest

from mpifast.networks.scaling import MODES, Scaling


@pytest.fixture
def spectra(random):
    return (random.normal(size=(200, 5)) * [1e3, 1.0, 1e-3, 1e-6, 0.0] + [0, 2, 0, 0, 0]).astype(np.float32)


def test_harmonic_divides_each_row_by_its_largest_magnitude(spectra):
    scaled = Scaling.measure("harmonic", spectra).apply(spectra)
    np.testing.assert_allclose(np.abs(scaled).max(axis=0), [1, 1, 1, 1, 0], rtol=1e-6)


def test_global_divides_all_by_the_largest(spectra):
    np.testing.assert_allclose(
        Scaling.measure("global", spectra).apply(spectra), spectra / np.abs(spectra).max(), rtol=1e-5
    )


def test_sample_divides_each_sample_by_its_own(spectra):
    scaling = Scaling.measure("sample", spectra)
    np.testing.assert_allclose(np.abs(scaling.apply(spectra)).max(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(scaling.apply(np.zeros((1, 5))), np.zeros((1, 5)))


def test_standard_centres_and_normalises(spectra):
    scaled = Scaling.measure("standard", spectra).apply(spectra.astype(np.float64))
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(scaled.std(axis=0), [1, 1, 1, 1, 0], rtol=1e-5)


def test_none_changes_nothing(spectra):
    np.testing.assert_array_equal(Scaling.measure("none", spectra).apply(spectra), spectra)


@pytest.mark.parametrize("mode", MODES)
def test_keeps_type_and_argument(spectra, mode):
    before = spectra.copy()
    assert Scaling.measure(mode, spectra).apply(spectra).dtype == np.float32
    np.testing.assert_array_equal(spectra, before)
