"""Analogue filters against SciPy's transfer functions by their polynomials."""

import numpy as np
import pytest
from scipy import signal

import mpifast

FREQUENCIES = np.array([1e3, 19e3, 24.5e3, 26e3, 60e3, 1.25e6])


@pytest.mark.parametrize("order", [1, 2, 5])
@pytest.mark.parametrize("kind", ["high", "low"])
def test_passes(order, kind):
    found = getattr(mpifast.receive, f"{kind}_pass")(50e3, order)(FREQUENCIES)
    numerator, denominator = signal.butter(order, 2 * np.pi * 50e3, kind, analog=True)
    expected = signal.freqs(numerator, denominator, 2 * np.pi * FREQUENCIES)[1]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_a_notch_for_each_drive_frequency():
    scanner = mpifast.LissajousScanner(mpifast.Grid((4, 4), (24e-3, 24e-3)))
    found = mpifast.receive.notch(scanner, 1e3, order=3)
    expected = np.ones(len(FREQUENCIES), complex)
    for middle in (2.5e6 / 102, 2.5e6 / 96):
        low = np.sqrt(middle**2 + 500.0**2) - 500.0
        edges = np.array([low, low + 1e3])
        np.testing.assert_allclose(np.abs(mpifast.receive.notch(middle, 1e3, 3)(edges)), np.sqrt(0.5), rtol=1e-9)
        expected *= signal.freqs_zpk(
            *signal.butter(3, 2 * np.pi * edges, "stop", True, "zpk"), 2 * np.pi * FREQUENCIES
        )[1]
    np.testing.assert_allclose(found(FREQUENCIES), expected, rtol=1e-9)
    assert np.abs(found([2.5e6 / 102, 2.5e6 / 96])).max() < 1e-12
    received = mpifast.system_matrix(scanner, mpifast.Particle(20e-9), mixing_order=1).with_transfer_function(found)
    assert np.abs(received.matrix).max() < 1e-9


def test_the_highest_order_stays_in_range():
    for make in (mpifast.receive.low_pass, mpifast.receive.high_pass):
        values = make(1e6, 16)(np.geomspace(1.0, 1e9, 50))
        assert np.isfinite(values).all()
        assert np.abs(values).max() <= 1.0 + 1e-9


@pytest.mark.parametrize(
    ("name", "arguments", "error", "message"),
    [
        ("high_pass", (0.0,), ValueError, "frequency=0.0 is out of range"),
        ("low_pass", (1e3, 17), ValueError, "order=17 is out of range: give an integer from 1 to 16"),
        ("high_pass", (1e3, 2.0), TypeError, "order must be an integer"),
        ("notch", (25e3, 0.0), ValueError, "width=0.0 is out of range"),
        ("notch", (np.arange(1.0, 102.0), 1.0), ValueError, "drive has 101 frequencies: give at most 100"),
    ],
)
def test_bad_arguments(name, arguments, error, message):
    with pytest.raises(error, match=message):
        getattr(mpifast.receive, name)(*arguments)


def test_frequencies_are_numbers():
    with pytest.raises(ValueError, match="frequency is not finite"):
        mpifast.receive.high_pass(1e3)([np.nan])
