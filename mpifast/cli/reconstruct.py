"""``mpifast reconstruct``: images of a measurement file, as a picture, an MDF file and a NIfTI file."""

from __future__ import annotations

import argparse
import importlib
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mpifast.cli._output import say, say_json
from mpifast.cli._system import SOLVERS
from mpifast.cli._values import read_array, whole

if TYPE_CHECKING:
    from mpifast.io.mdf.reconstruct import FileReconstruction

EXAMPLES = """examples:
  mpifast reconstruct scan.mdf --matrix matrix.mdf --average 0 --out images --nifti
  mpifast reconstruct scan.mdf --matrix matrix.mdf --solver tikhonov --alpha 1e-3
  mpifast reconstruct scan.mdf --matrix matrix.mdf --solver net.npz --average 0
  mpifast reconstruct scan.mdf --matrix matrix.mdf --projection plain --iterations 3 --alpha 1e-3"""

# Options that a solver has under the same name.
OF_SOLVERS = (
    "alpha", "relative", "rank", "iterations", "tolerance", "nonnegative", "projection", "order", "l1", "tv", "threads",
)  # fmt: skip
PICTURES = ("auto", "slices", "projection", "montage")


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "reconstruct",
        help="reconstruct a measurement (MDF) with a system matrix (MDF)",
        description="Reconstruct the frames of an MDF measurement file with the system matrix of a calibration file. "
        "Writes a PNG and an MDF reconstruction file, with --nifti also a NIfTI file, and says which rows were used, "
        "how strong the regularisation was and how far the solver has converged.",
        epilog=EXAMPLES,
    )
    command.add_argument("measurement", metavar="MEASUREMENT", help="MDF file with measured frames")
    command.add_argument(
        "--matrix",
        required=True,
        action="append",
        metavar="FILE",
        help="MDF file with the system matrix; given again: of another tracer, or with --patches of another patch",
    )
    command.add_argument(
        "--solver",
        default="kaczmarz",
        metavar="SOLVER",
        help=f"{', '.join(SOLVERS)}, or the .npz file of a network (default: %(default)s)",
    )
    command.add_argument(
        "--out",
        metavar="NAME",
        help="write NAME.png and NAME.mdf (default: the measurement's name and -reconstruction, here)",
    )
    command.add_argument("--nifti", action="store_true", help="also write NAME.nii.gz, for viewers of volumes")
    command.add_argument(
        "--picture", choices=PICTURES, default="auto", help="how volumes are drawn (default: three slices)"
    )
    _add_solver_options(command)
    _add_rows(command)
    _add_frames(command)
    command.add_argument(
        "--json",
        action="store_true",
        help="print a JSON object with sizes, parameters, residuals, convergence and the files written",
    )
    command.set_defaults(run=_reconstruct)


def _add_solver_options(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("of the solvers, chosen by themselves where not given")
    group.add_argument(
        "--alpha",
        type=float,
        metavar="A",
        help="strength of the regularisation, as a multiple of ||S||_F^2 / voxels as in MPIReco.jl: all but tsvd",
    )
    group.add_argument(
        "--relative",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="--alpha is such a multiple; --no-relative: in the unit of the squared matrix",
    )
    group.add_argument("--l1", type=float, metavar="A", help="strength of the 1-norm: fused-lasso")
    group.add_argument("--tv", type=float, metavar="A", help="strength of the total variation: fused-lasso")
    group.add_argument("--rank", type=whole, metavar="N", help="singular values kept: tsvd")
    group.add_argument(
        "--iterations",
        type=whole,
        metavar="N",
        help="exactly so many sweeps or steps; with --tolerance at most: iterative solvers",
    )
    group.add_argument(
        "--tolerance",
        type=float,
        metavar="T",
        help="when an image is done: kaczmarz (error over its norm), sparse, fused-lasso; tsvd: singular values below "
        "this part of the largest are left out",
    )
    group.add_argument(
        "--weights",
        metavar="WEIGHTS",
        default="auto",
        help="weights of the equations: whitening (by the noise of the background frames), energy, none, or a .npy "
        "file with one for each chosen frequency (default: whitening, if there are ten background frames)",
    )
    group.add_argument(
        "--nonnegative",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="images without negative values, where the solver can (default: yes)",
    )
    group.add_argument(
        "--projection",
        choices=("dykstra", "plain"),
        help="kaczmarz: the minimum over such images, or a projection after each sweep as in MPIReco.jl",
    )
    group.add_argument("--order", choices=("sequential", "random"), help="kaczmarz: of the equations")
    group.add_argument("--threads", type=whole, metavar="N", help="number of threads (default: all)")


def _add_rows(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("which frequencies")
    group.add_argument(
        "--snr-threshold",
        type=float,
        metavar="RATIO",
        help="only those with at least this signal-to-noise ratio (default: 3 of a measured matrix)",
    )
    group.add_argument(
        "--recompute-snr", action="store_true", help="from the background frames, whatever the matrix file says"
    )
    group.add_argument(
        "--band",
        type=float,
        nargs=2,
        metavar=("LOW", "HIGH"),
        help="only frequencies within LOW to HIGH hertz; inf: no bound (default: above 3.1 times the highest drive "
        "frequency of a measured matrix)",
    )
    group.add_argument("--mixing-order", type=whole, metavar="N", help="only those of at most this mixing order")
    group.add_argument(
        "--stop", type=float, nargs=2, action="append", metavar=("LOW", "HIGH"), help="leave out this band; repeatable"
    )
    group.add_argument(
        "--channels", type=int, nargs="+", metavar="N", help="only these receive channels, counted from 1"
    )
    group.add_argument(
        "--selection", metavar="FILE", help="the rows of an earlier reconstruction: its .mdf file, or a .json file"
    )
    group.add_argument(
        "--transfer-function",
        choices=("keep", "divide"),
        default="keep",
        help="divide matrix and measurement by the transfer function in their files (default: %(default)s)",
    )


def _add_frames(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("which frames")
    group.add_argument(
        "--frames", type=int, nargs=2, metavar=("FIRST", "LAST"), help="from FIRST to LAST, counted from 1"
    )
    group.add_argument(
        "--average",
        type=int,
        default=1,
        metavar="N",
        help="average N frames to one image; 0 averages all (default: %(default)s)",
    )
    group.add_argument(
        "--periods", type=int, nargs="+", metavar="N", help="only these periods of a frame, counted from 1"
    )
    group.add_argument("--average-periods", type=int, metavar="N", help="average N periods to one; 0 averages all")
    group.add_argument(
        "--patches", action="store_true", help="the periods of a frame are patches, shifted by their offset fields"
    )
    group.add_argument("--leakage", action="store_true", help="correct spectral leakage, of signals in time")
    group.add_argument(
        "--background",
        choices=("subtract", "mean", "interpolate", "keep"),
        default="subtract",
        help="where the files have background frames: subtract their mean, or their values interpolated in time, or "
        "keep the data as they are (default: %(default)s)",
    )
    group.add_argument("--force", action="store_true", help="although drive field or gradient of the files differ")


def _reconstruct(options: argparse.Namespace) -> int:
    from mpifast.io.mdf.reconstruct import draw_reconstruction, reconstruct_file, write_reconstruction
    from mpifast.networks.network_file import writable

    importlib.import_module("mpifast.plots")  # a missing extra is said before the work, not after it
    if options.nifti:
        importlib.import_module("mpifast.io.nifti")
    measurement = Path(options.measurement)
    stem = Path(options.out) if options.out else Path(f"{measurement.stem}-reconstruction")
    picture, file = stem.with_name(stem.name + ".png"), stem.with_name(stem.name + ".mdf")
    paths = [picture, file, *([stem.with_name(stem.name + ".nii.gz")] if options.nifti else [])]
    if file.resolve() in (measurement.resolve(), *(Path(matrix).resolve() for matrix in options.matrix)):
        raise ValueError(f"--out={options.out} would overwrite {file}: give another name")
    for path in paths:
        writable("--out", path)  # now, and not after the work
    found = reconstruct_file(measurement, options.matrix, options.solver, **_rows(options), **_chosen(options))
    if options.nifti and found.result.grid is None:
        raise ValueError(
            "--nifti needs to know where the voxels lie, and the matrix file does not say it: leave it out"
        )
    inherited = write_reconstruction(file, found)
    draw_reconstruction(picture, found, options.picture)
    if options.nifti:
        _write_nifti(paths[-1], found)
    if options.json:
        say_json(_summary(found, paths) | {"breaches": [breach._asdict() for breach in inherited]})
        return 0
    for line in _lines(found):
        say(line)
    say(", ".join(map(str, paths)))
    if inherited:
        places = f"{len(inherited)} places, as the measurement does"
        say(f"{file} departs from the format in {places}: mpifast mdf check {file}")
    return 0


def _rows(options: argparse.Namespace) -> dict[str, Any]:
    """How rows, frames and patches are chosen, as `reconstruct_file` takes it."""
    chosen = {
        "snr": "auto" if options.snr_threshold is None else options.snr_threshold,
        "band": "auto" if options.band is None else [None if math.isinf(edge) else edge for edge in options.band],
        "channels": options.channels,
        "mixing_order": options.mixing_order,
        "stop": options.stop,
        "snr_source": "compute" if options.recompute_snr else "auto",
        "transfer_function": options.transfer_function,
        "frames": _frames(options),
        "average": options.average,
        "leakage": options.leakage,
        "background": options.background,
        "force": options.force,
        "patches": options.patches,
    }
    if options.periods is not None:
        chosen["periods"] = [period - 1 for period in options.periods]
    if options.average_periods is not None:
        chosen["average_periods"] = options.average_periods
    if options.selection is not None:
        chosen |= {"selection": _selection(options.selection), "snr": None, "band": None}
    return chosen


def _chosen(options: argparse.Namespace) -> dict[str, Any]:
    """What the solver is told."""
    chosen: dict[str, Any] = {name: getattr(options, name) for name in OF_SOLVERS}
    if chosen["tolerance"] is not None and options.solver == "tsvd":
        chosen["choice"] = "tolerance"
    weights = options.weights
    chosen["weights"] = weights if weights in WEIGHTS else read_array("--weights", weights)
    return {name: value for name, value in chosen.items() if value is not None}


WEIGHTS = ("auto", "whitening", "energy", "none")


def _selection(path: str) -> Any:
    """The selection of rows that a file holds."""
    from mpifast.io.mdf.preparation.selected import Selection
    from mpifast.io.mdf.read import read_mdf

    if path.endswith(".json"):
        text = Path(path).read_text(encoding="utf-8")
    else:
        with read_mdf(path) as file:
            text = str(file["/reconstruction/_selection"])
    try:
        kept = json.loads(text)
        return Selection.from_dict(kept[0] if isinstance(kept, list) and kept else kept)
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"--selection={path!r} holds no selection of rows: {error}") from error


def _frames(options: argparse.Namespace) -> range | None:
    """The chosen frames counted from 0, checked here: the user counts from 1."""
    from mpifast import _validation as check
    from mpifast.io.mdf.read import read_mdf

    if options.frames is None:
        return None
    with read_mdf(options.measurement) as file:
        count = file.shape[0]
    first = check.integer("--frames FIRST", options.frames[0], low=1, high=count)
    last = check.integer("--frames LAST", options.frames[1], low=first, high=count)
    return range(first - 1, last)


def _lines(found: FileReconstruction) -> list[str]:
    """What was done, in a few lines."""
    voxels, equations = found.system.voxels, len(found.system.equations)
    lines = [
        f"{len(found.images)} images of {voxels} voxels by {found.solver} from {equations} equations, weights: "
        f"{found.weights}"
    ]
    for selection in found.selections:
        if len(selection) < selection.codes.size:
            lines += str(selection).splitlines()
    facts = found.result.facts()
    return [*lines, ", ".join(f"{name} {fact}" for name, fact in facts.items() if name != "solver")]


def _summary(found: FileReconstruction, paths: list[Path]) -> dict[str, Any]:
    result = found.result
    return {
        "images": len(found.images),
        "voxels": found.system.voxels,
        "equations": len(found.system.equations),
        "solver": found.solver,
        "weights": found.weights,
        "parameter": None if found.parameter is None else found.parameter.tolist(),
        "residual": found.residual.tolist(),
        "relative_residual": result.relative_residual.tolist(),
        "iterations": found.iterations.tolist(),
        "converged": found.converged.tolist(),
        "measure": result.measure.tolist(),
        "selections": [selection.to_dict()["settings"] for selection in found.selections],
        "files": [str(path) for path in paths],
    }


def _write_nifti(path: Path, found: FileReconstruction) -> None:
    """The images as frames of a NIfTI file; those of several tracers one after the other."""
    from mpifast.io.nifti import write_nifti

    grid = found.result.grid
    assert grid is not None
    write_nifti(path, found.result.images.reshape(-1, *grid.shape), grid)
