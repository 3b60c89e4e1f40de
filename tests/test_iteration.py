"""Histories, convergence and its warning, interrupts."""

import warnings

import numpy as np
import pytest
from solver_problems import loops

import mpifast
from mpifast.solvers import iteration

both = pytest.mark.parametrize("solve", [mpifast.kaczmarz, mpifast.sparse])


def test_histories_fall(system, noisy):
    u = noisy[0]
    for fit, tolerance in (
        (mpifast.kaczmarz(system, u, alpha=5.0, tolerance=1e-3, full_output=True), 1e-3),
        (mpifast.sparse(system, u, full_output=True), 1e-6),
    ):
        assert fit.history.shape == (fit.iterations.max(), len(u))
        last = fit.history[fit.iterations - 1, np.arange(len(u))]
        assert (last <= tolerance).all()
        assert (fit.history[0] > 1e-2).all()
        assert fit.converged.all()
    # Errors of (c, v) fall with every projection: Kaczmarz's distance to the solution is monotone.
    exact = mpifast.tikhonov(system, u, alpha=5.0)
    distances = [
        np.linalg.norm(mpifast.kaczmarz(system, u, alpha=5.0, iterations=k, tolerance=0.0) - exact)
        for k in (1, 3, 10, 30, 100)
    ]
    assert distances == sorted(distances, reverse=True)


@loops
@both
def test_a_converged_spectrum_is_left_alone(small_system, small, solve):
    u = np.vstack([np.zeros((1, 14)), small[:3]])
    fit = solve(small_system, u, alpha=5.0, tolerance=1e-3, full_output=True)
    assert fit.iterations[0] == 1
    assert not fit.images[0].any()
    assert np.isnan(fit.history[fit.iterations[1] :, 1]).all()


@loops
@both
def test_reaching_the_limit_is_said(small_system, small, solve):
    """By a warning at the line of the call, with the number of spectra, the distance and the cure, and in the
    solution: the first spectrum has converged.
    """
    u = np.vstack([np.zeros((1, 14)), small[:3]])
    with pytest.warns(mpifast.ConvergenceWarning, match=f"{solve.__name__}: 3 of 4 .* after 2 iterations") as caught:
        fit = solve(small_system, u, alpha=0.1, iterations=2, full_output=True)
    assert caught[0].filename == __file__
    assert "raise iterations" in str(caught[0].message)
    assert f"{fit.history[-1, 1:].max():.2g} times its norm" in str(caught[0].message)
    np.testing.assert_array_equal(fit.converged, [True, False, False, False])
    np.testing.assert_array_equal(fit.iterations, [1, 2, 2, 2])


@both
def test_the_limit_is_no_convergence_without_full_output_either(small_system, small, solve):
    with pytest.warns(mpifast.ConvergenceWarning):
        solve(small_system, small, alpha=0.1, iterations=2)


@both
def test_no_warning_of_converged_spectra_or_a_fixed_number_of_iterations(small_system, small, solve):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        needed = solve(small_system, small, alpha=1.0, full_output=True).iterations.max()
        exactly = solve(small_system, small, alpha=1.0, iterations=int(needed), full_output=True)
        fixed = solve(small_system, small, alpha=1.0, iterations=2, tolerance=0.0, full_output=True)
    assert exactly.converged.all()
    assert not fixed.converged.any()
    assert (fixed.iterations == 2).all()


def test_iterations_in_several_calls_give_the_same_bits(small_system, small, monkeypatch):
    def run():
        return [
            mpifast.kaczmarz(small_system, small, alpha=0.1, order="random", full_output=True),
            mpifast.sparse(small_system, small, full_output=True),
        ]

    whole = run()
    monkeypatch.setattr(iteration, "BUDGET", 1)
    for one, other in zip(whole, run(), strict=True):
        np.testing.assert_array_equal(one.images, other.images)
        np.testing.assert_array_equal(one.history, other.history)
        np.testing.assert_array_equal(one.iterations, other.iterations)


def test_an_interrupt_passes(small_system, small, monkeypatch):
    class Interrupting:
        def __call__(self, *args, **options):
            raise KeyboardInterrupt

    monkeypatch.setattr("mpifast.solvers._loops.kaczmarz_many.sweep", Interrupting())
    with pytest.raises(KeyboardInterrupt):
        mpifast.kaczmarz(small_system, small, progress=True)
