"""The comparison of networks and solvers: parameters set on training phantoms, and a text that only counts."""

import numpy as np
import pytest

import mpifast
from mpifast import metrics
from mpifast.paper.comparison_text import Comparison, reading
from mpifast.paper.methods import ALPHAS, METHODS, PHANTOMS, Condition, tuned_solvers
from mpifast.paper.options import Options
from mpifast.paper.records import Record


@pytest.fixture(scope="module")
def tuned(system):
    u, c = mpifast.Spectra(system, seed=3, snr_db=30.0, dtype="float64")[:20]
    return u, c, tuned_solvers(system, u, c)


def test_the_rank_and_alpha_are_those_of_least_error(system, tuned):
    u, c, solvers = tuned
    errors = [metrics.mse(mpifast.tsvd(system, u, rank=rank), c) for rank in range(1, 130)]
    assert solvers["tsvd"][1] == 1 + int(np.argmin(errors))
    solve, alpha = solvers["tikhonov"]
    assert alpha in system.svd[1][0] ** 2 * np.array(ALPHAS)
    for other in (alpha / 10, alpha * 10):
        assert metrics.mse(solve(u), c) < metrics.mse(mpifast.tikhonov(system, u, alpha=other), c)


def test_every_solver_makes_images_and_kaczmarz_shares_tikhonovs_alpha(tuned):
    u, c, solvers = tuned
    assert solvers["kaczmarz"][1] == solvers["tikhonov"][1]
    assert solvers["nnls"][1] is None
    for solve, _ in solvers.values():
        assert metrics.mse(solve(u), c) < 0.05


def records_of(error):
    """A record for each method and phantom at 40 nm, noise-free and at 30 dB, of error(method, snr, phantoms)."""
    found = []
    for snr in (None, 30.0):
        for kind in PHANTOMS:
            for method in METHODS:
                condition = Condition(method, 40, snr, kind)
                settings = Options().settings(**condition._asdict(), parameter=None)
                found.append(Record("comparison", condition.quantity, None, error(method, snr, kind), settings, 1e-6))
    return found


def test_the_text_counts_what_the_records_say():
    def error(method, snr, kind):
        if method == "hidden_noise" and snr is not None and kind in ("random", "letters"):
            return 0.001  # ahead of all with noise on two kinds
        return {"nnls": 0.01, "one_layer_noise": 0.04}.get(method, 0.08)

    found = Comparison(records_of(error))
    assert found.won(found.cases(True, ["random"]), ["hidden_noise"], ["nnls"]) == "1 of 1"
    assert found.won(found.cases(True), ["hidden_noise"], METHODS[:3]) == "2 of 4"
    assert found.won(found.cases(False), ["nnls"], METHODS[:4]) == "4 of 4"
    assert found.ratio(found.cases(False), ["one_layer_noise"], ["nnls"]) == "4"
    text = reading(records_of(error))
    assert "every solver in 1 of 1 combinations" in text
    assert "pattern 0 of 1; letters 1 of 1; sparse 0 of 1" in text
    assert text.count("<table>") == len(PHANTOMS)
    assert text.count("<b>1.0e-03</b>") == 2
