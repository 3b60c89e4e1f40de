"""``mpifast matrix``: a system matrix as a file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mpifast.cli._output import say, say_json
from mpifast.cli._system import add_system, computed_system

if TYPE_CHECKING:
    from mpifast.physics.linear_system import LinearSystem

EXAMPLES = """examples:
  mpifast matrix system.mdf
  mpifast matrix system.npy --diameter 30e-9 --voxels 257
  mpifast matrix fine.mdf --harmonics 1000 --tolerance 1e-9
  mpifast matrix xy.mdf --scanner lissajous --grid 40x40 --field-of-view 24e-3,24e-3 --level 1e-3
  mpifast matrix line.mdf --scanner field-free-line --grid 40x40 --field-of-view 24e-3,24e-3"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "matrix",
        help="compute a system matrix",
        description="Compute the system matrix of a scanner and a Langevin particle, and write it: an MDF calibration "
        "file (.mdf), or its real equations float64[equations, voxels] (.npy).",
        epilog=EXAMPLES,
    )
    command.add_argument("out", metavar="FILE", help="file to write, .mdf or .npy")
    add_system(command)
    command.add_argument(
        "--json",
        action="store_true",
        help="print a JSON object with shape and fingerprint, and the condition number of 1d",
    )
    command.set_defaults(run=_matrix)


def _matrix(options: argparse.Namespace) -> int:
    import numpy as np

    from mpifast import _validation as check
    from mpifast._files import replacing
    from mpifast.networks.network_file import writable
    from mpifast.physics.system_matrix import SystemMatrix

    check.choice("the suffix of FILE", Path(options.out).suffix, (".mdf", ".npy"))
    path = writable("FILE", options.out)
    system = computed_system(options)
    if path.suffix == ".mdf":
        from mpifast.io.mdf.write import write_mdf

        write_mdf(path, system)
    else:
        with replacing(path) as file:
            np.save(file, system.real, allow_pickle=False)
    facts = {"file": str(path), **_size(system)}
    if options.json:
        say_json({**facts, "fingerprint": system.fingerprint})
        return 0
    words = f"{len(system.rows)} rows, grid {' x '.join(map(str, system.grid.shape))}" if system.grid else ""
    if isinstance(system, SystemMatrix):
        words = (
            f"{system.harmonics} harmonics, {system.voxels} voxels, condition number {facts['condition_number']:.2g}"
        )
    say(f"{path}: {words}, fingerprint {system.fingerprint}")
    return 0


def _size(system: LinearSystem) -> dict[str, Any]:
    """How large a system is, and how well conditioned where that does not take long."""
    from mpifast import analysis
    from mpifast.physics.system_matrix import SystemMatrix

    if isinstance(system, SystemMatrix):
        found = {"harmonics": system.harmonics, "voxels": system.voxels, "nodes": system.nodes}
        return {**found, "condition_number": analysis.condition_number(system.real)}
    found = {"rows": len(system.rows), "equations": len(system.equations), "voxels": system.voxels}
    return {**found, "grid": list(system.grid.shape) if system.grid else None}
