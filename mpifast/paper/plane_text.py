"""The study in two dimensions in words: which claims of the paper carry over, counted from the records."""

from __future__ import annotations

from collections.abc import Sequence

from mpifast.paper.comparison_text import Case, Comparison, table
from mpifast.paper.methods import Condition, noise_name
from mpifast.paper.plane import KINDS
from mpifast.paper.records import Record

NETWORKS = {  # whether there is a hidden layer, and the phantoms of the training
    "one_layer": (False, "random"),
    "hidden": (True, "random"),
    "one_layer_vessels": (False, "vessels"),
    "hidden_vessels": (True, "vessels"),
}
SOLVERS = ("tsvd", "tikhonov", "kaczmarz", "nnls")
METHODS = (*NETWORKS, *SOLVERS)
RANDOM, VESSELS = METHODS[:2], METHODS[2:4]  # by what trained them


def name_of(condition: Condition) -> str:
    """Name of a record."""
    method, diameter, snr, kind = condition
    return f"2d_mse_{method}_{diameter}nm_{noise_name(snr)}_{kind}"


def reading(records: Sequence[Record]) -> str:
    """What carries over, what does not, what other training phantoms give, and a table for each kind, as HTML."""
    found = Comparison([record for record in records if "method" in record.settings])
    widths = {
        record.settings["hidden_over_voxels"]: record.measured
        for record in records
        if "hidden_over_voxels" in record.settings and record.quantity.startswith("2d_test")
    }
    fast = [record for record in records if record.quantity == "2d_test_mse_fast"]
    paragraphs = (_carries(found, fast), _does_not(found, widths), _phantoms(found))
    return "".join([*(f"<p>{text}</p>" for text in paragraphs), *(table(found, kind, METHODS) for kind in KINDS)])


def _carries(found: Comparison, fast: list[Record]) -> str:
    (clean,), noisy = found.cases(False, ["random"]), found.cases(True, ["random"])
    whitened = "".join(
        f", after the fast recipe, which whitens the spectra before, {record.measured:.2g}" for record in fast
    )
    return (
        "<b>What carries over.</b> One layer learns the inverse of a two-dimensional scanner from random phantoms: "
        f"noise-free, at {clean[0]} nm, its mean squared error on others is {found.errors[clean]['one_layer']:.2g} by "
        f"the paper's rule{whitened}; that of a grey image is 0.25. {_by_size(found)} {_by_noise(found)} With noise, "
        f"on random phantoms, it has a smaller error than tsvd in {found.won(noisy, ['one_layer'], ['tsvd'])} cases."
    )


def _by_size(found: Comparison) -> str:
    """Whether errors fall with the diameter, at the noise with several of them."""
    cases = [case for case in found.errors if len({c[0] for c in found.errors if c[1:] == case[1:]}) > 1]
    falling, count = 0, 0
    for kind in KINDS:
        own = sorted(case for case in cases if case[2] == kind)
        for method in METHODS:
            errors = [found.errors[case][method] for case in own]
            falling, count = falling + (errors == sorted(errors, reverse=True)), count + 1
    sizes, noise = sorted({case[0] for case in cases}), noise_name(cases[0][1]).replace("dB", " dB")
    return (
        f"Larger particles resolve better: at {noise}, from {sizes[0]} to {sizes[-1]} nm, errors fall at every step for"
        f" {falling} of {count} pairs of method and phantoms."
    )


def _by_noise(found: Comparison) -> str:
    """Whether errors rise with the noise, at the size with several levels."""
    largest = max(case[0] for case in found.errors)
    rising, count = 0, 0
    for kind in KINDS:
        own = sorted((case for case in found.errors if (case[0], case[2]) == (largest, kind)), key=_loud)
        for method in METHODS:
            errors = [found.errors[case][method] for case in own]
            rising, count = rising + (errors == sorted(errors)), count + 1
    return f"Noise is worse: at {largest} nm errors rise with every level for {rising} of {count} pairs."


def _does_not(found: Comparison, widths: dict[float, float]) -> str:
    clean, pictures = found.cases(False), found.cases(True, ["vessels", "words"])
    units = ", ".join(f"{error:.2g} with {part:g}" for part, error in sorted(widths.items()) if part)
    return (
        "<b>What does not.</b> Without noise a solver is more exact than every network in "
        f"{found.won(clean, SOLVERS, NETWORKS)} cases. On vessels and words, with noise, the networks trained on "
        f"random phantoms have a smaller error than every solver in {found.won(pictures, RANDOM, SOLVERS)} cases, than "
        f"tsvd in {found.won(pictures, RANDOM, ['tsvd'])}; the median ratio of their error to the best solver's is "
        f"{found.ratio(pictures, RANDOM, SOLVERS)}. A hidden layer is better than none, both trained on random "
        f"phantoms, in {found.won(list(found.errors), ['hidden'], ['one_layer'])} cases; noise-free, its error on "
        f"random phantoms by its units for each voxel is {units}, without a hidden layer {widths[0.0]:.2g}."
    )


def _phantoms(found: Comparison) -> str:
    vessels, words = found.cases(True, ["vessels"]), found.cases(True, ["words"])
    return (
        "<b>What other training phantoms give.</b> Trained on vessels instead of random phantoms, and with a bias, the "
        f"networks beat every solver on noisy vessels in {found.won(vessels, VESSELS, SOLVERS)} cases; the median "
        f"ratio of their error to the best solver's is {found.ratio(vessels, VESSELS, SOLVERS)}, to that of the "
        f"networks trained on random phantoms {found.ratio(vessels, VESSELS, RANDOM)}. On noisy words, which trained "
        f"no network, they beat every solver in {found.won(words, VESSELS, SOLVERS)} cases, with a median ratio of "
        f"{found.ratio(words, VESSELS, SOLVERS)}; a hidden layer is better than none in "
        f"{found.won(vessels + words, ['hidden_vessels'], ['one_layer_vessels'])} cases on vessels and words. On "
        f"random phantoms the price is an error "
        f"{found.ratio(found.cases(True, ['random']), VESSELS, RANDOM)} times that of the networks trained on them."
    )


def _loud(case: Case) -> float:
    """Minus the signal-to-noise ratio."""
    return -float("inf") if case[1] is None else -case[1]
