"""One call from a system and its data to images."""

import numpy as np
import pytest

import mpifast

GRID = mpifast.Grid((5, 4), (20e-3, 16e-3))
SCANNER = mpifast.LissajousScanner(GRID, divider=(16, 17, 1))


@pytest.fixture(scope="module")
def system():
    return mpifast.system_matrix(SCANNER, mpifast.Particle(25e-9), level=1e-4)


@pytest.fixture(scope="module")
def spectra(system):
    phantoms = mpifast.phantoms.vessels(GRID).draw(3, [0, 1, 2])
    return system.forward(phantoms), phantoms


def test_images_on_the_grid_and_what_is_known_of_them(system, spectra):
    u, _ = spectra
    found = mpifast.reconstruct(system, u, alpha=1e-3, iterations=7)
    expected = mpifast.kaczmarz(
        system, u, alpha=1e-3, relative=True, iterations=7, tolerance=0.0, nonnegative=True, full_output=True
    )
    assert found.shape == (3, 5, 4)
    np.testing.assert_array_equal(np.asarray(found).reshape(3, -1), expected.images)
    np.testing.assert_array_equal(found.positions, GRID.positions)
    np.testing.assert_array_equal(found.alpha, expected.parameter)
    np.testing.assert_allclose(found.relative_residual, expected.residual / np.linalg.norm(system.to_real(u), axis=1))
    assert found.sweeps.tolist() == [7, 7, 7]
    np.testing.assert_array_equal(found.measure, expected.history[-1])
    assert len(found) == 3
    np.testing.assert_array_equal(found[1], found.images[1])
    assert repr(found).startswith("Reconstruction(3 x 5 x 4, solver kaczmarz, alpha ")
    assert "convergence measure" in found._repr_html_()


def test_one_spectrum_real_equations_and_arrays(system, spectra):
    u, _ = spectra
    whole = mpifast.reconstruct(system, u, "tikhonov", alpha=1e-2)
    np.testing.assert_allclose(mpifast.reconstruct(system, u[0], "tikhonov", alpha=1e-2)[0], whole[0], rtol=1e-9)
    real = system.to_real(u)
    np.testing.assert_array_equal(mpifast.reconstruct(system, real, "tikhonov", alpha=1e-2).images, whole.images)
    flat = mpifast.reconstruct(system.matrix, u, "tikhonov", alpha=1e-2)
    assert (flat.shape, flat.grid, flat.positions) == ((3, 20), None, None)
    np.testing.assert_allclose(flat.images, whole.images.reshape(3, -1), atol=1e-9)
    assert whole.measure.tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("solver", ["tikhonov", "tsvd", "sparse", "nnls", "fused-lasso"])
@pytest.mark.filterwarnings("ignore::mpifast.ConvergenceWarning")
def test_every_solver(system, spectra, solver):
    u, phantoms = spectra
    found = mpifast.reconstruct(system, u, solver)
    assert found.shape == (3, 5, 4)
    assert mpifast.metrics.nrmse(found.images.reshape(3, -1), phantoms) < 0.5
    assert "relative residual" in found.facts()


def test_a_denoiser_and_a_network(system, spectra):
    u, _ = spectra
    found = mpifast.reconstruct(system, u[:1], "plug-and-play", denoiser=lambda image: image, iterations=2)
    assert found.shape == (1, 5, 4)
    network = mpifast.Network(inputs=len(system.equations), outputs=20, seed=1)
    samples = mpifast.Spectra(system, seed=1)[:50]
    network.fit(*samples, epochs=1, system=system)
    by_network = mpifast.reconstruct(system, u, network)
    np.testing.assert_allclose(by_network.images.reshape(3, -1), network.predict(system.to_real(u)))
    assert (by_network.solver, by_network.alpha, by_network.iterations.tolist()) == ("network", None, [0, 0, 0])
    with pytest.raises(ValueError, match=r"alpha=1.0 \(float\) is not an option of a network"):
        mpifast.reconstruct(system, u, network, alpha=1.0)


def test_two_tracers(system, spectra):
    u, phantoms = spectra
    other = system.with_transfer_function(lambda frequency, channel: np.exp(-1e-6j * frequency))
    both = mpifast.linear_system(other.matrix, GRID, numbers=system.rows["number"], channels=system.rows["channel"])
    one = mpifast.linear_system(system.matrix, GRID, numbers=system.rows["number"], channels=system.rows["channel"])
    found = mpifast.reconstruct([one, both], u, "tikhonov", alpha=1e-4)
    assert found.shape == (2, 3, 5, 4)
    assert found.grid == GRID
    assert mpifast.metrics.nrmse(found.images[0].reshape(3, -1), phantoms) < 0.5


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        (("newton",), {}, ValueError, "solver='newton' is unknown"),
        (
            ("tsvd",),
            {"alpha": 1.0},
            ValueError,
            r"alpha=1.0 \(float\) is not an option of solver='tsvd': leave it out, or take one of rank",
        ),
        ((), {"full_output": False}, ValueError, "full_output=False .* is not an option"),
        ((), {"weights": "whitening"}, ValueError, "weights='whitening' needs the background frames"),
        ((), {"weights": "loud"}, ValueError, "weights='loud' is unknown"),
        ((), {"iterations": 0}, ValueError, "iterations=0 is out of range"),
    ],
)
def test_mistakes(system, spectra, arguments, options, error, message):
    with pytest.raises(error, match=message):
        mpifast.reconstruct(system, spectra[0], *arguments, **options)


def test_data_that_do_not_fit(system):
    with pytest.raises(TypeError, match="data must be spectra"):
        mpifast.reconstruct(system, "measurement.mdf")
    with pytest.raises(ValueError, match="data has 3 "):
        mpifast.reconstruct(system, np.zeros((1, 3)))
    with pytest.raises(TypeError, match="system must be a system"):
        mpifast.reconstruct("calibration.mdf", np.zeros((1, 3)))
