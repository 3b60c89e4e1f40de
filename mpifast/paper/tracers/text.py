"""The study of wrong tracers in words: what each difference costs and what helps, from the records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mpifast.paper.comparison_text import title
from mpifast.paper.records import Record

KINDS = ("vessels", "words")
SOLVERS = ("tikhonov", "kaczmarz", "kaczmarz_fitted", "kaczmarz_true")
NETWORKS = ("one_layer", "one_layer_fitted", "one_layer_mixture", "one_layer_true")
METHODS = (*SOLVERS, *NETWORKS)

Case = tuple[str, str]  # the tracer of the data, and the phantoms


def name_of(method: str, case: str, kind: str) -> str:
    """Name of a record."""
    return f"tracers_mse_{method}_{case}_{kind}"


class Found:
    """The measured errors, by case and method."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.errors: dict[Case, dict[str, float]] = {}
        for record in records:
            case = record.settings["case"], record.settings["phantoms"]
            self.errors.setdefault(case, {})[record.settings["method"]] = record.measured
        self.cases = list(dict.fromkeys(case for case, _ in self.errors))

    def error(self, method: str, case: str) -> float:
        """Error on vessels, the phantoms of the training."""
        return self.errors[case, "vessels"][method]

    def each(self, method: str, other: str, cases: Iterable[str]) -> str:
        """Error of a method in some cases over that of another method or, for "same", over its own there."""
        parts = []
        for case in cases:
            base = self.error(method, "same") if other == "same" else self.error(other, case)
            parts.append(f"{case} {self.error(method, case) / base:.2g}")
        return ", ".join(parts)

    def won(self, method: str, other: str) -> str:
        """In how many combinations of case and phantoms a method has a smaller error: "3 of 8"."""
        return f"{sum(row[method] < row[other] for row in self.errors.values())} of {len(self.errors)}"


def reading(records: Sequence[Record]) -> str:
    """What a wrong tracer costs, what a fit and a mixture buy, and a table for each kind of phantom, as HTML."""
    found = Found(records)
    paragraphs = (_cost(found), _fit(found), _mixture(found))
    tables = (_table(found, kind) for kind in KINDS if any(own == kind for _, own in found.errors))
    return "".join([*(f"<p>{text}</p>" for text in paragraphs), *tables])


def _cost(found: Found) -> str:
    others = [case for case in found.cases if case != "same"]
    return (
        "<b>What a wrong tracer costs.</b> Errors on vessels over those for the reference tracer, of one layer: "
        f"{found.each('one_layer', 'same', others)}; of Kaczmarz: {found.each('kaczmarz', 'same', others)}. Over those "
        "of the same method with the tracer of the data, one layer: "
        f"{found.each('one_layer', 'one_layer_true', others)}; Kaczmarz: "
        f"{found.each('kaczmarz', 'kaczmarz_true', others)}. The image of an empty scanner has the error "
        "of the part of voxels that are filled, some 0.2 of vessels: larger errors say nothing any more."
    )


def _fit(found: Found) -> str:
    others = [case for case in found.cases if case != "same"]
    return (
        "<b>What one factor for each row buys.</b> It is exact for relaxation with one time and for the receive chain, "
        "and takes what it can of the rest. Errors over those with the tracer of the data, Kaczmarz: "
        f"{found.each('kaczmarz_fitted', 'kaczmarz_true', others)}; one layer, whose spectra are divided by the "
        f"factors: {found.each('one_layer_fitted', 'one_layer_true', others)}. Fitted, one layer is better than "
        f"fitted Kaczmarz in {found.won('one_layer_fitted', 'kaczmarz_fitted')} combinations of tracer and phantoms; "
        f"with the tracer of the data in {found.won('one_layer_true', 'kaczmarz_true')}."
    )


def _mixture(found: Found) -> str:
    return (
        "<b>What training on mixtures buys.</b> Without a calibration one layer trained on a mixture of tracers has "
        "these errors over those of one layer trained on the reference: "
        f"{found.each('one_layer_mixture', 'one_layer', found.cases)}. It is better in "
        f"{found.won('one_layer_mixture', 'one_layer')} combinations of tracer and phantoms, better than Kaczmarz with "
        f"the matrix of the reference in {found.won('one_layer_mixture', 'kaczmarz')}, and better than one layer with "
        f"fitted spectra in {found.won('one_layer_mixture', 'one_layer_fitted')}."
    )


def _table(found: Found, kind: str) -> str:
    """Errors of all methods for each tracer of the data; the smallest in bold."""
    heads = "".join(f"<th>{title(method)}</th>" for method in METHODS)
    rows = [f"<tr><th>data</th>{heads}</tr>"]
    for (case, own), errors in found.errors.items():
        if own == kind:
            best = min(errors.values())
            texts = (f"{errors[method]:.2g}" for method in METHODS)
            cells = (f"<b>{text}</b>" if text == f"{best:.2g}" else text for text in texts)
            rows.append(f"<tr><td>{case}</td>{''.join(f'<td class=number>{cell}</td>' for cell in cells)}</tr>")
    return f'<h3>Mean squared error, {kind}</h3><div class="scroll"><table>{"".join(rows)}</table></div>'
