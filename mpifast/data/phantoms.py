"""Phantoms: particle concentrations on the scanner's voxels, uint8[n, voxels] of zeros and ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mpifast import _validation as check

__all__ = ["bars", "dots", "letters", "pattern", "points", "random"]

DENSITY_DIGITS = 24  # binary digits kept of a density

# Five columns a letter, the top pixel in the lowest bit: the 5 x 7 font of character displays.
_FONT = {
    "A": "7e1111117e", "B": "7f49494936", "C": "3e41414122", "D": "7f4141221c", "E": "7f49494941", "F": "7f09090901",
    "G": "3e4149497a", "H": "7f0808087f", "I": "00417f4100", "J": "2040413f01", "K": "7f08142241", "L": "7f40404040",
    "M": "7f020c027f", "N": "7f0408107f", "O": "3e4141413e", "P": "7f09090906", "Q": "3e4151215e", "R": "7f09192946",
    "S": "4649494931", "T": "01017f0101", "U": "3f4040403f", "V": "1f2040201f", "W": "3f4038403f", "X": "6314081463",
    "Y": "0708700807", "Z": "6151494543", "0": "3e5149453e", "1": "00427f4000", "2": "4261514946", "3": "2141454b31",
    "4": "1814127f10", "5": "2745454539", "6": "3c4a494930", "7": "0171090503", "8": "3649494936", "9": "064949291e",
    " ": "0000000000",
}  # fmt: skip


def __dir__() -> list[str]:
    return __all__


def random(
    count: int, voxels: int = 129, density: float = 0.5, seed: int = 0, start: int = 0, threads: int | None = None
) -> np.ndarray:
    """Random binary phantoms: each voxel is filled independently.

    They are the phantoms of `mpifast.Spectra` with the same seed and density.

    Parameters
    ----------
    count : int
        Number of phantoms.
    voxels : int, optional
        Voxels in each.
    density : float, optional
        Probability that a voxel is 1, from 0 to 1; rounded to 24 binary digits.
    seed : int, optional
        Seed of the random stream.
    start : int, optional
        Number of the first sample; sample i depends on nothing but i, the seed and the density.
    threads : int, optional
        Number of threads; all by default. The result does not depend on it.

    Returns
    -------
    ndarray
        uint8[count, voxels].

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of range.

    Examples
    --------
    >>> import mpifast
    >>> print(mpifast.phantoms.random(2, voxels=8, seed=7))
    [[0 1 1 1 0 1 0 1]
     [1 0 0 0 0 1 1 1]]
    """
    from mpifast._compiled.jit import thread_count
    from mpifast._compiled.philox import key
    from mpifast.data import _phantoms_loops as loops

    count, start = check.integer("count", count), check.integer("start", start, high=2**62)
    phantoms = np.empty((count, check.integer("voxels", voxels, low=1)), np.uint8)
    samples = np.arange(start, start + count, dtype=np.int64)
    threads = thread_count(threads)
    loops.draw(samples, key(check.seed("seed", seed)), *density_digits(density), phantoms, threads, threads=threads)
    return phantoms


def pattern(voxels: int = 129, rows: int = 40) -> np.ndarray:
    """A picture of repeated hourglasses, each row a one-dimensional phantom, after the paper's figure 6.

    The rows run from full at the top and bottom to a single voxel in 32 at the waist, so very sparse rows are among
    them.

    Parameters
    ----------
    voxels, rows : int, optional
        Size of the picture.

    Returns
    -------
    ndarray
        uint8[rows, voxels].

    Examples
    --------
    >>> import mpifast
    >>> print(mpifast.phantoms.pattern(voxels=32, rows=5).sum(axis=1))
    [32 15  1 15 32]
    """
    voxels, rows = check.integer("voxels", voxels, low=1), check.integer("rows", rows, low=1)
    period = 32
    height = np.abs(np.linspace(-1.0, 1.0, rows))[:, None]
    distance = np.abs(np.arange(voxels)[None, :] % period - period / 2) / (period / 2)
    return ((distance < height) | (distance == 0.0) | (height == 1.0)).astype(np.uint8)


def letters(text: str = "MPI", voxels: int = 129, rows: int = 20) -> np.ndarray:
    r"""A line of text as a picture of one-dimensional phantoms, after the paper's figure 6.

    Parameters
    ----------
    text : str, optional
        Letters A to Z, digits and spaces; lower case is raised.
    voxels, rows : int, optional
        Size of the picture: at least 6 voxels a letter and 7 rows.

    Returns
    -------
    ndarray
        uint8[rows, voxels].

    Raises
    ------
    TypeError, ValueError
        If the text is empty, has other characters or does not fit.

    Examples
    --------
    >>> import mpifast
    >>> picture = mpifast.phantoms.letters("MPI", voxels=18, rows=7)
    >>> print("\n".join("".join(" #"[pixel] for pixel in row).rstrip() for row in picture))
    #   # ####   ###
    ## ## #   #   #
    # # # #   #   #
    # # # ####    #
    #   # #       #
    #   # #       #
    #   # #      ###
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a string, got {text!r}")
    unknown = sorted(set(text.upper()) - set(_FONT))
    if not text or unknown:
        raise ValueError(
            f"text={text!r} cannot be drawn: use letters A to Z, digits and spaces"
            + (f", not {unknown[0]!r}" if unknown else "")
        )
    voxels = check.integer("voxels", voxels, low=6 * len(text))
    rows = check.integer("rows", rows, low=7)
    columns = np.frombuffer(b"".join(bytes.fromhex(_FONT[letter]) + b"\0" for letter in text.upper()), np.uint8)
    small = (columns[None, :] >> np.arange(7, dtype=np.uint8)[:, None]) & 1
    # Nearest neighbour: every pixel of the font becomes a block, the text fills the picture.
    return small[np.arange(rows) * 7 // rows][:, np.arange(voxels) * small.shape[1] // voxels]


def bars(widths: Any = (1, 2, 4, 8, 16), voxels: int = 129) -> np.ndarray:
    """Bar gratings, the resolution test of imaging: one phantom for each bar width, gaps as wide as the bars.

    Parameters
    ----------
    widths : sequence of int, optional
        Bar widths in voxels.
    voxels : int, optional
        Voxels in each phantom.

    Returns
    -------
    ndarray
        uint8[len(widths), voxels].

    Examples
    --------
    >>> import mpifast
    >>> print(mpifast.phantoms.bars([1, 3], voxels=8))
    [[1 0 1 0 1 0 1 0]
     [1 1 1 0 0 0 1 1]]
    """
    voxels = check.integer("voxels", voxels, low=1)
    sizes = _integers("widths", widths, low=1)
    return (np.arange(voxels)[None, :] // sizes[:, None] % 2 == 0).astype(np.uint8)


def dots(distances: Any = (1, 2, 3, 4, 6, 8, 12, 16), voxels: int = 129) -> np.ndarray:
    """Two single voxels about the centre, one phantom for each distance: the two-point resolution test.

    Parameters
    ----------
    distances : sequence of int, optional
        Distances between the two voxels, in voxels and less than ``voxels``.
    voxels : int, optional
        Voxels in each phantom.

    Returns
    -------
    ndarray
        uint8[len(distances), voxels].

    Examples
    --------
    >>> import mpifast
    >>> print(mpifast.phantoms.dots([1, 4], voxels=7))
    [[0 0 0 1 1 0 0]
     [0 1 0 0 0 1 0]]
    """
    voxels = check.integer("voxels", voxels, low=2)
    gaps = _integers("distances", distances, low=1, high=voxels - 1)
    left = (voxels - gaps) // 2
    phantoms = np.zeros((len(gaps), voxels), np.uint8)
    phantoms[np.arange(len(gaps)), left] = phantoms[np.arange(len(gaps)), left + gaps] = 1
    return phantoms


def points(voxels: int = 129) -> np.ndarray:
    """Each voxel alone: the phantoms whose spectra are the columns of the system matrix.

    Parameters
    ----------
    voxels : int, optional
        Number of voxels.

    Returns
    -------
    ndarray
        uint8[voxels, voxels], the identity.

    Examples
    --------
    >>> import mpifast
    >>> print(mpifast.phantoms.points(2))
    [[1 0]
     [0 1]]
    """
    return np.eye(check.integer("voxels", voxels, low=1), dtype=np.uint8)


def density_digits(density: Any) -> tuple[int, int]:
    """A density as the fraction numerator / 2^digits in lowest terms, with at most `DENSITY_DIGITS` digits.

    Examples
    --------
    >>> from mpifast.data.phantoms import density_digits
    >>> density_digits(0.375)  # 3 / 2^3
    (3, 3)
    """
    density = check.number("density", density, low=0.0, high=1.0)
    numerator, digits = round(math.ldexp(density, DENSITY_DIGITS)), DENSITY_DIGITS
    while digits > 0 and numerator % 2 == 0:
        numerator, digits = numerator // 2, digits - 1
    return numerator, digits


def _integers(name: str, values: Any, low: int, high: int | None = None) -> np.ndarray:
    array = check.real_array(name, values)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} must be a list of integers, got shape {array.shape}")
    return np.array([check.integer(f"{name}[{i}]", value, low=low, high=high) for i, value in enumerate(array)])
