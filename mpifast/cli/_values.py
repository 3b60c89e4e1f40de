"""Values as people type them: whole numbers, several numbers, arrays and systems in files."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from mpifast.physics.linear_system import LinearSystem


def whole(text: str) -> int:
    """A whole number as people write it: 1000000, 1_000_000 or 1e6."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        number = 0.5
    if not number.is_integer():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number: give one such as 30000 or 1e6")
    return int(number)


def several(
    name: str, text: str, number: Callable[[str], Any] = float, separator: str = ",", example: str = "-1,-1,2"
) -> tuple[Any, ...]:
    """Numbers with a separator between them; an error names the option ``name``."""
    try:
        return tuple(number(part) for part in text.split(separator))
    except (ValueError, argparse.ArgumentTypeError) as error:
        kind = "whole numbers" if number is whole else "numbers"
        raise ValueError(
            f"{name}={text!r} is not {kind} with {separator!r} between them: give e.g. {example}"
        ) from error


def shown(value: Any) -> str:
    """The value of an option as it may be typed."""
    return " ".join(f"{part:g}" for part in value) if isinstance(value, list) else str(value)


def read_array(name: str, path: str) -> np.ndarray:
    """The array of a .npy file; ``name`` is the option's."""
    import numpy as np

    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, MemoryError):
        raise
    except Exception as error:  # NumPy lets the errors of Python's parser through
        raise ValueError(
            f"{name}={path!r} is not a NumPy array or is damaged ({error}): write one with numpy.save"
        ) from error
    if not isinstance(array, np.ndarray):
        array.close()
        raise ValueError(f"{name}={path!r} holds several arrays: give a .npy file with one")
    return array


def read_system(path: str) -> LinearSystem:
    """The system of an MDF calibration file or of an array."""
    import mpifast

    if path.endswith(".mdf"):
        with mpifast.read_mdf(path) as file:
            return file.system()
    if not path.endswith(".npy"):
        raise ValueError(f"--matrix={path!r} has an unknown ending: give a calibration file .mdf or an array .npy")
    return mpifast.linear_system(read_array("--matrix", path))
