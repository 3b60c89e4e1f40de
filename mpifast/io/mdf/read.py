"""Read MDF files: version 2.1, its drafts and version 1; the data are read when asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mpifast import _validation as check
from mpifast.io.mdf.format import DATA
from mpifast.io.mdf.frames import Frames
from mpifast.io.mdf.metadata import Metadata
from mpifast.io.mdf.selection import ROWS, rows_of
from mpifast.physics.particle import Particle
from mpifast.physics.scanner import Scanner
from mpifast.physics.system_matrix import MODELS, SystemMatrix

if TYPE_CHECKING:
    from mpifast.io.mdf.system import MdfSystem


def read_mdf(path: str | Path) -> MdfFile:
    """Open an MDF file: a system matrix, measurements or a reconstruction.

    Parameters
    ----------
    path : str or Path
        File name.

    Returns
    -------
    MdfFile
        Close it after use, or use it in a ``with`` statement.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If it is not an MDF file, or damaged.
    ModuleNotFoundError
        If h5py is missing: it is in the extra ``mdf``.

    References
    ----------
    Knopp et al., MDF: Magnetic Particle Imaging Data Format, arXiv:1602.06072v9.

    Examples
    --------
    >>> import mpifast, tempfile
    >>> from pathlib import Path
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> u, c = mpifast.Spectra(system, seed=7)[:20]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "bars.mdf"
    ...     mpifast.write_mdf(path, u, system, phantoms=c)
    ...     with mpifast.read_mdf(path) as file:
    ...         print(file, file["/acquisition/drivefield/strength"].shape)
    ...         print(file.frames(slice(5)).shape, bool((file.spectra() == u).all()))
    measurement file bars.mdf: 20 frames, 1 period, 1 channel, 257 frequencies (1, 1, 1)
    (5, 1, 1, 257) True
    """
    return MdfFile(Path(path))


class MdfFile(Metadata):
    """An open MDF file. Make one with `mpifast.read_mdf`; close it, or use it in a ``with`` statement.

    ``file["/acquisition/gradient"]`` is a dataset by its name in version 2.1, whatever name, shape or type a deviating
    file gives it: str, int, float or ndarray. Names of one's own, with an underscore, come as they are.

    Attributes
    ----------
    path : Path
        File name.
    version : str
        Of the format.
    kind : {"calibration", "measurement", "reconstruction"}
        What the file holds: a system matrix, measured frames or images.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        try:
            self._set_up()
        except BaseException:
            self.close()
            raise

    def _set_up(self) -> None:
        if "/version" not in self:
            raise ValueError(f"{self.path} is not an MDF file: it has no /version")
        self.version = str(self["/version"])
        data = self.stored_name(DATA)
        if data is None and "/reconstruction/data" not in self:
            raise ValueError(f"{self.path} has neither {DATA} nor /reconstruction/data: there is nothing in it")
        if data is None:
            self.kind = "reconstruction"
            return
        self.kind = "calibration" if "/calibration/method" in self or data.startswith("/calibration") else "measurement"
        self._frames = Frames(self, self._file.array(data))

    def __repr__(self) -> str:
        if self.kind == "reconstruction":
            return f"reconstruction file {self.path.name}"
        values = ("frequency", "frequencies") if self.data.fourier else ("sample", "samples")
        words = [("frame", "frames"), ("period", "periods"), ("channel", "channels"), values]
        sizes = ", ".join(f"{n} {word[n != 1]}" for n, word in zip(self.shape, words, strict=True))
        return f"{self.kind} file {self.path.name}: {sizes}"

    @property
    def data(self) -> Frames:
        """The frames, for reading in slices; see `frames`."""
        if self.kind == "reconstruction":
            raise ValueError(f"{self.path} has no frames: it is a reconstruction file")
        return self._frames

    @property
    def shape(self) -> tuple[int, ...]:
        """Frames, periods, channels, and frequencies or samples."""
        return self.data.shape

    @property
    def is_background(self) -> np.ndarray:
        """Which frames were taken without tracer, bool[frames]."""
        mask = np.asarray(self.get("/measurement/isBackgroundFrame", np.zeros(self.shape[0], np.int8)))
        if mask.shape != self.shape[:1]:
            raise ValueError(
                f"{self.path}: /measurement/isBackgroundFrame has {mask.size} entries for {self.shape[0]} frames"
            )
        return mask != 0

    @property
    def frequencies(self) -> np.ndarray:
        """Frequencies that are stored, or that the samples give, float64[K], hertz."""
        return self.data.bins * (2.0 * self.number("/acquisition/receiver/bandwidth") / self.data.points)

    def frames(self, frames: Any = None, domain: str | None = None) -> np.ndarray:
        """Frames as numbers in the file's unit.

        Parameters
        ----------
        frames : slice or array_like of int, optional
            Which frames, counted from 0; all by default.
        domain : {"fourier", "time"}, optional
            What to return; the file's own by default.

        Returns
        -------
        ndarray
            complex[n, periods, channels, frequencies], unnormalised DFT, or float[n, periods, channels, samples].

        Raises
        ------
        TypeError, ValueError
            If an argument is of the wrong type or range, the file is damaged, its frames are compressed by a sparsity
            transformation, or a signal in time is wanted of selected frequencies.
        """
        own = "fourier" if self.data.fourier else "time"
        domain = own if domain is None else check.choice("domain", domain, ("fourier", "time"))
        return self.data.read(self.frame_numbers(frames), domain == "fourier")

    def frame_numbers(self, frames: Any = None) -> np.ndarray:
        """A choice of frames as numbers, int64[n]."""
        count = self.shape[0]
        if frames is None or isinstance(frames, slice):
            return np.arange(count)[slice(None) if frames is None else frames]
        if isinstance(frames, range) and len(frames) > count:
            raise ValueError(f"frames={frames!r} is out of range: {self.path.name} has frames 0 to {count - 1}")
        indices = np.asarray(frames)
        if indices.ndim != 1 or (indices.size and indices.dtype.kind not in "iu"):
            raise TypeError(f"frames must be a slice or a list of integers, got {frames!r}")
        if np.any(indices < 0) or np.any(indices >= count):
            raise ValueError(f"frames={frames!r} is out of range: {self.path.name} has frames 0 to {count - 1}")
        return indices.astype(np.int64)

    @np.errstate(all="ignore")  # a damaged file may hold anything
    def spectra(self) -> np.ndarray:
        """The spectra that `mpifast.write_mdf` was given, in `mpifast`'s unit and without background frames:
        float[n, harmonics] of a `SystemMatrix`, complex[n, rows] of any other system.

        Those stored in the Fourier domain come back to the bit.

        Raises
        ------
        ValueError
            If the file was not written by mpifast.
        """
        values = self.frames(np.flatnonzero(~self.is_background), "fourier")
        if ROWS in self:
            rows = rows_of(self)
            return values.reshape(len(values), -1)[:, rows] / values.real.dtype.type(self.data.points)
        harmonics = self._harmonics()
        return values[:, 0, 0, 1 : harmonics + 1].imag / values.real.dtype.type(self.data.points)

    def system(
        self, snr: float | None = None, band: Any = None, channels: Any = None, background: str = "subtract"
    ) -> MdfSystem:
        """The system of a calibration file, mpifast's or a scanner's, of all or of chosen frequencies.

        Parameters
        ----------
        snr : float, optional
            Leave out frequencies with a signal-to-noise ratio (/calibration/snr) below it.
        band : (float or None, float or None), optional
            Lowest and highest frequency, hertz; None: no bound.
        channels : sequence of int, optional
            Receive channels, counted from 0 as in ``rows``.
        background : {"subtract", "interpolate", "keep"}, optional
            What is subtracted if the file has background frames and does not say that it was done: their mean, their
            values interpolated linearly in time, or nothing.

        Returns
        -------
        MdfSystem
            A `LinearSystem`: complex128[rows, voxels] with row labels, and the grid if the file has one. Data sets,
            networks and solvers take it; its ``spectra`` takes an open measurement file.

        Raises
        ------
        TypeError, ValueError
            If an argument is of the wrong type or range, the file has no system matrix, or nothing is left.

        Examples
        --------
        >>> import mpifast, tempfile
        >>> from pathlib import Path
        >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     mpifast.write_mdf(Path(folder) / "system.mdf", system)
        ...     with mpifast.read_mdf(Path(folder) / "system.mdf") as file:
        ...         print(file.system(), file.system(band=(50e3, None)).rows["number"][:3])
        MdfSystem(200 rows, 129 voxels, 200 real equations) [3 4 5]
        """
        from mpifast.io.mdf.system import system_of  # here: most files are opened for their frames

        return system_of(self, snr, band, channels, background)

    @np.errstate(all="ignore")
    def system_matrix(self) -> SystemMatrix:
        """The `SystemMatrix` that `mpifast.write_mdf` was given, to the bit.

        Raises
        ------
        ValueError
            If the file is not a calibration file, or not one of a `SystemMatrix`: `system` is for those.
        """
        if self.kind != "calibration":
            raise ValueError(f"{self.path} has no system matrix: it is a {self.kind} file")
        harmonics = self._harmonics()
        names = ("gradient", "drivefield/strength", "drivefield/divider")
        gradient, strength, divider = (self.get(f"/acquisition/{name}", np.empty(0)) for name in names)
        if 0 in (gradient.size, strength.size, divider.size):
            raise ValueError(f"{self.path} is damaged: gradient, strength or divider are missing or empty")
        frequency = self.number("/acquisition/drivefield/baseFrequency") / check.positive("divider", divider.flat[0])
        voxels = int(self.own("/acquisition/_voxels"))
        scanner = Scanner(float(gradient.flat[0]), float(strength.flat[0]), frequency, voxels)
        particle = Particle(
            *(self.own(f"/tracer/_{name}") for name in ("diameters", "saturationMagnetization", "temperature"))
        )
        if self.shape[0] != voxels:
            raise ValueError(f"{self.path} is damaged: {voxels} voxels, {self.shape[0]} frames")
        matrix = np.ascontiguousarray(self.frames(domain="fourier")[:, 0, 0, 1 : harmonics + 1].T) / self.data.points
        check.finite("matrix", matrix.view(np.float64))
        tolerance, nodes = self.own("/calibration/_tolerance"), int(self.own("/calibration/_nodes"))
        model = self.get("/tracer/_model")
        if model not in MODELS:  # files of November 2026 and before say "Langevin" of both
            model = "langevin" if nodes else "ideal"
        return SystemMatrix(matrix, scanner, particle, str(model), tolerance, nodes)

    def images(self) -> np.ndarray:
        """The images of a reconstruction file, float[n, voxels, channels].

        Raises
        ------
        ValueError
            If the file has none.
        """
        if "/reconstruction/data" not in self:
            raise ValueError(f"{self.path} has no images: it is a {self.kind} file")
        return np.asarray(self["/reconstruction/data"])

    def _harmonics(self) -> int:
        harmonics = int(self.own("/acquisition/receiver/_harmonics"))
        if not 1 <= harmonics < len(self.data.bins) or not np.array_equal(
            self.data.bins[: harmonics + 1], np.arange(harmonics + 1)
        ):
            raise ValueError(
                f"{self.path} is damaged: {harmonics} harmonics do not fit its {len(self.data.bins)} frequencies"
            )
        return harmonics
