"""The README's table: what users would otherwise run, and how many times faster mpifast is."""

from benchmarks.report.records import Found, Record, targets
from benchmarks.report.words import both, grid

# Whole tasks, beside a program that a user would write for them. Parts of these tasks (a product, a pass) and floors
# (the reading of a matrix, a bare product) are in BENCHMARKS.md.
TASKS = {
    "P4": "system matrix, 1-D",
    "N1": "system matrix, 2-D Lissajous scan",
    "N2": "strong rows of the system matrix, 3-D Lissajous scan",
    "N5": "system matrix of an anisotropic tracer, 2-D",
    "P3": "training data with noise, 1-D",
    "N9": "training data, 2-D",
    "P8": "training data and a network with the paper's test error",
    "N6": "image by Kaczmarz's method, 3-D",
    "N10": "image by Tikhonov's method, 3-D",
}
BEGIN, END = "<!-- made by python -m benchmarks.table -->", "<!-- end of the table -->"


def summary(found: Found) -> str:
    """One line for each task, on all threads."""
    lines = []
    for name, task in TASKS.items():
        if name not in found["missing"]:
            record = slowest(found, name)
            ours, peer = both(record)
            lines.append(
                [task + size(record), ours, peer, record["peer_name"], f"**{1 / record['ratio']['median']:.3g}**"]
            )
    return grid(["task", "mpifast", "otherwise", "by", "times faster"], lines)


def size(record: Record) -> str:
    """Voxels, rows or harmonics, and the number of spectra."""
    numbers = {"rows": 0, "harmonics": 0, "voxels": 0, "samples": 0} | record["shape"]
    if numbers["samples"] in (1, numbers["voxels"]):  # one spectrum; the voxels of a matrix
        numbers["samples"] = 0
    words = [f"{numbers[name]:,} {name}" for name in ("rows", "harmonics", "voxels", "samples") if numbers[name]]
    return f" ({', '.join(words)})" if words else ""


def slowest(found: Found, name: str) -> Record:
    """Of a task in several settings, the one with the smallest gain over a program."""
    records = [record for record in targets(found) if record["id"] == name]
    programs = [record for record in records if record["mark"][0] == "speedup"] or records
    return max(programs, key=lambda record: record["ratio"]["median"])


def readme(text: str, found: Found) -> str:
    """The README with a new table."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{summary(found)}\n{END}{rest.split(END)[1]}"
