"""Figures of system functions, trajectories, waveforms and spectra."""

import numpy as np
import pytest
from matplotlib.figure import Figure

import mpifast
from mpifast import plots

GRID = mpifast.Grid((4, 6), (15e-3, 18e-3))
LISSAJOUS = mpifast.LissajousScanner(GRID, (-2, -2, 4), (18e-3, 20e-3, 0), (60, 50, 1))
LINE = mpifast.FieldFreeLineScanner(GRID, 2.0, 20e-3, 10, rotation=60)
THREE = mpifast.LissajousScanner(
    mpifast.Grid((4, 3, 2), (12e-3, 9e-3, 6e-3)), (-2, -2, 4), (12e-3,) * 3, (10, 12, 15), channels=("z",)
)


@pytest.fixture(scope="module")
def lissajous():
    return mpifast.system_matrix(LISSAJOUS, mpifast.Particle(30e-9), level=1e-3)


@pytest.fixture(scope="module")
def turning_line():
    return mpifast.system_matrix(LINE, mpifast.Particle(40e-9), level=1e-2, tolerance=1e-6)


@pytest.fixture(scope="module")
def three():
    return mpifast.system_matrix(THREE, mpifast.Particle(25e-9), level=1e-2, tolerance=1e-6)


def pictures(figure):
    """The panels that show an image, without colour bars."""
    return [axes for axes in figure.axes if axes.get_images()]


def lines(axes):
    return [line for line in axes.get_lines() if len(line.get_xdata()) > 2]


def test_strongest_rows_are_shown_in_the_order_of_the_system(lissajous):
    figure = plots.system_functions(lissajous, count=5)
    peaks = np.abs(lissajous.matrix).max(axis=1)
    strongest = np.sort(np.argsort(-peaks, kind="stable")[:5])
    assert len(pictures(figure)) == 5
    for axes, row in zip(pictures(figure), strongest, strict=True):
        expected = lissajous.matrix[row].imag.reshape(4, 6).T / peaks[row]
        np.testing.assert_allclose(axes.get_images()[0].get_array(), expected, atol=1e-7)
        label = lissajous.rows[row]
        title = axes.get_title()
        assert title.startswith(f"{'xy'[label['channel']]}, {label['frequency'] / 1e3:.5g} kHz, (")
        p, q = map(int, title.split("(")[1].split(")")[0].split(","))
        assert p * LISSAJOUS.multiples[0] + q * LISSAJOUS.multiples[1] == label["number"]
        assert title.endswith(f"peak {peaks[row]:.3g} T")
    assert pictures(figure)[0].get_images()[0].get_cmap().name == "RdBu_r"
    figure.canvas.draw()


def test_the_matrix_of_the_whole_system_is_never_formed(three, monkeypatch):
    # Room for four rows, not for thirty.
    monkeypatch.setattr("mpifast.physics.memory.machine_memory", lambda: 2 * 4 * 24 * 16)
    with pytest.raises(ValueError, match="the dense matrix of 30 rows and 24 voxels"):
        three.select(rows=np.arange(30)).matrix  # noqa: B018
    plots.system_functions(three, count=4)


def test_rows_keep_the_order_asked_for_and_parts_are_side_by_side(turning_line):
    figure = plots.system_functions(turning_line, [7, 3], parts=("real", "imaginary", "magnitude", "phase"))
    shown = [axes.get_images()[0].get_array().T.ravel() for axes in pictures(figure)]
    for row, values in zip([7, 3], np.reshape(shown, (2, 4, 24)), strict=True):
        relative = turning_line.matrix[row] / np.abs(turning_line.matrix[row]).max()
        np.testing.assert_allclose(values[0] + 1j * values[1], relative, atol=1e-5)
        np.testing.assert_allclose(values[2], np.abs(relative), atol=1e-5)
        np.testing.assert_allclose(values[2] * np.exp(1j * values[3]), relative, atol=1e-5)
    assert [axes.get_title().splitlines()[-1].split(",")[0] for axes in pictures(figure)[:4]] == [
        "real", "imaginary", "magnitude", "phase"
    ]  # fmt: skip
    assert len(figure.axes) == 8 + 3  # real and imaginary part share a colour bar
    assert len(pictures(plots.system_functions(turning_line, count=3))) == 6  # magnitude and phase


def test_system_functions_of_a_volume(three):
    figure = plots.system_functions(three, [1], position=(0.0, 0.0, 2e-3))
    row = three.select(rows=[1]).matrix[0].imag.reshape(4, 3, 2)
    row = row / np.abs(row).max()
    found = [axes.get_images()[0].get_array() for axes in pictures(figure)]
    for picture, expected in zip(found, (row[:, :, 1], row[:, 1, :], row[2]), strict=True):
        np.testing.assert_allclose(picture, expected.T, atol=1e-5)
    assert [axes.get_title().splitlines()[-1] for axes in pictures(figure)] == ["z = 1.5 mm", "y = 0 mm", "x = 1.5 mm"]


def test_system_functions_of_a_line_and_of_an_array(small_system, random):
    (axes,) = plots.system_functions(small_system, [2, 4]).axes
    third, fifth = lines(axes)
    np.testing.assert_allclose(third.get_ydata(), small_system.real[2] / np.abs(small_system.real[2]).max())
    assert third.get_label().startswith("60 kHz, harmonic 3, peak ")
    assert fifth.get_label().startswith("100 kHz, harmonic 5, peak ")
    figure = plots.system_functions(random.normal(size=(5, 7)), np.array([True, False, False, True, False]))
    assert [line.get_label().split(",")[0] for line in lines(figure.axes[0])] == ["row 0", "row 3"]
    assert figure.axes[0].get_xlabel() == "voxel"


def test_trajectory_in_the_plane():
    (axes,) = plots.trajectory(LISSAJOUS).axes
    x, y = lines(axes)[0].get_data()
    np.testing.assert_allclose([x.min(), x.max(), y.min(), y.max()], [-9, 9, -10, 10], rtol=1e-5)
    assert (x[0], y[0]) == (x[-1], y[-1])
    box = axes.patches[0]
    assert [*box.get_xy(), box.get_width(), box.get_height()] == pytest.approx([-7.5, -9, 15, 18])
    assert axes.get_xlim()[0] < -9
    assert axes.get_ylim()[1] > 10
    assert [axes.get_xlabel(), axes.get_ylabel(), axes.get_aspect()] == ["x (mm)", "y (mm)", 1.0]


@pytest.mark.parametrize("scanner", [LISSAJOUS, LINE, THREE])
def test_trajectory_is_that_of_the_scanner(scanner):
    panels = plots.trajectory(scanner, samples=20).axes
    path = 1e3 * scanner.trajectory(20)
    pairs = [(0, 1), (0, 2), (1, 2)][: len(panels)]
    for axes, pair in zip(panels, pairs, strict=True):
        np.testing.assert_allclose(np.transpose(lines(axes)[0].get_data())[:20], path[:, pair], atol=1e-12)


def test_trajectory_on_a_line():
    (axes,) = plots.trajectory(mpifast.Scanner()).axes
    time, x = lines(axes)[0].get_data()
    np.testing.assert_allclose([time[0], time[-1], x[0], x.max()], [0, 50, -16, 16])
    one = mpifast.LissajousScanner(mpifast.Grid((9,), (24e-3,)), drive_amplitude=(12e-3, 0, 0))
    (axes,) = plots.trajectory(one, samples=8).axes
    np.testing.assert_allclose(lines(axes)[0].get_ydata()[:8], 1e3 * one.trajectory(8)[:, 0])
    assert [axes.get_xlabel(), axes.get_ylabel()] == ["time (µs)", "x (mm)"]


def test_waveforms():
    axes = plots.waveform(LISSAJOUS).axes[0]
    x, y = lines(axes)
    assert [x.get_label(), y.get_label()] == ["x, 41.667 kHz", "y, 50 kHz"]
    np.testing.assert_allclose(x.get_ydata(), 1e3 * LISSAJOUS.drive_field_at(1e-6 * x.get_xdata())[:, 0], atol=1e-6)
    assert axes.get_xlim() == (0.0, pytest.approx(1e6 * LISSAJOUS.period))
    assert axes.get_ylabel() == "drive field (mT)"
    long = mpifast.LissajousScanner(GRID, divider=(102, 96, 99), drive_amplitude=(12e-3, 12e-3, 12e-3))
    assert plots.waveform(long).axes[0].get_xlim()[1] == pytest.approx(20 * 96 / 2.5)
    assert [line.get_label() for line in lines(plots.waveform(LINE, duration=1e-6).axes[0])] == ["x", "y"]
    (line,) = lines(plots.waveform(mpifast.Scanner()).axes[0])
    assert line.get_ydata()[0] == pytest.approx(32)


def test_waveform_of_samples():
    turn = 2 * np.pi * np.arange(64) / 64
    drive = np.stack([12e-3 * np.cos(3 * turn), 0 * turn, np.full(64, 1e-3)], axis=1)
    scanner = mpifast.SampledScanner(GRID, drive, period=1e-3)
    x, z = lines(plots.waveform(scanner, duration=0.5e-3).axes[0])
    time = x.get_xdata()
    assert [x.get_label(), z.get_label(), time[-1]] == ["x", "z", pytest.approx(500)]
    np.testing.assert_allclose(x.get_ydata(), 12 * np.cos(3 * 2 * np.pi * 1e-3 * time), atol=1e-9)


def test_spectra_have_a_panel_for_each_channel(lissajous, random):
    u = lissajous.forward(random.uniform(size=(2, 24)))
    figure = plots.spectra(u, lissajous, labels=("a", "b"))
    assert [axes.get_title() for axes in figure.axes] == ["x", "y"]
    for channel, axes in enumerate(figure.axes):
        mine = lissajous.rows["channel"] == channel
        first, second = lines(axes)
        joined = np.isfinite(first.get_xdata())
        np.testing.assert_allclose(first.get_xdata()[joined], 1e-3 * lissajous.rows["frequency"][mine])
        np.testing.assert_allclose(second.get_ydata()[joined], np.abs(u[1, mine]))
        assert axes.get_yscale() == "log"
        marks = [line.get_xdata()[0] for line in axes.get_lines()[2:]]
        assert marks == pytest.approx([2500 / 60, 2500 / 50])
    figure.canvas.draw()
    real = plots.spectra(lissajous.to_real(u)[0], lissajous).axes[0]
    np.testing.assert_array_equal(lines(real)[0].get_ydata(), lines(figure.axes[0])[0].get_ydata())


def test_spectra_join_neighbouring_frequencies_only():
    numbers = [5, 1, 2, 9]
    system = mpifast.linear_system(np.eye(4), numbers=numbers, frequencies=1e3 * np.array(numbers))
    (line,) = lines(plots.spectra([1.0, 2.0, 3.0, 0.0], system).axes[0])
    np.testing.assert_array_equal(line.get_xdata(), [1, 2, np.nan, 5, np.nan, 9])
    np.testing.assert_array_equal(line.get_ydata(), [2, 3, np.nan, 1, np.nan, np.nan])


def test_spectra_of_other_systems(small_system, turning_line):
    axes = plots.spectra(np.ones((1, 14)), small_system).axes[0]
    assert [line.get_label() for line in axes.get_lines()[1:]] == ["drive frequency x, 20 kHz"]
    assert axes.get_ylabel() == "magnitude (T)"
    panels = plots.spectra(np.ones(len(turning_line.rows), complex), turning_line).axes
    assert panels[0].get_lines()[1].get_label() == "drive frequency, 250 kHz"
    axes = plots.spectra([1.0, 2.0], [[1.0], [2.0]]).axes[0]
    assert [axes.get_xlabel(), axes.get_ylabel()] == ["row", "magnitude"]
    np.testing.assert_array_equal(lines(axes) or axes.get_lines()[0].get_xdata(), [0, 1])


def test_figures_in_axes_of_the_caller(lissajous):
    sheet = Figure()
    axes = sheet.subplots(2, 3).ravel()
    assert plots.trajectory(LISSAJOUS, axes=axes[0]) is sheet
    assert plots.waveform(LISSAJOUS, axes=axes[1]) is sheet
    assert plots.trajectory(mpifast.Scanner(), axes=axes[2]) is sheet
    assert plots.spectra(np.ones(len(lissajous.rows)), lissajous, axes=axes[3:5]) is sheet
    assert [bool(panel.get_lines()) for panel in axes] == [True] * 5 + [False]
    with pytest.raises(ValueError, match="axes has 2 axes, 3 panels are drawn"):
        plots.trajectory(THREE, axes=axes[:2])


ARRAY = np.eye(4)
NOWHERE = mpifast.SampledScanner(GRID, np.cos(np.arange(24.0)).reshape(8, 3), 1e-3, gradient=(0, 0, 0))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: plots.system_functions("system"), TypeError, "system must be a system or a real or complex array"),
        (lambda: plots.system_functions(ARRAY, [4]), IndexError, "rows=4 is out of range"),
        (lambda: plots.system_functions(ARRAY, [True]), ValueError, r"rows has shape \(1,\), expected \(4,\)"),
        (lambda: plots.system_functions(ARRAY, []), ValueError, "rows has 0 rows: choose 1 to 48"),
        (lambda: plots.system_functions(ARRAY, count=49), ValueError, "count=49 is out of range"),
        (lambda: plots.system_functions(ARRAY, parts="absolute"), ValueError, "parts='absolute' is unknown"),
        (lambda: plots.system_functions(ARRAY, parts=()), ValueError, r"parts=\(\): give at least one"),
        (lambda: plots.system_functions(ARRAY, position=(0, 0, 0)), ValueError, "position is for images on three"),
        (lambda: plots.trajectory(GRID), TypeError, "scanner must be a scanner such as mpifast.LissajousScanner"),
        (lambda: plots.trajectory(LISSAJOUS, samples=1), ValueError, "samples=1 is out of range"),
        (lambda: plots.trajectory(NOWHERE), ValueError, "no field-free point at any of 4,096 times"),
        (lambda: plots.waveform(None), TypeError, "scanner must be a scanner"),
        (lambda: plots.waveform(LISSAJOUS, duration=1.0), ValueError, "duration=1.0 is out of range"),
        (lambda: plots.spectra(np.ones(3), ARRAY), ValueError, "u has 3 equations, expected 4"),
        (lambda: plots.spectra(1j * np.ones(3), ARRAY), ValueError, "u has 3 rows, expected 4"),
        (lambda: plots.spectra(np.full(4, np.nan), ARRAY), ValueError, "u is not finite"),
        (lambda: plots.spectra(np.zeros(4), ARRAY), ValueError, "u is zero everywhere"),
        (lambda: plots.spectra(np.ones(4), ARRAY, labels=("a", "b")), ValueError, "labels has 2 entries, expected 1"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
