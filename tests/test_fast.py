"""The fast recipe on similar phantoms with noise: as good as the paper's rule, never worse than the mean image."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

import mpifast
from mpifast.networks import fast
from mpifast.networks.fast import descend
from mpifast.networks.training import Data

SIDE, ROWS = 14, 400


def strokes(count, random):
    """Images as of handwritten digits: one to three smooth strokes near the middle, grey at their edges."""
    t, images = np.linspace(0, 1, 4 * SIDE)[:, None], np.zeros((count, SIDE, SIDE), np.float32)
    for image in images:
        for _ in range(random.integers(1, 4)):
            points = random.normal(0.5, 0.2, (4, 2)).clip(0.15, 0.85) * (SIDE - 1)
            bernstein = np.hstack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3])
            image[tuple(np.round(bernstein @ points).astype(int).T)] = 1
    return np.clip(2.2 * gaussian_filter(images, (0, 0.45, 0.45)), 0, 1).reshape(count, -1)


def blurred_rows():
    """Products of sines along both axes that fall with their frequency: a scanner of two dimensions, roughly."""
    angle, count = np.pi * (np.arange(SIDE) + 0.5) / SIDE, round(ROWS**0.5)
    waves = np.sin(np.outer(np.arange(1, count + 1), angle))
    decay = np.exp(-0.12 * np.add.outer(np.arange(count), np.arange(count))).reshape(-1, 1)
    return np.einsum("ax,by->abxy", waves, waves).reshape(count**2, -1) * decay


@pytest.fixture(scope="module")
def alike():
    """Training and test set at 20 dB."""
    random = np.random.default_rng(5)
    phantoms = strokes(1500, random)
    spectra = phantoms @ blurred_rows().T
    spectra += random.normal(scale=0.1 * np.sqrt(np.square(spectra).mean()), size=spectra.shape)
    return [(spectra[part], phantoms[part]) for part in (slice(1000), slice(1000, None))]


def error(net, test):
    return mpifast.metrics.mse(net.predict(test[0]), test[1])


def test_the_fast_recipe_is_as_good_as_the_papers_rule_on_phantoms_that_are_alike(alike):
    train, test = alike
    quick, paper = (mpifast.Network(ROWS, SIDE**2, seed=1) for _ in range(2))
    history = quick.fit(*train, recipe="fast")
    paper.fit(*train)
    mean_image = np.square(test[1] - train[1].mean(axis=0)).mean()
    assert history.epochs == fast.MORE
    assert error(quick, test) < 1.05 * error(paper, test)
    assert error(quick, test) < 0.5 * mean_image


def test_the_rates_and_epochs_that_are_given_are_kept(alike):
    train, test = alike
    net = mpifast.Network(ROWS, SIDE**2, seed=1)
    history = net.fit(*train, recipe="fast", epochs=3, learning_rate=0.1)
    assert history.learning_rate == [0.1] * 3
    assert error(net, test) < np.square(test[1] - train[1].mean(axis=0)).mean()


def test_a_training_worse_than_the_mean_image_warns(alike):
    (u, c), _ = alike
    net = mpifast.Network(ROWS, SIDE**2, seed=1)
    with pytest.warns(mpifast.TrainingWarning, match="worse than the mean image"):
        net.fit(u, c, epochs=4, learning_rate=1e-6)


@pytest.mark.parametrize("bias", [False, True])
def test_given_weights_are_where_the_fast_recipe_begins(small_system, tmp_path, bias):
    u, c = mpifast.Spectra(small_system, seed=7)[:1000]
    net = mpifast.Network(14, 11, seed=1, bias=bias)
    net.fit(u, c, epochs=60)
    learned = error(net, (u, c))
    given = mpifast.Network.from_state(net.state.but(epochs=0))  # as from PyTorch, which knows no epochs
    given.save(tmp_path / "net.npz")
    for start in (given, mpifast.Network.load(tmp_path / "net.npz")):
        start.fit(u, c, recipe="fast", epochs=1, learning_rate=1e-9)
        assert error(start, (u, c)) == pytest.approx(learned, rel=0.05)
    fresh = mpifast.Network(14, 11, seed=1, bias=bias)
    fresh.fit(u, c, recipe="fast", epochs=1, learning_rate=1e-9)
    np.testing.assert_allclose(fresh.predict(u), 0.5, atol=1e-4)  # random weights are no beginning: zero is


@pytest.mark.loops
@pytest.mark.parametrize(("start", "place"), [(0, 2), (2, 2), (3, 2), (4, 2)])
def test_descend(start, place):
    scores = [5.0, 4.0, 1.0, 2.0, 3.0]
    assert descend(lambda value: scores[value], range(5), start) == (place, 1.0)


def test_variance_is_that_of_some_phantoms(random):
    c = random.random((5000, 7))
    assert Data(np.zeros((5000, 3)), c).variance() == pytest.approx(np.square(c - c.mean(axis=0)).mean(), rel=0.02)


def test_too_many_inputs_are_refused():
    net = mpifast.Network(16_385, 1)
    with pytest.raises(ValueError, match="recipe='fast' takes at most 16,384 inputs, got 16,385"):
        net.fit(np.ones((2, 16_385)), np.ones((2, 1)), recipe="fast")
