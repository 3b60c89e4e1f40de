"""Points, bars, ellipses and resolution groups: what is painted is what was asked for."""

import numpy as np
import pytest

import mpifast
from mpifast import phantoms

PLANE = mpifast.Grid((60, 60), (30e-3, 30e-3))
SPACE = mpifast.Grid((30, 30, 30), (30e-3, 30e-3, 30e-3))


def test_points_are_single_voxels():
    counts = phantoms.points(PLANE, count=(2, 4)).draw(1, range(400)).sum(axis=1)
    assert set(counts) == {2, 3, 4}  # two at the same place are too rare
    everywhere = phantoms.points(mpifast.Grid((4, 5), (1e-3, 1e-3)), count=1).draw(1, range(2000)).mean(axis=0)
    np.testing.assert_allclose(everywhere, 1 / 20, atol=0.02)


def test_balls_have_their_volume():
    c = phantoms.points(mpifast.Grid((30, 30), (60e-3, 60e-3)), count=1, radius=10e-3).draw(1, range(50))
    assert abs(c.sum(axis=1).max() * 4e-6 / (np.pi * 1e-4) - 1) < 0.03  # the others stand at an edge
    c = phantoms.points(SPACE, count=1, radius=5e-3, binary=False).draw(1, range(50))
    whole = c.sum(axis=1) / c.max(axis=1) * 1e-9 / (4 / 3 * np.pi * 5e-3**3)
    assert abs(whole.max() - 1) < 0.03


@pytest.mark.parametrize(("grid", "expected"), [(PLANE, 4e-3 * 10e-3), (SPACE, 4e-3**2 * 10e-3)])
def test_bars_have_their_size(grid, expected):
    c = phantoms.bars(grid, count=1, width=4e-3, length=10e-3, binary=False).draw(1, range(40))
    size = c.sum(axis=1) / c.max(axis=1) * np.prod(grid.spacing)
    assert abs(size.max() / expected - 1) < 0.06


def test_ellipses_have_a_rim_and_something_inside():
    c = phantoms.ellipses(PLANE).draw(1, range(20)).reshape(20, 60, 60)
    assert (c[:, [0, -1]] == 0).all()  # within the field of view
    middle = c[:, 30]
    assert (middle.max(axis=1) > 0.9).all()
    assert all(len(np.unique(image)) > 4 for image in c.round(2))


@pytest.mark.parametrize("shape", ["bars", "spheres"])
def test_groups_have_their_pitch(shape):
    """Along the bars of the first group: three of them, a pitch apart."""
    grid = mpifast.Grid((200, 160), (40e-3, 32e-3))
    c = phantoms.resolution(grid, pitches=[4e-3], shape=shape, binary=False).draw(1, range(5)).reshape(5, 200, 160)
    for image in c:
        rows = image[:, image.sum(axis=0).argmax()]
        if shape == "bars":
            rows = (
                image[:, :80].mean(axis=1)
                if image[:, :80].mean(axis=1).std() > image[:, 80:].mean(axis=1).std()
                else image[:, 80:].mean(axis=1)
            )
        filled = np.flatnonzero(np.diff(np.concatenate([[0], rows > rows.max() / 2, [0]])))
        assert len(filled) == 6
        np.testing.assert_allclose(np.diff(filled[::2]) * 0.2e-3, 4e-3, atol=0.21e-3)


def test_default_groups_fill_the_field_of_view():
    c = phantoms.resolution(PLANE).draw(1, range(20)).reshape(20, 60, 60)
    touched = np.flatnonzero(c.any(axis=(0, 2)))
    assert touched[0] <= 3
    assert touched[-1] >= 56
