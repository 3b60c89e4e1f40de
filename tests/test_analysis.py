"""Resolution."""

import pytest

import mpifast
from mpifast.reconstruction.analysis import langevin_width


def test_width_constant():
    assert langevin_width() == pytest.approx(4.161048048380, abs=1e-12)


@pytest.mark.parametrize(("diameter", "millimetres"), [(50e-9, 0.276), (30e-9, 1.277)])
def test_fwhm_at_300_kelvin(diameter, millimetres):
    assert mpifast.analysis.fwhm(mpifast.Particle(diameter), mpifast.Scanner()) * 1e3 == pytest.approx(millimetres, abs=5e-4)


def test_fwhm_falls_with_the_cube_of_the_diameter_and_with_the_gradient():
    narrow = mpifast.analysis.fwhm(mpifast.Particle(60e-9), mpifast.Scanner(gradient=4.0))
    assert mpifast.analysis.fwhm(mpifast.Particle(30e-9), mpifast.Scanner(gradient=2.0)) / narrow == pytest.approx(16.0)
