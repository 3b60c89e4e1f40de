"""Images of a measurement file by the matrix of a calibration file, and the files they go to."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mpifast.io.mdf import rules
from mpifast.io.mdf.check import Breach
from mpifast.io.mdf.format import FIELDS
from mpifast.io.mdf.read import MdfFile, read_mdf
from mpifast.io.mdf.system import MdfSystem, mdf_system
from mpifast.io.mdf.values import identity, now
from mpifast.io.mdf.write import target, write_datasets
from mpifast.networks.network import Network
from mpifast.solvers.by_name import SOLVERS
from mpifast.solvers.solution import Solution

COPIED = ("/study", "/experiment", "/scanner", "/tracer", "/acquisition")
UNKNOWN = {f"/scanner/{name}": "n.a." for name in ("facility", "manufacturer", "name", "operator", "topology")}


@dataclass(frozen=True, eq=False)
class FileReconstruction:
    """Images of a measurement file.

    Attributes
    ----------
    images : ndarray
        float[n, voxels], in the order of the system's voxels: ``system.image(images)`` is [n, x, y, z] without axes of
        a single voxel.
    parameter : ndarray or None
        The rank or alpha of each image; None for a network.
    residual : ndarray
        float64[n], ||S c - u||.
    iterations, converged : ndarray or None
        int64[n] and bool[n], as in `mpifast.solvers.solution.Solution`; None for a network.
    system : MdfSystem
        The system, with the grid of the voxels.
    measurement : Path
        The measurement file.
    solver : str
        Its name, or the network's file.
    """

    images: np.ndarray
    parameter: np.ndarray | None
    residual: np.ndarray
    system: MdfSystem
    measurement: Path
    solver: str
    iterations: np.ndarray | None = None
    converged: np.ndarray | None = None


def reconstruct_file(
    measurement: str | Path,
    matrix: str | Path,
    solver: str = "kaczmarz",
    *,
    snr_threshold: float | None = None,
    band: tuple[float, float] | None = None,
    channels: Any = None,
    frames: Any = None,
    average: int = 1,
    background: str = "subtract",
    **options: Any,
) -> FileReconstruction:
    """Reconstruct a measurement file with the system matrix of a calibration file.

    Parameters
    ----------
    measurement, matrix : str or Path
        MDF files.
    solver : str, optional
        "kaczmarz", "tikhonov", "tsvd", "sparse", "nnls", or the .npz file of a `mpifast.Network`.
    snr_threshold, band, channels : optional
        Which frequencies: see `MdfFile.system`; channels are counted from 1 here.
    frames, average, background : optional
        Which frames, and how: see `MdfSystem.measured`. The background is subtracted from matrix and measurement alike.
    **options
        Of the solver, e.g. ``alpha=1.0``.

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
    known = () if network else inspect.signature(SOLVERS[solver]).parameters
    for name in [name for name in options if name not in known]:
        raise ValueError(f"{name}={options[name]!r} does not belong to solver={str(solver)!r}: leave it out")
    with read_mdf(matrix) as file:
        system = mdf_system(file, snr_threshold, band, channels, background)
    inputs = None if network is None else _inputs(network, system, str(solver))
    with read_mdf(measurement) as file:
        u = system.measured(file, frames, average, background)
    if network is not None and inputs is not None:
        images = network.predict(inputs(u))
        residual = np.linalg.norm(images @ system.real.T - u, axis=1)
        return FileReconstruction(images, None, residual, system, Path(measurement), str(solver))
    found = SOLVERS[solver](system, u, full_output=True, **options)
    assert isinstance(found, Solution)
    return FileReconstruction(
        found.images,
        found.parameter,
        found.residual,
        system,
        Path(measurement),
        solver,
        found.iterations,
        found.converged,
    )


def write_reconstruction(path: str | Path, found: FileReconstruction) -> list[Breach]:
    """Write images as an MDF reconstruction file, with what the measurement file says about study, tracer, scanner and
    acquisition.

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
    values |= {
        "/reconstruction/data": found.system.placement.in_file(found.images)[:, :, None],
        "/reconstruction/_solver": found.solver,
        "/reconstruction/_residual": found.residual,
        "/reconstruction/_matrix": found.system.path.name,
        "/reconstruction/_measurement": found.measurement.name,
    }
    values |= {f"/reconstruction/{name}": value for name, value in found.system.placement.fields.items()}
    if found.parameter is not None:
        values["/reconstruction/_parameter"] = found.parameter
    return write_datasets(path, values)


def draw_reconstruction(path: str | Path, found: FileReconstruction) -> None:
    """Draw images as a PNG: those of a line one above the other, of others the middle plane of the first."""
    from mpifast.plots import figure, save

    shape = found.system.placement.shape
    sheet, axes = figure(1)
    panel = axes[0, 0]
    long = [axis for axis, length in zip("xyz", shape, strict=True) if length > 1]
    if len(long) <= 1:
        picture, labels = found.images, (f"voxel along {long[0] if long else 'x'}", "frame")
    else:
        volume = found.images[0].reshape(shape).transpose()  # z, y, x
        middle = int(np.argmin(volume.shape))
        picture = np.take(volume, volume.shape[middle] // 2, axis=middle)
        down, across = [axis for axis in "zyx" if axis != "zyx"[middle]]
        labels = (f"voxel along {across}", f"voxel along {down}")
    drawn = panel.imshow(picture, cmap="gray", aspect="auto" if len(long) <= 1 else "equal", interpolation="nearest")
    sheet.colorbar(drawn, ax=panel, label="concentration")
    panel.set(title=f"{found.measurement.name}, {Path(found.solver).name}", xlabel=labels[0], ylabel=labels[1])
    save(sheet, Path(path))


def _network(solver: Any) -> Network | None:
    if isinstance(solver, str) and solver in SOLVERS:
        return None
    if not isinstance(solver, (str, Path)) or Path(solver).suffix != ".npz":
        raise ValueError(
            f"solver={solver!r} is unknown: choose one of {', '.join(SOLVERS)}, or the .npz file of a network"
        )
    return Network.load(solver)


def _inputs(network: Network, system: MdfSystem, name: str) -> Callable[[np.ndarray], np.ndarray]:
    """The inputs of a network among the equations of a system, as a function of spectra float[n, equations]."""
    matrix = system.path.name
    if network.system and system.origin and network.system != system.origin:
        raise ValueError(
            f"{name} was trained for the system {network.system}, {matrix} is of {system.origin}: use its own network"
        )
    try:
        return network.matching(system)
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
