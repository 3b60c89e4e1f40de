"""The study of wrong tracers: tracers and their receive chains, the same rows of each, and trainings on one or many."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from mpifast.data.spectra import Spectra
from mpifast.paper.plane import BAND, PlaneExperiment, generators, plane
from mpifast.physics.array_system import linear_system
from mpifast.physics.fields.lissajous import LissajousScanner
from mpifast.physics.linear_system import LinearSystem
from mpifast.physics.receive.filters import low_pass
from mpifast.physics.relaxation.debye import Debye
from mpifast.physics.system_matrix import system_matrix
from mpifast.physics.systems.scanner_system import ScannerSystem
from mpifast.physics.tracer.anisotropy import Uniaxial
from mpifast.physics.tracer.particle import Particle
from mpifast.physics.tracer.sizes import SizeMixture

ORDER = 12  # of mixing: the same rows for every tracer, however strong they are
TOLERANCE = 1e-4  # of each row, far below the noise
CORNER = 17e-3  # metres from the middle, where the anisotropy of a fluid has its constant
DIAMETER = 25.0  # nm, of the tracer that trains


@dataclass(frozen=True)
class Tracer:
    """A tracer and the receive chain behind it; by default one size in equilibrium, and ideal coils.

    Attributes
    ----------
    diameter_nm : float
        Median by volume of the core diameters.
    spread : float
        Standard deviation of their logarithms: half of the material lies this far below the median, half above it,
        which gives the variance of a log-normal distribution.
    relaxation : float
        Debye time, seconds.
    anisotropy : float
        K in J/m^3 at `CORNER`, with the easy axis along r, as of particles in a fluid (arXiv:2403.00602).
    imbalance : float
        Channel x has the gain 1 plus, channel y 1 minus this number.
    low_pass : float
        Corner frequency of a second-order low-pass, Hz; 0 for none.
    """

    diameter_nm: float = DIAMETER
    spread: float = 0.0
    relaxation: float = 0.0
    anisotropy: float = 0.0
    imbalance: float = 0.0
    low_pass: float = 0.0

    @property
    def particle(self) -> Particle:
        """The tracer as the physics takes it."""
        return Particle(
            self.diameter_nm * 1e-9,
            sizes=SizeMixture(self.ratios, (1.0, 1.0), "volume") if self.spread else None,
            relaxation=Debye(self.relaxation) if self.relaxation else None,
            anisotropy=Uniaxial(self.anisotropy, axis=np.eye(3) / CORNER) if self.anisotropy else None,
        )

    @property
    def ratios(self) -> tuple[float, float]:
        """The two sizes over the median."""
        return float(np.exp(-self.spread)), float(np.exp(self.spread))

    @property
    def parts(self) -> int:
        """Parts of the spectra that have a signal: cosines give imaginary ones alone, unless something delays it."""
        return 2 if self.relaxation or self.low_pass else 1

    def chain(self, frequency: np.ndarray, channel: np.ndarray) -> np.ndarray:
        """The transfer function of the receive chain."""
        gain = 1.0 + self.imbalance * np.where(channel == 0, 1.0, -1.0)
        return gain * (low_pass(self.low_pass)(frequency) if self.low_pass else 1.0)


REFERENCE = Tracer()
CASES = {  # what the data are of
    "same": REFERENCE,
    "size": Tracer(diameter_nm=1.08 * DIAMETER),
    "spread": Tracer(spread=0.15),
    "relaxation": Tracer(relaxation=2e-6),
    "anisotropy": Tracer(anisotropy=1000.0),
    "chain": Tracer(imbalance=0.1, low_pass=500e3),
    "all": Tracer(1.08 * DIAMETER, 0.15, 2e-6, 1000.0, 0.1, 500e3),
}


def mixture(count: int) -> tuple[Tracer, ...]:
    """The reference, and tracers drawn around it; each of the cases lies inside the ranges, none other is among them.

    They have one size each: two sizes take most of the time of an anisotropic system and change it least.
    """
    low = (0.85 * DIAMETER, 0.0, 0.0, 0.0, -0.2)
    high = (1.15 * DIAMETER, 0.0, 4e-6, 1500.0, 0.2)
    random = np.random.default_rng(2017)
    rows = random.uniform(low, high, (count - 1, len(low)))
    corners = np.exp(random.uniform(np.log(300e3), np.log(3e6), (count - 1, 1)))
    drawn = (Tracer(*row) for row in np.concatenate([rows, corners], axis=1).tolist())
    return REFERENCE, *drawn


def ideal(tracer: Tracer, voxels: int) -> ScannerSystem:
    """The scanner of the study in two dimensions with a tracer and ideal coils: rows up to `ORDER` above 80 kHz, of
    which nothing is computed yet.
    """
    scanner = LissajousScanner(plane(voxels))
    return system_matrix(scanner, tracer.particle, band=BAND, mixing_order=ORDER, tolerance=TOLERANCE)


@functools.lru_cache(maxsize=64)
def system_of(tracer: Tracer, voxels: int) -> LinearSystem:
    """The system of a tracer and its receive chain, computed once."""
    system = ideal(tracer, voxels)
    return received(system, tracer.chain(system.rows["frequency"], system.rows["channel"]))


def received(system: LinearSystem, factors: np.ndarray) -> LinearSystem:
    """A system with the factors complex[rows], as an array with the labels of its rows."""
    names = {"channels": "channel", "numbers": "number", "frequencies": "frequency"}
    labels = {key: system.rows[name] for key, name in names.items()}
    return linear_system(factors[:, None] * system.matrix, system.grid, **labels)


def both_parts(system: LinearSystem) -> LinearSystem:
    """Its real parts, then its imaginary parts, also where one of them is zero: the same shape for every tracer."""
    return linear_system(np.concatenate([system.matrix.real, system.matrix.imag]), system.grid)


def to_complex(u: np.ndarray) -> np.ndarray:
    """Spectra [n, 2 rows] of `both_parts` as complex[n, rows]."""
    real, imaginary = np.split(u, 2, axis=1)
    return real + 1j * imaginary


def spectra_of(system: LinearSystem, voxels: int, kind: str, seed: int, **options: Any) -> Spectra:
    """Spectra of both parts; ``snr_db`` is that of both together, for every tracer."""
    phantoms = generators(plane(voxels))[kind]
    return Spectra(both_parts(system), seed, threads=1, phantoms=phantoms, **options)


class Mixture(NamedTuple):
    """Spectra of several tracers in turn, and their phantoms; sample i is of tracer i modulo their number."""

    parts: list[Spectra]
    inputs: slice  # numbers of a spectrum that a network takes

    def __getitem__(self, samples: Any) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[override]
        """Samples of a slice with start and stop, or from 0."""
        numbers = np.arange(samples.start or 0, samples.stop)
        system, count = self.parts[0].system, len(self.parts)
        u = np.empty((len(numbers), len(system.equations)), self.parts[0].dtype)
        c = np.empty((len(numbers), system.voxels), np.uint8)
        for k, part in enumerate(self.parts):
            own = numbers % count == k
            u[own], c[own] = part[numbers[own]]
        return np.ascontiguousarray(u[:, self.inputs]), c


@dataclass(frozen=True)
class TracerExperiment(PlaneExperiment):
    """One training on spectra of some tracers, in turn.

    Attributes
    ----------
    tracers : tuple of Tracer
        Where all matrices are purely imaginary, the network takes imaginary parts alone.
    """

    diameter_nm: float = DIAMETER
    tracers: tuple[Tracer, ...] = (REFERENCE,)

    @property
    def systems(self) -> list[LinearSystem]:
        """A system for each tracer."""
        return [system_of(tracer, self.voxels) for tracer in self.tracers]

    @property
    def system(self) -> LinearSystem:
        """That of the first tracer."""
        return self.systems[0]

    @property
    def inputs(self) -> slice:
        """Which numbers of a spectrum of both parts the network takes."""
        rows = len(ideal(REFERENCE, self.voxels).rows)
        return slice(rows * (2 - max(tracer.parts for tracer in self.tracers)), 2 * rows)

    @property
    def spectra(self) -> Any:
        """The data set."""
        options: dict[str, Any] = {"snr_db": self.snr_db, "dtype": self.dtype}
        parts = [spectra_of(system, self.voxels, self.kind, self.seed, **options) for system in self.systems]
        return Mixture(parts, self.inputs)

    @property
    def ends(self) -> tuple[int, int]:
        """Inputs and outputs of the network."""
        return self.inputs.stop - self.inputs.start, self.voxels**2

    @property
    def settings(self) -> dict[str, Any]:
        """For a record."""
        return {**super().settings, "level": None, "mixing_order": ORDER}
