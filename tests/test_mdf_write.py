"""MDF files that we write, judged by h5dump against the format's table; metadata, refusals, nothing half written."""

import os
import re
import shutil
import subprocess

import h5py
import numpy as np
import pytest

import mpifast

INT, DOUBLE, FLAG, TEXT = "H5T_STD_I64LE", "H5T_IEEE_F64LE", "H5T_STD_I8LE", "H5T_STRING"
PAIR = "H5T_COMPOUND H5T_IEEE_F64LE r H5T_IEEE_F64LE i"
SINGLE_PAIR = "H5T_COMPOUND H5T_IEEE_F32LE r H5T_IEEE_F32LE i"
# 11 voxels, 14 harmonics, so 32 samples and 17 frequencies: types and shapes from the tables of the specification.
COMMON = {
    **dict.fromkeys(["/version", "/uuid", "/time"], (TEXT, ())),
    **dict.fromkeys([f"/study/{name}" for name in ("name", "uuid", "description")], (TEXT, ())),
    **dict.fromkeys([f"/experiment/{name}" for name in ("name", "uuid", "description", "subject")], (TEXT, ())),
    **dict.fromkeys(
        [f"/scanner/{name}" for name in ("facility", "manufacturer", "name", "operator", "topology")], (TEXT, ())
    ),
    **dict.fromkeys([f"/tracer/{name}" for name in ("name", "batch", "vendor", "solute")], (TEXT, (1,))),
    **dict.fromkeys([f"/tracer/{name}" for name in ("concentration", "volume")], (DOUBLE, (1,))),
    **dict.fromkeys(["/study/number", "/experiment/number"], (INT, ())),
    "/experiment/isSimulation": (FLAG, ()),
    "/acquisition/startTime": (TEXT, ()),
    **dict.fromkeys([f"/acquisition/{name}" for name in ("numAverages", "numFrames", "numPeriodsPerFrame")], (INT, ())),
    "/acquisition/gradient": (DOUBLE, (1, 1, 3, 3)),
    "/acquisition/offsetField": (DOUBLE, (1, 1, 3)),
    "/acquisition/drivefield/numChannels": (INT, ()),
    "/acquisition/drivefield/baseFrequency": (DOUBLE, ()),
    "/acquisition/drivefield/cycle": (DOUBLE, ()),
    "/acquisition/drivefield/divider": (INT, (1, 1)),
    "/acquisition/drivefield/strength": (DOUBLE, (1, 1, 1)),
    "/acquisition/drivefield/phase": (DOUBLE, (1, 1, 1)),
    "/acquisition/drivefield/waveform": (TEXT, (1, 1)),
    "/acquisition/receiver/numChannels": (INT, ()),
    "/acquisition/receiver/numSamplingPoints": (INT, ()),
    "/acquisition/receiver/bandwidth": (DOUBLE, ()),
    "/acquisition/receiver/unit": (TEXT, ()),
    "/acquisition/receiver/dataConversionFactor": (DOUBLE, (1, 2)),
    **dict.fromkeys(
        [
            f"/measurement/is{name}"
            for name in (
                "BackgroundCorrected",
                "FastFrameAxis",
                "FourierTransformed",
                "FramePermutation",
                "FrequencySelection",
                "SparsityTransformed",
                "SpectralLeakageCorrected",
                "TransferFunctionCorrected",
            )
        ],
        (FLAG, ()),
    ),
}
CALIBRATION = {
    "/measurement/data": (PAIR, (1, 1, 17, 11)),
    "/measurement/isBackgroundFrame": (FLAG, (11,)),
    "/measurement/framePermutation": (INT, (11,)),
    "/calibration/method": (TEXT, ()),
    "/calibration/size": (INT, (3,)),
    "/calibration/fieldOfView": (DOUBLE, (3,)),
    "/calibration/fieldOfViewCenter": (DOUBLE, (3,)),
    "/calibration/order": (TEXT, ()),
    "/calibration/deltaSampleSize": (DOUBLE, (3,)),
    "/calibration/snr": (DOUBLE, (1, 1, 17)),
}
SAMPLES = {"/measurement/data": (DOUBLE, (8, 1, 1, 32)), "/measurement/isBackgroundFrame": (FLAG, (8,))}
SPECTRA = {"/measurement/data": (SINGLE_PAIR, (8, 1, 1, 17)), "/measurement/isBackgroundFrame": (FLAG, (8,))}


@pytest.fixture
def spectra(small_system):
    return mpifast.Spectra(small_system, seed=1)[:6]


def write(path, small_system, spectra, kind):
    u, c = spectra
    if kind == "calibration":
        mpifast.write_mdf(path, small_system)
    else:
        mpifast.write_mdf(path, u, small_system, domain=kind, background=np.zeros((2, 14)), phantoms=c)


def listing(path):
    """Type, shape and storage of every dataset, from h5dump's text."""
    lines = subprocess.run(
        ["h5dump", "-H", "-p", str(path)], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    found, names, current = {}, [], None
    for line in lines:
        words = line.split()
        if words[:1] in (["GROUP"], ["DATASET"]):
            current = "/".join([*[name for name in names if name], words[1].strip('"')]).replace("//", "/")
            found[current] = [] if words[0] == "DATASET" else None
            names.append(words[1].strip('"/'))
        elif line.rstrip().endswith("{") and "}" not in line:
            names.append("")
        if current in found and found[current] is not None:
            found[current].append(line.strip())
        if line.strip() == "}":
            names.pop()
    result = {}
    for name, text in found.items():
        if text is None:
            continue
        text = " ".join(text)
        kind = re.search(r"DATATYPE\s+(H5T_\w+)", text)[1]
        members = re.findall(r'(H5T_IEEE_\w+) "(\w)"', text)
        shape = (
            ()
            if "DATASPACE  SCALAR" in text
            else tuple(map(int, re.search(r"SIMPLE \{ \(([\d, ]+)\)", text)[1].split(",")))
        )
        plain = "CONTIGUOUS" in text and "FILTERS { NONE }" in text
        result["/" + name.lstrip("/")] = (
            " ".join([kind, *(word for member in members for word in member)]),
            shape,
            plain,
        )
    return result


@pytest.mark.skipif(
    shutil.which("h5dump") is None, reason="h5dump, the HDF5 library's own tool (hdf5-tools), is not installed"
)
@pytest.mark.parametrize(("kind", "own"), [("calibration", CALIBRATION), ("time", SAMPLES), ("fourier", SPECTRA)])
def test_types_shapes_and_storage_by_h5dump(kind, own, small_system, spectra, tmp_path):
    write(tmp_path / "file.mdf", small_system, spectra, kind)
    found = listing(tmp_path / "file.mdf")
    expected = {**COMMON, **own}
    ours = {name for name in found if "/_" in name}
    assert set(found) - ours == set(expected)
    assert {name: found[name][:2] for name in expected} == expected
    assert all(plain for _, _, plain in found.values())


def test_values_that_readers_go_by(small_system, tmp_path):
    mpifast.write_mdf(tmp_path / "system.mdf", small_system)
    with h5py.File(tmp_path / "system.mdf") as file:
        value = {name: file[name][()] for name in COMMON | CALIBRATION}
        assert "driveField" not in file["acquisition"]
        assert len(file.attrs) == 0
        assert file["/measurement/data"].id.get_offset() % 64 == 0  # mapped by pages and read as 16-byte numbers
    assert re.fullmatch(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}", value["/time"])
    assert value["/measurement/framePermutation"].tolist() == list(range(1, 12))
    assert (
        value["/acquisition/drivefield/baseFrequency"] / value["/acquisition/drivefield/divider"][0, 0]
        == small_system.scanner.drive_frequency
    )
    assert (
        value["/acquisition/receiver/numSamplingPoints"]
        == 2 * value["/acquisition/receiver/bandwidth"] * value["/acquisition/drivefield/cycle"]
    )
    size, view, centre = (value[f"/calibration/{name}"][0] for name in ("size", "fieldOfView", "fieldOfViewCenter"))
    voxels = np.arange(1, size + 1)
    np.testing.assert_allclose(
        centre + view / 2 * (-1 + (2 * voxels - 1) / size), small_system.positions, rtol=0, atol=1e-17
    )
    assert np.argmax(value["/calibration/snr"]) == np.argmax(np.abs(small_system.matrix).sum(axis=1)) + 1
    assert value["/calibration/snr"][0, 0, 0] == value["/calibration/snr"][0, 0, 15] == 0


def test_the_signal_in_time_is_the_voltage(small_system, tmp_path):
    """-d/dt of mu0 Ms L(beta (G x + A cos)), by differences, for a coil of the documented sensitivity: the period in
    m^2.
    """
    mpifast.write_mdf(
        tmp_path / "time.mdf", small_system.spectra(np.eye(11), dtype="float64"), small_system, domain="time"
    )
    with h5py.File(tmp_path / "time.mdf") as file:
        signal = file["/measurement/data"][:, 0, 0]
    scanner, particle, points = small_system.scanner, small_system.particle, signal.shape[1]
    fine = 4096
    time = np.arange(fine) / fine / scanner.drive_frequency
    field = scanner.field(small_system.positions[:, None], time)
    spectrum = np.fft.rfft(particle.saturation_field * mpifast.langevin(particle.beta * field)) / fine
    order = np.arange(points // 2 + 1)
    derivative = -2j * np.pi * scanner.drive_frequency * order * spectrum[:, : order.size] * (order <= 14)
    period = 1 / scanner.drive_frequency
    np.testing.assert_allclose(
        signal, period * np.fft.irfft(derivative * points, points), atol=1e-9 * np.abs(signal).max()
    )


def test_metadata(small_system, tmp_path):
    metadata = {
        "/study/name": "bars",
        "/tracer/name": ["perimag"],
        "/scanner/_room": 21.5,
        "/_notes/first": "äöü",
        "/scanner/boreSize": 0.12,
    }
    mpifast.write_mdf(tmp_path / "system.mdf", small_system, metadata=metadata)
    assert mpifast.check_mdf(tmp_path / "system.mdf") == []
    with mpifast.read_mdf(tmp_path / "system.mdf") as file:
        assert [file[name] for name in ("/study/name", "/scanner/_room", "/_notes/first", "/scanner/boreSize")] == [
            "bars",
            21.5,
            "äöü",
            0.12,
        ]
        assert file["/tracer/name"].tolist() == ["perimag"]


@pytest.mark.parametrize(
    ("metadata", "error", "message"),
    [
        ([("/study/name", "x")], TypeError, "metadata must be a mapping"),
        ({"study/name": "x"}, ValueError, "metadata has the name 'study/name': give the dataset's path"),
        (
            {"/study/title": "x"},
            ValueError,
            "'/study/title', which is not in the format: begin names of your own with an underscore",
        ),
        ({"/acquisition/gradient": np.eye(3)}, ValueError, "'/acquisition/gradient', which follows from the data"),
        ({"/study/name": 3}, TypeError, "/study/name must be string, got 3"),
        ({"/study/number": 3.5}, ValueError, "/study/number=3.5 does not fit its type in the format, int64"),
        ({"/study/number": "three"}, TypeError, "/study/number must be int64, got 'three'"),
        ({"/study/uuid": "x"}, ValueError, r"system\.mdf would not be valid: /study/uuid: 'x' is not a UUID"),
        ({"/tracer/name": ["a", "b"]}, ValueError, "would not be valid: /tracer/batch"),
        ({"/acquisition/startTime": "2024-01-01T00:00:00Z"}, ValueError, "no Z"),
        ({"/_own": object()}, TypeError, "/_own must be text or numbers"),
        ({"/tracer//_own": 1.0}, ValueError, "leave out empty parts and dots"),
        ({"/scanner/../tracer/_diameters": 1e-9}, ValueError, "leave out empty parts and dots"),
        ({"/_own/": 1.0}, ValueError, "leave out empty parts and dots"),
        ({"/study/name/_own": 1.0}, ValueError, "but /study/name is a dataset: choose another name"),
        ({"/_own": 1.0, "/_own/part": 2.0}, ValueError, "is a dataset: choose another name"),
    ],
)
def test_bad_metadata_overwrite_nothing(metadata, error, message, small_system, tmp_path):
    path = tmp_path / "system.mdf"
    path.write_bytes(b"old")
    with pytest.raises(error, match=message):
        mpifast.write_mdf(path, small_system, metadata=metadata)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["system.mdf"]


OURS = [
    "/_mpifast/system",
    "/_mpifast/version",
    "/_mpifast",
    "/_mpifast/other",
    "/tracer/_diameters",
    "/tracer/_diameters/part",
    "/tracer/_model",
    "/tracer/_saturationMagnetization",
    "/tracer/_temperature",
    "/acquisition/_voxels",
    "/acquisition/receiver/_harmonics",
    "/calibration/_tolerance",
    "/calibration/_nodes",
    "/measurement/_phantoms",
]


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("kind", ["calibration", "fourier"])
def test_what_mpifast_states_itself_is_not_overridden(kind, name, small_system, spectra, tmp_path):
    """A diameter among the metadata was read back as the particle's, and a system's fingerprint as the system's."""
    content = (small_system,) if kind == "calibration" else (spectra[0], small_system)
    with pytest.raises(ValueError, match=rf"metadata has the name '{name}', but .* is mpifast's own and follows"):
        mpifast.write_mdf(tmp_path / "file.mdf", *content, metadata={name: 20e-9})
    assert os.listdir(tmp_path) == []


def test_every_name_of_ours_is_reserved(small_system, spectra, tmp_path):
    from mpifast.io.mdf.format import OWN
    from mpifast.io.mdf.reconstruct import reconstruct_file, write_reconstruction

    mpifast.write_mdf(tmp_path / "matrix.mdf", small_system)
    mpifast.write_mdf(tmp_path / "other.mdf", mpifast.linear_system([[1.0, 2.0]], numbers=[3], frequencies=[3.0]))
    plane = mpifast.linear_system([[1.0, 2.0]], mpifast.Grid((2, 1), (1e-3, 1e-3)), numbers=[3], frequencies=[3.0])
    mpifast.write_mdf(tmp_path / "plane.mdf", plane)
    mpifast.write_mdf(tmp_path / "measurement.mdf", spectra[0], small_system, phantoms=spectra[1])
    found = reconstruct_file(tmp_path / "measurement.mdf", tmp_path / "matrix.mdf", "tikhonov")
    write_reconstruction(tmp_path / "images.mdf", found)
    names = set()
    for path in tmp_path.iterdir():
        with h5py.File(path) as file:
            file.visit(lambda name: names.add(f"/{name}"))
    ours = {name for name in names if "/_" in name and not name.startswith("/_mpifast/")}
    # These are of scanners on a grid, and of tracers that are more than their diameter.
    assert ours | {"/calibration/_error", "/tracer/_particle"} == set(OWN)


def test_bad_input(small_system, spectra, tmp_path):
    path, (u, c) = tmp_path / "file.mdf", spectra
    cases = [
        (
            (tmp_path / "file.hdf5", small_system),
            {},
            ValueError,
            "ends in '.hdf5': readers need one of .mdf, .hdf, .h5",
        ),
        ((path, small_system, small_system), {}, ValueError, "system does not belong to a system matrix"),
        ((path, small_system), {"phantoms": c}, ValueError, "phantoms does not belong to a system matrix"),
        ((path, u), {}, ValueError, "system=None: give the system that the spectra are of"),
        ((path, u, small_system.real), {}, TypeError, "system must be a mpifast.LinearSystem"),
        ((path, u[:, :5], small_system), {}, ValueError, "spectra has 5 harmonics, expected 14"),
        ((path, u * np.nan, small_system), {}, ValueError, "spectra is not finite"),
        ((path, u, small_system), {"domain": "frequency"}, ValueError, "domain='frequency' is unknown"),
        ((path, u, small_system), {"background": u[0]}, ValueError, "background must have two dimensions"),
        ((path, u, small_system), {"phantoms": c[:2]}, ValueError, "phantoms has 2 rows, expected 6"),
        ((path, u[:0], small_system), {}, ValueError, "spectra is empty"),
        ((path, np.full((1, 14), 1e308), small_system), {}, ValueError, "spectra is not finite"),
    ]
    for arguments, options, error, message in cases:
        with pytest.raises(error, match=re.escape(message)):
            mpifast.write_mdf(*arguments, **options)
    assert os.listdir(tmp_path) == []


def test_missing_h5py_names_the_extra(run_python):
    for call in ("mpifast.read_mdf('x.mdf')", "mpifast.check_mdf('x.mdf')", "mpifast.write_mdf"):
        done = run_python("-c", f"import sys; sys.modules['h5py'] = None; import mpifast; {call}")
        assert 'pip install "mpifast[mdf]"' in done.stderr
