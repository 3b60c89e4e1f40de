"""pytest-benchmark: every kernel beside its peer, verified before it is timed, and beside its slow twin.

    python -m pytest tests/test_speed.py --benchmark-enable --benchmark-group-by=group

In the ordinary run the benchmarks are disabled and each function is called once, so the checks are tests.
"""

import dataclasses

import numpy as np
import pytest

import mpifast
from mpifast import reference

pairs = pytest.importorskip("benchmarks.pairs", reason="the tests run without the checkout around them")
from benchmarks import problems  # noqa: E402  (after the check)

SMALL = problems.PAPER._replace(samples=1_000)  # enough of the slow twins and of the libraries


def torch_peer(name, **options):
    return getattr(pytest.importorskip("benchmarks.peers.pytorch", exc_type=ImportError), name)(shape=SMALL, **options)


def sklearn_peer(batch):
    return pytest.importorskip("benchmarks.peers.scikit_learn", exc_type=ImportError).regressor(batch, SMALL)


MAKERS = {
    "spectra of phantoms": problems.forward,
    "spectra of grey phantoms": problems.grey,
    "spectra from a seed": lambda: problems.generate(None),
    "noisy spectra from a seed": lambda: problems.generate(problems.SNR_DB),
    "system matrix": problems.matrix,
    "training pass": problems.training,
    "training pass, noisy": lambda: problems.training(problems.SNR_DB),
    "training pass, hidden layer": problems.hidden_training,
    "images": lambda: problems.prediction(problems.PAPER),
    "PyTorch, loop": lambda: torch_peer("loop"),
    "PyTorch, autograd": lambda: torch_peer("minibatch"),
    "scikit-learn, batches of 1": lambda: sklearn_peer(1),
    "scikit-learn, batches of 128": lambda: sklearn_peer(128),
}


def timed(benchmark, group, call):
    """Time a call after a warm-up run; its result."""
    benchmark.group = group
    return benchmark.pedantic(call, rounds=7, warmup_rounds=2)


@pytest.fixture(scope="module")
def verified():
    """The pair of a name, verified once for both of its sides."""
    made = {}

    def get(name):
        if name not in made:
            made.clear()  # one at a time in memory
            made[name] = MAKERS[name]()
            pairs.verify(made[name], threads=2)
        return made[name]

    return get


# Benchmarks train for a few passes at any rate, and do not mind how far they get.
@pytest.mark.filterwarnings("ignore::mpifast.networks.history.TrainingWarning")
@pytest.mark.parametrize("side", ["ours", "peer"])
@pytest.mark.parametrize("name", MAKERS)
def test_pair(benchmark, verified, name, side):
    pair = verified(name)
    with pairs.blas_threads(2):
        timed(benchmark, name, lambda: getattr(pair, side)(2))


def test_the_verification_fails_a_wrong_result():
    pair = problems.forward(SMALL)
    with pytest.raises(AssertionError, match="of ours is above"):
        pairs.verify(dataclasses.replace(pair, verify=lambda _: pairs.Errors(1.0, 0.0)), threads=1)
    with pytest.raises(AssertionError, match="of peer is above"):
        pairs.verify(dataclasses.replace(pair, verify=lambda _: pairs.Errors(0.0, np.nan)), threads=1)
    values = np.arange(6.0)
    assert pairs.deviation(values, values) == 0.0
    assert pairs.deviation(2 * values, values) == 1.0


@pytest.mark.parametrize("implementation", [mpifast, reference], ids=["mpifast", "reference"])
@pytest.mark.parametrize("function", ["langevin", "langevin_derivative"])
def test_langevin(benchmark, implementation, function, random):
    x = random.normal(scale=20.0, size=100_000)
    result = timed(benchmark, function, lambda: getattr(implementation, function)(x))
    np.testing.assert_allclose(result, getattr(reference, function)(x), rtol=1e-9)


@pytest.mark.parametrize("hidden", [(), (200,)], ids=["one layer", "hidden layer"])
@pytest.mark.parametrize("implementation", ["mpifast", "reference"])
def test_training_and_its_slow_twin(benchmark, implementation, hidden):
    u, c = problems.data(None, SMALL)
    start = problems.network((200, *hidden, 129))
    start.fit(u, c, epochs=0)

    def fit():
        network = problems.network((200, *hidden, 129))
        network.fit(u, c, epochs=1, learning_rate=0.2)
        return network.weights

    def loop():
        return problems.plain(start.weights, start.scaling, u, c, np.float32, rate=0.2)

    trained = timed(
        benchmark, f"a pass of 1,000 samples, hidden {hidden}", {"mpifast": fit, "reference": loop}[implementation]
    )
    for weights, expected in zip(trained, loop(), strict=True):
        assert pairs.deviation(weights, expected) < problems.SINGLE


def test_forward_slow_twin(benchmark, system):
    u, c = problems.data(None, SMALL)
    assert (
        pairs.deviation(u, timed(benchmark, "spectra of 1,000 phantoms", lambda: reference.spectra(system.real, c)))
        < problems.SINGLE
    )
