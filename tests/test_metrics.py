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


@pytest.mark.parametrize("shape", [(11, 20), (30, 1, 17), (13, 11, 15)])
def test_ssim_on_a_grid_is_scikit_images(shape, random):
    from skimage.metrics import structural_similarity

    grid = mpifast.Grid(shape, tuple(1e-3 * n for n in shape))
    c = mpifast.phantoms.vessels(grid).draw(7, [0, 1])
    noisy = c + random.normal(scale=0.1, size=c.shape)
    axes = [n for n in shape if n > 1]
    options = {"gaussian_weights": True, "use_sample_covariance": False, "data_range": 1.0}
    pairs = zip(noisy.reshape(-1, *axes), c.reshape(-1, *axes).astype(float), strict=True)
    expected = np.mean([structural_similarity(image, phantom, **options) for image, phantom in pairs])
    assert 0.0 < expected < 0.95
    assert mpifast.metrics.ssim(noisy, c, grid=grid) == pytest.approx(expected, rel=1e-12)
    assert mpifast.metrics.ssim(noisy.reshape(-1, *shape), c, 1.0, grid) == pytest.approx(expected, rel=1e-12)
    assert mpifast.metrics.ssim(c, c, grid=grid) == 1.0
    mse = np.square(noisy - c).mean()
    assert mpifast.metrics.psnr(noisy.reshape(-1, *shape), c.reshape(-1, *shape)) == pytest.approx(-10 * np.log10(mse))


def test_ssim_at_one_voxel_is_the_formula_of_wang_et_al(random):
    """A grid as large as the window has one voxel whose window lies within it."""
    x, y = random.uniform(size=(2, 11, 11, 11))
    weight = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    weights = np.einsum("i,j,k->ijk", weight, weight, weight) / weight.sum() ** 3
    mean_x, mean_y = (weights * x).sum(), (weights * y).sum()
    variance_x, variance_y = (weights * (x - mean_x) ** 2).sum(), (weights * (y - mean_y) ** 2).sum()
    covariance = (weights * (x - mean_x) * (y - mean_y)).sum()
    expected = (2 * mean_x * mean_y + 1e-4) * (2 * covariance + 9e-4)
    expected /= (mean_x**2 + mean_y**2 + 1e-4) * (variance_x + variance_y + 9e-4)
    found = mpifast.metrics.ssim(x, y, grid=mpifast.Grid((11, 11, 11), (1.0, 1.0, 1.0)))
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("shape", "options", "error", "message"),
    [
        ((11, 10), {}, ValueError, r"shape \(11, 10\), the window.*11 voxels.*smaller sigma, or use psnr or nrmse"),
        ((12, 12), {"sigma": 2.0}, ValueError, "window.*15 voxels"),
        ((1, 1), {}, ValueError, "grid has the shape"),
        ((12, 12), {"sigma": 0.0}, ValueError, "sigma=0"),
    ],
)
def test_ssim_names_what_does_not_fit(shape, options, error, message):
    grid = mpifast.Grid(shape, (1.0, 1.0))
    c = np.zeros(shape)
    with pytest.raises(error, match=message):
        mpifast.metrics.ssim(c, c, grid=grid, **options)


def test_ssim_needs_a_grid_of_these_voxels():
    c = np.zeros((12, 12))
    with pytest.raises(TypeError, match="grid must be"):
        mpifast.metrics.ssim(c, c, grid=(12, 12))
    with pytest.raises(ValueError, match=r"phantoms has shape \(12,\): give one image or several, \[n, 144\]"):
        mpifast.metrics.ssim(c, c[0], grid=mpifast.Grid((12, 12), (1.0, 1.0)))
    assert mpifast.metrics.ssim(c[:5], c[:5], grid=mpifast.Grid((5, 12), (1.0, 1.0)), sigma=0.5) == 1.0


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
