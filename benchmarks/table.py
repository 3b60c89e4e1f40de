"""BENCHMARKS.md and the README's table, from the numbers of the last run: ``python -m benchmarks.table``."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.tried import TRIED

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "compare.json"
PAGE, README = ROOT / "BENCHMARKS.md", ROOT / "README.md"
BEGIN, END = "<!-- made by python -m benchmarks.table -->", "<!-- end of the table -->"
# Whose peers are what users run; the others have a BLAS for a peer.
FASTER = ("P1", "P2", "P3", "P4", "P6", "P8", "N1", "N2", "N4", "N5", "N9", "N10")
TARGETS = [*(f"P{number}" for number in range(1, 14)), *(f"N{number}" for number in range(1, 12)), "sizes"]

Record = dict[str, Any]
Found = dict[str, Any]


def page(found: Found) -> str:
    """BENCHMARKS.md."""
    quick = "\n**A quick run: too few rounds to judge by.**\n" if found["quick"] else ""
    sections = [marks, beside, shapes, accuracy, parts, costs, roofline, efficiency, libraries, memory, machine]
    return (
        f"""# Benchmarks

Made by `python -m benchmarks.compare` from [benchmarks/results/compare.json](benchmarks/results/compare.json); change
nothing by hand.
{quick}
Ours and the peer solve the same problem in the same process: first the results are verified,
then both are timed in turn, after warming up. Times are medians. A ratio is ours over the peer's, from the medians;
its range is that of the single rounds. Where a mark says "times faster", it is the peer over ours. The mark holds for
all threads (the system matrix takes one).

"""
        + "\n\n".join(section(found) for section in sections)
        + "\n"
    )


def marks(found: Found) -> str:
    """The targets, at the paper's size."""
    lines = []
    for record in targets(found):
        times = [
            milliseconds(record["ours"]["median"]),
            milliseconds(record["peer"]["median"]) if "peer" in record else "",
        ]
        values = {threads: ranged(found_one) for threads, found_one in same_work(found, record).items()}
        alone = values.get(1, "")
        together = "" if list(values) == [1] else values[max(values)]
        lines.append(
            [
                record["id"],
                record["work"],
                record.get("peer_name", ""),
                *times,
                mark(record),
                alone,
                together,
                verdict(found, record),
            ]
        )
    lines += [
        [name, "not measured: " + found["missing"][name], *[""] * 7] for name in TARGETS if name in found["missing"]
    ]
    lines.sort(key=lambda line: TARGETS.index(line[0]))
    head = ["", "work", "peer", "ours", "peer's", "mark", "1 thread", "all threads", "verdict"]
    return (
        "## The marks\n\n"
        + grid(head, lines)
        + "\n\nA mark is met where every neighbouring shape below is past it too."
    )


def beside(found: Found) -> str:
    """The same targets under other settings of the peer's library, if they have been measured."""
    other = found.get("beside")
    if other is None:
        return "## Other settings\n\nNot measured: `python -m benchmarks.compare --beside`, in another environment."
    lines = [
        [
            record["id"],
            record["work"],
            str(record["threads"]),
            *both(record),
            mark(record),
            ranged(record),
            "met" if reached(record) else "missed",
        ]
        for record in other["records"]
        if record["role"] == "paper"
    ]
    text = (
        f"The products' targets once more, with {other['settings']}: the peer's kernels are chosen by such "
        "settings, ours are not."
    )
    return f"## Other settings\n\n{text}\n\n" + grid(
        ["", "work", "threads", "ours", "peer's", "mark", "ratio", "verdict"], lines
    )


def shapes(found: Found) -> str:
    """The targets, at other shapes."""
    lines = []
    for record in found["records"]:
        if record["role"] == "neighbour":
            met = "" if found["quick"] else "met" if reached(record) else "missed"
            lines.append(
                [
                    record["id"],
                    record["work"],
                    shape(record),
                    str(record["threads"]),
                    *both(record),
                    mark(record),
                    ranged(record),
                    met,
                ]
            )
    head = ["", "work", "shape", "threads", "ours", "peer's", "mark", "ratio", "verdict"]
    return "## Neighbouring shapes\n\n" + grid(head, lines)


def accuracy(found: Found) -> str:
    """The errors beside the times."""
    lines = [
        [
            record["id"],
            record["work"],
            record["peer_name"],
            *both(record),
            *(f"{error:.1e}" for error in record["errors"]),
        ]
        for record in found["records"]
        if record["role"] in ("paper", "library") and record.get("errors") and record["threads"] == most(found, record)
    ]
    head = ["", "work", "peer", "ours", "peer's", "our error", "peer's error"]
    return (
        "## Accuracy\n\nLargest error against float64, relative to the largest value. For training, of the weights "
        "after a pass; a product\n"
        "has none, and beside it stands the error of the plain loop in float32. For noisy spectra, of the noise's "
        "level, beyond what chance\n"
        "allows. For P8, the test MSE itself.\n\n" + grid(head, lines)
    )


def parts(found: Found) -> str:
    """The stages of each kernel, and what was tried where a mark is missed."""
    lines = [
        [
            record["id"],
            record["work"],
            milliseconds(record["ours"]["median"]),
            f"{100 * record['ours']['median'] / record['whole']:.0f} %",
        ]
        for record in found["records"]
        if record["role"] == "part"
    ]
    text = "Stages timed alone, on one thread. Among the others some of them overlap, so the rest may be negative."
    return f"## Where the time goes\n\n{text}\n\n" + grid(["", "stage", "time", "of the whole"], lines) + "\n\n" + TRIED


def costs(found: Found) -> str:
    """Cost a sample against samples, harmonics and voxels."""
    lines = []
    for record in found["records"]:
        if record["role"] == "cost":
            size, seconds = record["shape"][record["axis"]], record["ours"]["median"]
            each = seconds / record["shape"]["samples"]
            gigaflops = f"{record['flops'] / each / 1e9:.0f}" if record["flops"] else ""
            lines.append(
                [
                    record["id"],
                    record["work"],
                    record["axis"],
                    f"{size:,}",
                    milliseconds(seconds),
                    f"{1e9 * each:,.0f} ns",
                    gigaflops,
                ]
            )
    head = ["", "work", "against", "number", "time", "a sample (P4, N1, N5: a voxel)", "GFLOP/s"]
    return "## Cost\n\nOurs alone, on all threads; what is not varied has the paper's size.\n\n" + grid(head, lines)


def roofline(found: Found) -> str:
    """Arithmetic and bytes, against the machine's rates."""
    lines = []
    for record in found["records"]:
        if record["role"] == "paper" and record.get("flops"):
            rate = next(rate for rate in found["rates"] if rate["threads"] == record["threads"])
            each = record["ours"]["median"] / record["shape"]["samples"]
            fractions = [f"{100 * record[kind] / each / rate[kind]['median']:.0f} %" for kind in ("flops", "bytes")]
            lines.append(
                [
                    record["id"],
                    record["work"],
                    str(record["threads"]),
                    f"{record['flops']:,.0f}",
                    f"{record['bytes']:,.0f}",
                    *fractions,
                ]
            )
    head = ["", "work", "threads", "flop a sample", "bytes a sample", "of the SGEMM rate", "of the memory bandwidth"]
    return (
        "## Roofline\n\nArithmetic as in the plain formula, and the bytes that have to be read and written. More than "
        "100 % of the SGEMM\n"
        "rate is work saved, by look-up tables and symmetries. A sample of P4 is a voxel, in float64.\n\n"
        + grid(head, lines)
    )


def efficiency(found: Found) -> str:
    """What a second thread gives."""
    lines = []
    for record in targets(found):
        values = same_work(found, record)
        if "peer" in record and len(values) == 2:
            number = max(values)
            gains = [values[1][side]["median"] / values[number][side]["median"] for side in ("ours", "peer")]
            lines.append(
                [
                    record["id"],
                    record["work"],
                    str(number),
                    *(f"{gain:.2f} x, {100 * gain / number:.0f} %" for gain in gains),
                ]
            )
    return "## Threads\n\nHow many times faster than one thread, and that for each thread.\n\n" + grid(
        ["", "work", "threads", "ours", "peer"], lines
    )


def libraries(found: Found) -> str:
    """Other peers, without a mark."""
    lines = [
        [record["work"], record["peer_name"], str(record["threads"]), *both(record), ranged(record)]
        for record in found["records"]
        if record["role"] == "library"
    ]
    missing = "".join(f"\n\n{name}: {reason}." for name, reason in found["missing"].items() if name not in TARGETS)
    return "## Other peers\n\n" + grid(["work", "peer", "threads", "ours", "peer's", "ratio"], lines) + missing


def memory(found: Found) -> str:
    """Peak memory."""
    lines = [
        [
            record["work"],
            f"{record['bytes'] / 1e6:,.1f} MB",
            f"{record['through'] / 1e6:,.1f} MB",
            f"{record['bytes'] / record['through']:.3f}",
        ]
        for record in found["records"]
        if record["role"] == "memory"
    ]
    text = (
        "Peak of a process beyond what it held before the work, and the bytes of the inputs and outputs that went "
        "through."
    )
    return f"## Memory\n\n{text}\n\n" + grid(["work", "peak", "through", "ratio"], lines)


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
    return "## The machine\n\n" + grid(["", ""], lines)


def summary(found: Found) -> str:
    """The README's table: what users would otherwise run, and how many times faster ours is."""
    records = [record for record in targets(found) if record["id"] in FASTER]
    records += [
        record
        for record in found["records"]
        if record["role"] == "library" and record["threads"] == most(found, record) and "training" in record["work"]
    ]
    lines = [
        [record["work"], record["peer_name"], f"**{1 / record['ratio']['median']:.3g} times faster**"]
        for record in records
    ]
    return grid(["work", "what you would run otherwise", "mpifast"], lines)


def readme(text: str, found: Found) -> str:
    """The README with a new table."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{summary(found)}\n{END}{rest.split(END)[1]}"


def targets(found: Found) -> list[Record]:
    """A record for each target and kind of work, on as many threads as there are."""
    return [
        record for record in found["records"] if record["role"] == "paper" and record["threads"] == most(found, record)
    ]


def most(found: Found, record: Record) -> int:
    """The largest number of threads this work was measured on."""
    return max(same_work(found, record))


def same_work(found: Found, record: Record) -> dict[int, Record]:
    """Records of this work at this shape, by number of threads."""
    key = ("id", "role", "work", "shape")
    same = [other for other in found["records"] if all(other.get(name) == record.get(name) for name in key)]
    if record["role"] == "library":
        same = [other for other in same if other["peer_name"] == record["peer_name"]]
    return {other["threads"]: other for other in same}


def verdict(found: Found, record: Record) -> str:
    """Met, if it is so at neighbouring shapes as well; a quick run judges nothing."""
    if found["quick"]:
        return "not judged: quick run"
    if not reached(record):
        return "missed"
    near = [
        other
        for other in found["records"]
        if other["role"] == "neighbour" and (other["id"], other["work"]) == (record["id"], record["work"])
    ]
    near = [other for other in near if other["threads"] == record["threads"]]
    missed = [other for other in near if not reached(other)]
    return f"missed at {len(missed)} of {len(near)} neighbouring shapes" if missed else "met"


def reached(record: Record) -> bool:
    """Whether the measured value is at or past the mark."""
    kind, limit = record["mark"]
    value = measured(record, "median")
    return value >= limit if kind == "speedup" else value <= limit


def measured(record: Record, which: str) -> float:
    """The value that the mark is about: least, median or largest."""
    kind = record["mark"][0] if record.get("mark") else "ratio"
    if kind == "speedup":
        return 1 / record["ratio"][{"min": "max", "max": "min"}.get(which, which)]
    return record["ours" if kind == "seconds" else "ratio"][which]


def mark(record: Record) -> str:
    """In words."""
    kind, limit = record["mark"]
    return {"ratio": f"<= {limit:g} x", "speedup": f">= {limit:g} times faster", "seconds": f"<= {limit:g} s"}[kind]


def ranged(record: Record) -> str:
    """Median, and the range."""
    low, middle, high = (f"{measured(record, which):.3g}" for which in ("min", "median", "max"))
    unit = " s" if record.get("mark") and record["mark"][0] == "seconds" else ""
    return f"**{middle}**{unit} ({low} to {high})" if record["ours"]["rounds"] > 1 else f"**{middle}**{unit}"


def both(record: Record) -> list[str]:
    """Times of ours and the peer."""
    return [milliseconds(record[side]["median"]) for side in ("ours", "peer")]


def milliseconds(seconds: float) -> str:
    """A time to read."""
    return (
        f"{seconds:.2f} s"
        if seconds >= 1
        else f"{1e3 * seconds:.3g} ms"
        if seconds >= 1e-3
        else f"{1e6 * seconds:.3g} us"
    )


def shape(record: Record) -> str:
    """Sizes in words."""
    return ", ".join(f"{value:,} {name}" for name, value in record["shape"].items())


def grid(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *lines])


def write(found: Found) -> None:
    """Both tables."""
    PAGE.write_text(page(found), encoding="utf-8")
    README.write_text(readme(README.read_text(encoding="utf-8"), found), encoding="utf-8")


if __name__ == "__main__":
    write(json.loads(RESULTS.read_text(encoding="utf-8")))
