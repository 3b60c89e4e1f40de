"""Solvers side by side: the same spectra, a table of errors and times, and a picture."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from mpifast import _display, metrics
from mpifast import _validation as check
from mpifast._compiled.jit import thread_count
from mpifast._compiled.philox import key
from mpifast.data.spectra import Spectra
from mpifast.networks.network import Network
from mpifast.physics.array_system import as_system
from mpifast.physics.linear_system import LinearSystem
from mpifast.solvers.by_name import solver

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Solve = Callable[[np.ndarray], Any]


@dataclass(frozen=True)
class Row:
    """One solver of a `Comparison`.

    Attributes
    ----------
    solver : str
        Its name.
    mse : float
        Mean squared error over all voxels and phantoms.
    psnr : float
        Peak signal-to-noise ratio, decibels.
    ssim : float or None
        Structural similarity: of the picture of stacked images for a line, the mean over the images for a grid of two
        axes or three. None where an axis has fewer voxels than the window, 7 or in three dimensions 11, and on one or
        two axes without scikit-image.
    seconds : float
        Duration of the call for all spectra, after the loops were compiled and the system decomposed.
    """

    solver: str
    mse: float
    psnr: float
    ssim: float | None
    seconds: float


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(_display.Shown):
    """What `mpifast.compare` returns: a table, and the images behind it.

    Attributes
    ----------
    rows : tuple of Row
        The table, in the order of the solvers.
    images : dict of str to ndarray
        Images [n, voxels] by solver.
    phantoms, spectra : ndarray
        The true images [n, voxels] and the spectra [n, equations] that the solvers got.
    system : LinearSystem
        The system.

    Examples
    --------
    >>> import mpifast
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> c = mpifast.phantoms.letters("MPI")
    >>> comparison = mpifast.compare(["tikhonov", "tsvd"], system, c, snr_db=25.0)
    >>> [row.solver for row in comparison.rows], comparison.images["tsvd"].shape
    (['tikhonov', 'tsvd'], (20, 129))
    >>> comparison.to_dict()["solver"]
    ['tikhonov', 'tsvd']
    """

    rows: tuple[Row, ...]
    images: dict[str, np.ndarray]
    phantoms: np.ndarray
    spectra: np.ndarray
    system: LinearSystem

    def __repr__(self) -> str:
        cells = [self._header, *self._cells]
        widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
        lines = [
            "  ".join(
                cell.ljust(width) if column == 0 else cell.rjust(width) for column, (cell, width) in enumerate(pairs)
            )
            for pairs in (zip(line, widths, strict=True) for line in cells)
        ]
        return "\n".join(lines)

    def _table(self) -> str:
        return _display.table(f"{len(self.phantoms)} phantoms", self._cells, self._header)

    @property
    def _header(self) -> tuple[str, ...]:
        return "solver", "MSE", "PSNR (dB)", "SSIM", "seconds"

    @property
    def _cells(self) -> list[tuple[str, ...]]:
        return [
            (
                row.solver,
                f"{row.mse:.3g}",
                f"{row.psnr:.1f}",
                "" if row.ssim is None else f"{row.ssim:.3f}",
                f"{row.seconds:.2g}",
            )
            for row in self.rows
        ]

    def to_dict(self) -> dict[str, list[Any]]:
        """The table by columns, as pandas.DataFrame takes it.

        Examples
        --------
        >>> import mpifast
        >>> blur = mpifast.linear_system([[1.0, 0.5], [0.5, 1.0]])
        >>> table = mpifast.compare(["tikhonov", "nnls"], blur, [[0.0, 1.0]], snr_db=20.0).to_dict()
        >>> list(table), table["solver"]
        (['solver', 'mse', 'psnr', 'ssim', 'seconds'], ['tikhonov', 'nnls'])
        """
        lines = [asdict(row) for row in self.rows]
        return {name: [line[name] for line in lines] for name in lines[0]}

    def plot(self, samples: Sequence[int] | None = None) -> Figure:
        """The phantoms and all images, drawn by `mpifast.plots.reconstructions`, which explains ``samples``.

        Examples
        --------
        >>> import mpifast
        >>> blur = mpifast.linear_system([[1.0, 0.5], [0.5, 1.0]])
        >>> figure = mpifast.compare("tikhonov", blur, [[0.0, 1.0]], snr_db=20.0).plot()
        >>> [axes.get_xlabel() for axes in figure.axes]
        ['voxel']
        """
        from mpifast.plots import reconstructions

        return reconstructions(self.phantoms, self.images, self.system, samples=samples)


def compare(
    solvers: Any,
    system: Any,
    phantoms: Any,
    spectra: Any = None,
    *,
    snr_db: float | None = None,
    seed: int = 1,
    peak: float | None = None,
) -> Comparison:
    """Images of the same spectra by several solvers, and how far each is from the phantoms.

    Parameters
    ----------
    solvers : sequence, or dict of str to solver
        Each is a name ("kaczmarz", "tikhonov", "tsvd", "sparse", "nnls", "fused-lasso"), a pair (name, dict of its
        options), a `mpifast.Network` or another object with ``predict``, or a function from spectra float[n, equations]
        to images [n, voxels]. A dict gives them names of your own.
    system : LinearSystem, array_like or Spectra
        The system, or a data set: its system and its noise.
    phantoms : array_like or slice
        [n, voxels]. For a data set also a slice: the samples to take, which should not be samples of a training.
    spectra : array_like, optional
        Spectra of the phantoms, [n, equations] or complex [n, rows], e.g. measured ones. None: computed in float64.
    snr_db, seed : float, int, optional
        Noise of computed spectra, as for `mpifast.LinearSystem.spectra`. Take another seed than that of a training set.
    peak : float, optional
        Largest possible value of a voxel. None: 1, or the largest value of the phantoms if this is more.

    Returns
    -------
    Comparison
        A table that prints itself, the images, and a picture by ``.plot()``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type, shape or range, or not finite; if a solver returns anything other than
        images.

    Warns
    -----
    ConvergenceWarning
        If an iterative solver stops at its limit of iterations.

    Examples
    --------
    >>> import mpifast
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> spectra = mpifast.Spectra(system, seed=7, snr_db=25.0)
    >>> network = mpifast.Network(system=system)
    >>> history = network.fit(*spectra[:5_000], recipe="fast")
    >>> solvers = {"network": network, "GCV": "tikhonov", "fixed": ("tikhonov", {"alpha": 10.0})}
    >>> comparison = mpifast.compare(solvers, spectra, slice(5_000, 5_200))
    >>> [row.solver for row in sorted(comparison.rows, key=lambda row: row.mse)]
    ['network', 'GCV', 'fixed']
    """
    source, c, u = _data(system, phantoms, spectra, snr_db, seed)
    named = _named(solvers, source)
    peak = max(1.0, float(c.max())) if peak is None else check.positive("peak", peak)
    rows, images = [], {}
    for name, entry in named.items():
        solve = _solve(entry, source)
        _prepare(entry, source, u)
        start = time.perf_counter()
        found = solve(u)
        seconds = time.perf_counter() - start
        array = check.matrix(f"images of {name}", found, source.voxels, what="voxels", rows=len(u))
        errors = metrics.mse(array, c), metrics.psnr(array, c, peak), _ssim(array, c, source, peak)
        rows.append(Row(name, *errors, seconds))
        images[name] = array
    return Comparison(tuple(rows), images, c, u, source)


def _data(
    system: Any, phantoms: Any, spectra: Any, snr_db: Any, seed: Any
) -> tuple[LinearSystem, np.ndarray, np.ndarray]:
    """The system, phantoms [n, voxels] and spectra float64[n, equations]."""
    data = system if isinstance(system, Spectra) else None
    source = as_system("system", system) if data is None else data.system
    if isinstance(phantoms, slice):
        if data is None or spectra is not None or snr_db is not None:
            raise ValueError(
                f"phantoms={phantoms} are samples of a data set, which has its own spectra and noise: give a "
                "mpifast.Spectra as system, and neither spectra nor snr_db"
            )
        u, c = data[phantoms]
        return source, check.matrix("phantoms", c, what="voxels"), u.astype(np.float64)
    c = check.matrix("phantoms", phantoms, source.voxels, what="voxels")
    if spectra is not None:
        if snr_db is not None:
            raise ValueError(f"snr_db={snr_db!r} is for computed spectra: leave it out where spectra are given")
        u = source.to_real(spectra, "spectra")
        if len(u) != len(c):
            raise ValueError(f"spectra have {len(u)} rows, phantoms {len(c)}: give one spectrum for each phantom")
        return source, c, u
    if data is not None and snr_db is not None:
        raise ValueError(f"snr_db={snr_db!r} beside a data set, which has its own noise: give one of the two")
    u = source.spectra(c, "float64", snr_db=snr_db, seed=seed)
    if data is not None:
        data.disturbance.add(np.arange(len(u)), key(seed), u, thread_count(None))
    return source, c, u


def _named(solvers: Any, system: LinearSystem) -> dict[str, Any]:
    """The solvers by names of their own, checked."""
    if isinstance(solvers, Mapping):
        return _checked({str(name): entry for name, entry in solvers.items()}, system)
    if isinstance(solvers, (str, tuple, Network)) or callable(solvers):
        solvers = [solvers]
    found: dict[str, Any] = {}
    for entry in check.sequence("solvers", solvers):
        name, number = _name(entry), 2
        while (label := name if name not in found else f"{name} ({number})") in found:
            number += 1
        found[label] = entry
    return _checked(found, system)


def _checked(found: dict[str, Any], system: LinearSystem) -> dict[str, Any]:
    if not found:
        raise ValueError("solvers is empty: give at least one, e.g. 'tikhonov'")
    for entry in found.values():
        _solve(entry, system)
    return found


def _name(entry: Any) -> str:
    if isinstance(entry, str):
        return entry
    if isinstance(entry, tuple) and len(entry) == 2 and isinstance(entry[1], Mapping):
        options = [f"{key}={value if np.ndim(value) == 0 else '...'}" for key, value in entry[1].items()]
        return ", ".join([str(entry[0]), *options])
    return "network" if isinstance(entry, Network) else str(getattr(entry, "__name__", type(entry).__name__))


def _prepare(entry: Any, system: LinearSystem, u: np.ndarray) -> None:
    """A call that compiles the loops of a solver and decomposes its system, and is not timed.

    Of iterative solvers a single iteration; their options may hold one number for each spectrum. NNLS has no loop.
    """
    name, options = (entry, {}) if isinstance(entry, str) else entry if isinstance(entry, tuple) else ("", {})
    if name in ("kaczmarz", "sparse", "fused-lasso", "plug-and-play"):
        options = {**options, "iterations": 1, "tolerance": 0.0}  # which asks for no convergence
    if name != "nnls":
        _solve((name, options) if name else entry, system)(u if name else u[:1])


def _solve(entry: Any, system: LinearSystem) -> Solve:
    if isinstance(entry, str):
        return solver(entry, {}, system)
    if isinstance(entry, tuple) and len(entry) == 2 and isinstance(entry[1], Mapping):
        return solver(*entry, system)
    if isinstance(entry, Network):
        return lambda u: entry.predict(u, system=system if entry.system else None)
    if hasattr(entry, "predict"):
        return entry.predict
    if callable(entry):
        return entry
    raise TypeError(
        f"solvers has {check.brief(entry)}: give a name, a pair (name, options), a mpifast.Network or a function"
    )


def _ssim(images: np.ndarray, c: np.ndarray, system: LinearSystem, peak: float) -> float | None:
    shape = tuple(n for n in (system.grid.shape if system.grid else (system.voxels,)) if n > 1)
    if len(shape) == 3:
        return metrics.ssim(images, c, peak, system.grid) if min(shape) >= metrics.window() else None
    pairs: Iterable[tuple[np.ndarray, np.ndarray]] = [(images, c)]
    if len(shape) == 2:
        pairs = zip(images.reshape(-1, *shape), c.reshape(-1, *shape), strict=True)
    smallest = min(shape) if len(shape) == 2 else min(c.shape)
    if smallest < metrics.PICTURE_WINDOW or find_spec("skimage") is None:
        return None
    return float(np.mean([metrics.ssim(image, phantom, peak) for image, phantom in pairs]))
