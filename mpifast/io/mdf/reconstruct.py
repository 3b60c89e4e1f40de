"""Images of a measurement file by the matrix of a calibration file, and the files they go to."""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mpifast.io.mdf import any_system, rules
from mpifast.io.mdf.check import Breach
from mpifast.io.mdf.format import FIELDS
from mpifast.io.mdf.read import MdfFile, read_mdf
from mpifast.io.mdf.selection import Placement
from mpifast.io.mdf.system import MdfSystem, mdf_system
from mpifast.io.mdf.values import identity, now
from mpifast.io.mdf.write import target, write_datasets
from mpifast.networks.network import Network
from mpifast.physics.combined.contrasts import Contrasts
from mpifast.physics.linear_system import LinearSystem
from mpifast.reconstruction import Reconstruction, reconstruct, solver_options
from mpifast.solvers.by_name import SOLVERS

COPIED = ("/study", "/experiment", "/scanner", "/tracer", "/acquisition")
UNKNOWN = {f"/scanner/{name}": "n.a." for name in ("facility", "manufacturer", "name", "operator", "topology")}
NAMES = tuple(name for name in SOLVERS if name != "plug-and-play")  # whose denoiser is no word
FEW = 10  # background frames, below which their standard deviation is no weight
SNR, HARMONICS = 3.0, 3.1  # least ratio; least frequency over the highest drive frequency


@dataclass(frozen=True, eq=False)
class FileReconstruction:
    """Images of a measurement file.

    Attributes
    ----------
    result : Reconstruction
        Images [n, *grid.shape], strength, residuals and convergence.
    images : ndarray
        The same images, float[n, voxels], in the order of the system's voxels; of several tracers the voxels of one
        after those of the other.
    system : LinearSystem
        The system, with its rows.
    selections : list of Selection
        Which rows of each calibration file were taken, and why not the others.
    measurement : Path
        The measurement file.
    matrices : list of Path
        The calibration files.
    solver : str
        Its name, or the network's file.
    weights : str
        "none", "whitening", "energy" or "given".
    placement : Placement or None
        Where the voxels lie in the words of the first calibration file; None for patches.
    """

    result: Reconstruction
    images: np.ndarray
    system: LinearSystem
    selections: list[Any]
    measurement: Path
    matrices: list[Path]
    solver: str
    weights: str
    placement: Placement | None

    @property
    def parameter(self) -> np.ndarray | None:
        """The rank or alpha of each image; None for a network."""
        return self.result.alpha

    @property
    def residual(self) -> np.ndarray:
        """float64[n], ||S c - u||."""
        return self.result.residual

    @property
    def iterations(self) -> np.ndarray:
        """int64[n], as in `Reconstruction`."""
        return self.result.iterations

    @property
    def converged(self) -> np.ndarray:
        """bool[n], as in `Reconstruction`."""
        return self.result.converged


def reconstruct_file(
    measurement: str | Path,
    matrix: str | Path | Sequence[str | Path],
    solver: str = "kaczmarz",
    *,
    snr: float | str | None = "auto",
    band: Any = "auto",
    channels: Any = None,
    mixing_order: int | None = None,
    stop: Any = None,
    snr_source: str = "auto",
    selection: Any = None,
    transfer_function: str = "keep",
    frames: Any = None,
    average: int = 1,
    periods: Any = None,
    average_periods: int = 1,
    leakage: bool = False,
    background: str = "subtract",
    force: bool = False,
    patches: bool = False,
    weights: Any = "auto",
    **options: Any,
) -> FileReconstruction:
    """Reconstruct a measurement file with the system matrix of a calibration file.

    Parameters
    ----------
    measurement : str or Path
        MDF file with measured frames.
    matrix : str or Path, or several
        MDF calibration file. Several are those of several tracers, or with ``patches`` those of the patches.
    solver : str, optional
        A solver of `mpifast.reconstruct`, or the .npz file of a `mpifast.Network`.
    snr, band : optional
        Which frequencies: see `MdfFile.select`. "auto": of a measured matrix those with a signal-to-noise ratio of at
        least 3, above 3.1 times the highest drive frequency (some 80 kHz for a commercial scanner: below are the
        excitation and its strongest harmonics); of a simulated one all.
    channels, mixing_order, stop, snr_source, selection : optional
        See `MdfFile.select`; channels are counted from 1 here.
    transfer_function : {"keep", "divide"}, optional
        See `MdfFile.system`.
    frames, average, periods, average_periods, leakage, force : optional
        Which frames and periods, and how: see `MdfSystem.measured`.
    background : {"subtract", "mean", "interpolate", "keep"}, optional
        Of matrix and measurement alike: see `MdfFile.system`.
    patches : bool, optional
        Whether the periods of a frame are patches, shifted by their offset fields (`MdfFile.patches`).
    weights : optional
        As for `mpifast.reconstruct`. "auto": whitening, where the measurement has ten background frames or more.
    **options
        Of the solver, e.g. ``alpha=1e-3``: see `mpifast.reconstruct`.

    Returns
    -------
    FileReconstruction
        Images, and what is known about them.

    Raises
    ------
    OSError
        If a file cannot be opened.
    TypeError, ValueError
        If an argument is of the wrong type or range, a file is not what it should be, or the files do not fit each
        other.

    Warns
    -----
    SystemWarning
        If matrix and measurement name different simulated systems.

    Examples
    --------
    >>> import mpifast, tempfile
    >>> from pathlib import Path
    >>> from mpifast.io.mdf.reconstruct import reconstruct_file
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> u, c = mpifast.Spectra(system, seed=7, dtype="float64")[:3]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     matrix, measured = Path(folder) / "system.mdf", Path(folder) / "bars.mdf"
    ...     mpifast.write_mdf(matrix, system)
    ...     mpifast.write_mdf(measured, u, system)
    ...     found = reconstruct_file(measured, matrix, "tsvd", rank=129)
    >>> bool(abs(found.images - c).max() < 1e-9)
    True
    """
    network = _network(solver)
    if network is None:
        solver_options(solver, options)  # a mistake is said before the files are read
    matrices = [Path(path) for path in ([matrix] if isinstance(matrix, (str, Path)) else matrix)]
    rows = {"channels": channels, "mixing_order": mixing_order, "stop": stop, "snr_source": snr_source}
    rows |= {"transfer_function": transfer_function, "selection": selection, "background": background}
    prepared = {"frames": frames, "average": average, "background": background, "leakage": leakage}
    if not patches:
        prepared |= {"periods": periods, "average_periods": average_periods, "force": force}
    systems = [_system(path, snr, band, rows) for path in matrices]
    with read_mdf(measurement) as file:
        system: Any = systems[0]
        if patches:
            system = file.patches(systems if len(systems) > 1 else system, periods)
        u = system.measured(file, **prepared)
        weights, weighting = _weights(weights, solver if network is None else None, file, systems[0], patches)
    if network is None:
        chosen = options if weights is None else options | {"weights": weights}
        result = reconstruct(systems if len(systems) > 1 and not patches else system, u, solver, **chosen)
    else:
        _check_network(network, systems[0], str(solver))
        result = reconstruct(system, u, network, **options)
    flat = np.moveaxis(result.images, 0, 1) if isinstance(result.system, Contrasts) else result.images
    return FileReconstruction(
        result,
        flat.reshape(len(u), -1),
        result.system,
        [part.selection for part in systems],
        Path(measurement),
        matrices,
        str(solver),
        weighting,
        None if patches else systems[0].placement,
    )


def write_reconstruction(path: str | Path, found: FileReconstruction) -> list[Breach]:
    """Write images as an MDF reconstruction file, with what the measurement file says about study, tracer, scanner and
    acquisition, and which rows of the matrix were used. Several tracers are channels of the images.

    Returns
    -------
    list of Breach
        Where the file departs from the format because the measurement file does: none for one that passes
        `mpifast.check_mdf`.
    """
    path = target(path)
    with read_mdf(found.measurement) as file:
        values = (
            identity("Reconstruction", "made")
            | UNKNOWN
            | {"/experiment/isSimulation": 0, "/acquisition/startTime": now()}
            | _copied(file)
        )
    tracers = found.system.tracers if isinstance(found.system, Contrasts) else 1
    images = found.images.reshape(len(found.images) * tracers, -1)
    if found.placement is not None:
        fields, images = found.placement.fields, found.placement.in_file(images)
    else:
        fields, order = any_system.placement(found.system)
        fields, images = {name: fields[name] for name in fields if not name.startswith("_")}, images[:, order]
    channels = images.reshape(len(found.images), tracers, -1)
    values |= {
        "/reconstruction/data": np.ascontiguousarray(np.moveaxis(channels, 1, 2)),
        "/reconstruction/_solver": found.solver,
        "/reconstruction/_residual": found.residual,
        "/reconstruction/_weights": found.weights,
        "/reconstruction/_matrix": ", ".join(path.name for path in found.matrices),
        "/reconstruction/_measurement": found.measurement.name,
        "/reconstruction/_selection": json.dumps([selection.to_dict() for selection in found.selections]),
    }
    values |= {f"/reconstruction/{name}": value for name, value in fields.items()}
    if found.parameter is not None:
        values["/reconstruction/_parameter"] = found.parameter
    return write_datasets(path, values)


def draw_reconstruction(path: str | Path, found: FileReconstruction, kind: str = "auto") -> None:
    """Draw images as a PNG, in millimetres: ``kind`` as for `mpifast.plots.draw_images`. Of several tracers the first
    image of each.
    """
    from mpifast.plots.style import save
    from mpifast.plots.volumes import draw_images

    images, names = found.result.images, None
    if isinstance(found.system, Contrasts):
        images, names = images[:, 0], [matrix.stem for matrix in found.matrices]
    title = f"{found.measurement.name}, {Path(found.solver).name}"
    save(draw_images(images, found.result.grid, kind, names=names, title=title, label="concentration"), Path(path))


def _system(path: Path, snr: Any, band: Any, rows: dict[str, Any]) -> MdfSystem:
    """The system of a calibration file, of the chosen rows."""
    with read_mdf(path) as file:
        measured = file.kind == "calibration" and not file.get("/experiment/isSimulation", 1)
        auto = measured and rows["selection"] is None
        for name, value in (("snr", snr), ("band", band)):
            if isinstance(value, str) and value != "auto":
                raise ValueError(f"{name}={value!r} is unknown: give numbers, None for no bound, or 'auto'")
        if isinstance(snr, str):
            known = "/calibration/snr" in file or (auto and bool(file.is_background.sum() > 1))
            snr = SNR if auto and known else None
        if isinstance(band, str):
            band = (HARMONICS * _highest_drive(file), None) if auto else None
        return mdf_system(file, snr, band, **rows)


def _highest_drive(file: MdfFile) -> float:
    """The highest drive frequency, hertz; 0 if the file does not say it."""
    dividers = np.asarray(file.get("/acquisition/drivefield/divider", np.empty(0)), np.float64)
    base = file.get("/acquisition/drivefield/baseFrequency", 0.0)
    return float(base / dividers.min()) if dividers.size and dividers.min() > 0.0 else 0.0


def _weights(weights: Any, solver: Any, file: MdfFile, system: Any, patches: bool) -> tuple[Any, str]:
    """The weights of the rows, and their name."""
    if isinstance(weights, str) and weights == "auto":
        able = solver in SOLVERS and "weights" in inspect.signature(SOLVERS[solver]).parameters
        enough = int(file.is_background.sum()) >= FEW
        weights = "whitening" if able and enough and not patches else None
    if weights is None or (isinstance(weights, str) and weights == "none"):
        return None, "none"
    if isinstance(weights, str) and weights == "whitening":
        return file.whitening(system), weights
    return weights, weights if isinstance(weights, str) else "given"


def _network(solver: Any) -> Network | None:
    if isinstance(solver, str) and solver in NAMES:
        return None
    if not isinstance(solver, (str, Path)) or Path(solver).suffix != ".npz":
        raise ValueError(
            f"solver={solver!r} is unknown: choose one of {', '.join(NAMES)}, or the .npz file of a network"
        )
    return Network.load(solver)


def _check_network(network: Network, system: MdfSystem, name: str) -> None:
    """An error if the network is not of this system."""
    matrix = system.path.name
    if network.system and system.origin and network.system != system.origin:
        raise ValueError(
            f"{name} was trained for the system {network.system}, {matrix} is of {system.origin}: use its own network"
        )
    try:
        network.matching(system)
    except ValueError as error:
        raise ValueError(f"{name} does not fit {matrix}: {error}") from error


def _copied(file: MdfFile) -> dict[str, Any]:
    """What the measurement says about itself, as far as it is there and good."""
    names = [
        field.path for field in FIELDS.values() if field.group in COPIED and not field.path.endswith("transferFunction")
    ]
    present = {name: value for name in names if (value := file.get(name)) is not None}
    topology = present.get("/scanner/topology")
    values = {
        name: value
        for name, value in present.items()
        if not list(rules.check(rules.rule_of(FIELDS[name], topology), value))
    }
    tracer = [field.path for field in FIELDS.values() if field.group == "/tracer" and field.need == "group"]
    complete = all(name in values for name in tracer)  # the group may be left out, but only as a whole
    return {name: value for name, value in values.items() if complete or not name.startswith("/tracer/")}
