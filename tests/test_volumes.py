"""Pictures of reconstructions: what is drawn of lines, planes and volumes, and that nothing of it overlaps."""

import itertools

import numpy as np
import pytest

import mpifast
from mpifast.plots import draw_images

PLANE = mpifast.Grid((4, 6), (4e-3, 12e-3), (1e-3, 0.0))
VOLUME = mpifast.Grid((2, 4, 3), (2e-3, 8e-3, 3e-3), (0.0, 0.0, 5e-3))


def drawn(figure):
    return [np.asarray(image.get_array()) for panel in figure.axes for image in panel.get_images()]


def titles(figure):
    return [panel.get_title() for panel in figure.axes[:-1]]


def labels(panel):
    return panel.get_xlabel(), panel.get_ylabel()


def test_few_lines_are_profiles(small_system, random):
    c = random.uniform(size=(3, 11))
    figure = draw_images(c, small_system, title="lines")
    assert [line.get_label() for line in figure.axes[0].get_lines()] == ["frame 0", "frame 1", "frame 2"]
    np.testing.assert_allclose(figure.axes[0].get_lines()[2].get_xdata(), 1e3 * small_system.grid.axes[0], atol=1e-9)
    assert [*labels(figure.axes[0]), figure.axes[0].get_title()] == ["x (mm)", "concentration", "lines"]
    (line,) = draw_images(c, small_system, frame=-1).axes[0].get_lines()
    np.testing.assert_array_equal(line.get_ydata(), c[2])


def test_many_lines_are_a_picture_of_frames(small_system, random):
    c = random.uniform(size=(9, 11))
    figure = draw_images(c, small_system)
    np.testing.assert_array_equal(drawn(figure)[0], c)
    assert labels(figure.axes[0]) == ("x (mm)", "frame")
    width = 1e3 * small_system.grid.field_of_view[0]
    assert figure.axes[0].get_xlim() == pytest.approx((-width / 2, width / 2))
    chosen = draw_images(c, small_system, frame=[1, 3, 5, 7, 8]).axes[0]
    assert chosen.yaxis.get_major_formatter()(1, 0) == "3"


def test_a_line_beside_its_reference(random):
    c = random.uniform(size=(2, 11))
    panel = draw_images(c, reference=c[1], frame=0).axes[0]
    np.testing.assert_array_equal(panel.patches[0].get_data().values, c[1])
    np.testing.assert_array_equal(panel.get_lines()[1].get_ydata(), abs(c[0] - c[1]))
    assert panel.get_xlabel() == "voxel along x"


def test_frames_of_a_plane_wrap_and_have_numbers(random):
    c = random.uniform(size=(30, 24))
    figure = draw_images(c, PLANE, label="iron (mg/ml)")
    numbers = [int(title.removeprefix("frame ")) for title in titles(figure)]
    assert [len(numbers), numbers[0], numbers[-1]] == [12, 0, 29]
    for number, found in zip(numbers, drawn(figure), strict=True):
        np.testing.assert_array_equal(found, c[number].reshape(4, 6).T)
    assert figure.axes[0].get_images()[0].get_extent() == pytest.approx([-1, 3, -6, 6])
    assert {image.get_clim() for panel in figure.axes[:-1] for image in panel.get_images()} == {(0.0, c[numbers].max())}
    assert labels(figure.axes[8]) == ("x (mm)", "y (mm)")  # the corner; inner panels have none
    assert labels(figure.axes[5]) == ("", "")
    assert figure.axes[-1].get_ylabel() == "iron (mg/ml)"


def test_a_plane_beside_its_reference(random):
    c = random.uniform(size=(4, 6))
    figure = draw_images(c - 0.5, PLANE, reference=c, names=["made"])
    assert titles(figure) == ["reference", "made", "absolute difference"]
    for found, expected in zip(drawn(figure), (c, c - 0.5, np.full((4, 6), 0.5)), strict=True):
        np.testing.assert_allclose(found, expected.T, rtol=1e-12)
    assert len({image.get_clim() for panel in figure.axes[:-1] for image in panel.get_images()}) == 1


@pytest.mark.parametrize("position", [None, (0.3e-3, 2.4e-3, 3.6e-3)])
def test_slices_have_a_cross_at_their_point(position, random):
    volume = random.uniform(size=VOLUME.shape)
    i, j, k = np.unravel_index(volume.argmax(), volume.shape) if position is None else (1, 3, 0)
    figure = draw_images(volume, VOLUME, position=position)
    for found, expected in zip(drawn(figure), (volume[:, :, k], volume[:, j], volume[i]), strict=True):
        np.testing.assert_array_equal(found, expected.T)
    x, y, z = (1e3 * axis[n] for axis, n in zip(VOLUME.axes, (i, j, k), strict=True))
    assert titles(figure) == [f"z = {z:g} mm", f"y = {y:g} mm", f"x = {x:g} mm"]
    assert [labels(panel) for panel in figure.axes[:3]] == [
        ("x (mm)", "y (mm)"),
        ("x (mm)", "z (mm)"),
        ("y (mm)", "z (mm)"),
    ]
    for panel, (across, up) in zip(figure.axes, ((x, y), (x, z), (y, z)), strict=False):
        level = {line.get_ydata()[0] for line in panel.get_lines() if np.ptp(line.get_ydata()) == 0}
        upright = {line.get_xdata()[0] for line in panel.get_lines() if np.ptp(line.get_xdata()) == 0}
        assert [*level, *upright] == pytest.approx([up, across])
    scales = [panel.get_window_extent().width / np.ptp(panel.get_xlim()) for panel in figure.axes[:3]]
    np.testing.assert_allclose(scales, scales[0], rtol=1e-6)


def test_projections_of_frames_are_columns(random):
    volumes = random.uniform(size=(3, *VOLUME.shape))
    figure = draw_images(volumes, VOLUME, "projection", frame=[2, 0])
    expected = [volume.max(axis=hidden).T for hidden in (2, 1, 0) for volume in volumes[[2, 0]]]
    for found, picture in zip(drawn(figure), expected, strict=True):
        np.testing.assert_array_equal(found, picture)
    assert titles(figure)[:3] == ["frame 2", "frame 0", ""]
    assert figure.axes[2].get_ylabel() == "maximum along y\nz (mm)"


def test_a_volume_beside_its_reference_has_the_slices_of_the_reference(random):
    c, image = random.uniform(size=(2, *VOLUME.shape))
    figure = draw_images(image[None], VOLUME, reference=c)
    k = np.unravel_index(c.argmax(), c.shape)[2]
    for found, expected in zip(drawn(figure)[:3], (c, image, abs(image - c)), strict=True):
        np.testing.assert_array_equal(found, expected[:, :, k].T)
    assert titles(figure)[:3] == ["reference", "image", "absolute difference"]


@pytest.mark.parametrize(("along", "axis"), [(None, 2), ("x", 0), ("y", 1)])
def test_a_montage_has_all_slices(along, axis, random):
    volume = random.uniform(size=VOLUME.shape)
    figure = draw_images(volume, VOLUME, "montage", along=along)
    for found, expected in zip(drawn(figure), np.moveaxis(volume, axis, 0), strict=True):
        np.testing.assert_array_equal(found, expected.T)
    assert titles(figure) == [f"{'xyz'[axis]} = {1e3 * place + 0.0:.3g} mm" for place in VOLUME.axes[axis]]


def test_a_long_montage_says_what_it_leaves_out(monkeypatch):
    monkeypatch.setattr("mpifast.plots.volumes.SLICES", 4)
    figure = draw_images(np.ones((1, 2, 2, 101)), None, "montage", title="long")
    assert figure.get_suptitle() == "long, 4 of 101 slices"
    assert titles(figure) == ["z voxel 0", "z voxel 33", "z voxel 67", "z voxel 100"]


def test_without_a_grid_voxels_are_counted(random):
    volumes = random.uniform(size=(2, 2, 4, 3))
    panel = draw_images(volumes, frame=0, title="any").axes[0]
    assert labels(panel) == ("voxel along x", "voxel along y")
    assert panel.get_images()[0].get_extent() == [-0.5, 1.5, -0.5, 3.5]
    assert labels(draw_images(volumes[:, :, :1]).axes[0]) == ("voxel along x", "voxel along z")


NARROW = mpifast.Grid((6, 40, 30), (6e-3, 40e-3, 30e-3))
THIN = mpifast.Grid((40, 40, 3), (40e-3, 40e-3, 3e-3))


@pytest.mark.parametrize(
    ("grid", "options"),
    [
        (NARROW, {"reference": np.ones(NARROW.shape)}),
        (NARROW, {"kind": "montage", "along": "x", "title": "a title"}),
        (THIN, {"title": "a title"}),
        (THIN, {"kind": "projection", "reference": np.ones(THIN.shape)}),
        (mpifast.Grid((6, 60), (3e-3, 30e-3)), {"reference": np.ones((6, 60)), "title": "a title"}),
        (mpifast.Grid((60, 6), (30e-3, 3e-3)), {"reference": np.ones((60, 6)), "title": "a title"}),
    ],
)
def test_no_text_lies_over_another(grid, options):
    figure = draw_images(np.ones(grid.shape), grid, **options)
    figure.canvas.draw()
    texts = [figure._suptitle] if "title" in options else []
    for panel in figure.axes:
        texts += [panel.title, panel.xaxis.label, panel.yaxis.label, *panel.get_xticklabels(), *panel.get_yticklabels()]
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts if text.get_text() and text.get_visible()]
    for (first, one), (second, other) in itertools.combinations(boxes, 2):
        assert not one.overlaps(other), (first, second)
    for text, box in boxes:
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= figure.bbox.width, text
        assert box.y1 <= figure.bbox.height, text


P, V = np.ones(24), np.ones((2, 24))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: draw_images(P, "grid"), TypeError, "place must be"),
        (lambda: draw_images(np.ones(5), VOLUME), ValueError, r"images has shape \(5,\).*\[n, 24\] or \[n, 2, 4, 3\]"),
        (lambda: draw_images(np.ones((2, 2, 2, 2, 2))), ValueError, r"give \[n, \*shape\] of one to three axes"),
        (lambda: draw_images(P * np.nan, VOLUME), ValueError, "images is not finite"),
        (lambda: draw_images(P * 1j, VOLUME), TypeError, "images must hold real numbers"),
        (lambda: draw_images(P, VOLUME, "slice"), ValueError, "kind='slice'"),
        (lambda: draw_images(P, PLANE, "montage"), ValueError, "kind='montage' is for images on three axes"),
        (lambda: draw_images(V, VOLUME, frame=2), IndexError, "frame=2 is out of range"),
        (lambda: draw_images(V, VOLUME, frame=[]), ValueError, "frame is empty"),
        (lambda: draw_images(V, VOLUME, "montage", frame=[0, 1]), ValueError, "montage is drawn of one"),
        (lambda: draw_images(V, VOLUME, frame=[0, 1], reference=P), ValueError, "reference is drawn of one"),
        (lambda: draw_images(V, VOLUME, reference=V), ValueError, r"reference has shape \(2, 24\): give one image"),
        (lambda: draw_images(V, VOLUME, "montage", reference=P), ValueError, "reference is drawn beside slices"),
        (lambda: draw_images(V, VOLUME, names=["a"]), ValueError, "names has 1 entries, expected 2"),
        (lambda: draw_images(V, VOLUME, along="x"), ValueError, "along belongs to kind='montage'"),
        (lambda: draw_images(V, VOLUME, "montage", along="w"), ValueError, "along='w'"),
        (lambda: draw_images(V, VOLUME, "montage", position=(0, 0, 5e-3)), ValueError, "position belongs to"),
        (lambda: draw_images(V, VOLUME, position=(0, 0, 0)), ValueError, "outside the grid along z"),
        (lambda: draw_images(V, VOLUME, limits=(1, 0)), ValueError, "limits=.* not rising"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
