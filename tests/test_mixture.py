"""The Gaussian mixture of the Langevin function against mpmath."""

import mpmath
import numpy as np
import pytest

from mpifast.physics.tracer.mixture import gaussian_mixture


@pytest.mark.parametrize("largest", [0.01, 3.0, 12.0, 30.0, 142.0])
@pytest.mark.parametrize("tolerance", [1e-3, 1e-6, 1e-9, 1e-12, 2.5e-15])
def test_error_against_mpmath(largest, tolerance):
    nodes, weights, bound = gaussian_mixture(largest, tolerance)
    assert bound <= tolerance
    assert (weights > 0).all()
    assert nodes[0] > 0
    assert (np.diff(nodes) > 0).all()
    points = np.concatenate([np.linspace(0, largest, 100)[1:], np.geomspace(1e-3, 1, 10) * largest])
    with mpmath.workdps(40):
        v, w = [mpmath.mpf(float(x)) for x in nodes], [mpmath.mpf(float(x)) for x in weights]
        errors = [
            abs(mpmath.coth(x) - 1 / x - x * sum(b * mpmath.exp(-a * x * x) for a, b in zip(v, w, strict=True)))
            for x in map(mpmath.mpf, map(float, points))
        ]
    assert max(errors) <= bound


@pytest.mark.parametrize(("largest", "count"), [(12.0, 14), (30.0, 20), (100.0, 30)])
def test_few_nodes_do_at_the_highest_precision(largest, count):
    # The best known: 13, 19, 27.
    assert len(gaussian_mixture(largest, 1e-13)[0]) <= count


@pytest.mark.parametrize(("largest", "least"), [(12.0, {4: 1.6e-4, 6: 1.5e-6, 8: 1.4e-8}), (100.0, {10: 2.2e-5})])
def test_near_the_best_nonlinear_fit(largest, least):
    for count, error in least.items():
        assert len(gaussian_mixture(largest, 3 * error)[0]) <= count


@pytest.mark.parametrize("tolerance", [1e-12, 2.5e-15])
def test_large_arguments(tolerance):
    assert gaussian_mixture(1000.0, tolerance)[2] <= tolerance


@pytest.mark.parametrize(("largest", "tolerance"), [(np.nan, 1e-6), (2e6, 1e-6), (-1.0, 1e-6), (10.0, 1e-16)])
def test_arguments_out_of_range(largest, tolerance):
    with pytest.raises(ValueError, match=r"largest|tolerance"):
        gaussian_mixture(largest, tolerance)


def test_results_are_read_only():
    nodes, weights, _ = gaussian_mixture(12.0, 1e-6)
    assert not nodes.flags.writeable
    assert not weights.flags.writeable
