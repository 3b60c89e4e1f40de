"""``mpifast reconstruct``: images of a measurement file, as a picture and as an MDF file."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import warnings
from pathlib import Path
from typing import Any

EXAMPLES = """examples:
  mpifast reconstruct measurement.mdf --matrix system.mdf --out images
  mpifast reconstruct measurement.mdf --matrix system.mdf --solver tikhonov --alpha 1e-3 --relative --band 80e3 625e3
  mpifast reconstruct measurement.mdf --matrix system.mdf --solver net.npz --average 0"""

OF_SOLVERS = ("alpha", "relative", "rank", "iterations", "tolerance", "nonnegative")


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "reconstruct",
        help="reconstruct a measurement (MDF) with a system matrix (MDF)",
        description="Reconstruct the frames of an MDF measurement file with the system matrix of a calibration file. "
        "Writes a PNG and an MDF reconstruction file.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("measurement", metavar="MEASUREMENT", help="MDF file with measured frames")
    command.add_argument("--matrix", required=True, metavar="FILE", help="MDF file with the system matrix")
    command.add_argument(
        "--solver",
        default="kaczmarz",
        help="kaczmarz, tikhonov, tsvd, sparse or the .npz file of a network (default: %(default)s)",
    )
    command.add_argument(
        "--out",
        metavar="NAME",
        help="write NAME.png and NAME.mdf (default: the measurement's name and -reconstruction, here)",
    )
    solver = command.add_argument_group("of the solvers, chosen by themselves where not given")
    solver.add_argument("--alpha", type=float, help="strength of the regularisation: kaczmarz, tikhonov, sparse")
    solver.add_argument(
        "--relative",
        action="store_true",
        default=None,
        help="--alpha is a multiple of ||S||_F^2 / voxels, as in MPIReco.jl: kaczmarz, tikhonov, sparse",
    )
    solver.add_argument("--rank", type=int, help="singular values kept: tsvd")
    solver.add_argument("--iterations", type=int, help="most iterations: kaczmarz, sparse")
    solver.add_argument(
        "--tolerance",
        type=float,
        help="when an image is done: kaczmarz (error over its norm), sparse (change in a step over its norm)",
    )
    solver.add_argument("--nonnegative", action="store_true", default=None, help="no negative values: kaczmarz, sparse")
    rows = command.add_argument_group("which frequencies")
    rows.add_argument(
        "--snr-threshold",
        type=float,
        metavar="RATIO",
        help="only those with at least this signal-to-noise ratio in the matrix file",
    )
    rows.add_argument(
        "--band", type=float, nargs=2, metavar=("LOW", "HIGH"), help="only those within LOW to HIGH hertz"
    )
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
        choices=("subtract", "keep"),
        default="subtract",
        help="what to do with its frames (default: %(default)s)",
    )
    command.add_argument(
        "--json",
        action="store_true",
        help="print a JSON object with sizes, parameters, residuals, convergence and the files written",
    )
    command.set_defaults(run=_reconstruct)


def _reconstruct(options: argparse.Namespace) -> int:
    from mpifast import _validation as check
    from mpifast.io.mdf.reconstruct import draw_reconstruction, reconstruct_file, write_reconstruction

    importlib.import_module("mpifast.plots")  # a missing extra is said before the work, not after it
    measurement = Path(options.measurement)
    stem = Path(options.out) if options.out else Path(f"{measurement.stem}-reconstruction")
    picture, file = stem.with_name(stem.name + ".png"), stem.with_name(stem.name + ".mdf")
    if file.resolve() in (measurement.resolve(), Path(options.matrix).resolve()):
        raise ValueError(f"--out={options.out} would overwrite {file}: give another name")
    frames = None
    if options.frames:
        first, last = (check.integer("--frames", number, low=1) for number in options.frames)
        frames = range(first - 1, last)
    chosen: dict[str, Any] = {name: getattr(options, name) for name in OF_SOLVERS}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = reconstruct_file(
            measurement,
            options.matrix,
            options.solver,
            snr_threshold=options.snr_threshold,
            band=options.band,
            channels=options.channels,
            frames=frames,
            average=options.average,
            background=options.background,
            **{name: value for name, value in chosen.items() if value is not None},
        )
    for warning in caught:
        print(f"mpifast: warning: {warning.message}", file=sys.stderr)
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
        print(json.dumps(summary, indent=2))
        return 0
    print(f"{len(found.images)} images of {voxels} voxels by {found.solver} from {rows} equations: {picture}, {file}")
    if inherited:
        places = f"{len(inherited)} places, as the measurement does"
        print(f"{file} departs from the format in {places}: mpifast mdf check {file}")
    return 0
