"""Figures of reconstructions and trainings: what they show, for lines and grids, without pyplot."""

import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

import mpifast
from mpifast import plots
from mpifast.networks.history import Epoch, History


def pictures(figure):
    return [axes.get_images()[0].get_array() for axes in figure.axes if axes.get_images() and axes.get_title()]


def test_many_lines_are_a_picture(small_system, random):
    c = random.uniform(size=(9, 11))
    figure = plots.reconstructions(c, {"half": c / 2, "exact": c}, small_system)
    titles = [axes.get_title() for axes in figure.axes[:3]]
    assert titles == ["phantoms", f"half\nMSE {np.square(c / 2).mean():.3g}", "exact\nMSE 0"]
    for found, expected in zip(pictures(figure), (c, c / 2, c), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert figure.axes[0].get_xlabel() == "x (mm)"
    width = 1e3 * small_system.grid.field_of_view[0]
    np.testing.assert_allclose(figure.axes[0].get_xlim(), (-width / 2, width / 2))
    assert len({image.get_clim() for axes in figure.axes[:3] for image in axes.get_images()}) == 1


def test_few_lines_are_curves(small_system, random):
    c = random.uniform(size=(9, 11))
    figure = plots.reconstructions(c, {"half": c / 2}, small_system, samples=[7, -9])
    assert [axes.get_title() for axes in figure.axes] == ["sample 7", "sample 0"]
    x, y = figure.axes[0].get_lines()[0].get_data()
    np.testing.assert_allclose(x, 1e3 * small_system.grid.axes[0], atol=1e-9)
    np.testing.assert_array_equal(y, c[7] / 2)
    np.testing.assert_array_equal(figure.axes[1].patches[0].get_data().values, c[0])


def test_without_a_grid_voxels_are_counted(random):
    c = random.uniform(size=(6, 11))
    assert plots.reconstructions(c, c).axes[0].get_xlabel() == "voxel"
    (curve,) = plots.reconstructions(c, c, samples=[2]).axes[0].get_lines()
    np.testing.assert_array_equal(curve.get_xdata(), np.arange(11))


@pytest.mark.parametrize("shape", [(3, 5), (1, 3, 5), (3, 5, 1)])
def test_a_grid_of_two_axes_runs_to_the_right_and_up(shape, random):
    grid = mpifast.Grid(shape, tuple(1e-3 * n for n in shape))
    c = random.uniform(size=(6, 15))
    figure = plots.reconstructions(c, c, grid, samples=[4])
    found = figure.axes[0].get_images()[0]
    np.testing.assert_array_equal(found.get_array(), c[4].reshape(3, 5).T)
    assert found.origin == "lower"
    assert found.get_extent() == pytest.approx([-1.5, 1.5, -2.5, 2.5])
    labels = [f"{name} (mm)" for name, n in zip("xyz", shape, strict=False) if n > 1]
    assert [figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()] == [labels[0], f"sample 4\n{labels[1]}"]
    assert len(plots.reconstructions(c, c, grid).axes) == 2 * 4 + 1  # four samples, and the colour bar


def test_three_axes_show_planes_through_the_largest_voxel_of_the_phantom(random):
    c = random.uniform(size=(1, 24))
    volume, other = c.reshape(2, 4, 3), np.zeros((2, 4, 3))
    i, j, k = np.unravel_index(c.argmax(), volume.shape)
    figure = plots.reconstructions(c, other.reshape(1, 24), mpifast.Grid((2, 4, 3), (2e-3, 4e-3, 3e-3)))
    panels = figure.axes[:6]
    for panel, expected in zip(panels[::2], (volume[:, :, k], volume[:, j, :], volume[i]), strict=True):
        np.testing.assert_array_equal(panel.get_images()[0].get_array(), expected.T)
    assert [panel.get_xlabel()[0] for panel in panels[::2]] == ["x", "x", "y"]
    assert [panel.get_ylabel().split("\n")[2][0] for panel in panels[::2]] == ["y", "z", "z"]
    assert len(figure.axes) == 3 * 2 + 1


def test_learning_curves():
    records = tuple(Epoch(1.0 / k, 2.0 / k, 0.5, 1.0) for k in range(1, 13))
    (axes,) = plots.learning_curve(History(records)).axes
    found = [line.get_ydata() for line in axes.get_lines()]
    np.testing.assert_array_equal(
        np.transpose(found), [[record.train_mse, record.validation_mse] for record in records]
    )
    assert axes.get_yscale() == "log"
    np.testing.assert_array_equal(axes.get_lines()[0].get_xdata(), range(1, 13))
    several = plots.learning_curve({"long": History(records), "short": History(records[:2])}).axes[0]
    assert [line.get_label() for line in several.get_lines()] == [
        f"{name}, {kind}" for name in ("long", "short") for kind in ("training", "validation")
    ]
    assert plots.learning_curve(History(records[:2])).axes[0].get_yscale() == "linear"
    assert plots.learning_curve(History(records), logarithmic=False).axes[0].get_yscale() == "linear"


def test_a_network_shows_its_last_training(small_system):
    network = mpifast.Network(system=small_system)
    with pytest.raises(ValueError, match="no epochs"):
        plots.learning_curve(network)
    history = network.fit(*mpifast.Spectra(small_system, seed=7)[:40], epochs=3)
    (line,) = plots.learning_curve(network).axes[0].get_lines()
    np.testing.assert_array_equal(line.get_ydata(), history.train_mse)


def test_figures_are_pictures_in_notebooks_without_pyplot(run_python, tmp_path, small_system):
    figure = plots.reconstructions(np.eye(11), np.eye(11), small_system)
    assert figure._repr_png_().startswith(b"\x89PNG")
    code = "import sys, numpy, mpifast; mpifast.plots.reconstructions(numpy.eye(9), numpy.eye(9)).savefig('a.png');"
    done = run_python("-c", code + "print('matplotlib.pyplot' in sys.modules)")
    assert done.stdout.strip() == "False", done.stderr
    assert (tmp_path / "a.png").stat().st_size > 5_000
    assert "matplotlib" in sys.modules


# An L: its stem along y at small x, its foot to the right.
L = np.zeros((4, 6))
L[1, 1:], L[1:3, 1] = 1.0, 1.0
PLANE = mpifast.Grid((4, 6), (4e-3, 6e-3), (1e-3, 0.0))
VOLUME = mpifast.Grid((2, 4, 3), (2e-3, 4e-3, 3e-3))


def drawn(figure):
    return [image.get_array() for axes in figure.axes for image in axes.get_images()]


def test_an_image_stands_upright():
    figure = plots.images(L, PLANE, titles="L")
    panel, bar = figure.axes
    pixels = panel.get_images()[0]
    assert pixels.origin == "lower"
    assert pixels.get_extent() == pytest.approx([-1, 3, -3, 3])
    figure.canvas.draw()
    shown = np.asarray(figure.canvas.buffer_rgba())[::-1, :, 0]  # from below
    box = panel.get_window_extent()
    cells = [[shown[round(box.y0 + box.height * (j + 0.5) / 6), round(box.x0 + box.width * (i + 0.5) / 4)] > 128
              for j in range(6)] for i in range(4)]  # fmt: skip
    np.testing.assert_array_equal(cells, L == 1.0)
    assert box.width / box.height == pytest.approx(4 / 6, rel=1e-6)
    assert [panel.get_title(), panel.get_xlabel(), bar.get_ylabel()] == ["L", "x (mm)", "concentration"]


@pytest.mark.parametrize("c", [L, L.ravel(), L.reshape(1, 24), L[None]])
def test_images_are_flat_or_on_the_grid(c):
    np.testing.assert_array_equal(drawn(plots.images(c, PLANE))[0], L.T)


def test_reconstructions_are_flat_or_on_the_grid(random):
    c = random.uniform(size=(2, 24))
    figure = plots.reconstructions(c, c.reshape(2, 4, 6), PLANE)
    np.testing.assert_array_equal(drawn(figure)[1], c[0].reshape(4, 6).T)


def test_a_narrow_field_of_view_has_one_tick():
    scanner = mpifast.LissajousScanner(mpifast.Grid((2, 30), (2e-3, 30e-3), (5e-3, 0.0)))
    panel = plots.images(np.ones((2, 30)), scanner).axes[0]
    assert [panel.get_xticks().tolist(), len(panel.get_yticks()) > 2] == [[5.0], True]


def test_images_share_a_scale_and_wrap():
    figure = plots.images(np.stack([L, 3 * L, -L]), PLANE, columns=2, label="iron (mg/ml)", titles=list("abc"))
    assert [axes.get_title() for axes in figure.axes[:3]] == ["a", "b", "c"]
    assert {axes.get_images()[0].get_clim() for axes in figure.axes[:3]} == {(-1.0, 3.0)}
    assert len(figure.axes) == 4
    assert figure.axes[3].get_ylabel() == "iron (mg/ml)"
    limited = plots.images(L, PLANE, limits=(0, 2), colormap="viridis").axes[0].get_images()[0]
    assert [limited.get_clim(), limited.get_cmap().name] == [(0.0, 2.0), "viridis"]


def test_images_on_one_axis_are_curves(small_system):
    figure = plots.images(np.eye(11)[:2], small_system, titles=("left", "right"), limits=(-1, 2))
    first, second = figure.axes[0].get_lines()
    np.testing.assert_allclose(first.get_xdata(), 1e3 * small_system.grid.axes[0], atol=1e-9)
    np.testing.assert_array_equal(second.get_ydata(), np.eye(11)[1])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["left", "right"]
    assert figure.axes[0].get_ylim() == (-1.0, 2.0)


@pytest.mark.parametrize("position", [None, (0.3e-3, 1.2e-3, -1.4e-3)])
def test_planes_of_a_volume(position, random):
    volume = random.uniform(size=(2, 4, 3))
    i, j, k = np.unravel_index(volume.argmax(), volume.shape) if position is None else (1, 3, 0)
    figure = plots.images(volume, VOLUME, position=position)
    for found, expected in zip(drawn(figure), (volume[:, :, k], volume[:, j, :], volume[i]), strict=True):
        np.testing.assert_array_equal(found, expected.T)
    x, y, z = (1e3 * axis[n] for axis, n in zip(VOLUME.axes, (i, j, k), strict=True))
    assert [axes.get_title() for axes in figure.axes[:3]] == [f"z = {z:g} mm", f"y = {y:g} mm", f"x = {x:g} mm"]
    labels = [(axes.get_xlabel(), axes.get_ylabel()) for axes in figure.axes[:3]]
    assert labels == [("x (mm)", "y (mm)"), ("x (mm)", "z (mm)"), ("y (mm)", "z (mm)")]
    scales = [axes.get_window_extent().width / np.ptp(axes.get_xlim()) for axes in figure.axes[:3]]
    np.testing.assert_allclose(scales, scales[0])


def test_planes_of_a_binary_volume_go_through_its_middle():
    ball = (VOLUME.positions**2).sum(axis=1).reshape(VOLUME.shape) < (1.2e-3) ** 2
    assert plots.images(ball, VOLUME).axes[0].get_title() == "z = 0 mm"


def test_maximum_projections(random):
    volumes = random.uniform(size=(2, 2, 4, 3))
    figure = plots.images(volumes, VOLUME, projection=True, titles=("a", "b"))
    expected = [volume.max(axis=axis).T for volume in volumes for axis in (2, 1, 0)]
    for found, picture in zip(drawn(figure), expected, strict=True):
        np.testing.assert_array_equal(found, picture)
    assert figure.axes[3].get_title() == "b\nmaximum along z"


def test_images_in_axes_of_the_caller():
    sheet = Figure()
    axes = sheet.subplots(1, 3)
    assert plots.images(np.stack([L, L]), PLANE, axes=axes[1:]) is sheet
    assert [len(panel.get_images()) for panel in axes] == [0, 1, 1]
    part = sheet.add_subfigure(sheet.add_gridspec(1, 1)[0])
    assert plots.images(np.ones(4), axes=part.subplots()) is sheet


C, V = np.eye(6), np.ones(24)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: plots.reconstructions(C, {}), ValueError, "images is empty"),
        (lambda: plots.reconstructions(C, {"a": C[:, :5]}), ValueError, r"images\['a'\] has 5 voxels, expected 6"),
        (lambda: plots.reconstructions(C, C[:5]), ValueError, "has 5 rows, expected 6"),
        (lambda: plots.reconstructions(C * np.nan, C), ValueError, "phantoms is not finite"),
        (lambda: plots.reconstructions(C, C, "grid"), TypeError, "place must be"),
        (lambda: plots.reconstructions(C, C, mpifast.Grid((5,), (1.0,))), ValueError, "place has 5 voxels"),
        (lambda: plots.reconstructions(C, C, samples=[6]), IndexError, "samples=6 is out of range"),
        (lambda: plots.reconstructions(C, C, samples=[]), ValueError, "samples is empty"),
        (lambda: plots.reconstructions(C, C, position=(0, 0, 0)), ValueError, "position is for images on three axes"),
        (lambda: plots.images(L, "grid"), TypeError, "place must be"),
        (lambda: plots.images(C, PLANE), ValueError, r"c has shape \(6, 6\): give one image or several, \[n, 24\]"),
        (lambda: plots.images(V * np.inf, PLANE), ValueError, "c is not finite"),
        (lambda: plots.images(np.zeros((0, 24)), PLANE), ValueError, "c has shape"),
        (lambda: plots.images(L, PLANE, projection=True), ValueError, "projection is for images on three axes"),
        (lambda: plots.images(V, VOLUME, position=(0, 0)), ValueError, "position has 2 entries, expected 3"),
        (lambda: plots.images(V, VOLUME, position=(0, 0, 2e-3)), ValueError, "outside the grid along z: .* -0.0015 to"),
        (lambda: plots.images(V, VOLUME, position=(0, 0, 0), projection=True), ValueError, "exclude each other"),
        (lambda: plots.images(L, PLANE, titles=("a", "b")), ValueError, "titles has 2 entries, expected 1"),
        (lambda: plots.images(L, PLANE, limits=(1, 1)), ValueError, "limits=.* not rising"),
        (lambda: plots.images(L, PLANE, limits=(1,)), ValueError, "limits=.*least and the largest"),
        (lambda: plots.images(L, PLANE, columns=0), ValueError, "columns=0 is out of range"),
        (lambda: plots.images(L, PLANE, axes="axes"), TypeError, "axes must be matplotlib axes"),
        (lambda: plots.images(L, PLANE, axes=Figure().subplots(1, 2)), ValueError, "axes has 2 axes, 1 panels"),
        (lambda: plots.learning_curve([0.1, 0.2]), TypeError, "history must be a History or a mpifast.Network"),
        (lambda: plots.learning_curve({"a": History()}), ValueError, "history a has no epochs"),
        (lambda: plots.learning_curve({}), ValueError, "history is empty"),
        (lambda: plots.learning_curve(History(), logarithmic="yes"), TypeError, "logarithmic must be True or False"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
