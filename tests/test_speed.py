"""pytest-benchmark: every kernel beside its peers, verified before it is timed.

    python -m pytest tests/test_speed.py --benchmark-enable --benchmark-group-by=group

In the ordinary run the benchmarks are disabled and each function is called once, so the checks are tests.
"""

import numpy as np
import pytest

import mpifast
from mpifast import reference

SAMPLES = 30_000


@pytest.fixture(scope="module")
def data(system):
    return mpifast.Spectra(system, seed=7)[:SAMPLES]


def timed(benchmark, group, call):
    """Time a call after a warm-up run; its result."""
    benchmark.group = group
    return benchmark.pedantic(call, rounds=7, warmup_rounds=2)


@pytest.mark.parametrize("implementation", [mpifast, reference], ids=["mpifast", "reference"])
@pytest.mark.parametrize("function", ["langevin", "langevin_derivative"])
def test_langevin(benchmark, implementation, function, random):
    x = random.normal(scale=20.0, size=100_000)
    result = timed(benchmark, function, lambda: getattr(implementation, function)(x))
    np.testing.assert_allclose(result, getattr(reference, function)(x), rtol=1e-9)


@pytest.mark.parametrize("implementation", ["mpifast", "reference"])
def test_system_matrix(benchmark, system, implementation):
    calls = {
        "mpifast": lambda: mpifast.system_matrix(system.scanner, system.particle).matrix,
        "reference": lambda: reference.system_matrix(system.scanner, system.particle, nodes=system.nodes),
    }
    np.testing.assert_allclose(timed(benchmark, "system matrix", calls[implementation]), system.matrix, atol=1e-11)


@pytest.mark.parametrize("implementation", ["look-up", "product", "numpy", "reference"])
def test_forward(benchmark, system, data, implementation):
    phantoms, columns = data[1], np.ascontiguousarray(system.real.T, np.float32)
    floats = phantoms.astype(np.float32)
    calls = {
        "look-up": lambda: system.spectra(phantoms),
        "product": lambda: system.spectra(floats),
        "numpy": lambda: floats @ columns,
        "reference": lambda: reference.spectra(system.real, phantoms),
    }
    np.testing.assert_allclose(timed(benchmark, "30,000 spectra of phantoms", calls[implementation]), data[0], atol=2e-3)


@pytest.mark.parametrize("snr_db", [None, 30.0])
@pytest.mark.parametrize("implementation", ["mpifast", "numpy"])
def test_spectra(benchmark, system, data, implementation, snr_db):
    spectra, columns = mpifast.Spectra(system, seed=7, snr_db=snr_db), np.ascontiguousarray(system.real.T, np.float32)

    def numpy():
        random = np.random.default_rng(7)
        phantoms = random.integers(0, 2, (SAMPLES, 129), dtype=np.uint8)
        u = phantoms.astype(np.float32) @ columns
        return (u if snr_db is None else u + np.float32(spectra.noise_level) * random.standard_normal(u.shape, dtype=np.float32)), phantoms

    u, _ = timed(benchmark, f"30,000 spectra from a seed, {snr_db} dB", (lambda: spectra[:SAMPLES]) if implementation == "mpifast" else numpy)
    np.testing.assert_allclose(u.std(axis=0), np.hypot(data[0].std(axis=0), spectra.noise_level), rtol=0.05)


@pytest.mark.parametrize("hidden", [(), (200,)], ids=["one layer", "hidden layer"])
@pytest.mark.parametrize("implementation", ["mpifast", "reference"])
def test_training_pass(benchmark, data, implementation, hidden):
    u, c = data[0][:1000], data[1][:1000]
    start = mpifast.Network(200, 129, hidden, scaling="sample", seed=1)
    linear, inputs = [False] * len(start.weights), start.scaling.apply(u)

    def fit():
        network = mpifast.Network(200, 129, hidden, scaling="sample", seed=1)
        network.fit(u, c, epochs=1)
        return network.weights

    calls = {"mpifast": fit, "reference": lambda: reference.train(start.weights, linear, False, inputs, c, 0.5)[0]}
    trained = timed(benchmark, f"a pass of 1,000 samples, hidden {hidden}", calls[implementation])
    for weights, expected in zip(trained, reference.train(start.weights, linear, False, inputs, c, 0.5)[0], strict=True):
        np.testing.assert_allclose(weights, expected, atol=1e-4)


@pytest.mark.parametrize("implementation", ["mpifast", "numpy"])
def test_prediction(benchmark, data, implementation):
    network = mpifast.Network(200, 129, scaling="none", seed=1)
    u, weights = data[0] * np.float32(1e-2), network.weights[0]
    calls = {"mpifast": lambda: network.predict(u), "numpy": lambda: reference.sigmoid(u @ weights.T)}
    np.testing.assert_allclose(timed(benchmark, "30,000 images", calls[implementation]), reference.sigmoid(u @ weights.T), atol=1e-5)
