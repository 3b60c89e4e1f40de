"""Resolution, Chebyshev basis, orthogonality, conditioning."""

import numpy as np
import pytest

import mpifast
from mpifast.analysis import langevin_width

Z = np.linspace(-1, 1, 129)


def test_width_constant():
    assert langevin_width() == pytest.approx(4.161048048380, abs=1e-12)


@pytest.mark.parametrize(("diameter", "millimetres"), [(50e-9, 0.276), (30e-9, 1.277)])
def test_fwhm_at_300_kelvin(diameter, millimetres):
    assert mpifast.analysis.fwhm(mpifast.Particle(diameter), mpifast.Scanner()) * 1e3 == pytest.approx(
        millimetres, abs=5e-4
    )


def test_fwhm_falls_with_the_cube_of_the_diameter_and_with_the_gradient():
    narrow = mpifast.analysis.fwhm(mpifast.Particle(60e-9), mpifast.Scanner(gradient=4.0))
    assert mpifast.analysis.fwhm(mpifast.Particle(30e-9), mpifast.Scanner(gradient=2.0)) / narrow == pytest.approx(16.0)


def test_chebyshev_polynomials_are_sines_over_a_sine():
    angle = np.linspace(0.1, 3.0, 50)
    basis = mpifast.analysis.chebyshev_basis(12, np.cos(angle))
    for n, values in enumerate(basis):
        np.testing.assert_allclose(values, np.sin((n + 1) * angle) / np.sin(angle), atol=1e-11)
    np.testing.assert_array_equal(mpifast.analysis.chebyshev_basis(4, [1.0])[:, 0], [1, 2, 3, 4])


def test_chebyshev_polynomials_are_orthogonal():
    # Eq. (11).
    basis = mpifast.analysis.chebyshev_basis(8, np.linspace(-1, 1, 4001))
    np.testing.assert_allclose(mpifast.analysis.orthogonality(basis), np.eye(8), atol=2e-3)


def test_correlation_sees_through_sign_scale_and_offset(random):
    basis = mpifast.analysis.chebyshev_basis(6, Z).T
    np.testing.assert_allclose(mpifast.analysis.chebyshev_correlation(basis * [-1, 2, 3, -4, 5, 6]), 1.0)
    shifted = basis.copy()
    shifted[:, 1:] += 7.0
    np.testing.assert_allclose(mpifast.analysis.chebyshev_correlation(shifted), 1.0)
    assert mpifast.analysis.chebyshev_correlation(random.normal(size=(129, 6))).max() < 0.4


def test_correlation_of_the_interior_ignores_the_ends():
    weights = mpifast.analysis.chebyshev_basis(6, Z).T
    weights[[0, 1, -2, -1]] *= -3.0
    assert mpifast.analysis.chebyshev_correlation(weights)[1:].max() < 0.95
    np.testing.assert_allclose(mpifast.analysis.chebyshev_correlation(weights, margin=2), 1.0)


def test_convolution_costs_orthogonality_and_raises_coherence():
    def systems(diameter):
        return mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(diameter), harmonics=40).real

    small, large = systems(25e-9), systems(50e-9)
    off = [np.abs(mpifast.analysis.orthogonality(s[:20]) - np.eye(20)).max() for s in (small, large)]
    assert off[0] > off[1]
    assert mpifast.analysis.coherence(small) > mpifast.analysis.coherence(large)


@pytest.mark.parametrize(("diameter", "condition"), [(50, 1.1e1), (40, 4.5e1), (35, 2.8e2), (30, 1.2e4), (25, 4e7)])
def test_condition_number_of_the_papers_system(diameter, condition):
    system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(diameter * 1e-9))
    assert mpifast.analysis.condition_number(system.real) == pytest.approx(condition, rel=0.05)


@pytest.mark.parametrize("block", [1, 3, 7])
def test_coherence_by_blocks_of_columns(block, monkeypatch):
    matrix = np.random.default_rng(2).normal(size=(5, 7))
    columns = matrix / np.linalg.norm(matrix, axis=0)
    cosines = np.abs(columns.T @ columns) - np.eye(7)
    monkeypatch.setattr(mpifast.analysis, "BLOCK", block)
    assert mpifast.analysis.coherence(matrix) == pytest.approx(cosines.max(), rel=1e-14)


def test_coherence_of_known_vectors():
    assert mpifast.analysis.coherence([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]]) == pytest.approx(np.sqrt(0.5))
    assert mpifast.analysis.coherence([[1.0, -2.0]]) == pytest.approx(1.0)


def test_end_curvature_is_one_for_the_polynomials_and_more_for_what_rises_more():
    basis = mpifast.analysis.chebyshev_basis(6, Z)
    np.testing.assert_allclose(mpifast.analysis.end_curvature(5 * basis.T), 1.0)
    steeper = basis * (1 + 2 * np.abs(Z) ** 40)
    assert (mpifast.analysis.end_curvature(steeper.T) > 2.5).all()


def test_no_width_of_an_anisotropic_particle():
    with pytest.raises(ValueError, match="particle has an anisotropy"):
        mpifast.analysis.fwhm(mpifast.Particle(20e-9, anisotropy=mpifast.Uniaxial(1e3)), mpifast.Scanner())
