"""Reading MDF: what was written comes back to the bit, slices are read when asked for, real files' deviations are
understood.
"""

import contextlib

import h5py
import numpy as np
import pytest

import mpifast
from mpifast.io.mdf.format import FIELDS
from mpifast.io.mdf.system import mdf_system


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file.mdf"


@pytest.mark.parametrize("voxels", [1, 2, 11, 64])
@pytest.mark.parametrize("make", [mpifast.system_matrix, mpifast.ideal_system_matrix])
def test_a_system_matrix_comes_back_to_the_bit(path, voxels, make):
    scanner = mpifast.Scanner(gradient=3.1, drive_amplitude=17.3e-3, drive_frequency=24509.8, voxels=voxels)
    system = make(scanner, mpifast.Particle(33e-9, saturation_magnetization=4.1e5, temperature=311.0), harmonics=31)
    mpifast.write_mdf(path, system)
    with mpifast.read_mdf(path) as file:
        found = file.system_matrix()
        assert (
            repr(file)
            == f"calibration file file.mdf: {voxels} frame{'s' * (voxels > 1)}, 1 period, 1 channel, 33 frequencies"
        )
    np.testing.assert_array_equal(found.matrix, system.matrix)
    assert (found.scanner, found.particle, found.tolerance, found.nodes) == (
        scanner,
        system.particle,
        system.tolerance,
        system.nodes,
    )
    assert not found.matrix.flags.writeable


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_spectra_come_back_to_the_bit(path, small_system, dtype):
    u, c = mpifast.Spectra(small_system, seed=3, dtype=dtype)[:9]
    mpifast.write_mdf(str(path), u, small_system, background=u[:2] * 0.1, phantoms=c)
    with mpifast.read_mdf(str(path)) as file:
        assert (file.kind, file.version, file.shape) == ("measurement", "2.1.0", (11, 1, 1, 17))
        np.testing.assert_array_equal(file.spectra(), u)
        assert file.spectra().dtype == dtype
        np.testing.assert_array_equal(file["/measurement/_phantoms"], c)
        assert file.is_background.tolist() == [False] * 9 + [True] * 2
        np.testing.assert_allclose(file.frequencies, np.arange(17) * 20e3)


def test_a_signal_in_time(path, small_system):
    u = small_system.spectra(np.eye(11), dtype="float64")
    mpifast.write_mdf(path, u, small_system, domain="time")
    with h5py.File(path) as file:
        raw = file["/measurement/data"][()]
    with mpifast.read_mdf(path) as file:
        np.testing.assert_array_equal(file.frames(), raw)
        np.testing.assert_array_equal(file.frames(domain="fourier"), np.fft.rfft(raw))
        np.testing.assert_allclose(file.spectra(), u, rtol=0, atol=1e-15 * np.abs(u).max())


@pytest.mark.parametrize("frames", [slice(2, 9, 3), slice(None, None, -1), [4, 0, 4], np.array([10]), [], range(3)])
@pytest.mark.parametrize("kind", ["calibration", "measurement"])
def test_chosen_frames(path, small_system, kind, frames):
    if kind == "calibration":
        mpifast.write_mdf(path, small_system)
    else:
        mpifast.write_mdf(path, small_system.spectra(np.eye(11)), small_system)
    with mpifast.read_mdf(path) as file:
        everything = file.frames()
        np.testing.assert_array_equal(
            file.frames(frames), everything[np.arange(11)[frames] if isinstance(frames, slice) else list(frames)]
        )


def test_frames_are_read_when_asked_for(path, small_system, monkeypatch):
    mpifast.write_mdf(path, small_system.spectra(np.eye(11)), small_system)
    asked = []
    real = h5py.Dataset.__getitem__
    monkeypatch.setattr(
        h5py.Dataset, "__getitem__", lambda dataset, index: asked.append(dataset.name) or real(dataset, index)
    )
    with mpifast.read_mdf(path) as file:
        assert "/measurement/data" not in asked
        assert file.frames(slice(3, 5)).shape == (2, 1, 1, 17)
    assert asked.count("/measurement/data") == 1


def test_metadata_like_a_dictionary(path, small_system):
    mpifast.write_mdf(path, small_system)
    with mpifast.read_mdf(path) as file:
        assert file["/calibration/size"].tolist() == [11, 1, 1]
        assert "/calibration/positions" not in file
        assert file.get("/calibration/positions", 3) == 3
        with pytest.raises(KeyError, match=r"file\.mdf has no /calibration/positions"):
            file["/calibration/positions"]
    file.close()


def change(path, **changes):
    """Datasets replaced, or removed by None; "__" stands for "/"."""
    with h5py.File(path, "r+") as file:
        for name, value in changes.items():
            name = name.replace("__", "/")
            if name in file:
                del file[name]
            if value is not None:
                file[name] = value


DEVIATIONS = [
    {"acquisition__numPeriodsPerFrame": None, "acquisition__numPeriods": np.int64(1)},
    {"acquisition__numPeriodsPerFrame": None},
    {"acquisition__gradient": np.diag([2.0, -1.0, -1.0])},
    {"acquisition__gradient": np.array([2.0, -1.0, -1.0])},
    {"acquisition__gradient": np.array([[2.0, -1.0, -1.0]])},
    {"acquisition__gradient": np.diag([2.0, -1.0, -1.0])[None]},
    {"acquisition__offsetField": np.zeros(3), "acquisition__drivefield__waveform": "sine", "tracer__name": "Langevin"},
    {"acquisition__drivefield__strength": np.array([0.032]), "acquisition__drivefield__divider": np.array([32])},
    {"acquisition__receiver__numSamplingPoints": np.array([32.0])},
    {"measurement__isSparsityTransformed": None, "measurement__isBackgroundFrame": np.zeros(11, bool)},
    {"measurement__isFramePermutation": None, "measurement__isFramePermution": np.int8(1)},
    {"measurement__isFastFrameAxis": None, "measurement__isTransposed": True},
    {"calibration__order": None, "calibration__fieldOfViewCenter": None},
]


@pytest.mark.parametrize("changes", DEVIATIONS, ids=lambda changes: ", ".join(changes))
def test_deviations_of_real_files(path, small_system, changes):
    mpifast.write_mdf(path, small_system)
    change(path, **changes)
    with mpifast.read_mdf(path) as file:
        np.testing.assert_array_equal(file.system_matrix().matrix, small_system.matrix)
        assert file.system_matrix().scanner == small_system.scanner
        assert file["/acquisition/numPeriodsPerFrame"] == 1
        assert file["/acquisition/gradient"].shape == (1, 1, 3, 3)
        assert file["/acquisition/offsetField"].shape == (1, 1, 3)
        assert file["/acquisition/drivefield/waveform"].tolist() == [["sine"]]
        assert mdf_system(file).real.shape == (14, 11)


@pytest.mark.parametrize(
    "options", [{"chunks": True}, {"chunks": (1, 1, 5, 4), "compression": "gzip", "shuffle": True}]
)
def test_compressed_data_are_read(path, small_system, options):
    mpifast.write_mdf(path, small_system)
    with h5py.File(path, "r+") as file:
        data = file["measurement/data"][()]
        del file["measurement/data"]
        file.create_dataset("measurement/data", data=data, **options)
    with mpifast.read_mdf(path) as file:
        np.testing.assert_array_equal(file.system_matrix().matrix, small_system.matrix)
        np.testing.assert_array_equal(mdf_system(file).real, small_system.real)


@pytest.mark.parametrize("axis", [0, -1])
@pytest.mark.parametrize("kind", ["calibration", "dataFD", "dataTD"])
def test_version_1(path, kind, axis, random):
    """As the Matlab and Julia programs of 2016 wrote it: other names, no periods, real and imaginary part on an axis of
    their own.
    """
    frames, channels, points = 6, 2, 8
    data = random.normal(size=(frames, channels, points // 2 + 1)) + 1j * random.normal(
        size=(frames, channels, points // 2 + 1)
    )
    with h5py.File(path, "w") as file:
        file["version"], file["date"], file["study/simulation"] = "1.0.5", "2016-01-01T00:00:00", np.int64(1)
        file["acquisition/receiver/numChannels"], file["acquisition/receiver/numSamplingPoints"] = channels, points
        file["acquisition/receiver/bandwidth"], file["acquisition/drivefield/period"] = 1.25e6, points / 2.5e6
        file["acquisition/gradient"], file["acquisition/drivefield/strength"] = [1.0, 1.0, -2.0], [0.014, 0.012]
        if kind == "calibration":
            stored = np.moveaxis(data, 0, -1)
            file["calibration/size"], file["calibration/snrFD"] = [3, 2, 1], np.ones((channels, points // 2 + 1))
            file["calibration/dataFD"] = np.stack([stored.real, stored.imag], axis=axis)
        elif kind == "dataFD":
            file["measurement/dataFD"] = np.stack([data.real, data.imag], axis=axis)
        else:
            file["measurement/dataTD"] = np.fft.irfft(data)
    with mpifast.read_mdf(path) as file:
        assert file.kind == ("calibration" if kind == "calibration" else "measurement")
        if kind == "dataTD":
            np.testing.assert_array_equal(file.frames()[:, 0], np.fft.irfft(data))
        else:
            np.testing.assert_array_equal(file.frames()[:, 0], data)
            np.testing.assert_array_equal(file.frames([4, 1])[:, 0], data[[4, 1]])
        assert file["/acquisition/gradient"][0, 0].tolist() == np.diag([1.0, 1.0, -2.0]).tolist()
        assert file["/acquisition/drivefield/strength"].shape == (1, 2, 1)
        assert file["/time"] == "2016-01-01T00:00:00"
        assert file["/experiment/isSimulation"] == 1
        if kind == "calibration":
            system = mdf_system(file, channels=[2], snr_threshold=0.5)
            columns = data[system.placement.columns, 1].T / points
            np.testing.assert_allclose(system.matrix, columns)


def test_integers_are_converted_to_volts(path, small_system):
    u = small_system.spectra(np.eye(11), dtype="float64")
    mpifast.write_mdf(path, u, small_system, domain="time")
    with h5py.File(path, "r+") as file:
        signal = file["measurement/data"][()]
        factor = np.abs(signal).max() / 2**30
        change_to = np.round((signal - 0.5) / factor).astype(np.int32)
        del file["measurement/data"], file["acquisition/receiver/dataConversionFactor"]
        file["measurement/data"] = change_to
        file["acquisition/receiver/dataConversionFactor"] = [[factor, 0.5]]
    with mpifast.read_mdf(path) as file:
        np.testing.assert_allclose(file.frames(), signal, atol=factor)
        np.testing.assert_allclose(file.frames(domain="fourier"), np.fft.rfft(signal), atol=40 * factor)


def test_conversion_of_frequencies(path, small_system):
    mpifast.write_mdf(path, small_system.spectra(np.eye(11)), small_system)
    with mpifast.read_mdf(path) as file:
        before = file.frames()
    change(path, acquisition__receiver__dataConversionFactor=[[2.0, 0.25]])
    with mpifast.read_mdf(path) as file:
        np.testing.assert_array_equal(file.frames(), 2 * before + 32 * 0.25 * (np.arange(17) == 0))


def test_selected_frequencies(path, small_system):
    mpifast.write_mdf(path, small_system)
    with h5py.File(path) as file:
        data = file["measurement/data"][()]
    change(
        path,
        measurement__data=data[:, :, [2, 4, 7]],
        measurement__isFrequencySelection=np.int8(1),
        measurement__frequencySelection=[3, 5, 8],
    )
    change(path, calibration__snr=np.ones((1, 1, 3)))
    assert mpifast.check_mdf(path) == []
    with mpifast.read_mdf(path) as file:
        assert file.frequencies.tolist() == [40e3, 80e3, 140e3]
        np.testing.assert_array_equal(mdf_system(file).real, small_system.real[[1, 3, 6]])
        with pytest.raises(ValueError, match="holds selected frequencies: they have no signal in time"):
            file.frames(domain="time")
        with pytest.raises(ValueError, match="14 harmonics do not fit its 3 frequencies"):
            file.system_matrix()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": None}, r"file\.mdf is not an MDF file: it has no /version"),
        ({"measurement__data": None}, "has neither /measurement/data nor /reconstruction/data"),
        ({"measurement__data": "text"}, "/measurement/data: its type is string, expected numbers"),
        ({"measurement__data": np.zeros((1, 1, 17, 11))}, "expected complex numbers: isFourierTransformed is set"),
        ({"measurement__data": np.zeros((17, 11), complex)}, "expected four axes"),
        ({"measurement__data": np.zeros((1, 1, 16, 11), complex)}, "has 16 values a period, expected 17"),
        ({"measurement__isFourierTransformed": np.int8(0)}, "is complex128.*expected real numbers"),
        (
            {"acquisition__receiver__numSamplingPoints": None},
            "has no /acquisition/receiver/numSamplingPoints: mpifast mdf check lists",
        ),
        ({"acquisition__receiver__numSamplingPoints": np.int64(2**62)}, "values a period"),
        ({"acquisition__receiver__numSamplingPoints": "many"}, "numSamplingPoints: it is text, expected int64"),
        ({"acquisition__receiver__numSamplingPoints": np.nan}, "numSamplingPoints: it is not a whole number"),
        (
            {"acquisition__receiver__dataConversionFactor": np.ones((2, 2))},
            "expected \\(a, b\\) for each of 1 channels",
        ),
        (
            {"measurement__isFrequencySelection": np.int8(1), "measurement__frequencySelection": np.arange(17)},
            "is not within 1 to 17",
        ),
        ({"acquisition__receiver__numSamplingPoints": np.arange(3)}, "its shape is \\[3\\], expected a scalar"),
    ],
)
def test_files_that_are_not_what_they_should_be(path, small_system, changes, message):
    mpifast.write_mdf(path, small_system)
    change(path, **changes)
    with pytest.raises(ValueError, match=message):
        mpifast.read_mdf(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"acquisition__receiver___harmonics": None},
            "has no /acquisition/receiver/_harmonics: it is not of a mpifast.SystemMatrix",
        ),
        ({"acquisition__receiver___harmonics": np.int64(17)}, "17 harmonics do not fit"),
        ({"tracer___diameters": np.nan}, "/tracer/_diameters is nan, expected one number"),
        ({"tracer___diameters": -1.0}, "diameter=-1.0 is out of range"),
        ({"acquisition___voxels": np.int64(12)}, "12 voxels, 11 frames"),
        ({"acquisition__gradient": None}, "gradient, strength or divider are missing or empty"),
        ({"measurement__isSparsityTransformed": np.int8(1)}, "compressed by a sparsity transformation"),
    ],
)
def test_system_matrices_that_are_not_ours(path, small_system, changes, message):
    mpifast.write_mdf(path, small_system)
    change(path, **changes)
    with mpifast.read_mdf(path) as file, pytest.raises(ValueError, match=message):
        file.system_matrix()


VALUES = [
    "text",
    np.array(["a", "b"], dtype=h5py.string_dtype()),
    np.int64(-1),
    np.int64(2**62),
    np.uint64(2**64 - 1),
    np.nan,
    -np.inf,
    1 + 2j,
    np.zeros(0),
    np.zeros((0, 3), np.int64),
    np.full(3, 2**62),
    np.zeros((2, 1, 2, 1, 2)),
    np.full(40, 2**61 - 1),
    h5py.Empty("f8"),
]


@pytest.fixture(scope="module")
def content(small_system, tmp_path_factory):
    """The bytes of a calibration file."""
    path = tmp_path_factory.mktemp("content") / "system.mdf"
    mpifast.write_mdf(path, small_system)
    return path.read_bytes()


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_any_value_anywhere_is_read_or_refused(path, content, name):
    """Documented errors only; and the validator always has an answer."""
    for value in VALUES[sorted(FIELDS).index(name) % 7 :: 7]:  # two at each name: every value is tried at many
        path.write_bytes(content)
        change(path, **{name[1:]: value})
        assert isinstance(mpifast.check_mdf(path), list)
        with contextlib.suppress(ValueError), mpifast.read_mdf(path) as file:
            for read in (
                file.__repr__,
                file.frames,
                lambda file=file: file.frequencies,
                file.system_matrix,
                lambda file=file: mdf_system(file),
            ):
                with contextlib.suppress(ValueError):
                    read()
            file.get(name)


def test_the_wrong_kind_of_file(path, small_system):
    mpifast.write_mdf(path, small_system.spectra(np.eye(11)), small_system)
    with mpifast.read_mdf(path) as file:
        with pytest.raises(ValueError, match=r"file\.mdf has no system matrix: it is a measurement file"):
            file.system_matrix()
        with pytest.raises(ValueError, match=r"file\.mdf has no system matrix.*give a calibration file"):
            mdf_system(file)
        with pytest.raises(ValueError, match="has no images: it is a measurement file"):
            file.images()


@pytest.mark.parametrize(
    ("frames", "domain", "error", "message"),
    [
        ([11], None, ValueError, "frames=.11. is out of range: file.mdf has frames 0 to 10"),
        ([-1], None, ValueError, "out of range"),
        (range(2**60), None, ValueError, "out of range"),
        ([0.5], None, TypeError, "frames must be a slice or a list of integers"),
        (3, None, TypeError, "frames must be"),
        (None, "space", ValueError, "domain='space' is unknown"),
    ],
)
def test_bad_arguments(path, small_system, frames, domain, error, message):
    mpifast.write_mdf(path, small_system.spectra(np.eye(11)), small_system)
    with mpifast.read_mdf(path) as file, pytest.raises(error, match=message):
        file.frames(frames, domain)
