"""Iron in magnetic material."""

import numpy as np
import pytest

import mpifast


def test_solid_magnetite():
    # 5,180 g/l of 231.53 g/mol with three iron atoms each
    assert mpifast.iron_concentration(1.0) == pytest.approx(67.1187319, rel=1e-8)
    assert mpifast.iron_concentration(1.0, "mg/ml") == pytest.approx(5180.0 * 3 * 55.845 / 231.53)
    assert isinstance(mpifast.iron_concentration(1.0), float)


def test_another_core():
    maghemite = {"density": 4900.0, "molar_mass": 159.69, "atoms": 2}
    assert mpifast.iron_concentration(0.5, **maghemite) == pytest.approx(4900.0 / 159.69)


@pytest.mark.parametrize("unit", ["mol/l", "mg/ml"])
def test_back_again(unit, random):
    c = random.random((2, 3))
    np.testing.assert_allclose(mpifast.volume_fraction(mpifast.iron_concentration(c, unit), unit), c, rtol=1e-14)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        (([np.inf],), {}, ValueError, "is not finite"),
        ((1j,), {}, TypeError, "must hold real numbers"),
        ((1.0, "mmol/l"), {}, ValueError, "unit='mmol/l'"),
        ((1.0,), {"density": 0.0}, ValueError, "density=0.0 is out of range"),
        ((1.0,), {"molar_mass": -1}, ValueError, "molar_mass=-1 is out of range"),
        ((1.0,), {"atoms": 0}, ValueError, "atoms=0 is out of range"),
    ],
)
def test_bad_arguments(arguments, options, error, message):
    for convert in (mpifast.iron_concentration, mpifast.volume_fraction):
        with pytest.raises(error, match=message):
            convert(*arguments, **options)
