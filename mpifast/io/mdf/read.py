"""Read MDF files: version 2.1, its drafts and version 1; the data are read when asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.io.mdf.acquired.empty_frames import empty_frames, noise_weights
from mpifast.io.mdf.acquired.patches import MdfPatches, patches_of
from mpifast.io.mdf.data import MdfData
from mpifast.io.mdf.preparation.choice import choose
from mpifast.io.mdf.preparation.selected import Selection
from mpifast.io.mdf.scanners.described import particle_of, scanner_of, scanner_system_of
from mpifast.io.mdf.selection import DESCRIBED, ROWS, rows_of
from mpifast.io.mdf.system import MdfSystem, system_of
from mpifast.physics.fields.scanner import Scanner
from mpifast.physics.fields.sequence import Sequence
from mpifast.physics.system_matrix import MODELS, SystemMatrix
from mpifast.physics.systems.scanner_system import ScannerSystem
from mpifast.physics.tracer.particle import Particle


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


class MdfFile(MdfData):
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

    @property
    def scanner(self) -> Scanner | Sequence:
        """The scanner that the file describes.

        A file of mpifast's gives back the scanner of its system, to the bit, be it of a matrix or of spectra. Of any
        other calibration file a `mpifast.LissajousScanner` is made, if it says that there is one: a sine for each of up
        to three axes, the same gradient and offset field in all periods, a grid, receive channels x, y, z in this
        order.

        Raises
        ------
        ValueError
            If the file describes no such scanner, or is damaged.

        Examples
        --------
        >>> import mpifast, tempfile
        >>> grid = mpifast.Grid((4, 6), (15e-3, 18e-3))
        >>> scanner = mpifast.LissajousScanner(grid, (-2, -2, 4), (18e-3, 20e-3, 0), (60, 50, 1))
        >>> system = mpifast.system_matrix(scanner, mpifast.Particle(30e-9), level=1e-3)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     mpifast.write_mdf(f"{folder}/system.mdf", system)
        ...     with mpifast.read_mdf(f"{folder}/system.mdf") as file:
        ...         print(file.scanner == scanner, file.particle == system.particle)
        True True
        """
        return scanner_of(self)

    @property
    def particle(self) -> Particle:
        """The tracer of a file of mpifast's with all its parts, to the bit.

        Raises
        ------
        ValueError
            If the file does not say what it is made of (the format has no place for core diameter and magnetisation),
            or it is a tracer that this version of mpifast does not know.
        """
        return particle_of(self)

    @np.errstate(all="ignore")  # a damaged file may hold anything
    def spectra(self) -> np.ndarray:
        """The spectra that `mpifast.write_mdf` was given, in `mpifast`'s unit and without background frames:
        float[n, harmonics] of a `SystemMatrix` in equilibrium, complex[n, rows] of any other system.

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
        harmonics, points = self._harmonics(), values.real.dtype.type(self.data.points)
        values = values[:, 0, 0, 1 : harmonics + 1]
        return (values.imag if self.particle.relaxation is None else values) / points

    def system(
        self,
        snr: float | None = None,
        band: Any = None,
        channels: Any = None,
        background: str = "subtract",
        *,
        mixing_order: int | None = None,
        stop: Any = None,
        snr_source: str = "auto",
        defects: bool = False,
        selection: Selection | None = None,
        transfer_function: str = "keep",
        induction_factor: str = "keep",
        dtype: Any = None,
    ) -> MdfSystem:
        """The system of a calibration file, mpifast's or a scanner's, of all or of chosen frequencies.

        Parameters
        ----------
        snr, band, channels, mixing_order, stop, snr_source, defects : optional
            Which rows: see `select`.
        background : {"subtract", "mean", "interpolate", "keep"}, optional
            What is subtracted if the file has background frames and does not say that it was done: their mean (by
            either name), the means of blocks of them interpolated linearly at the moment of each frame, or nothing.
        selection : Selection, optional
            Rows that `select` has chosen, in this file or in one like it, instead of the above.
        transfer_function, induction_factor : {"keep", "divide"}, optional
            Whether the data are divided by what the file gives; measurements then are, too. "keep" leaves them as they
            are. Rows without a transfer function (a factor of zero) are left out with this reason.
        dtype : {"float32", "float64"}, optional
            Type of the real equations; by default that of the file.

        Returns
        -------
        MdfSystem
            A `LinearSystem` of real equations with row labels, and the grid if the file has one. Data sets, networks
            and solvers take it; its ``spectra`` takes an open measurement file. ``selection`` says which rows it has.

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
        return system_of(
            self,
            snr,
            band,
            channels,
            background,
            selection=selection,
            transfer_function=transfer_function,
            induction_factor=induction_factor,
            dtype=dtype,
            mixing_order=mixing_order,
            stop=stop,
            snr_source=snr_source,
            defects=defects,
        )

    def select(
        self,
        snr: float | None = None,
        band: Any = None,
        channels: Any = None,
        *,
        mixing_order: int | None = None,
        stop: Any = None,
        snr_source: str = "auto",
        defects: bool = False,
        transfer_function: str = "keep",
        induction_factor: str = "keep",
    ) -> Selection:
        """Choose rows of a calibration file, with the reason for each that is left out.

        Parameters
        ----------
        snr : float, optional
            Leave out rows with a signal-to-noise ratio below it.
        band : (float or None, float or None), optional
            Lowest and highest frequency, hertz; None: no bound.
        channels : sequence of int, optional
            Receive channels, counted from 0 as in ``rows``.
        mixing_order : int, optional
            Leave out frequencies that are no sum of multiples p of the drive frequencies with a sum of |p| up to it.
        stop : sequence of (float, float), optional
            Bands to leave out, edges included, hertz: `mpifast.receive.band_stop` gives some.
        snr_source : {"auto", "file", "compute"}, optional
            Where the signal-to-noise ratio is from: /calibration/snr, or the background frames as MPIFiles.jl computes
            it (`mpifast.io.mdf.preparation.snr.computed_snr`); "auto": computed where the file lacks it.
        defects : bool, optional
            Also leave out rows that are zero or not finite, for which the data are read.
        transfer_function, induction_factor : {"keep", "divide"}, optional
            As in `system`: leave out rows that cannot be divided.

        Returns
        -------
        Selection
            Printed, a table of counts. ``system(selection=...)`` takes it, ``to_dict()`` makes it lists and numbers.

        Raises
        ------
        TypeError, ValueError
            If an argument is of the wrong type or range, or the file does not have what it asks for.

        Examples
        --------
        >>> import mpifast, tempfile
        >>> grid = mpifast.Grid((4, 6), (15e-3, 18e-3))
        >>> scanner = mpifast.LissajousScanner(grid, (-2, -2, 4), (18e-3, 20e-3, 0), (60, 50, 1), channels=("x", "y"))
        >>> system = mpifast.system_matrix(scanner, mpifast.Particle(30e-9))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     mpifast.write_mdf(f"{folder}/system.mdf", system)
        ...     with mpifast.read_mdf(f"{folder}/system.mdf") as file:
        ...         selection = file.select(band=(80e3, None), mixing_order=5)
        ...         print(file.system(selection=selection))
        MdfSystem(42 rows, 24 voxels, grid 4 x 6, 42 real equations)
        >>> print(selection)
        42 of 302 rows selected (band=[80000.0, None], mixing_order=5)
          channel 0: 21 selected, 10 below the band, 120 mixing order
          channel 1: 21 selected, 10 below the band, 120 mixing order
        """
        return choose(
            self, snr, band, channels, mixing_order, stop, snr_source, transfer_function, induction_factor, defects
        )

    def whitening(self, system: Any, frames: Any = None) -> np.ndarray:
        """Weights of the rows of a system by the noise of the background frames: min(sigma) / sigma_k.

        sigma_k is the standard deviation of the complex values of row k over the frames.

        Parameters
        ----------
        system, frames
            As for `background`.

        Returns
        -------
        ndarray
            float64[rows]: 1 for the row of least noise.

        Raises
        ------
        TypeError, ValueError
            As for `background`, or if there is a single frame, or a row without noise.

        Examples
        --------
        >>> import mpifast, numpy as np, tempfile
        >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9), harmonics=3)
        >>> empty = np.array([[1.0, 2.0, 4.0], [-1.0, -2.0, -4.0]])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     mpifast.write_mdf(f"{folder}/scan.mdf", np.zeros((1, 3)), system, background=empty)
        ...     with mpifast.read_mdf(f"{folder}/scan.mdf") as file:
        ...         print(file.whitening(system))
        [1.   0.5  0.25]
        """
        return noise_weights(self, system, frames)

    def patches(
        self, systems: Any, periods: Any = None, *, average_periods: bool = True, resample: bool = False
    ) -> MdfPatches:
        """The system of a measurement of several patches: periods of a frame that differ in their offset fields.

        Parameters
        ----------
        systems : LinearSystem or sequence of LinearSystem
            The system of one calibration for all patches, or of several: each patch takes the one with its own
            gradient whose offset field is nearest (`MultiPatch.from_offset_fields`). Systems of which nothing is known
            are taken as calibrated without offset field.
        periods : array_like of int, optional
            Which periods of a frame, counted from 0; all by default.
        average_periods : bool, optional
            Average the periods of the same fields to one patch; otherwise each is a patch of its own.
        resample : bool, optional
            As for `MultiPatch`: interpolate matrices whose patches are not shifted by whole voxels.

        Returns
        -------
        MdfPatches
            A `MultiPatch`, whose ``spectra`` takes this open file.

        Raises
        ------
        TypeError, ValueError
            If an argument is of the wrong type or range, the file does not fit the calibrations, or an offset is not
            one of whole voxels.

        Examples
        --------
        >>> import mpifast, numpy as np, tempfile
        >>> scanner = mpifast.LissajousScanner(mpifast.Grid((10, 10), (20e-3, 20e-3)))
        >>> system = mpifast.system_matrix(scanner, mpifast.Particle(20e-9), mixing_order=3)
        >>> whole = mpifast.MultiPatch([(system, (0.0, 0.0)), (system, (10e-3, 0.0))])
        >>> u = whole.spectra(np.ones((3, 150)), "float64")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     mpifast.write_mdf(f"{folder}/scan.mdf", u, whole)
        ...     with mpifast.read_mdf(f"{folder}/scan.mdf") as file:
        ...         patches = file.patches(system)
        ...         print(file)
        ...         print(patches, patches.spectra(file).shape)
        measurement file scan.mdf: 3 frames, 2 periods, 2 channels, 13 frequencies
        MdfPatches(2 patches, 52 rows, grid 15 x 10, 52 real equations) (3, 52)
        """
        return patches_of(self, systems, periods, average_periods, resample)

    def background(self, system: Any, frames: Any = None) -> np.ndarray:
        """The background frames of a measurement or calibration file, as spectra of a system: what the scanner measures
        without tracer, for `mpifast.noise.measured`.

        Parameters
        ----------
        system : LinearSystem or ndarray
            The system whose rows are wanted, found by channel and frequency; or a structured array such as its
            ``rows``. For an `MdfSystem` the file must be of the same scanner and sequence.
        frames : slice or array_like of int, optional
            Which frames, counted from 0; by default those marked as background. ``slice(None)`` for a file whose
            frames are all empty.

        Returns
        -------
        ndarray
            complex128[frames, rows], in the unit of `spectra` and of the system of a calibration file: the unnormalised
            DFT over the number of samples.

        Raises
        ------
        TypeError, ValueError
            If an argument is of the wrong type or range, there are no such frames, or the file lacks a row.

        Examples
        --------
        >>> import mpifast, numpy as np, tempfile
        >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
        >>> u, empty = np.zeros((1, 200)), np.random.default_rng(1).normal(size=(30, 200))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     mpifast.write_mdf(f"{folder}/scan.mdf", u, system, background=empty)
        ...     with mpifast.read_mdf(f"{folder}/scan.mdf") as file:
        ...         frames = file.background(system)
        >>> frames.shape, bool(np.allclose(frames.imag, empty))
        ((30, 200), True)
        >>> noise = mpifast.noise.measured(frames, shrinkage=0.2)
        >>> round(mpifast.Spectra(system, noise=noise).noise_level, 1)
        1.0
        """
        return empty_frames(self, system, frames)

    @np.errstate(all="ignore")
    def system_matrix(self) -> SystemMatrix | ScannerSystem:
        """The system that `mpifast.write_mdf` was given: a `SystemMatrix` is read to the bit; that of a scanner on a
        grid, with its rows, follows from scanner and particle, and is computed when asked for.

        Raises
        ------
        ValueError
            If the file is not a calibration file, or not one of a computed system: `system` is for those.
        """
        if self.kind != "calibration":
            raise ValueError(f"{self.path} has no system matrix: it is a {self.kind} file")
        if f"{DESCRIBED}/type" in self:
            return scanner_system_of(self)
        harmonics, scanner, particle = self._harmonics(), self.scanner, self.particle
        assert isinstance(scanner, Scanner)
        voxels = scanner.voxels
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
