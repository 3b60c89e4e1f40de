"""The warning where float32 is not enough."""

import warnings

import pytest

import mpifast


@pytest.mark.parametrize(("diameter", "warns"), [(25e-9, True), (30e-9, True), (35e-9, False), (40e-9, False)])
def test_float32_warns_at_30_nm_and_below_and_names_the_cure(diameter, warns):
    system = mpifast.system_matrix(mpifast.Scanner(voxels=11), mpifast.Particle(diameter), harmonics=14)
    for call in (
        lambda dtype: mpifast.Spectra(system, dtype=dtype),
        lambda dtype: system.spectra(mpifast.phantoms.points(11), dtype=dtype),
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
