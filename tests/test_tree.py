"""Vessels: trees that hang together, follow Murray's law and have their stenoses."""

import numpy as np
import pytest
from scipy import ndimage

import mpifast
from mpifast import phantoms
from mpifast.data.phantoms.generator import uniform_numbers
from mpifast.data.phantoms.tree import BRANCH, PIECES, ROOT, tree

GRIDS = {
    "plane": mpifast.Grid((40, 30), (24e-3, 18e-3)),
    "space": mpifast.Grid((24, 20, 16), (24e-3, 20e-3, 16e-3)),
}


def grown(grid, stenosis=0.0, generations=4):
    """Tubes [n, branches, pieces, 8] of fifty trees with a root of 1.5 mm."""
    uniform = uniform_numbers(1, np.arange(50), ROOT + BRANCH * (2**generations - 1), 1)
    return tree(uniform, grid, generations, (1.5e-3, 1.5e-3), stenosis).reshape(50, -1, PIECES, 8)


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
def test_a_tree_hangs_together(grid, binary):
    """In whole, but for twigs that leave the field of view and come back."""
    whole = 0
    for image in phantoms.vessels(grid, binary=binary).draw(1, range(30)).reshape(30, *grid.shape):
        assert 0.003 < (image > 0).mean() < 0.7
        parts, number = ndimage.label(image > 0.25, np.ones([3] * image.ndim))
        sizes = np.bincount(parts.ravel())[1:]
        assert sizes.max() > 0.6 * sizes.sum()
        whole += number == 1
    assert whole > 15


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
def test_children_begin_where_their_parent_ends(grid):
    branches = grown(grid)
    for parent in range(7):
        for child in (2 * parent + 1, 2 * parent + 2):
            np.testing.assert_array_equal(branches[:, child, 0, :3], branches[:, parent, -1, 3:6])
    if len(grid.shape) == 2:
        assert not branches[..., [2, 5]].any()
    edge = np.abs(branches[:, 0, 0, :3]) / (np.array((*grid.field_of_view, 1.0)[:3]) / 2)
    np.testing.assert_allclose(edge.max(axis=1), 1.0)  # roots begin at an edge


def test_radii_follow_murrays_law():
    """Up to the factor of 0.9 between a branch and its children, and never below half a voxel."""
    fine = mpifast.Grid((500, 500), (24e-3, 24e-3))
    radii = grown(fine)[:, :, 0, 6]
    for parent in range(3):
        children = radii[:, 2 * parent + 1] ** 3 + radii[:, 2 * parent + 2] ** 3
        np.testing.assert_allclose(children, (0.9 * radii[:, parent]) ** 3, rtol=1e-12)
    assert grown(GRIDS["plane"], generations=6)[..., 6:].min() == pytest.approx(0.3e-3)
    assert grown(GRIDS["space"], generations=6)[..., 6:].min() == pytest.approx(0.5e-3 * 2**0.5)


def test_a_stenosis_narrows_one_of_the_first_branches():
    fine = mpifast.Grid((500, 500), (24e-3, 24e-3))
    healthy, ill = grown(fine), grown(fine, stenosis=1.0)
    ratio = (ill[..., 6] / healthy[..., 6]).min(axis=2)
    assert (ratio[:, 3:] == 1.0).all()
    assert ((ratio[:, :3] < 0.75).sum(axis=1) == 1).all()
    assert set(np.argmin(ratio[:, :3], axis=1)) == {0, 1, 2}
    some = grown(fine, stenosis=0.5)[..., 6] != healthy[..., 6]
    assert 10 < some.any(axis=(1, 2)).sum() < 40


def test_on_a_line_the_tree_is_cut():
    line = phantoms.vessels(mpifast.Grid((60,), (24e-3,))).draw(1, range(40))
    counts = [ndimage.label(image > 0.25)[1] for image in line]
    assert np.mean(counts) > 1.5
    assert np.mean([count > 0 for count in counts]) > 0.9
