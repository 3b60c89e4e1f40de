"""Frozen values: a change of a random stream is a change of results, and needs a CHANGELOG entry and a version of its
own.

Phantoms and initial weights have the same bits on every machine. What passes through floating-point sums may differ in
the last bits between CPUs with other vector widths and between C libraries; the bounds here say by how much.
"""

import hashlib

import numpy as np
import pytest

import mpifast


def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]


@pytest.mark.parametrize(
    ("phantoms", "expected"),
    [
        (lambda: mpifast.phantoms.random(1000, seed=7), "cd90c9137d641948"),
        (
            lambda: mpifast.phantoms.random(1000, voxels=64, density=0.3, seed=2**100 + 1, start=10**12),
            "6d215c7e2a954573",
        ),
        (lambda: mpifast.phantoms.pattern(), "f5cba864d8a491f7"),
        (lambda: mpifast.phantoms.letters("MPI 2017"), "9d13bb1c293d0f7f"),
        (lambda: mpifast.phantoms.bars(), "e7c286e1c9e6ec5a"),
        (lambda: mpifast.Network(200, 129, (50,), seed=1).weights[0], "42ca577f1f6cde96"),
        (lambda: mpifast.Network(200, 129, (50,), dtype="float64", seed=1).weights[1], "5c8662c32b442643"),
    ],
    ids=["random", "random, 64 voxels", "pattern", "letters", "bars", "weights float32", "weights float64"],
)
def test_bits_are_frozen(phantoms, expected):
    assert digest(phantoms()) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("points", [1.7536, 0.6568]),
        ("bars", [74.5748, 124.6506]),
        ("letters", [151.0796, 121.7123]),
        ("ellipses", [279.8798, 319.7969]),
        ("vessels", [138.2957, 259.1331]),
        ("resolution", [195.4176, 193.0808]),
        ("blobs", [365.5964, 247.0187]),
    ],
)
def test_generators_are_frozen(name, expected):
    """The sums of two phantoms: libraries may round sines and exponentials in other ways."""
    grid = mpifast.Grid((40, 40), (24e-3, 24e-3))
    found = getattr(mpifast.phantoms, name)(grid, binary=False).draw(7, [0, 10**12]).sum(axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_the_noise_is_frozen(small_system):
    noisy, clean = (mpifast.Spectra(small_system, seed=7, snr_db=snr, dtype="float64") for snr in (20.0, None))
    normals = (noisy[:2][0] - clean[:2][0]) / noisy.noise_level
    expected = [[-1.68748, 0.87767, 0.76765, -2.06668, 1.61518], [-0.8946, -0.57152, -1.90598, 0.21248, -1.19685]]
    np.testing.assert_allclose(normals[:, :5], expected, atol=2e-5)


def test_the_system_matrix_is_frozen(small_system):
    np.testing.assert_allclose(
        small_system.real[:3, 2], [-1.8897547532143826, -2.2314961856504243, -0.8047578236691147], rtol=1e-12
    )


def test_a_training_is_frozen(small_system):
    network = mpifast.Network(14, 11, (5,), dtype="float64", seed=1)
    network.fit(*mpifast.Spectra(small_system, seed=7, dtype="float64")[:50], epochs=3)
    np.testing.assert_allclose(
        network.weights[1][0], [-0.268549432, -0.362267215, 0.033850212, 0.161259047, 0.484398105], atol=2e-9
    )
