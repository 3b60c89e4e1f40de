"""``mpifast matrix``: a system matrix as a file."""

from __future__ import annotations

import argparse
from pathlib import Path

from mpifast.cli._output import say, say_json
from mpifast.cli._system import add_system, computed_system

EXAMPLES = """examples:
  mpifast matrix system.mdf
  mpifast matrix system.npy --diameter 30e-9 --voxels 257
  mpifast matrix fine.mdf --harmonics 1000 --tolerance 1e-9"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "matrix",
        help="compute a system matrix",
        description="Compute the system matrix of a Langevin particle under a cosine drive, and write it: an MDF "
        "calibration file (.mdf), or its real form float64[harmonics, voxels] (.npy).",
        epilog=EXAMPLES,
    )
    command.add_argument("out", metavar="FILE", help="file to write, .mdf or .npy")
    add_system(command)
    command.add_argument(
        "--json", action="store_true", help="print a JSON object with shape, condition number and fingerprint"
    )
    command.set_defaults(run=_matrix)


def _matrix(options: argparse.Namespace) -> int:
    import numpy as np

    from mpifast import _validation as check
    from mpifast import analysis
    from mpifast._files import replacing
    from mpifast.networks.network_file import writable

    check.choice("the suffix of FILE", Path(options.out).suffix, (".mdf", ".npy"))
    path = writable("FILE", options.out)
    system = computed_system(options)
    if path.suffix == ".mdf":
        from mpifast.io.mdf.write import write_mdf

        write_mdf(path, system)
    else:
        with replacing(path) as file:
            np.save(file, system.real, allow_pickle=False)
    condition = analysis.condition_number(system.real)
    facts = {"file": str(path), "harmonics": system.harmonics, "voxels": system.voxels, "nodes": system.nodes}
    if options.json:
        say_json({**facts, "condition_number": condition, "fingerprint": system.fingerprint})
    else:
        say(
            f"{path}: {system.harmonics} harmonics, {system.voxels} voxels, condition number {condition:.2g}, "
            f"fingerprint {system.fingerprint}"
        )
    return 0
