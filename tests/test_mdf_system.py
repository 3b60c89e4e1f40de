"""Systems from calibration files and back: any linear system, with labels, grid and fingerprint; what users do with
them.
"""

import os
import shutil
import zipfile
from pathlib import Path

import h5py
import mdf_by_hand
import numpy as np
import pytest

import mpifast
from mpifast.io.mdf.reconstruct import reconstruct_file, write_reconstruction

OLD = Path(__file__).parent / "data" / "files-of-2026-11.zip"


def read_system(path, **options):
    with mpifast.read_mdf(path) as file:
        return file.system(**options)


def read_measured(system, path, **options):
    with mpifast.read_mdf(path) as file:
        return system.spectra(file, **options)


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory):
    """Two channels, a plane, noise, background: not written by mpifast."""
    folder, random = tmp_path_factory.mktemp("by_hand"), np.random.default_rng(20171206)
    mdf_by_hand.write_system_matrix(folder / "system.mdf", random)
    mdf_by_hand.write_measurement(folder / "measurement.mdf", random)
    return folder


# ----- a system of ours


def test_the_computed_system_comes_back(small_system, tmp_path):
    mpifast.write_mdf(tmp_path / "system.mdf", small_system)
    system = read_system(tmp_path / "system.mdf")
    assert isinstance(system, mpifast.LinearSystem)
    assert np.array_equal(system.matrix, small_system.matrix)
    assert np.array_equal(system.real, small_system.real)
    assert np.array_equal(system.equations, small_system.equations)
    assert system.grid.shape == (11,)
    np.testing.assert_allclose(system.grid.positions[:, 0], small_system.positions, atol=1e-17)
    assert system.fingerprint == system.origin == small_system.fingerprint
    part = read_system(tmp_path / "system.mdf", band=(60e3, None))
    assert part.rows["number"].tolist() == list(range(3, 15))
    assert part.origin == small_system.fingerprint != part.fingerprint


def test_a_network_accepts_the_file_of_its_own_system(tmp_path):
    """At 20 nm the harmonics above 166 are zero: the file's system has them all the same."""
    scanner = mpifast.Scanner(voxels=21)
    system = mpifast.system_matrix(scanner, mpifast.Particle(20e-9), harmonics=200)
    assert not system.matrix[170:].any()
    spectra = mpifast.Spectra(system, seed=1, snr_db=60.0)
    network = mpifast.Network(200, 21, seed=1)
    network.fit(*spectra[:100], epochs=1, system=system)
    network.save(tmp_path / "net.npz")
    mpifast.write_mdf(tmp_path / "system.mdf", system)
    mpifast.write_mdf(tmp_path / "measurement.mdf", spectra[:5][0], system)
    assert len(read_system(tmp_path / "system.mdf").equations) == 200
    found = reconstruct_file(tmp_path / "measurement.mdf", tmp_path / "system.mdf", str(tmp_path / "net.npz"))
    np.testing.assert_allclose(found.images, network.predict(spectra[:5][0]), atol=1e-5)


@pytest.mark.parametrize("compute", [mpifast.system_matrix, mpifast.ideal_system_matrix])
def test_the_model_is_stated(tmp_path, compute):
    system = compute(mpifast.Scanner(voxels=11), mpifast.Particle(40e-9), harmonics=14)
    mpifast.write_mdf(tmp_path / "system.mdf", system)
    with mpifast.read_mdf(tmp_path / "system.mdf") as file:
        assert file["/tracer/_model"] == system.model == file.system_matrix().model
        assert file.system_matrix().fingerprint == system.fingerprint


@pytest.mark.parametrize("name", ["system", "ideal"])
def test_files_written_before_open(name, tmp_path):
    with zipfile.ZipFile(OLD) as archive:
        archive.extractall(tmp_path)
    with mpifast.read_mdf(tmp_path / f"{name}.mdf") as file:
        old, system = file.system_matrix(), file.system()
    assert old.model == {"system": "langevin", "ideal": "ideal"}[name]
    assert old.fingerprint == system.fingerprint == system.origin
    compute = {"system": mpifast.system_matrix, "ideal": mpifast.ideal_system_matrix}[name]
    again = compute(mpifast.Scanner(voxels=5), mpifast.Particle(40e-9), harmonics=6)
    assert again.fingerprint == old.fingerprint
    np.testing.assert_allclose(old.matrix, again.matrix, atol=1e-12 * abs(again.matrix).max())
    if name == "system":
        assert read_measured(system, tmp_path / "measurement.mdf").shape == (4, 6)


def test_another_tracers_matrix_is_not_used_in_silence(tmp_path):
    """30 nm instead of 40 nm: nothing else in the files differs."""
    scanner = mpifast.Scanner(voxels=11)
    systems = {d: mpifast.system_matrix(scanner, mpifast.Particle(d * 1e-9), harmonics=14) for d in (30, 40)}
    mpifast.write_mdf(tmp_path / "matrix.mdf", systems[30])
    mpifast.write_mdf(tmp_path / "measurement.mdf", systems[40].spectra(np.eye(11)), systems[40])
    expected = f"measurement.mdf is of the system {systems[40].fingerprint}, matrix.mdf of {systems[30].fingerprint}"
    with pytest.warns(mpifast.SystemWarning, match=expected):
        reconstruct_file(tmp_path / "measurement.mdf", tmp_path / "matrix.mdf", "tikhonov", alpha=1.0)
    mpifast.write_mdf(tmp_path / "own.mdf", systems[40])
    reconstruct_file(tmp_path / "measurement.mdf", tmp_path / "own.mdf", "tikhonov", alpha=1.0)  # warnings are errors


# ----- any linear system


def systems(random):
    def values(*shape):
        return random.normal(size=shape) + 1j * random.normal(size=shape)

    plane = mpifast.Grid((4, 3), (4e-3, 6e-3), (1e-3, -2e-3))
    numbers = np.array([3, 4, 6, 9, 4, 6, 7])
    channels = np.array([0, 0, 0, 0, 1, 1, 1])
    shuffled = np.array([6, 0, 3, 2, 5, 4, 1])
    labels = {"channels": channels, "numbers": numbers, "frequencies": 2.5e3 * numbers}
    mixed = {name: label[shuffled] for name, label in labels.items()}
    several = {"numbers": np.arange(1, 6), "frequencies": 1e3 * np.arange(1, 6)}
    matrix = values(7, 12)
    matrix[2] = 0.0
    return {
        "two channels in a plane": mpifast.linear_system(matrix, plane, **labels),
        "rows in no order": mpifast.linear_system(values(7, 12), plane, **mixed),
        "a volume": mpifast.linear_system(values(5, 24), mpifast.Grid((2, 3, 4), (1e-3, 2e-3, 3e-3)), **several),
        "real": mpifast.linear_system(random.normal(size=(5, 6)), mpifast.Grid((6,), (6e-3,)), **several),
        "without a grid": mpifast.linear_system(values(5, 6), **several),
    }


NAMES = ["two channels in a plane", "rows in no order", "a volume", "real", "without a grid"]


@pytest.mark.parametrize("name", NAMES)
def test_any_system_comes_back(name, random, tmp_path):
    system = systems(random)[name]
    mpifast.write_mdf(tmp_path / "system.mdf", system)
    missing = [breach.dataset for breach in mpifast.check_mdf(tmp_path / "system.mdf")]
    assert missing == ["/acquisition/gradient"]  # nobody knows it
    found = read_system(tmp_path / "system.mdf")
    assert np.array_equal(found.matrix, system.matrix)
    assert np.array_equal(found.rows["channel"], system.rows["channel"])
    assert np.array_equal(found.rows["number"], system.rows["number"])
    np.testing.assert_allclose(found.rows["frequency"], system.rows["frequency"], rtol=1e-12)
    assert np.array_equal(found.real, system.real)
    assert found.grid == system.grid
    assert found.fingerprint == system.fingerprint
    mpifast.write_mdf(tmp_path / "again.mdf", found, metadata={"/acquisition/gradient": np.ones((1, 1, 3, 3))})
    assert mpifast.check_mdf(tmp_path / "again.mdf") == []
    assert np.array_equal(read_system(tmp_path / "again.mdf").matrix, system.matrix)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("dtype", "domain"), [("complex", "fourier"), ("float32", "fourier"), ("float64", "fourier"), ("float64", "time")]
)
def test_measurements_of_any_system(name, domain, dtype, random, tmp_path):
    system = systems(random)[name]
    c = random.integers(0, 2, (6, system.voxels))
    u = system.forward(c) if dtype == "complex" else system.spectra(c, dtype=dtype)
    offset = u[:1] * 0.5
    mpifast.write_mdf(tmp_path / "system.mdf", system)
    mpifast.write_mdf(
        tmp_path / "measurement.mdf", u + offset, system, domain=domain, background=np.tile(offset, (3, 1)), phantoms=c
    )
    found = read_system(tmp_path / "system.mdf")
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(
        read_measured(found, tmp_path / "measurement.mdf"), system.to_real(u), atol=tolerance * abs(u).max()
    )
    with mpifast.read_mdf(tmp_path / "measurement.mdf") as file:
        expected = system.to_complex(system.to_real(u + offset))
        np.testing.assert_allclose(file.spectra(), expected, atol=tolerance * abs(u).max())
        if domain == "fourier" and dtype != "complex":
            assert np.array_equal(system.to_real(file.spectra()), (u + offset).astype(np.float64))  # to the bit
        assert np.array_equal(file["/measurement/_phantoms"], c)
    image = mpifast.tikhonov(found, system.to_real(u), alpha=1e-6)
    files = tmp_path / "measurement.mdf", tmp_path / "system.mdf"
    reconstructed = reconstruct_file(*files, "tikhonov", alpha=1e-6, relative=False)
    np.testing.assert_allclose(reconstructed.images, image, atol=1e-2 if dtype == "float32" else 1e-6)
    write_reconstruction(tmp_path / "images.mdf", reconstructed)
    with mpifast.read_mdf(tmp_path / "images.mdf") as file:
        assert np.array_equal(found.placement.in_file(reconstructed.images), file.images()[:, :, 0])


def test_what_the_format_cannot_hold_is_refused(random, tmp_path):
    matrix = random.normal(size=(2, 3))
    labels = {"numbers": [1, 2], "frequencies": [1e3, 2e3]}
    cases = [
        (mpifast.linear_system(matrix), "frequencies are unknown or no multiples of one"),
        (mpifast.linear_system(matrix, numbers=[1, 2], frequencies=[1e3, 2.1e3]), "no multiples of one"),
        (
            mpifast.linear_system(matrix, numbers=[2, 2], frequencies=[2e3, 2e3]),
            "two rows of the same channel and number",
        ),
        (mpifast.linear_system(matrix, channels=[0, -1], **labels), "negative channel or number"),
        (mpifast.linear_system(matrix, numbers=[0, 0], channels=[0, 1], frequencies=[0.0, 0.0]), "unknown"),
    ]
    for system, message in cases:
        with pytest.raises(ValueError, match=message):
            mpifast.write_mdf(tmp_path / "system.mdf", system)
    system = mpifast.linear_system(matrix + 1j, numbers=[0, 2], frequencies=[0.0, 2e3])
    for spectra, domain, message in [
        (np.ones((2, 3), complex), "fourier", "spectra has 3 rows, expected 2"),
        (np.ones((2, 3)), "fourier", "spectra has 3 equations, expected 4"),
        (np.full((2, 2), 1e308 + 0j), "fourier", "spectra is not finite"),
        (np.full((2, 2), 1j), "time", "an imaginary part at frequency 0"),
    ]:
        with pytest.raises(ValueError, match=message):
            mpifast.write_mdf(tmp_path / "measurement.mdf", spectra, system, domain=domain)
    assert os.listdir(tmp_path) == []


# ----- files of others


def test_a_system_of_a_file_by_hand(by_hand):
    system = read_system(by_hand / "system.mdf")
    assert system.matrix.shape == (2 * 1201, 35)
    assert system.rows["channel"][[0, 1200, 1201, 2401]].tolist() == [0, 0, 1, 1]
    assert system.rows["number"][[0, 1200, 1201, 2401]].tolist() == [0, 1200, 0, 1200]
    np.testing.assert_allclose(system.rows["frequency"], system.rows["number"] * 2.5e6 / 2400)
    assert system.origin is None
    for axis in range(2):
        np.testing.assert_allclose(system.grid.axes[axis], mdf_by_hand.centres(axis), atol=1e-17)
    columns = np.fft.rfft(mdf_by_hand.voltages()).reshape(5, 7, -1).transpose(1, 0, 2).reshape(35, -1)  # x slowest
    np.testing.assert_allclose(system.matrix, columns.T / mdf_by_hand.POINTS, atol=1e-8)
    second = read_system(by_hand / "system.mdf", channels=[1], band=(None, 600e3), snr=10.0)
    assert set(second.rows["channel"]) == {1}
    assert second.rows["frequency"].max() <= 600e3


@pytest.mark.parametrize("order", ["xyz", "xzy", "yxz", "yzx", "zxy", "zyx"])
def test_voxels_in_every_order_of_the_format(order, random, tmp_path):
    """The same volume, stored with another axis fastest."""
    system = systems(random)["a volume"]
    mpifast.write_mdf(tmp_path / "system.mdf", system)
    numbers = np.arange(24).reshape(2, 3, 4)  # of the grid
    with h5py.File(tmp_path / "system.mdf", "r+") as file:
        data = file["measurement/data"][...]
        slowest_first = ["xyz".index(axis) for axis in reversed(order)]
        placed = numbers.transpose(slowest_first).reshape(-1)
        del file["calibration/order"]
        file["calibration/order"] = order
        in_grid = np.empty_like(data)
        in_grid[..., numbers.transpose().reshape(-1)] = data
        file["measurement/data"][...] = in_grid[..., placed]
    found = read_system(tmp_path / "system.mdf")
    assert np.array_equal(found.matrix, system.matrix)
    images = np.arange(24.0)[None]
    assert np.array_equal(found.placement.in_file(images)[0], placed)


def test_background_interpolated_in_time(small_system, random, tmp_path):
    """An offset that drifts linearly, frames of it before, between and after, and the frames sorted afterwards."""
    path, count = tmp_path / "measurement.mdf", 20
    u = small_system.spectra(random.integers(0, 2, (count, 11)), dtype="float64")
    is_background = np.isin(np.arange(count), [0, 1, 9, 10, 18, 19])
    u[is_background] = 0.0
    drift = np.linspace(0.0, 50.0, count)[:, None] * np.linspace(1.0, 2.0, 14)
    mpifast.write_mdf(tmp_path / "system.mdf", small_system)
    mpifast.write_mdf(path, u + drift, small_system)
    order = np.argsort(is_background, kind="stable")
    with h5py.File(path, "r+") as file:
        data = file["measurement/data"][...]
        file["measurement/data"][...] = data[order]
        file["measurement/isBackgroundFrame"][...] = is_background[order]
        file["measurement/isFramePermutation"][...] = 1
        file["measurement/framePermutation"] = order + 1
    system = read_system(tmp_path / "system.mdf")
    found = read_measured(system, path, background="interpolate")
    inside = slice(0, 14)
    np.testing.assert_allclose(found[inside], u[~is_background][inside], atol=1e-9)
    assert abs(read_measured(system, path) - u[~is_background]).max() > 10.0
    with pytest.raises(
        ValueError, match="background='best' is unknown: choose one of 'subtract', 'mean', 'interpolate', 'keep'"
    ):
        read_measured(system, path, background="best")


def test_every_consumer_takes_a_system_of_a_file(by_hand, tmp_path):
    system = read_system(by_hand / "system.mdf", snr=10.0, band=(5e3, 600e3))
    spectra = mpifast.Spectra(system, seed=3, dtype="float64")
    u, c = spectra[:20]
    np.testing.assert_allclose(u, c @ system.real.T, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(system.spectra(c, dtype="float64"), u)
    np.testing.assert_allclose(mpifast.tikhonov(system, u, alpha=0.0), c, atol=1e-6)
    spectra.save(tmp_path / "data.h5", 20)
    stored = mpifast.open_spectra(tmp_path / "data.h5")
    assert (stored.settings["model"], stored.fingerprint) == ("mdf", system.fingerprint)
    u, c = stored[:]
    network = mpifast.Network(*system.real.shape, seed=1)
    network.fit(u, c, epochs=1)
    assert network.predict(u).shape == (20, 35)


def test_damaged_rows_are_refused(random, tmp_path):
    system = systems(random)["two channels in a plane"]
    mpifast.write_mdf(tmp_path / "system.mdf", system)
    good = [[0, 3], [0, 4]]
    bad = [[], [0, 3], [[0, 3], [0, 3]], [[0, 5]], [[2, 3]], [[-1, 3]], [[0, -1]], [[0.0, 3.0]], [[0, 3, 0]], good * 99]
    for rows in bad:
        shutil.copy(tmp_path / "system.mdf", tmp_path / "damaged.mdf")
        with h5py.File(tmp_path / "damaged.mdf", "r+") as file:
            del file["acquisition/receiver/_rows"]
            file["acquisition/receiver/_rows"] = np.array(rows)
        with pytest.raises(
            ValueError, match=r"damaged\.mdf is damaged: /acquisition/receiver/_rows does not list channels"
        ):
            read_system(tmp_path / "damaged.mdf")
