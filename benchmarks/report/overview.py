"""BENCHMARKS.md: the marks and the misses of the last run, on one page."""

import textwrap

from benchmarks.report.reasons import WHY
from benchmarks.report.records import Found, Record, not_measured, of_role, reached, targets, verdict
from benchmarks.report.words import by_threads, grid, mark, median

METHOD = """\
Every job runs in a process of its own. mpifast and its peer solve the same problem there: first the results are
verified against each other, then both are timed in turn, after warming up. All times are medians. A ratio is the time
of mpifast over the time of the peer; where a mark says "times faster", it is the peer's time over mpifast's. The mark
holds for all threads (P4, P10 and N3 have one)."""


def page(found: Found) -> str:
    """BENCHMARKS.md."""
    return f"""# Benchmarks

Made by `python -m benchmarks.table` from [benchmarks/results/compare.json](benchmarks/results/compare.json), which
`python -m benchmarks.compare` measures. Change nothing by hand.

{METHOD}
{quick(found)}
## Marks

{count(found)}

{marks(found)}

## Misses

{misses(found)}

## Machine

{machine(found)}

## All tables

- [Times and ranges](docs/speed.md) of all marks, and what was tried where one is missed.
- [Neighbouring shapes](docs/speed/shapes.md): the same work at other sizes.
- [Accuracy](docs/speed/accuracy.md): the errors of mpifast and of its peers.
- [Costs](docs/speed/costs.md): where the time goes, its growth with the sizes, roofline, memory.
- [Threads and other peers](docs/speed/peers.md): PyTorch, scikit-learn, grey phantoms.
"""


def quick(found: Found) -> str:
    """What has to be said of a run of one round."""
    return "\n**A quick run: too few rounds to judge by.**\n" if found["quick"] else ""


def count(found: Found) -> str:
    """How many marks are met."""
    verdicts = [verdict(found, record) for record in targets(found)]
    return (
        f"{verdicts.count('met')} of {len(verdicts)} marks are met. A mark is met if every "
        "[neighbouring shape](docs/speed/shapes.md) is past it too."
    )


def marks(found: Found) -> str:
    """One line for each mark."""
    lines = [
        [
            record["id"],
            record["work"],
            record.get("peer_name", ""),
            mark(record),
            *by_threads(found, record, median),
            verdict(found, record),
        ]
        for record in targets(found)
    ]
    lines += [[name, "not measured: " + found["missing"][name], *[""] * 5] for name in not_measured(found)]
    return grid(["", "work", "peer", "mark", "1 thread", "all threads", "verdict"], lines)


def misses(found: Found) -> str:
    """Why marks are missed: the largest stage, if stages were timed, and the reason on record."""
    lines = []
    for name in dict.fromkeys(record["id"] for record in targets(found) if "missed" in verdict(found, record)):
        sentences = [WHY.get(name, ""), largest_stage(found, name)]
        lines.append(bullet(f"**{name}.** {' '.join(filter(None, sentences)) or 'No reason on record.'}"))
    small = [record for record in of_role(found, "neighbour") if record["shape"].get("samples") in (1, 7)]
    if not all(reached(record) for record in small):
        lines.append(bullet(f"**One and seven samples**, among the neighbouring shapes. {WHY['small']}"))
    return "\n".join(lines) or "None."


def bullet(text: str) -> str:
    """An entry of a list, in lines of at most 120 columns."""
    return textwrap.fill(text, 120, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)


def largest_stage(found: Found, name: str) -> str:
    """The stage that takes the most time."""
    stages = [record for record in of_role(found, "part") if record["id"] == name and record["work"] != "the rest"]
    if not stages:
        return ""
    longest = max(stages, key=share)
    return f'Largest stage on one thread: "{longest["work"]}", {100 * share(longest):.0f} % of the time.'


def share(record: Record) -> float:
    """What part of the whole a stage takes."""
    return record["ours"]["median"] / record["whole"]


def machine(found: Found) -> str:
    """What it was measured on."""
    facts = dict(found["machine"])
    versions = ", ".join(f"{name} {version}" for name, version in facts.pop("versions").items())
    lines = [[name, str(value)] for name, value in facts.items()] + [
        ["versions", versions],
        ["the run took", f"{found['seconds']} s"],
    ]
    for rate in found["rates"]:
        for kind, name, unit in (("flops", "SGEMM", "GFLOP/s"), ("bytes", "copy, read and written", "GB/s")):
            low, middle, high = (rate[kind][key] / 1e9 for key in ("min", "median", "max"))
            lines.append([f"{name}, {rate['threads']} thread(s)", f"{middle:.1f} {unit} ({low:.1f} to {high:.1f})"])
    return grid(["", ""], lines)
