"""Periods of a measurement as patches: files put together with h5py, and those of write_mdf."""

import h5py
import numpy as np
import pytest

import mpifast

GRID = mpifast.Grid((6, 5), (12e-3, 10e-3))
GRADIENT = (-1.0, -1.0, 2.0)
FIELDS = np.array([[0.0, 0, 0], [6e-3, -4e-3, 0], [0, 0, 0], [-2e-3, 4e-3, 0], [6e-3, -4e-3, 0]])  # five periods
PARTICLE = mpifast.Particle(25e-9, relaxation=mpifast.Debye(2e-6))
PATCHES = [(0, 2), (1, 4), (3,)]


def computed(offset_field=(0.0, 0.0, 0.0), gradient=GRADIENT):
    scanner = mpifast.LissajousScanner(GRID, gradient, (6e-3, 6e-3, 0.0), (12, 10, 99), offset_field=offset_field)
    return mpifast.system_matrix(scanner, PARTICLE, mixing_order=4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("patches")


@pytest.fixture(scope="module")
def system(folder):
    mpifast.write_mdf(folder / "calibration.mdf", computed())
    with mpifast.read_mdf(folder / "calibration.mdf") as file:
        return file.system()


@pytest.fixture(scope="module")
def truth(system):
    """The system of all five periods, and three phantoms on its grid."""
    pairs = [(system, -field[:2] / GRADIENT[:2]) for field in FIELDS]
    whole = mpifast.MultiPatch(pairs)
    return whole, np.random.default_rng(1).uniform(size=(3, whole.voxels))


@pytest.fixture(scope="module")
def spectra(system, truth):
    """complex[3 frames, 5 periods, rows], with an offset of each period in frame 1, which is empty."""
    whole, phantoms = truth
    u = whole.forward(phantoms).reshape(3, len(FIELDS), -1)
    random = np.random.default_rng(2)
    u[1] = 0.0
    return u + 0.1 * np.abs(u).max() * (random.normal(size=u[:1].shape) + 1j * random.normal(size=u[:1].shape))


@pytest.fixture(scope="module")
def path(folder, system, spectra):
    """A file of one period a frame of write_mdf's, made one of five with h5py: a frame without tracer is marked."""
    path = folder / "measurement.mdf"
    mpifast.write_mdf(path, np.concatenate(spectra), computed())
    with h5py.File(path, "r+") as file:
        data = file["measurement/data"][:]
        shape = (3, len(FIELDS), *data.shape[2:])

        def put(name, value):
            if name in file:
                del file[name]
            file[name] = value

        put("measurement/data", data.reshape(shape))
        put("measurement/isBackgroundFrame", np.array([0, 1, 0], np.int8))
        put("acquisition/numFrames", 3)
        put("acquisition/numPeriodsPerFrame", len(FIELDS))
        put("acquisition/offsetField", FIELDS[:, None])
        put("acquisition/gradient", np.tile(np.diag(GRADIENT), (len(FIELDS), 1, 1, 1)))
        for name in ("strength", "phase"):
            name = f"acquisition/drivefield/{name}"
            put(name, np.repeat(file[name][:], len(FIELDS), axis=0))
        for name in ("_mpifast", "acquisition/receiver/_rows"):
            del file[name]
    return path


@pytest.fixture
def measurement(path):
    with mpifast.read_mdf(path) as file:
        yield file


def test_the_file_is_valid(path):
    assert list(mpifast.check_mdf(path)) == []


def test_periods_of_the_same_fields_are_a_patch(measurement, system, truth, spectra):
    patches = measurement.patches(system)
    assert [tuple(periods) for periods in patches.periods] == PATCHES
    assert patches.grid == truth[0].grid
    np.testing.assert_allclose(patches.offsets, [-FIELDS[periods[0]][:2] / GRADIENT[:2] for periods in PATCHES])
    assert all(some is system for some in patches.systems)
    expected = np.stack([spectra[:, periods].mean(axis=1) for periods in map(list, PATCHES)], axis=1)
    kept = patches.measured(measurement, frames=slice(None), background="keep")
    np.testing.assert_allclose(patches.to_complex(kept), expected.reshape(3, -1), atol=1e-12 * np.abs(spectra).max())
    clean = patches.to_complex(patches.spectra(measurement))
    np.testing.assert_allclose(clean, patches.forward(truth[1][[0, 2]]), atol=1e-12 * np.abs(spectra).max())
    (mean,) = patches.to_complex(patches.measured(measurement, average=0))
    np.testing.assert_allclose(mean, clean.mean(axis=0), atol=1e-14 * np.abs(spectra).max())


def test_the_image_is_that_of_the_phantom(measurement, system, truth):
    patches = measurement.patches(system)
    images = mpifast.tikhonov(patches, patches.spectra(measurement), alpha=1e-12, relative=True)
    seen = patches.forward(images)
    np.testing.assert_allclose(seen, patches.forward(truth[1][[0, 2]]), atol=1e-6 * np.abs(seen).max())


def test_chosen_periods_patches_and_channels(measurement, system, truth, spectra):
    every = measurement.patches(system, average_periods=False)
    np.testing.assert_array_equal(every.matrix, truth[0].matrix)
    np.testing.assert_allclose(
        every.to_complex(every.measured(measurement, slice(1), background="keep")),
        spectra[:1].reshape(1, -1),
        atol=1e-12 * np.abs(spectra).max(),
    )
    some = measurement.patches(system, periods=[4, 3])
    assert [periods.tolist() for periods in some.periods] == [[4], [3]]
    few = measurement.patches(system).select(patches=[1, 2], channels=[1])
    rows = np.isin(measurement.patches(system).patch, [1, 2]) & (measurement.patches(system).rows["channel"] == 1)
    whole = measurement.patches(system)
    np.testing.assert_array_equal(
        few.to_complex(few.measured(measurement)), whole.to_complex(whole.measured(measurement))[:, rows]
    )
    twice = few.select([0, 3])
    expected = few.to_complex(few.measured(measurement))[:, [0, 3]]
    np.testing.assert_array_equal(twice.to_complex(twice.measured(measurement)), expected)
    rotated = mpifast.rotate_rows(whole)
    np.testing.assert_allclose(
        rotated.measured(measurement), rotated.to_real(whole.to_complex(whole.measured(measurement)))
    )
    merged = mpifast.merge_rows(whole, 0.5)
    assert len(merged.equations) < len(whole.equations)
    right = merged.measured(measurement)
    np.testing.assert_allclose(right, merged.to_real(whole.measured(measurement)))
    later = merged.select(patches=[1, 2])
    np.testing.assert_array_equal(later.measured(measurement), right[:, np.isin(merged.patch, [1, 2])])


def test_one_calibration_for_each_patch(folder, measurement, spectra):
    """Calibrations at the patches' own offset fields: nothing is shifted."""
    systems = []
    for k, periods in enumerate(PATCHES):
        mpifast.write_mdf(folder / f"calibration{k}.mdf", computed(FIELDS[periods[0]]))
        with mpifast.read_mdf(folder / f"calibration{k}.mdf") as file:
            systems.append(file.system())
    patches = measurement.patches(systems[::-1])
    assert [some.path.name for some in patches.systems] == [f"calibration{k}.mdf" for k in range(3)]
    assert not patches.offsets.any()
    assert patches.grid == GRID
    assert patches.measured(measurement).shape == (2, len(patches.equations))


def test_computed_systems_and_arrays(measurement, system, truth):
    found = measurement.patches(computed())
    np.testing.assert_allclose(found.offsets, measurement.patches(system).offsets)
    array = mpifast.linear_system(system.matrix, GRID, channels=system.rows["channel"], numbers=system.rows["number"])
    patches = measurement.patches(array)
    np.testing.assert_array_equal(patches.matrix, measurement.patches(system).matrix)
    np.testing.assert_array_equal(patches.measured(measurement), measurement.patches(system).measured(measurement))


@pytest.mark.parametrize("domain", ["fourier", "time"])
def test_written_and_read(folder, truth, domain):
    """write_mdf of the spectra of patches of a computed system; each period has its offset field."""
    whole = mpifast.MultiPatch([(computed(), offset) for offset in truth[0].offsets[[0, 1, 3]]])
    u = whole.forward(truth[1])
    path = folder / f"written_{domain}.mdf"
    empty = np.tile(whole.rows["number"] > 0, (2, 1)) * (1.0 + 2j)
    mpifast.write_mdf(path, u, whole, domain=domain, background=empty, background_at=[0, 4])
    assert list(mpifast.check_mdf(path)) == []
    with mpifast.read_mdf(path) as file:
        assert file.shape[:3] == (5, 3, 2)
        np.testing.assert_allclose(file["/acquisition/offsetField"][:, 0], FIELDS[[0, 1, 3]], atol=1e-17)
        np.testing.assert_array_equal(file.is_background, [True, False, False, False, True])
        patches = file.patches(computed())
        found = patches.to_complex(patches.measured(file, background="keep"))
        np.testing.assert_allclose(found, u, atol=1e-12 * np.abs(u).max())


def test_written_from_arrays_needs_the_gradient(folder, system):
    array = mpifast.linear_system(
        system.matrix,
        GRID,
        channels=system.rows["channel"],
        numbers=system.rows["number"],
        frequencies=system.rows["frequency"],
    )
    whole = mpifast.MultiPatch([(array, (0, 0)), (array, (2e-3, -4e-3))])
    u = whole.forward(np.ones((1, whole.voxels)))
    with pytest.raises(ValueError, match=r"patch 0 does not say its gradient.*metadata="):
        mpifast.write_mdf(folder / "array.mdf", u, whole)
    gradient = np.diag([1.0, 2.0, -3.0])[None, None]
    mpifast.write_mdf(folder / "array.mdf", u, whole, metadata={"/acquisition/gradient": gradient})
    with mpifast.read_mdf(folder / "array.mdf") as file:
        np.testing.assert_allclose(file["/acquisition/offsetField"][:, 0], [[0, 0, 0], [-2e-3, 8e-3, 0]])
        np.testing.assert_allclose(file.patches(array).offsets, whole.offsets)
    with pytest.raises(ValueError, match=r"MultiPatch, several matrices.*write the system of each patch"):
        mpifast.write_mdf(folder / "array.mdf", whole)
    with pytest.raises(ValueError, match="matrices of several tracers"):
        mpifast.write_mdf(folder / "array.mdf", mpifast.contrasts([array, array]))


def test_mismatches_name_both_files(folder, measurement, system):
    cases = {
        "gradient": (computed(gradient=(-2.0, -2.0, 4.0)), "measurement.mdf does not fit gradient.mdf: patch 0 has"),
        "base": (
            mpifast.system_matrix(
                mpifast.LissajousScanner(GRID, GRADIENT, (6e-3, 6e-3, 0.0), (12, 10, 99), base_frequency=2e6),
                PARTICLE,
                mixing_order=4,
            ),
            r"patch 0 \(period 0\) of measurement.mdf does not fit base.mdf: .*baseFrequency is 2500000.0.*systems=",
        ),
        "strength": (
            mpifast.system_matrix(
                mpifast.LissajousScanner(GRID, GRADIENT, (7e-3, 6e-3, 0.0), (12, 10, 99)),
                PARTICLE,
                mixing_order=4,
            ),
            "does not fit strength.mdf: .*strength is",
        ),
    }
    for name, (other, message) in cases.items():
        mpifast.write_mdf(folder / f"{name}.mdf", other)
        with mpifast.read_mdf(folder / f"{name}.mdf") as file, pytest.raises(ValueError, match=message):
            measurement.patches(file.system())
    patches = measurement.patches(system)
    mpifast.write_mdf(folder / "single.mdf", computed().forward(np.ones((1, 30))), computed())
    with (
        mpifast.read_mdf(folder / "single.mdf") as file,
        pytest.raises(
            ValueError, match=r"single.mdf has 1 periods a frame, measurement.mdf, .*, 5: make its own patches"
        ),
    ):
        patches.measured(file)
    with pytest.raises(ValueError, match="periods="):
        measurement.patches(system, periods=[1, 1])
    with pytest.raises(IndexError, match="periods=7 is out of range"):
        measurement.patches(system, periods=[7])
    with mpifast.read_mdf(folder / "calibration.mdf") as file, pytest.raises(ValueError, match="is a calibration file"):
        file.patches(system)
    with pytest.raises(ValueError, match="systems is empty"):
        measurement.patches([])
    with pytest.raises(ValueError, match="does not say where its voxels lie"):
        measurement.patches(mpifast.linear_system(np.eye(3)))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("offsetField", np.zeros((3, 1, 3)), r"offsetField has the shape \[3, 1, 3\], expected \[5, 1, 3\]"),
        ("offsetField", np.full((5, 1, 3), np.nan), "offsetField is not finite"),
        ("gradient", np.zeros((5, 1, 3, 3)), "gradient is zero along x"),
        ("offsetField", np.arange(30.0).reshape(5, 2, 3), "changes within a period"),
        ("offsetField", np.outer(np.arange(5), (1e300, 0, 0))[:, None], "give offsets in metres"),
    ],
)
def test_damaged_fields(tmp_path, path, system, name, value, message):
    (tmp_path / "damaged.mdf").write_bytes(path.read_bytes())
    with h5py.File(tmp_path / "damaged.mdf", "r+") as file:
        del file[f"acquisition/{name}"]
        file[f"acquisition/{name}"] = value
    with mpifast.read_mdf(tmp_path / "damaged.mdf") as file, pytest.raises(ValueError, match=message):
        file.patches(system)
