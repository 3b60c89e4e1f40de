"""``mpifast export``: a file of mpifast for other programs."""

from __future__ import annotations

import argparse
from pathlib import Path

from mpifast.cli._output import say, say_json
from mpifast.cli._values import whole

EXAMPLES = """examples:
  mpifast export net.npz net.onnx
  mpifast export data.h5 measurement.mdf --count 1000
  mpifast export system.mdf system.npy"""
TARGETS = {"network": ".onnx", "store": ".mdf", "mdf": ".npy"}
WORDS = "a network to .onnx, a store to .mdf, the matrix or the images of an MDF file to .npy"


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "export",
        help="convert a file for other programs: ONNX, MDF, NumPy",
        description="Convert a file for other programs: a network or checkpoint (.npz) to ONNX, its scaling inside; "
        "the samples of a store to an MDF measurement file with their phantoms; the system matrix (complex[rows, "
        "voxels]) or the images ([images, voxels, channels]) of an MDF file to a NumPy array.",
        epilog=EXAMPLES,
    )
    command.add_argument("source", metavar="FILE", help="network, store or MDF file")
    command.add_argument("out", metavar="OUT", help="file to write: .onnx, .mdf or .npy")
    command.add_argument("--start", type=whole, metavar="N", help="of a store: first sample (default: 0)")
    command.add_argument("--count", type=whole, metavar="N", help="of a store: number of samples (default: all)")
    command.add_argument("--json", action="store_true", help="print a JSON object with the file and what it is")
    command.set_defaults(run=_export)


def _export(options: argparse.Namespace) -> int:
    from mpifast.cli.info import kind_of
    from mpifast.networks.network_file import writable

    source, kind = Path(options.source), kind_of(Path(options.source))
    suffix = Path(options.out).suffix
    if TARGETS.get(kind) != suffix:
        raise ValueError(f"{source} cannot be exported to {options.out!r}: mpifast exports {WORDS}")
    path = writable("OUT", options.out)
    if path.resolve() == source.resolve():
        raise ValueError(f"{path} would overwrite itself: give another name")
    if kind != "store" and not options.start is options.count is None:
        raise ValueError("--start and --count choose samples of a store: leave them out")
    write = {"network": _to_onnx, "store": _to_mdf, "mdf": _to_array}[kind]
    what = write(source, path, options)
    if options.json:
        say_json({"file": str(path), "content": what})
    else:
        say(f"{path}: {what}")
    return 0


def _to_onnx(source: Path, path: Path, options: argparse.Namespace) -> str:
    import mpifast
    from mpifast.io import onnx

    network = mpifast.Network.load(source)
    onnx.export(network, path)
    return repr(network)


def _to_mdf(source: Path, path: Path, options: argparse.Namespace) -> str:
    import mpifast
    from mpifast import _validation as check

    stored = mpifast.open_spectra(source)
    start = check.integer("--start", options.start or 0, high=len(stored) - 1)
    rest = len(stored) - start
    count = check.integer("--count", rest if options.count is None else options.count, low=1, high=rest)
    u, c = stored[start : start + count]
    mpifast.write_mdf(path, u, stored.system, phantoms=c)
    return f"{count:,} spectra and phantoms of {source}"


def _to_array(source: Path, path: Path, options: argparse.Namespace) -> str:
    import numpy as np

    import mpifast
    from mpifast._files import replacing

    with mpifast.read_mdf(source) as file:
        if file.kind == "measurement":
            raise ValueError(f"{source} is a measurement file: mpifast exports {WORDS}")
        array = file.images() if file.kind == "reconstruction" else file.system().matrix
        what = "images" if file.kind == "reconstruction" else "system matrix"
    with replacing(path) as target:
        np.save(target, array, allow_pickle=False)
    return f"{what} {array.dtype.name}{list(array.shape)} of {source}"
