"""The tables of BENCHMARKS.md and README.md are those of the last run, and the run left no target out."""

import copy
import json

import pytest

table = pytest.importorskip("benchmarks.table", reason="the tests run without the checkout around them")


@pytest.fixture
def found():
    return json.loads(table.RESULTS.read_text(encoding="utf-8"))


def test_every_target_is_there_or_its_absence_explained(found):
    measured = {record["id"] for record in found["records"] if record["role"] == "paper"}
    assert measured | {name for name in found["missing"] if name in table.TARGETS} == set(table.TARGETS)
    assert not measured & set(found["missing"])


def test_tables_are_those_of_the_results(found):
    assert table.PAGE.read_text(encoding="utf-8") == table.page(found)
    readme = table.README.read_text(encoding="utf-8")
    assert readme == table.readme(readme, found)


@pytest.mark.parametrize(
    ("kind", "limit", "ratio", "met"),
    [
        ("ratio", 0.75, 0.74, True),
        ("ratio", 0.75, 0.76, False),
        ("speedup", 5.0, 0.19, True),
        ("speedup", 5.0, 0.21, False),
    ],
)
def test_the_verdict_is_computed(kind, limit, ratio, met):
    spread = {"min": ratio / 2, "median": ratio, "max": 2 * ratio, "rounds": 7}
    record = {"mark": [kind, limit], "ratio": spread, "ours": spread}
    assert table.reached(record) is met
    low, high = table.measured(record, "min"), table.measured(record, "max")
    assert low < table.measured(record, "median") < high


def test_a_neighbour_past_its_mark_decides_too(found):
    found = copy.deepcopy(found) | {"quick": False}
    for record in found["records"]:
        if record["id"] == "P1" and "ratio" in record:
            record["ratio"]["median"] = 0.1
    target = next(record for record in table.targets(found) if record["id"] == "P1")
    assert table.verdict(found, target) == "met"
    next(
        r
        for r in found["records"]
        if r["id"] == "P1" and r["role"] == "neighbour" and r["threads"] == target["threads"]
    )["ratio"]["median"] = 9.0
    assert table.verdict(found, target).startswith("missed at 1 of ")
    assert table.verdict(found | {"quick": True}, target).startswith("not judged")
