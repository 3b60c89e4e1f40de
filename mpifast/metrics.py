"""How far an image is from the phantom."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.physics.fields.grid import Grid

__all__ = ["mse", "nrmse", "psnr", "ssim"]

TRUNCATE = 3.5  # standard deviations, where the Gaussian window ends
PICTURE_WINDOW = 7  # values a side of scikit-image's uniform window
SIGMA = 1.5  # voxels, of the Gaussian window


def __dir__() -> list[str]:
    return __all__


def mse(images: Any, phantoms: Any) -> float:
    """Mean squared error over all voxels, the paper's measure of training and test.

    Parameters
    ----------
    images, phantoms : array_like
        Arrays of one shape and of any real type; the result is summed in float64.

    Returns
    -------
    float
        mean of (image - phantom)^2.

    Raises
    ------
    TypeError, ValueError
        If the arrays are empty, not real, not finite or of different shapes.

    Examples
    --------
    >>> import mpifast
    >>> mpifast.metrics.mse([0.0, 0.5], [0, 1])
    0.125
    """
    return mean_square(*_pair(images, phantoms))


def nrmse(images: Any, phantoms: Any) -> float:
    """Root mean squared error over the root mean square of the phantoms.

    Parameters
    ----------
    images, phantoms : array_like
        Arrays of one shape and of any real type; the phantoms not all zero.

    Returns
    -------
    float
        0 for a perfect image, 1 for an empty one.

    Raises
    ------
    TypeError, ValueError
        As for `mse`, and if all phantoms are zero.

    Examples
    --------
    >>> import mpifast
    >>> mpifast.metrics.nrmse([0.0, 0.0], [0, 1])
    1.0
    """
    images, phantoms = _pair(images, phantoms)
    if not phantoms.any():
        raise ValueError("phantoms are all zero, which leaves a relative error undefined: use mse")
    return math.sqrt(mean_square(images, phantoms) / mean_square(phantoms, np.zeros(1)))


def psnr(images: Any, phantoms: Any, peak: float = 1.0) -> float:
    """Peak signal-to-noise ratio, 10 log10(peak^2 / mse), with the mean over all voxels of all images.

    Parameters
    ----------
    images, phantoms : array_like
        Arrays of one shape and of any real type, flat or on a grid of any number of axes.
    peak : float, optional
        Largest possible value of a voxel.

    Returns
    -------
    float
        Decibels; infinity for equal arrays.

    Raises
    ------
    TypeError, ValueError
        As for `mse`, and if ``peak`` is not positive or below the largest value of the phantoms.

    Examples
    --------
    >>> import mpifast
    >>> print(round(mpifast.metrics.psnr([0.1, 0.9], [0, 1]), 6))
    20.0
    """
    images, phantoms = _pair(images, phantoms)
    peak, error = _peak(peak, phantoms), mean_square(images, phantoms)
    return 10.0 * math.log10(peak**2 / error) if error > 0.0 else math.inf


def ssim(images: Any, phantoms: Any, peak: float = 1.0, grid: Grid | None = None, *, sigma: float = SIGMA) -> float:
    """Structural similarity of images on a grid, or of a picture of stacked one-dimensional images.

    On a grid the window is a Gaussian over all axes of more than one voxel, and the result is the mean over the images
    and over the voxels whose window lies within the grid: scikit-image's ``structural_similarity`` with
    ``gaussian_weights=True, use_sample_covariance=False``. Without a grid the window is uniform, 7 by 7 values of the
    picture [rows, voxels], by scikit-image.

    Parameters
    ----------
    images, phantoms : array_like
        With a grid one image or several, [n, voxels] or [n, *grid.shape]; without one a picture [rows, voxels] of at
        least 7 by 7.
    peak : float, optional
        Largest possible value of a voxel; the smallest is 0.
    grid : Grid, optional
        Where the voxels lie; at least 11 voxels along each axis of more than one (``sigma=1.5``).
    sigma : float, optional
        Standard deviation of the Gaussian window in voxels; the window ends at 3.5 standard deviations.

    Returns
    -------
    float
        At most 1, which means equal.

    Raises
    ------
    TypeError, ValueError
        As for `psnr`, and if the arrays are not images on the grid, or the grid or picture is smaller than the window.
    ModuleNotFoundError
        Without a grid if scikit-image is missing: it is in the extra ``metrics``.

    Notes
    -----
    Z. Wang, A. C. Bovik, H. R. Sheikh and E. P. Simoncelli, IEEE Trans. Image Process. 13, 600 (2004).

    Examples
    --------
    >>> import mpifast
    >>> grid = mpifast.Grid((14, 16, 12), (14e-3, 16e-3, 12e-3))
    >>> phantom = mpifast.phantoms.vessels(grid).draw(7, [0])
    >>> mpifast.metrics.ssim(phantom, phantom, grid=grid)
    1.0
    >>> mpifast.metrics.ssim(0.5 * phantom, phantom, grid=grid) < 0.9
    True
    >>> picture = mpifast.phantoms.letters()
    >>> mpifast.metrics.ssim(picture, picture)
    1.0
    """
    if grid is not None:
        shape = check.instance("grid", grid, Grid).shape
        images, phantoms = check.on_grid("images", images, shape), check.on_grid("phantoms", phantoms, shape)
    images, phantoms = _pair(images, phantoms)
    peak = _peak(peak, phantoms)
    if grid is not None:
        return _gaussian_ssim(images, phantoms, peak, check.number("sigma", sigma, low=0.1, unit="voxels"))
    if images.ndim != 2 or min(images.shape) < PICTURE_WINDOW:
        raise ValueError(
            f"images have shape {images.shape}: give the grid= they are on; without it structural similarity needs a"
            " picture [rows, voxels] of at least 7 by 7"
        )
    try:
        from skimage.metrics import structural_similarity
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError('ssim needs scikit-image: python -m pip install "mpifast[metrics]"') from error
    return float(structural_similarity(images.astype(np.float64), phantoms.astype(np.float64), data_range=peak))


def window(sigma: float = SIGMA) -> int:
    """Voxels of the Gaussian window along each axis."""
    return 2 * int(TRUNCATE * sigma + 0.5) + 1


def _gaussian_ssim(images: np.ndarray, phantoms: np.ndarray, peak: float, sigma: float) -> float:
    """The mean over images [n, *grid.shape] of eq. (13) of Wang et al."""
    from scipy.ndimage import gaussian_filter

    shape = tuple(n for n in images.shape[1:] if n > 1)
    radius = window(sigma) // 2
    if min(shape, default=1) < window(sigma):
        raise ValueError(
            f"grid has the shape {images.shape[1:]}, the window of structural similarity {window(sigma)} voxels along"
            f" each axis (sigma={sigma:g}): give a smaller sigma, or use psnr or nrmse"
        )
    inside = (slice(radius, -radius or None),) * len(shape)
    small, smaller = (0.01 * peak) ** 2, (0.03 * peak) ** 2  # C1 and C2

    def smooth(image: np.ndarray) -> np.ndarray:
        return np.asarray(gaussian_filter(image, sigma, radius=radius)[inside])

    total = 0.0
    for image, phantom in zip(images, phantoms, strict=True):
        x, y = image.reshape(shape).astype(np.float64), phantom.reshape(shape).astype(np.float64)
        mean_x, mean_y = smooth(x), smooth(y)
        variances = smooth(x * x) - mean_x**2 + smooth(y * y) - mean_y**2
        covariance = smooth(x * y) - mean_x * mean_y
        luminance = (2.0 * mean_x * mean_y + small) / (mean_x**2 + mean_y**2 + small)
        total += float((luminance * (2.0 * covariance + smaller) / (variances + smaller)).mean())
    return total / len(images)


def _peak(peak: Any, phantoms: np.ndarray) -> float:
    """A peak that no phantom exceeds."""
    peak = check.positive("peak", peak)
    if phantoms.max() > peak:
        raise ValueError(
            f"peak={peak:g} is below the largest phantom value, {phantoms.max():g}: give the largest possible value"
        )
    return peak


def _pair(images: Any, phantoms: Any) -> tuple[np.ndarray, np.ndarray]:
    """Two finite real arrays of one shape, not empty."""
    images, phantoms = (
        check.finite("images", check.real_array("images", images)),
        check.finite("phantoms", check.real_array("phantoms", phantoms)),
    )
    if images.shape != phantoms.shape:
        raise ValueError(f"images have shape {images.shape}, phantoms {phantoms.shape}: give arrays of the same shape")
    if images.size == 0:
        raise ValueError(f"images are empty (shape {images.shape}): give at least one value")
    return images, phantoms


def mean_square(images: np.ndarray, phantoms: np.ndarray) -> float:
    """`mse` of arrays that have been checked. No BLAS here: its threads spin on after a call and take the cores from
    ours.

    Examples
    --------
    >>> import numpy as np
    >>> from mpifast.metrics import mean_square
    >>> mean_square(np.array([[0.5, 1.0]]), np.array([[0, 1]]))
    0.125
    """
    difference = images.astype(np.float64) - phantoms
    return float(np.square(difference, out=difference).mean())
