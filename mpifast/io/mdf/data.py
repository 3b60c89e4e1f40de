"""The frames of an open MDF file, by number, and what is known of each."""

from __future__ import annotations

import contextlib
import math
from pathlib import Path
from typing import Any

import numpy as np

from mpifast import _display
from mpifast import _validation as check
from mpifast.io.mdf.format import DATA
from mpifast.io.mdf.frames import Frames
from mpifast.io.mdf.metadata import Metadata

# Datasets that notebooks show, with their units.
SHOWN = {
    "study": ("/study/name", "", 1.0),
    "time": ("/acquisition/startTime", "", 1.0),
    "scanner": ("/scanner/name", "", 1.0),
    "tracer": ("/tracer/name", "", 1.0),
    "gradient": ("/acquisition/gradient", "T/m", 1.0),
    "drive field": ("/acquisition/drivefield/strength", "mT", 1e3),
    "period": ("/acquisition/drivefield/cycle", "ms", 1e3),
    "bandwidth": ("/acquisition/receiver/bandwidth", "kHz", 1e-3),
    "grid": ("/calibration/size", "voxels", 1.0),
    "field of view": ("/calibration/fieldOfView", "mm", 1e3),
    "solver": ("/reconstruction/_solver", "", 1.0),
}
MOST, MOST_READ = 9, 2**14  # numbers of a dataset that are shown, a gradient matrix; of one that is read for it


class MdfData(Metadata, _display.Shown):
    """Metadata and frames of an open file; `mpifast.io.mdf.read.MdfFile` adds what they mean."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        try:
            self._set_up()
        except BaseException:
            self.close()
            raise

    def _set_up(self) -> None:
        if "/version" not in self:
            raise ValueError(f"{self.path} is not an MDF file: it has no /version")
        self.version = str(self["/version"])
        data = self.stored_name(DATA)
        if data is None and "/reconstruction/data" not in self:
            raise ValueError(f"{self.path} has neither {DATA} nor /reconstruction/data: there is nothing in it")
        if data is None:
            self.kind = "reconstruction"
            return
        self.kind = "calibration" if "/calibration/method" in self or data.startswith("/calibration") else "measurement"
        self._frames = Frames(self, self._file.array(data))

    def __repr__(self) -> str:
        if self.kind == "reconstruction":
            return f"reconstruction file {self.path.name}"
        values = ("frequency", "frequencies") if self.data.fourier else ("sample", "samples")
        words = [("frame", "frames"), ("period", "periods"), ("channel", "channels"), values]
        sizes = ", ".join(f"{n} {word[n != 1]}" for n, word in zip(self.shape, words, strict=True))
        return f"{self.kind} file {self.path.name}: {sizes}"

    def _heading(self) -> str:
        return f"MDF file: {self.kind}"

    def _facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = {"file": self.path, "version": self.version}
        if self.kind != "reconstruction":
            names = ("frames", "periods", "channels", "frequencies" if self.data.fourier else "samples")
            facts |= {name: f"{n:,}" for name, n in zip(names, self.shape, strict=True)}
            stored = self.data.array
            facts["data"] = f"{stored.dtype}, {_display.size(math.prod(stored.shape) * stored.dtype.itemsize)}"
        for name, (dataset, unit, scale) in SHOWN.items():
            with contextlib.suppress(Exception):  # a file that is closed, or damaged, says less
                stored_as = self.stored_name(dataset)
                if stored_as is None or self._file.layout(stored_as).size > MOST_READ:
                    continue
                values, between = np.ravel(self[dataset])[:MOST], " x " if dataset.startswith("/calibration") else ", "
                texts = values.dtype.kind not in "iuf"
                facts[name] = between.join(values) if texts else _display.numbers(values.tolist(), unit, scale, between)
        return facts

    @property
    def data(self) -> Frames:
        """The frames, for reading in slices; see `frames`."""
        if self.kind == "reconstruction":
            raise ValueError(f"{self.path} has no frames: it is a reconstruction file")
        return self._frames

    @property
    def shape(self) -> tuple[int, ...]:
        """Frames, periods, channels, and frequencies or samples."""
        return self.data.shape

    @property
    def is_background(self) -> np.ndarray:
        """Which frames were taken without tracer, bool[frames]."""
        mask = np.asarray(self.get("/measurement/isBackgroundFrame", np.zeros(self.shape[0], np.int8)))
        if mask.shape != self.shape[:1]:
            raise ValueError(
                f"{self.path}: /measurement/isBackgroundFrame has {mask.size} entries for {self.shape[0]} frames"
            )
        return mask != 0

    @property
    def frequencies(self) -> np.ndarray:
        """Frequencies that are stored, or that the samples give, float64[K], hertz."""
        if "/_mpifast/scanner/type" in self:  # as the scanner has them, to the bit
            return self.data.bins / self.number("/acquisition/drivefield/cycle")
        return self.data.bins * (2.0 * self.number("/acquisition/receiver/bandwidth") / self.data.points)

    def frames(self, frames: Any = None, domain: str | None = None) -> np.ndarray:
        """Frames as numbers in the file's unit.

        Parameters
        ----------
        frames : slice or array_like of int, optional
            Which frames, counted from 0; all by default.
        domain : {"fourier", "time"}, optional
            What to return; the file's own by default.

        Returns
        -------
        ndarray
            complex[n, periods, channels, frequencies], unnormalised DFT, or float[n, periods, channels, samples].

        Raises
        ------
        TypeError, ValueError
            If an argument is of the wrong type or range, the file is damaged, its frames are compressed by a sparsity
            transformation, or a signal in time is wanted of selected frequencies.
        """
        own = "fourier" if self.data.fourier else "time"
        domain = own if domain is None else check.choice("domain", domain, ("fourier", "time"))
        return self.data.read(self.frame_numbers(frames), domain == "fourier")

    def foreground(self, frames: Any = None) -> np.ndarray:
        """A choice of frames as numbers, int64[n], by default of all that are not background; an error if there are
        none.
        """
        chosen = np.flatnonzero(~self.is_background) if frames is None else self.frame_numbers(frames)
        if chosen.size == 0:
            raise ValueError(
                f"frames={frames!r}: {self.path.name} has no such frames that are not background; choose others"
            )
        return chosen

    def frame_numbers(self, frames: Any = None) -> np.ndarray:
        """A choice of frames as numbers, int64[n]."""
        count = self.shape[0]
        if frames is None or isinstance(frames, slice):
            return np.arange(count)[slice(None) if frames is None else frames]
        if isinstance(frames, range) and len(frames) > count:
            raise ValueError(f"frames={frames!r} is out of range: {self.path.name} has frames 0 to {count - 1}")
        indices = np.asarray(frames)
        if indices.ndim != 1 or (indices.size and indices.dtype.kind not in "iu"):
            raise TypeError(f"frames must be a slice or a list of integers, got {frames!r}")
        if np.any(indices < 0) or np.any(indices >= count):
            raise ValueError(f"frames={frames!r} is out of range: {self.path.name} has frames 0 to {count - 1}")
        return indices.astype(np.int64)
