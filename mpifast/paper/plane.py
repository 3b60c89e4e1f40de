"""The paper's study in two dimensions: the scanner, the phantoms, and trainings on them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mpifast.data import phantoms
from mpifast.data.phantoms.generator import Generator
from mpifast.data.spectra import Spectra
from mpifast.networks.network import Network
from mpifast.networks.scaling import Scaling
from mpifast.paper.experiments import Experiment
from mpifast.physics.fields.grid import Grid
from mpifast.physics.fields.lissajous import LissajousScanner
from mpifast.physics.linear_system import LinearSystem
from mpifast.physics.system_matrix import system_matrix
from mpifast.physics.tracer.particle import Particle

KINDS = ("random", "vessels", "words")
FIELD_OF_VIEW = 24e-3  # metres: what drive fields of 12 mT cover at 1 T/m
BAND = (80e3, None)  # Hz: below, the receive filter of a scanner takes the drive frequencies away
LEVEL = 1e-2  # weaker rows add nothing at 40 dB and below, and another 600 of them would double the time


def plane(voxels: int) -> Grid:
    """The field of view, with so many voxels along each axis."""
    return Grid((voxels, voxels), (FIELD_OF_VIEW, FIELD_OF_VIEW))


@functools.lru_cache(maxsize=8)
def plane_system(diameter_nm: float, voxels: int) -> LinearSystem:
    """A commercial scanner with two drive fields (dividers 102 and 96, cosines, 12 mT, gradient -1, -1, 2 T/m), both
    receive channels.
    """
    particle = Particle(diameter_nm * 1e-9)
    return system_matrix(LissajousScanner(plane(voxels)), particle, band=BAND, level=LEVEL)


def generators(grid: Grid) -> Mapping[str, Generator]:
    """The kinds of phantoms, all binary: half-full random voxels, trees of vessels, and words of three letters."""
    return {
        "random": phantoms.random(grid),
        "vessels": phantoms.vessels(grid, binary=True),
        "words": phantoms.letters(grid, None, 1.0, length=3),
    }


def word(grid: Grid) -> np.ndarray:
    """The word of the figure, uint8[1, voxels]."""
    return phantoms.letters(grid, "MPI", 1.0).draw(0, [0])


@dataclass(frozen=True)
class PlaneExperiment(Experiment):
    """One training in two dimensions, by the same rule.

    Attributes
    ----------
    recipe : str
        "fast" for the same rule in whitened coordinates, see `mpifast.Network.fit`.
    voxels : int
        Along each axis.
    kind : str
        Phantoms of the training, from `KINDS`.
    bias : bool
        Whether units have one. The paper's do not: random phantoms, half full on average, need none. Phantoms with a
        dark background do.
    """

    recipe: str = "paper"
    voxels: int = 20
    kind: str = "random"
    bias: bool = False

    @property
    def system(self) -> LinearSystem:
        """The scanner with particles of this size."""
        return plane_system(self.diameter_nm, self.voxels)

    @property
    def spectra(self) -> Spectra:
        """The data set; all its training samples set the scaling."""
        return self.spectra_of(self.kind)

    def spectra_of(self, kind: str) -> Spectra:
        """The same with phantoms of another kind. The noise is so many decibels below the spectra of that kind."""
        generator = generators(plane(self.voxels))[kind]
        return Spectra(self.system, self.seed, None, self.snr_db, self.dtype, threads=1, phantoms=generator)

    @property
    def data_set(self) -> int:
        """Samples of the training."""
        return self.samples

    @property
    def ends(self) -> tuple[int, int]:
        """Inputs and outputs of the network."""
        return len(self.system.equations), self.voxels**2

    @property
    def about(self) -> tuple[int, int]:
        """As many inputs as a scanner may have rows that tell more."""
        return 2 * self.voxels**2, self.voxels**2

    @property
    def rule(self) -> dict[str, Any]:
        """How `mpifast.Network.fit` trains."""
        return super().rule if self.recipe == "paper" else {"epochs": self.epochs, "recipe": self.recipe}

    def network(self, scaling: Scaling, **more: Any) -> Network:
        """The network before its training."""
        return super().network(scaling, bias=self.bias, **more)

    @property
    def settings(self) -> dict[str, Any]:
        """For a record."""
        scanner = {"scanner": "Lissajous 102/96, 12 mT, gradient (-1, -1, 2) T/m", "field_of_view_m": FIELD_OF_VIEW}
        return {**super().settings, **scanner, "band_Hz": BAND, "level": LEVEL, "rows": len(self.system.rows)}
