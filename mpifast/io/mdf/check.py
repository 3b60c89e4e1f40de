"""Check an MDF file against the specification and against what MPIFiles.jl and MPIReco.jl need: one line a breach."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mpifast.io.hdf5.reader import File, Layout, UnreadableError
from mpifast.io.mdf import rules
from mpifast.io.mdf.format import DATA, EXTENSIONS, FIELDS, GROUPS, KINDS, Field

READER = "MPIFiles.jl and MPIReco.jl need it, though the specification does not"
DRIVE, RECEIVE = "/acquisition/drivefield", "/acquisition/receiver"


class Breach(NamedTuple):
    """Where a file departs from the format: the dataset, the rule it breaks and the cure; ``str`` makes it one line."""

    dataset: str
    rule: str
    cure: str

    def __str__(self) -> str:
        return f"{self.dataset}: {self.rule}; {self.cure}"


def check_mdf(path: str | Path) -> list[Breach]:
    """Check an MDF v2.1 file against the specification and the stricter needs of MPIFiles.jl and MPIReco.jl.

    Parameters
    ----------
    path : str or Path
        File name.

    Returns
    -------
    list of Breach
        One for each departure: ``dataset``, ``rule`` and ``cure``; empty for a valid file. ``str`` makes one a line.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If it is not HDF5.
    ModuleNotFoundError
        If h5py is missing: it is in the extra ``mdf``.

    References
    ----------
    Knopp et al., MDF: Magnetic Particle Imaging Data Format, arXiv:1602.06072v9; MPIFiles.jl 0.19, src/MDF.jl.

    Examples
    --------
    >>> import mpifast, h5py, tempfile
    >>> from pathlib import Path
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "system.mdf"
    ...     mpifast.write_mdf(path, system)
    ...     print(mpifast.check_mdf(path))
    ...     with h5py.File(path, "r+") as file:
    ...         del file["calibration/order"]
    ...     print(*mpifast.check_mdf(path))
    []
    /calibration/order: missing (MPIFiles.jl and MPIReco.jl need it, though the specification does not); add it: string,
    a scalar
    """
    path = Path(path)
    with File(path) as file:
        found = list(breaches(file))
    if path.suffix not in EXTENSIONS:
        found.insert(
            0, Breach(path.name, "readers go by the ending of the name", f"rename it to end in {', '.join(EXTENSIONS)}")
        )
    return found


def breaches(file: File) -> Iterator[Breach]:
    """Every departure of an open file, whatever its name."""
    yield from _names(file)
    checker = _Checker(file)
    for field in FIELDS.values():
        yield from checker.field(field)
    yield from checker.together()


def _names(file: File) -> Iterator[Breach]:
    """Names that the format does not have."""
    known = {*FIELDS, *GROUPS}
    folded = {name.casefold(): name for name in known}
    for group in ("/", *GROUPS):
        try:
            names = file.names(group) if group == "/" or file.is_group(group) else []
        except UnreadableError as error:
            yield Breach(group, error.reason, "write it anew")
            continue
        for name in (f"{group.rstrip('/')}/{name}" for name in names):
            if name not in known and not name.rsplit("/", 1)[1].startswith("_"):
                alike = folded.get(name.casefold())
                cure = (
                    f"names are case sensitive: rename it to {alike}"
                    if alike
                    else "begin names of your own with an underscore"
                )
                yield Breach(name, "not in the format", cure)


class _Checker:
    """What is known of a file while its datasets are checked: their values, and the letters of the shapes."""

    def __init__(self, file: File) -> None:
        self.file = file
        self.values: dict[str, Any] = {}
        self.letters: dict[str, int] = {}
        self.bound_by: dict[str, str] = {}
        self._bind()

    def _bind(self) -> None:
        """The letters that a dataset of their own gives; the others are fixed by the first dataset that has them."""
        counts = {
            "J": "/acquisition/numPeriodsPerFrame",
            "N": "/acquisition/numFrames",
            "D": f"{DRIVE}/numChannels",
            "C": f"{RECEIVE}/numChannels",
            "V": f"{RECEIVE}/numSamplingPoints",
        }
        for letter, name in counts.items():
            if isinstance(value := self.peek(name), int) and value > 0:
                self._set(letter, value, name)
        selection = self.peek("/measurement/frequencySelection") if self.flag("isFrequencySelection") else None
        if isinstance(selection, np.ndarray):
            self._set("K", selection.size, "/measurement/frequencySelection")
        elif "V" in self.letters and not self.flag("isFrequencySelection"):
            self._set("K", self.letters["V"] // 2 + 1, counts["V"])
        mask = self.peek("/measurement/isBackgroundFrame")
        if (
            "N" in self.letters
            and isinstance(mask, np.ndarray)
            and mask.dtype == np.int8
            and not self.flag("isSparsityTransformed")
        ):
            self._set("O", self.letters["N"] - int(np.count_nonzero(mask)), "/measurement/isBackgroundFrame")
        size = self.peek("/reconstruction/size")
        if isinstance(size, np.ndarray) and size.dtype.kind == "i":
            self._set("P", math.prod(size.tolist()), "/reconstruction/size")

    def _set(self, letter: str, value: int, name: str) -> None:
        self.letters[letter], self.bound_by[letter] = value, name

    def peek(self, name: str) -> Any:
        """A value, or None where it cannot be read."""
        if name not in self.values:
            try:
                self.values[name] = self.file.read(name) if self.file.is_dataset(name) else None
            except UnreadableError:
                self.values[name] = None
        return self.values[name]

    def flag(self, name: str) -> bool:
        """Whether a flag of /measurement is set."""
        value = self.peek(f"/measurement/{name}")
        return isinstance(value, int) and value == 1

    def field(self, field: Field) -> Iterator[Breach]:
        """Presence, type, shape and value of one dataset."""
        try:
            if not self.file.is_dataset(field.path):
                if self.file.is_group(field.path):
                    yield Breach(
                        field.path, "a group, where the format has a dataset", f"write a dataset: {_expected(field)}"
                    )
                elif reason := self._missing(field):
                    yield Breach(field.path, reason, f"add it: {_expected(field)}")
                return
            layout = self.file.layout(field.path)
            found = list(self._storage(field, layout))
            if not found:
                value = self.file.array(field.path) if field.path == DATA else self.file.read(field.path)
                rule = rules.rule_of(field, self.peek("/scanner/topology"))
                found = [Breach(field.path, *failure) for failure in rules.check(rule, value)]
        except UnreadableError as error:
            found = [Breach(field.path, error.reason, "write it anew")]
        yield from found

    def _missing(self, field: Field) -> str | None:
        """Why a dataset that is not there should be."""
        if field.need == "always":
            return "missing"
        if field.need in ("group", "reader") and (field.group == "/acquisition" or self.file.is_group(field.group)):
            return "missing" if field.need == "group" else f"missing ({READER})"
        return f"missing, though {field.need} is set" if field.need.startswith("is") and self.flag(field.need) else None

    def _storage(self, field: Field, layout: Layout) -> Iterator[Breach]:
        kinds = KINDS[field.kind]
        if field.path == DATA:
            fourier = self.flag("isFourierTransformed")
            kinds = KINDS["complex"] if fourier else KINDS["number"]
            if layout.storage != "contiguous":
                yield Breach(
                    DATA,
                    f"stored {layout.storage}: MPIFiles.jl maps it into memory",
                    "write it contiguous, neither chunked nor compressed",
                )
        if layout.kind not in kinds:
            yield Breach(field.path, f"its type is {layout.kind}", f"write it as {' or '.join(kinds)}")
        elif not layout.little:
            yield Breach(field.path, f"its type is big-endian {layout.kind}", "write it little-endian")
        yield from self._shape(field, layout)

    def _shape(self, field: Field, layout: Layout) -> Iterator[Breach]:
        pattern = self._data_shape() if field.shape == "data" else field.shape
        symbols = [] if pattern == "-" else pattern.split(",")
        if layout.shape is None or len(layout.shape) != len(symbols):
            yield Breach(field.path, f"its shape is {_shown(layout.shape)}", f"write {_words(pattern)}")
            return
        for axis, (symbol, length) in enumerate(zip(symbols, layout.shape, strict=True)):
            expected = int(symbol) if symbol.isdigit() else self.letters.setdefault(symbol, length)
            source = self.bound_by.setdefault(symbol, field.path)
            if length != expected:
                because = "" if symbol.isdigit() else f" ({symbol}, by {source})"
                yield Breach(
                    field.path,
                    f"its shape is {_shown(layout.shape)}",
                    f"make axis {axis} {expected} long{because}: {_words(pattern)}",
                )
                return

    def _data_shape(self) -> str:
        last = "K" if self.flag("isFourierTransformed") else "V"
        if self.flag("isSparsityTransformed"):
            return "J,C,K,N"
        return f"J,C,{last},N" if self.flag("isFastFrameAxis") else f"N,J,C,{last}"

    def together(self) -> Iterator[Breach]:
        """Rules that tie datasets together."""
        groups = [group for group in ("/measurement", "/reconstruction") if self.file.is_group(group)]
        if not groups:
            yield Breach(
                "/measurement",
                "there are neither measured nor reconstructed data",
                "add the group /measurement or /reconstruction",
            )
        if self.file.is_group("/calibration") and "/measurement" not in groups:
            yield Breach(
                "/measurement",
                "missing, though there is a calibration",
                "add the group: its data are the system matrix",
            )
        points, bandwidth = (self.peek(f"{RECEIVE}/{name}") for name in ("numSamplingPoints", "bandwidth"))
        cycle, base, divider = (self.peek(f"{DRIVE}/{name}") for name in ("cycle", "baseFrequency", "divider"))
        if all(isinstance(value, (int, float)) for value in (points, bandwidth, cycle)) and not math.isclose(
            points, 2 * bandwidth * cycle, rel_tol=1e-6
        ):
            yield Breach(
                f"{RECEIVE}/numSamplingPoints",
                f"{points} is not 2 bandwidth cycle = {2 * bandwidth * cycle:g}",
                "make the three agree",
            )
        if (
            isinstance(divider, np.ndarray)
            and divider.dtype.kind == "i"
            and 0 < divider.size <= 16
            and (divider > 0).all()
        ):
            period = math.lcm(*map(int, self._driving(divider)))
            if (
                all(isinstance(value, float) for value in (cycle, base))
                and base > 0
                and not math.isclose(cycle, period / base, rel_tol=1e-6)
            ):
                yield Breach(
                    f"{DRIVE}/cycle",
                    f"{cycle:g} s is not the least common multiple of the driven channels' divider over baseFrequency",
                    f"write {period / base:g}",
                )
        yield from self._calibration()

    def _driving(self, divider: np.ndarray) -> np.ndarray:
        """The dividers of frequencies that drive: commercial scanners list the others too, with strength zero."""
        strength = self.peek(f"{DRIVE}/strength")
        fits = isinstance(strength, np.ndarray) and strength.dtype.kind == "f" and strength.shape[1:] == divider.shape
        driven = (strength != 0.0).any(axis=0) if fits else np.ones(divider.shape, bool)
        return divider[driven] if driven.any() else divider.ravel()

    def _calibration(self) -> Iterator[Breach]:
        size, frames = self.peek("/calibration/size"), self.letters.get("O")
        whole = isinstance(size, np.ndarray) and size.shape == (3,) and size.dtype.kind == "i"
        if whole and frames is not None and math.prod(size.tolist()) != frames:
            yield Breach(
                "/calibration/size",
                f"{'x'.join(map(str, size))} voxels, but {frames} frames that are not background",
                "make them agree",
            )
        if all(self.file.is_dataset(f"/calibration/{name}") for name in ("positions", "offsetFields")):
            yield Breach("/calibration/positions", "given together with offsetFields", "keep one of them")
        limit, selection = self.letters.get("V"), self.peek("/measurement/frequencySelection")
        if (
            limit
            and isinstance(selection, np.ndarray)
            and selection.dtype.kind == "i"
            and selection.max(initial=0) > limit // 2 + 1
        ):
            cure = f"count from 1 to {limit // 2 + 1}"
            yield Breach("/measurement/frequencySelection", f"{selection.max()} is beyond the last frequency", cure)
        mask = self.peek("/measurement/isBackgroundFrame")
        if (
            self.flag("isSparsityTransformed")
            and isinstance(mask, np.ndarray)
            and mask.dtype == np.int8
            and (np.diff(mask) < 0).any()
        ):
            yield Breach(
                "/measurement/isBackgroundFrame",
                "background frames come last where isSparsityTransformed is set",
                "reorder the frames",
            )
        for name in ("isFourierTransformed", "isFastFrameAxis"):
            if self.flag("isSparsityTransformed") and not self.flag(name):
                yield Breach(f"/measurement/{name}", "must be set where isSparsityTransformed is", "write 1")


def _expected(field: Field) -> str:
    return f"{field.kind}, {_words(field.shape)}"


def _words(pattern: str) -> str:
    return {"-": "a scalar", "data": "[N,J,C,V] or [J,C,K,N]"}.get(pattern, f"an array [{pattern}]")


def _shown(shape: tuple[int, ...] | None) -> str:
    return "empty" if shape is None else "that of a scalar" if shape == () else str(list(shape))
