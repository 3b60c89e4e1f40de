"""Loops of the Kronecker form as an operator: an image, contracted with the tables of x, y and z, and the reverse.

    shapes: parts [images, parities, half x, half y * width],  tensors [images, numbers of all channels and parities]
    x [weighted, parity, R, orders, half],  y the same,  z [weighted, parity, R, half, orders padded]

Node r has the more orders the narrower its Gaussian: ``counts`` [parity, R, 2] of x and y.
"""

from __future__ import annotations

import numpy as np

from mpifast._compiled.loop import Loop
from mpifast._compiled.products import multiply_add


def _contract(
    parts: np.ndarray,
    tensors: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    z: np.ndarray,
    parities: np.ndarray,
    channels: np.ndarray,
    counts: np.ndarray,
    places: np.ndarray,
    slots: int,
    slot: int,
) -> None:
    """Tensors [orders of x, of y, of z padded] of one parity of one image, for each channel."""
    image, kind = slot // len(parities), slot % len(parities)
    a, b, c = parities[kind]
    half_y, width, padded = y.shape[4], parts.shape[3] // y.shape[4], z.shape[4]
    along_x = np.empty((x.shape[3], parts.shape[3]), x.dtype)
    along_y = np.empty((y.shape[3], width), x.dtype)
    for number, channel in enumerate(channels):
        f, g, h = int(channel == 0), int(channel == 1), int(channel == 2)
        start = places[number, kind]
        target = tensors[image, start : start + x.shape[3] * y.shape[3] * padded].reshape(
            x.shape[3], y.shape[3], padded
        )
        target[:] = 0
        for r in range(x.shape[2]):
            orders_x, orders_y = counts[f, a, r, 0], counts[g, b, r, 1]
            along_x[:orders_x] = 0
            multiply_add(along_x[:orders_x], x[f, a, r, :orders_x], parts[image, kind])
            for p in range(orders_x):
                along_y[:orders_y] = 0
                multiply_add(along_y[:orders_y], y[g, b, r, :orders_y], along_x[p].reshape(half_y, width))
                multiply_add(target[p, :orders_y], along_y[:orders_y, : z.shape[3]], z[h, c, r])


def _expand(
    parts: np.ndarray,
    tensors: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    z: np.ndarray,
    parities: np.ndarray,
    channels: np.ndarray,
    counts: np.ndarray,
    places: np.ndarray,
    slots: int,
    slot: int,
) -> None:
    """The transpose of `_contract`; z [weighted, parity, R, orders padded, half padded] is transposed."""
    image, kind = slot // len(parities), slot % len(parities)
    a, b, c = parities[kind]
    half_y, width, padded = y.shape[4], parts.shape[3] // y.shape[4], z.shape[3]
    along_x = np.empty((x.shape[3], parts.shape[3]), x.dtype)
    along_y = np.empty((y.shape[3], width), x.dtype)
    parts[image, kind] = 0
    for number, channel in enumerate(channels):
        f, g, h = int(channel == 0), int(channel == 1), int(channel == 2)
        start = places[number, kind]
        source = tensors[image, start : start + x.shape[3] * y.shape[3] * padded].reshape(
            x.shape[3], y.shape[3], padded
        )
        for r in range(x.shape[2]):
            orders_x, orders_y = counts[f, a, r, 0], counts[g, b, r, 1]
            along_x[:orders_x] = 0
            for p in range(orders_x):
                along_y[:orders_y] = 0
                multiply_add(along_y[:orders_y], source[p, :orders_y], z[h, c, r])
                multiply_add(along_x[p].reshape(half_y, width), y[g, b, r, :orders_y].T, along_y[:orders_y])
            multiply_add(parts[image, kind], x[f, a, r, :orders_x].T, along_x[:orders_x])


contract, expand = Loop(_contract), Loop(_expand)
