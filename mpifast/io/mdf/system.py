"""The system matrix of any MDF file as real equations for the solvers, and the spectra of measurements that fit it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.io.mdf.format import ORDERS
from mpifast.io.mdf.read import MdfFile
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
GRID = ("size", "fieldOfView", "fieldOfViewCenter", "order")


class MdfSystem(LinearSystem):
    """Equations u = S c with S from a calibration file; `mpifast.tsvd` and the other solvers take it. Make one with
    `mdf_system`.

    Attributes
    ----------
    real : ndarray
        float64[rows, voxels]: real parts, then imaginary parts of the chosen frequencies over the number of samples;
        rows of zeros left out.
    path : Path
        The calibration file.
    grid : dict
        ``size``, ``fieldOfView``, ``fieldOfViewCenter`` and ``order`` of the voxels, where the file has them.
    """

    def __init__(
        self,
        real: np.ndarray,
        path: Path,
        grid: dict[str, Any],
        bins: np.ndarray,  # number of each frequency of the matrix
        mask: np.ndarray,  # bool[periods, channels, K]: the chosen ones
        kept: np.ndarray,  # bool[2 chosen]: equations that are not all zeros
        fingerprint: str | None,  # of the simulated system, where the file has it
        facts: dict[str, Any],
    ) -> None:
        super().__init__(real, np.zeros(len(real), ROW))
        self.path, self.grid, self.bins, self.mask, self.kept = path, grid, bins, mask, kept  # type: ignore[assignment]
        self.fingerprint, self.facts = fingerprint, facts  # type: ignore[assignment]

    @np.errstate(all="ignore")  # what is not finite is refused at the end
    def spectra(
        self, measurement: MdfFile, frames: Any = None, average: int = 1, background: str = "subtract"
    ) -> np.ndarray:
        """The spectra of a measurement, one real number an equation.

        Parameters
        ----------
        measurement : MdfFile
            An open measurement file, of the same scanner and sequence as the matrix.
        frames : slice or array_like of int, optional
            Which frames, counted from 0; all that are not background by default.
        average : int, optional
            Frames averaged to one: that many at a time, a remainder to the last; 0 for all.
        background : {"subtract", "keep"}, optional
            Whether the mean of the background frames is subtracted, if the file has any and says that it was not done.

        Returns
        -------
        ndarray
            float64[n, rows].

        Raises
        ------
        TypeError, ValueError
            If an argument is of the wrong type or range, or the files do not fit each other.
        """
        average = check.integer("average", average)
        check.choice("background", background, ("subtract", "keep"))
        mask = self._mask_in(measurement)
        is_background = measurement.is_background
        chosen = np.flatnonzero(~is_background) if frames is None else measurement.frame_numbers(frames)
        if chosen.size == 0:
            raise ValueError(
                f"frames={frames!r}: {measurement.path.name} has no such frames that are not background; choose others"
            )
        values = measurement.data.components(chosen, mask)
        if background == "subtract" and is_background.any() and not measurement["/measurement/isBackgroundCorrected"]:
            values -= measurement.data.components(np.flatnonzero(is_background), mask).mean(axis=0)
        starts = np.arange(0, len(values), average or len(values))
        if average != 1:
            values = np.add.reduceat(values, starts) / np.diff(np.append(starts, len(values)))[:, None]
        return check.finite(
            "spectra", np.concatenate([values.real, values.imag], axis=1)[:, self.kept] / measurement.data.points
        )

    def _mask_in(self, measurement: MdfFile) -> np.ndarray:
        """The chosen frequencies where the measurement has them; an error if it is not of the matrix' scanner and
        sequence.
        """
        here, there = measurement.path.name, self.path.name
        for name, expected in self.facts.items():
            found = measurement.get(name)
            if found is not None and (
                np.shape(found) != np.shape(expected) or not np.allclose(found, expected, rtol=1e-6, atol=0.0)
            ):
                raise ValueError(
                    f"{here} does not fit {there}: {name} is {_brief(found)}, in the matrix {_brief(expected)}; use its own matrix"
                )
        if measurement.shape[1:3] != self.mask.shape[:2]:
            theirs = "{} periods and {} channels".format(*self.mask.shape[:2])
            raise ValueError(
                f"{here} does not fit {there}: it has {measurement.shape[1]} periods and {measurement.shape[2]} channels, not {theirs}"
            )
        mask = np.zeros((*self.mask.shape[:2], len(measurement.data.bins)), bool)
        position = {int(number): k for k, number in enumerate(measurement.data.bins)}
        for k in np.flatnonzero(self.mask.any(axis=(0, 1))):
            if int(self.bins[k]) not in position:
                raise ValueError(
                    f"{here} does not fit {there}: it has no frequency number {self.bins[k] + 1}; choose a narrower band"
                )
            mask[:, :, position[int(self.bins[k])]] = self.mask[:, :, k]
        return mask


@np.errstate(all="ignore")  # what is not finite is refused at the end
def mdf_system(
    file: MdfFile,
    snr_threshold: float | None = None,
    band: tuple[float, float] | None = None,
    channels: Any = None,
    background: str = "subtract",
) -> MdfSystem:
    """The system matrix of a calibration file as real equations, of all or of chosen frequencies.

    Parameters
    ----------
    file : MdfFile
        An open calibration file, mpifast's or a scanner's.
    snr_threshold : float, optional
        Leave out frequencies with a signal-to-noise ratio (/calibration/snr) below it.
    band : (float, float), optional
        Lowest and highest frequency, hertz.
    channels : sequence of int, optional
        Receive channels, counted from 1 as in the format.
    background : {"subtract", "keep"}, optional
        Whether the mean of the background frames is subtracted, if the file has any and says that it was not done.

    Returns
    -------
    MdfSystem
        float64[rows, voxels] for the solvers.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or range, the file has no system matrix, or nothing is left.

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
    if file.kind != "calibration":
        raise ValueError(f"{file.path} has no system matrix: it is a {file.kind} file; give a calibration file")
    check.choice("background", background, ("subtract", "keep"))
    foreground = np.flatnonzero(~file.is_background)
    grid = _grid(file, len(foreground))
    mask = _mask(file, snr_threshold, band, channels)
    values = file.data.components(foreground, mask)
    if background == "subtract" and file.is_background.any() and not file["/measurement/isBackgroundCorrected"]:
        values -= file.data.components(np.flatnonzero(file.is_background), mask).mean(axis=0)
    rows = np.concatenate([values.real.T, values.imag.T]) / file.data.points
    check.finite("matrix", rows)
    kept = rows.any(axis=1)
    if not kept.any():
        raise ValueError(f"{file.path}: all chosen rows of the system matrix are zero; choose other frequencies")
    facts = {name: value for name in SHARED if (value := file.get(name)) is not None}
    system = file.get("/_mpifast/system")
    fingerprint = system if isinstance(system, str) else None
    return MdfSystem(
        read_only(np.ascontiguousarray(rows[kept])),
        file.path,
        grid,
        file.data.bins,
        mask,
        np.asarray(kept),
        fingerprint if isinstance(fingerprint, str) else None,
        facts,
    )


def _grid(file: MdfFile, voxels: int) -> dict[str, Any]:
    grid = {name: value for name in GRID if (value := file.get(f"/calibration/{name}")) is not None}
    size = np.asarray(grid.get("size", [voxels, 1, 1]))
    if size.shape != (3,) or np.any(size < 1) or np.prod(size.astype(object)) != voxels:
        raise ValueError(f"{file.path}: /calibration/size is {size.tolist()}, but {voxels} frames are not background")
    if file.get("/calibration/isMeanderingGrid", 0) and not file["/measurement/isFramePermutation"]:
        raise ValueError(
            f"{file.path} has its frames in the meandering order of the robot: sort them and set isFramePermutation"
        )
    if grid["order"] not in ORDERS:
        raise ValueError(f"{file.path}: /calibration/order is {grid['order']!r}, expected one of {', '.join(ORDERS)}")
    return grid | {"size": size}


def _mask(file: MdfFile, snr_threshold: Any, band: Any, channels: Any) -> np.ndarray:
    """The chosen frequencies, bool[periods, channels, K]."""
    mask: Any = np.ones((file.shape[1], file.shape[2], len(file.data.bins)), bool)
    if snr_threshold is not None:
        snr_threshold = check.number("snr_threshold", snr_threshold, low=0.0)
        if "/calibration/snr" not in file:
            raise ValueError(f"{file.path} has no /calibration/snr: leave out snr_threshold={snr_threshold:g}")
        snr = file["/calibration/snr"]
        if snr.shape != mask.shape:
            raise ValueError(
                f"{file.path}: /calibration/snr has the shape {list(snr.shape)}, expected {list(mask.shape)}"
            )
        mask &= snr >= snr_threshold
    if band is not None:
        edges = check.sequence("band", band)
        if len(edges) != 2:
            raise ValueError(f"band={band!r}: give the lowest and the highest frequency")
        low, high = (check.number("band", edge, low=0.0, unit="Hz") for edge in edges)
        mask &= (file.frequencies >= low) & (file.frequencies <= high)
    if channels is not None:
        chosen = [
            check.integer("channels", channel, low=1, high=mask.shape[1]) - 1
            for channel in check.sequence("channels", channels)
        ]
        mask &= np.isin(np.arange(mask.shape[1]), chosen)[:, None]
    if not mask.any():
        raise ValueError(
            f"snr_threshold={snr_threshold}, band={band}, channels={channels} leave no frequency of {file.path.name}: choose more"
        )
    return np.asarray(mask)


def _brief(value: Any) -> str:
    text = str(np.asarray(value).tolist())
    return text if len(text) <= 60 else text[:57] + "..."
