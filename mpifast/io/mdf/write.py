"""Write MDF v2.1: system matrices, measurements and reconstructions, as MPIFiles.jl and MPIReco.jl read them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast._files import replacing
from mpifast.io.hdf5.reader import File, h5py
from mpifast.io.mdf import any_system
from mpifast.io.mdf import values as mdf_values
from mpifast.io.mdf.acquired.patch_file import GRADIENT, patch_file
from mpifast.io.mdf.acquired.raw import digitised, in_order
from mpifast.io.mdf.check import Breach, breaches
from mpifast.io.mdf.columns import Columns, Reserved
from mpifast.io.mdf.format import EXTENSIONS, FIELDS, OWN
from mpifast.io.mdf.scanners import scanner_system
from mpifast.physics.combined.contrasts import Contrasts
from mpifast.physics.combined.multi_patch import MultiPatch
from mpifast.physics.linear_system import LinearSystem
from mpifast.physics.system_matrix import SystemMatrix
from mpifast.physics.systems.scanner_system import ScannerSystem

DTYPES = {"int8": np.int8, "int64": np.int64, "integer": np.int64, "float64": np.float64}
FREE = ("/study", "/experiment", "/scanner", "/tracer")


def write_mdf(
    path: str | Path,
    content: Any,
    system: LinearSystem | None = None,
    *,
    domain: str = "fourier",
    dtype: str = "float64",
    background: Any = None,
    background_at: Any = None,
    phantoms: Any = None,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Write a system, or spectra of it, as an MDF v2.1 file.

    Parameters
    ----------
    path : str or Path
        File name, ending in .mdf, .hdf or .h5; an existing file is replaced once the new one is complete and passes
        `check_mdf`.
    content : LinearSystem or array_like
        A system: the file is a calibration file. Or raw spectra such as `mpifast.Spectra` and `LinearSystem.spectra`
        make them, real [n, equations] or complex [n, rows]: n frames of a measurement file.
    system : LinearSystem, optional
        For spectra: the system they are of. Rows of a matrix alone need frequencies.
    domain : {"fourier", "time"}, optional
        For spectra: store them as they are (complex64 or complex128, and every bit comes back) or as a signal in time.
    dtype : {"float64", "float32", "int32", "int16"}, optional
        For a signal in time: its type in the file. Integers are those of a converter whose range is the largest
        signal of each channel (dataConversionFactor).
    background : array_like, optional
        Spectra of m frames without tracer, as those of a measurement; they are marked as background. With a system: the
        background frames of the calibration. Its matrix is stored as it is, with the background in it, and readers
        subtract them.
    background_at : array_like of int, optional
        The number of each background frame in the order of acquisition, counted from 0, in which a measurement is
        stored; by default they come last. The frames of a calibration are stored by voxel, and this order is its
        framePermutation.
    phantoms : array_like, optional
        For spectra: [n, voxels], what was imaged. Stored as /measurement/_phantoms.
    metadata : mapping, optional
        Values of datasets of /study, /experiment, /scanner and /tracer, of /acquisition/startTime, and of names of
        one's own, in which a part begins with an underscore: ``{"/study/name": "bars", "/scanner/_room": 21.5}``. Names
        of mpifast's own, such as /tracer/_diameters, follow from the system and are refused. A matrix
        alone may be given its /acquisition/gradient.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type, shape or range, or the metadata break the format.
    ModuleNotFoundError
        If h5py is missing: it is in the extra ``mdf``.

    Notes
    -----
    One period a frame, V samples: the power of two above twice the highest frequency number and one. The data are V
    times `mpifast`'s spectra, the unnormalised DFT (numpy.fft.rfft) of the samples. They are volts, with
    dataConversionFactor (1, 0), for a coil whose sensitivity (1/m) times voxel volume is numerically the period of the
    drive field in m^2. ``fieldOfView`` is the number of voxels times their pitch, so that the format's voxel centres
    are the simulated positions. /calibration/snr is the rms of a row over the error bound of the system matrix.
    docs/mdf.md lists the names with underscores.

    A `SystemMatrix` is stored with all frequencies of its one channel and with scanner and tracer. Of any other system
    the frequencies of its rows are stored (frequencySelection), in as many channels as it has. That of a scanner on a
    grid has its acquisition: the gradient, or up to 4,096 of them where it is a function of time, offset field, drive
    channels x, y, z with divider, strength and phase or a custom waveform, topology; and the tracer.
    Of a matrix alone scanner, gradient and drive field are not known, but for the period, and its unit is arbitrary.

    A matrix is written by blocks, in the precision it is stored in; one that is not formed yet is not kept either.
    Spectra of a `MultiPatch` are a file with a period for each patch. Its offset field follows from its offset and the
    gradient: that of its scanner, or of the metadata.

    References
    ----------
    Knopp et al., MDF: Magnetic Particle Imaging Data Format, arXiv:1602.06072v9.

    Examples
    --------
    >>> import mpifast, tempfile
    >>> from pathlib import Path
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "system.mdf"
    ...     mpifast.write_mdf(path, system)
    ...     with mpifast.read_mdf(path) as file:
    ...         print(file, bool((file.system_matrix().matrix == system.matrix).all()))
    calibration file system.mdf: 129 frames, 1 period, 1 channel, 257 frequencies True
    """
    path = target(path)
    if isinstance(content, LinearSystem):
        given = {"system": system, "phantoms": phantoms}
        for name in [name for name, value in given.items() if value is not None]:
            raise ValueError(f"{name} does not belong to a system matrix: give it with spectra")
        values, columns = _of_system(content, background, background_at)
    else:
        if system is None:
            raise ValueError("system=None: give the system that the spectra are of, or a system as content")
        check.instance("system", system, LinearSystem)
        check.choice("domain", domain, ("fourier", "time"))
        if isinstance(system, MultiPatch):
            metadata, gradient = without_gradient(metadata)
            values, columns = patch_file(content, system, domain, background, gradient), None
        else:
            values, columns = _of_spectra(content, system, domain, background), None
        empty = 0 if background is None else len(background)
        digitised(values, domain, dtype)
        in_order(values, empty, background_at)
        if phantoms is not None:
            count = values["/acquisition/numFrames"] - empty
            values["/measurement/_phantoms"] = check.matrix(
                "phantoms", phantoms, system.voxels, what="voxels", rows=count
            )
    values |= checked(metadata, values)
    written = content if system is None else system
    # A matrix alone has no gradient, and a scanner may have one that no reader knows what to do with.
    excused = [name for name in any_system.UNKNOWN if isinstance(written, ScannerSystem) or name not in values]
    write_datasets(
        path, values, strict=True, excused=() if isinstance(written, SystemMatrix) else excused, columns=columns
    )


def without_gradient(metadata: Mapping[str, Any] | None) -> tuple[Mapping[str, Any] | None, Any]:
    """The metadata but for the gradient, which offset fields of patches follow from, and the gradient."""
    if not isinstance(metadata, Mapping) or GRADIENT not in metadata:
        return metadata, None
    return {name: value for name, value in metadata.items() if name != GRADIENT}, metadata[GRADIENT]


def _of_system(system: LinearSystem, background: Any, background_at: Any) -> tuple[dict[str, Any], Columns | None]:
    if isinstance(system, MultiPatch):
        raise ValueError(
            "content is a MultiPatch, several matrices on a joint grid: write the system of each patch, a calibration"
            " file each, e.g. write_mdf(path, patches.systems[0]); spectra of it are one measurement file"
        )
    if isinstance(system, Contrasts):
        raise ValueError(
            "content is the matrices of several tracers: write the system of each tracer, a calibration file each"
        )
    if background is None and background_at is not None:
        raise ValueError("background_at belongs to background frames: give background")
    if isinstance(system, SystemMatrix):
        if background is not None:
            raise ValueError(
                "background does not belong to a SystemMatrix, which is without noise: give the measured matrix, e.g."
                " mpifast.linear_system(array, numbers=numbers, frequencies=frequencies)"
            )
        return mdf_values.general("System matrix", system) | mdf_values.calibration(system), None
    general, frame = _general("System matrix", system)
    values, columns = any_system.calibration(system, frame, background, background_at)
    return general | values, columns


def _of_spectra(spectra: Any, system: LinearSystem, domain: str, background: Any) -> dict[str, Any]:
    if isinstance(system, SystemMatrix):
        return mdf_values.general("Measurement", system) | mdf_values.measurement(spectra, system, domain, background)
    general, frame = _general("Measurement", system)
    return general | any_system.measurement(spectra, system, frame, domain, background)


def _general(title: str, system: LinearSystem) -> tuple[dict[str, Any], any_system.Frame]:
    """All but /measurement and /calibration, and how the rows lie in the data."""
    if isinstance(system, ScannerSystem):
        frame = scanner_system.frame_of(system)
        return scanner_system.general(title, system, frame), frame
    frame = any_system.Frame.of(system)
    return any_system.general(title, system, frame), frame


def write_datasets(
    path: Path,
    values: Mapping[str, Any],
    strict: bool = False,
    excused: Collection[str] = (),
    columns: Columns | None = None,
) -> list[Breach]:
    """Write datasets by their paths, typed as the format says; ``columns`` write those that are only reserved.

    Returns what the validator finds; if ``strict``, the file then does not appear, unless all that is wrong is in the
    datasets ``excused``.
    """
    with replacing(path, "w+b") as file:
        with h5py.File(
            file, "w", libver=("earliest", "v110"), alignment_threshold=512, alignment_interval=64
        ) as hdf5:  # aligned: to be mapped
            offsets = {}
            for name, value in sorted(values.items()):
                if isinstance(value, Reserved):
                    offsets[name] = _reserve(hdf5, name, value)
                else:
                    hdf5.create_dataset(name, data=_typed(name, value), track_times=False)
        if columns is not None:
            columns.write(file, offsets, {name: values[name] for name in offsets})
        file.flush()
        with File(Path(file.name)) as written:
            found = list(breaches(written))
        wrong = [breach for breach in found if breach.dataset not in excused]
        if wrong and strict:
            raise ValueError(f"{path.name} would not be valid: {wrong[0]}")
    return found


def _reserve(hdf5: Any, name: str, value: Reserved) -> int:
    """A dataset of zeros, which take no time to write; where it begins in the file."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    plist.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    dataset = hdf5.create_dataset(name, value.shape, value.dtype, dcpl=plist, track_times=False)
    return int(dataset.id.get_offset())


def target(path: str | Path) -> Path:
    """The name of a file to write, with one of the endings that readers go by."""
    path = Path(path)
    if path.suffix not in EXTENSIONS:
        raise ValueError(f"path={str(path)!r} ends in {path.suffix!r}: readers need one of {', '.join(EXTENSIONS)}")
    return path


def checked(metadata: Mapping[str, Any] | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata under names that the writer does not fill by itself; ``values`` are those that it fills."""
    if metadata is None:
        return {}
    if not isinstance(metadata, Mapping):
        raise TypeError(f"metadata must be a mapping from dataset names to values, got {type(metadata).__name__}")
    for name in metadata:
        if not isinstance(name, str) or not name.startswith("/"):
            raise ValueError(f"metadata has the name {name!r}: give the dataset's path, e.g. '/study/name'")
        parts = name.split("/")[1:]
        if any(part in ("", ".", "..") for part in parts):
            raise ValueError(f"metadata has the name {name!r}: leave out empty parts and dots, e.g. '/study/name'")
        if reserved := next((taken for taken in OWN if _overlap(name, taken)), None):
            raise ValueError(
                f"metadata has the name {name!r}, but {reserved} is mpifast's own and follows from the data: "
                "choose another name"
            )
        own = any(part.startswith("_") for part in parts)
        if not own and name not in FIELDS:
            raise ValueError(
                f"metadata has the name {name!r}, which is not in the format: begin names of your own with an "
                "underscore"
            )
        unknown = name in any_system.UNKNOWN and name not in values
        if not own and not unknown and f"/{parts[0]}" not in FREE and name != "/acquisition/startTime":
            raise ValueError(
                f"metadata has the name {name!r}, which follows from the data: give those of {', '.join(FREE)}"
            )
        others = [taken for taken in (*FIELDS, *metadata) if taken != name and _overlap(name, str(taken))]
        if own and (taken := "".join(map(str, others[:1]))):
            raise ValueError(f"metadata has the name {name!r}, but {taken} is a dataset: choose another name")
    return dict(metadata)


def _overlap(name: str, other: str) -> bool:
    """Whether two paths are the same dataset, or one is within the other."""
    return f"{name}/".startswith(f"{other}/") or f"{other}/".startswith(f"{name}/")


def _typed(name: str, value: Any) -> Any:
    """A value as the table has its type: NumPy's type, text as UTF-8 of variable length."""
    kind = FIELDS[name].kind if name in FIELDS else ""
    array = np.asarray(value)
    if array.dtype.kind in "OSU" or kind == "string":
        other = [text for text in array.ravel().tolist() if not isinstance(text, str)]
        if other or kind not in ("", "string"):
            raise TypeError(f"{name} must be {kind or 'text or numbers'}, got {value!r}")
        return np.array(array.tolist(), dtype=h5py.string_dtype())
    if array.dtype.kind == "b":
        return array.astype(np.int8)
    if array.dtype.kind not in "iufc":
        raise TypeError(f"{name} must be text or numbers, got {array.dtype}")
    if kind in DTYPES:
        converted = array.astype(DTYPES[kind])
        if not np.array_equal(converted, array):
            raise ValueError(f"{name}={value!r} does not fit its type in the format, {kind}")
        return converted
    return array.astype(array.dtype.newbyteorder("<"))
