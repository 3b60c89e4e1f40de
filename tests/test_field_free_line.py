"""The field-free line: where the field vanishes, how it turns, and what is refused."""

import math

import numpy as np
import pytest

import mpifast

GRID = mpifast.Grid((6, 6), (24e-3, 24e-3))


@pytest.mark.parametrize("rotation", [None, 300])
def test_field_vanishes_along_the_line(rotation):
    scanner = mpifast.FieldFreeLineScanner(GRID, 2.0, 10e-3, 20, angle=0.4, rotation=rotation, phase=0.7)
    time = np.arange(60) / 60 * scanner.period
    angle = 0.4 + (0 if rotation is None else 2 * np.pi * 2.5e6 / rotation * time)
    line = np.stack(np.broadcast_arrays(-np.sin(angle), np.cos(angle), 0 * time), axis=-1)
    for distance in (-0.02, 0.0, 0.01):
        points = scanner.trajectory(60) + distance * line
        np.testing.assert_allclose(scanner.field(points, time), 0.0, atol=1e-15)
    np.testing.assert_allclose((scanner.trajectory(60) * line).sum(axis=1), 0.0, atol=1e-16)  # nearest to the origin


def test_gradient_is_a_maxwell_pair_and_two_quadrupoles():
    scanner = mpifast.FieldFreeLineScanner(GRID, 3.0, divider=20, angle=0.3, rotation=200)
    time = np.arange(7) * 1e-5
    angle = 0.3 + 2 * np.pi * 2.5e6 / 200 * time
    quadrupoles = np.zeros((7, 3, 3))
    quadrupoles[:, 0, 0], quadrupoles[:, 0, 1] = np.cos(2 * angle), np.sin(2 * angle)
    quadrupoles[:, 1, 0], quadrupoles[:, 1, 1] = np.sin(2 * angle), -np.cos(2 * angle)
    expected = 1.5 * (np.diag([1.0, 1.0, -2.0]) + quadrupoles)
    np.testing.assert_allclose(scanner.gradient_at(time), expected, atol=1e-13)
    np.testing.assert_allclose(np.trace(scanner.gradient_at(time), axis1=1, axis2=2), 0.0, atol=1e-15)


def test_an_offset_along_the_line_leaves_no_zero():
    path = mpifast.FieldFreeLineScanner(GRID, offset_field=(0, 1e-3, 0)).trajectory(4)
    assert np.isnan(path).all()
    shifted = mpifast.FieldFreeLineScanner(GRID, 2.0, 10e-3, offset_field=(4e-3, 0, 2e-3)).trajectory(4)
    np.testing.assert_allclose(shifted[0], [-7e-3, 0, 1e-3], atol=1e-15)


def test_periods_and_channels():
    still = mpifast.FieldFreeLineScanner(GRID, divider=102)
    assert (still.samples, still.channels, still.even_in_time) == (102, ("x",), True)
    assert mpifast.FieldFreeLineScanner(GRID, angle=math.pi / 2).channels == ("y",)
    assert mpifast.FieldFreeLineScanner(GRID, angle=1.0).channels == ("x", "y")
    turning = mpifast.FieldFreeLineScanner(GRID, divider=102, rotation=1530)
    assert (turning.samples, turning.channels, turning.even_in_time) == (1530, ("x", "y"), False)
    assert turning.line_drive() is None
    assert turning.drive_axes() is None
    assert still.line_drive() == ((1.0, 0.0, 0.0), 12e-3, 1, math.pi / 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"gradient": 0.0}, "gradient=0.0 is out of range"),
        ({"drive_amplitude": 0.0}, "drive_amplitude=0.0 is out of range"),
        ({"angle": float("nan")}, "angle=nan is out of range"),
        ({"rotation": 0}, "rotation=0 is out of range"),
        ({"divider": 99_991, "rotation": 99_989}, "divider, rotation=.*repeat after 9,998,000,099 samples"),
        ({"offset_field": (0, 0)}, "offset_field has 2 entries"),
        ({"grid": mpifast.Grid((2,), (1e120,))}, "grid reaches 5e.119 m"),
    ],
)
def test_bad_scanners_are_refused_with_the_cure(arguments, message):
    with pytest.raises(ValueError, match=message):
        mpifast.FieldFreeLineScanner(**{"grid": GRID, **arguments})
