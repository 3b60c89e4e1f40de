"""The comparison in words and tables: every number in them is counted from the records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from mpifast.paper.methods import METHODS, NETWORKS, PHANTOMS, SOLVERS, Condition, noise_name
from mpifast.paper.records import Record

TRAINED_WITH_NOISE = tuple(name for name in NETWORKS if name.endswith("_noise"))
TRAINED_WITHOUT = tuple(name for name in NETWORKS if not name.endswith("_noise"))

Case = tuple[int, float | None, str]  # diameter, noise, phantoms


class Comparison:
    """The measured errors, by case and method."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.errors: dict[Case, dict[str, float]] = {}
        seconds: dict[str, list[float]] = {}
        for record in records:
            method, diameter, snr, kind = Condition.of(record)
            self.errors.setdefault((diameter, snr, kind), {})[method] = record.measured
            seconds.setdefault(method, []).append(record.seconds)
        self.seconds = {method: median(values) for method, values in seconds.items()}

    def cases(self, noisy: bool, kinds: Sequence[str] | None = None) -> list[Case]:
        """Those with or without noise on these phantoms, or on all."""
        return [case for case in self.errors if (case[1] is not None) == noisy and (kinds is None or case[2] in kinds)]

    def least(self, case: Case, methods: Iterable[str]) -> float:
        """Smallest error of some methods."""
        return min(self.errors[case][method] for method in methods)

    def won(self, cases: Sequence[Case], methods: Iterable[str], others: Iterable[str]) -> str:
        """In how many cases the best of some is better than the best of others: "3 of 8"."""
        methods, others = tuple(methods), tuple(others)
        return f"{sum(self.least(case, methods) < self.least(case, others) for case in cases)} of {len(cases)}"

    def ratio(self, cases: Sequence[Case], methods: Iterable[str], others: Iterable[str]) -> str:
        """Median over the cases of the one's least error over the other's."""
        methods, others = tuple(methods), tuple(others)
        return f"{median(self.least(case, methods) / self.least(case, others) for case in cases):.2g}"


def reading(records: Sequence[Record]) -> str:
    """Two paragraphs and a table for each kind of phantom, as HTML."""
    found = Comparison(records)
    return "".join(
        [
            *(f"<p>{paragraph}</p>" for paragraph in paragraphs(found)),
            *(table(found, kind, METHODS) for kind in PHANTOMS),
        ]
    )


def paragraphs(found: Comparison) -> tuple[str, str]:
    """Where a network earns its place, and where it does not."""
    seen, noisy, noise_free, dilute = (
        found.cases(True, ["random"]),
        found.cases(True),
        found.cases(False),
        found.cases(True, ["sparse"]),
    )
    strongest = [case for case in noisy if case[1] == min(level for _, level, _ in noisy if level is not None)]
    unseen = "; ".join(f"{kind} {found.won(found.cases(True, [kind]), NETWORKS, SOLVERS)}" for kind in PHANTOMS[1:])
    times = ", ".join(
        f"{title(method)} {microseconds(found.seconds[method])}" for method in (*TRAINED_WITHOUT, *SOLVERS)
    )
    return (
        "<b>Where a network earns its place.</b> With noise, on phantoms of the kind it was trained on (random, half "
        "full), the best of the four "
        f"networks has a smaller error than every solver in {found.won(seen, NETWORKS, SOLVERS)} combinations of size "
        "and noise; the median ratio "
        f"of its error to the best solver's is {found.ratio(seen, NETWORKS, SOLVERS)}. It knows more than the system: "
        "that voxels are zero or one "
        f"and how full a phantom is. Microseconds an image, some hundred made together on one thread: {times}.",
        "<b>Where it does not.</b> Without noise the best solver is more exact than every network in "
        f"{found.won(noise_free, SOLVERS, NETWORKS)} cases: the system can be inverted, and a training has to end. On "
        "phantoms of other "
        f"kinds, with noise, a network is ahead of every solver so often: {unseen}. On nearly empty ones the best "
        "network's error is "
        f"{found.ratio(dilute, NETWORKS, SOLVERS)} times the best solver's (median): without a bias it needs a "
        "half-full phantom, and a "
        "solver can be told that nothing is negative. Training with the noise is no gain in itself: the networks "
        "trained with it (for fewer "
        f"passes) are better than those trained without in {found.won(noisy, TRAINED_WITH_NOISE, TRAINED_WITHOUT)} "
        "cases, at the strongest noise in "
        f"{found.won(strongest, TRAINED_WITH_NOISE, TRAINED_WITHOUT)}. A hidden layer is better than none, both "
        "trained with noise, in "
        f"{found.won(noisy, ['hidden_noise'], ['one_layer_noise'])} cases. And a network is trained for one system; a "
        "solver takes any.",
    )


def microseconds(seconds: float) -> str:
    """In figures that mean something."""
    return f"{1e6 * seconds:,.0f}" if seconds > 1e-5 else f"{1e6 * seconds:.1f}"


def title(method: str) -> str:
    """A method's name as a reader would write it."""
    return method.replace("_", " ")


def table(found: Comparison, kind: str, methods: Sequence[str]) -> str:
    """Errors of all methods at every size and noise; the smallest in bold."""
    heads = "".join(f"<th>{title(method)}</th>" for method in methods)
    rows = [f"<tr><th>size, noise</th>{heads}</tr>"]
    for (diameter, snr, phantoms), errors in found.errors.items():
        if phantoms == kind:
            best = min(errors.values())
            cells = (
                f"<b>{errors[method]:.1e}</b>" if errors[method] == best else f"{errors[method]:.1e}"
                for method in methods
            )
            row = "".join(f'<td class="number">{cell}</td>' for cell in cells)
            rows.append(f"<tr><td>{diameter} nm, {noise_name(snr)}</td>{row}</tr>")
    return f'<h3>Mean squared error, {kind} phantoms</h3><div class="scroll"><table>{"".join(rows)}</table></div>'
