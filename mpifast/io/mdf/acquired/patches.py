"""The patches of a measurement: periods of a frame with their own offset fields, on a joint grid."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from mpifast import _validation as check
from mpifast.io.mdf.acquired.periods import fields_of, grouped
from mpifast.io.mdf.data import MdfData
from mpifast.io.mdf.metadata import Metadata
from mpifast.io.mdf.preparation.averaging import Periods, averaged
from mpifast.io.mdf.preparation.background import BACKGROUND, background_of
from mpifast.io.mdf.preparation.shared_facts import compare_chains, same
from mpifast.io.mdf.selection import positions_of
from mpifast.io.mdf.system import MdfSystem
from mpifast.physics.combined.merged_rows import MergedSystem
from mpifast.physics.combined.multi_patch import MultiPatch
from mpifast.physics.combined.offset_fields import Calibration, calibration_of, diagonals, placed_by_fields
from mpifast.physics.combined.patch_arguments import check_system
from mpifast.physics.linear_system import LinearSystem

ROOM = 2**24  # complex numbers read at a time
# What a patch shares with the calibration of its matrix; the last ones are one value a period.
SHARED = (
    "/acquisition/drivefield/baseFrequency",
    "/acquisition/receiver/numSamplingPoints",
    "/acquisition/receiver/bandwidth",
    "/acquisition/drivefield/divider",
    "/acquisition/drivefield/strength",
    "/acquisition/drivefield/phase",
)
PER_PERIOD = SHARED[-2:]


class MdfPatches(MultiPatch):
    """The patches of a measurement file. Make one with `MdfFile.patches`.

    Attributes
    ----------
    periods : tuple of ndarray
        int64[n] of each patch: the periods of a frame, counted from 0, that are averaged to it.
    """

    periods: tuple[np.ndarray, ...]
    # Measurements are read by the systems of the files, whatever was selected, rotated or merged since.
    _whole: MdfPatches
    _kept: np.ndarray

    def _inherit(self, other: Any, left: list[int]) -> None:
        self.periods, self._fields = tuple(other.periods[j] for j in left), other._fields
        self._name, self._whole, self._kept = other._name, other._whole, other._kept

    def _restricted(self, kept: np.ndarray) -> LinearSystem:
        fewer = super()._restricted(kept)
        assert isinstance(fewer, MdfPatches)
        # Of merged rows the spectra are those before: all of them, or none of a patch that is left out.
        parts = zip(self.systems, self._slices, strict=True)
        rows = [np.full(s.spectrum_rows, kept[r].any()) if isinstance(s, MergedSystem) else kept[r] for s, r in parts]
        fewer._kept = self._kept[np.concatenate(rows)]
        return fewer

    def spectra(self, phantoms: Any, *arguments: Any, **options: Any) -> np.ndarray:
        """Spectra of an open measurement file (see `measured`), or of phantoms (see `LinearSystem.spectra`)."""
        if isinstance(phantoms, MdfData):
            return self.measured(phantoms, *arguments, **options)
        return super().spectra(phantoms, *arguments, **options)

    @np.errstate(all="ignore")  # what is not finite is refused at the end
    def measured(
        self,
        measurement: MdfData,
        frames: Any = None,
        average: int = 1,
        background: str = "subtract",
        *,
        leakage: bool = False,
    ) -> np.ndarray:
        """The spectra of a measurement, as right-hand sides of the real equations of all patches.

        Parameters
        ----------
        measurement : MdfData
            The open measurement file that the patches are of, or another one of the same sequence.
        frames, average, background, leakage
            As for `MdfSystem.measured`; the background of each period is its own.

        Returns
        -------
        ndarray
            float64[n, equations]; `to_complex` makes complex spectra [n, rows] of it.

        Raises
        ------
        TypeError, ValueError
            If an argument is of the wrong type or range, or the file has other patches.
        """
        average, leakage = check.integer("average", average), check.flag("leakage", leakage)
        check.choice("background", background, BACKGROUND)
        self._check_periods(measurement)
        chosen = measurement.foreground(frames)
        whole = self._whole
        count = -(-len(chosen) // (average or len(chosen)))
        values = np.zeros((count, len(whole.rows)), np.complex128)
        for patches in whole._batches(len(chosen), np.unique(whole.patch[self._kept])):
            system = whole.systems[patches[0]]
            places = positions_of(measurement, system.rows)
            if not (isinstance(system, MdfSystem) and system.divided):
                compare_chains(measurement, places, system, "the systems of its patches", "matrices of the same chain")
            kept = np.unique(np.concatenate([whole.periods[j] for j in patches]))
            one = np.zeros((measurement.shape[2], len(measurement.data.bins)), bool)
            one.reshape(-1)[places] = True
            read = Periods(kept, 1).reader(measurement, np.broadcast_to(one, (len(kept), *one.shape)), leakage)
            found = read(chosen) - background_of(measurement, chosen, background, read)
            found = averaged(found, average, measurement.path.name).reshape(len(values), len(kept), -1)
            order = np.searchsorted(np.flatnonzero(one), places)
            factors = system.factors_in(measurement, places) if isinstance(system, MdfSystem) else None
            for j in patches:
                mine = found[:, np.searchsorted(kept, whole.periods[j])].mean(axis=1)[:, order]
                values[:, whole._slices[j]] = mine if factors is None else mine / factors
        values = values[:, self._kept] / measurement.data.points
        check.finite("spectra", values)
        return self.to_real(values, "spectra")

    def _batches(self, frames: int, wanted: np.ndarray) -> list[list[int]]:
        """Patches that are read together: of one system, and not more numbers than there is room for."""
        found: list[list[int]] = []
        size = 0
        numbers = {id(system): j for j, system in reversed(list(enumerate(self.systems)))}
        for j in sorted(wanted.tolist(), key=lambda j: numbers[id(self.systems[j])]):
            more = frames * len(self.periods[j]) * len(self.systems[j].rows)
            if not found or self.systems[found[-1][0]] is not self.systems[j] or size + more > ROOM:
                found.append([])
                size = 0
            found[-1].append(j)
            size += more
        return found

    def _check_periods(self, measurement: MdfData) -> None:
        here, count = measurement.path.name, len(self._fields.offset_field)
        if measurement.shape[1] != count:
            raise ValueError(
                f"{here} has {measurement.shape[1]} periods a frame, {self._name}, which the patches are of, {count}:"
                f" make its own patches, with the patches method of {here}"
            )
        if not np.array_equal(fields_of(measurement, count).offset_field, self._fields.offset_field):
            raise ValueError(
                f"{here} has other offset fields than {self._name}, which the patches are of: make its own patches,"
                f" with the patches method of {here}"
            )


@np.errstate(all="ignore")  # a damaged file may hold anything
def patches_of(
    file: MdfData, systems: Any, periods: Any = None, average_periods: bool = True, resample: bool = False
) -> MdfPatches:
    """The patches of an open measurement file; see `MdfFile.patches`."""
    if file.kind != "measurement":
        raise ValueError(f"{file.path.name} is a {file.kind} file: patches are periods of a measurement file")
    given = [systems] if isinstance(systems, LinearSystem) else check.sequence("systems", systems)
    if not given:
        raise ValueError("systems is empty: give the system of one calibration for all patches, or of several")
    for number, system in enumerate(given):
        check_system(f"systems[{number}]", system)
    count = file.shape[1]
    fields = fields_of(file, count)
    chosen = np.arange(count) if periods is None else np.atleast_1d(check.indices("periods", periods, count))
    if not len(chosen) or np.unique(chosen).size != len(chosen):
        raise ValueError(f"periods={periods!r}: give different periods of {file.path.name}, 0 to {count - 1}")
    groups = grouped(fields, chosen) if check.flag("average_periods", average_periods) else chosen[:, None]
    first = [int(group[0]) for group in groups]
    sequences = [_sequence(system, file) for system in given]
    calibrations = [sequence.calibration for sequence in sequences]
    names = [_name(number, system) for number, system in enumerate(given)]
    gradient = _gradient(file, fields.gradient, calibrations, first)
    try:
        taken, offsets = placed_by_fields(given, fields.offset_field[first], gradient, calibrations)
    except ValueError as error:
        raise ValueError(f"{file.path.name} does not fit {', '.join(names)}: {error}") from error
    for j, (period, k) in enumerate(zip(first, taken, strict=True)):
        _check_shared(file, names[k], sequences[k].shared, j, period)
    patches = MdfPatches([(given[k], offset) for k, offset in zip(taken, offsets, strict=True)], resample=resample)
    patches.periods, patches._fields, patches._name = tuple(groups), fields, file.path.name
    patches._whole, patches._kept = patches, np.arange(len(patches.rows))
    return patches


class Sequence(NamedTuple):
    """The fields of a calibration, and what its measurements share with it, by the names of the datasets."""

    calibration: Calibration
    shared: dict[str, Any]


def _sequence(system: LinearSystem, file: MdfData) -> Sequence:
    """What the file of a calibration says, or its scanner."""
    if not isinstance(system, MdfSystem):
        return Sequence(calibration_of(system), {})
    with Metadata(system.path) as described:
        periods = described.get("/acquisition/numPeriodsPerFrame", 1)
        if periods != 1:
            raise ValueError(
                f"{system.path.name} has {periods} periods a frame, the matrix of a patch of {file.path.name} has one:"
                " give one calibration file for each patch, or one for all"
            )
        fields = fields_of(described, 1)
        shared = {name: value for name in SHARED if (value := described.get(name)) is not None}
    slope = None if fields.gradient is None else diagonals(f"{system.path}: the gradient", fields.gradient[0], 1)[0]
    return Sequence(Calibration(fields.offset_field[0], slope), shared)


def _gradient(
    file: MdfData, gradient: np.ndarray | None, calibrations: list[Calibration], first: list[int]
) -> np.ndarray:
    """The gradient of each patch, that of the calibrations where the measurement says nothing."""
    if gradient is not None:
        return gradient[first]
    known = [calibration.gradient for calibration in calibrations if calibration.gradient is not None]
    if not known or any((slope != known[0]).any() for slope in known):
        raise ValueError(
            f"{file.path.name} has no gradient, so that its offset fields do not say where the patches lie: give the"
            " offsets in metres, mpifast.MultiPatch([(system, offset), ...])"
        )
    return known[0]


def _check_shared(file: MdfData, calibration: str, shared: dict[str, Any], patch: int, period: int) -> None:
    """An error if a patch is not of the sequence that its matrix was calibrated with."""
    for name, expected in shared.items():
        here, there = file.get(name), np.asarray(expected)
        if here is None:
            continue
        here = np.asarray(here)
        if name in PER_PERIOD and here.ndim == there.ndim == 3 and len(there) == 1 and len(here) in (1, file.shape[1]):
            here, there = here[period % len(here)], there[0]
        if not same(here, there):
            raise ValueError(
                f"patch {patch} (period {period}) of {file.path.name} does not fit {calibration}: {name} is"
                f" {here.tolist()}, in the matrix {there.tolist()}; give the systems of its own calibration files in"
                " systems=, or choose other periods in periods="
            )


def _name(number: int, system: LinearSystem) -> str:
    return system.path.name if isinstance(system, MdfSystem) else f"systems[{number}]"
