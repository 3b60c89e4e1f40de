"""The study of wrong tracers: its trainings, mixtures of spectra, and a text that only counts."""

from dataclasses import asdict, replace

import numpy as np
import pytest

import mpifast
from mpifast.paper.experiments import load, name, save, train
from mpifast.paper.options import Options
from mpifast.paper.plane import PlaneExperiment
from mpifast.paper.records import Record
from mpifast.paper.tracers.figure import cases, experiments, kinds
from mpifast.paper.tracers.study import (
    CASES,
    CORNER,
    REFERENCE,
    Tracer,
    TracerExperiment,
    both_parts,
    mixture,
    spectra_of,
    system_of,
    to_complex,
)
from mpifast.paper.tracers.text import METHODS, name_of, reading

TRACERS = (REFERENCE, Tracer(relaxation=1e-6, imbalance=0.1, low_pass=400e3), Tracer(anisotropy=500.0))
SMALL = TracerExperiment(tracers=TRACERS, voxels=17, kind="vessels", bias=True, samples=20, epochs=1, snr_db=30.0)


def test_every_case_has_the_same_rows_and_the_parts_it_says():
    reference = system_of(REFERENCE, 5)
    for case in ("same", "relaxation", "anisotropy", "chain", "all"):
        system = system_of(CASES[case], 5)
        assert (system.rows == reference.rows).all()
        assert len(system.parts) == CASES[case].parts, case
    assert reference.rows["frequency"].min() > 80e3


def test_a_tracer_is_what_it_says():
    particle = CASES["all"].particle
    assert particle.relaxation == mpifast.Debye(2e-6)
    ratios, shares = particle.sizes.shares()
    assert np.sqrt(shares @ np.log(ratios) ** 2) == pytest.approx(0.15)
    at_the_corner = particle.anisotropy.axis[0][0] * CORNER
    assert at_the_corner == pytest.approx(1.0)
    frequency, channel = np.array([500e3, 500e3]), np.array([0, 1])
    assert abs(CASES["chain"].chain(frequency, channel)) == pytest.approx(np.sqrt(0.5) * np.array([1.1, 0.9]))


def test_samples_of_a_mixture_are_those_of_its_tracers_in_turn():
    u, c = SMALL.spectra[5:11]
    assert u.shape == (6, SMALL.ends[0])
    for i in range(6):
        own = spectra_of(system_of(TRACERS[(5 + i) % 3], 17), 17, "vessels", 0, snr_db=30.0)
        expected, phantom = own[5 + i]
        assert (u[i] == expected).all()
        assert (c[i] == phantom).all()


def test_a_network_of_the_reference_takes_the_imaginary_parts_alone():
    alone = replace(SMALL, tracers=(REFERENCE,))
    u, _ = alone.spectra[:3]
    both, _ = spectra_of(system_of(REFERENCE, 17), 17, "vessels", 0, snr_db=30.0)[:3]
    assert (u == to_complex(both).imag.astype(np.float32)).all()
    assert both_parts(system_of(REFERENCE, 17)).real.shape == (SMALL.ends[0], 289)


def test_a_mixture_holds_the_reference_and_no_other_case():
    found = mixture(9)
    assert found[0] == REFERENCE
    assert found[:5] != mixture(5)[:5] or len(set(found)) == 9
    assert not set(found[1:]) & set(CASES.values())


def test_an_outcome_comes_back_as_it_was_kept(tmp_path):
    outcome = train(SMALL)
    save(outcome, tmp_path)
    assert load(SMALL, tmp_path).test_mse == outcome.test_mse
    assert name(SMALL) != name(replace(SMALL, tracers=TRACERS[:2])) != name(PlaneExperiment())
    assert asdict(SMALL)["tracers"][1]["relaxation"] == 1e-6


@pytest.mark.parametrize("quick", [True, False])
def test_every_case_has_its_network(quick):
    options = Options(quick=quick)
    found = experiments(options)
    assert set(found) == {*cases(options), "mixture"}
    assert kinds(options)[0] == "vessels" == found["same"].kind


def test_the_text_counts_what_the_records_say():
    def error(method, case):
        if case == "same":
            return 0.125
        return {"one_layer": 0.5, "one_layer_mixture": 0.25, "kaczmarz": 0.375}.get(method, 0.125)

    settings = Options().settings
    records = [
        Record("tracers", name_of(method, case, "vessels"), None, error(method, case),
               settings(method=method, case=case, phantoms="vessels"))
        for case in ("same", "relaxation", "all") for method in METHODS
    ]  # fmt: skip
    text = reading(records)
    assert "of one layer: relaxation 4, all 4; of Kaczmarz: relaxation 3, all 3." in text
    assert "trained on the reference: same 1, relaxation 0.5, all 0.5." in text
    assert "better in 2 of 3 combinations of tracer and phantoms, better than Kaczmarz" in text
    assert "in 2 of 3, and better than one layer with fitted spectra in 0 of 3." in text
    assert text.count("<table>") == 1
