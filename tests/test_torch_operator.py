"""A system as a PyTorch operator: values, adjoints, derivatives of any order, transforms, workers."""

import copy
import pickle

import numpy as np
import pytest

import mpifast

pytest.importorskip("torch", reason="PyTorch is in the extra test-all")

import torch
from torch.autograd import gradcheck, gradgradcheck

from mpifast.io.torch import IterableSpectra, SystemOperator

# Batched derivatives of PyTorch use a part of it that PyTorch has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script:DeprecationWarning")
GRID = mpifast.Grid((2, 3), (2e-3, 3e-3))


@pytest.fixture(scope="module")
def systems():
    """One with real, one with imaginary and one with both parts, and a Lissajous scanner."""
    random = np.random.default_rng(5)
    real, imaginary = random.normal(size=(2, 4, 6))
    scanner = mpifast.LissajousScanner(mpifast.Grid((3, 4), (15e-3, 18e-3)), (-2, -2, 4), (18e-3, 20e-3, 0), (6, 5, 1))
    return {
        "real": mpifast.linear_system(real, GRID),
        "imaginary": mpifast.linear_system(1j * imaginary, GRID),
        "complex": mpifast.linear_system(real + 1j * imaginary, GRID),
        "lissajous": mpifast.system_matrix(scanner, mpifast.Particle(30e-9), mixing_order=3),
    }


NAMES = ("real", "imaginary", "complex", "lissajous")


def concentrations(operator, *batch, dtype=torch.float64):
    system = operator.system
    shape = system.grid.shape if operator.images else (system.voxels,)
    return torch.rand(*batch, *shape, dtype=dtype, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("images", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_operator_is_the_system(systems, name, images, dtype):
    system = systems[name]
    operator = SystemOperator(system, images)
    c = concentrations(operator, 2, 3, dtype=dtype)
    flat = c.reshape(6, system.voxels).numpy().astype(np.float64)
    u = operator(c)
    assert (u.shape, u.dtype) == ((2, 3, len(system.equations)), dtype)
    spectra = SystemOperator(system, images, complex_spectra=True)(c)
    assert (spectra.shape, spectra.dtype) == ((2, 3, len(system.rows)), dtype.to_complex())
    back = operator.adjoint(u)
    assert (back.shape, back.dtype) == (c.shape, dtype)
    expected = (u, flat @ system.real.T), (spectra, flat @ system.matrix.T), (back, flat @ system.real.T @ system.real)
    for found, values in expected:
        error = np.abs(found.reshape(6, -1).numpy() - values).max()
        assert error <= (1e-6 if dtype == torch.float32 else 1e-14) * np.abs(values).max()
    np.testing.assert_array_equal(operator.adjoint(spectra), back)
    assert operator(c[0, 0]).shape == (len(system.equations),)
    assert operator(c[:0]).shape == (0, 3, len(system.equations))


@pytest.mark.parametrize(
    ("name", "complex_spectra"), [("complex", False), ("complex", True), ("imaginary", True), ("lissajous", False)]
)
def test_derivatives_are_the_adjoint_to_any_order(systems, name, complex_spectra):
    operator = SystemOperator(systems[name], images=True, complex_spectra=complex_spectra, threads=1)
    scale = float(np.abs(operator.system.matrix).max())
    c = concentrations(operator).requires_grad_()
    assert gradcheck(lambda x: operator(x) / scale, c, check_forward_ad=True)
    assert gradgradcheck(lambda x: (operator(x) / scale).abs().square(), c, check_fwd_over_rev=True)
    u = operator(c.detach()).requires_grad_()
    assert gradcheck(lambda x: operator.adjoint(x) / scale, u, check_forward_ad=True)
    assert gradgradcheck(lambda x: (operator.adjoint(x) / scale).square(), u)


def test_a_gradient_is_re_of_s_h_u(systems):
    system = systems["complex"]
    operator = SystemOperator(system, complex_spectra=True)
    c = concentrations(operator, 3).requires_grad_()
    measured = torch.ones(3, 4, dtype=torch.complex128)
    (0.5 * (operator(c) - measured).abs().square().sum()).backward()
    residual = c.detach().numpy() @ system.matrix.T - 1.0
    np.testing.assert_allclose(c.grad, (residual @ system.matrix.conj()).real, rtol=1e-12)
    np.testing.assert_allclose(c.grad, system.adjoint(residual), rtol=1e-12)


def test_functional_transforms(systems):
    operator = SystemOperator(systems["complex"])
    c, real = concentrations(operator, 5), torch.from_numpy(operator.system.real.copy())
    torch.testing.assert_close(torch.func.vmap(operator)(c), operator(c))
    torch.testing.assert_close(torch.func.vmap(operator, in_dims=1, out_dims=1)(c.T), operator(c).T)
    torch.testing.assert_close(torch.func.jacrev(operator)(c[0]), real)
    torch.testing.assert_close(torch.func.jacfwd(operator)(c[0]), real)
    torch.testing.assert_close(torch.func.hessian(lambda x: operator(x).square().sum())(c[0]), 2 * real.T @ real)
    gradient = torch.func.vmap(torch.func.grad(lambda x: operator(x).square().sum()))(c)
    torch.testing.assert_close(gradient, 2 * operator.adjoint(operator(c)))


def test_phantoms_of_a_data_set_give_its_spectra(small_system):
    u, c = mpifast.Spectra(small_system, seed=3)[:20]
    found = SystemOperator(small_system)(torch.from_numpy(c))
    assert found.dtype == torch.float32
    np.testing.assert_array_equal(found, u)
    np.testing.assert_array_equal(SystemOperator(small_system)(torch.from_numpy(c).bool()), u)


class Back:
    """A transform that adds images by the adjoint, in the process that loads the batch."""

    def __init__(self, system):
        self.operator = SystemOperator(system)

    def __call__(self, u, c):
        return self.operator.adjoint(u), c


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:This DataLoader will create 2 worker:UserWarning")
def test_in_workers_after_parallel_work_in_the_parent(small_system):
    spectra = mpifast.Spectra(small_system, seed=7)
    u, _ = spectra[:60]
    expected = SystemOperator(small_system).adjoint(torch.from_numpy(u))
    batches = IterableSpectra(spectra, 20, 60, transform=Back(small_system))
    loader = torch.utils.data.DataLoader(batches, batch_size=None, num_workers=2, timeout=120)
    np.testing.assert_array_equal(torch.cat([images for images, _ in loader]), expected)


def test_a_module_is_copied_pickled_and_has_no_parameters(systems):
    operator = SystemOperator(systems["lissajous"], images=True)
    c = concentrations(operator)
    for other in (copy.deepcopy(operator), pickle.loads(pickle.dumps(operator))):
        np.testing.assert_array_equal(other(c), operator(c))
    assert not operator.state_dict()
    assert "ScannerSystem(LissajousScanner" in repr(torch.nn.Sequential(operator))


def test_descent_through_the_operator_finds_the_image(systems):
    operator = SystemOperator(systems["complex"], images=True, threads=1)
    truth = concentrations(operator, dtype=torch.float32)
    u, image = operator(truth), torch.zeros(GRID.shape, requires_grad=True)
    rate = 1.0 / np.linalg.norm(operator.system.real, 2) ** 2
    for _ in range(100):
        (0.5 * (operator(image) - u).square().sum()).backward()
        with torch.no_grad():
            image -= rate * image.grad
        image.grad = None
    start = operator(torch.zeros_like(truth)) - u
    assert (operator(image) - u).norm() < 0.05 * start.norm()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda s: SystemOperator("x"), TypeError, "system must be a system"),
        (lambda s: SystemOperator(s, images=1), TypeError, "images must be True or False"),
        (lambda s: SystemOperator(np.eye(2), images=True), ValueError, "images=True needs a system with a grid"),
        (lambda s: SystemOperator(s, threads=0), ValueError, "threads=0"),
        (lambda s: SystemOperator(s)(np.zeros(6)), TypeError, r"c must be a torch.Tensor, got .*torch.from_numpy"),
        (
            lambda s: SystemOperator(s)(torch.zeros(6).half()),
            TypeError,
            r"c is torch.float16: convert it, e.g. c.float\(\)",
        ),
        (lambda s: SystemOperator(s)(torch.zeros(6, dtype=torch.complex64)), TypeError, "c is torch.complex64"),
        (
            lambda s: SystemOperator(s)(torch.zeros(6, device="meta")),
            ValueError,
            "c is on meta: mpifast computes on the",
        ),
        (
            lambda s: SystemOperator(s)(torch.zeros(2, 3)),
            ValueError,
            r"c has shape \(2, 3\), expected \(..., 6\): images=T",
        ),
        (lambda s: SystemOperator(s, images=True)(torch.zeros(6)), ValueError, r"expected \(..., 2, 3\): images=False"),
        (lambda s: SystemOperator(s)(torch.tensor([np.nan] * 6)), ValueError, "phantoms is not finite"),
        (lambda s: SystemOperator(s).adjoint(torch.zeros(4)), ValueError, r"expected \(..., 8\): equations last"),
        (lambda s: SystemOperator(s).adjoint(torch.zeros(8) + 0j), ValueError, r"expected \(..., 4\): rows last"),
        (lambda s: SystemOperator(s).adjoint(torch.tensor(1.0)), ValueError, r"u has shape \(\), expected"),
        (lambda s: SystemOperator(s).adjoint(torch.zeros(8, dtype=torch.uint8)), TypeError, "u is torch.uint8"),
    ],
)
def test_mistakes_are_named(systems, call, error, message):
    with pytest.raises(error, match=message):
        call(systems["complex"])


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning")  # PyTorch's own, between two parts
def test_compiled_code_may_call_it(systems):
    operator = SystemOperator(systems["complex"])
    c = concentrations(operator).requires_grad_()
    torch.compile(lambda x: operator(2.0 * x).square().sum(), backend="eager")(c).backward()
    torch.testing.assert_close(c.grad, 8.0 * operator.adjoint(operator(c.detach())))
