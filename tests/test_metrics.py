"""Measures of error."""

import numpy as np
import pytest

import mpifast


def test_mse_is_the_mean_square(random):
    a, b = random.normal(size=(7, 5)), random.normal(size=(7, 5))
    assert mpifast.metrics.mse(a, b) == pytest.approx(((a - b) ** 2).mean(), rel=1e-14)


def test_mse_of_bytes_does_not_wrap_around():
    assert mpifast.metrics.mse(np.array([0], np.uint8), np.array([255], np.uint8)) == 255.0**2


def test_mse_adds_up_in_double_precision():
    images = np.full(10_000_000, 1e-4, np.float32)
    assert mpifast.metrics.mse(images, np.zeros(10_000_000, np.uint8)) == pytest.approx(float(np.float32(1e-4)) ** 2, rel=1e-12)
