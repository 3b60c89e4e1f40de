"""The machine's memory, and the refusal of matrices that would not fit in it."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

MEMORY = 0.5  # part of the machine's memory that a matrix may take: solvers need room for a copy


def refuse_large(rows: int, voxels: int, dtype: Any, cure: str) -> None:
    """An error if an array [rows, voxels] would take more than half of the machine's memory."""
    size = rows * voxels * np.dtype(dtype).itemsize
    if size > MEMORY * machine_memory():
        raise ValueError(
            f"the dense matrix of {rows:,} rows and {voxels:,} voxels takes {size / 1e9:,.1f} GB, more than"
            f" {MEMORY:.0%} of this machine's memory: {cure}"
        )


def machine_memory() -> float:
    """Bytes of memory that the machine has; infinite where it does not say."""
    try:
        return float(os.sysconf("SC_PHYS_PAGES")) * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows
        return float("inf")
