"""The rows of a network: kept with it, and found in systems that have other rows."""

import numpy as np
import pytest

import mpifast
from mpifast.networks.rows import ROW, match


@pytest.fixture(scope="module")
def weak():
    """A tracer of 20 nm: of two hundred harmonics the last ones are zero."""
    system = mpifast.system_matrix(mpifast.Scanner(voxels=11), mpifast.Particle(20e-9), harmonics=200)
    assert 0 < system.real.any(axis=1).sum() < 200
    return system


@pytest.fixture(scope="module")
def samples(weak):
    return mpifast.Spectra(weak, seed=3, dtype="float64")[:100]


@pytest.fixture(scope="module")
def trained(weak, samples):
    net = mpifast.Network(system=weak, seed=1)
    net.fit(*samples, epochs=3, system=weak)
    return net


def thinned(system):
    """The system as a file has it: without rows of zeros, the others in another order."""
    return system.select(np.flatnonzero(system.real.any(axis=1)))


def test_a_system_gives_inputs_and_outputs(weak, trained):
    assert (trained.inputs, trained.outputs) == (200, 11)
    assert trained.system == weak.fingerprint


def test_rows_of_zeros_may_be_missing(weak, samples, trained, tmp_path):
    u, _ = samples
    file = thinned(weak)
    trained.save(tmp_path / "net.npz")
    for net in (trained, mpifast.Network.load(tmp_path / "net.npz")):
        matching = net.matching(file)
        np.testing.assert_array_equal(matching(u[:, weak.real.any(axis=1)]), u)
        np.testing.assert_array_equal(net.predict(matching(u[:, weak.real.any(axis=1)])), net.predict(u))


def test_more_rows_and_another_order(weak, samples, trained):
    longer = mpifast.system_matrix(weak.scanner, weak.particle, harmonics=220)
    order = np.random.default_rng(0).permutation(220)
    mixed = mpifast.linear_system(
        longer.matrix[order], channels=np.zeros(220, int), numbers=longer.rows["number"][order]
    )
    u = longer.spectra(samples[1], dtype="float64")[:, order]
    np.testing.assert_allclose(trained.matching(mixed)(u), samples[0], atol=1e-12 * np.abs(u).max())


def test_a_row_that_matters_is_named(weak, trained):
    without = weak.select(np.arange(3, 200))
    with pytest.raises(
        ValueError, match=r"lacks the imaginary part of channel 0, number 1, .*number 3, which the network"
    ):
        trained.matching(without)


def test_complex_spectra_of_both_parts():
    random = np.random.default_rng(1)
    system = mpifast.linear_system(random.normal(size=(9, 11)) + 1j * random.normal(size=(9, 11)))
    u, c = mpifast.Spectra(system, seed=3)[:60]
    complex_u = system.to_complex(u)
    nets = [mpifast.Network(system=system, seed=1) for _ in range(3)]
    assert nets[0].inputs == 18
    nets[0].fit(u, c, epochs=2)
    nets[1].fit(complex_u, c, epochs=2, validation=(complex_u, c))
    nets[2].fit(complex_u, c, epochs=2, system=system)
    for net in nets:
        np.testing.assert_array_equal(net.weights[0], nets[0].weights[0])
        np.testing.assert_array_equal(net.predict(complex_u), nets[0].predict(u))
        np.testing.assert_array_equal(net.predict(complex_u, system=system), nets[0].predict(u))


def test_bare_arrays_are_systems():
    matrix = np.random.default_rng(1).normal(size=(9, 11))
    net = mpifast.Network(system=matrix, scaling="none")
    assert (net.inputs, net.outputs) == (9, 11)
    assert net.system == mpifast.linear_system(matrix).fingerprint


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda net, system: net.matching(system.scanner), TypeError, "system must be a system"),
        (lambda net, system: net.matching(np.ones((200, 7))), ValueError, "for 11 voxels, the system has 7"),
        (
            lambda net, system: net.fit(np.ones((4, 200)), np.ones((4, 11)), system=np.ones((9, 11))),
            ValueError,
            "trained for",
        ),
        (lambda net, system: mpifast.Network(9, 11, system=system), ValueError, "9 inputs.*system has 200 equations"),
        (lambda net, system: mpifast.Network(9), TypeError, "outputs must be an integer"),
        (lambda net, system: mpifast.Network(9, 11).matching(system), ValueError, "does not know its rows"),
        (
            lambda net, system: mpifast.Network(200, 11, scaling="none").predict(np.ones((1, 200)) * 1j),
            TypeError,
            "spectra",
        ),
        (lambda net, system: net.matching(system)(np.ones((1, 199))), ValueError, "199 equations, expected 200"),
    ],
)
def test_bad_input(weak, trained, call, error, message):
    with pytest.raises(error, match=message):
        call(trained, weak)


def test_an_equation_twice_is_refused():
    rows = np.zeros(2, ROW)
    with pytest.raises(ValueError, match="the real part of channel 0, number 0 twice"):
        match(rows, rows)


def test_networks_of_the_former_format_open(trained, samples, tmp_path):
    """Format 2 had no rows."""
    import json

    path = tmp_path / "net.npz"
    trained.save(path)
    with np.load(path) as archive:
        arrays = dict(archive)
    header = json.loads(str(arrays["header"]))
    assert header["format"] == 4
    arrays.pop("rows")
    arrays["header"] = np.array(json.dumps({**header, "format": 2}))
    np.savez(path, **arrays)
    old = mpifast.Network.load(path)
    np.testing.assert_array_equal(old.predict(samples[0]), trained.predict(samples[0]))
    assert old.matching(mpifast.linear_system(np.ones((200, 11))))(samples[0]) is not None
