"""Grids: voxels lie where the MDF format says, in C order."""

import numpy as np
import pytest

import mpifast


def test_voxels_lie_at_cell_centres_as_in_mdf():
    grid = mpifast.Grid((4, 3), (8e-3, 6e-3), (1e-3, -2e-3))
    expected = [1e-3 + 8e-3 * ((i + 0.5) / 4 - 0.5) for i in range(4)]
    np.testing.assert_allclose(grid.axes[0], expected, rtol=1e-15)
    np.testing.assert_allclose(grid.axes[1], [-4e-3, -2e-3, 0.0], atol=1e-18)
    assert (grid.voxels, grid.spacing) == (12, (2e-3, 2e-3))


@pytest.mark.parametrize("shape", [(5,), (2, 3), (2, 3, 4)])
def test_positions_are_in_c_order(shape):
    grid = mpifast.Grid(shape, [1.0] * len(shape))
    positions = grid.positions.reshape(*shape, len(shape))
    for axis, coordinates in enumerate(grid.axes):
        moved = np.moveaxis(positions[..., axis], axis, -1)
        np.testing.assert_array_equal(moved, np.broadcast_to(coordinates, moved.shape))


@pytest.mark.parametrize("n", [1, 2, 7, 129, 1000])
def test_a_centred_axis_is_exactly_antisymmetric(n):
    (axis,) = mpifast.Grid((n,), (0.0123,)).axes
    np.testing.assert_array_equal(axis, -axis[::-1])


def test_the_grid_of_a_scanner_has_its_voxels():
    scanner = mpifast.Scanner()
    np.testing.assert_allclose(scanner.grid.axes[0], scanner.positions, atol=1e-17)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((), ()), r"shape=\(\) has 0 axes: give one to three"),
        (((1, 1, 1, 1), (1, 1, 1, 1)), "has 4 axes"),
        (((2, 0), (1, 1)), r"shape\[1\]=0 is out of range"),
        (((2, 2), (1,)), "field_of_view has 1 entries, expected 2"),
        (((2,), (0.0,)), r"field_of_view\[0\]=0.0 is out of range"),
        (((2,), (float("nan"),)), r"field_of_view\[0\]"),
        (((2,), (1.0,), (1.0, 2.0)), "center has 2 entries, expected 1"),
        (((2**20, 2**20), (1, 1)), "voxels, the limit is"),
    ],
)
def test_bad_grids_are_refused_with_the_cure(arguments, message):
    with pytest.raises(ValueError, match=message):
        mpifast.Grid(*arguments)
