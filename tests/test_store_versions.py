"""Stores of other versions and other systems: old ones open, new fields do no harm, newer formats say what to do."""

import json
import shutil
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import zarr

import mpifast
from mpifast.io.store import layout, source

OLD = Path(__file__).parent / "data" / "files-of-2026-11.zip"  # written by mpifast 0.1.0 of 26 November 2026
SUFFIXES = [".h5", ".zarr"]


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    folder = tmp_path_factory.mktemp("old")
    with zipfile.ZipFile(OLD) as archive:
        archive.extractall(folder)
    return folder


def old_spectra():
    scanner, particle = mpifast.Scanner(voxels=5), mpifast.Particle(40e-9)
    system = mpifast.system_matrix(scanner, particle, harmonics=6)
    ideal = mpifast.ideal_system_matrix(scanner, particle, harmonics=6)
    return {
        "langevin.h5": mpifast.Spectra(system, seed=2**100, density=0.25, snr_db=30.0),
        "deflate.h5": mpifast.Spectra(system, seed=3, dtype="float64"),
        "ideal.zarr": mpifast.Spectra(ideal, seed=3),
    }


pytestmark = pytest.mark.filterwarnings("ignore::mpifast.PrecisionWarning")  # what is old was made in float32


@pytest.mark.parametrize("name", ["langevin.h5", "deflate.h5", "ideal.zarr"])
def test_stores_of_version_1_open(old, name):
    stored, expected = mpifast.open_spectra(old / name), old_spectra()[name]
    stored.verify()
    u, c = stored[:]
    assert (len(stored), u.dtype) == (7, expected.dtype)
    np.testing.assert_allclose(u, expected[:7][0], rtol=1e-5, atol=1e-5)  # another processor has other last bits
    assert np.array_equal(c, expected[:7][1])
    assert stored.settings["model"] == expected.system.model
    assert stored.settings["scanner"]["gradient"] == 2.0
    assert stored.fingerprint == expected.system.fingerprint == stored.system.fingerprint
    assert np.array_equal(stored.system.matrix, expected.system.matrix)


@pytest.mark.parametrize("name", ["langevin.h5", "ideal.zarr"])
def test_a_store_of_version_1_is_the_store_that_save_would_make(old, name, tmp_path):
    copy = tmp_path / name
    (shutil.copytree if (old / name).is_dir() else shutil.copy)(old / name, copy)
    expected = old_spectra()[name]
    expected.save(copy, 7, chunks=4, compression=mpifast.open_spectra(copy).settings["compression"] or None)
    assert mpifast.open_spectra(copy)._layout.version == 1  # left as it is
    with pytest.raises(FileExistsError, match=r"exists and is something else \(seed is '\d+', not '9'\)"):
        mpifast.Spectra(expected.system, seed=9, density=expected.density, snr_db=expected.snr_db).save(
            copy, 7, chunks=4, compression=mpifast.open_spectra(copy).settings["compression"] or None
        )


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_fields_of_a_later_version_are_kept_and_do_no_harm(small_system, tmp_path, monkeypatch, suffix):
    """A later mpifast with one field more in particle, data set and system, and no new format version."""
    original = source.describe

    def later(system):
        found = original(system)
        found["particle"]["relaxation"] = {"model": "debye", "time": 1e-6}
        return {**found, "coil": [1.0, 2.0], "fingerprint": "0123456789abcdef"}

    monkeypatch.setattr(layout, "describe", later)
    spectra = mpifast.Spectra(small_system, seed=7)
    spectra.save(tmp_path / f"data{suffix}", 20)
    monkeypatch.undo()
    stored = mpifast.open_spectra(tmp_path / f"data{suffix}")
    assert np.array_equal(stored[:][0], spectra[:20][0])
    assert stored.settings["coil"] == [1.0, 2.0]
    assert stored.settings["particle"]["relaxation"]["model"] == "debye"
    assert stored.fingerprint == "0123456789abcdef"
    with pytest.raises(ValueError, match=r"data\.\w+: the particle has the relaxation .* does not know"):
        stored.system  # noqa: B018


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_later_format_version_says_what_to_do(small_system, tmp_path, monkeypatch, suffix):
    monkeypatch.setattr(layout, "FORMAT_VERSION", 3)
    mpifast.Spectra(small_system, seed=7).save(tmp_path / f"data{suffix}", 20)
    monkeypatch.undo()
    with pytest.raises(
        ValueError, match=r"has format version 3, .* reads 1 and 2: python -m pip install --upgrade mpifast"
    ):
        mpifast.open_spectra(tmp_path / f"data{suffix}")


@pytest.mark.parametrize("model", ["langevin", "ideal"])
def test_the_model_is_one_stated_field(tmp_path, model):
    compute = {"langevin": mpifast.system_matrix, "ideal": mpifast.ideal_system_matrix}[model]
    system = compute(mpifast.Scanner(voxels=11), mpifast.Particle(40e-9), harmonics=14)
    mpifast.Spectra(system, dtype="float64").save(tmp_path / "data.h5", 10)
    stored = mpifast.open_spectra(tmp_path / "data.h5")
    assert stored.settings["model"] == model
    assert stored.system.model == model
    assert np.array_equal(stored.system.matrix, system.matrix)


def systems(random):
    complex_matrix = random.normal(size=(9, 24)) + 1j * random.normal(size=(9, 24))
    labels = {"channels": [0] * 5 + [1] * 4, "numbers": [3, 4, 5, 6, 7, 3, 4, 5, 6]}
    frequencies = 1e3 * np.array(labels["numbers"])
    grid = mpifast.Grid((4, 6), (4e-3, 6e-3), (1e-3, 0.0))
    return {
        "real": mpifast.linear_system(random.normal(size=(9, 24))),
        "complex on a grid": mpifast.linear_system(complex_matrix, grid, **labels, frequencies=frequencies),
        "a line": mpifast.linear_system(1j * random.normal(size=(9, 5)), mpifast.Grid((5,), (5e-3,))),
    }


@pytest.mark.parametrize("name", ["real", "complex on a grid", "a line"])
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("compression", [None, 1])
def test_stores_of_any_system(random, tmp_path, name, suffix, compression):
    system = systems(random)[name]
    spectra, path = mpifast.Spectra(system, seed=5, snr_db=40.0), tmp_path / f"data{suffix}"
    spectra.save(path, 50, chunks=16, compression=compression)
    stored = mpifast.open_spectra(path)
    for found, expected in zip(stored[:], spectra[:50], strict=True):
        assert np.array_equal(found, expected)
    assert stored.settings["model"] == "array"
    assert stored.fingerprint == system.fingerprint
    with pytest.raises(ValueError, match="its system is of the model 'array', which is not computed again"):
        stored.system  # noqa: B018
    file = h5py.File(path) if suffix == ".h5" else zarr.open_group(path, mode="r")
    for label in ("channel", "number", "frequency", "part"):
        np.testing.assert_array_equal(file[label][:], system.equations[label])
    assert ("position" in file) == (system.grid is not None)
    if system.grid is not None:
        np.testing.assert_array_equal(
            np.reshape(file["position"][:], system.grid.positions.shape), system.grid.positions
        )
        assert json.loads(file.attrs["settings"])["grid"]["shape"] == list(system.grid.shape)
    if suffix == ".h5":
        axis = "equation" if name == "complex on a grid" else "harmonic"
        assert [dimension.label for dimension in file["spectra"].dims] == ["sample", axis]
        file.close()


def test_long_arrays_of_a_description_become_digests():
    found = source.plain({"few": np.arange(3), "many": np.zeros((40, 3)), "odd": object(), "pair": 1 + 2j})
    assert found["few"] == [0, 1, 2]
    assert found["many"]["shape"] == [40, 3]
    assert found["odd"] == "builtins.object"
    assert found["pair"] == [1.0, 2.0]
    assert found["many"] != source.plain(np.ones((40, 3)))
    assert json.loads(json.dumps(found)) == found


def test_the_default_chunk_fits_into_memory(random):
    wide = mpifast.linear_system(random.normal(size=(70_000, 2)))
    spectra = mpifast.Spectra(wide, snr_db=10.0)
    assert layout.Layout.of(spectra.source(), 10**6, None, None, True).chunks == 2**28 // 280_001
    with pytest.raises(ValueError, match="chunks=16384 is out of range"):
        layout.Layout.of(spectra.source(), 10**6, 16_384, None, True)
