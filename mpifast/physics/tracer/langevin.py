"""The Langevin function, its derivative and the resolution that follows from it."""

from __future__ import annotations

from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.physics.tracer import _langevin_kernels as kernels


def langevin(x: Any, out: np.ndarray | None = None) -> Any:
    """Langevin function L(x) = coth x - 1/x, within 4 ulp everywhere.

    Parameters
    ----------
    x : array_like
        Dimensionless field beta H, any shape. float32 and float64 keep their type; integers become floating point.
        Infinities give -1 and 1; NaN stays NaN.
    out : ndarray, optional
        Array to write into, of the shape of ``x``.

    Returns
    -------
    ndarray or scalar
        L(x), of the shape of ``x``; ``out`` itself where it is given.

    Raises
    ------
    TypeError
        If ``x`` is not real, or ``out`` is not a writable floating-point array.
    ValueError
        If ``out`` has another shape than ``x``.

    References
    ----------
    Chae 2017, eq. (9).

    Examples
    --------
    >>> import mpifast
    >>> print(f"{mpifast.langevin(1e-8):.10e}  {mpifast.langevin(1.0):.10f}")
    3.3333333333e-09  0.3130352855
    """
    return _apply(kernels.langevin, x, out)


def langevin_derivative(x: Any, out: np.ndarray | None = None) -> Any:
    """Derivative of the Langevin function L'(x) = 1/x^2 - 1/sinh^2 x, within 4 ulp everywhere.

    Parameters
    ----------
    x : array_like
        Dimensionless field beta H, any shape, as for `langevin`. Infinities give 0; NaN stays NaN.
    out : ndarray, optional
        Array to write into, of the shape of ``x``.

    Returns
    -------
    ndarray or scalar
        L'(x), of the shape of ``x``; ``out`` itself where it is given.

    Raises
    ------
    TypeError
        If ``x`` is not real, or ``out`` is not a writable floating-point array.
    ValueError
        If ``out`` has another shape than ``x``.

    References
    ----------
    Chae 2017, figure 2: its full width at half maximum sets the resolution, see `mpifast.analysis.fwhm`.

    Examples
    --------
    >>> import mpifast
    >>> print(mpifast.langevin_derivative([0.0, 1e200]))
    [0.33333333 0.        ]
    """
    return _apply(kernels.langevin_derivative, x, out)


def _apply(kernel: Any, x: Any, out: np.ndarray | None) -> Any:
    array = check.real_array("x", x)
    if array.dtype.itemsize > 8:
        raise TypeError(f"x has dtype {array.dtype}: convert it to float64")
    if out is not None and (not isinstance(out, np.ndarray) or out.dtype.kind != "f" or not out.flags.writeable):
        raise TypeError("out must be a writable floating-point array: use numpy.empty_like(x)")
    if out is not None and out.shape != array.shape:
        raise ValueError(f"out has shape {out.shape}, expected {array.shape}, that of x")
    with np.errstate(all="ignore"):  # the branches' own overflows, and comparisons with NaN, mean nothing to the caller
        return kernel(array, out=out)
