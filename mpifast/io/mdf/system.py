"""The system of a calibration file, and the spectra of measurements that fit it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.io.mdf.data import MdfData
from mpifast.io.mdf.preparation.averaging import Periods, averaged, empty_frames_of, measured_background
from mpifast.io.mdf.preparation.background import BACKGROUND, drift_of
from mpifast.io.mdf.preparation.choice import applied, choose, shown
from mpifast.io.mdf.preparation.loading import load_rows, precision_of, without_empty_part
from mpifast.io.mdf.preparation.receive_chain import factors_of, refuse_zeros
from mpifast.io.mdf.preparation.selected import Selection
from mpifast.io.mdf.preparation.shared_facts import SHARED, SystemWarning, check_facts, compare_chains
from mpifast.io.mdf.selection import (
    ORIGIN,
    SIMULATION,
    Placement,
    placement_of,
    rows_of,
    transfer_function_of,
)
from mpifast.physics.linear_system import ROW, read_only
from mpifast.physics.row_labels import nearest
from mpifast.physics.split_system import SplitSystem


@dataclass(frozen=True, eq=False)
class Source:
    """What a calibration file says of the system made of it.

    Attributes
    ----------
    mask : ndarray
        bool[periods, channels, K]: the rows of the file.
    order : ndarray
        int64[rows]: the place of each row of the system among them.
    bins : ndarray
        int64[K]: frequency numbers.
    facts : dict
        `SHARED` datasets.
    simulation : str or None
        Digest of scanner and tracer of a simulation.
    transfer_function, induction_factor : {"keep", "divide"}
        What was done with them, and is done with measurements.
    """

    mask: np.ndarray
    order: np.ndarray
    bins: np.ndarray
    facts: dict[str, Any]
    simulation: Any = None
    transfer_function: str = "keep"
    induction_factor: str = "keep"


class MdfSystem(SplitSystem):
    """A system u = S c from a calibration file. Make one with `MdfFile.system`.

    The unnormalised DFT of a period over its number of samples, stored as `real` equations in the file's own precision;
    ``matrix`` complex[rows, voxels] is made of them on first use. Rows of zeros stay, so that the labels in ``rows``
    are those of the simulated or measured system. The columns are the voxels of ``grid`` in C order, whatever their
    order in the file.

    Attributes
    ----------
    path : Path
        The calibration file.
    placement : Placement
        Where the voxels lie in the file's own words, and their order there.
    origin : str or None
        Fingerprint of the simulated system that the file is of, if it says so.
    selection : Selection
        Which rows of the file are in the system, and why the others are not.
    """

    model = "mdf"

    def __init__(
        self,
        real: np.ndarray,
        parts: Sequence[int],
        rows: np.ndarray,
        path: Path,
        placement: Placement,
        source: Source,
        selection: Selection,
        origin: str | None = None,
        complete: bool = False,
        transfer_function: np.ndarray | None = None,
    ) -> None:
        super().__init__(real, parts, rows, placement.grid, transfer_function)
        self.path, self.placement, self.origin, self.selection = path, placement, origin, selection
        self._source = source
        if origin is not None and complete:
            self.fingerprint = origin

    def _facts(self) -> dict[str, Any]:
        facts = {"file": self.path, "selection": repr(self.selection), "simulated system": self.origin}
        return {**super()._facts(), **facts}

    def _rows_of(self, rows: slice) -> np.ndarray:
        """Complex rows, also where all imaginary parts are zero: the numbers of a file are complex."""
        found = super()._rows_of(rows)
        return found.astype(np.result_type(found, np.complex64), copy=False)

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
        background: Any = "subtract",
        *,
        periods: Any = None,
        average_periods: int = 1,
        leakage: bool = False,
        force: bool = False,
    ) -> np.ndarray:
        """The spectra of a measurement, as right-hand sides of the real equations.

        What was divided out of the matrix, transfer function and induction factor, is divided out of them.

        Parameters
        ----------
        measurement : MdfData
            An open measurement file, of the same scanner and sequence as the matrix.
        frames : slice or array_like of int, optional
            Which frames, counted from 0; all that are not background by default.
        average : int, optional
            Frames averaged to one: that many at a time, a remainder to the last; 0 for all.
        background : str, MdfData or pair of MdfData, optional
            "subtract" or "mean", "interpolate", "keep": what is subtracted if the file has background frames and does
            not say that it was done: their mean, the means of blocks of them interpolated linearly in time, or nothing.
            An open file of the empty scanner: the mean of its background frames, of all if it marks none. Two of them:
            interpolated linearly from the one before the measurement to the one after it.
        periods : slice or sequence of int, optional
            Which periods of a frame, counted from 0; all by default.
        average_periods : int, optional
            Periods averaged to one, that many at a time, before anything else; 0 for all. As many must be left as the
            matrix has.
        leakage : bool, optional
            Correct spectral leakage: each period windowed together with its neighbours. Periodic signals stay as they
            are. Needs signals in time.
        force : bool, optional
            Use a measurement of another drive field, gradient or state of correction all the same, with a warning.

        Returns
        -------
        ndarray
            float64[n, equations]; `to_complex` makes complex spectra of it.

        Raises
        ------
        TypeError, ValueError
            If an argument is of the wrong type or range, or the files do not fit each other.

        Warns
        -----
        SystemWarning
            If both files name the simulated system they are of, and name different ones, one of the files has a
            transfer function in its data that the other has not, or files are used by force.
        PreparationWarning
            If the last average has fewer frames than the others.
        """
        average = check.integer("average", average)
        leakage, force = check.flag("leakage", leakage), check.flag("force", force)
        chosen_periods = Periods.of(measurement, periods, average_periods)
        mask = self._mask_in(measurement, chosen_periods, force)
        chosen = measurement.foreground(frames)
        if not self.divided:
            cure = "the matrix of the same receive chain, or transfer_function='divide' for the matrix"
            compare_chains(measurement, self._places_in(measurement, mask), self, self.path.name, cure)
        factors = self._factors_in(measurement, mask)

        def empty_rows(other: MdfData) -> np.ndarray:
            """Background frames of another file, times its own receive chain over that of the measurement."""
            every = Periods.of(other, periods, average_periods)
            there = self._mask_in(other, every, force)
            values = every.reader(other, there, leakage)(empty_frames_of(other))[:, self._source.order]
            own = self._factors_in(other, there)
            if own is not None and factors is not None:
                values = values / own * factors
            return values[:, np.argsort(self._source.order)]

        read = chosen_periods.reader(measurement, mask, leakage)
        values = read(chosen)
        values -= measured_background(measurement, chosen, background, read, empty_rows)
        values = averaged(values, average, measurement.path.name)
        values = np.ascontiguousarray(values[:, self._source.order]) / measurement.data.points
        if factors is not None:
            values /= factors
        check.finite("spectra", values.view(np.float64))
        return self.to_real(values, "spectra")

    def _places_in(self, measurement: MdfData, mask: np.ndarray) -> np.ndarray:
        """Positions of the rows in [periods, channels, K] of a measurement."""
        return np.flatnonzero(mask)[self._source.order]

    @property
    def divided(self) -> bool:
        """Whether the matrix was divided by its transfer function."""
        return self._source.transfer_function == "divide"

    def factors_in(self, measurement: MdfData, places: np.ndarray) -> np.ndarray | None:
        """What the rows of a measurement, at positions int64[rows] in its [periods, channels, K], are divided by, as
        those of the matrix were: complex128[rows], or None.
        """
        source = self._source
        factors = factors_of(measurement, places, source.transfer_function, source.induction_factor)
        refuse_zeros(measurement, factors)
        return factors

    def _factors_in(self, measurement: MdfData, mask: np.ndarray) -> np.ndarray | None:
        return self.factors_in(measurement, self._places_in(measurement, mask))

    def rows_in(self, file: MdfData) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Where a file has the rows: bool[periods, channels, K], the place int64[rows] of each among them, and what
        they are divided by.
        """
        mask = self._mask_in(file)
        return mask, self._source.order, self._factors_in(file, mask)

    def _mask_in(self, measurement: MdfData, chosen: Periods | None = None, force: bool = False) -> np.ndarray:
        """The chosen frequencies where the measurement has them; an error if it is not of the matrix' scanner and
        sequence.
        """
        chosen = Periods.of(measurement, None, 1) if chosen is None else chosen
        here, there = measurement.path.name, self.path.name
        check_facts(measurement, self._source.facts, there, self.divided, chosen, force)
        origin, source = measurement.get(ORIGIN), self._source
        # Other rows of the same scanner and tracer are other systems, and fit all the same.
        alike = isinstance(source.simulation, str) and str(measurement.get(SIMULATION)) == source.simulation
        if self.origin is not None and isinstance(origin, str) and origin != self.origin and not alike:
            warnings.warn(
                f"{here} is of the system {origin}, {there} of {self.origin}: another tracer, temperature or number of "
                "harmonics; use its own matrix",
                SystemWarning,
                stacklevel=4,
            )
        periods, channels = source.mask.shape[:2]
        if (chosen.count, measurement.shape[2]) != (periods, channels):
            raise ValueError(
                f"{here} does not fit {there}: it has {chosen.count} periods and {measurement.shape[2]} "
                f"channels, the matrix {periods} and {channels}; choose periods with periods= and average_periods="
            )
        bins = measurement.data.bins
        used = np.flatnonzero(source.mask.any(axis=(0, 1)))
        wanted = source.bins[used]
        place = nearest(bins, wanted)
        missing = wanted[bins[place] != wanted]
        if missing.size:
            raise ValueError(
                f"{here} does not fit {there}: it has no frequency number {missing[0]}; choose a narrower band"
            )
        mask = np.zeros((periods, channels, len(bins)), bool)
        mask[:, :, place] = source.mask[:, :, used]
        return mask


@np.errstate(all="ignore")  # what is not finite is refused at the end
def system_of(
    file: MdfData,
    snr: Any = None,
    band: Any = None,
    channels: Any = None,
    background: str = "subtract",
    first_channel: int = 0,
    *,
    selection: Selection | None = None,
    transfer_function: str = "keep",
    induction_factor: str = "keep",
    dtype: Any = None,
    **options: Any,
) -> MdfSystem:
    """The system of an open calibration file; see `MdfFile.system`. Errors count channels from ``first_channel``."""
    if file.kind != "calibration":
        raise ValueError(f"{file.path} has no system matrix: it is a {file.kind} file; give a calibration file")
    check.choice("background", background, BACKGROUND)
    precision = precision_of(file) if dtype is None else check.float_dtype("dtype", dtype)
    foreground = np.flatnonzero(~file.is_background)
    placement = placement_of(file, len(foreground))
    rows = rows_of(file)
    treatment: dict[str, Any] = {"transfer_function": transfer_function, "induction_factor": induction_factor}
    shown_channels = (
        None if channels is None else [int(c) + first_channel for c in check.sequence("channels", channels)]
    )
    given = [("snr", snr), ("band", band), ("channels", channels), *((name, options[name]) for name in options)]
    if selection is None:
        selection = choose(file, snr, band, channels, **treatment, **options)
    else:
        also = shown([(name, value) for name, value in given if value not in (None, False, "auto")])
        if also != shown([]):
            raise ValueError(f"a selection is given, and {also}: select again, or leave them out")
        check.instance("selection", selection, Selection)
    chosen = applied(selection, file).reshape(-1)[rows]
    if not chosen.any():
        named = f"snr={snr}, band={band}, channels={shown_channels}"
        more = [(name, value) for name, value in options.items() if value not in (None, False, "auto")]
        named += f", {shown(more)}" if more else ""
        raise ValueError(f"{named} leave no frequency of {file.path.name}: choose more")
    complete, rows = bool(chosen.all()), rows[chosen]
    factors = factors_of(file, rows, **treatment)
    refuse_zeros(file, factors)
    frames = foreground[placement.columns]
    result, largest = load_rows(file, rows, frames, drift_of(file, frames, background), factors, precision)
    mask = np.zeros((file.shape[1], file.shape[2], len(file.data.bins)), bool)
    mask.reshape(-1)[rows] = True
    _, channel, k = np.unravel_index(rows, mask.shape)
    labels = np.zeros(len(rows), ROW)
    labels["channel"], labels["number"], labels["frequency"] = channel, file.data.bins[k], file.frequencies[k]
    _check_loaded(file, labels, largest)
    result, parts = without_empty_part(result, largest)
    origin = file.get(ORIGIN)
    kept = transfer_function_of(file, rows) if transfer_function == "keep" else None
    source = Source(
        mask,
        np.searchsorted(np.sort(rows), rows),  # the components come in the order of the file
        file.data.bins,
        {name: value for name in SHARED if (value := file.get(name)) is not None},
        file.get(SIMULATION),
        transfer_function,
        induction_factor,
    )
    return MdfSystem(
        result,
        parts,
        read_only(labels),
        file.path,
        placement,
        source,
        selection,
        origin if isinstance(origin, str) else None,
        complete and factors is None,
        None if kept is None else read_only(kept),
    )


def _check_loaded(file: MdfData, labels: np.ndarray, largest: np.ndarray) -> None:
    """Refuse rows that are not finite, and a matrix of zeros."""
    bad = np.flatnonzero(~np.isfinite(largest).all(axis=1))
    if bad.size:
        channel, number, _ = labels[bad[0]].tolist()
        raise ValueError(
            f"{file.path}: the matrix is not finite in {bad.size} rows (channel {channel}, frequency number {number} is"
            " the first): leave them out, e.g. with defects=True"
        )
    if not largest.any():
        raise ValueError(f"{file.path}: all chosen rows of the system matrix are zero; choose other frequencies")


def mdf_system(
    file: MdfData,
    snr_threshold: float | None = None,
    band: tuple[float | None, float | None] | None = None,
    channels: Any = None,
    background: str = "subtract",
    **options: Any,
) -> MdfSystem:
    """`MdfFile.system` with channels counted from 1, as in the format and on the command line.

    Examples
    --------
    >>> import mpifast, tempfile
    >>> from pathlib import Path
    >>> from mpifast.io.mdf.system import mdf_system
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mpifast.write_mdf(Path(folder) / "system.mdf", system)
    ...     with mpifast.read_mdf(Path(folder) / "system.mdf") as file:
    ...         print(mdf_system(file).real.shape, mdf_system(file, band=(50e3, 1e6)).real.shape)
    (200, 129) (48, 129)
    """
    if channels is not None and file.kind == "calibration":
        channels = [
            check.integer("channels", channel, low=1, high=file.shape[2]) - 1
            for channel in check.sequence("channels", channels)
        ]
    return system_of(file, snr_threshold, band, channels, background, first_channel=1, **options)
