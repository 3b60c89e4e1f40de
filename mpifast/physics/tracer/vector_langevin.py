"""The Langevin function of a field with a direction."""

from __future__ import annotations

from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.physics.tracer import _vector_langevin_kernels as kernels


def magnetization(xi: Any) -> np.ndarray:
    r"""Mean magnetisation over saturation, m = L(\|xi\|) xi/\|xi\|.

    Each component is within 8 ulp of the exact value, at any length of xi, and 0 at xi = 0.

    Parameters
    ----------
    xi : array_like
        Dimensionless field beta mu0 H, float[..., 3], finite.

    Returns
    -------
    ndarray
        float64[..., 3].

    Raises
    ------
    TypeError, ValueError
        If ``xi`` is not real, not finite or has not three components.

    Examples
    --------
    >>> from mpifast.physics.tracer.vector_langevin import magnetization
    >>> print(magnetization([[0.0, 0.0, 0.0], [3.0, 0.0, 4.0]]).round(6))
    [[0.       0.       0.      ]
     [0.480054 0.       0.640073]]
    """
    return _apply(kernels.magnetization, xi, ())


def magnetization_jacobian(xi: Any) -> np.ndarray:
    r"""Jacobian of `magnetization`, dm_i/dxi_j = L'(x) n_i n_j + (L(x)/x) (delta_ij - n_i n_j), n = xi/x, x = \|xi\|.

    Each entry is within 8 ulp of the largest entry of its matrix; 1/3 of the identity at xi = 0. The trace is
    1 - L(x)^2: the Jacobian is the covariance of the unit moment.

    Parameters
    ----------
    xi : array_like
        Dimensionless field beta mu0 H, float[..., 3], finite.

    Returns
    -------
    ndarray
        float64[..., 3, 3].

    Raises
    ------
    TypeError, ValueError
        If ``xi`` is not real, not finite or has not three components.

    Examples
    --------
    >>> from mpifast.physics.tracer.vector_langevin import magnetization_jacobian
    >>> print(magnetization_jacobian([3.0, 0.0, 4.0]).round(6))
    [[ 0.116746 -0.       -0.057696]
     [-0.        0.160018 -0.      ]
     [-0.057696 -0.        0.08309 ]]
    """
    return _apply(kernels.jacobian, xi, (3,))


def _apply(kernel: Any, xi: Any, more: tuple[int, ...]) -> np.ndarray:
    array = check.finite("xi", check.real_array("xi", xi))
    if array.shape[-1:] != (3,):
        raise ValueError(f"xi has shape {array.shape}: give the components along x, y, z along the last axis")
    vectors = np.ascontiguousarray(array, np.float64).reshape(-1, 3)
    result = np.empty((len(vectors), 3, *more))
    kernel(vectors, result)
    return result.reshape(*array.shape, *more)
