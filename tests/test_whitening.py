"""The fast recipe's coordinates: against SciPy's pivoted QR, and what they promise."""

import numpy as np
import pytest
import scipy.linalg

import mpifast
from mpifast.networks._loops.whitening import directions_of
from mpifast.networks.scaling import Scaling
from mpifast.networks.whitening import SAMPLES, Whitening

pytestmark = [pytest.mark.loops, pytest.mark.filterwarnings("ignore:overflow encountered")]


def directions(rows, tolerance=1e-12):
    """Triangle and inverse, cut to the rank."""
    triangle, inverse, orthonormal = directions_of(rows, tolerance)
    np.testing.assert_allclose(orthonormal, inverse.T @ rows, atol=1e-6)
    return triangle, inverse


@pytest.mark.parametrize("rank", [1, 3, 6])
def test_agrees_with_pivoted_qr(rank, random):
    rows = random.normal(size=(6, rank)) @ random.normal(size=(rank, 20)) * 10.0 ** -np.arange(6)[:, None]
    triangle, inverse = directions(rows)
    expected, order = scipy.linalg.qr(rows.T, mode="r", pivoting=True)
    assert len(triangle) == rank
    np.testing.assert_allclose(np.abs(triangle[:, order]), np.abs(expected[:rank]), rtol=1e-6, atol=1e-13)
    np.testing.assert_allclose(triangle @ inverse, np.eye(rank), atol=1e-9)
    orthonormal = inverse.T @ rows
    np.testing.assert_allclose(orthonormal @ orthonormal.T, np.eye(rank), atol=1e-6)
    np.testing.assert_allclose(triangle.T @ orthonormal, rows, atol=1e-9)


def test_nothing_and_next_to_nothing():
    assert [part.size for part in directions(np.zeros((3, 5)))] == [0, 0]
    assert len(directions(np.array([[1.0, 0.0], [0.0, 1e-14]]))[0]) == 1


@pytest.mark.parametrize("mode", ["harmonic", "sample", "standard", "none"])
@pytest.mark.parametrize("snr_db", [None, 30.0])
def test_spectra_become_white(small_system, mode, snr_db):
    u, _ = mpifast.Spectra(small_system, seed=3, snr_db=snr_db, dtype="float64")[: 14 * SAMPLES]
    scaling = Scaling.measure(mode, u)
    whitening = Whitening.measure(scaling, u, 1)
    white = scaling.times(u, whitening.forward, threads=1)
    np.testing.assert_allclose(white.T @ white / len(white), np.eye(white.shape[1]), atol=1e-6)
    np.testing.assert_allclose(white @ whitening.back.T, scaling.apply(u), atol=1e-9 * np.abs(scaling.apply(u)).max())
    assert white.shape[1] == (14 if snr_db else 11)


@pytest.mark.parametrize("spectra", [np.zeros((50, 14)), np.full((50, 14), 1e200)])
def test_nothing_to_go_by(spectra):
    network = mpifast.Network(14, 11, scaling="none", dtype="float64")
    with pytest.raises(ValueError, match="zero, or too large"):
        network.fit(spectra, np.zeros((50, 11)), recipe="fast")
    assert network.epochs_trained == 0
