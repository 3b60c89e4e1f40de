"""The records of a run: which of them are targets, and whether their marks are met."""

from typing import Any

TARGETS = [*(f"P{number}" for number in range(1, 14)), *(f"N{number}" for number in range(1, 12)), "sizes"]

Record = dict[str, Any]
Found = dict[str, Any]


def of_role(found: Found, *roles: str) -> list[Record]:
    """The records of these roles."""
    return [record for record in found["records"] if record["role"] in roles]


def targets(found: Found) -> list[Record]:
    """A record for each target and kind of work, on as many threads as there are, in the order of TARGETS."""
    records = [record for record in of_role(found, "paper") if record["threads"] == most(found, record)]
    return sorted(records, key=lambda record: TARGETS.index(record["id"]))


def not_measured(found: Found) -> list[str]:
    """The targets that the run lacks."""
    return [name for name in TARGETS if name in found["missing"]]


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


def neighbours(found: Found, record: Record) -> list[Record]:
    """The neighbouring shapes of a target on as many threads: those of its work, and those of no target's work."""
    others = {other["work"] for other in of_role(found, "paper")} - {record["work"]}
    same = [other for other in of_role(found, "neighbour") if other["id"] == record["id"]]
    return [other for other in same if other["work"] not in others and other["threads"] == record["threads"]]


def verdict(found: Found, record: Record) -> str:
    """Met, if it is so at neighbouring shapes as well; a quick run judges nothing."""
    if found["quick"]:
        return "not judged: quick run"
    if not reached(record):
        return "missed"
    near = neighbours(found, record)
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
