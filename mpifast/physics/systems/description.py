"""Scanners on a grid and their systems as plain facts, and back: what files keep of them."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

import numpy as np

from mpifast.physics.fields.arguments import AXES
from mpifast.physics.fields.field_free_line import FieldFreeLineScanner
from mpifast.physics.fields.grid import Grid
from mpifast.physics.fields.lissajous import LissajousScanner
from mpifast.physics.fields.sampled import SampledScanner
from mpifast.physics.fields.sequence import Sequence
from mpifast.physics.systems.scanner_system import ScannerSystem
from mpifast.physics.tracer.particle import Particle

SCANNERS: dict[str, Any] = {kind.__name__: kind for kind in (LissajousScanner, FieldFreeLineScanner, SampledScanner)}


def parameters(kind: Any) -> list[str]:
    """Names of the parameters of a scanner's class, but for its grid."""
    return [field.name for field in fields(kind) if field.name != "grid"]


def scanner_facts(scanner: Sequence) -> dict[str, Any]:
    """``type``, ``grid``, and every parameter of a scanner by name; those that are None are left out.

    Examples
    --------
    >>> import mpifast
    >>> facts = scanner_facts(mpifast.FieldFreeLineScanner(mpifast.Grid((4, 6), (24e-3, 36e-3)), rotation=2040))
    >>> facts["type"], facts["grid"]["shape"], facts["rotation"]
    ('FieldFreeLineScanner', (4, 6), 2040)
    """
    named = {name: getattr(scanner, name) for name in parameters(type(scanner))}
    found = {name: value for name, value in named.items() if value is not None}
    return {"type": type(scanner).__name__, "grid": asdict(scanner.grid), **found}


def scanner_from(facts: Any) -> Sequence:
    """The scanner that `scanner_facts` described; lists and arrays may stand for tuples.

    Raises
    ------
    ValueError
        If the facts are not those of a scanner that this version of mpifast knows.

    Examples
    --------
    >>> import mpifast
    >>> scanner = mpifast.LissajousScanner(mpifast.Grid((4, 6), (24e-3, 36e-3)), phase=(0.0, 1.0, 2.0))
    >>> scanner_from(scanner_facts(scanner)) == scanner
    True
    """
    kind = facts.get("type") if isinstance(facts, dict) else facts
    if not isinstance(kind, str) or kind not in SCANNERS:
        raise ValueError(f"the scanner is of the type {kind!r:.60}, which this version of mpifast does not know")
    given = {name: value for name, value in facts.items() if name not in ("type", "grid")}
    try:
        scanner: Sequence = SCANNERS[kind](Grid(**facts["grid"]), **given)
    except (KeyError, TypeError, OverflowError) as error:
        raise ValueError(f"the {kind} has parameters that this version of mpifast does not know ({error})") from error
    return scanner


def system_of_rows(
    scanner: Sequence,
    particle: Particle,
    tolerance: float,
    channels: Any,
    numbers: Any,
    error: float | None = None,
    transfer_function: Any = None,
) -> ScannerSystem:
    """The system of a scanner with the rows of given labels; nothing of it is computed.

    Parameters
    ----------
    scanner, particle, tolerance
        As for `mpifast.system_matrix`.
    channels, numbers : array_like
        Component (0, 1, 2) and frequency number of each row, int[rows]: channel by channel, rising numbers.
    error : float, optional
        `ScannerSystem.absolute_error` of the system that is to come back to the same bits.
    transfer_function : array_like, optional
        complex[rows]; none by default.

    Raises
    ------
    TypeError, ValueError
        If the labels are not those of rows of the scanner, or an argument is of the wrong type or range.

    Examples
    --------
    >>> import mpifast
    >>> scanner = mpifast.LissajousScanner(mpifast.Grid((10, 10), (24e-3, 24e-3)))
    >>> system = mpifast.system_matrix(scanner, mpifast.Particle(20e-9), mixing_order=3)
    >>> same = system_of_rows(scanner, system.particle, 1e-9, system.rows["channel"], system.rows["number"])
    >>> same.fingerprint == system.fingerprint
    True
    """
    channels, numbers = np.asarray(channels, np.int64), np.asarray(numbers, np.int64)
    first = np.sort(np.unique(channels, return_index=True)[1])
    count, order = scanner.samples // 2 + 1, channels[first]
    if not len(order) or order.min() < 0 or order.max() > 2 or numbers.min() < 0 or numbers.max() >= count:
        raise ValueError(f"the rows are not within the channels 0 to 2 and the numbers 0 to {count - 1} of the scanner")
    rows = np.argsort(order)[np.searchsorted(np.sort(order), channels)] * count + numbers
    if (np.diff(rows) <= 0).any():
        raise ValueError("the rows do not follow each other channel by channel with rising numbers")
    system = ScannerSystem(scanner, particle, tolerance, tuple(AXES[channel] for channel in order), error=error)
    selected = system.select(rows)
    if transfer_function is not None:
        selected = selected.with_transfer_function(transfer_function)
    assert isinstance(selected, ScannerSystem)
    return selected
