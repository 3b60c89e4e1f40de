"""Spectra: magnitude against frequency."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from mpifast import _validation as check
from mpifast.physics.array_system import as_system
from mpifast.physics.linear_system import LinearSystem
from mpifast.plots.row_names import channel_name, drive_frequencies, unit_of
from mpifast.plots.style import COLORS, figure, own_axes

DECADES = 1e-12  # values below this part of the largest are rounding


def spectra(u: Any, system: Any, *, labels: str | Sequence[str] | None = None, axes: Any = None) -> Figure:
    """Magnitudes of spectra against frequency, on a logarithmic axis: a panel for each receive channel.

    Dots are frequencies; neighbouring ones are joined. The drive frequencies of a scanner are dashed lines. Zeros have
    no place on a logarithmic axis and are left out, as is what lies more than twelve decades below the largest
    magnitude. Systems that do not know their frequencies have the row number instead.

    Parameters
    ----------
    u : array_like
        One spectrum or several: complex [n, rows], or real [n, equations], as `LinearSystem.spectra` gives them.
    system : LinearSystem or array_like
        Whose spectra these are.
    labels : str or sequence of str, optional
        One for each spectrum.
    axes : matplotlib.axes.Axes or sequence of these, optional
        Where to draw: a panel for each channel. None: a new figure.

    Returns
    -------
    matplotlib.figure.Figure
        Save it with ``figure.savefig(path)``. With ``axes`` their own figure.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or shape, not finite, or zero everywhere.

    Examples
    --------
    >>> import mpifast
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> figure = mpifast.plots.spectra(system.spectra(mpifast.phantoms.points()[64:65]), system)
    >>> figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()
    ('frequency (kHz)', 'magnitude (T)')
    """
    system = as_system("system", system)
    magnitudes = np.abs(_complex(u, system))
    names = _labels(labels, len(magnitudes))
    if not magnitudes.any():
        raise ValueError("u is zero everywhere: a logarithmic axis has nothing to show")
    rows = system.rows
    known = bool(np.isfinite(rows["frequency"]).all())
    places = 1e-3 * rows["frequency"] if known else np.arange(len(rows))
    steps = rows["number"] if known else np.arange(len(rows))
    channels = np.unique(rows["channel"]).tolist()
    if axes is None:
        sheet, panels = figure(1, len(channels), width=7.0, height=2.6 if len(channels) > 1 else 3.4, sharex=True)
        panels = panels.ravel()
    else:
        sheet, panels = own_axes(axes, len(channels))
    for panel, channel in zip(panels, channels, strict=True):
        mine = np.flatnonzero(rows["channel"] == channel)
        mine = mine[np.argsort(places[mine], kind="stable")]
        gaps = np.flatnonzero(np.diff(steps[mine]) > 1) + 1
        for number, (line, name) in enumerate(zip(magnitudes[:, mine], names, strict=True)):
            values = np.where(line > DECADES * magnitudes.max(), line, np.nan)
            x, y = (np.insert(array, gaps, np.nan) for array in (places[mine].astype(float), values))
            style = {"color": COLORS[number % len(COLORS)], "marker": ".", "markersize": 4 if len(mine) < 300 else 2}
            panel.plot(x, y, linewidth=0.6, label=name or None, **style)
        if known:
            _mark_drive_frequencies(panel, system)
        unit = unit_of(system)
        panel.set(yscale="log", ylabel=f"magnitude ({unit})" if unit else "magnitude")
        if len(channels) > 1:
            panel.set_title(channel_name(system, channel), fontsize="medium")
        panel.grid(alpha=0.3)
    panels[-1].set_xlabel("frequency (kHz)" if known else "row")
    if not known:
        panels[-1].xaxis.get_major_locator().set_params(integer=True)
    entries = panels[0].get_legend_handles_labels()
    if axes is None and entries[0]:
        sheet.legend(*entries, loc="outside lower center", ncols=2, frameon=False)
    elif entries[0]:
        panels[0].legend(frameon=False)
    return sheet


def _complex(u: Any, system: LinearSystem) -> np.ndarray:
    """Spectra as complex128[n, rows]."""
    array = check.number_array("u", u)
    array = array[None] if array.ndim == 1 else array
    if np.iscomplexobj(array):
        return check.matrix("u", array, len(system.rows), what="rows", complex_too=True)
    return system.to_complex(check.matrix("u", array, len(system.equations), what="equations"))


def _labels(labels: Any, count: int) -> list[str]:
    if labels is None:
        return [""] * count
    names = [labels] if isinstance(labels, str) else [str(label) for label in check.sequence("labels", labels)]
    if len(names) != count:
        raise ValueError(f"labels has {len(names)} entries, expected {count}: one for each spectrum")
    return names


def _mark_drive_frequencies(panel: Any, system: LinearSystem) -> None:
    marks = drive_frequencies(getattr(system, "scanner", None))
    for (axis, frequency), dashes in zip(marks.items(), ("--", "-.", ":"), strict=False):
        name = f"drive frequency {axis}".strip()
        label = f"{name}, {1e-3 * frequency:.5g} kHz"
        panel.axvline(1e-3 * frequency, color="0.4", linestyle=dashes, linewidth=0.9, zorder=1, label=label)
