"""One call from a system and its data to images on the grid."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mpifast import _display
from mpifast import _validation as check
from mpifast._pictures import Pictures
from mpifast.networks.network import Network
from mpifast.physics.array_system import as_system
from mpifast.physics.combined.contrasts import Contrasts, contrasts
from mpifast.physics.fields.grid import Grid
from mpifast.physics.fields.views import axes_of, stacked, views
from mpifast.physics.linear_system import LinearSystem
from mpifast.solvers.by_name import SOLVERS, unknown_option
from mpifast.solvers.equations import Equations
from mpifast.solvers.solution import Solution

LINES, FRAMES = 64, 3  # images in a notebook: on one axis, on two; of volumes one
LARGE = 2**24  # voxels of a volume from which on its middle planes are shown
SWEEPS = 50  # of Kaczmarz' method, unless it converges before


@dataclass(frozen=True, eq=False, repr=False)
class Reconstruction(_display.Shown):
    """What `reconstruct` returns; NumPy takes it as the array of its images.

    Attributes
    ----------
    images : ndarray
        float64[frames, *grid.shape], or [frames, voxels] of a system without a grid; with several systems side by side
        [contrasts, frames, ...].
    grid : Grid or None
        Where the voxels lie.
    solver : str
        Its name, or "network".
    alpha : ndarray or None
        float64[frames], the strength of the regularisation, multiplied out where it was relative; for "tsvd" the rank,
        for "fused-lasso" l1 and tv, [frames, 2]; for a network None.
    residual : ndarray
        float64[frames], ||S c - u||_2 in the unit of the spectra, without weights.
    relative_residual : ndarray
        float64[frames], the same over ||u||_2.
    iterations : ndarray
        int64[frames], sweeps or steps taken; 0 for direct solvers and networks.
    converged : ndarray
        bool[frames], whether the last measure meets the tolerance of the solver.
    history : ndarray
        float64[iterations, frames], the convergence measure of each iteration, as the solver defines it.
    system : LinearSystem
        The system, with its rows and their selection.

    Examples
    --------
    >>> import mpifast, numpy as np
    >>> found = mpifast.reconstruct(np.diag([1.0, 2.0, 4.0]), [1.0, 1.0, 1.0], "tikhonov", alpha=0.0)
    >>> print(found[0], np.asarray(found).shape)
    [1.   0.5  0.25] (1, 3)
    """

    images: np.ndarray
    grid: Grid | None
    solver: str
    alpha: np.ndarray | None
    residual: np.ndarray
    relative_residual: np.ndarray
    iterations: np.ndarray
    converged: np.ndarray
    history: np.ndarray
    system: LinearSystem

    @property
    def positions(self) -> np.ndarray | None:
        """Coordinates of the voxels, float64[voxels, axes] in metres and C order; None without a grid."""
        return None if self.grid is None else self.grid.positions

    @property
    def sweeps(self) -> np.ndarray:
        """``iterations`` under their name in Kaczmarz's method."""
        return self.iterations

    @property
    def measure(self) -> np.ndarray:
        """The last convergence measure of each frame, float64[frames]; 0 for direct solvers and networks."""
        frames = np.arange(len(self.iterations))
        if not len(self.history):
            return np.zeros(len(frames))
        taken: np.ndarray = self.history[np.maximum(self.iterations, 1) - 1, frames]
        return taken

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the images."""
        return self.images.shape

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, key: Any) -> Any:
        return self.images[key]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.images, dtype=dtype, copy=copy)

    def __repr__(self) -> str:
        facts = ", ".join(f"{name} {fact}" for name, fact in self.facts().items())
        return f"Reconstruction({' x '.join(map(str, self.shape))}, {facts})"

    def _facts(self) -> dict[str, Any]:
        return {
            "shape": " x ".join(map(str, self.shape)),
            "grid": _display.line(self.grid, "grid"),
            **self.facts(),
            "system": repr(self.system),
            "memory": f"images {self.images.dtype}, {_display.size(self.images.nbytes)}",
        }

    def _pictures(self) -> Pictures | None:
        """Some frames, of volumes the maximum projections of the first one."""
        voxels = self.images.shape[-1] if self.grid is None else self.grid.voxels
        frames, axes = self.images.reshape(-1, voxels), axes_of(self.grid, voxels)
        if not len(frames):
            return None
        if len(axes) == 1:
            pictures = [stacked(frames[:LINES], axes[0], "frame")]
        else:
            shown = np.unique(np.linspace(0, len(frames) - 1, FRAMES if len(axes) == 2 else 1).astype(int)).tolist()
            shape = [axis.voxels for axis in axes]
            cut = tuple(n // 2 for n in shape)
            pictures = [
                view._replace(title=", ".join(filter(None, [self._frame_name(frame), view.title])))
                for frame in shown
                for view in views(frames[frame].reshape(shape), axes, cut, projection=voxels <= LARGE)
            ]
        low = min(float(view.picture.min()) for view in pictures)
        high = max(float(view.picture.max()) for view in pictures)
        return Pictures(pictures, min(low, 0.0), high, "concentration")

    def _frame_name(self, number: int) -> str:
        """The name of an image where there are several."""
        several = isinstance(self.system, Contrasts)
        frames = self.shape[1] if several else len(self)
        tracer, frame = divmod(number, frames)
        return ", ".join([f"tracer {tracer}"] * several + [f"frame {frame}"] * (frames > 1))

    def facts(self) -> dict[str, str]:
        """How the images were made, in words: the solver, its strength, iterations and convergence, the residual.

        Examples
        --------
        >>> import mpifast, numpy as np
        >>> mpifast.reconstruct(np.diag([1.0, 2.0]), [1.0, 1.0], "tikhonov", alpha=0.0).facts()
        {'solver': 'tikhonov', 'alpha': '0', 'relative residual': '0'}
        """
        found = {"solver": self.solver}
        if self.alpha is not None:
            names = ("l1", "tv") if self.alpha.ndim == 2 else ("rank" if self.solver == "tsvd" else "alpha",)
            columns = self.alpha.T if self.alpha.ndim == 2 else self.alpha[None]
            found |= {name: _display.span(column) for name, column in zip(names, columns, strict=True)}
        if self.history.size or self.iterations.any():
            found["iterations"] = _display.span(self.iterations)
            found["convergence measure"] = _display.span(self.measure)
            found["converged"] = f"{self.converged.sum()} of {len(self.converged)}"
        return found | {"relative residual": _display.span(self.relative_residual)}


def reconstruct(
    system: Any,
    data: Any,
    solver: str | Network = "kaczmarz",
    *,
    alpha: Any = None,
    relative: bool | None = None,
    iterations: int | None = None,
    nonnegative: bool | None = None,
    weights: Any = None,
    **options: Any,
) -> Reconstruction:
    """Reconstruct images from measured or simulated spectra.

    Parameters
    ----------
    system : LinearSystem, array_like or list of LinearSystem
        A computed or measured system, or its matrix [rows, voxels]. Several systems are tracers side by side on one
        grid (`mpifast.contrasts`). For patches see `mpifast.MultiPatch`.
    data : array_like or MdfFile
        Spectra complex[frames, rows], float[frames, equations], or one of them without the first axis; of rotated or
        merged rows those of the system before. Or an open measurement file that fits the system, for all its frames
        with the mean background subtracted.
        `MdfSystem.measured` has more choices.
    solver : str or Network, optional
        "kaczmarz", "tikhonov", "tsvd", "sparse", "nnls", "fused-lasso", "plug-and-play", or a trained network.
    alpha : float or array_like, optional
        Strength of the regularisation, for all frames or one for each: the solver minimises ||W (S c - u)||^2 + alpha
        ||c||^2, or its own penalty in place of ||c||^2. None: the solver chooses; Kaczmarz and Tikhonov by generalised
        cross-validation.
    relative : bool, optional
        Whether ``alpha`` is a multiple of ||W S||_F^2 / voxels, as lambda is in MPIReco.jl. None: yes.
    iterations : int, optional
        Number of sweeps or steps: exactly this many, or at most this many if ``tolerance`` is given too. None: at most
        50 sweeps of Kaczmarz, and the default of any other solver.
    nonnegative : bool, optional
        Whether images have no negative values. None: yes, where the solver can.
    weights : "whitening", "energy" or array_like, optional
        Weights W of the equations, as for `mpifast.kaczmarz`. "whitening", of a measurement file: the least standard
        deviation of its background frames over that of each row (`MdfFile.whitening`). None: 1.
    **options
        Further options of the solver, such as ``projection="plain"``, ``tolerance``, ``l1``, ``tv``, ``denoiser``,
        ``threads`` or ``progress``.

    Returns
    -------
    Reconstruction
        Images [frames, *grid.shape], residuals, and how far the solver has come.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type, shape or range, or not finite, or is not an option of the solver.

    Warns
    -----
    ConvergenceWarning
        If an iterative solver has not met its tolerance, unless ``iterations`` asks for a fixed number.

    References
    ----------
    Knopp et al., MPIReco.jl, Int. J. Mag. Part. Imag. 5, 2019 (relative strength, sweeps, weights).

    Examples
    --------
    >>> import mpifast
    >>> scanner = mpifast.LissajousScanner(mpifast.Grid((10, 10), (24e-3, 24e-3)))
    >>> system = mpifast.system_matrix(scanner, mpifast.Particle(25e-9), band=(80e3, None), level=1e-3)
    >>> phantom = mpifast.phantoms.vessels(scanner.grid).draw(3, [0])
    >>> u = system.spectra(phantom, snr_db=40.0, seed=1)
    >>> images = mpifast.reconstruct(system, u, alpha=1e-3, iterations=20)
    >>> images.shape, int(images.sweeps[0]), bool((images.images >= 0.0).all())
    ((1, 10, 10), 20, True)
    """
    if isinstance(system, (list, tuple)) and system and all(isinstance(part, LinearSystem) for part in system):
        system = contrasts(system)
    system = as_system("system", system)
    file = None if _is_array(data) else data
    if file is not None and not hasattr(system, "measured"):
        raise TypeError(
            f"data must be spectra for a system that is not of a calibration file, got {check.brief(data)}: take "
            "mpifast.read_mdf(...).system(), or file.spectra(); of rotated or merged rows system.measured(file) of the "
            "system before"
        )
    weights = _weights(weights, system, file)
    u = system.to_real(_frames(data) if file is None else system.spectra(file), "data")
    given = {"alpha": alpha, "relative": relative, "iterations": iterations, "nonnegative": nonnegative}
    given = {name: value for name, value in given.items() if value is not None}
    if weights is not None:
        given["weights"] = weights
    if isinstance(solver, Network):
        return _by_network(solver, system, u, given | options)
    solve = SOLVERS[check.choice("solver", solver, SOLVERS)]
    found = solve(system, u, full_output=True, **solver_options(solver, given | options))
    assert isinstance(found, Solution)
    return Reconstruction(
        _on_grid(system, found.images),
        _grid_of(system),
        solver,
        found.parameter,
        found.residual,
        _over(found.residual, u),
        found.iterations,
        found.converged,
        found.history,
        system,
    )


def solver_options(solver: str, given: dict[str, Any]) -> dict[str, Any]:
    """The checked options of a solver by name, and those that `reconstruct` sets where they are not given."""
    known = inspect.signature(SOLVERS[solver]).parameters
    others = [name for name in known if name not in ("system", "u", "full_output")]
    for name in given:
        if name not in others:
            raise unknown_option(name, given[name], solver, others)
    added: dict[str, Any] = {}
    if "relative" in known and given.get("alpha") is not None:
        added["relative"] = True
    if "nonnegative" in known:
        added["nonnegative"] = True
    if "tolerance" in known and "iterations" in given:
        added["tolerance"] = 0.0
    elif solver == "kaczmarz":
        added["iterations"] = SWEEPS
    return added | given


def _by_network(network: Network, system: LinearSystem, u: np.ndarray, options: dict[str, Any]) -> Reconstruction:
    if options:
        name, value = next(iter(options.items()))
        raise ValueError(f"{name}={check.brief(value)} is not an option of a network: leave it out")
    inputs: Callable[[np.ndarray], np.ndarray] = network.matching(system)
    images, n = network.predict(inputs(u)), len(u)
    residual = np.linalg.norm(Equations(system).forward(images) - u, axis=1)
    return Reconstruction(
        _on_grid(system, images),
        _grid_of(system),
        "network",
        None,
        residual,
        _over(residual, u),
        np.zeros(n, np.int64),
        np.ones(n, bool),
        np.empty((0, n)),
        system,
    )


def _is_array(data: Any) -> bool:
    return isinstance(data, (list, tuple)) or hasattr(data, "__array__")


def _frames(data: Any) -> np.ndarray:
    """Spectra [frames, ...]: a single one gets the axis."""
    array = check.number_array("data", data)
    return array[None] if array.ndim == 1 else array


def _weights(weights: Any, system: LinearSystem, file: Any) -> Any:
    if not isinstance(weights, str) or weights != "whitening":
        return weights
    if file is None:
        raise ValueError(
            "weights='whitening' needs the background frames of a measurement: give its open file as data, or the "
            "weights themselves, e.g. file.whitening(system)"
        )
    return file.whitening(system)


def _on_grid(system: LinearSystem, images: np.ndarray) -> np.ndarray:
    if isinstance(system, Contrasts):
        return system.split(images)
    return images if system.grid is None else system.image(images)


def _grid_of(system: LinearSystem) -> Grid | None:
    return system.image_grid if isinstance(system, Contrasts) else system.grid


def _over(residual: np.ndarray, u: np.ndarray) -> np.ndarray:
    size = np.linalg.norm(u, axis=1)
    return residual / np.where(size > 0.0, size, 1.0)
