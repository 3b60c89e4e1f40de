"""Receive coils of any direction and of a sensitivity that depends on the position."""

import numpy as np
import pytest
from scanner_systems import lissajous

import mpifast


@pytest.fixture(scope="module")
def system():
    return mpifast.system_matrix(lissajous(), mpifast.Particle(30e-9), mixing_order=3)


def test_coils_along_the_axes_are_the_system_itself(system):
    same = system.with_sensitivity(np.eye(3)[:2])
    np.testing.assert_array_equal(same.matrix, system.matrix)
    np.testing.assert_array_equal(same.rows, system.rows)
    assert same.grid == system.grid


def test_the_voltage_is_the_projection_on_a_field_of_vectors(system, random):
    maps = random.normal(size=(4, 3, system.voxels))
    maps[:, 2] = 0.0
    coils = system.with_sensitivity(maps)
    x, y = (system.matrix[system.rows["channel"] == channel] for channel in (0, 1))
    expected = np.concatenate([x * part[0] + y * part[1] for part in maps])
    np.testing.assert_allclose(coils.matrix, expected, rtol=1e-13, atol=1e-15 * np.abs(expected).max())
    assert coils.rows["channel"].tolist() == np.repeat(range(4), len(x)).tolist()
    np.testing.assert_array_equal(coils.rows["frequency"], np.tile(system.rows["frequency"][: len(x)], 4))
    assert coils.with_transfer_function(lambda f, channel: 1.0 + channel).select(channels=[3]).rows["channel"][0] == 3


def test_rows_are_sorted_by_number():
    plain = mpifast.linear_system([[1.0], [2.0], [10.0], [20.0]], channels=[0, 0, 1, 1], numbers=[7, 3, 3, 7])
    mixed = plain.with_sensitivity([[1.0, 1.0, 0.0]])
    assert mixed.matrix.tolist() == [[12.0], [21.0]]
    assert mixed.rows["number"].tolist() == [3, 7]


@pytest.mark.parametrize(
    ("maps", "error", "message"),
    [
        (np.ones((2, 2)), ValueError, r"maps has the shape \(2, 2\), expected \(coils, 3\) or \(coils, 3, 24\)"),
        (np.ones((2, 3, 5)), ValueError, r"maps has the shape \(2, 3, 5\)"),
        (np.empty((0, 3)), ValueError, r"maps has the shape \(0, 3\)"),
        ([[1.0, np.inf, 0.0]], ValueError, r"maps is not finite: maps\[0, 1\] = inf"),
        ([[1j, 0.0, 0.0]], TypeError, "maps must hold real numbers"),
        ([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]], ValueError, r"maps\[1\] is zero: leave the coil out"),
        ([[1.0, 0.0, 0.5]], ValueError, r"maps\[0\] has a part along z, and the system has 0 rows of channel 2"),
    ],
)
def test_bad_maps(system, maps, error, message):
    with pytest.raises(error, match=message):
        system.with_sensitivity(maps)


def test_systems_that_have_no_such_coils(system):
    received = system.with_transfer_function(np.ones(len(system.rows)))
    with pytest.raises(ValueError, match="call with_sensitivity first"):
        received.with_sensitivity(np.eye(3))
    with pytest.raises(ValueError, match=r"channels \[4\], expected 0, 1, 2"):
        mpifast.linear_system(np.eye(2), channels=[4, 4]).with_sensitivity(np.eye(3)[:1])
    with pytest.raises(ValueError, match="not of the same frequencies: choose the rows of all channels alike"):
        system.select(np.arange(1, len(system.rows))).with_sensitivity([[1.0, 1.0, 0.0]])
