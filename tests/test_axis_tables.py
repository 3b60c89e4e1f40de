"""Tables of one axis: Bessel functions, parity, decay."""

import numpy as np
import pytest
from scipy.special import ive

from mpifast.physics.systems.axis_tables import G, H, axis_tables, tensor_bounds, trimmed

NODES, WEIGHTS = np.array([0.01, 0.2, 1.5]), np.array([0.1, 0.2, 0.05])


def bessel(v, a, b, p):
    """g_p = exp(-v a^2 - v b^2/2) sum_j (-1)^(j+p) I_j(v b^2/2) I_(p-2j)(2 v a b)."""
    j = np.arange(-80, 81)
    scale = np.exp(-v * a**2 + 2 * v * abs(a * b))  # of the scaled Bessel functions
    return scale * ((-1.0) ** (j + p) * ive(j, v * b**2 / 2) * ive(p - 2 * j, 2 * v * a * b)).sum()


@pytest.mark.parametrize("b", [0.3, 2.0])
def test_bessel_series(b):
    offsets = np.array([-1.2, 0.1, 0.7])
    tables = axis_tables(offsets, b, NODES, WEIGHTS, 4.0, 1e-15)
    for (p, r, i), value in np.ndenumerate(tables.values[G][:12]):
        assert value == pytest.approx(bessel(NODES[r], offsets[i], b, p), abs=3e-15)
    # h_p = a g_p + b (g_(p+1) + g_(p-1)) / 2
    g = tables.values[G]
    expected = offsets * g[1:11] + b / 2 * (g[2:12] + g[0:10])
    np.testing.assert_allclose(tables.values[H][1:11], expected, atol=3e-15)


@pytest.mark.parametrize("voxels", [1, 2, 7, 8])
def test_parity(voxels):
    offsets = 0.8 * (np.arange(voxels) - (voxels - 1) / 2)
    folded = axis_tables(offsets, 3.0, NODES, WEIGHTS, 10.0, 1e-12)
    shifted = axis_tables(np.append(offsets, 9.0), 3.0, NODES, WEIGHTS, 10.0, 1e-12)
    assert folded.folded == (voxels > 1)
    assert not shifted.folded
    np.testing.assert_allclose(folded.whole(), shifted.values[..., :voxels], atol=1e-15)
    assert len(folded.plus) == (-(-voxels // 2))


def test_an_axis_without_drive_has_one_order():
    offsets = np.array([0.5, 2.0])
    tables = axis_tables(offsets, 0.0, NODES, WEIGHTS, 2.0, 1e-12)
    expected = np.exp(-NODES[:, None] * offsets**2)
    np.testing.assert_allclose(tables.values[G], expected[None])
    np.testing.assert_allclose(tables.values[H], (expected * offsets)[None])


def test_bounds_hold_and_trimming_leaves_out_little(random):
    weights = WEIGHTS
    tables = [axis_tables(random.normal(size=4), b, NODES, WEIGHTS, 9.0, 1e-12) for b in (4.0, 3.0, 2.0)]
    for channel in range(3):
        values = [table.values[H if axis == channel else G] for axis, table in enumerate(tables)]
        tensors = np.einsum("r,prx,qry,lrz->pqlxyz", weights, *values, optimize=True)
        bounds = tensor_bounds(tables, weights, channel)
        assert (np.abs(tensors).max(axis=(3, 4, 5)) <= bounds * (1 + 1e-12) + 1e-300).all()
        short = [table.orders for table in trimmed(tables, weights, 1e-6)]
        assert all(count < table.orders for count, table in zip(short, tables, strict=True))
        for axis, count in enumerate(short):
            assert np.abs(np.moveaxis(tensors, axis, 0)[count:]).max() <= 1e-6
