"""The scanner's field and voxels."""

import numpy as np
import pytest

import mpifast


def test_defaults_are_the_papers():
    scanner = mpifast.Scanner()
    assert scanner.field_of_view == pytest.approx(32e-3)
    assert scanner.pitch == pytest.approx(0.25e-3)
    np.testing.assert_allclose(scanner.positions[[0, 64, -1]], [-16e-3, 0.0, 16e-3])
    np.testing.assert_allclose(np.diff(scanner.positions), 0.25e-3)


@pytest.mark.parametrize("voxels", [1, 2, 3, 128, 129])
def test_positions_are_exactly_symmetric(voxels):
    positions = mpifast.Scanner(voxels=voxels).positions
    assert len(positions) == voxels
    np.testing.assert_array_equal(positions, -positions[::-1])
    if voxels > 1:
        assert positions[-1] == mpifast.Scanner().field_of_view / 2


def test_field_is_eq_1():
    scanner = mpifast.Scanner(gradient=3.0, drive_amplitude=0.02, drive_frequency=1e4)
    np.testing.assert_allclose(scanner.field(np.array([0.0, 1e-3]), 0.0), [0.02, 0.023])
    np.testing.assert_allclose(scanner.field(0.0, np.array([0.0, 0.5e-4])), [0.02, -0.02])


def test_field_free_point_reaches_the_ends():
    scanner = mpifast.Scanner()
    assert scanner.field(-scanner.field_of_view / 2, 0.0) == pytest.approx(0.0, abs=1e-17)
