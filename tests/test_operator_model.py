"""The forward model without a matrix: the same spectra as by the matrix, in both directions, for all who use it."""

import pickle

import numpy as np
import pytest

import mpifast
from mpifast.physics import noise
from mpifast.physics.forward import ForwardModel
from mpifast.physics.systems import scanner_system
from mpifast.physics.systems.operator_model import OperatorModel

GRID = mpifast.Grid((7, 6, 9), (24e-3, 20e-3, 12e-3))
DRIVE = {"drive_amplitude": (12e-3, 12e-3, 12e-3), "divider": (18, 16, 20), "base_frequency": 1e6}
PARTICLE = mpifast.Particle(20e-9)


@pytest.fixture(params=["cosines", "sines"], scope="module")
def system(request):
    """A system that uses its operator, though it is small."""
    phase = {"cosines": (np.pi / 2,) * 3, "sines": (0.0, 0.3, 1.0)}[request.param]
    scanner = mpifast.LissajousScanner(GRID, **DRIVE, phase=phase, offset_field=(1e-3, 0, 0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanner_system, "LARGE", 0)
        system = mpifast.system_matrix(scanner, PARTICLE, level=1e-2, tolerance=1e-9)
        assert isinstance(system.forward_model, OperatorModel)
    return system


def test_forward_and_adjoint_are_those_of_the_matrix(system, random):
    dense = ForwardModel(system.real)
    c, scale = random.integers(0, 2, (5, system.voxels)).astype(np.uint8), np.abs(system.real).sum(axis=1)
    for dtype, error in ((np.float64, 1e-9), (np.float32, 1e-6)):
        found = system.forward_model(c, dtype)
        assert found.dtype == dtype
        assert (np.abs(found - dense(c, np.float64)) <= error * scale).all()
        u = random.normal(size=(3, len(system.real))).astype(dtype)
        exact = u.astype(np.float64) @ system.real
        assert np.abs(system.forward_model.adjoint(u) - exact).max() <= 10 * error * np.abs(exact).max()
    spectra = system.forward(c)
    np.testing.assert_allclose(system.to_complex(system.to_real(spectra)), spectra)
    np.testing.assert_allclose(spectra, c @ system.matrix.T, atol=1e-9 * scale.max())
    np.testing.assert_allclose(
        system.adjoint(spectra), (spectra.conj() @ system.matrix).real, atol=1e-8 * scale.max() ** 2
    )


def test_bits_depend_on_neither_batches_nor_threads(system, random, monkeypatch):
    c = random.integers(0, 2, (9, system.voxels)).astype(np.uint8)
    u = system.forward_model(c, "float32", threads=2)
    np.testing.assert_array_equal(system.forward_model(c, "float32", threads=1), u)
    np.testing.assert_array_equal(system.forward_model(c[4:5], "float32"), u[4:5])
    images = system.forward_model.adjoint(u, threads=2)
    np.testing.assert_array_equal(system.forward_model.adjoint(u[4:5], threads=1), images[4:5])
    monkeypatch.setattr("mpifast.physics.systems.operator_model.BATCH", 1)
    np.testing.assert_array_equal(system.forward_model(c, "float32"), u)
    np.testing.assert_array_equal(system.forward_model.adjoint(u), images)


def test_linear_operator(system, random):
    operator = system.as_linear_operator()
    assert operator.shape == system.real.shape
    x, y = random.normal(size=(system.voxels, 2)), random.normal(size=(len(system.real), 2))
    np.testing.assert_allclose(operator @ x, system.real @ x, atol=1e-7 * np.abs(system.real).max())
    np.testing.assert_allclose(operator.T @ y, system.real.T @ y, atol=1e-7 * np.abs(system.real).max())
    np.testing.assert_allclose(operator.matvec(x[:, 0]), operator.matmat(x)[:, 0], atol=1e-12)
    assert operator.rmatvec(y[:, 0]).shape == (system.voxels,)


def test_noise_and_condition_come_from_parts_of_the_matrix(system, monkeypatch):
    monkeypatch.setattr(scanner_system, "ROOM", 5 * system.voxels)
    expected = noise.noise_level(system.real, 20.0, 0.3)
    assert system.noise_level(20.0, 0.3) == pytest.approx(expected, rel=1e-7)
    assert system.noise_level(None) == 0.0
    assert system.condition > 1.0


def test_spectra_of_a_data_set(system, monkeypatch):
    monkeypatch.setattr(scanner_system, "LARGE", 0)
    spectra = mpifast.Spectra(system, seed=3, snr_db=30.0)
    u, c = spectra[:20]
    np.testing.assert_array_equal(spectra[7][0], u[7])
    np.testing.assert_array_equal(spectra[3:9][0], u[3:9])
    assert np.abs(u - c @ system.real.T).max() <= 6 * spectra.noise_level
    again = mpifast.Spectra(pickle.loads(pickle.dumps(system)), seed=3, snr_db=30.0)
    np.testing.assert_array_equal(again[:20][0], u)


def test_rows_of_a_selection_have_the_same_bits(system):
    chosen = np.array([2, 11, 17])
    np.testing.assert_array_equal(system.select(chosen).matrix, system.matrix[chosen])
    assert system.select(chosen).select([1]).route.error == system.route.error


def test_a_plane_takes_the_ordinary_product():
    grid = mpifast.Grid((12, 12), (24e-3, 24e-3))
    system = mpifast.system_matrix(mpifast.LissajousScanner(grid), PARTICLE, level=1e-2, band=(80e3, None))
    assert system.operator is None
    assert isinstance(system.forward_model, ForwardModel)


def test_a_cube_takes_the_operator():
    grid = mpifast.Grid((30, 30, 30), (24e-3, 24e-3, 12e-3))
    scanner = mpifast.LissajousScanner(grid, drive_amplitude=(12e-3, 12e-3, 12e-3))
    system = mpifast.system_matrix(scanner, PARTICLE, level=1e-3, band=(80e3, None), tolerance=1e-6)
    assert isinstance(system.forward_model, OperatorModel)
    assert system.forward_model.tables(np.dtype(np.float32)) is None
    assert "real" not in system.__dict__
