"""The study in two dimensions: its trainings are kept like all others, and its text only counts."""

from dataclasses import asdict

import numpy as np
import pytest

import mpifast
from mpifast.paper.experiments import Experiment, load, name, save, train
from mpifast.paper.figures.two_dimensions import Key, conditions, experiments
from mpifast.paper.methods import Condition
from mpifast.paper.options import Options, module_of
from mpifast.paper.plane import KINDS, PlaneExperiment, generators, plane, word
from mpifast.paper.plane_text import METHODS, name_of, reading
from mpifast.paper.records import Record

SMALL = PlaneExperiment(diameter_nm=20.0, voxels=17, kind="vessels", bias=True, samples=50, epochs=2, snr_db=40.0)


def test_an_outcome_comes_back_as_it_was_kept(tmp_path):
    outcome = train(SMALL)
    save(outcome, tmp_path)
    found = load(SMALL, tmp_path)
    assert found.curve == outcome.curve
    assert found.network.bias
    assert len(found.curve) == 2
    assert (found.network.inputs, found.network.outputs) == (len(SMALL.system.rows), 289)


def test_trainings_of_the_line_keep_their_names():
    fields = "activation diameter_nm dtype epochs hidden learning_rate samples scaling seed snr_db weight_range"
    assert sorted(asdict(Experiment())) == fields.split()
    assert name(PlaneExperiment()) != name(Experiment())


def test_the_noise_is_below_the_spectra_of_each_kind():
    noisy = PlaneExperiment(diameter_nm=20.0, voxels=17, snr_db=30.0)
    for kind in KINDS:
        spectra = noisy.spectra_of(kind)
        u = noisy.system.spectra(generators(plane(17))[kind].draw(0, range(256)), dtype="float64")
        assert spectra.noise_level == pytest.approx(np.sqrt((u**2).mean()) * 10**-1.5, rel=1e-6)


def test_words_of_the_quick_grid_fit():
    assert word(plane(17)).shape == (1, 289)
    assert 0.1 < word(plane(17)).mean() < 0.4


@pytest.mark.parametrize("quick", [True, False])
def test_every_condition_has_its_networks(quick):
    options = Options(quick=quick)
    found = experiments(options)
    for condition in conditions(options):
        for kind in ("random", "vessels"):
            assert Key(0.0, kind, *condition) in found
            assert Key(1.25, kind, *condition) in found
    assert all(experiment.bias == (key.kind == "vessels") for key, experiment in found.items())


def test_a_figure_whose_name_is_no_module_is_found():
    assert module_of("2d").__name__ == "mpifast.paper.figures.two_dimensions"
    assert module_of("fig4").__name__ == "mpifast.paper.figures.fig4"


def records_of(error):
    """A record for each method, condition and kind of error(method, diameter, snr, kind), and two widths."""
    found = []
    for diameter, snr in ((30, None), (30, 30.0), (20, 30.0)):
        for kind in KINDS:
            for method in METHODS:
                condition = Condition(method, diameter, snr, kind)
                settings = Options().settings(**condition._asdict(), parameter=None)
                found.append(Record("2d", name_of(condition), None, error(*condition), settings, 1e-6))
    for part, value in ((0.0, 0.01), (0.25, 0.125), (1.25, 0.0625)):
        found.append(Record("2d", f"2d_test_mse_{part}units", None, value, {"hidden_over_voxels": part}))
    found.append(Record("2d", "2d_test_mse_fast", None, 0.03125, {}))
    return found


def test_the_text_counts_what_the_records_say():
    def error(method, diameter, snr, kind):
        if method == "nnls" and snr is None:
            return 1e-9
        if method == "one_layer_vessels" and kind == "words":
            return 0.02 + 0.01 * (snr is not None) + 0.01 * (diameter == 20)
        return 0.05 + 0.01 * (snr is not None) + 0.01 * (diameter == (30 if method == "tsvd" else 20))

    text = reading(records_of(error))
    assert "noise-free, at 30 nm, its mean squared error on others is 0.05 by" in text
    assert "before, 0.031; that of a grey image" in text
    assert "errors fall at every step for 21 of 24 pairs" in text
    assert "errors rise with every level for 24 of 24 pairs" in text
    assert "more exact than every network in 3 of 3 cases" in text
    assert "they beat every solver in 2 of 2 cases" in text
    assert "0.12 with 0.25, 0.062 with 1.25, without a hidden layer 0.01." in text
    assert text.count("<table>") == len(KINDS)


def test_the_word_reads_from_left_to_right():
    grid = mpifast.Grid((17, 7), (17e-3, 7e-3))
    rows = ["".join(" #"[pixel] for pixel in row) for row in word(grid).reshape(17, 7).T[::-1]]
    assert rows[0] == "#   # ####   ### "
