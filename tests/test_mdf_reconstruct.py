"""Reconstruction of measurement files: what the solvers give in memory, and the phantom of files that mpifast did not
write.
"""

import contextlib
import os

import h5py
import mdf_by_hand
import numpy as np
import pytest

import mpifast
from mpifast.io.mdf.preparation.averaging import PreparationWarning
from mpifast.io.mdf.reconstruct import draw_reconstruction, reconstruct_file, write_reconstruction
from mpifast.io.mdf.system import mdf_system


@pytest.fixture
def files(small_system, tmp_path):
    """A matrix and a measurement of ours: ten noisy frames, an offset in all of them, and four frames of the offset
    alone.
    """
    u, c = mpifast.Spectra(small_system, seed=5, snr_db=40.0, dtype="float64")[:10]
    offset = np.linspace(1.0, 2.0, 14)
    mpifast.write_mdf(tmp_path / "system.mdf", small_system)
    mpifast.write_mdf(
        tmp_path / "measurement.mdf", u + offset, small_system, background=np.tile(offset, (4, 1)), phantoms=c
    )
    return tmp_path / "measurement.mdf", tmp_path / "system.mdf", u, c


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory):
    folder, random = tmp_path_factory.mktemp("by_hand"), np.random.default_rng(20171206)
    mdf_by_hand.write_system_matrix(folder / "system.mdf", random)
    empty = mdf_by_hand.write_measurement(folder / "measurement.mdf", random)
    return folder / "measurement.mdf", folder / "system.mdf", empty


@pytest.mark.parametrize(
    ("solver", "options"),
    [
        ("tsvd", {"rank": 7}),
        ("tikhonov", {}),
        ("kaczmarz", {"alpha": 0.1, "nonnegative": True, "iterations": 2000, "tolerance": 0.05, "relative": False}),
        ("sparse", {"alpha": 0.01, "nonnegative": False, "relative": False}),
    ],
)
def test_the_same_as_in_memory(files, small_system, solver, options):
    measurement, matrix, u, _ = files
    found = reconstruct_file(measurement, matrix, solver, **options)
    expected = getattr(mpifast, solver)(small_system, u, full_output=True, **options)
    np.testing.assert_allclose(found.images, expected.images, atol=1e-9)
    np.testing.assert_allclose(found.parameter, expected.parameter)
    np.testing.assert_allclose(found.residual, expected.residual, atol=1e-9)


def test_a_network(files, small_system, tmp_path):
    measurement, matrix, u, _ = files
    network = mpifast.Network(14, 11, seed=1)
    network.fit(*mpifast.Spectra(small_system, seed=1)[:200], epochs=2)
    network.save(tmp_path / "net.npz")
    np.testing.assert_allclose(
        reconstruct_file(measurement, matrix, str(tmp_path / "net.npz")).images, network.predict(u), atol=1e-5
    )


def test_a_network_of_another_system(files, small_system, tmp_path):
    other = mpifast.system_matrix(small_system.scanner, mpifast.Particle(45e-9), harmonics=14)
    for name, system in {"own": small_system, "other": other}.items():
        network = mpifast.Network(14, 11, seed=1)
        network.fit(*mpifast.Spectra(system, seed=1)[:200], epochs=1, system=system)
        network.save(tmp_path / f"{name}.npz")
    assert len(reconstruct_file(files[0], files[1], str(tmp_path / "own.npz")).images) == 10
    with pytest.raises(
        ValueError,
        match=rf"other\.npz was trained for the system {other.fingerprint}, system\.mdf is of "
        rf"{small_system.fingerprint}",
    ):
        reconstruct_file(files[0], files[1], str(tmp_path / "other.npz"))


@pytest.mark.parametrize(
    ("average", "groups"),
    [(0, [range(10)]), (3, [range(3), range(3, 6), range(6, 9), [9]]), (1, [[i] for i in range(10)])],
)
def test_averages(files, small_system, average, groups):
    measurement, matrix, u, _ = files
    uneven = pytest.warns(PreparationWarning, match="the last of 4 averages has 1 of the 10 frames of measurement.mdf")
    with (
        mpifast.read_mdf(matrix) as file,
        mpifast.read_mdf(measurement) as frames,
        uneven if average == 3 else contextlib.nullcontext(),
    ):
        found = mdf_system(file).spectra(frames, average=average)
    np.testing.assert_allclose(found, [u[list(group)].mean(axis=0) for group in groups], atol=1e-12)


def test_background_and_frames(files):
    measurement, matrix, u, _ = files
    with mpifast.read_mdf(matrix) as file, mpifast.read_mdf(measurement) as frames:
        system = mdf_system(file)
        np.testing.assert_allclose(system.spectra(frames, background="keep"), u + np.linspace(1.0, 2.0, 14))
        np.testing.assert_allclose(system.spectra(frames, frames=[9, 2]), u[[9, 2]], atol=1e-12)
        np.testing.assert_allclose(system.spectra(frames, frames=slice(10, 12)), 0.0, atol=1e-12)


def test_chosen_frequencies(files, small_system):
    _, matrix, *_ = files
    with mpifast.read_mdf(matrix) as file:
        snr = file["/calibration/snr"][0, 0]
        threshold = np.sort(snr)[-5]
        kept = np.flatnonzero(snr >= threshold) - 1
        np.testing.assert_array_equal(mdf_system(file, snr_threshold=threshold).real, small_system.real[kept])
        np.testing.assert_array_equal(mdf_system(file, band=(40e3, 100e3)).real, small_system.real[1:5])
        np.testing.assert_array_equal(mdf_system(file, channels=[1]).real, small_system.real)


@pytest.mark.parametrize(
    ("solver", "options"),
    [
        ("tikhonov", {}),
        ("kaczmarz", {"alpha": 1e-9, "iterations": 100, "tolerance": 0.0}),
        ("tsvd", {"rank": 35}),
        ("sparse", {"iterations": 500}),
    ],
)
def test_a_file_written_by_hand(by_hand, solver, options):
    """Two channels, a plane, noise, background and a converter's integers, none of it written by mpifast; the phantom
    has to come back.
    """
    measurement, matrix, empty = by_hand
    found = reconstruct_file(measurement, matrix, solver, snr=10.0, band=(5e3, 600e3), **options)
    assert len(found.images) == np.count_nonzero(~empty)
    assert found.system.grid == mpifast.Grid((7, 5), (14e-3, 10e-3), (1e-3, -2e-3))
    images = found.system.image(found.images)
    np.testing.assert_allclose(images, np.broadcast_to(mdf_by_hand.PHANTOM.T, images.shape), atol=0.02)


def test_against_a_reconstruction_by_hand(by_hand):
    """The least-squares image with h5py and NumPy alone."""
    measurement, matrix, empty = by_hand
    with h5py.File(matrix) as file:
        columns = np.moveaxis(file["measurement/data"][0], -1, 0)
        mask = file["measurement/isBackgroundFrame"][()] != 0
    with h5py.File(measurement) as file:
        scale, offset = file["acquisition/receiver/dataConversionFactor"][()].T
        frames = np.fft.rfft(file["measurement/data"][:, 0] * scale[:, None] + offset[:, None])
    columns = columns[~mask] - columns[mask].mean(axis=0)
    frames = (frames[~empty] - frames[empty].mean(axis=0)).mean(axis=0)
    equations, right = columns.reshape(len(columns), -1).T, frames.ravel()
    expected = np.linalg.lstsq(
        np.vstack([equations.real, equations.imag]), np.concatenate([right.real, right.imag]), rcond=None
    )[0]
    found = reconstruct_file(measurement, matrix, "tikhonov", alpha=0.0, average=0)
    np.testing.assert_allclose(found.placement.in_file(found.images)[0], expected, atol=1e-9)


def test_files_that_are_written(files, by_hand, tmp_path):
    for measurement, matrix in (files[:2], by_hand[:2]):
        found = reconstruct_file(measurement, matrix, "tsvd")
        assert write_reconstruction(tmp_path / "images.mdf", found) == mpifast.check_mdf(tmp_path / "images.mdf") == []
        draw_reconstruction(tmp_path / "images.png", found)
        assert (tmp_path / "images.png").read_bytes().startswith(b"\x89PNG")
        with mpifast.read_mdf(tmp_path / "images.mdf") as file, mpifast.read_mdf(measurement) as source:
            assert repr(file) == "reconstruction file images.mdf"
            np.testing.assert_array_equal(file.images()[:, :, 0], found.placement.in_file(found.images))
            np.testing.assert_array_equal(file["/reconstruction/size"], found.placement.shape)
            assert file["/reconstruction/_solver"] == "tsvd"
            for name in ("/study/name", "/experiment/subject", "/scanner/name", "/acquisition/startTime"):
                assert file[name] == source[name]
            with pytest.raises(ValueError, match="has no frames: it is a reconstruction file"):
                file.frames()


def test_what_the_measurement_lacks_is_reported(files, tmp_path):
    measurement, matrix, *_ = files
    with h5py.File(measurement, "r+") as file:
        del file["acquisition/drivefield/cycle"], file["tracer/solute"], file["acquisition/startTime"]
        file["acquisition/startTime"] = "2024-01-01T00:00:00Z"
    found = write_reconstruction(tmp_path / "images.mdf", reconstruct_file(measurement, matrix, "tsvd"))
    assert [breach.dataset for breach in found] == ["/acquisition/drivefield/cycle"]
    with h5py.File(tmp_path / "images.mdf") as file:
        assert "tracer" not in file


def other_system(**options):
    return mpifast.system_matrix(mpifast.Scanner(**{"voxels": 11, **options}), mpifast.Particle(40e-9), harmonics=14)


@pytest.mark.parametrize(
    ("system", "message"),
    [
        (other_system(voxels=13), r"/acquisition/_voxels is 11, in the matrix 13; use its own matrix"),
        (other_system(gradient=3.0), "/acquisition/gradient is"),
        (other_system(drive_amplitude=30e-3), "/acquisition/drivefield/strength is"),
        (other_system(drive_frequency=25e3), "/acquisition/receiver/bandwidth is"),
        (
            mpifast.system_matrix(mpifast.Scanner(voxels=11), mpifast.Particle(40e-9), harmonics=20),
            "numSamplingPoints is 32, in the matrix 64",
        ),
    ],
)
def test_a_matrix_of_another_scanner(files, system, message, tmp_path):
    mpifast.write_mdf(tmp_path / "other.mdf", system)
    with pytest.raises(ValueError, match=rf"measurement\.mdf does not fit other\.mdf: .*{message}"):
        reconstruct_file(files[0], tmp_path / "other.mdf")


def test_files_of_other_shapes(files, by_hand, tmp_path):
    measurement, matrix, *_ = files
    with pytest.raises(ValueError, match="does not fit"):
        reconstruct_file(by_hand[0], matrix)
    with h5py.File(measurement, "r+") as file:
        data = file["measurement/data"][:, :, :, :9]
        del file["measurement/data"], file["measurement/isFrequencySelection"]
        file["measurement/data"], file["measurement/isFrequencySelection"] = data, np.int8(1)
        file["measurement/frequencySelection"] = np.arange(1, 10)
    with pytest.raises(
        ValueError, match=r"does not fit system\.mdf: it has no frequency number 9; choose a narrower band"
    ):
        reconstruct_file(measurement, matrix)
    assert reconstruct_file(measurement, matrix, "tsvd", band=(0, 160e3)).system.real.shape == (8, 11)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"solver": "newton"},
            ValueError,
            "solver='newton' is unknown: choose one of kaczmarz, tikhonov, tsvd, sparse, nnls, fused-lasso, or",
        ),
        ({"solver": 3}, ValueError, "solver=3 is unknown"),
        ({"solver": "tsvd", "alpha": 1.0}, ValueError, "is not an option of solver='tsvd'"),
        ({"solver": "none.npz"}, FileNotFoundError, "none.npz"),
        ({"snr": 1e30}, ValueError, "leave no frequency of system.mdf: choose more"),
        ({"snr": "high"}, ValueError, "snr='high'"),
        ({"band": (1e9, 2e9)}, ValueError, "leave no frequency"),
        ({"band": (0.0, 10.0)}, ValueError, "leave no frequency"),
        ({"band": (0.0,)}, ValueError, r"band=\(0.0,\): give the lowest and the highest"),
        ({"band": 3e4}, TypeError, "band must be"),
        ({"channels": [2]}, ValueError, "channels=2 is out of range: give an integer from 1 to 1"),
        ({"channels": 1}, TypeError, "channels must be a sequence"),
        ({"frames": [99]}, ValueError, "has frames 0 to 13"),
        ({"frames": []}, ValueError, "has no such frames"),
        ({"average": -1}, ValueError, "average=-1"),
        ({"background": "ignore"}, ValueError, "background='ignore' is unknown"),
    ],
)
def test_bad_arguments(files, options, error, message):
    with pytest.raises(error, match=message):
        reconstruct_file(files[0], files[1], **options)


def test_bad_files(files, small_system, tmp_path):
    measurement, matrix, *_ = files
    (tmp_path / "text.mdf").write_text("no HDF5")
    mpifast.Network(20, 11, scaling="none").save(tmp_path / "net.npz")
    cases = [
        (
            (measurement, measurement),
            r"measurement\.mdf has no system matrix: it is a measurement file; give a calibration file",
        ),
        ((tmp_path / "text.mdf", matrix), r"text\.mdf: .*not HDF5"),
        ((measurement, tmp_path / "text.mdf"), r"text\.mdf: .*not HDF5"),
        (
            (measurement, matrix, str(tmp_path / "net.npz")),
            r"net\.npz does not fit system\.mdf: the network is for 20 inputs.* the system has 14 equations",
        ),
    ]
    before = sorted(os.listdir(tmp_path))
    for arguments, message in cases:
        with pytest.raises(ValueError, match=message):
            reconstruct_file(*arguments)
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("calibration/size", np.array([2**31, 2**31, 4]), "but 11 frames are not background"),
        ("calibration/order", "abc", "expected one of xyz"),
        ("calibration/isMeanderingGrid", np.int8(1), "meandering order"),
        ("calibration/snr", np.ones((1, 1, 3)), "/calibration/snr has the shape"),
    ],
)
def test_grids_that_do_not_fit(files, name, value, message):
    with h5py.File(files[1], "r+") as file:
        if name in file:
            del file[name]
        file[name] = value
        del file["measurement/isFramePermutation"]
    with pytest.raises(ValueError, match=message):
        reconstruct_file(files[0], files[1], snr=1.0)
