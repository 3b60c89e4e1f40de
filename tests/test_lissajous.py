"""The Lissajous scanner: fields, trajectory, period, and what it refuses."""

import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mpifast

GRID = mpifast.Grid((4, 5), (24e-3, 20e-3), (1e-3, 0.0))


def test_periods_and_multiples_of_commercial_scanners():
    for amplitude, samples, multiples, count in [
        ((12e-3, 0, 0), 102, (1, 0, 0), 52),
        ((12e-3, 12e-3, 0), 1632, (16, 17, 0), 817),
        ((12e-3, 12e-3, 12e-3), 53_856, (528, 561, 544), 26_929),
    ]:
        scanner = mpifast.LissajousScanner(GRID, drive_amplitude=amplitude)
        assert (scanner.samples, scanner.multiples, len(scanner.frequencies)) == (samples, multiples, count)
        assert scanner.period == pytest.approx(samples / 2.5e6)
        assert scanner.frequencies[multiples[0]] == pytest.approx(2.5e6 / 102)


def test_field_is_the_formula(random):
    matrix = np.array([[1.0, 0.2, -0.1], [0.2, -0.4, 0.3], [-0.1, 0.3, -0.6]])
    scanner = mpifast.LissajousScanner(
        GRID, matrix, (0.01, 0.02, 0.03), (10, 12, 15), 1e6, (0.1, 0.2, 0.3), (1e-3, -2e-3, 3e-3)
    )
    position, time = random.normal(size=(6, 1, 3)), random.uniform(0, 1e-3, 7)
    drive = [
        a * np.sin(2 * np.pi * 1e6 / d * time + p) for a, d, p in [(0.01, 10, 0.1), (0.02, 12, 0.2), (0.03, 15, 0.3)]
    ]
    expected = position @ matrix + np.stack(drive, axis=-1) + (1e-3, -2e-3, 3e-3)
    assert scanner.field(position, time).shape == (6, 7, 3)
    np.testing.assert_allclose(scanner.field(position, time), expected, atol=1e-12)
    np.testing.assert_allclose(scanner.field(position, time + 3 * scanner.period), expected, atol=1e-12)
    np.testing.assert_array_equal(scanner.gradient_at(time), matrix)


@pytest.mark.parametrize("midpoints", [False, True])
def test_waveform_is_the_field_at_equidistant_times(midpoints):
    scanner = mpifast.LissajousScanner(GRID, drive_amplitude=(12e-3, 11e-3, 10e-3), phase=(0.3, 1.2, 2.0))
    drive, gradient = scanner.waveform(999, midpoints)
    time = (np.arange(999) + 0.5 * midpoints) / 999 * scanner.period
    np.testing.assert_allclose(drive, scanner.drive_field_at(time), atol=1e-13)
    np.testing.assert_array_equal(gradient, np.diag([-1.0, -1.0, 2.0]))


def test_phases_are_exact_after_hundreds_of_turns():
    # Time in seconds would lose the ten bits of 561 turns; integers do not.
    drive, _ = mpifast.LissajousScanner(GRID, drive_amplitude=(1.0, 1.0, 1.0)).waveform(2 * 53_856)
    turns = np.array([(561 * j % 107_712) / 107_712 for j in range(107_712)])
    np.testing.assert_allclose(drive[:, 1], np.sin(2 * np.pi * turns + math.pi / 2), atol=1e-15)


def test_field_vanishes_on_the_trajectory():
    scanner = mpifast.LissajousScanner(GRID, phase=(0.1, 0.2, 0.3), offset_field=(1e-3, 2e-3, 3e-3))
    time = np.arange(100) / 100 * scanner.period
    np.testing.assert_allclose(scanner.field(scanner.trajectory(100), time), 0.0, atol=1e-14)
    centred = mpifast.LissajousScanner(GRID).trajectory()
    assert len(centred) == 1632
    np.testing.assert_allclose(np.ptp(centred, axis=0), [24e-3, 24e-3, 0.0], rtol=1e-4)  # 2 A / G


def test_there_is_no_trajectory_without_a_gradient():
    assert np.isnan(mpifast.LissajousScanner(GRID, gradient=(0, 0, 0)).trajectory(3)).all()


def test_positions_have_three_coordinates():
    positions = mpifast.LissajousScanner(GRID).positions
    np.testing.assert_array_equal(positions[:, :2], GRID.positions)
    np.testing.assert_array_equal(positions[:, 2], 0.0)
    line = mpifast.Grid((3,), (3e-3,))
    np.testing.assert_allclose(mpifast.LissajousScanner(line).positions, [[-1e-3, 0, 0], [0, 0, 0], [1e-3, 0, 0]])


def test_channels():
    assert mpifast.LissajousScanner(GRID).channel_axes == (0, 1)
    assert mpifast.LissajousScanner(GRID, channels=("z", "x")).channel_axes == (2, 0)


def test_cosines_are_even_in_time():
    assert mpifast.LissajousScanner(GRID).even_in_time
    assert mpifast.LissajousScanner(GRID, phase=(math.pi / 2, -math.pi / 2, 0)).even_in_time  # z is not driven
    assert not mpifast.LissajousScanner(GRID, phase=(math.pi / 2, 0, 0)).even_in_time


def test_structure_that_fast_routes_use():
    axes = mpifast.LissajousScanner(GRID, offset_field=(1e-3, 0, 0)).drive_axes()
    assert axes[0] == (-1.0, 1e-3, 12e-3, 16, math.pi / 2)
    assert axes[2] == (2.0, 0.0, 0.0, 0, math.pi / 2)
    tilted = [[-1, 0.1, 0], [0.1, -1, 0], [0, 0, 2]]
    assert mpifast.LissajousScanner(GRID, tilted).drive_axes() is None
    assert mpifast.LissajousScanner(GRID).line_drive() is None
    drive = mpifast.LissajousScanner(
        GRID, drive_amplitude=(3e-3, 4e-3, 0), divider=(9, 9, 1), phase=(0.2, 0.2 + math.pi, 0)
    ).line_drive()
    np.testing.assert_allclose(drive.direction, [0.6, -0.8, 0.0])
    assert drive.amplitude == pytest.approx(5e-3)
    assert (drive.multiple, drive.phase) == (1, 0.2)


def test_is_hashable_and_its_fields_are_json():
    scanner = mpifast.LissajousScanner(GRID, gradient=np.diag([-1.0, -1.0, 2.0]), phase=np.full(3, math.pi / 2))
    assert {scanner} == {mpifast.LissajousScanner(GRID)}
    assert json.loads(json.dumps(dataclasses.asdict(scanner)))["gradient"] == [-1.0, -1.0, 2.0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        scanner.gradient = (0, 0, 0)


@given(st.integers(0, 2**40), st.integers(1, 2**24), st.integers(1, 2**20), st.floats(-4, 4))
def test_sines_of_rational_phases(numerator, denominator, multiple, phase):
    from mpifast.physics.fields.sequence import sine

    numerator %= denominator
    exact = math.sin(2 * math.pi * (numerator * multiple % denominator) / denominator + phase)
    # Both arguments, up to 10, are rounded.
    assert sine(np.array([numerator]), denominator, multiple, phase)[0] == pytest.approx(exact, abs=4e-15)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"gradient": (-1, -1, 1)}, r"gradient has trace -1 T/m.*let the diagonal add up to zero"),
        ({"gradient": [[-1, 1, 0], [0, -1, 0], [0, 0, 2]]}, "gradient is not symmetric.*give a symmetric matrix"),
        ({"gradient": (1, -1)}, r"gradient has shape \(2,\): give three numbers"),
        ({"gradient": (1, -1, float("nan"))}, r"gradient is not finite"),
        ({"gradient": (1e200, -1e200, 0)}, "the limit is 1e\\+100 T/m"),
        ({"drive_amplitude": (0, 0, 0)}, r"drive_amplitude=\(0.0, 0.0, 0.0\) drives no axis: give at least one"),
        ({"drive_amplitude": (1e-3, 0)}, "drive_amplitude has 2 entries, expected 3"),
        ({"drive_amplitude": (1e-3, 0, -1e-3)}, r"drive_amplitude\[2\]=-0.001 is out of range"),
        (
            {"divider": (99_991, 99_989, 1)},
            "repeat after 9,998,000,099 samples, the limit is 16,777,216: choose dividers",
        ),
        ({"divider": (102, 0, 99)}, r"divider\[1\]=0 is out of range"),
        ({"base_frequency": 0.0}, "base_frequency=0.0 is out of range"),
        ({"phase": (0, float("inf"), 0)}, r"phase\[1\]=inf is out of range"),
        ({"offset_field": (0, 0, float("nan"))}, r"offset_field\[2\]=nan is out of range"),
        ({"channels": ()}, "give at least one of 'x', 'y', 'z'"),
        ({"channels": ("x", "x")}, "each once"),
        ({"channels": ("x", "u")}, r"channels\[1\]='u' is unknown"),
        ({"grid": mpifast.Grid((2,), (1e140,))}, "grid reaches 5e.139 m.*give field_of_view and center in metres"),
    ],
)
def test_bad_scanners_are_refused_with_the_cure(arguments, message):
    with pytest.raises(ValueError, match=message):
        mpifast.LissajousScanner(**{"grid": GRID, **arguments})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"grid": (4, 5)}, "grid must be a mpifast.Grid"),
        ({"divider": (102.0, 96, 99)}, r"divider\[0\] must be an integer"),
        ({"channels": "xy"}, "channels must be a sequence such as"),
        ({"gradient": "high"}, "gradient must hold real numbers"),
    ],
)
def test_wrong_types_are_refused(arguments, message):
    with pytest.raises(TypeError, match=message):
        mpifast.LissajousScanner(**{"grid": GRID, **arguments})


def test_bad_positions_and_times_are_refused():
    scanner = mpifast.LissajousScanner(GRID)
    with pytest.raises(ValueError, match="give x, y, z along the last axis"):
        scanner.field((0.0, 0.0), 0.0)
    with pytest.raises(ValueError, match="time is not finite"):
        scanner.field((0.0, 0.0, 0.0), [0.0, np.nan])
    with pytest.raises(ValueError, match="samples=0 is out of range"):
        scanner.trajectory(0)
