"""``mpifast generate``: spectra and phantoms by the million, on disk."""

from __future__ import annotations

import argparse

from mpifast.cli._output import say, say_json
from mpifast.cli._system import add_spectra, add_system, spectra_of
from mpifast.cli._values import whole

EXAMPLES = """examples:
  mpifast generate data.h5 --count 30000
  mpifast generate data.zarr --count 1e7 --snr-db 30 --diameter 35e-9
  mpifast generate data.h5 --count 30000 --matrix calibration.mdf --noise-from measurement.mdf
  mpifast generate data.h5 --count 1e4 --scanner lissajous --grid 20x20 --field-of-view 24e-3,24e-3"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "generate",
        help="write spectra and phantoms to a store",
        description="Stream spectra and their random binary phantoms into an HDF5 or zarr store. After an interruption "
        "the same command resumes, to the same bits.",
        epilog=EXAMPLES,
    )
    command.add_argument("out", metavar="STORE", help="store to write: .h5, .hdf5 or .zarr")
    command.add_argument(
        "--count", type=whole, required=True, metavar="N", help="number of samples, such as 30000 or 1e6"
    )
    command.add_argument("--compression", type=int, metavar="LEVEL", help="deflate, 1 to 9 (default: none)")
    add_system(command, matrix=True)
    add_spectra(command)
    command.add_argument("--json", action="store_true", help="print a JSON object with what was written")
    command.set_defaults(run=_generate)


def _generate(options: argparse.Namespace) -> int:
    import mpifast

    spectra = spectra_of(options)
    spectra.save(options.out, options.count, compression=options.compression)
    stored = mpifast.open_spectra(options.out)
    if options.json:
        say_json({"file": str(options.out), "count": len(stored), "fingerprint": stored.fingerprint})
    else:
        say(f"{options.out}: {len(stored):,} samples of {spectra}")
    return 0
