"""Plug and play: proximal maps as denoisers have known limits; PyTorch modules; what a denoiser may not return."""

import numpy as np
import pytest

import mpifast
from mpifast.solvers import plug_and_play as module


@pytest.fixture(scope="module")
def problem():
    random = np.random.default_rng(5)
    matrix = random.normal(size=(30, 20))
    system = mpifast.linear_system(matrix, mpifast.Grid((4, 5), (4e-3, 5e-3)))
    return system, random.uniform(size=(2, 20)) @ matrix.T + 0.3 * random.normal(size=(2, 30))


@pytest.fixture
def exact(monkeypatch):
    """Conjugate gradients until nothing is left."""
    monkeypatch.setattr(module, "PRODUCTS", 60)
    monkeypatch.setattr(module, "ACCURACY", 1e-12)


def same(image):
    return image


def test_without_denoising_it_is_least_squares(problem, exact):
    system, u = problem
    found = mpifast.plug_and_play(system, u, same, 1.0, nonnegative=False, iterations=200, tolerance=1e-7)
    np.testing.assert_allclose(found, mpifast.tikhonov(system, u, alpha=0.0), atol=1e-3)
    found = mpifast.plug_and_play(system, u, same, 1.0, iterations=200, tolerance=1e-7)
    np.testing.assert_allclose(found, mpifast.nnls(system, u), atol=1e-3)
    zero = mpifast.plug_and_play(system, u, lambda image: 0 * image, 1.0, strength=0.0, iterations=200, tolerance=1e-7)
    np.testing.assert_allclose(zero, found, atol=1e-3)


def test_an_iteration_is_the_one_in_the_docstring(problem, exact):
    system, u = problem
    weights, real = np.linspace(0.5, 2.0, 30), system.real
    seen = []

    def denoiser(image):
        seen.append(image.copy())
        return image**2

    found = mpifast.plug_and_play(
        system, u[:1], denoiser, 3.0, 0.4, iterations=3, tolerance=0.0, weights=weights, full_output=True
    )
    normal, pull = (real.T * weights**2) @ real + 3.0 * np.eye(20), (u[0] * weights**2) @ real
    z, v = np.zeros(20), np.zeros(20)
    for _ in range(3):
        c = np.linalg.solve(normal, pull + 3.0 * (z - v))
        x = c + v
        low, span = x.min(), np.ptp(x)
        clean = low + span * ((x - low) / span) ** 2
        z = np.maximum(x + 0.4 * (clean - x), 0)
        v += c - z
    np.testing.assert_allclose(found.images[0], z, atol=1e-9)
    assert [(image.shape, image.min(), image.max()) for image in seen] == [((4, 5), 0.0, pytest.approx(1.0))] * 3
    assert found.history.shape == (3, 1)
    np.testing.assert_array_equal(found.parameter, [3.0])


def test_the_default_alpha_is_relative(problem):
    system, u = problem
    options = {"iterations": 3, "tolerance": 0.0, "full_output": True}
    fit = mpifast.plug_and_play(system, u, same, **options)
    np.testing.assert_allclose(fit.parameter, 0.1 * np.square(system.real).sum() / 20)
    again = mpifast.plug_and_play(system, u, same, 0.1, relative=True, **options)
    np.testing.assert_array_equal(again.images, fit.images)
    assert mpifast.plug_and_play(system, u[:0], same).shape == (0, 20)
    assert not mpifast.plug_and_play(system, 0 * u, same).any()


def test_a_pytorch_module(problem):
    torch = pytest.importorskip("torch", reason="PyTorch is in the extra test-all")
    system, u = problem

    class Blur(torch.nn.Conv2d):
        def forward(self, image):
            assert image.shape == (1, 1, 4, 5)
            assert image.dtype == torch.float32
            return super().forward(image)

    blur = Blur(1, 1, 3, padding=1, bias=False)
    torch.nn.init.constant_(blur.weight, 1 / 9)

    def mean(image):
        padded = np.pad(image, 1)
        return sum(padded[i : i + 4, j : j + 5] for i in range(3) for j in range(3)) / 9

    options = {"iterations": 4, "tolerance": 0.0}
    found = mpifast.plug_and_play(system, u, blur, **options)
    np.testing.assert_allclose(found, mpifast.plug_and_play(system, u, mean, **options), atol=1e-4)
    with pytest.raises(ValueError, match=r"denoiser Flatten returned torch.Size\(\[1, 20\]\)"):
        mpifast.plug_and_play(system, u, torch.nn.Flatten())


def test_it_says_how_much_the_last_iteration_changed(problem):
    system, u = problem
    with pytest.warns(mpifast.ConvergenceWarning, match=r"changed an image by .* times its norm, tolerance=0.01"):
        mpifast.plug_and_play(system, u, same, iterations=2)


@pytest.mark.parametrize(
    ("denoiser", "error", "message"),
    [
        (None, TypeError, "denoiser must be a function of an image, or a PyTorch module, got None"),
        (np.ravel, ValueError, r"denoiser ravel returned an image of shape \(20,\): it must keep \(4, 5\)"),
        (lambda image: image / 0.0 * 0.0, ValueError, "what denoiser <lambda> returns is not finite"),
        (str, TypeError, "what denoiser str returns must hold real numbers"),
        (lambda image: 1j * image, TypeError, "what denoiser <lambda> returns must hold real numbers"),
    ],
)
def test_what_a_denoiser_may_not_return(problem, denoiser, error, message):
    with np.errstate(all="ignore"), pytest.raises(error, match=message):
        mpifast.plug_and_play(*problem, denoiser)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"strength": 1.1}, ValueError, "strength=1.1 is out of range"),
        ({"alpha": -1.0}, ValueError, "alpha=-1.0 is out of range"),
        ({"relative": None}, TypeError, "relative must be True or False"),
    ],
)
def test_bad_input(problem, options, error, message):
    with pytest.raises(error, match=message):
        mpifast.plug_and_play(*problem, same, **options)
