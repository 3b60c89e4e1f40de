"""BENCHMARKS.md, the README's table and docs/speed are those of the last run, and the run left no target out."""

import copy
import json

import pytest

table = pytest.importorskip("benchmarks.table", reason="the tests run without the checkout around them")
records = pytest.importorskip("benchmarks.report.records", reason="the tests run without the checkout around them")
users = pytest.importorskip("benchmarks.report.users", reason="the tests run without the checkout around them")


@pytest.fixture
def found():
    return json.loads(table.RESULTS.read_text(encoding="utf-8"))


def test_every_target_is_there_or_its_absence_explained(found):
    measured = {record["id"] for record in found["records"] if record["role"] == "paper"}
    assert measured | {name for name in found["missing"] if name in records.TARGETS} == set(records.TARGETS)
    assert not measured & set(found["missing"])


def test_pages_are_those_of_the_results(found):
    pages = table.pages(found)
    assert {path.name for path in pages} >= {"README.md", "BENCHMARKS.md", "speed.md", "shapes.md", "peers.md"}
    for path, text in pages.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run python -m benchmarks.table"


def test_every_record_is_on_a_page(found):
    """What BENCHMARKS.md leaves out, the documentation has."""
    text = "".join(table.pages(found).values())
    assert not [record["work"] for record in found["records"] if f"| {record['work']} |" not in text]


def test_the_readme_shows_the_least_gain_of_a_task(found):
    shown = [users.slowest(found, name)["ratio"]["median"] for name in users.TASKS]
    for name, ratio in zip(users.TASKS, shown, strict=True):
        others = [record for record in records.targets(found) if record["id"] == name]
        assert all(record["ratio"]["median"] <= ratio for record in others if record["mark"][0] == "speedup")
    assert len(users.summary(found).splitlines()) == 2 + len(shown)


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
    assert records.reached(record) is met
    low, high = records.measured(record, "min"), records.measured(record, "max")
    assert low < records.measured(record, "median") < high


def test_a_neighbour_of_a_work_of_its_own_decides(found):
    """Tracers with wider distributions are neighbours of the mark on sizes, under other names."""
    target = next(record for record in records.targets(found) if record["id"] == "sizes")
    near = records.neighbours(found, target)
    assert len(near) == 3
    assert target["work"] not in {record["work"] for record in near}
    noisy = next(
        record for record in records.targets(found) if "noisy spectra" in record["work"] and record["id"] == "P5"
    )
    assert {record["work"] for record in records.neighbours(found, noisy)} == {noisy["work"]}


def test_a_neighbour_past_its_mark_decides_too(found):
    found = copy.deepcopy(found) | {"quick": False}
    for record in found["records"]:
        if record["id"] == "P1" and "ratio" in record:
            record["ratio"]["median"] = 0.1
    target = next(record for record in records.targets(found) if record["id"] == "P1")
    assert records.verdict(found, target) == "met"
    next(
        r
        for r in found["records"]
        if r["id"] == "P1" and r["role"] == "neighbour" and r["threads"] == target["threads"]
    )["ratio"]["median"] = 9.0
    assert records.verdict(found, target).startswith("missed at 1 of ")
    assert records.verdict(found | {"quick": True}, target).startswith("not judged")
