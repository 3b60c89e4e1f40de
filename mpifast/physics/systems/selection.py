"""Which rows a system has: receive channels, band, mixing order; before anything is computed."""

from __future__ import annotations

from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.physics.fields.arguments import AXES, channels_of
from mpifast.physics.fields.frequencies import mixing_orders
from mpifast.physics.fields.sequence import Sequence


def candidate_rows(
    scanner: Sequence, channels: Any = None, band: Any = None, mixing_order: Any = None
) -> tuple[np.ndarray, np.ndarray]:
    """Component (0, 1, 2) and frequency number of each row, int64[rows] each: channel by channel, rising numbers.

    Parameters
    ----------
    scanner : Sequence
        Its channels and frequencies are the rows to choose from.
    channels : sequence of str, optional
        Receive channels out of "x", "y", "z"; those of the scanner by default.
    band : (float or None, float or None), optional
        Lowest and highest frequency, hertz; None: no bound.
    mixing_order : int, optional
        Only frequencies that a mixing of the drive frequencies up to this order gives.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or range, or no row is left.

    Examples
    --------
    >>> import mpifast
    >>> scanner = mpifast.LissajousScanner(mpifast.Grid((40, 40), (24e-3, 24e-3)))
    >>> channels, numbers = candidate_rows(scanner, channels=("x",), band=(80e3, None), mixing_order=4)
    >>> print(numbers)
    [64 65 66 67 68]
    """
    names = scanner.channels if channels is None else channels_of(channels, [])
    numbers = np.arange(scanner.samples // 2 + 1)
    if band is not None:
        low, high = _edges(band)
        frequencies = numbers / scanner.period
        numbers = numbers[(frequencies >= low) & (frequencies <= high)]
    if mixing_order is not None:
        order = check.integer("mixing_order", mixing_order, low=1)
        if scanner.multiples is None:
            raise ValueError(
                f"mixing_order={order} belongs to a LissajousScanner, whose axes have a drive frequency each: leave it"
                " out and give level="
            )
        found = mixing_orders(scanner.multiples, numbers, order)
        numbers = numbers[[len(orders) > 0 for orders in found]]
    if not numbers.size:
        raise ValueError(
            f"band={band}, mixing_order={mixing_order} leave no row of the {scanner.samples // 2 + 1:,} frequencies up"
            f" to {0.5 * scanner.samples / scanner.period:g} Hz: choose more"
        )
    return np.repeat([AXES.index(name) for name in names], len(numbers)), np.tile(numbers, len(names))


def _edges(band: Any) -> tuple[float, float]:
    edges = check.sequence("band", band)
    if len(edges) != 2:
        raise ValueError(f"band={band!r}: give the lowest and the highest frequency, or None for no bound")
    low, high = (
        default if e is None else check.number("band", e, low=0.0, unit="Hz")
        for e, default in zip(edges, (0.0, np.inf), strict=True)
    )
    return float(low), float(high)


def nothing_left(level: float, largest: float) -> ValueError:
    """The error of a level above all rows, of which the largest is ``largest`` of the largest of all frequencies."""
    return ValueError(
        f"level={level:g} leaves no row: the largest of them is {largest:.2g} of the largest row of all frequencies;"
        " lower it, or choose a wider band"
    )
