"""Sampled sequences: the waveform between the samples, gradients that change, and what is refused."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mpifast

GRID = mpifast.Grid((4, 5), (24e-3, 24e-3))


def sampled(scanner, samples):
    drive, gradient = scanner.waveform(samples)
    return mpifast.SampledScanner(GRID, drive, scanner.period, gradient)


@given(samples=st.integers(21, 60), time=st.floats(-3, 3), rotation=st.sampled_from([None, 20]))
def test_sines_are_interpolated_exactly(samples, time, rotation):
    # The line's own frequencies are 1 +- 5 and 0 +- 2 in units of 1 / period.
    scanner = mpifast.FieldFreeLineScanner(GRID, divider=4, rotation=rotation, phase=0.3, angle=0.2)
    copy, time = sampled(scanner, samples), time * scanner.period
    np.testing.assert_allclose(copy.drive_field_at(time), scanner.drive_field_at(time), atol=1e-15)
    np.testing.assert_allclose(copy.gradient_at(time), scanner.gradient_at(time), atol=1e-14)
    np.testing.assert_allclose(
        copy.field((1e-3, 2e-3, 3e-3), time), scanner.field((1e-3, 2e-3, 3e-3), time), atol=1e-15
    )


@pytest.mark.parametrize("samples", [30, 31])
@pytest.mark.parametrize("count", [7, 30, 31, 60, 64, 101])
@pytest.mark.parametrize("midpoints", [False, True])
def test_waveform_is_the_field_at_equidistant_times(random, samples, count, midpoints):
    scanner = mpifast.SampledScanner(GRID, random.normal(size=(samples, 3)), 2e-3)
    drive, gradient = scanner.waveform(count, midpoints)
    time = (np.arange(count) + 0.5 * midpoints) / count * 2e-3
    np.testing.assert_allclose(drive, scanner.drive_field_at(time), atol=1e-12)
    np.testing.assert_array_equal(gradient, np.diag([-1.0, -1.0, 2.0]))


@pytest.mark.parametrize("samples", [2, 3, 30, 31])
def test_samples_are_kept(random, samples):
    drive = random.normal(size=(samples, 3))
    scanner = mpifast.SampledScanner(GRID, drive, 2e-3)
    assert (scanner.samples, len(scanner.frequencies)) == (samples, samples // 2 + 1)
    np.testing.assert_allclose(scanner.drive_field_at(np.arange(samples) / samples * 2e-3), drive, atol=1e-13)
    np.testing.assert_allclose(scanner.waveform(samples)[0], drive, atol=1e-14)


def test_long_sums_are_made_in_parts(random, monkeypatch):
    from mpifast.physics.fields import sampled as module

    scanner, time = mpifast.SampledScanner(GRID, random.normal(size=(30, 3)), 1.0), random.uniform(size=50)
    expected = scanner.drive_field_at(time)
    monkeypatch.setattr(module, "TERMS", 100)
    np.testing.assert_allclose(scanner.drive_field_at(time), expected, atol=1e-14)


def test_evenness_in_time():
    assert sampled(mpifast.LissajousScanner(GRID), 200).even_in_time
    assert not sampled(mpifast.LissajousScanner(GRID, phase=(0, 1, 0)), 200).even_in_time
    assert not sampled(mpifast.FieldFreeLineScanner(GRID, divider=4, rotation=20), 200).even_in_time


def test_trajectory_is_that_of_the_formula():
    scanner = mpifast.FieldFreeLineScanner(GRID, divider=4, rotation=20, phase=0.3)
    np.testing.assert_allclose(sampled(scanner, 50).trajectory(77), scanner.trajectory(77), atol=1e-14)


def test_channels_are_the_driven_axes_and_fields_are_json():
    scanner = sampled(mpifast.LissajousScanner(GRID), 100)
    assert scanner.channels == ("x", "y")
    assert {scanner, sampled(mpifast.LissajousScanner(GRID), 100)} == {scanner}
    assert len(json.loads(json.dumps(dataclasses.asdict(scanner)))["drive_field"]) == 100


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"drive_field": np.zeros((5, 2))}, r"drive_field has 2 components \(x, y, z\), expected 3"),
        ({"drive_field": np.ones((5, 3))}, "at all times: let it change along an axis"),
        ({"drive_field": np.full((5, 3), np.nan)}, "drive_field is not finite"),
        ({"drive_field": 1e150 * np.eye(3)}, "drive_field contains 1e.150"),
        (
            {"drive_field": np.zeros((2**20 + 1, 3), np.int8)},
            "drive_field has 1,048,577 samples, the limit is 1,048,576",
        ),
        ({"period": 0.0}, "period=0.0 is out of range"),
        ({"gradient": np.zeros((4, 3, 3))}, r"gradient has shape \(4, 3, 3\).*or \[3, 3, 3\], one for each sample"),
        ({"gradient": np.tile(np.eye(3), (3, 1, 1))}, "gradient has trace 3 T/m"),
    ],
)
def test_bad_scanners_are_refused_with_the_cure(arguments, message):
    with pytest.raises(ValueError, match=message):
        mpifast.SampledScanner(**{"grid": GRID, "drive_field": np.eye(3), "period": 1e-3, **arguments})
