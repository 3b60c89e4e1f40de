"""What an MDF file of any linear system says: its rows by channel and frequency, its grid, and no scanner."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.io.mdf.columns import Columns
from mpifast.io.mdf.selection import AXES, ROWS, TRANSFER
from mpifast.io.mdf.values import WIDTH, flags, identity, now
from mpifast.physics.linear_system import LinearSystem

# What the format asks for and a matrix alone does not tell: left out where the metadata do not give it.
UNKNOWN = ("/acquisition/gradient",)


@dataclass(frozen=True)
class Frame:
    """How the rows of a system lie in the data of a file.

    Attributes
    ----------
    channels, points : int
        Receive channels, and samples of a period: a power of two above twice the highest frequency number and one.
    numbers : ndarray
        int64[K]: the frequency numbers that are stored.
    rows : ndarray
        int64[rows]: the position of each row in [channels, K].
    frequency : float
        Reciprocal of the period, hertz.
    """

    channels: int
    points: int
    numbers: np.ndarray
    rows: np.ndarray
    frequency: float

    @classmethod
    def of(cls, system: LinearSystem) -> Frame:
        """The frame of a system.

        Raises
        ------
        ValueError
            If the rows are not told apart by channel and number, or their frequencies are not multiples of one.
        """
        channel, number, frequency = (system.rows[name] for name in ("channel", "number", "frequency"))
        if (number < 0).any() or (channel < 0).any():
            raise ValueError("system has rows of a negative channel or number: an MDF file counts from 0")
        numbers = np.unique(number)
        rows = channel.astype(np.int64) * len(numbers) + np.searchsorted(numbers, number)
        if np.unique(rows).size != rows.size:
            raise ValueError("system has two rows of the same channel and number: an MDF file has one for each")
        known = number > 0
        bases = frequency[known] / number[known]
        if not known.any() or not np.isfinite(bases).all() or not np.allclose(bases, bases[0], rtol=1e-9, atol=0.0):
            raise ValueError(
                "system has rows whose frequencies are unknown or no multiples of one: an MDF file needs them, e.g. "
                "mpifast.linear_system(array, numbers=numbers, frequencies=numbers / period)"
            )
        points = 1 << int(2 * numbers.max() + 1).bit_length()
        return cls(int(channel.max()) + 1, points, numbers, rows, float(bases[0]))

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Numbers of the rows [n, rows] as stored, [n, channels, K], times the number of samples; zero elsewhere."""
        data = np.zeros((len(values), self.channels * len(self.numbers)), values.dtype)
        with np.errstate(over="ignore"):  # what is not finite is refused later
            data[:, self.rows] = values * values.real.dtype.type(self.points)
        return data.reshape(len(values), self.channels, len(self.numbers))

    def factors(self, system: LinearSystem, every: bool = False) -> dict[str, Any]:
        """The transfer function of a system, complex128[channels, K]: 1 where it has no row. ``every``: K of all
        frequencies instead of those that are stored.
        """
        if system.transfer_function is None:
            return {}
        selected: np.ndarray = np.ones((self.channels, len(self.numbers)), np.complex128)
        selected.reshape(-1)[self.rows] = system.transfer_function
        if not every:
            return {TRANSFER: selected}
        full: np.ndarray = np.ones((self.channels, self.points // 2 + 1), np.complex128)
        full[:, self.numbers] = selected
        return {TRANSFER: full}


def general(title: str, system: LinearSystem, frame: Frame) -> dict[str, Any]:
    """All but /measurement and /calibration."""
    found = identity(title) | {
        **{f"/scanner/{name}": "n.a." for name in ("facility", "manufacturer", "name", "operator", "topology")},
        "/acquisition/startTime": now(),
        "/acquisition/numAverages": 1,
        "/acquisition/numPeriodsPerFrame": 1,
        # Nothing is known of the drive field but its period: one channel of strength zero.
        "/acquisition/drivefield/numChannels": 1,
        "/acquisition/drivefield/baseFrequency": frame.points * frame.frequency,
        "/acquisition/drivefield/divider": [[frame.points]],
        "/acquisition/drivefield/cycle": 1.0 / frame.frequency,
        "/acquisition/drivefield/strength": [[[0.0]]],
        "/acquisition/drivefield/phase": [[[0.0]]],
        "/acquisition/drivefield/waveform": [["sine"]],
    }
    return found | receiver(system, frame, "a.u.")


def receiver(system: LinearSystem, frame: Frame, unit: str) -> dict[str, Any]:
    """/acquisition/receiver, and which system the file is of."""
    return {
        "/acquisition/receiver/numChannels": frame.channels,
        "/acquisition/receiver/bandwidth": 0.5 * frame.points * frame.frequency,
        "/acquisition/receiver/numSamplingPoints": frame.points,
        "/acquisition/receiver/unit": unit,
        "/acquisition/receiver/dataConversionFactor": np.tile([1.0, 0.0], (frame.channels, 1)),
        **frame.factors(system),
        ROWS: np.stack([system.rows["channel"], system.rows["number"]], axis=1).astype(np.int64),
        "/acquisition/_voxels": system.voxels,
        "/_mpifast/system": system.fingerprint,
    }


def calibration(
    system: LinearSystem, frame: Frame, background: Any = None, background_at: Any = None
) -> tuple[dict[str, Any], Columns]:
    """/measurement and /calibration of a system: a frame a voxel, x fastest, then the background frames; and what
    writes the data.

    Without background frames the signal-to-noise ratio follows from the error of the matrix: the tolerance of a
    computed one, the rounding of another one.
    """
    fields, order = placement(system)
    tolerance, absolute = getattr(system, "tolerance", None), getattr(system, "absolute_error", None)
    empty = np.zeros((0, len(system.rows)), np.complex64)
    if background is not None:
        empty = spectra_of("background", background, system)
    columns = Columns(system, frame.rows, frame.points, order, 1.0, empty)
    error = float(np.finfo(columns.dtype).eps) if tolerance is None else tolerance
    columns = replace(columns, error=error)
    corrected = int(not len(empty))
    selected = flags(
        system.voxels, len(empty), isBackgroundCorrected=corrected, isFastFrameAxis=1, isFourierTransformed=1
    )
    return (
        selected
        | {f"/calibration/{name}": value for name, value in fields.items()}
        | columns.reserved(frame.channels, len(frame.numbers))
        | ({} if tolerance is None else {"/calibration/_tolerance": tolerance})
        | ({} if absolute is None else {"/calibration/_error": absolute})
        | {
            "/measurement/isFramePermutation": 1,
            "/measurement/isFrequencySelection": 1,
            "/measurement/frequencySelection": frame.numbers + 1,
            "/measurement/framePermutation": acquired(system.voxels, len(empty), background_at) + 1,
            "/calibration/method": "simulation",
        }
    ), columns


def acquired(frames: int, backgrounds: int, background_at: Any) -> np.ndarray:
    """The number of each frame in the order of acquisition, int64[frames + backgrounds]: the background frames are
    those at ``background_at``, by default the last ones, and the others come in their order.
    """
    total = frames + backgrounds
    if background_at is None:
        return np.arange(total)
    places = check.indices("background_at", background_at, total)
    if places.shape != (backgrounds,) or np.unique(places).size != backgrounds:
        raise ValueError(
            f"background_at={check.brief(background_at)} must be {backgrounds} different numbers, one for each"
            " background frame"
        )
    return np.concatenate([np.setdiff1d(np.arange(total), places), places])


def measurement(spectra: Any, system: LinearSystem, frame: Frame, domain: str, background: Any) -> dict[str, Any]:
    """/measurement of spectra, checked: the frames, and the background frames after them."""
    frames = spectra_of("spectra", spectra, system)
    empty = frames[:0] if background is None else spectra_of("background", background, system)
    values = frame.spread(np.concatenate([frames, empty.astype(frames.dtype)]))[:, None]
    return stored(values, len(empty), system, frame, domain)


def stored(values: np.ndarray, backgrounds: int, system: LinearSystem, frame: Frame, domain: str) -> dict[str, Any]:
    """/measurement of frames [n, periods, channels, K], the background frames last."""
    check.finite("spectra", values.view(values.real.dtype))
    fourier = domain == "fourier"
    transformed = int(fourier)
    found = flags(
        len(values) - backgrounds, backgrounds, isFourierTransformed=transformed, isFrequencySelection=transformed
    )
    if fourier:
        return found | {"/measurement/data": values, "/measurement/frequencySelection": frame.numbers + 1}
    full = np.zeros((*values.shape[:3], frame.points // 2 + 1), np.complex128)
    full[..., frame.numbers] = values
    if full[..., 0].imag.any():
        raise ValueError("spectra have an imaginary part at frequency 0, which no signal in time has: domain='fourier'")
    return found | frame.factors(system, every=True) | {"/measurement/data": np.fft.irfft(full, frame.points, axis=-1)}


def spectra_of(name: str, spectra: Any, system: LinearSystem) -> np.ndarray:
    """Spectra as complex[n, rows], in the precision they have: those that are real are numbers of equations."""
    array = check.number_array(name, spectra)
    if np.iscomplexobj(array):
        return check.matrix(name, array, len(system.rows), what="rows", complex_too=True)
    array = check.matrix(name, array, len(system.equations), what="equations")
    return system.to_complex(array).astype(np.complex64 if array.dtype == np.float32 else np.complex128)


def placement(system: LinearSystem) -> tuple[dict[str, Any], np.ndarray]:
    """What the file says about the grid, and the number in the grid of each voxel of the file."""
    grid, voxels = system.grid, system.voxels
    if grid is None:
        line = {"size": [voxels, 1, 1], "fieldOfView": [voxels * WIDTH, WIDTH, WIDTH], "_placed": 0}
        return line | {"fieldOfViewCenter": [0.0, 0.0, 0.0], "order": "xyz"}, np.arange(voxels)
    more = 3 - len(grid.shape)
    fields = {
        "size": [*grid.shape, *[1] * more],
        "fieldOfView": [*grid.field_of_view, *[WIDTH] * more],
        "fieldOfViewCenter": [*grid.center, *[0.0] * more],
        "order": "xyz",
        "deltaSampleSize": [*grid.spacing, *[WIDTH] * more],
        AXES.rsplit("/", 1)[1]: len(grid.shape),
    }
    return fields, np.arange(voxels).reshape(grid.shape).transpose().reshape(-1)
