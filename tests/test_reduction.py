"""Reduced coordinates: the same trajectory, and only where it is the same."""

import numpy as np
import pytest

import mpifast
from mpifast import reference
from mpifast.networks import reduction
from mpifast.networks.reduction import Reduction
from mpifast.networks.scaling import Scaling

pytestmark = [pytest.mark.loops, pytest.mark.filterwarnings("ignore:overflow encountered")]
COUNT = 2 * reduction.SAMPLES * 16


@pytest.fixture
def system():
    """Sixteen harmonics of eleven voxels."""
    return mpifast.system_matrix(mpifast.Scanner(voxels=11), mpifast.Particle(40e-9), harmonics=16)


def found(u, c, mode="harmonic"):
    return Reduction.find(Scaling.measure(mode, u), u, c, threads=1)


@pytest.mark.parametrize("mode", ["harmonic", "global", "sample", "none"])
def test_coordinates_are_those_of_the_scaled_spectra(system, mode):
    u, c = mpifast.Spectra(system, seed=3, dtype="float64")[:COUNT]
    reduced, x = found(u, c, mode), Scaling.measure(mode, u).apply(u)
    assert reduced.basis.shape == (16, 11)
    np.testing.assert_allclose(reduced.basis.T @ reduced.basis, np.eye(11), atol=1e-14)
    np.testing.assert_allclose(reduced.samples.spectra @ reduced.basis.T, x, atol=1e-13 * np.abs(x).max())


def test_what_is_not_smaller_stays(system):
    u, c = mpifast.Spectra(system, seed=3)[:COUNT]
    noisy, _ = mpifast.Spectra(system, seed=3, snr_db=60)[:COUNT]
    assert found(u, c) is not None
    assert found(noisy, c) is None
    assert found(u[:-1], c[:-1]) is None  # too few to be sure of the space
    assert found(u[:, :12].copy(), c) is None  # 11 of 12
    assert found(np.zeros_like(u), c) is None
    last = u.copy()
    last[-1, -1] += 1e-3 * np.abs(u).max()
    assert found(last, c) is None  # one that lies outside


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-4), ("float64", 1e-11)])
@pytest.mark.parametrize(
    ("bias", "batch_size", "scaling"), [(False, 1, "harmonic"), (True, 1, "sample"), (True, 7, "global")]
)
def test_the_same_trajectory_after_ten_passes(system, bias, batch_size, scaling, dtype, tolerance):
    u, c = mpifast.Spectra(system, seed=3, dtype=dtype)[:COUNT]
    net = mpifast.Network(16, 11, bias=bias, scaling=scaling, dtype=dtype, seed=1)
    assert found(u, c, scaling) is not None
    expected = [np.column_stack([net.weights[0], *net.biases])]
    history = net.fit(u, c, epochs=10, learning_rate=0.3, batch_size=batch_size)
    inputs = net.scaling.apply(u)
    for _ in range(10):
        expected, error = reference.train(expected, [False], bias, inputs, c, 0.3, batch_size)
    np.testing.assert_allclose(np.column_stack([net.weights[0], *net.biases]), expected[0], atol=tolerance)
    assert history.train_mse[-1] == pytest.approx(error, rel=10 * tolerance)


def test_threads_and_interruptions_do_not_change_the_bits(system, tmp_path):
    u, c = mpifast.Spectra(system, seed=3)[:COUNT]
    nets = [mpifast.Network(16, 11, seed=1) for _ in range(4)]
    for net, threads in zip(nets, (1, 2), strict=False):
        net.fit(u, c, epochs=6, threads=threads, validation=(u, c))
    nets[2].fit(
        u,
        c,
        epochs=6,
        validation=(u, c),
        checkpoint=tmp_path / "kept.npz",
        callback=lambda net, history: history.epochs == 3,
    )
    nets[3].fit(u, c, epochs=6, validation=(u, c), checkpoint=tmp_path / "kept.npz")
    for net in (nets[1], nets[3]):
        np.testing.assert_array_equal(net.weights[0], nets[0].weights[0])
