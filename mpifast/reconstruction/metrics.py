"""How far an image is from the phantom."""

from __future__ import annotations

from typing import Any

import numpy as np

from mpifast import _validation as check


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
    images, phantoms = check.finite("images", check.real_array("images", images)), check.finite("phantoms", check.real_array("phantoms", phantoms))
    if images.shape != phantoms.shape:
        raise ValueError(f"images have shape {images.shape}, phantoms {phantoms.shape}: they must be the same")
    if images.size == 0:
        raise ValueError(f"images are empty (shape {images.shape}): give at least one value")
    return mean_square(images, phantoms)


def mean_square(images: np.ndarray, phantoms: np.ndarray) -> float:
    """`mse` of arrays that have been checked. No BLAS here: its threads spin on after a call and take the cores from ours."""
    difference = images.astype(np.float64) - phantoms
    return float(np.square(difference, out=difference).mean())
