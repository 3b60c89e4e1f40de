"""``mpifast info``: what a file is, and what it says of itself."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mpifast.cli._output import complain, one_line, say, say_json
from mpifast.cli._values import read_array

EXAMPLES = """examples:
  mpifast info data.h5
  mpifast info net.npz system.mdf results --json"""
HDF5, ZIP, NUMPY = b"\x89HDF\r\n\x1a\n", b"PK\x03\x04", b"\x93NUMPY"
LONGEST = 64  # values of a dataset that are shown
MDF_ENDINGS = (".mdf", ".hdf", ".h5")
OF_MDF = {
    "study": "/study/name",
    "experiment": "/experiment/name",
    "subject": "/experiment/subject",
    "scanner": "/scanner/name",
    "scanner_type": "/_mpifast/scanner/type",
    "topology": "/scanner/topology",
    "tracer": "/tracer/name",
    "particle": "/tracer/_particle",
    "gradient": "/acquisition/gradient",
    "drive_field": "/acquisition/drivefield/strength",
    "divider": "/acquisition/drivefield/divider",
    "period_s": "/acquisition/drivefield/cycle",
    "bandwidth_hz": "/acquisition/receiver/bandwidth",
    "grid": "/calibration/size",
    "field_of_view": "/calibration/fieldOfView",
    "solver": "/reconstruction/_solver",
    "fingerprint": "/_mpifast/system",
}


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "info",
        help="say what a file is: sizes, settings, fingerprint",
        description="Say what files are and what they say of themselves: a store of spectra (.h5, .zarr), a network or "
        "checkpoint (.npz), an MDF file (.mdf), an array (.npy), or the results of `mpifast reproduce` (results.json "
        "or their folder). The content decides, not the name. Files with the same fingerprint are of the same system.",
        epilog=EXAMPLES,
    )
    command.add_argument("files", nargs="+", metavar="FILE", help="files or zarr folders")
    command.add_argument("--json", action="store_true", help="print a JSON object: for each file what is known")
    command.set_defaults(run=_info)


def _info(options: argparse.Namespace) -> int:
    found: dict[str, dict[str, Any]] = {}
    for path in options.files:  # all of them, whatever is wrong with one
        try:
            found[path] = describe(Path(path))
        except (OSError, ValueError) as error:
            found[path] = {"error": one_line(error)}
            complain(f"error: {found[path]['error']}")
    if options.json:
        say_json(found)
    else:
        say("\n".join(_text(path, facts) for path, facts in found.items() if "error" not in facts))
    return 2 if any("error" in facts for facts in found.values()) else 0


def kind_of(path: Path) -> str:
    """What a file is by its first bytes: "store", "network", "mdf", "array" or "results".

    Raises
    ------
    OSError
        If it cannot be opened.
    ValueError
        If it is something else.
    """
    if path.is_dir():
        inside = {"zarr.json": "store", "results.json": "results"}
        found = next((kind for name, kind in inside.items() if (path / name).is_file()), "")
    else:
        with open(path, "rb") as file:
            start = file.read(8)
        starts = {HDF5: "mdf", ZIP: "network", NUMPY: "array"}
        found = next((kind for magic, kind in starts.items() if start.startswith(magic)), "")
        if found == "mdf" and _is_store(path):
            found = "store"
        found = found or ("results" if path.suffix == ".json" else "mdf" if path.suffix in MDF_ENDINGS else "")
    if not found:
        raise ValueError(
            f"{path} is no file that mpifast knows: give a store (.h5, .zarr), a network or checkpoint (.npz), an MDF "
            "file (.mdf), an array (.npy) or results.json"
        )
    return found


def describe(path: Path) -> dict[str, Any]:
    """All that a file says of itself, as JSON has it; ``kind`` comes first."""
    kinds = {"store": _store, "network": _network, "mdf": _mdf, "array": _array, "results": _results}
    facts: dict[str, Any] = kinds[kind_of(path)](path)
    parts = [path] if path.is_file() else [part for part in path.rglob("*") if part.is_file()]
    return facts | {"bytes": sum(part.stat().st_size for part in parts)}


def _is_store(path: Path) -> bool:
    from mpifast.io.hdf5.reader import File

    with File(path) as file:
        return file.is_dataset("/checksums") and file.is_dataset("/spectra")


def _store(path: Path) -> dict[str, Any]:
    import mpifast
    from mpifast.io.store.labels import read_labels
    from mpifast.io.store.reader import describe as describe_store

    facts = {"kind": "store of spectra and phantoms", **mpifast.open_spectra(path).settings}
    labels = {name: array.values for name, array in read_labels(path, describe_store(path)[0]).items()}
    if "channel" in labels and "number" in labels:
        facts["rows"] = _rows(labels["channel"], labels["number"], labels.get("frequency"))
    return facts


def _network(path: Path) -> dict[str, Any]:
    from mpifast.networks import network_file
    from mpifast.networks.network import Network

    state, training = network_file.read(path)
    network = Network.from_state(state)
    facts = {
        "kind": "network" if training is None else "checkpoint of a training",
        **state.architecture.settings,
        "weights": sum(weights.size for weights in network.weights),
        "epochs_trained": network.epochs_trained,
        "fingerprint": network.system,
    }
    if state.rows is not None:
        facts["rows"] = _rows(state.rows["channel"], state.rows["number"])
    if training is not None:
        last = state.records[-1] if state.records else None
        facts["training"] = {name: value for name, value in training.items() if name not in facts}
        facts["train_mse"] = None if last is None else last.train_mse
        facts["validation_mse"] = None if last is None else last.validation_mse
    return facts


def _mdf(path: Path) -> dict[str, Any]:
    import numpy as np

    import mpifast
    from mpifast.io.mdf.selection import HARMONICS, ROWS, rows_of

    with mpifast.read_mdf(path) as file:
        facts: dict[str, Any] = {"kind": f"MDF {file.kind} file", "version": file.version}
        if file.kind == "reconstruction":
            facts |= dict(zip(("images", "voxels", "channels"), file.images().shape, strict=True))
        else:
            values = "frequencies" if file.data.fourier else "samples"
            facts |= dict(zip(("frames", "periods", "channels", values), file.shape, strict=True))
            facts["background_frames"] = int(file.is_background.sum())
            if ROWS in file or HARMONICS in file:
                _, channel, k = np.unravel_index(rows_of(file), (*file.shape[1:3], len(file.data.bins)))
                facts["rows"] = _rows(channel, file.data.bins[k], file.frequencies[k])
        found = {name: _plain(file.get(dataset)) for name, dataset in OF_MDF.items()}
    return facts | {name: value for name, value in found.items() if value is not None}


def _array(path: Path) -> dict[str, Any]:
    array = read_array("FILE", str(path))
    return {"kind": "array", "shape": list(array.shape), "dtype": array.dtype.name}


def _results(path: Path) -> dict[str, Any]:
    from mpifast.paper import records

    path = path / "results.json" if path.is_dir() else path
    found = records.read(path)
    return {
        "kind": "results of mpifast reproduce",
        "version": sorted({str(record.settings.get("version")) for record in found}),
        "numbers": dict(Counter(record.figure for record in found)),
        "verdicts": dict(Counter(records.verdict(record).split(":")[0] for record in found)),
        "quick": sorted({bool(record.settings.get("quick")) for record in found}),
        "seed": sorted({int(record.settings.get("seed", 0)) for record in found}),
    }


def _rows(channel: Any, number: Any, frequency: Any = None) -> dict[str, Any]:
    """How many rows of which channels, and the lowest and the highest of their frequencies."""
    import numpy as np

    found = {
        "count": len(np.unique(np.stack([channel, number]), axis=1).T),
        "channels": np.unique(channel).tolist(),
        "numbers": [int(np.min(number)), int(np.max(number))],
    }
    return found if frequency is None else {**found, "hertz": [float(np.min(frequency)), float(np.max(frequency))]}


def _plain(value: Any) -> Any:
    """A dataset as JSON has it; of a long one only its size."""
    import numpy as np

    array = np.asarray(value)
    return array.tolist() if array.size <= LONGEST else f"{array.size} values"


def _text(path: str, facts: dict[str, Any]) -> str:
    """What is known of a file, for people."""
    lines = list(_lines({name: value for name, value in facts.items() if name != "kind"}))
    width = max(len(name) for name, _ in lines)
    return "\n".join([f"{path}: {facts['kind']}", *(f"  {name:<{width}}  {value}" for name, value in lines)])


def _lines(facts: dict[str, Any], within: str = "") -> Iterator[tuple[str, str]]:
    """Names and values for people, those of an object by its name and theirs."""
    for name, value in facts.items():
        if isinstance(value, dict) and value:
            yield from _lines(value, f"{within}{name}.")
        elif isinstance(value, list):
            yield f"{within}{name}", ", ".join(map(str, value)) if value else "none"
        else:
            yield f"{within}{name}", "unknown" if value is None else str(value)
