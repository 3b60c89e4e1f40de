"""Figures of reconstructions and trainings: what they show, for lines and grids, without pyplot."""

import sys

import numpy as np
import pytest

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


def test_three_axes_show_the_middle_plane(random):
    c = random.uniform(size=(1, 24))
    figure = plots.reconstructions(c, c, mpifast.Grid((2, 4, 3), (1.0, 1.0, 1.0)))
    np.testing.assert_array_equal(figure.axes[0].get_images()[0].get_array(), c.reshape(2, 4, 3)[:, :, 1].T)


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


C = np.eye(6)


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
        (lambda: plots.learning_curve([0.1, 0.2]), TypeError, "history must be a History or a mpifast.Network"),
        (lambda: plots.learning_curve({"a": History()}), ValueError, "history a has no epochs"),
        (lambda: plots.learning_curve({}), ValueError, "history is empty"),
        (lambda: plots.learning_curve(History(), logarithmic="yes"), TypeError, "logarithmic must be True or False"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
