"""Stores as xarray data sets: the samples, phantoms unpacked, with labels and positions; lazily; of strangers, too."""

import json
import pickle
import shutil

import h5py
import numpy as np
import pytest
import zarr

import mpifast
from mpifast.io.store import dataset

KINDS = ("data.h5", "data.zarr")


def complex_system():
    random = np.random.default_rng(20171206)
    matrix = random.normal(size=(20, 24)) + 1j * random.normal(size=(20, 24))
    channels, numbers = np.repeat([0, 1], 10), np.tile(np.arange(1, 11), 2)
    grid = mpifast.Grid((4, 6), (4e-3, 6e-3))
    return mpifast.linear_system(matrix, grid, channels=channels, numbers=numbers, frequencies=25e3 * numbers)


@pytest.fixture(params=KINDS)
def stored(request, tmp_path, small_system):
    mpifast.Spectra(small_system, seed=7).save(tmp_path / request.param, 100, chunks=16)
    return mpifast.open_spectra(tmp_path / request.param)


def test_samples_labels_and_positions(stored, small_system):
    data = stored.to_xarray()
    u, c = stored[:]
    assert dict(data.sizes) == {"sample": 100, "harmonic": 14, "position": 11}
    np.testing.assert_array_equal(data.spectra, u)
    np.testing.assert_array_equal(data.phantoms, c)
    np.testing.assert_array_equal(data.position, small_system.positions)
    np.testing.assert_array_equal(data.harmonic, np.arange(1, 15))
    np.testing.assert_array_equal(data.frequency, 20e3 * np.arange(1, 15))
    assert (data.part == 1).all()
    assert data.spectra.attrs["units"] == "T"
    assert data.position.attrs["units"] == "m"
    assert json.loads(data.attrs["settings"])["fingerprint"] == small_system.fingerprint
    np.testing.assert_array_equal(data.spectra.sel(harmonic=3), u[:, 2])
    np.testing.assert_array_equal(data.phantoms.sel(position=0.0, method="nearest"), c[:, 5])


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("options", [{}, {"packed": False}, {"compression": 1}], ids=str)
def test_any_system_and_storage(tmp_path, name, options):
    system = complex_system()
    mpifast.Spectra(system, seed=7).save(tmp_path / name, 50, chunks=16, **options)
    data = mpifast.open_spectra(tmp_path / name).to_xarray()
    assert dict(data.sizes) == {"sample": 50, "equation": 40, "voxel": 24, "axis": 2}
    np.testing.assert_array_equal(data.phantoms, mpifast.Spectra(system, seed=7)[:50][1])
    np.testing.assert_array_equal(data.position, system.grid.positions)
    for label in ("channel", "number", "part", "frequency"):
        np.testing.assert_array_equal(data[label], system.equations[label])
        assert data[label].dims == ("equation",)


@pytest.mark.parametrize("name", KINDS)
def test_without_a_grid_there_are_no_positions(tmp_path, name):
    mpifast.Spectra(mpifast.linear_system(np.eye(5))).save(tmp_path / name, 9)
    data = mpifast.open_spectra(tmp_path / name).to_xarray()
    assert dict(data.sizes) == {"sample": 9, "harmonic": 5, "voxel": 5}
    assert "position" not in data.coords


def test_large_stores_are_lazy(stored, monkeypatch):
    assert not stored.to_xarray().chunks
    monkeypatch.setattr(dataset, "IN_MEMORY", 1000)
    data = stored.to_xarray()
    assert data.chunks["sample"] == (16,) * 6 + (4,)
    u, c = stored[:]
    np.testing.assert_array_equal(data.spectra[30:70, 3:5], u[30:70, 3:5])
    np.testing.assert_array_equal(data.phantoms.compute(scheduler="threads"), c)
    assert data.phantoms.dtype == np.uint8
    assert stored.to_xarray(chunks=50).chunks["sample"] == (50, 50)
    again = pickle.loads(pickle.dumps(data))
    np.testing.assert_array_equal(again.phantoms, c)


def test_lazy_data_read_nothing_before_they_are_asked_for(stored):
    data = stored.to_xarray(chunks=16)
    assert not stored._checked
    data.spectra[:5].compute()
    assert stored._checked == {0}


def test_context_manager(stored):
    with mpifast.open_spectra(stored.path) as data:
        u, _ = data[3:5]
    np.testing.assert_array_equal(data[3:5][0], u)  # nothing was open, and nothing is closed


def test_is_shown_in_notebooks(stored):
    assert "100" in stored._repr_html_()
    assert str(stored.path) in stored._repr_html_()


def test_bad_chunks(stored):
    with pytest.raises(ValueError, match="chunks=0 is out of range"):
        stored.to_xarray(chunks=0)


def test_without_xarray_the_extra_is_named(run_python, stored):
    code = f"import sys; sys.modules['xarray'] = None; import mpifast; mpifast.open_spectra({str(stored.path)!r})"
    assert 'python -m pip install "mpifast[xarray]"' in run_python("-c", f"{code}.to_xarray()").stderr


@pytest.mark.parametrize(
    "values",
    [np.zeros(3), np.zeros(11, "f4"), np.zeros((11, 4)), np.array([b"x"] * 11)],
    ids=["short", "f4", "4d", "S"],
)
def test_positions_of_strangers_are_refused(tmp_path, small_system, values):
    mpifast.Spectra(small_system).save(tmp_path / "data.h5", 9)
    with h5py.File(tmp_path / "data.h5", "r+") as file:
        del file["position"]
        file["position"] = values
    with pytest.raises(ValueError, match="position"):
        mpifast.open_spectra(tmp_path / "data.h5").to_xarray()


@pytest.mark.parametrize("damage", ["bit", "short", "shape", "codec", "link"])
def test_damaged_positions_of_a_zarr_store(tmp_path, small_system, damage):
    mpifast.Spectra(small_system).save(tmp_path / "data.zarr", 9)
    chunk, description = tmp_path / "data.zarr/position/c.0", tmp_path / "data.zarr/position/zarr.json"
    raw = chunk.read_bytes()
    if damage == "bit":
        chunk.write_bytes(bytes([raw[0] ^ 1]) + raw[1:])
    elif damage == "short":
        chunk.write_bytes(raw[:-8])
    elif damage == "link":
        shutil.move(chunk, tmp_path / "elsewhere")
        chunk.symlink_to(tmp_path / "elsewhere")
    else:
        group = zarr.open_group(tmp_path / "data.zarr", mode="r+")
        del group["position"]
        shape, codec = ((9,), "auto") if damage == "shape" else ((11,), None)
        group.create_array("position", shape=shape, dtype="f8", compressors=codec)
        assert description.exists()
    with pytest.raises(ValueError, match="position"):
        mpifast.open_spectra(tmp_path / "data.zarr").to_xarray()
