"""The bands around the excitation, left out of a system."""

import numpy as np
import pytest
from scanner_systems import SCANNERS, lissajous

import mpifast


@pytest.mark.parametrize(
    ("drive", "middles"),
    [
        (mpifast.Scanner(drive_frequency=25e3), [25e3]),
        (lissajous(divider=(100, 50, 99)), [25e3, 50e3]),
        (lissajous(amplitude=(18e-3, 0.0, 0.0), divider=(100, 50, 99)), [25e3]),
        (SCANNERS["turning line"], [250e3]),
        ([50e3, 25e3, 25e3], [25e3, 50e3]),
        (25e3, [25e3]),
    ],
)
def test_bands_around_the_drive_frequencies(drive, middles):
    bands = np.array(mpifast.receive.band_stop(drive, width=2e3))
    np.testing.assert_allclose(bands, [(f - 1e3, f + 1e3) for f in middles], rtol=1e-12)


def test_harmonics_and_the_frequency_zero():
    assert mpifast.receive.band_stop(10.0, 30.0, harmonics=3) == ((0.0, 25.0), (5.0, 35.0), (15.0, 45.0))


def test_a_selection_leaves_the_bands_out_and_keeps_the_rest():
    scanner = lissajous(divider=(102, 96, 99))
    system = mpifast.system_matrix(scanner, mpifast.Particle(30e-9))
    kept = system.select(stop=mpifast.receive.band_stop(scanner, 100.0), band=(None, 100e3)).rows
    gone = np.setdiff1d(system.select(band=(None, 100e3)).rows["number"], kept["number"])
    assert gone.tolist() == [16, 17]
    assert (system.rows["frequency"] == 2.5e6 / 102).sum() == 2
    edge = system.rows["frequency"][16]
    assert 16 not in system.select(stop=[(edge, edge)]).rows["number"]
    assert len(system.select(stop=()).rows) == len(system.rows)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((SCANNERS["sampled"], 1.0), ValueError, "a SampledScanner, whose drive frequencies are not known: give them"),
        (([-1.0], 1.0), ValueError, r"drive=\[-1.0\].*: give a scanner, or drive frequencies above zero"),
        (([], 1.0), ValueError, "give a scanner, or drive frequencies"),
        (([np.nan], 1.0), ValueError, "drive is not finite"),
        (("x", 1.0), TypeError, "drive must hold real numbers"),
        ((25e3, -1.0), ValueError, "width=-1.0 is out of range"),
        ((25e3, 1.0, 0), ValueError, "harmonics=0 is out of range"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        mpifast.receive.band_stop(*arguments)


@pytest.mark.parametrize(
    ("stop", "error", "message"),
    [
        ((24e3, 27e3), ValueError, r"stop has the band 24000.0 \(float\): give pairs .* stop=\(\(24e3, 27e3\),\)"),
        ([(1.0, 2.0, 3.0)], ValueError, "stop has the band"),
        ([(2.0, 1.0)], ValueError, r"stop has the band \(2, 1\) Hz: give the lower frequency first"),
        ([(-1.0, 1.0)], ValueError, "stop=-1.0 is out of range"),
        (3, TypeError, "stop"),
        ([(0.0, 1e9)], ValueError, r"stop=\[\(0.0, 1000000000.0\)\] leave no row"),
    ],
)
def test_bad_bands(small_system, stop, error, message):
    with pytest.raises(error, match=message):
        small_system.select(stop=stop)


def test_unknown_frequencies_are_in_no_band():
    with pytest.raises(ValueError, match=r"rows of unknown frequency: choose rows by number \(rows=\)"):
        mpifast.linear_system(np.eye(3)).select(stop=[(1.0, 2.0)])
