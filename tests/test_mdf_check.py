"""The validator: quiet on what we write and on a file written by hand; every seeded breach is named, nothing else."""

import h5py
import mdf_by_hand
import numpy as np
import pytest

import mpifast

DRIVE, RECEIVE = "/acquisition/drivefield", "/acquisition/receiver"
TEXT = h5py.string_dtype()


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A file of each kind, by its name: made once, copied for each breach."""
    folder = tmp_path_factory.mktemp("mdf")
    system = mpifast.system_matrix(mpifast.Scanner(voxels=11), mpifast.Particle(40e-9), harmonics=14)
    u, c = mpifast.Spectra(system, seed=1)[:6]
    mpifast.write_mdf(folder / "system.mdf", system)
    mpifast.write_mdf(folder / "fourier.mdf", u, system, background=0 * u[:2], phantoms=c)
    mpifast.write_mdf(folder / "time.mdf", u, system, domain="time")
    return {path.stem: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("kind", ["system", "fourier", "time"])
def test_quiet_on_our_files(written, kind, tmp_path):
    path = tmp_path / "file.mdf"
    path.write_bytes(written[kind])
    assert mpifast.check_mdf(path) == []


def test_quiet_on_files_written_by_hand(random, tmp_path):
    mdf_by_hand.write_system_matrix(tmp_path / "system.mdf", random)
    mdf_by_hand.write_measurement(tmp_path / "measurement.mdf", random)
    assert mpifast.check_mdf(tmp_path / "system.mdf") + mpifast.check_mdf(str(tmp_path / "measurement.mdf")) == []


def delete(*names):
    return lambda file: [file.__delitem__(name) for name in names]


def put(name, value, **options):
    def change(file):
        if name in file:
            del file[name]
        file.create_dataset(name, data=value, **options)

    return change


def edit(name, function, **options):
    return lambda file: put(name, function(file[name][()]), **options)(file)


def move(old, new):
    return lambda file: file.move(old, new)


def both(*changes):
    return lambda file: [change(file) for change in changes]


def spoil(value):
    spoiled = np.array(value)
    spoiled.flat[3] = np.nan
    return spoiled


# Kind of file, the change, the dataset that is named, part of the line.
BREACHES = [
    ("system", delete("/version"), "/version", "missing; add it: string, a scalar"),
    ("system", put("/version", "1.0.5"), "/version", "'1.0.5' is not a version from 2 on"),
    ("system", put("/version", 2.1), "/version", "its type is float64; write it as string"),
    ("system", put("/uuid", "3170fdf8"), "/uuid", "8-4-4-4-12"),
    ("system", put("/time", "2024-05-01T12:00:00.000Z"), "/time", "no Z"),
    ("system", put("/time", "2024-05-01T12:00:00.000+00:00"), "/time", "no offset"),
    ("system", put("/time", "2024-05-01T12:00:00.123456"), "/time", "at most three decimals"),
    ("system", put("/time", "2024-02-30T12:00:00"), "/time", "is not a time that Julia reads"),
    ("system", put("/study/number", np.array([0])), "/study/number", "its shape is [1]; write a scalar"),
    ("system", put("/study/name", np.array(["x"], TEXT)), "/study/name", "write a scalar"),
    ("system", put("/study/number", 0.0), "/study/number", "its type is float64; write it as int64"),
    ("system", put("/experiment/number", np.int32(0)), "/experiment/number", "its type is int32"),
    ("system", put("/experiment/isSimulation", True), "/experiment/isSimulation", "its type is bool; write it as int8"),
    ("system", put("/experiment/isSimulation", np.int64(1)), "/experiment/isSimulation", "its type is int64"),
    ("system", put("/experiment/isSimulation", np.int8(2)), "/experiment/isSimulation", "2 is not 0 or 1"),
    ("system", delete("/scanner"), "/scanner/topology", "missing"),
    ("system", put("/scanner/boreSize", -1.0), "/scanner/boreSize", "-1.0 is not above zero"),
    (
        "system",
        put("/scanner/room", 21.0),
        "/scanner/room",
        "not in the format; begin names of your own with an underscore",
    ),
    ("system", put("/room/temperature", 21.0), "/room", "not in the format"),
    ("system", delete("/tracer/solute"), "/tracer/solute", "missing; add it: string, an array [A]"),
    ("system", put("/tracer/name", "Langevin"), "/tracer/name", "its shape is that of a scalar; write an array [A]"),
    ("system", put("/tracer/volume", np.ones(2)), "/tracer/volume", "make axis 0 1 long (A, by /tracer/name)"),
    ("system", put("/tracer/concentration", np.array([np.inf])), "/tracer/concentration", "NaN or infinity"),
    ("system", put("/tracer/injectionTime", np.array(["now"], TEXT)), "/tracer/injectionTime", "'now' is not a time"),
    (
        "system",
        move("/acquisition/drivefield", "/acquisition/driveField"),
        "/acquisition/driveField",
        "rename it to /acquisition/drivefield",
    ),
    (
        "system",
        move("/acquisition/numPeriodsPerFrame", "/acquisition/numPeriods"),
        "/acquisition/numPeriodsPerFrame",
        "missing",
    ),
    ("system", delete("/acquisition/gradient"), "/acquisition/gradient", "MPIFiles.jl and MPIReco.jl need it"),
    (
        "system",
        put("/acquisition/gradient", np.diag([2.0, -1.0, -1.0])),
        "/acquisition/gradient",
        "write an array [J,Y,3,3]",
    ),
    (
        "system",
        put("/acquisition/gradient", np.diag([2.0, 0.0, -2.0])[None, None]),
        "/acquisition/gradient",
        "zero on the diagonal",
    ),
    (
        "system",
        put("/acquisition/offsetField", np.zeros((1, 2, 3))),
        "/acquisition/offsetField",
        "make axis 1 1 long (Y, by /acquisition/gradient)",
    ),
    ("system", put("/acquisition/numAverages", 0), "/acquisition/numAverages", "0 is not above zero"),
    ("system", put(f"{DRIVE}/divider", np.array([[32.0]])), f"{DRIVE}/divider", "its type is float64"),
    ("system", put(f"{DRIVE}/strength", np.array([[0.032]])), f"{DRIVE}/strength", "write an array [J,D,F]"),
    ("system", put(f"{DRIVE}/phase", np.array([[[3.2]]])), f"{DRIVE}/phase", "3.2 is not in [-pi, pi)"),
    (
        "system",
        put(f"{DRIVE}/waveform", np.array([["cosine"]], TEXT)),
        f"{DRIVE}/waveform",
        "'cosine' is not a waveform",
    ),
    ("system", put(f"{DRIVE}/cycle", 1e-4), f"{DRIVE}/cycle", "least common multiple"),
    ("system", put(f"{DRIVE}/baseFrequency", np.float32(640e3)), f"{DRIVE}/baseFrequency", "its type is float32"),
    ("system", put(f"{RECEIVE}/bandwidth", 1e6), f"{RECEIVE}/numSamplingPoints", "is not 2 bandwidth cycle"),
    (
        "system",
        put(f"{RECEIVE}/dataConversionFactor", np.ones(2)),
        f"{RECEIVE}/dataConversionFactor",
        "write an array [C,2]",
    ),
    (
        "system",
        put(f"{RECEIVE}/transferFunction", np.ones((1, 17))),
        f"{RECEIVE}/transferFunction",
        "its type is float64; write it as complex64 or",
    ),
    (
        "system",
        put(f"{RECEIVE}/transferFunction", np.ones((1, 16), complex)),
        f"{RECEIVE}/transferFunction",
        "make axis 1 17 long (K, by",
    ),
    (
        "system",
        put(f"{RECEIVE}/inductionFactor", np.ones(2)),
        f"{RECEIVE}/inductionFactor",
        "make axis 0 1 long (C, by",
    ),
    ("system", edit("/measurement/data", lambda data: np.moveaxis(data, -1, 0)), "/measurement/data", "[J,C,K,N]"),
    (
        "system",
        edit("/measurement/data", np.imag),
        "/measurement/data",
        "its type is float64; write it as complex64 or complex128",
    ),
    ("system", edit("/measurement/data", spoil), "/measurement/data", "NaN or infinity"),
    ("system", edit("/measurement/data", lambda data: data.astype(">c16")), "/measurement/data", "big-endian"),
    (
        "fourier",
        lambda file: put("/measurement/data", file["/measurement/data"][()], compression="gzip")(file),
        "/measurement/data",
        "stored chunked",
    ),
    (
        "fourier",
        lambda file: put("/measurement/data", file["/measurement/data"][()], chunks=True)(file),
        "/measurement/data",
        "write it contiguous",
    ),
    ("fourier", delete("/measurement/isBackgroundFrame"), "/measurement/isBackgroundFrame", "missing"),
    (
        "fourier",
        put("/measurement/isBackgroundFrame", np.zeros(7, np.int8)),
        "/measurement/isBackgroundFrame",
        "make axis 0 8 long (N, by",
    ),
    ("fourier", put("/measurement/isFastFrameAxis", np.int8(1)), "/measurement/data", "[J,C,K,N]"),
    ("fourier", delete("/measurement/isSparsityTransformed"), "/measurement/isSparsityTransformed", "missing"),
    (
        "fourier",
        put("/measurement/isFrequencySelection", np.int8(1)),
        "/measurement/frequencySelection",
        "though isFrequencySelection is set",
    ),
    (
        "time",
        put("/measurement/isFourierTransformed", np.int8(1)),
        "/measurement/data",
        "write it as complex64 or complex128",
    ),
    (
        "time",
        put("/acquisition/numFrames", 7),
        "/measurement/data",
        "make axis 0 7 long (N, by /acquisition/numFrames)",
    ),
    ("time", delete("/measurement"), "/measurement", "neither measured nor reconstructed data"),
    ("time", put("/acquisition/startTime", "yesterday"), "/acquisition/startTime", "'yesterday' is not a time"),
    (
        "system",
        both(
            put("/measurement/isFrequencySelection", np.int8(1)), put("/measurement/frequencySelection", np.arange(17))
        ),
        "/measurement/frequencySelection",
        "add 1 to indices that count from 0",
    ),
    (
        "system",
        both(
            put("/measurement/isFrequencySelection", np.int8(1)),
            put("/measurement/frequencySelection", np.arange(17) + 10),
        ),
        "/measurement/frequencySelection",
        "26 is beyond the last frequency; count from 1 to 17",
    ),
    (
        "system",
        edit("/measurement/framePermutation", lambda order: order - 1),
        "/measurement/framePermutation",
        "not a permutation of 1 to 11",
    ),
    (
        "system",
        delete("/measurement/framePermutation"),
        "/measurement/framePermutation",
        "missing, though isFramePermutation is set",
    ),
    ("system", delete("/calibration/method"), "/calibration/method", "missing"),
    ("system", put("/calibration/size", np.array([10, 1, 1])), "/calibration/size", "10x1x1 voxels, but 11 frames"),
    ("system", put("/calibration/size", np.array([11, 1])), "/calibration/size", "make axis 0 3 long"),
    (
        "system",
        put("/calibration/fieldOfView", np.array([0.03, 0.0, 0.0])),
        "/calibration/fieldOfView",
        "0.0 is not above zero",
    ),
    ("system", put("/calibration/order", "zzz"), "/calibration/order", "'zzz' is not an order of the axes"),
    ("system", delete("/calibration/snr"), "/calibration/snr", "MPIFiles.jl and MPIReco.jl need it"),
    ("system", edit("/calibration/snr", lambda snr: snr[0]), "/calibration/snr", "write an array [J,C,K]"),
    ("system", edit("/calibration/snr", lambda snr: snr - 1), "/calibration/snr", "-1.0 is not a ratio"),
    (
        "system",
        both(put("/calibration/positions", np.zeros((11, 3))), put("/calibration/offsetFields", np.zeros((11, 3)))),
        "/calibration/positions",
        "given together with offsetFields",
    ),
    (
        "system",
        put("/calibration/offsetFields", np.zeros((10, 3))),
        "/calibration/offsetFields",
        "make axis 0 11 long (O, by",
    ),
    (
        "time",
        both(delete("/measurement"), put("/reconstruction/data", np.zeros((2, 11)))),
        "/reconstruction/data",
        "[Q,P,S]",
    ),
    ("time", put("/reconstruction/isOverscanRegion", np.zeros(5, np.int8)), "/reconstruction/data", "missing"),
    (
        "time",
        lambda file: file.__setitem__("/_soft", h5py.SoftLink("/study")) or move("/study", "/_study")(file),
        "/study/name",
        "missing",
    ),
    (
        "time",
        lambda file: [delete("/study")(file), file.__setitem__("/study", h5py.SoftLink("/_study"))],
        "/study",
        "soft or external link",
    ),
    (
        "time",
        lambda file: [delete("/uuid")(file), file.create_group("/uuid")],
        "/uuid",
        "a group, where the format has a dataset",
    ),
]


# What else a breach breaks, by the beginning of its name.
CONSEQUENCES = {
    "/scanner/topology": "/scanner/",
    "/acquisition/driveField": "/acquisition/drivefield/",
    "/acquisition/numPeriodsPerFrame": "/acquisition/numPeriods",
    "/acquisition/drivefield/cycle": "/acquisition/receiver/numSamplingPoints",
    "/measurement/data": "/measurement/isBackgroundFrame",
    "/reconstruction/data": "/reconstruction/",
    "/study/name": "/study/",
    "/study": "/study/",
}


@pytest.mark.parametrize(
    ("kind", "change", "dataset", "text"), BREACHES, ids=[f"{dataset} {text[:30]}" for _, _, dataset, text in BREACHES]
)
def test_every_breach_is_named(written, kind, change, dataset, text, tmp_path):
    path = tmp_path / "file.mdf"
    path.write_bytes(written[kind])
    with h5py.File(path, "r+") as file:
        change(file)
    found = mpifast.check_mdf(path)
    lines = [str(breach) for breach in found if breach.dataset == dataset]
    assert any(text in line for line in lines), [str(breach) for breach in found]
    assert all(line.count("\n") == 0 and "; " in line for line in map(str, found))
    assert all(
        breach.dataset == dataset or breach.dataset.startswith(CONSEQUENCES.get(dataset, "-")) for breach in found
    ), found


def test_there_are_fifty():
    assert len(BREACHES) >= 50


def test_the_ending_of_the_name(written, tmp_path):
    path = tmp_path / "system.hdf5"
    path.write_bytes(written["system"])
    assert [str(breach) for breach in mpifast.check_mdf(path)] == [
        "system.hdf5: readers go by the ending of the name; rename it to end in .mdf, .hdf, .h5"
    ]


def test_a_calibration_without_measurement(written, tmp_path):
    path = tmp_path / "system.mdf"
    path.write_bytes(written["system"])
    with h5py.File(path, "r+") as file:
        del file["measurement"]
    assert "/measurement: missing, though there is a calibration" in "\n".join(map(str, mpifast.check_mdf(path)))


@pytest.mark.parametrize("content", [b"", b"not HDF5", b"\x89HDF\r\n\x1a\n" + bytes(100)])
def test_other_files_are_an_error(content, tmp_path):
    path = tmp_path / "file.mdf"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"file\.mdf: .*not HDF5"):
        mpifast.check_mdf(path)


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        mpifast.check_mdf(tmp_path / "none.mdf")
