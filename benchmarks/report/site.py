"""The pages about speed in the documentation: `docs/speed.md` and `docs/speed/`, with all tables of the last run."""

from benchmarks.report import costs
from benchmarks.report.overview import METHOD, machine, quick
from benchmarks.report.reasons import TRIED
from benchmarks.report.records import Found, most, not_measured, of_role, reached, same_work, targets, verdict
from benchmarks.report.words import both, by_threads, grid, mark, milliseconds, ranged, shape


def pages(found: Found) -> dict[str, str]:
    """The text of each page, by its path under `docs`."""
    return {
        "speed.md": speed(found),
        "speed/shapes.md": shapes(found),
        "speed/accuracy.md": accuracy(found),
        "speed/costs.md": costs.page(found),
        "speed/peers.md": peers(found),
    }


def speed(found: Found) -> str:
    """The landing page: all marks with times and ranges."""
    return f"""# Speed

`python -m benchmarks.table` makes these pages from `benchmarks/results/compare.json`, which
`python -m benchmarks.compare` measures.

```{{toctree}}
:maxdepth: 1

speed/shapes
speed/accuracy
speed/costs
speed/peers
```

## Marks

{METHOD} The range is that of the single rounds.
{quick(found)}
{marks(found)}

A mark is met if every [neighbouring shape](speed/shapes.md) is past it too.

## What was tried

{TRIED}

## Machine

{machine(found)}
"""


def marks(found: Found) -> str:
    """The targets at full size."""
    lines = []
    for record in targets(found):
        ours = milliseconds(record["ours"]["median"])
        peer = [record["peer_name"], milliseconds(record["peer"]["median"])] if "peer" in record else ["", ""]
        values = by_threads(found, record, ranged)
        lines.append([record["id"], record["work"], peer[0], ours, peer[1], mark(record), *values])
        lines[-1].append(verdict(found, record))
    lines += [[name, "not measured: " + found["missing"][name], *[""] * 7] for name in not_measured(found)]
    return grid(["", "work", "peer", "mpifast", "peer's", "mark", "1 thread", "all threads", "verdict"], lines)


def shapes(found: Found) -> str:
    """The targets at other shapes."""
    lines = [
        [
            record["id"],
            record["work"],
            shape(record),
            str(record["threads"]),
            *both(record),
            mark(record),
            ranged(record),
            "" if found["quick"] else "met" if reached(record) else "missed",
        ]
        for record in of_role(found, "neighbour")
    ]
    head = ["", "work", "shape", "threads", "mpifast", "peer's", "mark", "ratio", "verdict"]
    return (
        "# Neighbouring shapes\n\nThe work of the [marks](../speed.md) at other sizes.\n\n" + grid(head, lines) + "\n"
    )


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
        for record in of_role(found, "paper", "library")
        if record.get("errors") and record["threads"] == most(found, record)
    ]
    head = ["", "work", "peer", "mpifast", "peer's", "error of mpifast", "peer's error"]
    return f"""# Accuracy

Largest error against float64, relative to the largest value. For training, the error is that of the weights after a
pass; a product has no weights, and the table shows the error of the plain loop in float32 instead. For noisy spectra
it is the error of the noise's level beyond the statistical one, relative to the level. For P8 it is the test MSE
itself.

{grid(head, lines)}
"""


def peers(found: Found) -> str:
    """What a second thread gives; peers without a mark; the targets under other settings of the peer's library."""
    gains = []
    for record in targets(found):
        values = same_work(found, record)
        if "peer" in record and len(values) == 2:
            number = max(values)
            ratios = [values[1][side]["median"] / values[number][side]["median"] for side in ("ours", "peer")]
            cells = (f"{ratio:.2f} x, {100 * ratio / number:.0f} %" for ratio in ratios)
            gains.append([record["id"], record["work"], str(number), *cells])
    others = [
        [record["work"], record["peer_name"], str(record["threads"]), *both(record), ranged(record)]
        for record in of_role(found, "library")
    ]
    missing = [f"\n{name}: {found['missing'][name]}.\n" for name in found["missing"] if name not in not_measured(found)]
    return f"""# Threads and other peers

## Threads

How many times faster than one thread, and the same for each thread.

{grid(["", "work", "threads", "mpifast", "peer"], gains)}

## Other peers

Peers without a mark.

{grid(["work", "peer", "threads", "mpifast", "peer's", "ratio"], others)}
{"".join(missing)}
## Other settings

{beside(found)}
"""


def beside(found: Found) -> str:
    """The products' targets under other settings of the peer's library, if they have been measured."""
    other = found.get("beside")
    if other is None:
        return "Not measured: `python -m benchmarks.compare --beside`, in another environment."
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
        for record in of_role(other, "paper")
    ]
    head = ["", "work", "threads", "mpifast", "peer's", "mark", "ratio", "verdict"]
    return (
        f"The marks of products once more, with {other['settings']}: such settings choose the kernels of the peer, "
        f"not those of mpifast.\n\n{grid(head, lines)}"
    )
