"""Files as a scanner writes them: matrices in single precision, background frames, signals in a converter's numbers."""

import h5py
import numpy as np
import pytest

import mpifast
from mpifast.io.mdf.columns import Columns
from mpifast.physics.split_system import SplitSystem

GRID = mpifast.Grid((3, 4), (3e-3, 4e-3))
NUMBERS = np.tile(np.arange(1, 8), 2)
LABELS = {"channels": np.repeat([0, 1], 7), "numbers": NUMBERS, "frequencies": 25e3 * NUMBERS}
GRADIENT = {"/acquisition/gradient": np.diag([1.0, 1.0, -2.0])[None, None]}


def random_rows(seed, n, dtype=np.complex128):
    random = np.random.default_rng(seed)
    return (random.normal(size=(n, 14)) + 1j * random.normal(size=(n, 14))).astype(dtype)


@pytest.fixture
def measured():
    """A matrix in single precision."""
    return mpifast.linear_system(random_rows(1, 12, np.complex64).T, GRID, **LABELS)


def stored(path):
    with h5py.File(path, "r") as file:
        return file["measurement/data"][:]


def split(system):
    """The same system as real equations, whose complex matrix is not formed."""
    return SplitSystem(np.concatenate([system.matrix.real, system.matrix.imag]), (0, 1), system.rows, GRID)


@pytest.mark.parametrize("kind", [split, lambda system: system, lambda system: mpifast.rotate_rows(system, None)])
def test_single_precision_stays(tmp_path, measured, kind):
    system = kind(measured)
    mpifast.write_mdf(tmp_path / "system.mdf", system, metadata=GRADIENT)
    assert list(mpifast.check_mdf(tmp_path / "system.mdf")) == []
    if isinstance(system, SplitSystem):
        assert "matrix" not in vars(system)
    assert stored(tmp_path / "system.mdf").dtype == np.complex64
    with mpifast.read_mdf(tmp_path / "system.mdf") as file:
        found = file.system()
    np.testing.assert_array_equal(found.matrix, system.matrix)
    np.testing.assert_array_equal(found.rows, system.rows)
    assert found.grid == GRID


def test_real_matrices_and_blocks_of_rows(tmp_path, monkeypatch):
    """Blocks of two rows give the same file."""
    system = mpifast.linear_system(random_rows(2, 12).real.T.astype(np.float32), GRID, **LABELS)
    mpifast.write_mdf(tmp_path / "whole.mdf", system, background=random_rows(3, 2), metadata=GRADIENT)
    monkeypatch.setattr("mpifast.io.mdf.columns.BLOCK", 200)
    rotated = mpifast.rotate_rows(system)
    mpifast.write_mdf(tmp_path / "blocks.mdf", rotated, background=random_rows(3, 2), metadata=GRADIENT)
    np.testing.assert_array_equal(stored(tmp_path / "blocks.mdf"), stored(tmp_path / "whole.mdf"))
    assert stored(tmp_path / "whole.mdf").dtype == np.complex64


def test_computed_matrices_stay_in_double_precision(tmp_path):
    scanner = mpifast.LissajousScanner(GRID, (-2, -2, 4), (3e-3, 4e-3, 0), (6, 5, 1))
    system = mpifast.system_matrix(scanner, mpifast.Particle(30e-9), band=(1.0, None))
    empty = np.full((1, len(system.rows)), 0.5 + 0.25j)
    for name, background in (("plain", None), ("empty", empty)):
        fresh = mpifast.system_matrix(scanner, mpifast.Particle(30e-9), band=(1.0, None))
        mpifast.write_mdf(tmp_path / f"{name}.mdf", fresh, background=background)
        assert "matrix" not in vars(fresh)
        assert list(mpifast.check_mdf(tmp_path / f"{name}.mdf")) == []
    plain, with_empty = (stored(tmp_path / f"{name}.mdf") for name in ("plain", "empty"))
    assert plain.dtype == np.complex128
    np.testing.assert_array_equal(with_empty[..., :12], plain)
    with mpifast.read_mdf(tmp_path / "empty.mdf") as file:
        np.testing.assert_array_equal(file.background(system), empty)
        np.testing.assert_array_equal(file.system(background="keep").matrix, system.matrix)


def test_background_of_a_calibration_drifts(tmp_path):
    """Every fourth frame is empty; what drifts linearly is removed exactly by the interpolation."""
    clean, start, slope = random_rows(4, 12).T, random_rows(5, 1)[0], random_rows(6, 1)[0]
    at = np.array([0, 4, 8, 12, 16])
    times = np.setdiff1d(np.arange(17), at)
    drift = start[:, None] + slope[:, None] * np.arange(17) / 10
    order = np.arange(12).reshape(3, 4).T.ravel()  # the file has x fastest
    background = np.empty((14, 12), complex)
    background[:, order] = drift[:, times]
    system = mpifast.linear_system(clean + background, GRID, **LABELS)
    path = tmp_path / "system.mdf"
    mpifast.write_mdf(path, system, background=drift[:, at].T, background_at=at, metadata=GRADIENT)
    assert list(mpifast.check_mdf(path)) == []
    with mpifast.read_mdf(path) as file:
        np.testing.assert_allclose(file.system(background="interpolate").matrix, clean, atol=1e-13)
        np.testing.assert_allclose(file.system(background="keep").matrix, system.matrix, atol=1e-15)
        np.testing.assert_allclose(file.background(system), drift[:, at].T, atol=1e-15)
        np.testing.assert_array_equal(file["/measurement/framePermutation"], np.concatenate([times, at]) + 1)
        empty = drift[:, at].T
        noise = np.sqrt(np.square(np.abs(empty - empty.mean(axis=0))).mean(axis=0))
        signal = np.sqrt(np.square(np.abs(system.matrix.T - empty.mean(axis=0))).mean(axis=0))
        np.testing.assert_allclose(file["/calibration/snr"].reshape(-1), signal / noise)


@pytest.mark.parametrize(("dtype", "error"), [("float32", 1e-6), ("int32", 1e-8), ("int16", 1e-4), ("float64", 1e-14)])
def test_raw_signals(tmp_path, measured, dtype, error):
    u, empty = random_rows(7, 5), random_rows(8, 3)
    u[:, 7:], empty[:, 7:] = 1e-3 * u[:, 7:], 1e-3 * empty[:, 7:]  # a weak channel, whose converter has its own range
    path = tmp_path / "raw.mdf"
    options = {"background": empty * 0.1, "background_at": [0, 1, 7], "metadata": GRADIENT}
    mpifast.write_mdf(path, u, measured, domain="time", dtype=dtype, **options)
    assert list(mpifast.check_mdf(path)) == []
    assert stored(path).dtype == dtype
    with mpifast.read_mdf(path) as file:
        np.testing.assert_array_equal(file.is_background, [1, 1, 0, 0, 0, 0, 0, 1])
        np.testing.assert_allclose(file.spectra()[:, :7], u[:, :7], atol=error * np.abs(u).max())
        np.testing.assert_allclose(file.spectra()[:, 7:], u[:, 7:], atol=error * np.abs(u[:, 7:]).max())
        np.testing.assert_allclose(file.background(measured), 0.1 * empty, atol=error * np.abs(u).max())


def test_raw_signals_of_a_line_scanner(tmp_path):
    system = mpifast.system_matrix(mpifast.Scanner(voxels=24), mpifast.Particle(40e-9), harmonics=30)
    u, c = mpifast.Spectra(system, seed=7, dtype="float64")[:4]
    mpifast.write_mdf(tmp_path / "raw.mdf", u, system, domain="time", dtype="int16", phantoms=c)
    assert list(mpifast.check_mdf(tmp_path / "raw.mdf")) == []
    with mpifast.read_mdf(tmp_path / "raw.mdf") as file:
        np.testing.assert_allclose(file.spectra(), u, atol=1e-4 * np.abs(u).max())


def test_silent_channels(tmp_path, measured):
    u = random_rows(9, 2)
    u[:, 7:] = 0.0
    mpifast.write_mdf(tmp_path / "raw.mdf", u, measured, domain="time", dtype="int16", metadata=GRADIENT)
    with mpifast.read_mdf(tmp_path / "raw.mdf") as file:
        np.testing.assert_array_equal(file.spectra()[:, 7:], 0.0)


def test_bad_arguments(tmp_path, measured):
    u, path = random_rows(10, 2), tmp_path / "raw.mdf"
    line = mpifast.system_matrix(mpifast.Scanner(voxels=24), mpifast.Particle(40e-9), harmonics=30)
    cases = [
        ((u, measured), {"dtype": "int16"}, "domain='time'"),
        ((u, measured), {"domain": "time", "dtype": "int8"}, "dtype"),
        ((u, measured), {"background_at": [0]}, "give background"),
        ((measured,), {"background_at": [0]}, "give background"),
        ((u, measured), {"background": u, "background_at": [1, 1]}, "2 different numbers"),
        ((measured,), {"background": u, "background_at": [1]}, "2 different numbers"),
        ((measured,), {"background": u[:, 1:]}, "background has 13 rows"),
        ((line,), {"background": np.zeros((1, 30))}, "SystemMatrix, which is without noise"),
    ]
    for arguments, options, message in cases:
        with pytest.raises(ValueError, match=message):
            mpifast.write_mdf(path, *arguments, **options)
    with pytest.raises(IndexError, match="background_at=9 is out of range"):
        mpifast.write_mdf(path, u, measured, background=u, background_at=[0, 9])
    assert not path.exists()


def test_no_second_matrix_is_in_memory(tmp_path, monkeypatch):
    """Rows are taken a block at a time."""
    sizes = []
    rows = Columns._rows

    def watched(self, some, lazy):
        block = rows(self, some, lazy)
        sizes.append(block.nbytes)
        return block

    monkeypatch.setattr(Columns, "_rows", watched)
    monkeypatch.setattr("mpifast.io.mdf.columns.BLOCK", 400)
    system = split(mpifast.linear_system(random_rows(1, 12, np.complex64).T, GRID, **LABELS))
    mpifast.write_mdf(tmp_path / "system.mdf", system, metadata=GRADIENT)
    assert max(sizes) <= 400
    assert sum(sizes) == 14 * 12 * 8
