"""Numbers and records in words, and tables in Markdown."""

from collections.abc import Callable, Iterable, Sequence

from benchmarks.report.records import Found, Record, measured, same_work


def mark(record: Record) -> str:
    """The mark: `<= 1.5 x`."""
    kind, limit = record["mark"]
    return {"ratio": f"<= {limit:g} x", "speedup": f">= {limit:g} times faster", "seconds": f"<= {limit:g} s"}[kind]


def median(record: Record) -> str:
    """The measured value."""
    unit = " s" if record.get("mark") and record["mark"][0] == "seconds" else ""
    return f"**{measured(record, 'median'):.3g}**{unit}"


def ranged(record: Record) -> str:
    """The measured value, and the range of the single rounds."""
    low, high = (f"{measured(record, which):.3g}" for which in ("min", "max"))
    return f"{median(record)} ({low} to {high})" if record["ours"]["rounds"] > 1 else median(record)


def by_threads(found: Found, record: Record, value: Callable[[Record], str]) -> list[str]:
    """The values on one thread and on all threads."""
    values = {threads: value(same) for threads, same in same_work(found, record).items()}
    return [values.get(1, ""), "" if list(values) == [1] else values[max(values)]]


def both(record: Record) -> list[str]:
    """Times of ours and the peer."""
    return [milliseconds(record[side]["median"]) for side in ("ours", "peer")]


def milliseconds(seconds: float) -> str:
    """A time to read."""
    if abs(seconds) >= 1:
        return f"{seconds:.2f} s"
    return f"{1e3 * seconds:.3g} ms" if abs(seconds) >= 1e-3 else f"{1e6 * seconds:.3g} us"


def shape(record: Record) -> str:
    """Sizes in words."""
    return ", ".join(f"{value:,} {name}" for name, value in record["shape"].items())


def grid(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *lines])
