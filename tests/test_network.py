"""Networks: forward and backward against the slow twin and finite differences, and everything `fit` promises."""

import re
import signal
import threading
import time

import numba
import numpy as np
import pytest

import mpifast
from mpifast import reference
from mpifast._compiled.barrier import OFFERED
from mpifast.networks import training
from mpifast.networks.scaling import MODES, Scaling

pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered")

SHAPES = [  # hidden, activation, bias
    ((), "sigmoid", False),
    ((), "linear", True),
    ((9,), "sigmoid", False),
    ((9,), "sigmoid", True),
    ((8, 5), ("sigmoid", "linear", "sigmoid"), True),
    ((6, 7, 3), ("linear", "sigmoid", "sigmoid", "linear"), False),
]


def network(hidden=(), activation="sigmoid", bias=False, **options):
    return mpifast.Network(14, 11, hidden, activation=activation, bias=bias, seed=2, **{"scaling": "none", **options})


def parameters(net):
    """Weights with the bias as last column, as the slow twin takes them."""
    return [np.column_stack([w, *b]) for w, *b in zip(net.weights, *([net.biases] if net.bias else []), strict=True)]


def linear(net):
    return [name == "linear" for name in net.activations]


@pytest.fixture
def data(random):
    return random.normal(size=(53, 14)).astype(np.float32), random.integers(0, 2, (53, 11), dtype=np.uint8)


@pytest.mark.loops
@pytest.mark.parametrize(("hidden", "activation", "bias"), SHAPES)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-12)])
@pytest.mark.parametrize("batch_size", [1, 5, 1000])
def test_a_pass_equals_the_plain_loop(hidden, activation, bias, dtype, tolerance, batch_size, data):
    u, c = data[0].astype(dtype), data[1]
    net = network(hidden, activation, bias, dtype=dtype)
    expected, error = reference.train(parameters(net), linear(net), bias, u, c, 0.05, batch_size)
    history = net.fit(u, c, epochs=1, learning_rate=0.05, batch_size=batch_size)
    for trained, plain in zip(parameters(net), expected, strict=True):
        np.testing.assert_allclose(trained, plain, atol=tolerance)
    assert history.train_mse[0] == pytest.approx(error, rel=10 * tolerance)
    images = reference.forward(expected, linear(net), bias, u)[-1]
    np.testing.assert_allclose(net.predict(u), images, atol=tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-12)])
@pytest.mark.parametrize("hidden", [(), (50,)])
def test_a_pass_equals_the_plain_loop_at_the_papers_size(system, hidden, dtype, tolerance):
    u, c = mpifast.Spectra(system, seed=7, dtype=dtype)[:1000]
    net = mpifast.Network(200, 129, hidden, dtype=dtype, seed=1)
    weights = parameters(net)
    net.fit(u, c, epochs=1, learning_rate=0.3)
    inputs = (u * net.scaling.factor.astype(dtype)).astype(dtype)
    expected, _ = reference.train(weights, linear(net), False, inputs, c, 0.3)
    for trained, plain in zip(parameters(net), expected, strict=True):
        np.testing.assert_allclose(trained, plain, atol=tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-4), ("float64", 1e-11)])
@pytest.mark.parametrize("hidden", [(), (9,)])
def test_the_same_trajectory_after_ten_passes(hidden, dtype, tolerance, data):
    u, c = data[0].astype(dtype), data[1]
    net = network(hidden, dtype=dtype)
    expected = parameters(net)
    for _ in range(10):
        expected, _ = reference.train(expected, linear(net), False, u, c, 0.2)
    net.fit(u, c, epochs=10, learning_rate=0.2)
    for trained, plain in zip(parameters(net), expected, strict=True):
        np.testing.assert_allclose(trained, plain, atol=tolerance)


@pytest.mark.parametrize(("hidden", "activation", "bias"), SHAPES)
def test_gradients_are_finite_differences(hidden, activation, bias, random):
    u, c = random.normal(size=(6, 14)), random.uniform(size=(6, 11))
    net = network(hidden, activation, bias, dtype="float64")
    before = parameters(net)

    def cost(weights):
        return 0.5 * np.square(reference.forward(weights, linear(net), bias, u)[-1] - c).sum() / len(u)

    net.fit(u, c, epochs=1, learning_rate=1.0, batch_size=len(u))  # one step of -gradient
    for layer, (old, new) in enumerate(zip(before, parameters(net), strict=True)):
        for index in random.permutation(list(np.ndindex(old.shape)))[:25].tolist():
            index = tuple(index)
            step = np.zeros_like(old)
            step[index] = 1e-5
            above, below = ([*before[:layer], old + sign * step, *before[layer + 1 :]] for sign in (1, -1))
            assert old[index] - new[index] == pytest.approx((cost(above) - cost(below)) / 2e-5, abs=1e-6)


@pytest.mark.parametrize("threads", [2, 3, 4, 50])
@pytest.mark.parametrize(("hidden", "bias"), [((), False), ((40,), True), ((3, 64, 33, 20), False)])
@pytest.mark.parametrize("batch_size", [1, 48])
def test_threads_do_not_change_the_bits(system, threads, hidden, bias, batch_size):
    u, c = mpifast.Spectra(system, seed=7)[:300]
    one, many = (mpifast.Network(200, 129, hidden, bias=bias, seed=1) for _ in range(2))
    first = one.fit(u, c, epochs=2, batch_size=batch_size, threads=1, validation=(u, c))
    second = many.fit(u, c, epochs=2, batch_size=batch_size, threads=threads, validation=(u, c))
    for a, b in zip(one.weights, many.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    assert first.train_mse == second.train_mse
    assert first.validation_mse == second.validation_mse


def test_where_others_want_the_cores_threads_stop_waiting_for_each_other(data, monkeypatch):
    slots, train = [], training.hidden_layer.train_exactly

    def contended(*args, threads):
        *_, meeting, count = args
        slots.append(count)
        train(*args, threads=threads)
        if count > 1:
            meeting.flags[OFFERED] += training.OFFERS + 1

    monkeypatch.setattr(training.hidden_layer, "train_exactly", contended)
    network((9,)).fit(*data, epochs=2 * training.ALONE, threads=2)
    expected = (
        ([2] + [1] * training.ALONE) * 2 if mpifast._compiled.jit.thread_count(2) > 1 else [1] * 2 * training.ALONE
    )
    assert slots == expected[: 2 * training.ALONE]


@pytest.mark.loops
@pytest.mark.parametrize("scaling", MODES)
def test_scaling_lives_in_the_network(scaling, data):
    u, c = (data[0] * 1e-3 + 2e-3).astype(np.float64), data[1]
    net = network(scaling=scaling, dtype="float64")
    weights = parameters(net)
    net.fit(u, c, epochs=1)
    inputs = Scaling.measure(scaling, u).apply(u)
    expected, _ = reference.train(weights, [False], False, inputs, c, 0.5)
    np.testing.assert_allclose(net.predict(u), reference.forward(expected, [False], False, inputs)[-1], atol=1e-12)


def test_a_given_scaling_is_kept(data):
    u, c = data
    scaling = Scaling.measure("harmonic", 10 * u)
    net = network(scaling=scaling)
    net.fit(u, c, epochs=1)
    assert net.scaling is scaling


def test_learns_to_reconstruct(system):
    spectra = mpifast.Spectra(system, seed=7)
    u, c = spectra[:3000]
    test = spectra[3000:3200]
    net = mpifast.Network(200, 129, seed=1)
    history = net.fit(u, c, epochs=20, validation=test)
    assert history.validation_mse[-1] < 0.01 < 0.1 * history.validation_mse[0] + 0.01
    assert history.validation_mse[-1] == mpifast.metrics.mse(net.predict(test[0]), test[1])
    images = net.predict(test[0])
    assert images.dtype == np.float32
    assert images.min() >= 0
    assert images.max() <= 1


def test_history_and_callback(data):
    seen = []

    def callback(net, history):
        seen.append((net.epochs_trained, history.train_mse[-1], net.weights[0].copy()))
        return history.epochs == 3

    net = network()
    history = net.fit(*data, epochs=10, learning_rate=lambda epoch: 0.5 / (1 + epoch), callback=callback)
    assert history.stopped == "callback"
    assert history.epochs == len(history.seconds) == len(seen) == 3
    assert history.learning_rate == [0.5, 0.25, pytest.approx(0.5 / 3)]
    assert [epoch for epoch, _, _ in seen] == [1, 2, 3]
    np.testing.assert_array_equal(seen[-1][2], net.weights[0])


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("batch_size", [1, 8])
def test_two_calls_are_one(shuffle, batch_size, data):
    whole, parts = network(), network()
    whole.fit(*data, epochs=5, shuffle=shuffle, batch_size=batch_size)
    parts.fit(*data, epochs=2, shuffle=shuffle, batch_size=batch_size)
    parts.fit(*data, epochs=3, shuffle=shuffle, batch_size=batch_size)
    np.testing.assert_array_equal(whole.weights[0], parts.weights[0])


def test_shuffling_changes_the_order_each_epoch(data):
    plain, shuffled = network(), network()
    plain.fit(*data, epochs=1)
    shuffled.fit(*data, epochs=1, shuffle=True)
    assert not np.array_equal(plain.weights[0], shuffled.weights[0])


def test_long_training_sets_are_cut_into_chunks_without_a_trace(monkeypatch, data):
    from mpifast.networks import training as module

    whole, cut = network(), network()
    history = whole.fit(*data, epochs=2)
    monkeypatch.setattr(module, "CHUNK", 16)
    assert cut.fit(*data, epochs=2).train_mse == history.train_mse
    np.testing.assert_array_equal(whole.weights[0], cut.weights[0])


def test_ctrl_c_keeps_what_was_learned(data):
    net, snapshots = network(), []

    def callback(net, history):
        snapshots.append(net.weights[0])
        if history.epochs == 2:
            signal.raise_signal(signal.SIGINT)

    with pytest.warns(mpifast.TrainingWarning, match="interrupted after 2 completed epochs"):
        history = net.fit(*data, epochs=1000, callback=callback)
    assert history.stopped == "interrupted"
    assert history.epochs == 2
    np.testing.assert_array_equal(net.weights[0], snapshots[-1])
    assert net.fit(*data, epochs=1).stopped == "completed"


def test_ctrl_c_in_the_middle_of_a_pass(system):
    u, c = mpifast.Spectra(system, seed=7)[:20_000]
    net, snapshots = mpifast.Network(200, 129, (200,), seed=1), []

    def callback(net, history):
        snapshots.append(net.weights)
        if history.epochs == 1:
            threading.Timer(0.02, signal.raise_signal, [signal.SIGINT]).start()  # a pass takes longer

    with pytest.warns(mpifast.TrainingWarning, match="interrupted"):
        history = net.fit(u, c, epochs=1000, callback=callback)
    assert history.stopped == "interrupted"
    assert net.epochs_trained == history.epochs == len(snapshots)
    for now, then in zip(net.weights, snapshots[-1], strict=True):
        np.testing.assert_array_equal(now, then)


def test_divergence_is_reported_and_leaves_finite_weights(data):
    u, c = data
    net = network(activation="linear")
    with pytest.raises(FloatingPointError, match=r"diverged in epoch \d+ at learning_rate=50: use a lower rate"):
        net.fit(u, c, epochs=100, learning_rate=50.0)
    assert np.isfinite(net.weights[0]).all()
    assert np.isfinite(net.predict(u)).all()


def test_initial_weights_are_uniform_and_reproducible():
    net = mpifast.Network(200, 129, 200, seed=5, weight_range=0.1)
    assert [w.shape for w in net.weights] == [(200, 200), (129, 200)]
    for weights in net.weights:
        assert np.abs(weights).max() <= 0.1
        assert weights.std() == pytest.approx(0.1 / np.sqrt(3), rel=0.02)
    np.testing.assert_array_equal(net.weights[0], mpifast.Network(200, 129, 200, seed=5, weight_range=0.1).weights[0])
    assert not np.array_equal(net.weights[0], mpifast.Network(200, 129, 200, seed=6, weight_range=0.1).weights[0])


@pytest.mark.parametrize(
    ("inputs", "outputs", "hidden"), [(1, 1, ()), (3, 131, (200,)), (128, 64, (256,)), (17, 16, (1,)), (200, 1, ())]
)
@pytest.mark.parametrize("count", [1, 7, 16, 17, 33])
def test_every_shape(inputs, outputs, hidden, count, random):
    u, c = random.normal(size=(count, inputs)), random.integers(0, 2, (count, outputs), dtype=np.uint8)
    net = mpifast.Network(inputs, outputs, hidden, scaling="none", dtype="float64", seed=1, bias=True)
    expected, _ = reference.train(parameters(net), linear(net), True, u, c, 0.5)
    net.fit(u, c, epochs=1)
    for trained, plain in zip(parameters(net), expected, strict=True):
        np.testing.assert_allclose(trained, plain, atol=1e-12)


def test_arguments_are_not_modified_and_may_have_any_layout(data):
    u, c = data
    wide_u, wide_c = np.repeat(u, 2, axis=1)[::-1], np.asfortranarray(c[::-1]).astype(">f8")
    view = wide_u[:, ::2]
    view.flags.writeable = False
    before = view.copy(), wide_c.copy()
    net, expected = network(), network()
    net.fit(view, wide_c, epochs=1)
    expected.fit(np.ascontiguousarray(view), np.ascontiguousarray(c[::-1]), epochs=1)
    np.testing.assert_array_equal(net.weights[0], expected.weights[0])
    np.testing.assert_array_equal(net.predict(view), expected.predict(view))
    np.testing.assert_array_equal(view, before[0])
    np.testing.assert_array_equal(wide_c, before[1])


def test_weights_are_copies(data):
    net = network(bias=True)
    net.weights[0][:] = 0
    net.biases[0][:] = 0
    assert net.weights[0].any()
    assert net.biases[0].any()
    assert "14 -> 11" in repr(net)


LARGE = {"float32": 1e38, "float64": 1e307}


@pytest.mark.parametrize("sign", [1, -1])
def test_spectra_that_do_not_fit_into_float32_are_named(data, sign):
    u, c = data
    net = network()
    net.fit(u, c, epochs=1)
    wide = u.astype(np.float64)
    wide[2, 3] = sign * 1e300
    number = re.escape(f"{sign * 1e300:g}")
    message = rf"spectra\[2, 3\] = {number}, too large for float32: divide spectra by a constant, or make .*float64"
    for call in (lambda: net.predict(wide), lambda: net.fit(wide, c), lambda: network().fit(wide, c)):
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(ValueError, match=r"validation\[0\]\[2, 3\] = .* too large for float32"):
        net.fit(u, c, validation=(wide, c))
    with pytest.raises(ValueError, match=r"phantoms\[0, 1\] = 1e\+39, too large for float32: divide phantoms"):
        net.fit(u, np.where(np.arange(c.size).reshape(c.shape) == 1, 1e39, c))
    with pytest.raises(ValueError, match=r"spectra is not finite: spectra\[2, 3\] = inf"):
        net.predict(np.where(np.abs(wide) > 1e299, np.inf, wide))
    double = network(dtype="float64")
    double.fit(wide, c, epochs=1)
    assert np.isfinite(double.predict(wide)).all()


@pytest.mark.parametrize("dtype", LARGE)
@pytest.mark.parametrize("scaling", ["harmonic", "global", "standard"])
def test_spectra_that_are_too_large_when_scaled_are_named(data, scaling, dtype):
    u, c = data[0] * 1e-6, data[1]
    net = network(scaling=scaling, dtype=dtype)
    net.fit(u, c, epochs=1, learning_rate=0.01)
    weights, large = net.weights, u.astype(dtype)
    large[4, 5] = LARGE[dtype]
    message = (
        rf"spectra\[4, 5\] = {re.escape(f'{LARGE[dtype]:g}')}, too large for {dtype} when it is scaled .* training set"
    )
    for call in (lambda: net.predict(large), lambda: net.fit(large, c), lambda: net.fit(u, c, validation=(large, c))):
        with pytest.raises(ValueError, match=message.replace("spectra", r"(spectra|validation\[0\])", 1)):
            call()
    assert all(map(np.array_equal, net.weights, weights))
    large[4, 5] /= 1e10  # far from the training set, but a number
    assert np.isfinite(net.predict(large)).all()
    with pytest.raises(ValueError, match=r"spectra\[0, 0\] = nan"):
        net.predict(large * np.nan)


def test_the_largest_spectra_are_scaled_each_by_its_own(data):
    u, c = data
    net = network(scaling="sample")
    net.fit(u, c, epochs=1)
    assert np.isfinite(net.predict(np.full((2, 14), 3e38, np.float32))).all()


def test_compilation_does_not_count_as_training(data, monkeypatch):
    took, run = [], training.Trainer.run

    def compiling(*arguments):
        start = time.perf_counter()
        numba.njit(lambda x: x + 1)(1)
        took.append(time.perf_counter() - start)
        return run(*arguments)

    network().fit(*data, epochs=1)  # its own loops are compiled
    monkeypatch.setattr(training.Trainer, "run", compiling)
    history = network().fit(*data, epochs=2)
    assert min(took) > 0.01
    assert max(history.seconds) < min(took) / 2
    assert min(history.seconds) > 0


def test_progress_is_silent_off_a_terminal_and_can_be_forced(capsys, data):
    network().fit(*data, epochs=2)
    assert capsys.readouterr().err == ""
    network().fit(*data, epochs=2, progress=True)  # shorter than the delay of the bar
    assert "Traceback" not in capsys.readouterr().err


@pytest.fixture(scope="module")
def paper_data(system):
    spectra = mpifast.Spectra(system, seed=7)
    return spectra[:30_000], spectra[30_000:31_000]


@pytest.mark.parametrize(
    ("scaling", "bias"), [("harmonic", False), ("none", False), ("sample", False), ("standard", True)]
)
def test_the_fast_recipe_meets_the_papers_error_in_one_pass(paper_data, scaling, bias):
    (u, c), test = paper_data
    network = mpifast.Network(200, 129, scaling=scaling, bias=bias, seed=1)
    history = network.fit(u, c, recipe="fast", epochs=1, validation=test)
    error = mpifast.metrics.mse(network.predict(test[0]), test[1])
    assert error <= 7.23e-5
    assert history.validation_mse == [pytest.approx(error, rel=0.1)]  # before and after folding, float32 apart
    assert network.epochs_trained == 1


def test_the_fast_recipe_goes_on_from_the_weights_it_left(paper_data):
    (u, c), test = paper_data
    network = mpifast.Network(200, 129, seed=1)
    network.fit(u[:2000], c[:2000], recipe="fast", epochs=1)
    first = mpifast.metrics.mse(network.predict(test[0]), test[1])
    again = network.fit(u[:2000], c[:2000], recipe="fast", epochs=1, learning_rate=0.1)
    assert again.train_mse[0] < 2 * first
    assert network.epochs_trained == 2


def test_the_fast_recipe_survives_noise_and_ill_conditioning():
    for diameter, snr, limit in ((40e-9, 30.0, 3e-3), (30e-9, None, 1e-4)):
        system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(diameter))
        spectra = mpifast.Spectra(system, seed=7, snr_db=snr, dtype="float64")
        network = mpifast.Network(200, 129, dtype="float64", seed=1)
        network.fit(*spectra[:20_000], recipe="fast")
        u, c = spectra[30_000:31_000]
        assert mpifast.metrics.mse(network.predict(u), c) < limit


def test_the_fast_recipe_calls_back_with_the_network_itself(small_system):
    u, c = mpifast.Spectra(small_system, seed=7)[:1000]
    network, seen = mpifast.Network(u.shape[1], c.shape[1], seed=1), []
    history = network.fit(u, c, recipe="fast", callback=lambda net, history: seen.append(net) or history.epochs == 2)
    assert seen == [network, network]
    assert history.stopped == "callback"
    assert history.learning_rate == [1.0, 0.4]
