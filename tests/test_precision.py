"""The warning where float32 is not enough."""

import warnings

import numpy as np
import pytest

import mpifast


@pytest.mark.parametrize(("diameter", "warns"), [(25e-9, True), (30e-9, True), (35e-9, False), (40e-9, False)])
def test_float32_warns_at_30_nm_and_below_and_names_the_cure(diameter, warns):
    system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(diameter))
    for call in (
        lambda dtype: mpifast.Spectra(system, dtype=dtype),
        lambda dtype: system.spectra(mpifast.phantoms.points(), dtype=dtype),
    ):
        if warns:
            with pytest.warns(mpifast.PrecisionWarning, match=r"use dtype='float64'") as caught:
                call("float32")
            assert caught[0].filename == __file__
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            call("float64")
            if not warns:
                call("float32")


def test_noise_is_worse_than_rounding():
    system = mpifast.system_matrix(mpifast.Scanner(voxels=11), mpifast.Particle(25e-9), harmonics=14)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mpifast.Spectra(system, snr_db=40.0)


def test_the_system_decides_not_the_diameter(random):
    """A pitch of 2 mm suits 25 nm particles; at half the temperature 30 nm are as sharp as 38 nm; any matrix counts."""
    coarse = mpifast.system_matrix(mpifast.Scanner(voxels=17), mpifast.Particle(25e-9))
    cold = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(30e-9, temperature=150.0))
    rotation, _ = np.linalg.qr(random.normal(size=(40, 40)))
    good, bad = (rotation * np.logspace(0, -decades, 40) @ rotation.T for decades in (3, 6))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mpifast.Spectra(coarse)
        mpifast.Spectra(cold)
        mpifast.Spectra(mpifast.linear_system(good))
    with pytest.warns(mpifast.PrecisionWarning, match=r"condition number of the system is 1\.0e\+06"):
        mpifast.Spectra(mpifast.linear_system(bad))


def test_a_large_system_is_judged_by_neighbouring_voxels(random):
    """Of 1,200 voxels 512 are looked at: the condition number of those is a lower bound of that of all."""
    matrix = random.normal(size=(2400, 1200))
    assert 1.0 < mpifast.linear_system(matrix).condition < np.linalg.cond(matrix)
