"""Images as NIfTI-1 files, for viewers of medical images (3D Slicer, ITK-SNAP, FSLeyes).

The extra ``nifti`` installs what it needs: ``python -m pip install "mpifast[nifti]"``.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np

import mpifast
from mpifast import _validation as check
from mpifast._files import replacing
from mpifast.physics.fields.grid import Grid

__all__ = ["write_nifti"]

ENDINGS = (".nii", ".nii.gz")
LONGEST = 2**15 - 1  # voxels along an axis, and frames: the format stores them as int16
SMALL, LARGE = 1e-30, 1e30  # millimetres, which the format stores as float32


def write_nifti(path: str | Path, images: Any, grid: Grid) -> None:
    """Write images to a NIfTI-1 file, in millimetres; it appears whole or not at all.

    Voxel (i, j, k) of the file is voxel [i, j, k] of an image on the grid, and the affine (sform and qform, both with
    the code "scanner") gives its position x, y, z. Viewers show x to the patient's right, y to the front and z up. Axes
    that the grid lacks have one voxel at 0, as thick as the smallest spacing of the others. Several images are frames
    along the fourth axis.

    Parameters
    ----------
    path : str or Path
        A name in ``.nii``, or ``.nii.gz`` for a compressed file.
    images : array_like
        One image or several, [n, voxels] or [n, *grid.shape], real; stored as float32.
    grid : Grid
        Where the voxels lie, e.g. ``system.grid``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type, shape or range, not finite, or more than the format can hold.
    OSError
        If the file cannot be written.
    ModuleNotFoundError
        If nibabel is missing: it is in the extra ``nifti``.

    Examples
    --------
    >>> import mpifast, nibabel, tempfile
    >>> grid = mpifast.Grid((8, 9, 5), (16e-3, 18e-3, 5e-3))
    >>> image = mpifast.phantoms.vessels(grid).draw(7, [0])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mpifast.write_nifti(f"{folder}/vessels.nii", image, grid)
    ...     found = nibabel.load(f"{folder}/vessels.nii")
    ...     bool((found.get_fdata() == image.reshape(grid.shape)).all())
    True
    >>> print(found.header["pixdim"][1:4], found.affine[:3, 3])
    [2. 2. 1.] [-7. -8. -2.]
    """
    try:
        import nibabel
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError('write_nifti needs nibabel: python -m pip install "mpifast[nifti]"') from error
    path = check.path("path", path)
    if not path.name.endswith(ENDINGS):
        raise ValueError(f"path={str(path)!r} has another ending than viewers go by: give {' or '.join(ENDINGS)}")
    grid = check.instance("grid", grid, Grid)
    frames = _single(check.on_grid("images", images, grid.shape))
    frames = frames.reshape(len(frames), *grid.shape, *(1,) * (3 - len(grid.shape)))
    if max(frames.shape) > LONGEST:
        raise ValueError(
            f"images of shape {frames.shape} are more than a NIfTI-1 file holds: at most {LONGEST:,} frames, and voxels"
            " along an axis; write parts of them"
        )
    affine = millimetres(grid)
    picture = nibabel.Nifti1Image(
        frames[0] if len(frames) == 1 else np.moveaxis(frames, 0, -1), affine, nibabel.Nifti1Header(endianness="<")
    )
    picture.set_sform(affine, code="scanner")
    picture.set_qform(affine, code="scanner")
    picture.header.set_xyzt_units("mm")
    picture.header["descrip"] = f"mpifast {mpifast.__version__}"
    with replacing(path) as file:
        if path.suffix == ".gz":  # without name and time the same images give the same bytes
            with gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
                picture.to_stream(packed)
        else:
            picture.to_stream(file)


def millimetres(grid: Grid) -> np.ndarray:
    """The affine float64[4, 4] from voxel numbers (i, j, k, 1) to positions (x, y, z, 1) in millimetres.

    Examples
    --------
    >>> import mpifast
    >>> from mpifast.io.nifti import millimetres
    >>> print(millimetres(mpifast.Grid((2, 4), (4e-3, 4e-3), (0.0, 3e-3))))
    [[ 2.   0.   0.  -1. ]
     [ 0.   1.   0.   1.5]
     [ 0.   0.   1.   0. ]
     [ 0.   0.   0.   1. ]]
    """
    spacing, first = [*grid.spacing], [float(axis[0]) for axis in grid.axes]
    spacing += [min(spacing)] * (3 - len(spacing))
    affine = np.diag(1e3 * np.array([*spacing, 1e-3]))
    affine[: len(first), 3] = 1e3 * np.array(first)
    if np.diag(affine).min() < SMALL or abs(affine).max() > LARGE:
        raise ValueError(f"grid has voxels of {tuple(spacing)} m: NIfTI-1 stores millimetres from {SMALL} to {LARGE}")
    return affine


def _single(images: np.ndarray) -> np.ndarray:
    """Images as float32, none of them too large for it."""
    with np.errstate(over="ignore", under="ignore"):
        single = images.astype(np.float32)
    if not np.isfinite(single).all():
        raise ValueError(f"images has the value {abs(images).max():g}, too large for float32: divide the images")
    return single
