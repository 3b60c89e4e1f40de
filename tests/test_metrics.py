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
    assert mpifast.metrics.mse(images, np.zeros(10_000_000, np.uint8)) == pytest.approx(
        float(np.float32(1e-4)) ** 2, rel=1e-12
    )


def test_nrmse_and_psnr_follow_from_the_mse(random):
    images, phantoms = random.uniform(size=(9, 11)), random.integers(0, 2, (9, 11))
    error = mpifast.metrics.mse(images, phantoms)
    assert mpifast.metrics.nrmse(images, phantoms) == pytest.approx(np.sqrt(error / np.square(phantoms).mean()))
    assert mpifast.metrics.psnr(images, phantoms, peak=2.0) == pytest.approx(10 * np.log10(4.0 / error))
    assert mpifast.metrics.psnr(phantoms, phantoms) == np.inf


def test_ssim_is_scikit_images(random):
    from skimage.metrics import structural_similarity

    picture = mpifast.phantoms.pattern()
    noisy = np.clip(picture + random.normal(scale=0.2, size=picture.shape), 0, 1)
    assert mpifast.metrics.ssim(picture, picture) == 1.0
    assert mpifast.metrics.ssim(noisy, picture) == structural_similarity(noisy, picture.astype(float), data_range=1.0)


@pytest.mark.parametrize("measure", [mpifast.metrics.ssim, mpifast.metrics.psnr])
def test_images_of_bytes_need_their_peak(measure, random):
    """The default peak of 1 would call a noisy picture of 0 to 255 nearly perfect, or worse than empty."""
    picture = 255.0 * mpifast.phantoms.pattern()
    noisy = picture + random.normal(scale=20.0, size=picture.shape)
    assert measure(noisy, picture, peak=255.0) == pytest.approx(measure(noisy / 255.0, picture / 255.0))
    with pytest.raises(ValueError, match="peak=1 is below the largest phantom value, 255"):
        measure(noisy, picture)


def test_ssim_without_scikit_image_names_the_extra(run_python):
    code = (
        "import sys; sys.modules['skimage'] = None; import mpifast; p = mpifast.phantoms.letters(); "
        "mpifast.metrics.ssim(p, p)"
    )
    assert 'pip install "mpifast[metrics]"' in run_python("-c", code).stderr
