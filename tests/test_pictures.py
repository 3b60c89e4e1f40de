"""Small pictures for notebooks: PNG files that matplotlib reads back, with axes and colours."""

import base64
import io
import re

import numpy as np
from matplotlib import colormaps
from matplotlib.image import imread

from mpifast import _pictures
from mpifast.physics.fields.views import Axis, View, counted, stacked


def decoded(html):
    """The PNG files in a text, uint8[height, width, 3] each."""
    found = re.findall('base64,([^"]*)"', html)
    return [(255 * imread(io.BytesIO(base64.b64decode(data)))).round().astype(np.uint8)[..., :3] for data in found]


def test_a_png_has_the_colours_of_its_levels(random):
    palette = random.integers(0, 256, (256, 3), np.uint8)
    levels = random.integers(0, 256, (7, 13), np.uint8)
    read = imread(io.BytesIO(_pictures.png(levels, palette)))
    np.testing.assert_array_equal((255 * read[..., :3]).round().astype(np.uint8), palette[levels])


def test_colours_are_those_of_matplotlib():
    for name in _pictures.COLORS:
        found = _pictures._palette(name).astype(float)
        expected = 255 * colormaps[name](np.linspace(0, 1, 256))[:, :3]
        assert abs(found - expected).max() < 20
        assert abs(found[::32] - expected[::32]).max() < 4


def test_x_runs_to_the_right_and_y_upwards():
    x, y = Axis("x", -12.0, 12.0, 3), Axis("y", 0.0, 6.0, 2)
    image = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 2.0]])  # [up, across]: large x, large y
    html = _pictures.Pictures([View(image, x, y, "<title>")], 0.0, 2.0, "iron (mg/ml)").html()
    (picture,) = decoded(html)
    assert picture.shape == (2, 3, 3)
    assert picture[0, 2].tolist() == [252, 255, 164]
    assert picture.sum() - picture[0, 2].sum() == 5 * 4
    assert 'width="180" height="45"' in html
    assert "<span>−12</span><span>x (mm)</span><span>12</span>" in html
    assert "<span>6</span><span>y (mm)</span><span>0</span>" in html
    assert "&lt;title&gt;" in html
    assert "<title>" not in html


def test_the_first_of_stacked_images_is_on_top():
    html = _pictures.Pictures([stacked(np.eye(3), Axis("x", 0.0, 4.0, 3), "frame")], 0.0, 1.0, "").html()
    (picture,) = decoded(html)
    assert (picture.sum(axis=2).argmax(axis=1) == [0, 1, 2]).all()
    assert "<span>0</span><span>frame</span><span>2</span>" in html


def test_constant_and_broken_values():
    view = View(np.array([[np.nan, np.inf, -np.inf]]), counted("input", 3), counted("unit", 1), "")
    for low, high in ((0.0, 1.0), (1.0, 1.0)):
        (picture,) = decoded(_pictures.Pictures([view], low, high, "").html())
        assert picture.shape == (1, 3, 3)


def test_large_pictures_are_thinned():
    assert _pictures.thinned(np.zeros((513, 1025))).shape == (257, 342)
    assert _pictures.thinned(np.zeros((512, 1))).shape == (512, 1)
