"""A selection of rows as an object that is printed, saved with results and applied again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.physics.linear_system import ROW

# Why a row is left out; the first of them that holds. An empty text: it is in.
REASONS = (
    "",
    "no row",
    "channel",
    "below the band",
    "above the band",
    "stop band",
    "mixing order",
    "no SNR",
    "SNR",
    "zero factor",
    "zero",
    "not finite",
)
IN = "selected"
MOST = 2**26  # rows of a selection


@dataclass(frozen=True, eq=False)
class Selection:
    """Which rows of a calibration file are in a system, and the reason for each that is not. Made by `MdfFile.select`.

    Attributes
    ----------
    codes : ndarray
        uint8[periods, channels, K]: numbers of the reasons; 0 is in.
    numbers : ndarray
        int64[K]: frequency numbers.
    spacing : float
        Distance of the frequencies, hertz.
    settings : dict
        What it was selected by.

    Examples
    --------
    >>> import json, mpifast, tempfile
    >>> from mpifast.io.mdf.preparation.selected import Selection
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mpifast.write_mdf(f"{folder}/system.mdf", system)
    ...     with mpifast.read_mdf(f"{folder}/system.mdf") as file:
    ...         selection = file.select(band=(50e3, 1e6), stop=[(90e3, 110e3)])
    >>> print(selection)
    47 of 257 rows selected (band=[50000.0, 1000000.0], stop=[[90000.0, 110000.0]])
      channel 0: 47 selected, 57 no row, 2 below the band, 150 above the band, 1 stop band
    >>> selection.rows["number"][:3].tolist(), str(selection.reasons[0, 0, 5])
    ([3, 4, 6], 'stop band')
    >>> kept = json.loads(json.dumps(selection.to_dict()))
    >>> bool((Selection.from_dict(kept).codes == selection.codes).all())
    True
    """

    codes: np.ndarray
    numbers: np.ndarray
    spacing: float
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def mask(self) -> np.ndarray:
        """Which rows are in, bool[periods, channels, K]."""
        return self.codes == 0

    @property
    def reasons(self) -> np.ndarray:
        """Why each row is left out, str[periods, channels, K]; "" of those that are in."""
        return np.array(REASONS)[self.codes]

    @property
    def rows(self) -> np.ndarray:
        """The labels of the rows that are in, in the order of the file, as `LinearSystem.rows`."""
        _, channel, k = np.nonzero(self.mask)
        labels = np.zeros(len(k), ROW)
        labels["channel"], labels["number"], labels["frequency"] = (
            channel,
            self.numbers[k],
            self.spacing * self.numbers[k],
        )
        return labels

    def __len__(self) -> int:
        """Number of rows that are in."""
        return int(np.count_nonzero(self.codes == 0))

    def __str__(self) -> str:
        """A table of counts: a line for each channel."""
        given = ", ".join(f"{name}={value}" for name, value in self.settings.items())
        lines = [f"{len(self)} of {self.codes.size} rows selected" + (f" ({given})" if given else "")]
        for channel in range(self.codes.shape[1]):
            counts = np.bincount(self.codes[:, channel].reshape(-1), minlength=len(REASONS)).tolist()
            words = [f"{n} {reason or IN}" for n, reason in zip(counts, REASONS, strict=True) if n or not reason]
            lines.append(f"  channel {channel}: {', '.join(words)}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"Selection({len(self)} of {self.codes.size} rows)"

    def to_dict(self) -> dict[str, Any]:
        """The selection as lists, numbers and texts, which JSON holds: numbers and reasons as runs."""
        starts = np.flatnonzero(np.diff(self.numbers, prepend=self.numbers[:1] - 2) != 1)
        lengths = np.diff(np.append(starts, len(self.numbers)))
        flat = self.codes.reshape(-1)
        changes = np.flatnonzero(np.diff(flat.astype(np.int16), prepend=-1))
        runs = np.diff(np.append(changes, flat.size))
        return {
            "periods": self.codes.shape[0],
            "channels": self.codes.shape[1],
            "spacing": float(self.spacing),
            "numbers": [[int(self.numbers[a]), int(n)] for a, n in zip(starts, lengths, strict=True)],
            "reasons": [[REASONS[flat[a]], int(n)] for a, n in zip(changes, runs, strict=True)],
            "settings": dict(self.settings),
        }

    @classmethod
    def from_dict(cls, value: Any) -> Selection:
        """The selection of `to_dict`.

        Raises
        ------
        TypeError, ValueError
            If it is something else.
        """
        names = ("periods", "channels", "spacing", "numbers", "reasons", "settings")
        if not isinstance(value, Mapping) or set(value) != set(names) or not isinstance(value["settings"], Mapping):
            raise ValueError(f"a selection is a dict with {', '.join(names)}, as Selection.to_dict makes it")
        periods, channels = (check.integer(name, value[name], low=1, high=MOST) for name in names[:2])
        spacing = check.positive("spacing", value["spacing"])
        pairs = [_runs("numbers", value["numbers"]), _runs("reasons", value["reasons"])]
        firsts = [check.integer("numbers", first, high=2**52) for first, _ in pairs[0]]
        count, rows = (sum(n for _, n in pair) for pair in pairs)
        for reason, _ in pairs[1]:
            check.choice("reasons", reason, REASONS)
        if not 0 < rows <= MOST or periods * channels * count != rows:
            raise ValueError(f"a selection of {rows} reasons does not have {periods} x {channels} x {count} rows")
        numbers = np.concatenate([np.arange(a, a + n) for a, (_, n) in zip(firsts, pairs[0], strict=True)])
        if np.unique(numbers).size != numbers.size:
            raise ValueError("a selection has each frequency number once")
        codes = np.repeat([REASONS.index(reason) for reason, _ in pairs[1]], [n for _, n in pairs[1]])
        shape = (periods, channels, count)
        return cls(codes.astype(np.uint8).reshape(shape), numbers, spacing, dict(value["settings"]))


def _runs(name: str, value: Any) -> list[tuple[Any, int]]:
    """Pairs of a value and how often it stands there."""
    found = []
    for run in check.sequence(name, value):
        if not isinstance(run, (list, tuple)) or len(run) != 2:
            raise ValueError(f"{name} of a selection has {check.brief(run)}: expected pairs of a value and a count")
        found.append((run[0], check.integer(name, run[1], low=1, high=MOST)))
    return found
