"""Options that several commands share: the scanner, the tracer and the data set."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from mpifast.cli._values import read_array, read_system, several, shown, whole

if TYPE_CHECKING:
    from mpifast.data.spectra import Spectra
    from mpifast.physics.linear_system import LinearSystem
    from mpifast.physics.tracer.particle import Particle

SOLVERS = ("kaczmarz", "tikhonov", "tsvd", "sparse", "nnls", "fused-lasso")
SCALINGS = ("harmonic", "global", "sample", "standard", "none")

LINE, POINT, FREE_LINE, SAMPLED = SCANNERS = ("1d", "lissajous", "field-free-line", "sampled")
FEW_FRAMES = 0.2  # shrinkage of a covariance that few frames leave without most directions
ON_GRIDS = (POINT, FREE_LINE, SAMPLED)
PERIODIC = (POINT, FREE_LINE)


class Option(NamedTuple):
    """An option of the scanners that it belongs to; ``name`` is that of the parameter."""

    name: str
    metavar: str
    help: str
    type: Callable[[str], Any] = str
    scanners: tuple[str, ...] = SCANNERS

    @property
    def flag(self) -> str:
        """What is typed."""
        return f"--{self.name.replace('_', '-')}"


# The defaults are those of the classes, and of 1d the paper's.
GROUPS: dict[str, tuple[Option, ...]] = {
    "the system (SI units; x, y and z with commas between them, as in -1,-1,2)": (
        Option("diameter", "M", "particle diameter in metres (default: 4e-08)", float),
        Option("temperature", "K", "temperature in kelvin (default: 300)", float),
        Option(
            "tolerance",
            "ERROR",
            "largest error of the system matrix: of 1d over its largest entry (default: 1e-12, from 1,000 harmonics on "
            "1e-15 times their number), of the other scanners over each row's largest magnitude (default: 1e-9)",
            float,
        ),
        Option(
            "gradient",
            "T/M",
            "gradient in T/m: one number of 1d (default: 2) and field-free-line (default: 1); along x, y and z, or all "
            "nine of a matrix, of lissajous and sampled (default: -1,-1,2)",
        ),
        Option(
            "drive_amplitude",
            "T",
            "drive field in tesla: one number of 1d (default: 0.032) and field-free-line (default: 0.012), along x, y "
            "and z of lissajous (default: 0.012,0.012,0)",
            scanners=(LINE, *PERIODIC),
        ),
    ),
    "the tracer, where it is more than its diameter": (
        Option(
            "size_sigma", "S", "log-normal core diameters: standard deviation of ln D (default: one diameter)", float
        ),
        Option("size_weighting", "NAME", "whether --diameter is the median by number (the default) or by volume"),
        Option(
            "relaxation_time", "S", "Debye relaxation time in seconds (default: equilibrium at every moment)", float
        ),
        Option("anisotropy", "J/M3", "constant of a uniaxial anisotropy in J/m3 (default: none)", float),
        Option("easy_axis", "AXIS", "easy axis of the anisotropy along x, y and z (default: 0,0,1)"),
    ),
    "of --scanner 1d": (
        Option("drive_frequency", "HZ", "drive frequency in hertz (default: 20000)", float, (LINE,)),
        Option("voxels", "N", "voxels (default: 129)", whole, (LINE,)),
        Option("harmonics", "N", "harmonics of the drive frequency, at most 10,000 (default: 200)", whole, (LINE,)),
    ),
    "of --scanner lissajous, field-free-line and sampled": (
        Option("grid", "SHAPE", "voxels along one to three axes, such as 40x40", scanners=ON_GRIDS),
        Option(
            "field_of_view", "M", "extent of the grid along its axes in metres, such as 24e-3,24e-3", scanners=ON_GRIDS
        ),
        Option("center", "M", "middle of the grid in metres (default: the origin)", scanners=ON_GRIDS),
        Option("channels", "AXES", "receive channels, such as xy (default: the driven axes)", scanners=ON_GRIDS),
        Option("level", "PART", "only rows of at least this part of the largest row (default: all)", float, ON_GRIDS),
        Option("mixing_order", "N", "of lissajous: only frequencies of mixing orders up to this one", whole, ON_GRIDS),
    ),
    "of --scanner lissajous and field-free-line": (
        Option(
            "divider",
            "N",
            "base frequency / drive frequency: along x, y and z of lissajous (default: 102,96,99), one number of "
            "field-free-line (default: 102)",
            scanners=PERIODIC,
        ),
        Option("base_frequency", "HZ", "base frequency in hertz (default: 2.5e+06)", float, PERIODIC),
        Option(
            "phase",
            "RAD",
            "phase of the sine in radians: along x, y and z of lissajous, one number of field-free-line (default: "
            "pi/2, a cosine)",
            scanners=PERIODIC,
        ),
        Option("offset_field", "T", "offset field along x, y and z in tesla (default: 0,0,0)", scanners=PERIODIC),
        Option("angle", "RAD", "angle of a field-free line's normal to x (default: 0)", float, (FREE_LINE,)),
        Option(
            "rotation", "N", "a field-free line turns at base frequency / N (default: it stands)", whole, (FREE_LINE,)
        ),
    ),
    "of --scanner sampled": (
        Option("waveform", "FILE", "drive field in tesla, a .npy file float[samples, 3]", scanners=(SAMPLED,)),
        Option("period", "S", "time in seconds after which it repeats", float, (SAMPLED,)),
    ),
}
NEEDED = {"grid": "40x40", "field_of_view": "24e-3,24e-3", "waveform": "drive.npy", "period": "1e-3"}
# Parameters of `mpifast.system_matrix` and of the particle; all others are those of the scanner and its grid.
OF_ROWS, OF_PARTICLE = ("harmonics", "tolerance", "level", "mixing_order"), ("diameter", "temperature")
# Parts of a particle: the class, and its parameters by their options, of which the first one says that there is a part.
PARTS = {
    "sizes": ("LogNormal", {"size_sigma": "sigma", "size_weighting": "weighting"}),
    "relaxation": ("Debye", {"relaxation_time": "tau"}),
    "anisotropy": ("Uniaxial", {"anisotropy": "constant", "easy_axis": "axis"}),
}


def _all_options() -> Iterator[Option]:
    for group in GROUPS.values():
        yield from group


def add_system(command: argparse.ArgumentParser, *, matrix: bool = False) -> None:
    """Scanner and tracer, or with ``matrix`` a file in their place."""
    # None where an option was not given, so that one given in vain is noticed.
    for title, options in GROUPS.items():
        group = command.add_argument_group(title)
        if title.startswith("the system"):
            group.add_argument(
                "--scanner",
                choices=SCANNERS,
                metavar="SCANNER",
                help="1d (one dimension, the paper's; the default), lissajous (a field-free point on a Lissajous "
                "curve), field-free-line, or sampled (any waveform)",
            )
        for option in options:
            group.add_argument(option.flag, type=option.type, metavar=option.metavar, help=option.help)
        if "grid" in [option.name for option in options]:
            add_band(group)
        if title.startswith("the system") and matrix:
            group.add_argument(
                "--matrix",
                metavar="FILE",
                help="take the system from a file: an MDF calibration file (.mdf), or a real or complex array "
                "[rows, voxels] (.npy)",
            )


def add_band(group: argparse._ActionsContainer) -> None:
    """Which frequencies."""
    group.add_argument(
        "--band",
        type=float,
        nargs=2,
        metavar=("LOW", "HIGH"),
        help="only frequencies within LOW to HIGH hertz; inf: no bound",
    )


def band_of(options: argparse.Namespace) -> Any:
    """The band, an infinite bound as None."""
    return options.band and [None if math.isinf(edge) else edge for edge in options.band]


def add_spectra(command: argparse.ArgumentParser) -> None:
    """The data set made from the system."""
    group = command.add_argument_group("the data set")
    group.add_argument(
        "--seed", type=int, default=0, metavar="N", help="seed of phantoms and noise (default: %(default)s)"
    )
    group.add_argument(
        "--density",
        type=float,
        default=0.5,
        metavar="P",
        help="probability that a voxel is filled (default: %(default)s)",
    )
    group.add_argument(
        "--snr-db", type=float, metavar="DB", help="signal-to-noise ratio in decibels (default: no noise)"
    )
    group.add_argument(
        "--noise-from",
        metavar="FILE",
        help="noise with the covariance of the background frames of an MDF file, a measurement or the calibration "
        "itself; with --snr-db scaled to that ratio",
    )
    group.add_argument(
        "--shrinkage",
        type=float,
        metavar="PART",
        help="of --noise-from: this part of the covariance as white noise of each row, from 0 to 1 (default: 0 for "
        "more frames than equations, else 0.2)",
    )
    group.add_argument(
        "--dtype", choices=("float32", "float64"), default="float32", help="of the spectra (default: %(default)s)"
    )


def computed_system(options: argparse.Namespace) -> LinearSystem:
    """The system of the scanner and the tracer that the options describe."""
    import mpifast

    kind = options.scanner or LINE
    given: dict[str, Any] = {}
    for option in _all_options():
        text = getattr(options, option.name)
        if text is not None and kind not in option.scanners:
            others = " or ".join(f"--scanner {name}" for name in option.scanners)
            raise ValueError(
                f"{option.flag}={shown(text)} does not go with --scanner {kind}: leave it out, or give {others}"
            )
        if text is not None:
            given[option.name] = _value(option, text, kind)
        elif option.name in NEEDED and kind in option.scanners:
            raise ValueError(f"--scanner {kind} needs {option.flag}: give e.g. {option.flag} {NEEDED[option.name]}")
    if options.band is not None and kind == LINE:
        raise ValueError(f"--band={shown(options.band)} does not go with --scanner 1d: give --harmonics in its place")
    rows: dict[str, Any] = {name: given.pop(name) for name in OF_ROWS if name in given}
    particle = _particle(given)
    if kind == LINE:
        return mpifast.system_matrix(mpifast.Scanner(**given), particle, **rows)
    with _naming(f"--grid={options.grid} --field-of-view={options.field_of_view}"):
        grid = mpifast.Grid(given.pop("grid"), given.pop("field_of_view"), given.pop("center", ()))
    scanner: Any
    with _naming(f"--scanner {kind}" + (f" --waveform={options.waveform}" if kind == SAMPLED else "")):
        if kind == SAMPLED:
            scanner = mpifast.SampledScanner(grid, given.pop("waveform"), **given)
        else:
            scanner = {POINT: mpifast.LissajousScanner, FREE_LINE: mpifast.FieldFreeLineScanner}[kind](grid, **given)
    return mpifast.system_matrix(scanner, particle, band=band_of(options), **rows)


def _particle(given: dict[str, Any]) -> Particle:
    """The tracer, whose options are taken out of ``given``."""
    import mpifast

    parameters: dict[str, Any] = {"diameter": 40e-9}
    parameters |= {name: given.pop(name) for name in OF_PARTICLE if name in given}
    for part, (kind, names) in PARTS.items():
        found = {name: given.pop(name) for name in names if name in given}
        flags = [f"--{name.replace('_', '-')}" for name in names]
        if found and next(iter(names)) not in found:
            raise ValueError(f"--{next(iter(found)).replace('_', '-')} needs {flags[0]}: give both")
        if found:
            with _naming(" ".join(f"--{name.replace('_', '-')}={shown(value)}" for name, value in found.items())):
                parameters[part] = getattr(mpifast, kind)(**{names[name]: value for name, value in found.items()})
    return mpifast.Particle(**parameters)


@contextmanager
def _naming(options: str) -> Iterator[None]:
    """Errors of the block begin with the options that they come from: parameters have other names."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise ValueError(f"{options}: {error}") from error


def _value(option: Option, given: Any, kind: str) -> Any:
    """The value of a parameter from what was typed."""
    if option.type is not str:
        return given
    if option.name == "channels":
        return tuple(given)
    if option.name == "size_weighting":
        return given
    if option.name == "waveform":
        return read_array(option.flag, given)
    if option.name == "grid":
        return several(option.flag, given, whole, "x", "40x40")
    number, example = (whole, "102,96,99") if option.name == "divider" else (float, "-1,-1,2")
    values = several(option.flag, given, number, example=example)
    if kind in (LINE, FREE_LINE) and option.name in ("gradient", "drive_amplitude", "divider", "phase"):
        if len(values) > 1:
            raise ValueError(f"{option.flag}={given} has {len(values)} numbers: --scanner {kind} takes one")
        return values[0]
    return (values[:3], values[3:6], values[6:]) if option.name == "gradient" and len(values) == 9 else values


def system_of(options: argparse.Namespace) -> LinearSystem:
    """The system of a file, or the computed one."""
    if options.matrix is None:
        return computed_system(options)
    refuse_system(options, f"--matrix {options.matrix}")
    return read_system(options.matrix)


def refuse_system(options: argparse.Namespace, source: str) -> None:
    """An error if an option describes a scanner or a tracer though ``source`` decides."""
    for name in ("scanner", "band", *(option.name for option in _all_options())):
        if (value := getattr(options, name)) is not None:
            flag = f"--{name.replace('_', '-')}"
            raise ValueError(f"{flag}={shown(value)} does not go with {source}, which decides: leave it out")


def spectra_of(options: argparse.Namespace) -> Spectra:
    """The data set that the options describe."""
    import mpifast

    system = system_of(options)
    if options.noise_from is None:
        if options.shrinkage is not None:
            raise ValueError(f"--shrinkage={options.shrinkage:g} is of --noise-from: leave it out, or give both")
        return mpifast.Spectra(system, options.seed, options.density, options.snr_db, options.dtype)
    with mpifast.read_mdf(options.noise_from) as file:
        frames = file.background(system)
    shrinkage = options.shrinkage
    if shrinkage is None:
        shrinkage = 0.0 if len(frames) > len(system.equations) else FEW_FRAMES
    noise = mpifast.noise.measured(frames, shrinkage=shrinkage, snr_db=options.snr_db)
    return mpifast.Spectra(system, options.seed, options.density, dtype=options.dtype, noise=noise)
