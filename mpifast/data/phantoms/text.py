"""Words as phantoms."""

from __future__ import annotations

from typing import Any, overload

import numpy as np

from mpifast import _validation as check
from mpifast.data.phantoms.arguments import Range, between, numbers
from mpifast.data.phantoms.generator import Generator, axes_of, extent_of, painted
from mpifast.physics.fields.grid import Grid

HEIGHT, WIDTH = 7, 6  # pixels of a letter, with the gap to the next one
LONGEST = 100  # letters

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


@overload
def letters(
    grid: Grid,
    /,
    text: str | None = "MPI",
    scale: float | tuple[float, float] = (0.6, 1.0),
    *,
    length: int = 3,
    binary: bool = True,
) -> Generator: ...


@overload
def letters(text: str = "MPI", voxels: int = 129, rows: int = 20) -> np.ndarray: ...


def letters(*arguments: Any, **options: Any) -> Any:
    r"""A word on a grid, or a line of text as a picture of one-dimensional phantoms, after the paper's figure 6.

    Call it as

        letters(grid, text="MPI", scale=(0.6, 1.0), *, length=3, binary=True)      a generator
        letters(text="MPI", voxels=129, rows=20)                                   an array

    On a grid the text runs along x, and y points upwards. In three dimensions the letters are as thick along z as
    their strokes are wide, times three; in one dimension a phantom is a line across the text.

    Parameters
    ----------
    grid : Grid
        Gives a generator, which takes ``scale``, ``length`` and ``binary`` too.
    text : str, optional
        Letters A to Z, digits and spaces; lower case is raised. None (on a grid): random letters.
    scale : float or (float, float), optional
        Size of the text, up to 1: the largest that fits. The place of a smaller one is random, so ``scale=1`` is one
        and the same picture in two dimensions if the text is given.
    length : int, optional
        Number of random letters.
    binary : bool, optional
        Zeros and ones; otherwise the part of each voxel that the text fills.
    voxels, rows : int, optional
        Size of the picture: at least 6 voxels a letter and 7 rows.

    Returns
    -------
    Generator or ndarray
        For a grid a generator, otherwise uint8[rows, voxels].

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
    >>> grid = mpifast.Grid((40, 40), (24e-3, 24e-3))
    >>> mpifast.phantoms.letters(grid, "MPI").draw(7, range(10)).shape
    (10, 1600)
    """
    if arguments and isinstance(arguments[0], Grid):
        return _on_grid(*arguments, **options)
    return _on_line(*arguments, **options)


def _on_line(text: str = "MPI", voxels: int = 129, rows: int = 20) -> np.ndarray:
    text = _checked(text)
    voxels = check.integer("voxels", voxels, low=WIDTH * len(text))
    rows = check.integer("rows", rows, low=HEIGHT)
    small = _pixels(text)
    # Nearest neighbour: every pixel of the font becomes a block, the text fills the picture.
    return small[np.arange(rows) * 7 // rows][:, np.arange(voxels) * small.shape[1] // voxels]


def _on_grid(
    grid: Grid, text: Any = "MPI", scale: Any = (0.6, 1.0), *, length: Any = 3, binary: Any = True
) -> Generator:
    text = None if text is None else _checked(text)
    length = check.integer("length", length, low=1, high=LONGEST) if text is None else len(text)
    scale = numbers("scale", scale, high=1.0)
    pixel = _largest(grid, length)
    coarse = max(grid.spacing[:2]) / (scale[0] * pixel)
    if coarse > 1.0:
        size = " x ".join(map(str, grid.shape))
        raise ValueError(
            f"text of {length} letters at scale={scale[0]:g} has {1 / coarse:.2g} voxels a pixel of the font on a grid"
            f" of {size}: one is needed; give a larger scale, fewer letters or a finer grid"
        )
    options = {"text": text, "scale": list(scale), "length": length}
    known = {"text": text, "scale": scale, "length": length, "pixel": pixel}
    return painted("letters", grid, binary, options, 4 + length, _paint, **known)


def _largest(grid: Grid, length: int) -> float:
    """Size of a pixel of the largest text that fits, metres."""
    across, *up = grid.field_of_view
    return min([across / (WIDTH * length - 1), *(side / HEIGHT for side in up[:1])])


def _paint(
    uniform: np.ndarray,
    images: np.ndarray,
    threads: int,
    grid: Grid,
    text: str | None,
    scale: Range,
    length: int,
    pixel: float,
) -> None:
    axes, extent = axes_of(grid), extent_of(grid)
    sizes = between(uniform[:, 0], *scale) * pixel
    known = list(_FONT)[:36]
    for image, size, numbers_ in zip(images, sizes, uniform, strict=True):
        word = text or "".join(known[int(u * len(known))] for u in numbers_[4:])
        pixels = _pixels(word)[::-1, :-1].astype(np.float64)  # from below, without the gap behind the last letter
        height, width = pixels.shape
        sides = size * np.array([width, height, 3.0])
        low = (numbers_[1:4] - 0.5) * np.maximum(extent - sides, 0.0) - sides / 2
        x = overlap(axes[0], grid.spacing[0], low[0] + size * np.arange(width + 1))
        if len(grid.shape) == 1:
            image[:, 0, 0] = np.einsum("xc,c->x", x, pixels[int(numbers_[2] * height)])
            continue
        y = overlap(axes[1], grid.spacing[1], low[1] + size * np.arange(height + 1))
        flat = np.einsum("xc,cy->xy", x, np.einsum("rc,yr->cy", pixels, y))
        if len(grid.shape) == 2:
            image[:, :, 0] = flat
        else:
            image[...] = flat[:, :, None] * overlap(axes[2], grid.spacing[2], low[2] + sides[2] * np.arange(2.0))[:, 0]


def overlap(axis: np.ndarray, spacing: float, edges: np.ndarray) -> np.ndarray:
    """The part of each voxel of an axis that lies in each of the intervals between rising edges, float64[voxels,
    intervals].
    """
    left, right = (axis - spacing / 2)[:, None], (axis + spacing / 2)[:, None]
    return np.maximum(np.minimum(right, edges[1:]) - np.maximum(left, edges[:-1]), 0.0) / spacing


def _checked(text: Any) -> str:
    if not isinstance(text, str):
        raise TypeError(f"text must be a string, got {text!r}")
    unknown = sorted(set(text.upper()) - set(_FONT))
    if not text or unknown:
        raise ValueError(
            f"text={text!r} cannot be drawn: use letters A to Z, digits and spaces"
            + (f", not {unknown[0]!r}" if unknown else "")
        )
    if len(text) > LONGEST:
        raise ValueError(f"text has {len(text):,} letters: give at most {LONGEST}")
    return text.upper()


def _pixels(text: str) -> np.ndarray:
    """A line of text, uint8[7, 6 letters]: from above, with a gap behind each letter."""
    columns = np.frombuffer(b"".join(bytes.fromhex(_FONT[letter]) + b"\0" for letter in text), np.uint8)
    return (columns[None, :] >> np.arange(7, dtype=np.uint8)[:, None]) & 1
