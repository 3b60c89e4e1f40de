"""Reconstructions beside their phantoms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from mpifast import _validation as check
from mpifast.metrics import mse
from mpifast.physics.fields.views import Axis, axes_of, brightest, views
from mpifast.plots.style import COLORS, color_bar, figure, mosaic
from mpifast.plots.views import cut_through, draw, flat, grid_of, sizes

PROFILES = 4  # so many one-dimensional images are drawn as curves, more of them as a picture
SHOWN = {2: 4, 3: 1}  # samples on a grid of two and of three axes


def reconstructions(
    phantoms: Any,
    images: Any,
    place: Any = None,
    *,
    samples: Sequence[int] | None = None,
    position: Sequence[float] | None = None,
    projection: bool = False,
) -> Figure:
    """Phantoms and what solvers make of them, side by side.

    One-dimensional images are drawn as curves if there are at most four, otherwise stacked to a picture, one a line.
    Images on a grid of two axes are pictures in millimetres, a row for each sample, x to the right and y up. On three
    axes each sample has three rows, the planes x-y, x-z and y-z through one voxel, or maximum projections. All panels
    share the grey scale of the phantoms; titles have the mean squared error over the samples shown.

    Parameters
    ----------
    phantoms : array_like
        [n, voxels] or [n, *grid.shape].
    images : dict of str to array_like, or array_like
        Images of the same shape by the name of their solver, or those of one solver.
    place : Grid, LinearSystem or scanner, optional
        Where the voxels lie. None: along a line.
    samples : sequence of int, optional
        Which samples to show. None: all of a line, the first four of a plane, the first of a volume.
    position : sequence of float, optional
        Position x, y, z in metres through which the planes of a volume go. None: the voxel of the largest value of each
        phantom; of several such voxels the one nearest to their centre of mass.
    projection : bool, optional
        Show the largest values along z, y and x instead of planes.

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
    grid = grid_of(place)
    c = check.matrix("phantoms", flat("phantoms", phantoms, grid), what="voxels").astype(np.float64)
    named = dict(images) if isinstance(images, Mapping) else {"images": images}
    if not named:
        raise ValueError("images is empty: give images [n, voxels] by the name of their solver")
    found = {}
    for name, array in named.items():
        label = f"images[{name!r}]"
        values = check.matrix(label, flat(label, array, grid), c.shape[1], what="voxels", rows=len(c))
        found[str(name)] = values.astype(np.float64)
    if grid is not None and grid.voxels != c.shape[1]:
        raise ValueError(f"place has {grid.voxels} voxels, phantoms have {c.shape[1]}: give the grid of the phantoms")
    axes = axes_of(grid, c.shape[1])
    cut = cut_through(position, projection, axes, grid)
    most = min(SHOWN.get(len(axes), len(c)), len(c))
    chosen = check.indices("samples", range(most) if samples is None else list(samples), len(c)).ravel()
    if not len(chosen):
        raise ValueError("samples is empty: name at least one sample, counted from 0")
    shown = {"phantoms": c[chosen], **{name: array[chosen] for name, array in found.items()}}
    titles = [f"{name}\nMSE {mse(array, c[chosen]):.3g}" for name, array in list(shown.items())[1:]]
    if len(axes) == 1 and len(chosen) <= PROFILES:
        return _profiles(shown, titles, axes[0], chosen)
    arrays, titles = list(shown.values()), ["phantoms", *titles]
    if len(axes) == 1:
        return _stacked(arrays, titles, axes[0], chosen)
    return _pictures(arrays, titles, axes, chosen, cut, projection)


def _profiles(shown: dict[str, np.ndarray], titles: list[str], axis: Axis, chosen: np.ndarray) -> Figure:
    """Curves over the phantom as a grey area, a panel for each sample."""
    width = axis.length / axis.voxels
    positions = axis.first + width * (np.arange(axis.voxels) + 0.5)
    sheet, panels = figure(len(chosen), width=4.4, height=3.2, sharey=True)
    phantoms, *images = shown.values()
    for panel, sample, line in zip(panels[0], chosen, range(len(chosen)), strict=True):
        edges = np.append(positions - width / 2, axis.last)
        panel.stairs(phantoms[line], edges, fill=True, color="0.85", label="phantom")
        for number, (picture, title) in enumerate(zip(images, titles, strict=True)):
            name, color = title.replace("\n", ", "), COLORS[number % len(COLORS)]
            dashes = ("-", (0, (4, 2)), (0, (1, 1)))[number % 3]  # equal images do not hide each other
            panel.plot(positions, picture[line], color=color, linewidth=1.3, linestyle=dashes, label=name)
        panel.set(title=f"sample {sample}", xlabel=axis.label, xlim=(axis.first, axis.last))
    panels[0, 0].set_ylabel("concentration")
    entries = panels[0, 0].get_legend_handles_labels()
    sheet.legend(*entries, loc="outside lower center", ncols=len(entries[0]), frameon=False)
    return sheet


def _stacked(arrays: list[np.ndarray], titles: list[str], axis: Axis, chosen: np.ndarray) -> Figure:
    """Images on one axis, stacked to a picture, a panel for each solver."""
    sheet, panels, bars = mosaic([2.5] * len(arrays), [2.5], top=0.6, gap=(0.15, 0.15), sharex=True, sharey=True)
    options = {"extent": (axis.first, axis.last, len(chosen) - 0.5, -0.5), "aspect": "auto", **_scale(arrays[0])}
    for panel, title, picture in zip(panels[0], titles, arrays, strict=True):
        drawn = panel.imshow(picture, interpolation="nearest", **options)
        panel.set_title(title, fontsize="medium")
        panel.set_xlabel(axis.label)
        panel.locator_params(axis="x", nbins=5)
    panels[0, 0].set_ylabel("sample")
    panels[0, 0].yaxis.get_major_locator().set_params(integer=True)
    panels[0, 0].yaxis.set_major_formatter(lambda line, _: str(chosen[int(line)]) if 0 <= line < len(chosen) else "")
    _colorbar(sheet, drawn, bars[0], arrays)
    return sheet


def _pictures(
    arrays: list[np.ndarray],
    titles: list[str],
    axes: list[Axis],
    chosen: np.ndarray,
    cut: tuple[int, ...] | None,
    projection: bool,
) -> Figure:
    """Images on two or three axes: a column for each solver, a row for each sample and plane."""
    rows = []
    for sample, group in zip(chosen, zip(*arrays, strict=True), strict=True):
        volumes = [image.reshape([axis.voxels for axis in axes]) for image in group]
        through = brightest(volumes[0]) if cut is None and len(axes) == 3 else cut  # the same voxel for all solvers
        planes = zip(*(views(volume, axes, through, projection) for volume in volumes), strict=True)
        rows += [("\n".join(filter(None, [f"sample {sample}", same[0].title])), same) for same in planes]
    inches = sizes([(same[0].across, same[0].up) for _, same in rows])
    widths, heights = [max(across for across, _ in inches)] * len(arrays), [up for _, up in inches]
    flat = len(axes) == 2
    options: dict[str, Any] = {"sharex": flat, "sharey": "all" if flat else "row", "gap": (0.15, 0.15 if flat else 0.6)}
    options["subplot_kw"] = {"anchor": "W"}
    sheet, panels, bars = mosaic(widths, heights, left=0.95 if flat else 1.1, top=0.6, **options)
    for number, (name, same) in enumerate(rows):
        for panel, view in zip(panels[number], same, strict=True):
            drawn = draw(panel, view, **_scale(arrays[0]))
            if not flat or number == len(rows) - 1:
                panel.set_xlabel(view.across.label)
        panels[number, 0].set_ylabel(f"{name}\n{same[0].up.label}", fontsize="medium" if flat else "small")
    for panel, title in zip(panels[0], titles, strict=True):
        panel.set_title(title, fontsize="medium")
    _colorbar(sheet, drawn, bars[0], arrays)
    return sheet


def _scale(phantoms: np.ndarray) -> dict[str, Any]:
    """The grey scale of the phantoms."""
    return {"cmap": "gray", "vmin": min(0.0, float(phantoms.min())), "vmax": float(phantoms.max()) or 1.0}


def _colorbar(sheet: Figure, drawn: Any, bar: Any, arrays: list[np.ndarray]) -> None:
    """The colour bar; pointed where images go beyond the scale of the phantoms."""
    low, high = drawn.get_clim()
    least, most = min(array.min() for array in arrays) < low, max(array.max() for array in arrays) > high
    beyond = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}[least, most]
    inches = sheet.get_figheight() * bar.get_position().height
    color_bar(sheet, drawn, bar, "concentration", extend=beyond, extendfrac=0.1 / inches)
