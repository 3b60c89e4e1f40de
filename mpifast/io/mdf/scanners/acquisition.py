"""The acquisition of a scanner on a grid as MDF has it: topology, gradient, offset field and drive field.

The drive field of channel d along axis d is sum_l strength_l Lambda_l(2 pi f_l t + phase_l), with Lambda a sine or a
table of one period, and f_l the base frequency over a divider.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mpifast.physics.fields.lissajous import LissajousScanner
from mpifast.physics.fields.sampled import SampledScanner
from mpifast.physics.fields.sequence import RANK, Sequence

PARTS = 4096  # most gradients of a period: the format's are constant within a part of it
DRIVE = "/acquisition/drivefield"
NAMES = {
    "LissajousScanner": "field-free point on a Lissajous curve",
    "FieldFreeLineScanner": "field-free line",
    "SampledScanner": "sequence of sampled fields",
}


def acquisition(scanner: Sequence) -> dict[str, Any]:
    """The datasets of /acquisition and /scanner that follow from a scanner.

    Examples
    --------
    >>> import mpifast
    >>> found = acquisition(mpifast.LissajousScanner(mpifast.Grid((40, 40), (24e-3, 24e-3))))
    >>> found["/scanner/topology"], found["/acquisition/drivefield/divider"].tolist()
    ('FFP', [[102], [96], [99]])
    """
    gradient = scanner.gradient_at([0.0])
    if gradient.ndim == 3:  # it is a function of time
        gradient = scanner.waveform(min(scanner.samples, PARTS))[1]
    gradient = gradient.reshape(-1, 3, 3)
    offset = np.array(getattr(scanner, "offset_field", (0.0, 0.0, 0.0)))
    return {
        "/scanner/topology": topology(gradient),
        "/scanner/name": NAMES.get(type(scanner).__name__, "scanner"),
        "/acquisition/gradient": gradient[None],
        "/acquisition/offsetField": np.tile(offset, (1, len(gradient), 1)),
        f"{DRIVE}/numChannels": 3,
        f"{DRIVE}/baseFrequency": getattr(scanner, "base_frequency", scanner.samples / scanner.period),
        f"{DRIVE}/cycle": scanner.period,
    } | {f"{DRIVE}/{name}": value for name, value in _drive(scanner, offset).items()}


def topology(gradients: np.ndarray) -> str:
    """FFP, FFL or MPS: a field-free point, a line (one eigenvalue is zero at all times), no gradient at all."""
    values = np.sort(np.abs(np.linalg.eigvalsh(gradients)), axis=-1)
    if not values.any():
        return "MPS"
    return "FFL" if (values[:, 0] <= RANK * values[:, 2]).all() else "FFP"


def is_sine(scanner: Sequence) -> bool:
    """Whether each drive channel is one sine; otherwise it is a table of ``scanner.samples`` numbers."""
    return isinstance(scanner, LissajousScanner) or scanner.line_drive() is not None


def wrapped(phase: float) -> float:
    """A phase in [-pi, pi); one that is there keeps its bits."""
    if not -math.pi <= phase < math.pi:
        phase = math.atan2(math.sin(phase), math.cos(phase))
    return -math.pi if phase >= math.pi else phase


def _drive(scanner: Sequence, offset: np.ndarray) -> dict[str, Any]:
    """Divider and waveform [D, F], strength and phase [J, D, F] of one frequency for each of three channels."""
    if isinstance(scanner, LissajousScanner):
        return _sines(scanner.drive_amplitude, scanner.divider, scanner.phase)
    line = scanner.line_drive()
    if line is not None:
        parts = line.amplitude * np.array(line.direction)
        phases = [line.phase + (math.pi if part < 0.0 else 0.0) for part in parts]
        return _sines(np.abs(parts), [scanner.samples // line.multiple] * 3, phases)
    if isinstance(scanner, SampledScanner):
        drive = np.array(scanner.drive_field)
    else:
        drive = scanner.waveform(scanner.samples)[0] - offset
    strength = np.abs(drive).max(axis=0)
    table = drive / np.where(strength > 0.0, strength, 1.0)
    custom = _sines(strength, [scanner.samples] * 3, [0.0] * 3)
    return custom | {"waveform": [["custom"]] * 3, "customWaveform": np.ascontiguousarray(table.T)[:, None]}


def _sines(strength: Any, divider: Any, phase: Any) -> dict[str, Any]:
    return {
        "strength": np.array(strength, np.float64)[None, :, None],
        "divider": np.array(divider, np.int64)[:, None],
        "phase": np.array([wrapped(value) for value in phase])[None, :, None],
        "waveform": [["sine"]] * 3,
    }
