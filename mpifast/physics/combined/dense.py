"""Pieces of a system put together as one array."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mpifast.physics.linear_system import Piece


def dense(pieces: Sequence[Piece], equations: int, voxels: int, some: slice = slice(None)) -> np.ndarray:
    """Neighbouring columns of the real equations of pieces, [equations, voxels of the slice], C order.

    Examples
    --------
    >>> import numpy as np
    >>> from mpifast.physics.linear_system import Piece
    >>> first = Piece(np.ones((1, 2)), np.array([1]), np.array([2, 0]))
    >>> print(dense([first], 2, 3))
    [[0. 0. 0.]
     [1. 0. 1.]]
    """
    wanted = np.arange(voxels)[some]
    result = np.zeros((equations, len(wanted)), np.result_type(*(piece.real for piece in pieces)))
    for piece in pieces:
        columns = np.arange(voxels) if piece.columns is None else piece.columns
        inside = (columns >= wanted[0]) & (columns <= wanted[-1])
        targets = columns[inside] - wanted[0]
        whole = bool(inside.all())
        for number, row in zip(piece.equations.tolist(), piece.real, strict=True):  # no copy of a large piece
            result[number, targets] = row if whole else row[inside]
    return result
