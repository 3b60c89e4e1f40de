"""Stores of scanners on a grid: scanner, tracer and rows come back; what was changed is refused."""

import json

import h5py
import numpy as np
import pytest
from scanner_systems import SCANNERS, system_of

import mpifast
from mpifast.io.store import layout
from mpifast.io.store.layout import _digest

pytestmark = pytest.mark.filterwarnings("ignore::mpifast.PrecisionWarning")
SUFFIXES = [".h5", ".zarr"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A store of each scanner in one of the containers, in both of a few; the systems by name."""
    folder = tmp_path_factory.mktemp("stores")
    systems = {name: system_of(name) for name in SCANNERS}
    for name, system in systems.items():
        for suffix in SUFFIXES if name in ("space", "moving gradient") else SUFFIXES[len(name) % 2 :][:1]:
            mpifast.Spectra(system, seed=7, dtype="float64").save(folder / f"{name}{suffix}", 12, chunks=5)
    return folder, systems


@pytest.mark.parametrize("name", SCANNERS)
def test_the_system_comes_back(saved, name):
    folder, systems = saved
    for path in folder.glob(f"{name}.*"):
        stored, system = mpifast.open_spectra(path), systems[name]
        assert stored.settings["model"] == "vector langevin"
        assert stored.settings["scanner"]["type"] == type(system.scanner).__name__
        assert stored.system.scanner == system.scanner
        assert stored.system.particle == system.particle
        assert stored.system.tolerance == system.tolerance
        assert stored.system.fingerprint == stored.fingerprint == system.fingerprint
        assert "matrix" not in vars(stored.system)  # nothing is computed before it is asked for
        np.testing.assert_array_equal(stored.system.rows, system.rows)
        np.testing.assert_array_equal(stored.system.matrix, system.matrix)


def test_neither_matrix_nor_much_else_is_stored(saved):
    with h5py.File(saved[0] / "space.h5") as file:
        names = {name for name in file if file[name].dims and not name.startswith("scanner_")}
        assert sum(file[name].size for name in names) < 12 * (360 + 24) + 6 * 360
        assert not any(name.startswith("scanner_") for name in file)
    with h5py.File(saved[0] / "moving gradient.h5") as file:
        np.testing.assert_array_equal(file["scanner_drive_field"], SCANNERS["moving gradient"].drive_field)
        np.testing.assert_array_equal(file["scanner_gradient"], SCANNERS["moving gradient"].gradient)
        assert file["scanner_gradient"].attrs["units"] == "T/m"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_positions_in_metres_for_each_axis(saved, suffix):
    stored, system = mpifast.open_spectra(saved[0] / f"space{suffix}"), saved[1]["space"]
    data = stored.to_xarray()
    for axis, coordinate in enumerate(("x", "y", "z")):
        np.testing.assert_array_equal(data[coordinate], system.grid.positions[:, axis])
        assert data[coordinate].dims == ("voxel",)
        assert data[coordinate].attrs["units"] == "m"
    image = data.phantoms[3].set_index(voxel=["x", "y", "z"]).unstack("voxel")
    np.testing.assert_array_equal(image, system.image(stored[3][1][None])[0])
    assert data.spectra.attrs["units"] == "T"


def changed(saved, tmp_path, name, change):
    """A store with other settings, under a digest that agrees with them."""
    path = tmp_path / "data.h5"
    path.write_bytes((saved[0] / f"{name}.h5").read_bytes())
    with h5py.File(path, "r+") as file:
        settings = json.loads(file.attrs["settings"])
        change(settings, file)
        file.attrs["settings"] = np.bytes_(json.dumps(settings, sort_keys=True))
        stated = {key: file.attrs[key].item() for key in layout.ARRAYS if key != "dtype"}
        stated |= {key: file.attrs[key].decode() for key in ("dtype", "settings")}
        file.attrs["digest"] = np.bytes_(_digest(stated))
    return mpifast.open_spectra(path)


def put(*names, value):
    def change(settings, _):
        for name in names[:-1]:
            settings = settings[name]
        settings[names[-1]] = value

    return change


def spoil(name):
    def change(_, file):
        file[name][3] = 1

    return change


def delete(name):
    return lambda _, file: file.__delitem__(name)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("space", put("scanner", "type", value="Betatron"), "of the type 'Betatron', which this version of mpifast"),
        ("space", put("scanner", value=3), "settings that this version of mpifast does not know"),
        ("space", put("scanner", "coils", value=3), "LissajousScanner has parameters .* 'coils'"),
        ("space", put("scanner", "grid", value={"shape": [3, 4]}), "missing 1 required positional argument"),
        ("space", put("scanner", "gradient", value=[1, 1, 1]), "gradient has trace 3 T/m"),
        ("space", put("scanner", "divider", value=[2**31, 7, 11]), "repeat after"),
        ("space", put("scanner", "phase", value=[0.1, 0.2, 0.3]), "one that this version of mpifast does not compute"),
        ("space", put("particle", "diameter", value=-1.0), "diameter=-1.0 is out of range"),
        ("space", put("particle", value={}), "parameters that this version of mpifast does not know"),
        ("space", put("tolerance", value=[]), "tolerance must be a real number|does not know"),
        ("space", spoil("number"), "with rising numbers|does not compute"),
        ("space", delete("part"), "'part'"),
        ("moving gradient", spoil("scanner_gradient"), "array scanner_gradient is not the one that the settings"),
        ("moving gradient", delete("scanner_drive_field"), "array scanner_drive_field is not the one that"),
        ("moving gradient", put("scanner", "drive_field", value={"shape": [2**40, 3]}), "array scanner_drive_field"),
        ("moving gradient", put("scanner", "drive_field", value={"shape": "x"}), "array scanner_drive_field"),
        ("moving gradient", put("scanner", "gradient", value={}), "array scanner_gradient is not the one"),
    ],
)
def test_what_was_changed_is_found(saved, tmp_path, name, change, message):
    stored = changed(saved, tmp_path, name, change)
    with pytest.raises(ValueError, match=rf"data\.h5.*({message})"):
        stored.system  # noqa: B018
