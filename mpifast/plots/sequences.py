"""Scanners over time: the path of the field-free point, and the drive field."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mpifast import _validation as check
from mpifast.physics.fields.arguments import AXES
from mpifast.physics.fields.sampled import SampledScanner
from mpifast.physics.fields.scanner import Scanner
from mpifast.physics.fields.sequence import Sequence
from mpifast.physics.fields.views import Axis, axes_of
from mpifast.plots.row_names import drive_frequencies
from mpifast.plots.style import COLORS, figure, mosaic, own_axes
from mpifast.plots.views import sizes

FEWEST, MOST = 4096, 2**17  # points of a curve
CYCLES = 20  # of the fastest drive field, as many as are still curves
MARGIN = 0.04  # around a curve


def trajectory(scanner: Any, *, samples: int | None = None, axes: Any = None) -> Figure:
    """Path of the field-free point during a period, with the field of view as a dashed rectangle, in millimetres.

    On a grid of one axis the path is a curve over time; on two axes a curve in the plane, x to the right and y up; on
    three axes its three projections. A dot marks time 0. For a field-free line the path is that of the point of the
    line nearest to the origin (`LissajousScanner.trajectory`).

    Parameters
    ----------
    scanner : LissajousScanner, FieldFreeLineScanner, SampledScanner or Scanner
        Its grid says which axes are drawn.
    samples : int, optional
        Number of equidistant times of a period. None: those of the base frequency, between 4,096 and 131,072.
    axes : matplotlib.axes.Axes or sequence of these, optional
        Where to draw: three panels for a grid of three axes, otherwise one. None: a new figure.

    Returns
    -------
    matplotlib.figure.Figure
        Save it with ``figure.savefig(path)``. With ``axes`` their own figure.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or range, or the scanner has no field-free point at any time.

    Examples
    --------
    >>> import mpifast
    >>> scanner = mpifast.LissajousScanner(mpifast.Grid((40, 40), (24e-3, 24e-3)))
    >>> figure = mpifast.plots.trajectory(scanner)
    >>> x, y = figure.axes[0].get_lines()[0].get_data()
    >>> round(float(x.max()), 6), figure.axes[0].get_ylabel()
    (12.0, 'y (mm)')
    """
    scanner, period = _scanner(scanner)
    if samples is None:
        count = min(max(getattr(scanner, "samples", 0), FEWEST), MOST)
    else:
        count = check.integer("samples", samples, low=2, high=2**24)
    path = 1e3 * _path(scanner, count)
    path = np.concatenate([path, path[:1]])  # the curve closes
    parts = axes_of(scanner.grid, scanner.grid.voxels)
    if not np.isfinite(path).all(axis=1).any():
        raise ValueError(f"scanner has no field-free point at any of {count:,} times: its gradient or offset has none")
    if len(parts) == 1:
        return _position_over_time(path[:, AXES.index(parts[0].name)], period, parts[0], axes)
    pairs = [(across, up) for i, across in enumerate(parts) for up in parts[i + 1 :]]
    wide = [tuple(_widened(axis, path[:, AXES.index(axis.name)]) for axis in pair) for pair in pairs]
    inches = sizes([(across, up) for across, up in wide], longest=2.8 if len(pairs) > 1 else 3.6)
    if axes is None:
        height = max(up for _, up in inches)
        widths = [width for width, _ in inches]
        sheet, panels, _ = mosaic(widths, [height], top=0.45, bars=0, subplot_kw={"anchor": "S"})
        panels = panels.ravel()
    else:
        sheet, panels = own_axes(axes, len(pairs))
    thin = 0.5 if len(path) > 2 * FEWEST else 0.9
    for panel, (across, up), limits in zip(panels, pairs, wide, strict=True):
        x, y = (path[:, AXES.index(axis.name)] for axis in (across, up))
        panel.plot(x, y, color=COLORS[0], linewidth=thin, label="field-free point")
        panel.plot(x[:1], y[:1], "o", color=COLORS[1], markersize=5, label="time 0")
        corner = (across.first, up.first)
        options: dict[str, Any] = {"linestyle": "--", "edgecolor": "0.3", "label": "field of view", "zorder": 3}
        panel.add_patch(Rectangle(corner, across.length, up.length, fill=False, **options))
        panel.set(xlim=limits[0][1:3], ylim=limits[1][1:3], xlabel=across.label, ylabel=up.label, aspect="equal")
        panel.locator_params(nbins=5)
    if axes is None:
        entries = panels[0].get_legend_handles_labels()
        narrow = len(pairs) == 1
        options = {"columnspacing": 1.0, "handlelength": 1.5, "fontsize": "small" if narrow else "medium"}
        sheet.legend(*entries, loc="upper center", ncols=3, frameon=False, **options)
    return sheet


def waveform(scanner: Any, *, duration: float | None = None, axes: Any = None) -> Figure:
    """Drive and offset field over time, in millitesla: a curve for each axis that has a field.

    Parameters
    ----------
    scanner : LissajousScanner, FieldFreeLineScanner, SampledScanner or Scanner
        Whose fields to show.
    duration : float, optional
        Seconds from time 0, at most a period. None: a period, or 20 cycles of the highest drive frequency if it has
        more.
    axes : matplotlib.axes.Axes, optional
        Where to draw. None: a new figure.

    Returns
    -------
    matplotlib.figure.Figure
        Save it with ``figure.savefig(path)``. With ``axes`` their own figure.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or range.

    Examples
    --------
    >>> import mpifast
    >>> scanner = mpifast.LissajousScanner(mpifast.Grid((40, 40), (24e-3, 24e-3)))
    >>> figure = mpifast.plots.waveform(scanner)
    >>> [line.get_label() for line in figure.axes[0].get_lines()]
    ['x, 24.51 kHz', 'y, 26.042 kHz']
    """
    scanner, period = _scanner(scanner)
    frequencies = drive_frequencies(scanner)
    if duration is None:
        duration = min([period, *(CYCLES / frequency for frequency in frequencies.values())])
    else:
        duration = check.number("duration", duration, low=1e-12 * period, high=period, unit="s")
    if isinstance(scanner, SampledScanner):
        count = max(scanner.samples, FEWEST)
        field = scanner.waveform(count)[0]
        field = np.concatenate([field, field[:1]])[: int(count * duration / period) + 1]
        times = period * np.arange(len(field)) / count
    else:
        times = np.linspace(0.0, duration, FEWEST)
        line = isinstance(scanner, Scanner)
        field = scanner.field(0.0, times)[:, None] if line else scanner.drive_field_at(times)
    factor, unit = next(
        pair for pair in ((1e6, "µs"), (1e3, "ms"), (1.0, "s")) if duration * pair[0] < 1000 or pair[0] == 1
    )
    if axes is None:
        sheet, panels = figure(1, width=6.4, height=3.2)
        panel = panels[0, 0]
    else:
        sheet, (panel,) = own_axes(axes, 1)
    for number, (axis, values) in enumerate(zip(AXES, field.T, strict=False)):
        if values.any():
            label = f"{axis}, {1e-3 * frequencies[axis]:.5g} kHz" if axis in frequencies else axis
            panel.plot(factor * times, 1e3 * values, color=COLORS[number], linewidth=1.2, label=label)
    panel.set(xlabel=f"time ({unit})", ylabel="drive field (mT)", xlim=(0.0, factor * duration))
    panel.grid(alpha=0.3)
    if axes is None:
        sheet.legend(loc="outside lower center", ncols=3, frameon=False)
    else:
        panel.legend(frameon=False)
    return sheet


def _scanner(scanner: Any) -> tuple[Any, float]:
    """A scanner and its period, seconds."""
    if isinstance(scanner, Scanner):
        return scanner, 1.0 / scanner.drive_frequency
    if not isinstance(scanner, Sequence):
        raise TypeError(f"scanner must be a scanner such as mpifast.LissajousScanner, got {check.brief(scanner)}")
    return scanner, scanner.period


def _path(scanner: Any, count: int) -> np.ndarray:
    """The field-free point at equidistant times, float64[count, 1 or 3], metres."""
    if isinstance(scanner, Scanner):
        times = np.arange(count) / (count * scanner.drive_frequency)
        return -scanner.field(0.0, times)[:, None] / scanner.gradient
    return scanner.trajectory(count)


def _widened(axis: Axis, values: np.ndarray) -> Axis:
    """The axis with room for a curve and a margin."""
    first, last = min(axis.first, np.nanmin(values)), max(axis.last, np.nanmax(values))
    margin = MARGIN * (last - first)
    return Axis(axis.name, first - margin, last + margin, axis.voxels)


def _position_over_time(values: np.ndarray, period: float, axis: Axis, axes: Any) -> Figure:
    """The path on one axis."""
    if axes is None:
        sheet, panels = figure(1, width=5.2, height=3.4)
        panel = panels[0, 0]
    else:
        sheet, (panel,) = own_axes(axes, 1)
    times = 1e6 * period * np.arange(len(values)) / (len(values) - 1)
    panel.plot(times, values, color=COLORS[0], label="field-free point")
    for edge, label in ((axis.first, "field of view"), (axis.last, None)):
        panel.axhline(edge, color="0.3", linestyle="--", linewidth=1.0, label=label)
    panel.set(xlabel="time (µs)", ylabel=axis.label, xlim=(0.0, times[-1]))
    panel.legend(frameon=False)
    return sheet
