"""The page about costs: stages, growth with the sizes, roofline, memory."""

from benchmarks.report.records import Found, of_role
from benchmarks.report.words import grid, milliseconds


def page(found: Found) -> str:
    """`docs/speed/costs.md`."""
    return f"""# Costs

## Where the time goes

Stages timed alone, on one thread. Some stages overlap when they run together, so the rest may be negative.

{stages(found)}

## Growth with the sizes

mpifast alone, on all threads. Sizes that are not varied are those of the paper.

{growth(found)}

## Roofline

Arithmetic as in the plain formula, and the bytes that have to be read and written. More than 100 % of the SGEMM rate
is work saved by look-up tables and symmetries. A sample of P4 is a voxel, in float64.

{roofline(found)}

## Memory

Peak memory of a process beyond what it held before the work, and the bytes of the inputs and outputs that went
through.

{memory(found)}
"""


def stages(found: Found) -> str:
    """The stages of each kernel."""
    lines = [
        [
            record["id"],
            record["work"],
            milliseconds(record["ours"]["median"]),
            f"{100 * record['ours']['median'] / record['whole']:.0f} %",
        ]
        for record in of_role(found, "part")
    ]
    return grid(["", "stage", "time", "of the whole"], lines)


def growth(found: Found) -> str:
    """Time a sample against samples, harmonics and voxels."""
    lines = []
    for record in of_role(found, "cost"):
        size, seconds = record["shape"][record["axis"]], record["ours"]["median"]
        each = seconds / record["shape"]["samples"]
        lines.append(
            [
                record["id"],
                record["work"],
                record["axis"],
                f"{size:,}",
                milliseconds(seconds),
                f"{1e9 * each:,.0f} ns",
                f"{record['flops'] / each / 1e9:.0f}" if record["flops"] else "",
            ]
        )
    return grid(["", "work", "varied", "number", "time", "a sample (P4, N1, N5: a voxel)", "GFLOP/s"], lines)


def roofline(found: Found) -> str:
    """Arithmetic and bytes, against the machine's rates."""
    lines = []
    for record in of_role(found, "paper"):
        if record.get("flops"):
            rate = next(rate for rate in found["rates"] if rate["threads"] == record["threads"])
            each = record["ours"]["median"] / record["shape"]["samples"]
            fractions = [f"{100 * record[kind] / each / rate[kind]['median']:.0f} %" for kind in ("flops", "bytes")]
            numbers = [f"{record[kind]:,.0f}" for kind in ("flops", "bytes")]
            lines.append([record["id"], record["work"], str(record["threads"]), *numbers, *fractions])
    head = ["", "work", "threads", "flop a sample", "bytes a sample", "of the SGEMM rate", "of the memory bandwidth"]
    return grid(head, lines)


def memory(found: Found) -> str:
    """Peak memory."""
    lines = [
        [
            record["work"],
            f"{record['bytes'] / 1e6:,.1f} MB",
            f"{record['through'] / 1e6:,.1f} MB",
            f"{record['bytes'] / record['through']:.3f}",
        ]
        for record in of_role(found, "memory")
    ]
    return grid(["work", "peak", "through", "ratio"], lines)
