"""The frames of the empty scanner: as spectra of a system, and as weights of its rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.io.mdf.data import MdfData
from mpifast.io.mdf.selection import labelled_frequencies
from mpifast.io.mdf.system import MdfSystem
from mpifast.physics.linear_system import ROW, LinearSystem


@np.errstate(all="ignore")  # what is not finite is refused at the end
def empty_frames(file: MdfData, system: Any, frames: Any) -> np.ndarray:
    """The frames of an empty scanner at the rows of a system; see `MdfFile.background`."""
    factors = None
    if isinstance(system, MdfSystem):
        mask, order, factors = system.rows_in(file)
    else:
        labels = system.rows if isinstance(system, LinearSystem) else system
        if not isinstance(labels, np.ndarray) or not set(ROW.names or ()) <= set(labels.dtype.names or ()):
            raise TypeError(f"system must be a system or its rows, got {check.brief(system)}")
        mask, order = labelled_frequencies(file, labels)
    chosen = np.flatnonzero(file.is_background) if frames is None else file.frame_numbers(frames)
    if chosen.size == 0:
        what = "no background frames (/measurement/isBackgroundFrame)" if frames is None else f"no frames {frames!r}"
        raise ValueError(
            f"{file.path} has {what}: give the file of an empty scanner, or say with frames= which frames are empty, "
            "frames=slice(None) for all"
        )
    values = np.ascontiguousarray(file.data.components(chosen, mask)[:, order]) / file.data.points
    if factors is not None:
        values /= factors
    check.finite("background frames", values.view(np.float64))
    return values


@np.errstate(all="ignore")  # what is not finite is refused at the end
def noise_weights(file: MdfData, system: Any, frames: Any = None) -> np.ndarray:
    """See `MdfFile.whitening`."""
    values = empty_frames(file, system, frames)
    if len(values) < 2:
        raise ValueError(
            f"{file.path} has one background frame, of which no noise follows: give a file with more of them, or use"
            " other weights"
        )
    sigma = values.std(axis=0)
    silent = np.flatnonzero(~((sigma > 0.0) & (sigma < np.inf)))
    if silent.size:
        raise ValueError(
            f"{file.path}: the background frames of {silent.size} rows have no noise (row {silent[0]} is the first):"
            " leave them out, e.g. with snr= or band=, or use other weights"
        )
    return np.asarray(sigma.min() / sigma)
