"""Figures: reconstructions beside their phantoms, learning curves, and the one style of all figures.

Colours can be told apart by colour-blind readers, and pyplot is never imported: no figure needs closing, and no global
setting is read or changed. The functions return a `matplotlib.figure.Figure`, which notebooks show and
``figure.savefig("name.png")`` writes. The extra ``paper`` installs what they need.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast._files import replacing
from mpifast.metrics import mse
from mpifast.networks.history import History
from mpifast.networks.network import Network
from mpifast.physics.fields.grid import Grid
from mpifast.physics.linear_system import LinearSystem

try:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
except ModuleNotFoundError as error:
    raise ModuleNotFoundError('figures need matplotlib: python -m pip install "mpifast[paper]"') from error

__all__ = ["COLORS", "learning_curve", "reconstructions"]

# Okabe and Ito's palette.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
PROFILES = 4  # so many one-dimensional images are drawn as curves, more of them as a picture
SHOWN = 4  # images on a grid


def __dir__() -> list[str]:
    return __all__


def reconstructions(
    phantoms: Any, images: Any, place: Grid | LinearSystem | None = None, *, samples: Sequence[int] | None = None
) -> Figure:
    """Phantoms and what solvers make of them, side by side.

    One-dimensional images are drawn as curves if there are at most four, otherwise stacked to a picture, one a line.
    Images on a grid of two axes are drawn as they are, one sample a row; of three axes the middle plane of the last
    one is shown. All panels share the grey scale of the phantoms; titles have the mean squared error over the samples
    shown.

    Parameters
    ----------
    phantoms : array_like
        [n, voxels].
    images : dict of str to array_like, or array_like
        Images [n, voxels] by the name of their solver, or those of one solver.
    place : Grid or LinearSystem, optional
        Where the voxels lie: the grid, or the system that has it. None: along a line.
    samples : sequence of int, optional
        Which samples to show. None: all of a line, the first four on a grid.

    Returns
    -------
    matplotlib.figure.Figure
        Save it with ``figure.savefig(path)``.

    Raises
    ------
    TypeError, ValueError, IndexError
        If an argument is of the wrong type, shape or range, or not finite.

    Examples
    --------
    >>> import mpifast
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> c = mpifast.phantoms.letters("MPI")
    >>> u = system.spectra(c, snr_db=25.0)
    >>> figure = mpifast.plots.reconstructions(c, {"Tikhonov": mpifast.tikhonov(system, u)}, system)
    >>> [axes.get_title().split()[0] for axes in figure.axes[:2]]
    ['phantoms', 'Tikhonov']
    """
    c = check.matrix("phantoms", phantoms, what="voxels").astype(np.float64)
    named = dict(images) if isinstance(images, Mapping) else {"images": images}
    if not named:
        raise ValueError("images is empty: give images [n, voxels] by the name of their solver")
    found = {
        str(name): check.matrix(f"images[{name!r}]", array, c.shape[1], what="voxels", rows=len(c)).astype(np.float64)
        for name, array in named.items()
    }
    if place is not None and not isinstance(place, (Grid, LinearSystem)):
        raise TypeError(f"place must be a mpifast.Grid or a system, got {check.brief(place)}")
    grid = place.grid if isinstance(place, LinearSystem) else place
    if grid is not None and grid.voxels != c.shape[1]:
        raise ValueError(f"place has {grid.voxels} voxels, phantoms have {c.shape[1]}: give the grid of the phantoms")
    axes = _axes(grid, c.shape[1])
    most = len(c) if len(axes) == 1 else min(SHOWN, len(c))
    chosen = check.indices("samples", range(most) if samples is None else list(samples), len(c)).ravel()
    if not len(chosen):
        raise ValueError("samples is empty: name at least one sample, counted from 0")
    shown = {"phantoms": c[chosen], **{name: array[chosen] for name, array in found.items()}}
    titles = [f"{name}\nMSE {mse(array, c[chosen]):.3g}" for name, array in list(shown.items())[1:]]
    if len(axes) == 1 and len(chosen) <= PROFILES:
        return _profiles(shown, titles, axes[0], chosen)
    return _pictures(list(shown.values()), ["phantoms", *titles], axes, chosen)


def learning_curve(history: Any, *, logarithmic: bool | None = None) -> Figure:
    """Mean squared error over the epochs of a training, and of several for comparison.

    Parameters
    ----------
    history : History, Network, or dict of str to these
        What `mpifast.Network.fit` returned; a network shows its last training.
    logarithmic : bool, optional
        Whether the error has a logarithmic axis. None: where it varies by a factor of ten or more.

    Returns
    -------
    matplotlib.figure.Figure
        Save it with ``figure.savefig(path)``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type, or there is no epoch to show.

    Examples
    --------
    >>> import mpifast
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> u, c = mpifast.Spectra(system, seed=7)[:1000]
    >>> network = mpifast.Network(system=system)
    >>> history = network.fit(u[:800], c[:800], epochs=5, validation=(u[800:], c[800:]))
    >>> figure = mpifast.plots.learning_curve(history)
    >>> [line.get_label() for line in figure.axes[0].get_lines()]
    ['training', 'validation']
    """
    if logarithmic is not None:
        check.flag("logarithmic", logarithmic)
    several = {"": history} if not isinstance(history, Mapping) else history
    if not several:
        raise ValueError("history is empty: give at least one")
    sheet, panels = figure(1, width=5.2, height=3.6)
    panel = panels[0, 0]
    for number, (name, value) in enumerate(several.items()):
        record = History(value.state.records) if isinstance(value, Network) else value
        if not isinstance(record, History):
            raise TypeError(f"history must be a History or a mpifast.Network, got {check.brief(value)}")
        if not record.epochs:
            raise ValueError(f"history {name or ''} has no epochs: train the network first".replace("  ", " "))
        color, epochs = COLORS[number % len(COLORS)], range(1, record.epochs + 1)
        lead = f"{name}, " if name else ""
        marker = "." if record.epochs <= 40 else ""
        panel.plot(epochs, record.train_mse, color=color, marker=marker, label=f"{lead}training")
        if record.validation_mse:
            options: dict[str, Any] = {"linestyle": "--", "label": f"{lead}validation"}
            other = COLORS[1] if len(several) == 1 else color
            panel.plot(epochs, record.validation_mse, color=other, marker=marker, **options)
    errors = np.concatenate([line.get_ydata() for line in panel.get_lines()])
    if logarithmic is None:
        logarithmic = bool(errors.max() >= 10.0 * errors.min() > 0.0)
    panel.set(xlabel="epoch", ylabel="mean squared error", yscale="log" if logarithmic else "linear")
    panel.xaxis.get_major_locator().set_params(integer=True)
    panel.grid(alpha=0.3)
    panel.legend(frameon=False)
    return sheet


class Sheet(Figure):
    """A figure that notebooks show without pyplot."""

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format="png", dpi=120)
        return file.getvalue()


def figure(columns: int, rows: int = 1, width: float = 4.6, height: float = 3.6, **options: Any) -> tuple[Figure, Any]:
    """A figure and its array of axes [rows, columns]; ``width`` and ``height`` in inches a panel."""
    sheet = Sheet(figsize=(width * columns, height * rows), layout="constrained")
    FigureCanvasAgg(sheet)
    return sheet, sheet.subplots(rows, columns, squeeze=False, **options)


def save(sheet: Figure, path: Path) -> None:
    """Write a PNG."""
    with replacing(path) as file:
        # One drawing: savefig makes two of them, the first for the layout alone. Without the software's name and
        # version the same numbers give the same bytes.
        sheet.set_dpi(120)
        canvas: Any = FigureCanvasAgg(sheet)
        canvas.print_png(file, metadata={"Software": None})


def image(axes: Any, picture: Any, title: str) -> None:
    """A picture of stacked one-dimensional images: white where there is material."""
    axes.imshow(picture, cmap="gray", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    axes.set(title=title, xlabel="voxel", ylabel="sample")


Axis = tuple[str, float, float, int]  # label, first and last edge, voxels


def _axes(grid: Grid | None, voxels: int) -> list[Axis]:
    """The axes of more than one voxel, in millimetres; at least one."""
    if grid is None:
        return [("voxel", -0.5, voxels - 0.5, voxels)]
    names = ("x", "y", "z")
    edges = zip(names, grid.shape, grid.field_of_view, grid.center, strict=False)
    found = [
        (f"{name} (mm)", 1e3 * (center - extent / 2), 1e3 * (center + extent / 2), n)
        for name, n, extent, center in edges
    ]
    return [axis for axis in found if axis[3] > 1] or found[:1]


def _profiles(shown: dict[str, np.ndarray], titles: list[str], axis: Axis, chosen: np.ndarray) -> Figure:
    """Curves over the phantom as a grey area, a panel for each sample."""
    label, first, last, voxels = axis
    width = (last - first) / voxels
    positions = first + width * (np.arange(voxels) + 0.5)
    sheet, panels = figure(len(chosen), width=4.4, height=3.2, sharey=True)
    phantoms, *images = shown.values()
    for panel, sample, line in zip(panels[0], chosen, range(len(chosen)), strict=True):
        edges = np.append(positions - width / 2, last)
        panel.stairs(phantoms[line], edges, fill=True, color="0.85", label="phantom")
        for number, (picture, title) in enumerate(zip(images, titles, strict=True)):
            name, color = title.replace("\n", ", "), COLORS[number % len(COLORS)]
            dashes = ("-", (0, (4, 2)), (0, (1, 1)))[number % 3]  # equal images do not hide each other
            panel.plot(positions, picture[line], color=color, linewidth=1.3, linestyle=dashes, label=name)
        panel.set(title=f"sample {sample}", xlabel=label, xlim=(first, last))
    panels[0, 0].set_ylabel("concentration")
    entries = panels[0, 0].get_legend_handles_labels()
    sheet.legend(*entries, loc="outside lower center", ncols=len(entries[0]), frameon=False)
    return sheet


def _pictures(arrays: list[np.ndarray], titles: list[str], axes: list[Axis], chosen: np.ndarray) -> Figure:
    """Pictures in one grey scale: a column for each solver, and on a grid a row for each sample."""
    if len(axes) == 1:
        label, first, last, _ = axes[0]
        down, pictures = "sample", [[array] for array in arrays]
        extent = (first, last, len(chosen) - 0.5, -0.5)
        aspect, width, height = "auto", 2.5, 2.5
    else:
        (label, first, last, _), (down, low, high, _) = axes[:2]
        middle = tuple(axis[3] // 2 for axis in axes[2:])
        shape = [axis[3] for axis in axes]
        # The first axis of the grid runs to the right, the second upwards, as x and y do.
        pictures = [[sample.reshape(shape)[:, :, *middle].T for sample in array] for array in arrays]
        extent = (first, last, low, high)
        ratio = (high - low) / (last - first)
        aspect, width, height = "equal", 2.2 * min(1.0, 1.0 / ratio), 2.2 * min(1.0, ratio)
    rows = len(pictures[0])
    sheet, panels = figure(len(arrays), rows, sharex=True, sharey=True)
    sheet.set_size_inches(len(arrays) * (width + 0.15) + 1.6, rows * (height + 0.1) + 0.9)  # labels, colour bar, titles
    sheet.set_layout_engine("compressed")
    low_value, high_value = min(0.0, float(arrays[0].min())), float(arrays[0].max()) or 1.0
    for column, (title, group) in enumerate(zip(titles, pictures, strict=True)):
        panels[0, column].set_title(title, fontsize="medium")
        for row, picture in enumerate(group):
            drawn = panels[row, column].imshow(
                picture,
                cmap="gray",
                vmin=low_value,
                vmax=high_value,
                extent=extent,
                aspect=aspect,
                interpolation="nearest",
                origin="upper" if len(axes) == 1 else "lower",
            )
        panels[-1, column].set_xlabel(label)
        panels[-1, column].locator_params(axis="x", nbins=5)
    for row in range(rows):
        panels[row, 0].set_ylabel(down if len(axes) == 1 else f"sample {chosen[row]}\n{down}")
    if len(axes) == 1:
        panels[0, 0].yaxis.get_major_locator().set_params(integer=True)
        panels[0, 0].yaxis.set_major_formatter(
            lambda line, _: str(chosen[int(line)]) if 0 <= line < len(chosen) else ""
        )
    least, most = min(array.min() for array in arrays) < low_value, max(array.max() for array in arrays) > high_value
    beyond = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}[least, most]
    sheet.colorbar(
        drawn, ax=panels, label="concentration", extend=beyond, extendfrac=0.03 / rows, pad=0.01, aspect=15 * rows
    )
    return sheet
