"""The system of a calibration file, and the spectra of measurements that fit it."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.io.mdf.data import MdfData
from mpifast.io.mdf.selection import (
    ORIGIN,
    SIMULATION,
    TRANSFER,
    Placement,
    background_of,
    chosen_frequencies,
    labelled_frequencies,
    placement_of,
    rows_of,
    transfer_function_of,
)
from mpifast.physics.linear_system import ROW, LinearSystem, read_only

# What a measurement shares with the matrix that reconstructs it, where both files say it.
SHARED = (
    "/acquisition/receiver/numSamplingPoints",
    "/acquisition/receiver/bandwidth",
    "/acquisition/drivefield/strength",
    "/acquisition/drivefield/divider",
    "/acquisition/drivefield/baseFrequency",
    "/acquisition/gradient",
    "/acquisition/_voxels",
    "/measurement/isTransferFunctionCorrected",
)
BACKGROUND = ("subtract", "interpolate", "keep")


class SystemWarning(UserWarning):
    """The system matrix and the measurement are of different simulated systems."""


class MdfSystem(LinearSystem):
    """A system u = S c from a calibration file. Make one with `MdfFile.system`.

    ``matrix`` is complex128[rows, voxels], the unnormalised DFT of a period over its number of samples. Rows of zeros
    stay, so that the labels in ``rows`` are those of the simulated or measured system. The columns are the voxels of
    ``grid`` in C order, whatever their order in the file.

    Attributes
    ----------
    path : Path
        The calibration file.
    placement : Placement
        Where the voxels lie in the file's own words, and their order there.
    origin : str or None
        Fingerprint of the simulated system that the file is of, if it says so.
    """

    model = "mdf"

    def __init__(
        self,
        matrix: np.ndarray,
        rows: np.ndarray,
        path: Path,
        placement: Placement,
        mask: np.ndarray,
        order: np.ndarray,
        bins: np.ndarray,
        origin: str | None,
        facts: dict[str, Any],
        complete: bool,
        simulation: Any = None,
        transfer_function: np.ndarray | None = None,
    ) -> None:
        super().__init__(matrix, rows, placement.grid, transfer_function)
        self.path, self.placement, self.origin, self._facts = path, placement, origin, facts
        self._mask, self._order, self._bins, self._simulation = mask, order, bins, simulation
        if origin is not None and complete:
            self.fingerprint = origin

    def spectra(self, phantoms: Any, *arguments: Any, **options: Any) -> np.ndarray:
        """Spectra of an open measurement file (see `measured`), or of phantoms (see `LinearSystem.spectra`)."""
        if isinstance(phantoms, MdfData):
            return self.measured(phantoms, *arguments, **options)
        return super().spectra(phantoms, *arguments, **options)

    @np.errstate(all="ignore")  # what is not finite is refused at the end
    def measured(
        self, measurement: MdfData, frames: Any = None, average: int = 1, background: str = "subtract"
    ) -> np.ndarray:
        """The spectra of a measurement, as right-hand sides of the real equations.

        Parameters
        ----------
        measurement : MdfData
            An open measurement file, of the same scanner and sequence as the matrix.
        frames : slice or array_like of int, optional
            Which frames, counted from 0; all that are not background by default.
        average : int, optional
            Frames averaged to one: that many at a time, a remainder to the last; 0 for all.
        background : {"subtract", "interpolate", "keep"}, optional
            What is subtracted if the file has background frames and does not say that it was done: their mean, their
            values interpolated linearly in time, or nothing.

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
            If both files name the simulated system they are of, and name different ones, or one of the files has a
            transfer function in its data that the other has not.
        """
        average = check.integer("average", average)
        check.choice("background", background, BACKGROUND)
        mask = self._mask_in(measurement)
        is_background = measurement.is_background
        chosen = np.flatnonzero(~is_background) if frames is None else measurement.frame_numbers(frames)
        if chosen.size == 0:
            raise ValueError(
                f"frames={frames!r}: {measurement.path.name} has no such frames that are not background; choose others"
            )
        self._check_transfer_function(measurement, mask)
        values = measurement.data.components(chosen, mask) - background_of(measurement, chosen, mask, background)
        starts = np.arange(0, len(values), average or len(values))
        if average != 1:
            values = np.add.reduceat(values, starts) / np.diff(np.append(starts, len(values)))[:, None]
        values = np.ascontiguousarray(values[:, self._order]) / measurement.data.points
        check.finite("spectra", values.view(np.float64))
        return self.to_real(values, "spectra")

    def _check_transfer_function(self, measurement: MdfData, mask: np.ndarray) -> None:
        """Warn of a measurement whose data contain another transfer function than the matrix."""
        found = transfer_function_of(measurement, np.flatnonzero(mask)[self._order])
        there, here = (1.0 if values is None else values for values in (found, self.transfer_function))
        if not np.allclose(there, here, rtol=1e-6, atol=0.0):
            warnings.warn(
                f"{measurement.path.name} and {self.path.name} contain different transfer functions"
                f" ({TRANSFER}): use the matrix of the same receive chain",
                SystemWarning,
                stacklevel=4,
            )

    def _mask_in(self, measurement: MdfData) -> np.ndarray:
        """The chosen frequencies where the measurement has them; an error if it is not of the matrix' scanner and
        sequence.
        """
        here, there = measurement.path.name, self.path.name
        for name, expected in self._facts.items():
            found = measurement.get(name)
            if found is not None and not _same(found, expected):
                values = f"{name} is {_brief(found)}, in the matrix {_brief(expected)}"
                raise ValueError(f"{here} does not fit {there}: {values}; use its own matrix")
        origin = measurement.get(ORIGIN)
        # Other rows of the same scanner and tracer are other systems, and fit all the same.
        alike = isinstance(self._simulation, str) and str(measurement.get(SIMULATION)) == self._simulation
        if self.origin is not None and isinstance(origin, str) and origin != self.origin and not alike:
            warnings.warn(
                f"{here} is of the system {origin}, {there} of {self.origin}: another tracer, temperature or number of "
                "harmonics; use its own matrix",
                SystemWarning,
                stacklevel=4,
            )
        periods, channels = self._mask.shape[:2]
        if measurement.shape[1:3] != (periods, channels):
            raise ValueError(
                f"{here} does not fit {there}: it has {measurement.shape[1]} periods and {measurement.shape[2]} "
                f"channels, the matrix {periods} and {channels}"
            )
        position = {int(number): k for k, number in enumerate(measurement.data.bins)}
        mask = np.zeros((periods, channels, len(measurement.data.bins)), bool)
        for k in np.flatnonzero(self._mask.any(axis=(0, 1))):
            if int(self._bins[k]) not in position:
                number = int(self._bins[k])
                raise ValueError(
                    f"{here} does not fit {there}: it has no frequency number {number}; choose a narrower band"
                )
            mask[:, :, position[int(self._bins[k])]] = self._mask[:, :, k]
        return mask


@np.errstate(all="ignore")  # what is not finite is refused at the end
def empty_frames(file: MdfData, system: Any, frames: Any) -> np.ndarray:
    """The frames of an empty scanner at the rows of a system; see `MdfFile.background`."""
    if isinstance(system, MdfSystem):
        mask, order = system._mask_in(file), system._order
    else:
        labels = system.rows if isinstance(system, LinearSystem) else system
        if not isinstance(labels, np.ndarray) or not set(ROW.names or ()) <= set(labels.dtype.names or ()):
            raise TypeError(f"system must be a system or its rows, got {check.brief(system)}")
        mask, order = labelled_frequencies(file, labels)
    chosen = np.flatnonzero(file.is_background) if frames is None else file.frame_numbers(frames)
    if chosen.size == 0:
        what = "no background frames (/measurement/isBackgroundFrame)" if frames is None else f"no frames {frames!r}"
        raise ValueError(
            f"{file.path} has {what}: give the file of an empty scanner, or say with frames= which frames are empty, "
            "frames=slice(None) for all"
        )
    values = np.ascontiguousarray(file.data.components(chosen, mask)[:, order]) / file.data.points
    check.finite("background frames", values.view(np.float64))
    return values


@np.errstate(all="ignore")  # what is not finite is refused at the end
def system_of(file: MdfData, snr: Any, band: Any, channels: Any, background: str, first_channel: int = 0) -> MdfSystem:
    """The system of an open calibration file; see `MdfFile.system`. Errors count channels from ``first_channel``."""
    if file.kind != "calibration":
        raise ValueError(f"{file.path} has no system matrix: it is a {file.kind} file; give a calibration file")
    check.choice("background", background, BACKGROUND)
    foreground = np.flatnonzero(~file.is_background)
    placement = placement_of(file, len(foreground))
    rows = rows_of(file)
    chosen = chosen_frequencies(file, snr, band, channels).reshape(-1)[rows]
    if not chosen.any():
        shown = None if channels is None else [int(channel) + first_channel for channel in channels]
        raise ValueError(
            f"snr={snr}, band={band}, channels={shown} leave no frequency of {file.path.name}: choose more"
        )
    complete, rows = bool(chosen.all()), rows[chosen]
    mask = np.zeros((file.shape[1], file.shape[2], len(file.data.bins)), bool)
    mask.reshape(-1)[rows] = True
    order = np.searchsorted(np.sort(rows), rows)  # the components come in the order of the file
    values = file.data.components(foreground, mask)
    values -= background_of(file, foreground, mask, background)
    matrix = np.ascontiguousarray(values.T[np.ix_(order, placement.columns)])
    del values
    matrix /= file.data.points
    check.finite("matrix", matrix.view(np.float64))
    if not matrix.any():
        raise ValueError(f"{file.path}: all chosen rows of the system matrix are zero; choose other frequencies")
    _, channel, k = np.unravel_index(rows, mask.shape)
    labels = np.zeros(len(rows), ROW)
    labels["channel"], labels["number"], labels["frequency"] = channel, file.data.bins[k], file.frequencies[k]
    facts = {name: value for name in SHARED if (value := file.get(name)) is not None}
    origin = file.get(ORIGIN)
    origin = origin if isinstance(origin, str) else None
    bins, factors = file.data.bins, transfer_function_of(file, rows)
    return MdfSystem(
        read_only(matrix),
        read_only(labels),
        file.path,
        placement,
        mask,
        order,
        bins,
        origin,
        facts,
        complete,
        file.get(SIMULATION),
        None if factors is None else read_only(factors),
    )


def mdf_system(
    file: MdfData,
    snr_threshold: float | None = None,
    band: tuple[float | None, float | None] | None = None,
    channels: Any = None,
    background: str = "subtract",
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
    return system_of(file, snr_threshold, band, channels, background, first_channel=1)


def _same(found: Any, expected: Any) -> bool:
    """Whether two datasets have the same numbers; any file may have text or something else in their place."""
    found, expected = np.asarray(found), np.asarray(expected)
    numbers = found.dtype.kind in "iufb" and expected.dtype.kind in "iufb" and found.shape == expected.shape
    return numbers and bool(np.allclose(found, expected, rtol=1e-6, atol=0.0))


def _brief(value: Any) -> str:
    text = str(np.asarray(value).tolist())
    return text if len(text) <= 60 else text[:57] + "..."
