"""``mpifast reconstruct``: images of a measurement file, as a picture and as an MDF file."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path
from typing import Any

from mpifast.cli._output import say, say_json
from mpifast.cli._system import SOLVERS, add_band, band_of
from mpifast.cli._values import read_array, whole

EXAMPLES = """examples:
  mpifast reconstruct measurement.mdf --matrix system.mdf --out images
  mpifast reconstruct measurement.mdf --matrix system.mdf --solver tikhonov --alpha 1e-3 --relative
  mpifast reconstruct measurement.mdf --matrix system.mdf --solver net.npz --average 0"""

OF_SOLVERS = ("alpha", "relative", "rank", "iterations", "tolerance", "weights", "nonnegative")


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "reconstruct",
        help="reconstruct a measurement (MDF) with a system matrix (MDF)",
        description="Reconstruct the frames of an MDF measurement file with the system matrix of a calibration file. "
        "Writes a PNG and an MDF reconstruction file.",
        epilog=EXAMPLES,
    )
    command.add_argument("measurement", metavar="MEASUREMENT", help="MDF file with measured frames")
    command.add_argument("--matrix", required=True, metavar="FILE", help="MDF file with the system matrix")
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
    solver = command.add_argument_group("of the solvers, chosen by themselves where not given")
    solver.add_argument("--alpha", type=float, metavar="A", help="strength of the regularisation: all but tsvd")
    solver.add_argument(
        "--relative",
        action="store_true",
        default=None,
        help="--alpha is a multiple of ||S||_F^2 / voxels, as in MPIReco.jl: all but tsvd",
    )
    solver.add_argument("--rank", type=whole, metavar="N", help="singular values kept: tsvd")
    solver.add_argument("--iterations", type=whole, metavar="N", help="most iterations: kaczmarz, sparse")
    solver.add_argument(
        "--tolerance",
        type=float,
        metavar="T",
        help="when an image is done: kaczmarz (error over its norm), sparse (change in a step over its norm); tsvd: "
        "singular values below this part of the largest are left out",
    )
    solver.add_argument(
        "--weights",
        metavar="WEIGHTS",
        help="weights of the equations: energy, or a .npy file with one for each chosen frequency: kaczmarz",
    )
    solver.add_argument("--nonnegative", action="store_true", default=None, help="no negative values: kaczmarz, sparse")
    rows = command.add_argument_group("which frequencies")
    rows.add_argument(
        "--snr-threshold",
        type=float,
        metavar="RATIO",
        help="only those with at least this signal-to-noise ratio in the matrix file",
    )
    add_band(rows)
    rows.add_argument(
        "--channels", type=int, nargs="+", metavar="N", help="only these receive channels, counted from 1"
    )
    frames = command.add_argument_group("which frames")
    frames.add_argument(
        "--frames", type=int, nargs=2, metavar=("FIRST", "LAST"), help="from FIRST to LAST, counted from 1"
    )
    frames.add_argument(
        "--average",
        type=int,
        default=1,
        metavar="N",
        help="average N frames to one image; 0 averages all (default: %(default)s)",
    )
    frames.add_argument(
        "--background",
        choices=("subtract", "interpolate", "keep"),
        default="subtract",
        help="where the files have background frames: subtract their mean, or their values interpolated in time, or "
        "keep the data as they are (default: %(default)s)",
    )
    command.add_argument(
        "--json",
        action="store_true",
        help="print a JSON object with sizes, parameters, residuals, convergence and the files written",
    )
    command.set_defaults(run=_reconstruct)


def _reconstruct(options: argparse.Namespace) -> int:
    from mpifast.io.mdf.reconstruct import draw_reconstruction, reconstruct_file, write_reconstruction
    from mpifast.networks.network_file import writable

    importlib.import_module("mpifast.plots")  # a missing extra is said before the work, not after it
    measurement = Path(options.measurement)
    stem = Path(options.out) if options.out else Path(f"{measurement.stem}-reconstruction")
    picture, file = stem.with_name(stem.name + ".png"), stem.with_name(stem.name + ".mdf")
    if file.resolve() in (measurement.resolve(), Path(options.matrix).resolve()):
        raise ValueError(f"--out={options.out} would overwrite {file}: give another name")
    for path in (picture, file):
        writable("--out", path)  # now, and not after the work
    chosen: dict[str, Any] = {name: getattr(options, name) for name in OF_SOLVERS}
    if chosen["tolerance"] is not None and options.solver == "tsvd":
        chosen["choice"] = "tolerance"
    if chosen["weights"] not in (None, "energy"):
        chosen["weights"] = read_array("--weights", chosen["weights"])
    found = reconstruct_file(
        measurement,
        options.matrix,
        options.solver,
        snr_threshold=options.snr_threshold,
        band=band_of(options),
        channels=options.channels,
        frames=_frames(options),
        average=options.average,
        background=options.background,
        **{name: value for name, value in chosen.items() if value is not None},
    )
    inherited = write_reconstruction(file, found)
    draw_reconstruction(picture, found)
    rows, voxels = found.system.real.shape
    if options.json:
        summary = {
            "images": len(found.images),
            "voxels": voxels,
            "equations": rows,
            "solver": found.solver,
            "parameter": None if found.parameter is None else found.parameter.tolist(),
            "residual": found.residual.tolist(),
            "iterations": None if found.iterations is None else found.iterations.tolist(),
            "converged": None if found.converged is None else found.converged.tolist(),
            "files": [str(picture), str(file)],
            "breaches": [breach._asdict() for breach in inherited],
        }
        say_json(summary)
        return 0
    say(f"{len(found.images)} images of {voxels} voxels by {found.solver} from {rows} equations: {picture}, {file}")
    if inherited:
        places = f"{len(inherited)} places, as the measurement does"
        say(f"{file} departs from the format in {places}: mpifast mdf check {file}")
    return 0


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
