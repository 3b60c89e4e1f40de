"""System functions: the rows of a system as images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from mpifast import _validation as check
from mpifast.physics.array_system import as_system
from mpifast.physics.fields.views import Axis, View, axes_of, brightest, views
from mpifast.physics.linear_system import IMAGINARY, REAL, LinearSystem
from mpifast.physics.systems.scanner_system import ScannerSystem
from mpifast.plots.row_names import row_names, unit_of
from mpifast.plots.style import COLORS, color_bar, figure, mosaic
from mpifast.plots.views import cut_through, draw, sizes

MOST = 48  # rows in one figure
NOTHING = 1e-6  # magnitudes below this part of the largest have no phase to show


class Panel(NamedTuple):
    """What one panel shows."""

    part: str
    view: View
    title: str


class Scale(NamedTuple):
    """How values are shown: colour map, limits, label and ticks of the colour bar."""

    colormap: str
    low: float
    high: float
    label: str
    ticks: tuple[tuple[float, str], ...]


SIGNED = Scale(
    "RdBu_r", -1.0, 1.0, "relative to peak", ((-1.0, "−1"), (-0.5, "−0.5"), (0.0, "0"), (0.5, "0.5"), (1.0, "1"))
)
SCALES = {
    "real": SIGNED,
    "imaginary": SIGNED,
    "magnitude": Scale("viridis", 0.0, 1.0, "relative to peak", ((0.0, "0"), (0.5, "0.5"), (1.0, "1"))),
    "phase": Scale("twilight", -np.pi, np.pi, "phase (rad)", ((-np.pi, "−π"), (0.0, "0"), (np.pi, "π"))),
}


def system_functions(
    system: Any,
    rows: Any = None,
    *,
    parts: str | Sequence[str] | None = None,
    count: int = 8,
    position: Sequence[float] | None = None,
    columns: int = 4,
) -> Figure:
    """Rows of a system where they lie: the response of each voxel at one frequency in one channel.

    Each row is relative to its own largest magnitude (its peak), which its title has beside channel, frequency and
    mixing order: the lowest integers p with sum_d p_d f_d = f, over the driven axes. Systems on one axis are curves,
    on two axes pictures in millimetres (x to the right, y up), on three axes planes of a volume, as in `images`. Only
    the rows shown are computed.

    Parameters
    ----------
    system : LinearSystem or array_like
        The system, or a matrix [rows, voxels].
    rows : array_like, optional
        Row numbers in the order to show them, or bool[rows]. None: the ``count`` rows of largest magnitude, in the
        order of the system.
    parts : str or sequence of str, optional
        "real", "imaginary", "magnitude", "phase". None: the real or imaginary part if the other one is zero in all
        rows, else magnitude and phase.
    count : int, optional
        How many of the strongest rows, up to 48.
    position : sequence of float, optional
        Position x, y, z in metres through which the planes of a volume go. None: the voxel of each row's largest
        magnitude.
    columns : int, optional
        Most pictures in a row of the figure, on two axes.

    Returns
    -------
    matplotlib.figure.Figure
        Save it with ``figure.savefig(path)``.

    Raises
    ------
    TypeError, ValueError, IndexError
        If an argument is of the wrong type, shape or range.

    Examples
    --------
    >>> import mpifast
    >>> scanner = mpifast.LissajousScanner(mpifast.Grid((10, 10), (24e-3, 24e-3)))
    >>> system = mpifast.system_matrix(scanner, mpifast.Particle(20e-9), mixing_order=3, band=(40e3, None))
    >>> figure = mpifast.plots.system_functions(system, count=2)
    >>> figure.axes[0].get_title().splitlines()[0]
    'x, 49.02 kHz, (2, 0)'
    """
    system = as_system("system", system)
    chosen = _chosen(system, rows, check.integer("count", count, low=1, high=MOST))
    axes = axes_of(system.grid, system.voxels)
    cut = cut_through(position, False, axes, system.grid)
    names = _parts(system, parts)
    columns = check.integer("columns", columns, low=1)
    # select() sorts the rows.
    unique, order = np.unique(chosen, return_inverse=True)
    matrix = np.asarray(system.select(rows=unique).matrix, np.complex128)[order]
    peaks = np.abs(matrix).max(axis=1)
    first = f"{names[0]}, " if len(names) > 1 and len(axes) > 1 else ""
    titles = [
        f"{name}\n{first}peak {peak:.3g} {unit_of(system)}".rstrip()
        for name, peak in zip(row_names(system, chosen), peaks, strict=True)
    ]
    shown = [[_part(row, peak, name) for name in names] for row, peak in zip(matrix, peaks, strict=True)]
    if len(axes) == 1:
        return _curves(shown, names, titles, axes[0])
    lines = [
        _panels(row, dict(zip(names, values, strict=True)), title, axes, cut)
        for row, values, title in zip(matrix, shown, titles, strict=True)
    ]
    panels = [panel for line in lines for panel in line]
    wide = max(1, columns // len(names)) * len(names) if len(axes) == 2 else 3
    return _pictures([panels[first : first + wide] for first in range(0, len(panels), wide)], names)


def _chosen(system: LinearSystem, rows: Any, count: int) -> np.ndarray:
    """Row numbers int64[n] in the order to show them."""
    total = len(system.rows)
    if rows is None:
        strongest = np.argsort(-_peaks(system), kind="stable")[:count]
        return np.sort(strongest)
    array = np.asarray(rows)
    if array.dtype == np.bool_:
        if array.shape != (total,):
            raise ValueError(f"rows has shape {array.shape}, expected ({total},): one flag for each row")
        array = np.flatnonzero(array)
    chosen = np.atleast_1d(check.indices("rows", array, total))
    if not 1 <= len(chosen) <= MOST:
        raise ValueError(f"rows has {len(chosen)} rows: choose 1 to {MOST} of them for one figure")
    return chosen


def _peaks(system: LinearSystem) -> np.ndarray:
    """Largest magnitude of each row, up to one factor for all; no matrix is formed for it."""
    if isinstance(system, ScannerSystem):
        return system.rows["number"] * system.route.peaks()
    return np.array([np.abs(row).max() for row in system.matrix])


def _parts(system: LinearSystem, parts: Any) -> list[str]:
    if parts is None:
        alone = {REAL: "real", IMAGINARY: "imaginary"}
        return [alone[system.parts[0]]] if len(system.parts) == 1 else ["magnitude", "phase"]
    names = [parts] if isinstance(parts, str) else check.sequence("parts", parts)
    names = [check.choice("parts", name, list(SCALES)) for name in names]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"parts={parts!r}: give at least one of {', '.join(map(repr, SCALES))}, each once")
    return names


def _part(row: np.ndarray, peak: float, name: str) -> np.ndarray:
    relative = row / (peak or 1.0)
    if name == "phase":
        return np.where(np.abs(relative) > NOTHING, np.angle(relative), np.nan)
    return np.abs(relative) if name == "magnitude" else relative.real if name == "real" else relative.imag


def _panels(
    row: np.ndarray, values: dict[str, np.ndarray], title: str, axes: list[Axis], cut: tuple[int, ...] | None
) -> list[Panel]:
    """The panels of a row: every view of every part. The first one has the title, the others what makes them differ."""
    shape = [axis.voxels for axis in axes]
    if len(axes) == 3 and cut is None:
        cut = brightest(np.abs(row).reshape(shape))
    panels: list[Panel] = []
    for part, value in values.items():
        for view in views(value.reshape(shape), axes, cut):
            own = [title] if not panels else [part] if len(values) > 1 else []
            panels.append(Panel(part, view, "\n".join(filter(None, [*own, view.title]))))
    return panels


def _pictures(lines: list[list[Panel]], names: list[str]) -> Figure:
    """A figure of panels, and a colour bar for each scale."""
    scales = list(dict.fromkeys(SCALES[name] for name in names))
    inches = sizes([(panel.view.across, panel.view.up) for panel in lines[0]], longest=1.7)
    widths, heights = [across for across, _ in inches], [max(up for _, up in inches)] * len(lines)
    flat = not lines[0][0].view.title
    title = 0.18 * max(panel.title.count("\n") + 1 for line in lines for panel in line)
    gap = (0.35, title + 0.15) if flat else (0.75, title + 0.3)
    sharing: dict[str, Any] = {"sharex": "col", "sharey": flat, "subplot_kw": {"anchor": "S"}}
    sheet, grid, bars = mosaic(widths, heights, top=title + 0.15, gap=gap, bars=len(scales), **sharing)
    drawn: dict[Scale, Any] = {}
    for number, line in enumerate(lines):
        for column, (axes, panel) in enumerate(zip(grid[number], line, strict=False)):
            scale, view = SCALES[panel.part], panel.view
            drawn[scale] = draw(axes, view, cmap=scale.colormap, vmin=scale.low, vmax=scale.high)
            axes.set_facecolor("0.7")  # where there is no phase
            axes.set_title(panel.title, fontsize="small")
            if number == len(lines) - 1 or column >= len(lines[number + 1]):
                axes.set_xlabel(view.across.label)
                axes.tick_params(labelbottom=True)
            if column == 0 or not flat:
                axes.set_ylabel(view.up.label)
        for axes in grid[number, len(line) :]:
            axes.remove()
    for scale, bar in zip(scales, bars, strict=True):
        color_bar(sheet, drawn[scale], bar, scale.label, ticks=[at for at, _ in scale.ticks])
        bar.set_yticklabels([text for _, text in scale.ticks])
    return sheet


def _curves(shown: list[list[np.ndarray]], names: list[str], titles: list[str], axis: Axis) -> Figure:
    """All rows on one axis in a panel for each part."""
    sheet, panels = figure(len(names), width=5.2, height=3.4 + 0.12 * len(titles))
    positions = axis.position(np.arange(axis.voxels))
    for column, (panel, name) in enumerate(zip(panels[0], names, strict=True)):
        for number, (values, title) in enumerate(zip(shown, titles, strict=True)):
            label = title.replace("\n", ", ") if column == 0 else None
            style = {"color": COLORS[number % len(COLORS)], "linestyle": ("-", "--", ":")[number // len(COLORS) % 3]}
            panel.plot(positions, values[column], linewidth=1.2, label=label, **style)
        scale = SCALES[name]
        label = scale.label if name == "phase" else f"{name} part" if scale is SIGNED else name
        panel.set(xlabel=axis.label, ylabel=label if name == "phase" else f"{label}, {scale.label}")
        panel.set_xlim(axis.first, axis.last)
        if name == "phase":
            panel.set_yticks([at for at, _ in scale.ticks], [text for _, text in scale.ticks])
        panel.grid(alpha=0.3)
    sheet.legend(loc="outside lower center", ncols=2 * len(names), frameon=False, fontsize="small")
    return sheet
