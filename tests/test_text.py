"""Letters on grids: where they stand, which way is up, and whether they can be read."""

import numpy as np
import pytest

import mpifast
from mpifast import phantoms

SQUARE = mpifast.Grid((40, 40), (24e-3, 24e-3))


def lines(image):
    """A picture as lines of text, from above."""
    return ["".join(" #"[pixel] for pixel in row).rstrip() for row in image.T[::-1]]


def test_letters_stand_upright():
    """A voxel a pixel: the font itself."""
    grid = mpifast.Grid((17, 7), (17e-3, 7e-3))
    image = phantoms.letters(grid, "MPI", scale=1.0).draw(0, [5]).reshape(17, 7)
    assert lines(image) == lines(phantoms.letters("MPI", voxels=18, rows=7)[::-1, :17].T)
    assert lines(image)[0] == "#   # ####   ###"


def test_letters_can_be_read_at_forty_voxels():
    """The nearest of all letters, at any size and place, is the one that was drawn."""
    drawn = {letter: phantoms.letters(SQUARE, letter, scale=(0.5, 1.0)).draw(3, range(5)) for letter in "ABEHKMPS028"}
    cut = {letter: [cropped(image.reshape(40, 40)) for image in images] for letter, images in drawn.items()}
    fonts = {letter: cropped(phantoms.letters(letter, voxels=60, rows=70)[::-1].T) for letter in cut}
    for letter, images in cut.items():
        for image in images:
            errors = {other: np.abs(image - font).mean() for other, font in fonts.items()}
            assert min(errors, key=errors.get) == letter


def cropped(image):
    """The part with something in it, resampled to 35 x 35."""
    x, y = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    part = image[x[0] : x[-1] + 1, y[0] : y[-1] + 1].astype(float)
    return part[np.arange(35) * part.shape[0] // 35][:, np.arange(35) * part.shape[1] // 35]


def test_a_text_is_inside_and_moves():
    c = phantoms.letters(SQUARE, "OO", scale=(0.5, 0.7), binary=False).draw(1, range(50)).reshape(50, 40, 40)
    pixel = 24e-3 / 11  # of the largest
    filled = c.sum(axis=(1, 2)) * (0.6e-3) ** 2 / (32 * pixel**2)  # two letters of 16 pixels
    assert filled.min() > 0.5**2 - 1e-6
    assert filled.max() < 0.7**2 + 1e-6  # nothing is cut off
    assert c.any(axis=0).mean() > 0.6


def test_random_letters_vary_and_thick_ones_fill_space():
    several = phantoms.letters(SQUARE, None, scale=1.0, length=2).draw(1, range(30))
    assert len(np.unique(several, axis=0)) > 25
    space = mpifast.Grid((20, 20, 10), (24e-3, 24e-3, 12e-3))
    c = phantoms.letters(space, "HI", scale=1.0).draw(1, [0]).reshape(space.shape)
    layers = [layer for layer in np.moveaxis(c, 2, 0) if layer.any()]
    assert 4 <= len(layers) <= 7
    assert all(np.array_equal(layer, layers[0]) for layer in layers)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((SQUARE, "A VERY LONG TEXT"), "text of 16 letters at scale=0.6 has 0.25 voxels a pixel.*finer grid"),
        ((SQUARE, "é"), "text='é' cannot be drawn"),
        ((SQUARE, "A" * 101), "text has 101 letters"),
        ((SQUARE, "MPI", 1.5), "scale=1.5"),
    ],
)
def test_bad_text(arguments, message):
    with pytest.raises(ValueError, match=message):
        phantoms.letters(*arguments)
