"""How far an image is from the phantom."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mpifast import _validation as check

__all__ = ["mse", "nrmse", "psnr", "ssim"]


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
        raise ValueError("phantoms are all zero: the error has nothing to be relative to; use mse")
    return math.sqrt(mean_square(images, phantoms) / mean_square(phantoms, np.zeros(1)))


def psnr(images: Any, phantoms: Any, peak: float = 1.0) -> float:
    """Peak signal-to-noise ratio, 10 log10(peak^2 / mse).

    Parameters
    ----------
    images, phantoms : array_like
        Arrays of one shape and of any real type.
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


def ssim(images: Any, phantoms: Any, peak: float = 1.0) -> float:
    """Structural similarity of pictures of stacked one-dimensional images, by scikit-image.

    Parameters
    ----------
    images, phantoms : array_like
        [rows, voxels], at least 7 by 7.
    peak : float, optional
        Largest possible value of a voxel; the smallest is 0.

    Returns
    -------
    float
        At most 1, which means equal.

    Raises
    ------
    TypeError, ValueError
        As for `psnr`, and if the arrays are not pictures of at least 7 by 7.
    ModuleNotFoundError
        If scikit-image is missing: it is in the extra ``metrics``.

    Examples
    --------
    >>> import mpifast
    >>> picture = mpifast.phantoms.letters()
    >>> mpifast.metrics.ssim(picture, picture)
    1.0
    """
    images, phantoms = _pair(images, phantoms)
    peak = _peak(peak, phantoms)
    if images.ndim != 2 or min(images.shape) < 7:
        raise ValueError(f"images have shape {images.shape}: structural similarity needs a picture of at least 7 by 7")
    try:
        from skimage.metrics import structural_similarity
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError('ssim needs scikit-image: python -m pip install "mpifast[metrics]"') from error
    return float(structural_similarity(images.astype(np.float64), phantoms.astype(np.float64), data_range=peak))


def _peak(peak: Any, phantoms: np.ndarray) -> float:
    """A peak that no phantom exceeds."""
    peak = check.positive("peak", peak)
    if phantoms.max() > peak:
        raise ValueError(
            f"peak={peak:g} is below the largest phantom value, {phantoms.max():g}: give the largest possible"
        )
    return peak


def _pair(images: Any, phantoms: Any) -> tuple[np.ndarray, np.ndarray]:
    """Two finite real arrays of one shape, not empty."""
    images, phantoms = (
        check.finite("images", check.real_array("images", images)),
        check.finite("phantoms", check.real_array("phantoms", phantoms)),
    )
    if images.shape != phantoms.shape:
        raise ValueError(f"images have shape {images.shape}, phantoms {phantoms.shape}: they must be the same")
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
