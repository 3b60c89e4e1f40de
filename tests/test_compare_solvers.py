"""`mpifast.compare`: every kind of solver, of system and of data, and a table that agrees with the metrics."""

import numpy as np
import pytest

import mpifast
from mpifast import metrics


@pytest.fixture(scope="module")
def letters(small_system):
    return mpifast.phantoms.letters("I", voxels=11)


def test_every_kind_of_solver(small_system, letters):
    spectra = mpifast.Spectra(small_system, seed=7, snr_db=30.0)
    network = mpifast.Network(system=small_system)
    network.fit(*spectra[:100], epochs=2)
    regressor = mpifast.SolverRegressor(small_system, alpha=0.1)
    u = small_system.spectra(letters, "float64", snr_db=30.0, seed=4)
    regressor.fit(u, letters)

    def pseudoinverse(u):
        return u @ np.linalg.pinv(small_system.real).T

    solvers = [network, "tikhonov", ("tikhonov", {"alpha": 0.1}), pseudoinverse, regressor, "tikhonov", network]
    found = mpifast.compare(solvers, small_system, letters, snr_db=30.0, seed=4)
    expected = {
        "network": network.predict(u),
        "tikhonov": mpifast.tikhonov(small_system, u),
        "tikhonov, alpha=0.1": mpifast.tikhonov(small_system, u, alpha=0.1),
        "pseudoinverse": pseudoinverse(u),
        "SolverRegressor": mpifast.tikhonov(small_system, u, alpha=0.1),
        "tikhonov (2)": mpifast.tikhonov(small_system, u),
        "network (2)": network.predict(u),
    }
    assert list(found.images) == list(expected)
    for row, (name, images) in zip(found.rows, expected.items(), strict=True):
        np.testing.assert_array_equal(found.images[name], images)
        assert row.solver == name
        assert row.mse == metrics.mse(images, letters)
        assert row.psnr == metrics.psnr(images, letters)
        assert row.ssim == metrics.ssim(images, letters)
        assert row.seconds > 0.0
    np.testing.assert_array_equal(found.spectra, u)


def test_names_of_ones_own_and_single_solvers(small_system, letters):
    named = mpifast.compare({"mine": "tikhonov", "other": ("tsvd", {"rank": 3})}, small_system, letters)
    assert [row.solver for row in named.rows] == ["mine", "other"]
    for one in ("tikhonov", ("tsvd", {"rank": 3}), lambda u: u[:, :11]):
        assert len(mpifast.compare(one, small_system, letters).rows) == 1


def test_data_sets_give_samples_and_noise(small_system, letters):
    spectra = mpifast.Spectra(small_system, seed=7, density=0.1, snr_db=20.0, dtype="float64")
    found = mpifast.compare("tikhonov", spectra, slice(50, 60))
    np.testing.assert_array_equal(found.phantoms, spectra[50:60][1])
    np.testing.assert_array_equal(found.spectra, spectra[50:60][0])
    own = mpifast.compare("tikhonov", spectra, letters)
    noise = own.spectra - small_system.spectra(letters, "float64")
    expected = mpifast.Spectra(small_system, seed=1, density=0.1, snr_db=20.0, dtype="float64")[:20][0]
    expected -= small_system.spectra(mpifast.phantoms.random(20, 11, density=0.1, seed=1), "float64")
    np.testing.assert_allclose(noise, expected, atol=1e-12)


def test_options_for_each_spectrum_and_one_warning(small_system, letters):
    options = {"alpha": np.linspace(0.1, 0.2, 20), "iterations": 3, "tolerance": 1e-9, "threads": 1}
    with pytest.warns(mpifast.ConvergenceWarning) as caught:
        found = mpifast.compare(("kaczmarz", options), small_system, letters, snr_db=20.0)
    assert len(caught) == 1
    with pytest.warns(mpifast.ConvergenceWarning):
        expected = mpifast.kaczmarz(small_system, found.spectra, **options)
    np.testing.assert_array_equal(
        found.images["kaczmarz, alpha=..., iterations=3, tolerance=1e-09, threads=1"], expected
    )


def test_measured_spectra(random):
    matrix = random.normal(size=(30, 24)) + 1j * random.normal(size=(30, 24))
    c = random.uniform(size=(5, 24))
    found = mpifast.compare(("tikhonov", {"alpha": 0.0}), matrix, c, c @ matrix.T)
    np.testing.assert_allclose(found.images["tikhonov, alpha=0.0"], c, atol=1e-12)


def test_grids_have_the_mean_similarity_of_their_images(random):
    grid = mpifast.Grid((8, 1, 9), (1.0, 1.0, 1.0))
    c = random.uniform(size=(3, 72))
    found = mpifast.compare(lambda u: u.clip(0.2, 0.8), mpifast.linear_system(np.eye(72), grid), c)
    images = found.spectra.clip(0.2, 0.8)
    expected = np.mean([metrics.ssim(i.reshape(8, 9), p.reshape(8, 9)) for i, p in zip(images, c, strict=True)])
    assert found.rows[0].ssim == pytest.approx(expected)
    assert len(found.plot().axes) == 3 * 2 + 1


def test_volumes_have_the_similarity_of_their_grid(random):
    grid = mpifast.Grid((11, 12, 13), (1.0, 1.0, 1.0))
    c = random.uniform(size=(2, grid.voxels))
    found = mpifast.compare(lambda u: c.clip(0.2, 0.8), mpifast.linear_system(np.ones((1, grid.voxels)), grid), c)
    assert found.rows[0].ssim == metrics.ssim(c.clip(0.2, 0.8), c, grid=grid)
    assert 0.5 < found.rows[0].ssim < 1.0


@pytest.mark.parametrize("shape", [(4, 18), (8, 9, 1), (2, 4, 9)])
def test_similarity_where_it_applies(shape, random):
    grid = mpifast.Grid(shape, (1.0,) * len(shape))
    c = random.uniform(size=(9, 72))
    found = mpifast.compare(lambda u: u, mpifast.linear_system(np.eye(72), grid), c)
    assert (found.rows[0].ssim is None) == (shape != (8, 9, 1))


def test_phantoms_above_one_have_their_own_peak(small_system, letters):
    images = letters * 200.0
    for peak, expected in ((None, 200.0), (255.0, 255.0)):
        (row,) = mpifast.compare(lambda u: images, small_system, letters * 255.0 if peak else images, peak=peak).rows
        truth = letters * 255.0 if peak else images
        assert row.psnr == metrics.psnr(images, truth, expected)


def test_the_table(small_system, letters):
    found = mpifast.compare({"<b>": "tikhonov", "a longer name": lambda u: u[:, :11]}, small_system, letters)
    lines = repr(found).splitlines()
    assert lines[0].split() == ["solver", "MSE", "PSNR", "(dB)", "SSIM", "seconds"]
    assert len(lines) == 3
    assert len({len(line) for line in lines}) == 1
    assert "&lt;b&gt;" in found._repr_html_()
    assert "<b>" not in found._repr_html_()
    table = found.to_dict()
    assert list(table) == ["solver", "mse", "psnr", "ssim", "seconds"]
    assert table["mse"] == [row.mse for row in found.rows]


def test_no_argument_is_modified_and_the_noise_is_reproducible(small_system, letters):
    c = letters.astype(float)
    first, second = (mpifast.compare("tikhonov", small_system, c, snr_db=10.0) for _ in range(2))
    np.testing.assert_array_equal(c, letters)
    np.testing.assert_array_equal(first.spectra, second.spectra)


SYSTEM = mpifast.linear_system(np.eye(6))
C = np.eye(6)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: mpifast.compare([], SYSTEM, C), ValueError, "solvers is empty"),
        (lambda: mpifast.compare({}, SYSTEM, C), ValueError, "solvers is empty"),
        (lambda: mpifast.compare("tikonov", SYSTEM, C), ValueError, "solver='tikonov' is unknown: choose one of"),
        (
            lambda: mpifast.compare(("tsvd", {"alpha": 1}), SYSTEM, C),
            ValueError,
            r"alpha=1 \(int\) is not an option of",
        ),
        (lambda: mpifast.compare([7], SYSTEM, C), TypeError, r"solvers has 7 \(int\)"),
        (lambda: mpifast.compare("tsvd", "system", C), TypeError, "system must be a system"),
        (lambda: mpifast.compare("tsvd", SYSTEM, C[:, :5]), ValueError, "phantoms has 5 voxels, expected 6"),
        (lambda: mpifast.compare("tsvd", SYSTEM, slice(3)), ValueError, "samples of a data set"),
        (lambda: mpifast.compare("tsvd", mpifast.Spectra(SYSTEM), slice(3), snr_db=3), ValueError, "samples of a data"),
        (lambda: mpifast.compare("tsvd", mpifast.Spectra(SYSTEM), C, snr_db=3), ValueError, "has its own noise"),
        (lambda: mpifast.compare("tsvd", mpifast.Spectra(SYSTEM), slice(0)), ValueError, "phantoms is empty"),
        (lambda: mpifast.compare("tsvd", SYSTEM, C, C[:5]), ValueError, "one spectrum for each phantom"),
        (lambda: mpifast.compare("tsvd", SYSTEM, C, C, snr_db=3), ValueError, "leave it out where spectra are given"),
        (lambda: mpifast.compare("tsvd", SYSTEM, C, peak=0.5), ValueError, "peak=0.5 is below the largest"),
        (lambda: mpifast.compare(lambda u: u[:3], SYSTEM, C), ValueError, "images of <lambda> has 3 rows, expected 6"),
        (lambda: mpifast.compare(lambda u: u * np.nan, SYSTEM, C), ValueError, "images of <lambda> is not finite"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
