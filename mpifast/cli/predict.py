"""``mpifast predict``: images of stored spectra by a network."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mpifast.cli._output import say, say_json
from mpifast.cli._values import read_array, whole

if TYPE_CHECKING:
    import numpy as np

    from mpifast.networks.network import Network

EXAMPLES = """examples:
  mpifast predict net.npz data.h5 --start 30000 --count 1000 --out images.npy
  mpifast predict net.npz spectra.npy --json"""
BATCH = 16_384  # samples read and predicted together


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "predict",
        help="images of spectra by a network",
        description="Reconstruct the spectra of a store, of an array or of a measurement file that mpifast wrote with "
        "a network, and write the images as a NumPy array [samples, voxels]. For a store the mean squared error to its "
        "phantoms is printed. Measurements of a scanner need a system matrix as well: `mpifast reconstruct`.",
        epilog=EXAMPLES,
    )
    command.add_argument("network", metavar="NETWORK", help="network or checkpoint, .npz")
    command.add_argument(
        "data", metavar="DATA", help="store (.h5, .zarr), array [samples, inputs] (.npy), or measurement (.mdf)"
    )
    command.add_argument("--out", metavar="FILE", help="file to write, .npy (default: DATA-images.npy, here)")
    command.add_argument("--start", type=whole, default=0, metavar="N", help="first sample (default: %(default)s)")
    command.add_argument("--count", type=whole, metavar="N", help="number of samples (default: all from there)")
    command.add_argument("--threads", type=int, metavar="N", help="number of threads (default: all)")
    command.add_argument("--json", action="store_true", help="print a JSON object with file, sizes and errors")
    command.set_defaults(run=_predict)


def _predict(options: argparse.Namespace) -> int:
    import numpy as np

    import mpifast
    from mpifast import _validation as check
    from mpifast._files import replacing
    from mpifast._progress import tqdm
    from mpifast.networks.network_file import writable

    out = options.out if options.out is not None else f"{Path(options.data).stem}-images.npy"
    check.choice("the suffix of --out", Path(out).suffix, (".npy",))
    path = writable("--out", out)
    if path.resolve() == Path(options.data).resolve():
        raise ValueError(f"--out={out} would overwrite {options.data}: give another name")
    network = mpifast.Network.load(options.network)
    samples = _samples(options, network)
    start = check.integer("--start", options.start, high=len(samples))
    count = check.integer("--count", _or(options.count, len(samples) - start), high=len(samples) - start)
    header = {"descr": network.dtype.str, "fortran_order": False, "shape": (count, network.outputs)}
    squares, known = 0.0, 0
    with replacing(path) as file, tqdm(total=count, unit="spectra", unit_scale=True, delay=2, disable=None) as bar:
        np.lib.format.write_array_header_1_0(file, header)
        for u, c in _batches(samples, start, start + count):
            images = network.predict(u, threads=options.threads)
            file.write(images.tobytes())
            if c is not None and len(c):
                squares, known = squares + mpifast.metrics.mse(images, c) * len(images), known + len(images)
            bar.update(len(images))
    error = squares / known if known else None
    if options.json:
        say_json({"file": str(path), "images": count, "voxels": network.outputs, "mse": error})
    else:
        behind = "" if error is None else f", MSE {error:.3g}"
        say(f"{path}: {count:,} images of {network.outputs} voxels by {options.network}{behind}")
    return 0


def _samples(options: argparse.Namespace, network: Network) -> Any:
    """Spectra as an array, or a store with spectra and phantoms; an error if they are of another system."""
    import mpifast
    from mpifast.cli.info import kind_of

    kind, origin = kind_of(Path(options.data)), None
    samples: Any
    if kind == "store":
        samples = mpifast.open_spectra(options.data)
        origin = samples.fingerprint
    elif kind == "array":
        samples = read_array("DATA", options.data)
    elif kind == "mdf":
        with mpifast.read_mdf(options.data) as file:
            origin = file.get("/_mpifast/system")
            if file.kind != "measurement" or not isinstance(origin, str):
                raise ValueError(
                    f"{options.data} is no measurement file of mpifast: for a scanner's use mpifast reconstruct "
                    f"{options.data} --matrix FILE --solver {options.network}"
                )
            samples = file.spectra()
    else:
        raise ValueError(f"{options.data} holds no spectra: give a store, an array (.npy) or a measurement file (.mdf)")
    if network.system is not None and origin is not None and network.system != origin:
        raise ValueError(
            f"{options.network} was trained for the system {network.system}, {options.data} is of {origin}: use its "
            "own network"
        )
    return samples


def _batches(samples: Any, start: int, stop: int) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Spectra and phantoms, or None where these are not known; one batch at least, whose shape is checked."""
    import numpy as np

    for first in range(start, max(stop, start + 1), BATCH):
        part = samples[first : min(first + BATCH, stop)]
        yield (part, None) if isinstance(samples, np.ndarray) else part


def _or(value: int | None, default: int) -> int:
    return default if value is None else value
