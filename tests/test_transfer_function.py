"""Systems behind a receive chain: factors of rows, in memory, in stores and in files."""

import pickle

import numpy as np
import pytest
from scanner_systems import SCANNERS, system_of

import mpifast
from mpifast.physics.systems import scanner_system
from mpifast.physics.systems.operator_model import OperatorModel

NAMES = ("cosines", "sines", "one axis", "turned gradient")  # Kronecker, Kronecker, closed form, samples


def chain(frequency, channel):
    """Another gain for each channel, a delay and a low-pass."""
    return (1.0 + channel) * np.exp(-2j * np.pi * frequency * 0.3e-6) / (1.0 + 1j * frequency / 200e3)


@pytest.fixture(scope="module", params=NAMES)
def pair(request):
    system = system_of(request.param)
    return system, system.with_transfer_function(chain)


def test_rows_are_multiplied_by_every_route(pair):
    system, received = pair
    factors = chain(system.rows["frequency"], system.rows["channel"])
    np.testing.assert_array_equal(received.transfer_function, factors)
    np.testing.assert_array_equal(received.rows, system.rows)
    expected = system.matrix * factors[:, None]
    assert type(received) is type(system)
    assert received.parts == (0, 1)
    np.testing.assert_allclose(received.matrix, expected, rtol=1e-12, atol=1e-15 * np.abs(expected).max())
    np.testing.assert_array_equal(received.real, np.concatenate([received.matrix.real, received.matrix.imag]))
    np.testing.assert_array_equal(received.columns(slice(2, 5)), received.matrix[:, 2:5])


def test_nothing_is_computed_until_it_is_asked_for():
    scanner = mpifast.LissajousScanner(mpifast.Grid((300, 300, 300), (24e-3,) * 3), drive_amplitude=(12e-3,) * 3)
    received = mpifast.system_matrix(scanner, mpifast.Particle(20e-9)).with_transfer_function(chain)
    assert "Scanner" in repr(received)
    assert not {"matrix", "real"} & vars(received).keys()
    with pytest.raises(ValueError, match=r"the dense matrix of .* GB"):
        _ = received.matrix


def test_spectra_noise_and_condition_follow(pair, random):
    system, received = pair
    c = random.random((3, system.voxels))
    expected = system.forward(c) * received.transfer_function
    np.testing.assert_allclose(received.forward(c), expected, rtol=1e-9, atol=1e-12 * np.abs(expected).max())
    plain = mpifast.linear_system(received.matrix)
    assert received.noise_level(20.0) == pytest.approx(plain.noise_level(20.0), rel=1e-9)
    assert received.condition == pytest.approx(plain.condition, rel=1e-6)
    operator = received.as_linear_operator()
    np.testing.assert_allclose(operator @ c[0], received.real @ c[0], rtol=1e-9, atol=1e-12 * np.abs(expected).max())


def test_the_operator_has_the_factors(random, monkeypatch):
    monkeypatch.setattr(scanner_system, "LARGE", 0)  # it is used though the system is small
    system = mpifast.system_matrix(SCANNERS["space"], mpifast.Particle(30e-9), mixing_order=4)
    received = system.with_transfer_function(chain)
    assert isinstance(received.forward_model, OperatorModel)
    c, u = random.random((2, system.voxels)), random.normal(size=(2, len(received.equations)))
    np.testing.assert_allclose(received.forward(c), c @ received.matrix.T, rtol=1e-9)
    np.testing.assert_allclose(received.forward_model.adjoint(u), u @ received.real, rtol=1e-9)
    assert received.noise_level(20.0) == pytest.approx(mpifast.linear_system(received.matrix).noise_level(20.0))


def test_twice_multiplies_and_selections_keep_their_factors(pair):
    system, received = pair
    twice = received.with_transfer_function(lambda frequency, channel: 2j)
    np.testing.assert_array_equal(twice.transfer_function, 2j * received.transfer_function)
    kept = np.arange(len(system.rows)) % 3 == 1
    few = twice.select(kept)
    np.testing.assert_array_equal(few.transfer_function, twice.transfer_function[kept])
    np.testing.assert_allclose(few.matrix, twice.matrix[kept], rtol=1e-12, atol=1e-15 * np.abs(twice.matrix).max())
    assert len({system.fingerprint, received.fingerprint, twice.fingerprint, few.fingerprint}) == 4
    again = pickle.loads(pickle.dumps(received))
    assert again.fingerprint == received.fingerprint
    np.testing.assert_array_equal(again.matrix, received.matrix)


def test_imaginary_factors_leave_one_equation_a_row():
    system = system_of("cosines")
    received = system.with_transfer_function(np.full(len(system.rows), -1j))
    assert system.parts == (1,)
    assert received.parts == (0,)
    np.testing.assert_array_equal(received.real, system.real)
    np.testing.assert_array_equal(received.matrix, system.real)
    c = np.ones((1, system.voxels))
    np.testing.assert_allclose(received.spectra(c, dtype="float64"), system.spectra(c, dtype="float64"), rtol=1e-12)


def test_a_line_and_a_bare_matrix_become_systems_of_the_matrix(system):
    received = system.with_transfer_function(np.arange(200) * 1j)
    assert type(received) is mpifast.LinearSystem
    np.testing.assert_array_equal(received.matrix, system.matrix * (1j * np.arange(200))[:, None])
    np.testing.assert_array_equal(received.rows, system.rows)
    assert received.grid == system.grid
    assert received.parts == (0,)
    assert not received.real[0].any()  # the factor of the first row is zero
    assert system.transfer_function is None
    letters = mpifast.phantoms.letters("MPI")
    u = received.spectra(letters, dtype="float64")
    network = mpifast.Network(200, 129)
    network.fit(u.astype(np.float32), letters, epochs=1, system=received)
    with pytest.raises(ValueError, match="was trained for the system"):
        network.fit(u.astype(np.float32), letters, epochs=1, system=system)
    images = mpifast.tikhonov(received.select(np.arange(1, 60)), received.to_complex(u)[:, 1:60], alpha=1e-6)
    assert images.shape == letters.shape


def test_arrays_by_channel_and_number():
    system = system_of("cosines")
    values = np.arange(2 * system.scanner.samples).reshape(2, -1) + 1j
    found = system.with_transfer_function(values).transfer_function
    np.testing.assert_array_equal(found, values[system.rows["channel"], system.rows["number"]])


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        (2.0, ValueError, r"values has the shape \(\), expected \(3,\): one factor for each row"),
        ([1.0, 2.0], ValueError, r"values has the shape \(2,\), expected \(3,\)"),
        ([1.0, np.nan, 1.0], ValueError, r"values is not finite: values\[1\] = nan"),
        (["a"] * 3, TypeError, "values must hold real numbers"),
        (
            [[1.0, 2.0]],
            ValueError,
            r"values has the shape \(1, 2\), and the rows have channels up to 1 .* 0 to 2: give",
        ),
        (lambda frequency, channel: 1.0, ValueError, "rows of unknown frequency: give an array"),
        ([1e200, 1e200, 1e200], ValueError, "the matrix times values is not finite"),
    ],
)
def test_bad_values(values, error, message):
    system = mpifast.linear_system(np.full((3, 2), 1e200), channels=[0, 1, 1])
    with pytest.raises(error, match=message):
        system.with_transfer_function(values)


def test_factors_that_overflow_are_refused():
    system = system_of("cosines").with_transfer_function(np.full(len(system_of("cosines").rows), 1e300))
    with pytest.raises(ValueError, match="the product of the transfer functions is not finite"):
        system.with_transfer_function(system.transfer_function)


def test_tables_in_notebooks():
    system = system_of("cosines")
    received = system.with_transfer_function(np.full(len(system.rows), 2j))
    assert "<th>transfer function</th><td>magnitude 2</td>" in received._repr_html_()
    assert "transfer function" not in system._repr_html_()
    assert "magnitude 2" in mpifast.linear_system(np.eye(2)).with_transfer_function([2, 2])._repr_html_()


@pytest.mark.parametrize("suffix", [".h5", ".zarr"])
def test_a_store_gives_the_system_back(pair, tmp_path, suffix):
    pytest.importorskip("h5py")
    pytest.importorskip("zarr")
    system, received = pair
    mpifast.Spectra(received, seed=7).save(tmp_path / f"data{suffix}", 20)
    stored = mpifast.open_spectra(tmp_path / f"data{suffix}")
    assert stored.system.fingerprint == stored.fingerprint == received.fingerprint
    np.testing.assert_array_equal(stored.system.transfer_function, received.transfer_function)
    assert stored.to_xarray().transfer_function.shape == (2 * len(system.rows), 2)


@pytest.mark.parametrize("name", ["cosines", "array", "line"])
def test_a_calibration_file_gives_the_system_back(name, system, tmp_path):
    pytest.importorskip("h5py")
    plain = {"cosines": system_of("cosines"), "line": system}.get(name) or mpifast.linear_system(
        np.arange(12.0).reshape(4, 3) + 1j,
        channels=[0, 0, 1, 1],
        numbers=[2, 3, 3, 5],
        frequencies=[2e3, 3e3, 3e3, 5e3],
    )
    received = plain.with_transfer_function(chain)
    mpifast.write_mdf(tmp_path / "system.mdf", received)
    gradient = "/acquisition/gradient"
    assert {breach.dataset for breach in mpifast.check_mdf(tmp_path / "system.mdf")} <= {gradient}
    with mpifast.read_mdf(tmp_path / "system.mdf") as file:
        stored = file["/acquisition/receiver/transferFunction"]
        assert stored.shape == file.shape[2:3] + file.shape[3:]
        assert file["/measurement/isTransferFunctionCorrected"] == 0
        measured = file.system()
        few = file.system(channels=[0])
        if name == "cosines":
            again = file.system_matrix()
            np.testing.assert_array_equal(again.transfer_function, received.transfer_function)
            assert again.fingerprint == received.fingerprint
    np.testing.assert_array_equal(measured.transfer_function, received.transfer_function)
    np.testing.assert_array_equal(measured.matrix, received.matrix)
    assert measured.fingerprint == received.fingerprint
    np.testing.assert_array_equal(few.transfer_function, received.select(channels=[0]).transfer_function)
    # The data are those of the coil times the transfer function, so dividing gives the coil's again.
    coil = measured.with_transfer_function(1.0 / measured.transfer_function)
    np.testing.assert_allclose(coil.matrix, plain.matrix, rtol=1e-12, atol=1e-12 * np.abs(plain.matrix).max())


@pytest.mark.parametrize("domain", ["fourier", "time"])
def test_measurements_of_another_receive_chain_are_told(domain, tmp_path, recwarn):
    pytest.importorskip("h5py")
    plain = system_of("cosines")
    received = plain.with_transfer_function(lambda f, channel: np.where(f > 0, chain(f, channel), 1.0))
    letters = np.eye(plain.voxels)[:4]
    mpifast.write_mdf(tmp_path / "system.mdf", received)
    mpifast.write_mdf(tmp_path / "plain.mdf", plain.spectra(letters, "float64"), plain, domain=domain)
    few = received.select(received.rows["number"] % 2 == 1)
    mpifast.write_mdf(tmp_path / "data.mdf", received.spectra(letters, "float64"), received, domain=domain)
    mpifast.write_mdf(tmp_path / "few.mdf", few)
    for matrix, system in (("system.mdf", received), ("few.mdf", few)):
        with mpifast.read_mdf(tmp_path / matrix) as file, mpifast.read_mdf(tmp_path / "data.mdf") as data:
            u = file.system().spectra(data)
        np.testing.assert_allclose(u, system.spectra(letters, "float64"), rtol=1e-6, atol=1e-9 * np.abs(u).max())
    assert not recwarn.list
    told = pytest.warns(mpifast.SystemWarning, match=r"plain.mdf and system.mdf contain different transfer functions")
    with mpifast.read_mdf(tmp_path / "system.mdf") as file, mpifast.read_mdf(tmp_path / "plain.mdf") as data, told:
        file.system().spectra(data)


def test_files_whose_transfer_function_does_not_fit_or_is_corrected(tmp_path):
    h5py = pytest.importorskip("h5py")
    received = system_of("cosines").with_transfer_function(chain)
    mpifast.write_mdf(tmp_path / "system.mdf", received)
    name = "/acquisition/receiver/transferFunction"
    with h5py.File(tmp_path / "system.mdf", "r+") as file:
        stored = file[name][()]
        del file[name]
        file[name] = stored[:, 1:]
    with mpifast.read_mdf(tmp_path / "system.mdf") as file:
        assert file.system().transfer_function is None
        with pytest.raises(ValueError, match="does not compute"):
            file.system_matrix()
    with h5py.File(tmp_path / "system.mdf", "r+") as file:
        del file[name]
        file[name] = np.stack([stored.real, stored.imag], axis=-1)
    with mpifast.read_mdf(tmp_path / "system.mdf") as file:
        assert file.system().transfer_function is None
    with h5py.File(tmp_path / "system.mdf", "r+") as file:
        del file[name]
        file[name] = stored
        file["/measurement/isTransferFunctionCorrected"][()] = 1
    with mpifast.read_mdf(tmp_path / "system.mdf") as file:
        assert file.system().transfer_function is None


def test_the_scanners_of_the_routes_are_what_they_are_called():
    routes = {name: type(system_of(name).route).__name__ for name in NAMES}
    assert set(routes.values()) == {"KroneckerRoute", "LineRoute", "SampledRoute"}, SCANNERS.keys()
