"""Which rows of a calibration file become a system, and why the others do not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.io.mdf.data import MdfData
from mpifast.io.mdf.preparation.receive_chain import TREATED, factors_of
from mpifast.io.mdf.preparation.selected import REASONS, Selection
from mpifast.io.mdf.preparation.snr import computed_snr
from mpifast.io.mdf.selection import rows_of
from mpifast.physics.fields.frequencies import mixing_orders
from mpifast.physics.receive.stop_bands import inside
from mpifast.physics.row_labels import nearest

SNR = "/calibration/snr"
SOURCES = ("auto", "file", "compute")
DRIVE = "/acquisition/drivefield"
WHOLE = 1e-6  # how near a drive frequency times the period is to a whole number


@np.errstate(all="ignore")  # a damaged file may hold anything
def choose(
    file: MdfData,
    snr: Any = None,
    band: Any = None,
    channels: Any = None,
    mixing_order: Any = None,
    stop: Any = None,
    snr_source: str = "auto",
    transfer_function: str = "keep",
    induction_factor: str = "keep",
    defects: bool = False,
) -> Selection:
    """See `mpifast.io.mdf.read.MdfFile.select`."""
    if file.kind != "calibration":
        raise ValueError(f"{file.path} has no system matrix: it is a {file.kind} file; give a calibration file")
    check.choice("snr_source", snr_source, SOURCES)
    check.choice("transfer_function", transfer_function, TREATED)
    check.choice("induction_factor", induction_factor, TREATED)
    shape = (file.shape[1], file.shape[2], len(file.data.bins))
    codes: np.ndarray = np.full(shape, REASONS.index("no row"), np.uint8)
    codes.reshape(-1)[rows_of(file)] = 0
    settings: dict[str, Any] = {}

    def leave_out(reason: str, rows: Any) -> None:
        codes[np.broadcast_to(rows, shape) & (codes == 0)] = REASONS.index(reason)

    if channels is not None:
        settings["channels"] = [
            check.integer("channels", channel, low=0, high=shape[1] - 1)
            for channel in check.sequence("channels", channels)
        ]
        leave_out("channel", ~np.isin(np.arange(shape[1]), settings["channels"])[:, None])
    if band is not None:
        settings["band"] = low, high = _edges(band)
        leave_out("below the band", file.frequencies < (-np.inf if low is None else low))
        leave_out("above the band", file.frequencies > (np.inf if high is None else high))
    if stop is not None:
        stop = check.sequence("stop", stop)
        leave_out("stop band", inside(file.frequencies, stop))
        settings["stop"] = [[float(edge) for edge in edges] for edges in stop]
    if mixing_order is not None:
        settings["mixing_order"] = check.integer("mixing_order", mixing_order, low=0, high=64)
        leave_out("mixing order", ~_mixed(file, settings["mixing_order"]))
    if snr is not None:
        settings["snr"] = check.number("snr", snr, low=0.0)
        settings["snr_source"] = "compute" if snr_source == "compute" else "file" if SNR in file else snr_source
        ratios = _ratios(file, settings["snr_source"], settings["snr"])
        leave_out("no SNR", np.isnan(ratios))
        leave_out("SNR", ratios < settings["snr"])
    if "divide" in (transfer_function, induction_factor):
        settings |= {"transfer_function": transfer_function, "induction_factor": induction_factor}
        factors = factors_of(file, np.arange(codes.size), transfer_function, induction_factor)
        if factors is not None:
            leave_out("zero factor", ~np.isfinite(1.0 / factors).reshape(shape))
    if check.flag("defects", defects):
        settings["defects"] = True
        _leave_out_defects(file, codes)
    return Selection(codes, file.data.bins, _spacing(file), settings)


def _edges(band: Any) -> list[float | None]:
    edges = check.sequence("band", band)
    if len(edges) != 2:
        raise ValueError(f"band={band!r}: give the lowest and the highest frequency, or None for no bound")
    return [None if edge is None else check.number("band", edge, low=0.0, unit="Hz") for edge in edges]


def _spacing(file: MdfData) -> float:
    """The distance of the frequencies, hertz."""
    return 2.0 * file.number("/acquisition/receiver/bandwidth") / file.data.points


def _ratios(file: MdfData, source: str, threshold: float) -> np.ndarray:
    """Signal-to-noise ratios, float64[periods, channels, K]."""
    if source == "file" and SNR not in file:
        raise ValueError(f"{file.path} has no {SNR}: leave out snr={threshold:g}, or snr_source='compute'")
    if source != "file":
        return computed_snr(file)
    found, expected = np.asarray(file[SNR]), (file.shape[1], file.shape[2], len(file.data.bins))
    if found.shape != expected:
        raise ValueError(f"{file.path}: {SNR} has the shape {list(found.shape)}, expected {list(expected)}")
    return found


def _mixed(file: MdfData, order: int) -> np.ndarray:
    """Which frequencies a mixing order of at most ``order`` gives, bool[K]."""
    names = ("strength", "divider", "baseFrequency")
    strength, divider, base = (np.asarray(file.get(f"{DRIVE}/{name}", np.empty(0)), np.float64) for name in names)
    if strength.ndim != 3 or divider.shape != strength.shape[1:] or base.size != 1 or not (divider > 0.0).all():
        raise ValueError(f"{file.path}: strength, divider and baseFrequency of {DRIVE} do not fit each other")
    driven = divider[(strength != 0.0).any(axis=0)]
    multiples = float(base) / driven / _spacing(file)
    whole = np.round(multiples)
    if not 1 <= len(driven) <= 3 or not (np.abs(multiples - whole) < WHOLE * whole).all() or whole.max() > 2**31:
        raise ValueError(
            f"{file.path}: mixing_order needs one to three drive frequencies that are multiples of the reciprocal"
            f" period, it has {multiples[:3].tolist()} times that: leave out mixing_order"
        )
    found = mixing_orders(whole.astype(np.int64).tolist(), file.data.bins, order)
    return np.array([len(orders) > 0 for orders in found], bool)


def _leave_out_defects(file: MdfData, codes: np.ndarray) -> None:
    """Rows that are zero or not finite, which only their data tell."""
    mask, frames = codes == 0, np.flatnonzero(~file.is_background)
    flat = np.flatnonzero(mask)
    for first, block in file.data.by_rows(mask):
        rows, numbers = flat[first : first + len(block)], block if frames.size == block.shape[1] else block[:, frames]
        finite = np.isfinite(numbers).all(axis=1) & np.isfinite(block).all(axis=1)
        codes.reshape(-1)[rows[~numbers.any(axis=1)]] = REASONS.index("zero")
        codes.reshape(-1)[rows[~finite]] = REASONS.index("not finite")


def applied(selection: Selection, file: MdfData) -> np.ndarray:
    """The rows of a selection, made of this file or another one, in a file: bool[periods, channels, K].

    Raises
    ------
    ValueError
        If the file has other periods, channels or frequencies.
    """
    shape = (file.shape[1], file.shape[2], len(file.data.bins))
    if selection.codes.shape[:2] != shape[:2] or not np.isclose(selection.spacing, _spacing(file), rtol=1e-6, atol=0):
        periods, channels = selection.codes.shape[:2]
        raise ValueError(
            f"the selection does not fit {file.path.name}: it is of {periods} periods, {channels} channels and"
            f" multiples of {selection.spacing:g} Hz, the file of {shape[0]}, {shape[1]} and {_spacing(file):g} Hz;"
            " select again"
        )
    place = nearest(file.data.bins, selection.numbers)
    there, wanted = file.data.bins[place] == selection.numbers, selection.codes == 0
    missing = selection.numbers[wanted.any(axis=(0, 1)) & ~there]
    if missing.size:
        raise ValueError(
            f"the selection does not fit {file.path.name}: it has no frequency number {missing[0]}; select again"
        )
    mask = np.zeros(shape, bool)
    mask[:, :, place[there]] = wanted[:, :, there]
    return mask


def shown(options: Sequence[tuple[str, Any]]) -> str:
    """Options that are given, for an error."""
    return ", ".join(f"{name}={value}" for name, value in options if value is not None) or "the whole file"
