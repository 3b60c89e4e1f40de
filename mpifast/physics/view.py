"""What a system tells of itself: facts and a few system functions, from what it has computed already."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from mpifast import _display
from mpifast._pictures import Pictures
from mpifast.physics.fields.grid import Grid
from mpifast.physics.fields.views import Axis, View, axes_of, brightest, stacked, views

EXAMINED = 2**21  # numbers of a matrix that are read for a table or a picture: some milliseconds
SHOWN, ON_A_LINE = 3, 32  # rows as pictures; as lines of one picture, where the grid has one axis
PARTS = ("real", "imaginary")


class SystemView(_display.Shown):
    """The table and the pictures of a `LinearSystem`."""

    @functools.cached_property
    def parts(self) -> tuple[int, ...]:
        """As `LinearSystem.parts`."""
        raise NotImplementedError

    @property
    def rows(self) -> np.ndarray:
        """As `LinearSystem.rows`."""
        raise NotImplementedError

    @property
    def grid(self) -> Grid | None:
        """As `LinearSystem.grid`."""
        raise NotImplementedError

    @property
    def voxels(self) -> int:
        """As `LinearSystem.voxels`."""
        raise NotImplementedError

    @property
    def transfer_function(self) -> np.ndarray | None:
        """As `LinearSystem.transfer_function`."""
        raise NotImplementedError

    @property
    def _rows_known(self) -> bool:
        """Whether asking for the rows computes nothing."""
        return True

    @property
    def _parts_known(self) -> bool:
        """Whether asking for the parts reads little."""
        return "parts" in vars(self) or self._arrays()["matrix"].size <= EXAMINED

    @property
    def _equations_known(self) -> int | None:
        """Number of real equations, if that is known."""
        return len(self.parts) * len(self.rows) if self._rows_known and self._parts_known else None

    def _equations_in_words(self) -> list[str]:
        return [] if self._equations_known is None else [f"{self._equations_known} real equations"]

    def _arrays(self) -> dict[str, np.ndarray]:
        """The arrays in memory."""
        found = {"matrix": vars(self).get("_matrix", vars(self).get("matrix")), "real": vars(self).get("real")}
        return {name: array for name, array in found.items() if array is not None}

    def _facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = {"rows": None, "channels": None, "frequencies": None, "voxels": self.voxels}
        if self._rows_known:
            rows = self.rows
            frequencies = rows["frequency"][np.isfinite(rows["frequency"])]
            facts["rows"] = len(rows)
            facts["channels"] = ", ".join(self._channel(n) for n in np.unique(rows["channel"]).tolist())
            edges = sorted({frequencies.min(), frequencies.max()}) if len(frequencies) else []
            if edges:
                facts["frequencies"] = " to ".join(f"{1e-3 * edge:.5g}" for edge in edges) + " kHz"
        facts |= {"grid": _display.line(self.grid, "grid"), "real equations": self._equations_known}
        facts |= {name: _display.line(getattr(self, name, None), name) for name in ("model", "scanner", "particle")}
        if self.transfer_function is not None:
            facts["transfer function"] = f"magnitude {_display.span(np.abs(self.transfer_function))}"
        return facts | {"memory": self._memory()}

    def _memory(self) -> str:
        """The arrays in memory in words; of some that are views of the same numbers the first one."""
        found: dict[int, str] = {}
        for name, array in self._arrays().items():
            place = array.__array_interface__["data"][0]
            found.setdefault(place, f"{name} {array.dtype}, {_display.size(array.nbytes)}")
        if found:
            return "; ".join(found.values())
        needed = f", would take {_display.size(16 * len(self.rows) * self.voxels)}" if self._rows_known else ""
        return f"matrix not computed{needed}"

    def _channel(self, number: int) -> str:
        return str(number)

    def _pictures(self) -> Pictures | None:
        """The strongest rows of what is in memory."""
        arrays, grid = self._arrays(), self.grid
        array = arrays.get("real", arrays.get("matrix"))
        if array is None or grid is None or not 1 < self.voxels <= EXAMINED:
            return None
        axes = axes_of(grid, self.voxels)
        if len(axes) == 1:
            some = np.stack([self._row(array, row)[0] for row in range(min(len(array), ON_A_LINE))])
            pictures = [stacked(some, axes[0], "row")]
        else:
            strongest = _strongest(array, max(1, EXAMINED // self.voxels))
            pictures = [_view(*self._row(array, row), axes) for row in strongest]
        return Pictures(pictures, -1.0, 1.0, "relative to the peak of a row", "RdBu_r")

    def _row(self, array: np.ndarray, row: int) -> tuple[np.ndarray, str]:
        """A row of real equations, or the larger part of one of the matrix, over its peak; its name."""
        part, number = divmod(row, len(self.rows))
        values, name = array[row].astype(np.complex128 if np.iscomplexobj(array) else np.float64), ""
        if np.iscomplexobj(values):
            part = int(abs(values.imag).max() > abs(values.real).max())
            values, name = (values.real, values.imag)[part], PARTS[part]
        elif self._parts_known and self.parts != (0,) and len(array) == self._equations_known:
            name = PARTS[self.parts[part]]
        label = self.rows[number]
        frequency = f"{1e-3 * label['frequency']:.5g} kHz" if np.isfinite(label["frequency"]) else f"row {number}"
        channel = self._channel(int(label["channel"]))
        title = ", ".join(filter(None, [f"channel {channel}" if channel.isdigit() else channel, frequency, name]))
        return values / (abs(values).max() or 1.0), title


def _strongest(array: np.ndarray, examined: int) -> list[int]:
    """The rows of largest magnitude, in their order; of a large matrix among some at equal distances."""
    rows = np.arange(0, len(array), -(-len(array) // examined))
    peaks = np.abs(array if len(rows) == len(array) else array[rows]).max(axis=1)
    found: list[int] = np.sort(rows[np.argsort(-peaks, kind="stable")[:SHOWN]]).tolist()
    return found


def _view(values: np.ndarray, title: str, axes: list[Axis]) -> View:
    """A row on two axes; on three axes its x-y plane through the peak."""
    image = values.reshape([axis.voxels for axis in axes])
    view = views(image, axes, brightest(abs(image)) if len(axes) == 3 else None)[0]
    return view._replace(title=", ".join(filter(None, [title, view.title])))
