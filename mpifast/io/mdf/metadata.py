"""The small datasets of an MDF file, by their names in version 2.1."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from mpifast import _validation as check
from mpifast.io.hdf5.reader import File, UnreadableError
from mpifast.io.mdf import deviations
from mpifast.io.mdf.format import DATA, FIELDS


class Metadata:
    """``metadata["/acquisition/gradient"]`` is a dataset by its name in version 2.1, whatever name, shape or type a
    deviating file gives it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = File(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        self._file.close()

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.stored_name(name) is not None

    def __getitem__(self, name: str) -> Any:
        """A dataset by its path in version 2.1: str, int, float or ndarray. Names of one's own, with an underscore,
        come as they are.

        Raises
        ------
        KeyError
            If the file does not have it.
        ValueError
            If it is damaged.
        """
        found = self.stored_name(name)
        if found is None:
            if (
                name in FIELDS
                and FIELDS[name].group == "/measurement"
                and FIELDS[name].rule == "flag"
                and FIELDS[name].shape == "-"
            ):
                return deviations.default_flag(name, self.stored_name(DATA) or "")
            if name in deviations.DEFAULTS:
                return deviations.DEFAULTS[name]
            raise KeyError(f"{self.path.name} has no {name}")
        value = self._file.read(found)
        try:
            return deviations.repaired(name, value)
        except (ValueError, TypeError, OverflowError) as error:
            raise UnreadableError(str(error), f"{self.path}: {found}") from error

    def get(self, name: str, default: Any = None) -> Any:
        """A dataset by its path in version 2.1, or ``default`` where the file does not have it."""
        try:
            return self[name]
        except KeyError:
            return default

    def stored_name(self, name: str) -> str | None:
        """The name that a dataset of version 2.1 has in this file."""
        return next((other for other in deviations.other_names(name) if self._file.is_dataset(other)), None)

    def number(self, name: str) -> float:
        """A positive number that the file has to have."""
        if name not in self:
            raise ValueError(f"{self.path} has no {name}: mpifast mdf check lists what is missing")
        return check.positive(f"{self.path}: {name}", self[name])

    def own(self, name: str) -> float:
        """A number under a name of mpifast's."""
        if name not in self:
            raise ValueError(
                f"{self.path} has no {name}: it is not of a mpifast.SystemMatrix; frames() and system() read any file"
            )
        value = self[name]
        array = np.ravel(value)
        if array.dtype.kind not in "iuf" or array.size != 1 or not np.isfinite(array[0]):
            raise ValueError(f"{self.path}: {name} is {value!r}, expected one number")
        return float(array[0])
