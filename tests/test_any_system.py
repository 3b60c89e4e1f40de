"""Every consumer of a system takes every kind of system: computed, ideal, anybody's complex array, an MDF file's."""

import json

import numpy as np
import pytest

import mpifast
from mpifast import cli

COUNT = 40


def computed(_):
    return mpifast.system_matrix(mpifast.Scanner(voxels=24), mpifast.Particle(40e-9), harmonics=30)


def ideal(_):
    return mpifast.ideal_system_matrix(mpifast.Scanner(voxels=24), mpifast.Particle(40e-9), harmonics=30)


def complex_array(_):
    """Two channels of a 2-D grid, with columns of different strength."""
    random = np.random.default_rng(20171206)
    matrix = (random.normal(size=(60, 24)) + 1j * random.normal(size=(60, 24))) * random.uniform(0.5, 2.0, 24)
    channels, numbers = np.repeat([0, 1], 30), np.tile(np.arange(1, 31), 2)
    grid = mpifast.Grid((4, 6), (4e-3, 6e-3))
    return mpifast.linear_system(matrix, grid, channels=channels, numbers=numbers, frequencies=25e3 * numbers)


def lissajous(_):
    """A Lissajous scanner of two drive axes, both channels; one real equation a row."""
    grid = mpifast.Grid((4, 6), (15e-3, 18e-3))
    scanner = mpifast.LissajousScanner(grid, (-2, -2, 4), (18e-3, 20e-3, 0), (60, 50, 1))
    return mpifast.system_matrix(scanner, mpifast.Particle(30e-9), level=1e-3)


def turning_line(_):
    """A turning field-free line: real and imaginary parts are equations."""
    grid = mpifast.Grid((4, 6), (24e-3, 30e-3))
    scanner = mpifast.FieldFreeLineScanner(grid, 2.0, 20e-3, 10, rotation=120)
    return mpifast.system_matrix(scanner, mpifast.Particle(40e-9), level=1e-3)


def mdf_file(folder):
    path = folder / "calibration.mdf"
    mpifast.write_mdf(path, computed(folder))
    with mpifast.read_mdf(path) as file:
        return file.system()


KINDS = [computed, ideal, complex_array, lissajous, turning_line, mdf_file]


@pytest.fixture(scope="module", params=KINDS, ids=[kind.__name__ for kind in KINDS])
def any_system(request, tmp_path_factory):
    return request.param(tmp_path_factory.mktemp("system"))


@pytest.fixture
def spectra(any_system):
    return mpifast.Spectra(any_system, seed=7, dtype="float64")


@pytest.fixture
def training_set(spectra):
    return spectra[:COUNT]


def test_spectra(any_system, spectra):
    u, c = spectra[:COUNT]
    np.testing.assert_allclose(u, c @ any_system.real.T, atol=1e-12 * abs(u).max())
    np.testing.assert_array_equal(spectra[17][0], u[17])
    np.testing.assert_array_equal(any_system.spectra(c, dtype="float64"), u)
    noisy = mpifast.Spectra(any_system, seed=7, snr_db=20.0, dtype="float64")
    np.testing.assert_array_equal(noisy[:COUNT][1], c)
    np.testing.assert_array_equal(any_system.spectra(c, "float64", snr_db=20.0, seed=7), noisy[:COUNT][0])
    assert (noisy[3:9][0] - u[3:9]).std() == pytest.approx(noisy.noise_level, rel=0.3)


def test_system(any_system, training_set):
    u, c = training_set
    np.testing.assert_allclose(any_system.to_real(any_system.forward(c)), u, atol=1e-12 * abs(u).max())
    assert any_system.image(c).shape == (COUNT, *any_system.grid.shape)
    assert len(any_system.select(rows=[0, 3]).rows) == 2
    np.testing.assert_allclose(any_system.as_linear_operator() @ c[0], u[0], atol=1e-12 * abs(u).max())


def seen(system, images):
    """Images without the voxels that no row sees: the ends of the field of view of the ideal model."""
    return images[:, abs(system.real).max(axis=0) > 1e-9 * abs(system.real).max()]


SOLVERS = {
    "tsvd": lambda system, u: mpifast.tsvd(system, u, choice="tolerance", tolerance=1e-9),
    "tikhonov": lambda system, u: mpifast.tikhonov(system, u, alpha=0.0),
    "kaczmarz": lambda system, u: mpifast.kaczmarz(system, u, alpha=0.0, iterations=20_000, tolerance=1e-7),
    "sparse": lambda system, u: mpifast.sparse(system, u, alpha=0.0, iterations=50_000, tolerance=1e-9),
    "nnls": lambda system, u: mpifast.nnls(system, u),
}


@pytest.mark.parametrize("solver", SOLVERS)
def test_solvers_from_real_and_complex_spectra(any_system, training_set, solver):
    u, c = training_set
    tolerance = 1e-3 if solver in ("kaczmarz", "sparse") else 1e-6
    for given in (u[:4], any_system.to_complex(u[:4])):
        images = SOLVERS[solver](any_system, given)
        np.testing.assert_allclose(seen(any_system, images), seen(any_system, c[:4]), atol=tolerance)


@pytest.mark.parametrize("solver", SOLVERS)
def test_solvers_take_bare_arrays(any_system, training_set, solver):
    u, c = training_set
    images = SOLVERS[solver](np.array(any_system.matrix), any_system.to_complex(u[:2]))
    np.testing.assert_allclose(seen(any_system, images), seen(any_system, c[:2]), atol=1e-3)


def test_network(any_system, spectra, tmp_path):
    u, c = spectra[:400]
    network = mpifast.Network(u.shape[1], c.shape[1], seed=1)
    history = network.fit(u, c, epochs=10, system=any_system)
    assert history.train_mse[-1] < history.train_mse[0]
    network.save(tmp_path / "net.npz")
    kept = mpifast.Network.load(tmp_path / "net.npz")
    np.testing.assert_array_equal(kept.predict(u, system=any_system), network.predict(u))
    other = mpifast.linear_system(any_system.matrix[::-1])
    with pytest.raises(ValueError, match="system"):
        kept.predict(u, system=other)


@pytest.mark.parametrize("name", ["data.h5", "data.zarr"])
def test_stores(any_system, spectra, training_set, tmp_path, name):
    spectra.save(tmp_path / name, COUNT, chunks=16)
    stored = mpifast.open_spectra(tmp_path / name)
    for found, expected in zip(stored[:COUNT], training_set, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert stored.fingerprint == any_system.fingerprint
    data = stored.to_xarray()
    np.testing.assert_array_equal(data.phantoms, training_set[1])
    np.testing.assert_array_equal(data.frequency, any_system.equations["frequency"])
    assert data.position.shape[0] == any_system.voxels


def test_mdf(any_system, training_set, tmp_path):
    u, _ = training_set
    mpifast.write_mdf(tmp_path / "system.mdf", any_system)
    mpifast.write_mdf(tmp_path / "measured.mdf", u, any_system)
    computed = isinstance(any_system, (mpifast.SystemMatrix, mpifast.ScannerSystem))
    for name in ("system.mdf", "measured.mdf"):  # a matrix alone has no gradient
        breaches = {breach.dataset for breach in mpifast.check_mdf(tmp_path / name)}
        assert breaches == (set() if computed else {"/acquisition/gradient"})
    with mpifast.read_mdf(tmp_path / "system.mdf") as file:
        system = file.system()
    found = {(row["channel"], row["number"]): k for k, row in enumerate(system.rows)}
    chosen = [found[row["channel"], row["number"]] for row in any_system.rows]
    np.testing.assert_allclose(system.matrix[chosen], any_system.matrix, atol=1e-12 * abs(any_system.matrix).max())
    assert system.grid.shape == any_system.grid.shape


def test_reconstructed_files(any_system, training_set, tmp_path):
    from mpifast.io.mdf.reconstruct import reconstruct_file

    u, c = training_set
    mpifast.write_mdf(tmp_path / "system.mdf", any_system)
    mpifast.write_mdf(tmp_path / "measured.mdf", u, any_system)
    found = reconstruct_file(tmp_path / "measured.mdf", tmp_path / "system.mdf", "tikhonov", alpha=0.0)
    np.testing.assert_allclose(seen(any_system, found.images), seen(any_system, c), atol=1e-6)


def test_regressor(training_set):
    pytest.importorskip("sklearn", reason="scikit-learn is in the extra sklearn")
    u, c = training_set
    assert mpifast.SpectrumRegressor(epochs=3).fit(u, c).predict(u).shape == c.shape


def test_solver_regressor(any_system, training_set):
    pytest.importorskip("sklearn", reason="scikit-learn is in the extra sklearn")
    u, c = training_set
    regressor = mpifast.SolverRegressor(any_system, alpha=0.0).fit(u, c)
    np.testing.assert_allclose(seen(any_system, regressor.predict(u)), seen(any_system, c), atol=1e-6)


def test_comparison_and_plots(any_system, spectra, training_set):
    u, c = training_set
    network = mpifast.Network(system=any_system)
    network.fit(u, c, epochs=2)
    found = mpifast.compare([network, ("tikhonov", {"alpha": 0.0})], any_system, c)
    np.testing.assert_array_equal(found.spectra, u)
    images = found.images["tikhonov, alpha=0.0"]
    np.testing.assert_allclose(seen(any_system, images), seen(any_system, c), atol=1e-6)
    assert mpifast.compare("tikhonov", spectra, slice(COUNT)).images["tikhonov"].shape == c.shape
    on_grid = len(any_system.grid.shape) > 1
    assert len(found.plot().axes) == (3 * 4 if on_grid else 3) + 1
    assert mpifast.plots.learning_curve(network).axes


def test_is_shown_in_notebooks(any_system, spectra):
    assert f"<th>voxels</th><td>{any_system.voxels}</td>" in any_system._repr_html_()
    assert type(any_system).__name__ in spectra._repr_html_()


def test_onnx(training_set, any_system, tmp_path):
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is in the extra test")
    from mpifast.io.onnx import export

    u, c = training_set
    network = mpifast.Network(u.shape[1], c.shape[1], seed=1)
    network.fit(u, c, epochs=2, system=any_system)
    export(network, tmp_path / "net.onnx")
    session = runtime.InferenceSession(tmp_path / "net.onnx")
    (images,) = session.run(None, {session.get_inputs()[0].name: u.astype(np.float32)})
    np.testing.assert_allclose(images, network.predict(u), atol=1e-5)


def test_torch(spectra, training_set):
    torch = pytest.importorskip("torch", reason="PyTorch is in the extra test-all")
    from mpifast.io.torch import SpectraDataset, to_torch

    u, c = training_set
    found, target = next(iter(torch.utils.data.DataLoader(SpectraDataset(spectra, stop=COUNT), batch_size=COUNT)))
    np.testing.assert_array_equal(found.numpy(), u)
    np.testing.assert_array_equal(target.numpy(), c)
    network = mpifast.Network(u.shape[1], c.shape[1], seed=1, dtype="float64")
    network.fit(u, c, epochs=2)
    with torch.no_grad():
        np.testing.assert_allclose(to_torch(network)(found).numpy(), network.predict(u), atol=1e-9)


def test_dask(spectra, training_set):
    pytest.importorskip("dask", reason="dask is in the extra dask")
    u, c = mpifast.cluster.as_dask(spectra, COUNT, chunks=16)
    np.testing.assert_array_equal(u.compute(), training_set[0])
    np.testing.assert_array_equal(c.compute(), training_set[1])


def test_command_line(any_system, training_set, tmp_path, capsys):
    """Generate and train from a calibration file, reconstruct with a solver and with the network."""
    system, data, network, measured = (
        str(tmp_path / name) for name in ("system.mdf", "data.h5", "net.npz", "measured.mdf")
    )
    mpifast.write_mdf(system, any_system)
    mpifast.write_mdf(measured, training_set[0], any_system)
    precise = ["--matrix", system, "--dtype", "float64", "--json"]
    commands = [
        ["generate", data, "--count", "64", *precise],
        ["train", network, "--count", "200", "--epochs", "3", *precise],
        *(
            [
                "reconstruct",
                measured,
                "--matrix",
                system,
                "--solver",
                solver,
                "--out",
                str(tmp_path / "images"),
                "--json",
            ]
            for solver in ("tikhonov", network)
        ),
    ]
    for command in commands:
        assert cli.main(command) == 0
        assert json.loads(capsys.readouterr().out)
