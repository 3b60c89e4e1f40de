"""Scanners on a grid in MDF files: their acquisition as the format has it, and scanner, tracer and rows read back."""

import contextlib
import re
import tracemalloc

import h5py
import mdf_by_hand
import numpy as np
import pytest
from scanner_systems import SCANNERS, SPACE, lissajous, system_of

import mpifast
from mpifast.io.mdf import columns, rules
from mpifast.io.mdf.reconstruct import reconstruct_file
from mpifast.io.mdf.scanners.acquisition import wrapped

PARTICLE = mpifast.Particle(30e-9)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A calibration file, and a measurement in both domains, of each scanner; the systems by name."""
    folder = tmp_path_factory.mktemp("scanners")
    systems = {}
    for name in SCANNERS:
        system = systems[name] = system_of(name)
        u = system.forward_model(np.eye(system.voxels), dtype="float32")
        mpifast.write_mdf(folder / f"{name}.mdf", system)
        mpifast.write_mdf(folder / f"{name} fourier.mdf", u, system, background=0 * u[:2], phantoms=np.eye(len(u)))
        mpifast.write_mdf(folder / f"{name} time.mdf", u, system, domain="time")
    return folder, systems


@pytest.fixture
def copy(written, tmp_path):
    """A copy of a file, with datasets replaced, or removed by None."""

    def change(name, **changes):
        path = tmp_path / "file.mdf"
        path.write_bytes((written[0] / f"{name}.mdf").read_bytes())
        with h5py.File(path, "r+") as file:
            for dataset, value in changes.items():
                dataset = dataset.replace("__", "/")
                if dataset in file:
                    del file[dataset]
                if value is not None:
                    file[dataset] = value
        return path

    return change


def read_scanner(path):
    with mpifast.read_mdf(path) as file:
        return file.scanner


# ----- what mpifast wrote


@pytest.mark.parametrize("name", SCANNERS)
def test_scanner_particle_and_rows_come_back(written, name):
    folder, systems = written
    system = systems[name]
    with mpifast.read_mdf(folder / f"{name}.mdf") as file:
        assert file.scanner == system.scanner
        assert file.particle == system.particle
        found, again = file.system(), file.system_matrix()
    np.testing.assert_array_equal(found.matrix, system.matrix)
    np.testing.assert_array_equal(found.rows, system.rows)
    assert found.grid == system.grid
    assert found.fingerprint == again.fingerprint == system.fingerprint
    assert "matrix" not in vars(again)  # nothing is computed before it is asked for
    np.testing.assert_array_equal(again.matrix, system.matrix)


@pytest.mark.parametrize("name", SCANNERS)
def test_files_have_no_breach(written, name):
    for kind in ("", " fourier", " time"):
        assert mpifast.check_mdf(written[0] / f"{name}{kind}.mdf") == []


@pytest.mark.parametrize("name", SCANNERS)
def test_spectra_come_back(written, name):
    folder, systems = written
    system = systems[name]
    expected = system.to_complex(system.forward_model(np.eye(system.voxels), dtype="float32"))
    with mpifast.read_mdf(folder / f"{name} fourier.mdf") as file:
        assert file.scanner == system.scanner
        np.testing.assert_array_equal(file.spectra(), expected)
        assert file["/measurement/_phantoms"].shape == (system.voxels, system.voxels)
        with pytest.raises(ValueError, match="has no system matrix: it is a measurement file"):
            file.system_matrix()
    with mpifast.read_mdf(folder / f"{name} time.mdf") as file:
        np.testing.assert_allclose(file.spectra(), expected, atol=1e-12 * abs(expected).max())
        assert file.frames().dtype == np.float64


def test_all_rows_have_the_fingerprint_of_the_computed_system(tmp_path):
    system = mpifast.system_matrix(SCANNERS["one axis"], PARTICLE)
    mpifast.write_mdf(tmp_path / "system.mdf", system)
    with mpifast.read_mdf(tmp_path / "system.mdf") as file:
        assert mpifast.system_matrix(file.scanner, file.particle).fingerprint == system.fingerprint
        assert file.system().fingerprint == system.fingerprint


def test_one_dimensional_files_give_their_scanner(small_system, tmp_path):
    mpifast.write_mdf(tmp_path / "system.mdf", small_system)
    mpifast.write_mdf(tmp_path / "measured.mdf", small_system.spectra(np.eye(11)), small_system)
    for name in ("system.mdf", "measured.mdf"):
        with mpifast.read_mdf(tmp_path / name) as file:
            assert (file.scanner, file.particle) == (small_system.scanner, small_system.particle)


def test_files_of_some_rows_fit_files_of_others(written, tmp_path):
    """Samples and channels follow from the scanner: a matrix of few rows reconstructs spectra of all."""
    folder, systems = written
    system = systems["turning line"]
    mpifast.write_mdf(tmp_path / "few.mdf", system.select(channels=[0]).select(rows=np.arange(30)))
    found = reconstruct_file(folder / "turning line time.mdf", tmp_path / "few.mdf", "tikhonov", alpha=0.0)
    assert found.system.matrix.shape == (30, 24)
    np.testing.assert_allclose(found.residual, 0.0, atol=1e-6)
    other = mpifast.system_matrix(system.scanner, PARTICLE, level=1e-2)
    mpifast.write_mdf(tmp_path / "warmer.mdf", other)
    with (
        mpifast.read_mdf(tmp_path / "warmer.mdf") as matrix,
        mpifast.read_mdf(folder / "turning line time.mdf") as file,
        pytest.warns(mpifast.SystemWarning, match="another tracer"),
    ):
        matrix.system(band=(300e3, None)).spectra(file)


# ----- the acquisition in the format's names


def field_of_file(file, position, part):
    """mu0 H at a position and a part of a period, from the names of the format alone."""
    drive, gradient = file["acquisition/drivefield"], file["acquisition/gradient"][0]
    y = int(part * len(gradient))
    field = gradient[y] @ position + file["acquisition/offsetField"][0, y]
    time = part * drive["cycle"][()]
    for d in range(drive["numChannels"][()]):
        frequency = drive["baseFrequency"][()] / drive["divider"][d, 0]
        angle = 2 * np.pi * frequency * time + drive["phase"][0, d, 0]
        if drive["waveform"][d, 0] == b"sine":
            wave = np.sin(angle)
        else:
            table = drive["customWaveform"][d, 0]
            wave = table[round(angle / (2 * np.pi) * len(table)) % len(table)]
        field[d] += drive["strength"][0, d, 0] * wave
    return field


@pytest.mark.parametrize("name", SCANNERS)
def test_the_field_follows_from_the_names_of_the_format(written, name, random):
    scanner = SCANNERS[name]
    with h5py.File(written[0] / f"{name}.mdf") as file:
        gradients = file["acquisition/gradient"].shape[1]
        assert gradients == (scanner.samples if name in ("turning line", "moving gradient") else 1)
        for index in random.integers(0, scanner.samples, size=20):
            position, part = random.uniform(-0.01, 0.01, 3), index / scanner.samples
            expected = scanner.field(position, part * scanner.period)
            np.testing.assert_allclose(field_of_file(file, position, part), expected, atol=1e-12)


@pytest.mark.parametrize("name", SCANNERS)
def test_acquisition(written, name):
    scanner = SCANNERS[name]
    with h5py.File(written[0] / f"{name}.mdf") as file:
        receiver, drive, calibration = file["acquisition/receiver"], file["acquisition/drivefield"], file["calibration"]
        points, bandwidth, cycle = (
            receiver["numSamplingPoints"][()], receiver["bandwidth"][()], drive["cycle"][()]
        )  # fmt: skip
        assert points == pytest.approx(2 * bandwidth * cycle, rel=1e-12)
        assert points > scanner.samples
        assert cycle == scanner.period
        assert receiver["numChannels"][()] == 1 + max(scanner.channel_axes)
        assert ((drive["phase"][()] >= -np.pi) & (drive["phase"][()] < np.pi)).all()
        assert file["scanner/topology"][()] == (b"FFL" if "line" in name else b"FFP")
        axes = len(scanner.grid.shape)
        assert calibration["size"][()].tolist() == [*scanner.grid.shape, 1, 1][:3]
        assert calibration["fieldOfView"][:axes].tolist() == list(scanner.grid.field_of_view)
        assert calibration["fieldOfViewCenter"][:axes].tolist() == list(scanner.grid.center)
        assert calibration["order"][()] == b"xyz"
        assert file["acquisition/offsetField"].shape == (1, len(file["acquisition/gradient"][0]), 3)


def test_frames_are_written_with_x_fastest(written):
    folder, systems = written
    system = systems["space"]
    with h5py.File(folder / "space.mdf") as file:
        data, chosen = file["measurement/data"][0], file["measurement/frequencySelection"][()] - 1
        points, snr = file["acquisition/receiver/numSamplingPoints"][()], file["calibration/snr"][0]
    expected = np.zeros((3, len(chosen), 24), complex)
    images = system.matrix.reshape(-1, 3, 4, 2).transpose(0, 3, 2, 1).reshape(-1, 24)
    for row, image in zip(system.rows, images, strict=True):
        expected[row["channel"], np.searchsorted(chosen, row["number"])] = points * image
    np.testing.assert_array_equal(data, expected)
    rms = np.sqrt((abs(expected) ** 2).mean(axis=2))
    np.testing.assert_allclose(snr, rms / (system.tolerance * abs(expected).max()), rtol=1e-12)


@pytest.mark.parametrize("phase", [0.0, 3.0, -np.pi, np.pi, 4.0, -4.0, 9.42477796076938, 1e6, -1e6])
def test_phases_are_wrapped(phase):
    found = wrapped(phase)
    assert -np.pi <= found < np.pi
    assert abs(np.exp(1j * found) - np.exp(1j * phase)) < 1e-15
    assert found == phase or not -np.pi <= phase < np.pi


def test_a_zero_on_the_diagonal_is_a_breach_of_a_field_free_point_only(tmp_path):
    scanner = lissajous(gradient=((0.0, 1.0, 1.0), (1.0, 0.0, 1.0), (1.0, 1.0, 0.0)))
    system = mpifast.system_matrix(scanner, PARTICLE, band=(80e3, 100e3))
    mpifast.write_mdf(tmp_path / "system.mdf", system)
    (breach,) = mpifast.check_mdf(tmp_path / "system.mdf")
    assert (breach.dataset, breach.rule) == (
        "/acquisition/gradient", "a zero on the diagonal makes MPIReco.jl divide by it"
    )  # fmt: skip
    assert read_scanner(tmp_path / "system.mdf") == scanner


# ----- memory


def test_blocks_make_the_same_file(tmp_path, monkeypatch):
    """Of single voxels, of parts of a plane, of planes of the grid, of all; nothing stays in memory."""
    scanner = lissajous(SPACE, (-1, -1, 2), (8e-3, 0.0, 0.0), channels=("x", "z"))
    system = mpifast.system_matrix(scanner, PARTICLE, level=1e-2)
    for turn, voxels in enumerate((24, 1, 5, 9)):
        monkeypatch.setattr(columns, "BLOCK", voxels * 16 * len(system.rows))
        mpifast.write_mdf(tmp_path / f"{turn}.mdf", system)
        with h5py.File(tmp_path / "0.mdf") as one, h5py.File(tmp_path / f"{turn}.mdf") as other:
            np.testing.assert_array_equal(one["measurement/data"], other["measurement/data"])
            np.testing.assert_allclose(one["calibration/snr"], other["calibration/snr"], rtol=1e-12)
            assert not other["measurement/data"][0, 1].any()  # no row of y
    assert "matrix" not in vars(system)
    with mpifast.read_mdf(tmp_path / "1.mdf") as file:
        np.testing.assert_array_equal(file.system().matrix, system.matrix)


def test_a_matrix_is_written_without_a_second_copy(tmp_path, monkeypatch, random):
    monkeypatch.setattr(columns, "BLOCK", 2**18)
    monkeypatch.setattr(rules, "BLOCK", 2**14)
    matrix, numbers = random.normal(size=(100, 5000)) + 0j, np.arange(1, 101)
    system = mpifast.linear_system(
        matrix, mpifast.Grid((50, 100), (1.0, 1.0)), numbers=numbers, frequencies=1e3 * numbers
    )
    tracemalloc.start()
    mpifast.write_mdf(
        tmp_path / "system.mdf", system, metadata={"/acquisition/gradient": np.diag([1.0, 1.0, -2.0])[None, None]}
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.4 * matrix.nbytes
    with mpifast.read_mdf(tmp_path / "system.mdf") as file:
        np.testing.assert_array_equal(file.system().matrix, matrix)


# ----- files of others


def stranger(copy, name, **changes):
    """A file without what mpifast alone writes."""
    ours = ["_mpifast", "acquisition/_voxels", "acquisition/receiver/_rows", "calibration/_axes", "tracer/_model"]
    return copy(name, **{dataset.replace("/", "__"): None for dataset in ours}, **changes)


@pytest.mark.parametrize("name", ["cosines", "sines", "space", "turned gradient"])
def test_any_calibration_file_gives_its_lissajous_scanner(copy, written, name):
    path, system = stranger(copy, name), written[1][name]
    found = read_scanner(path)
    for parameter in ("grid", "gradient", "drive_amplitude", "divider", "base_frequency", "offset_field", "channels"):
        assert getattr(found, parameter) == getattr(system.scanner, parameter)
    np.testing.assert_allclose(found.phase, [wrapped(phase) for phase in system.scanner.phase], atol=0)
    with mpifast.read_mdf(path) as file:
        measured = file.system()
    np.testing.assert_array_equal(measured.rows["frequency"] > 0, measured.rows["number"] > 0)


@pytest.mark.parametrize(
    "changes",
    [
        {
            "acquisition__gradient": np.array([[-1.0, -1.0, 2.0]]),
            "acquisition__offsetField": np.array([1e-3, 0.0, 2e-3]),
        },
        {"acquisition__gradient": np.tile(np.diag([-1.0, -1.0, 2.0]), (2, 1, 1, 1))},  # two periods alike
        {"acquisition__drivefield__waveform": "sine", "acquisition__drivefield__divider": np.array([20, 30, 40])},
        {"acquisition__drivefield__strength": np.array([8e-3, 9e-3, 10e-3])},
        {"calibration__order": None, "acquisition__numPeriodsPerFrame": None},
    ],
)
def test_deviations_of_real_files(copy, changes):
    """Other shapes, as the Open MPI data have them."""
    found = read_scanner(stranger(copy, "space", **changes))
    expected = SCANNERS["space"]
    for parameter in ("grid", "gradient", "drive_amplitude", "divider", "offset_field"):
        assert getattr(found, parameter) == getattr(expected, parameter)


def test_a_file_that_mpifast_did_not_write(tmp_path, random):
    mdf_by_hand.write_system_matrix(tmp_path / "system.mdf", random)
    found = read_scanner(tmp_path / "system.mdf")
    assert found == mpifast.LissajousScanner(
        mpifast.Grid((7, 5), (14e-3, 10e-3), (1e-3, -2e-3)),
        (1.0, 1.0, -2.0),
        (9e-3, 8e-3, 0.0),
        (96, 100, 1),
        phase=(0.0, 0.0, np.pi / 2),
    )
    with mpifast.read_mdf(tmp_path / "system.mdf") as file:
        measured, simulated = file.system(snr=1e3), mpifast.system_matrix(found, mpifast.Particle(27e-9))
        with pytest.raises(ValueError, match="has no /tracer/_diameters"):
            file.particle  # noqa: B018
    row = np.flatnonzero((measured.rows["channel"] == 0) & (measured.rows["number"] == 75))[0]
    ours = simulated.select(rows=[75]).matrix[0]  # three times the frequency of x
    likeness = abs(np.vdot(ours, measured.matrix[row]))
    assert likeness > 0.99 * np.linalg.norm(ours) * np.linalg.norm(measured.matrix[row])


OFFSETS = np.array([[[0.0, 0.0, 0.0]], [[0.01, 0.0, 0.0]]])
NOT_DESCRIBED = [
    ("cosines fourier", {}, "it has no grid, as it is a measurement file"),
    ("cosines", {"acquisition__gradient": None}, "has no /acquisition/gradient"),
    ("cosines", {"acquisition__gradient": np.diag([1.0, 1.0, 1.0])}, "gradient has trace 3 T/m"),
    ("cosines", {"acquisition__offsetField": OFFSETS}, "/acquisition/offsetField changes from one period"),
    ("cosines", {"acquisition__drivefield__strength": np.zeros((1, 3, 1))}, "drives no axis"),
    ("cosines", {"acquisition__drivefield__strength": np.ones((1, 2, 1))}, "datasets that do not fit each other"),
    ("cosines", {"acquisition__drivefield__phase": np.full((1, 3, 1), np.nan)}, "phase[0]=nan"),
    ("cosines", {"acquisition__drivefield__divider": np.array([[60], [50], [0]])}, "divider[2]=0"),
    ("cosines", {"acquisition__drivefield__divider": None}, "has no /acquisition/drivefield/divider"),
    ("cosines", {"calibration__fieldOfView": None}, "it does not say where the voxels lie"),
    ("sampled", {}, "the waveform is ['custom', 'custom', 'custom'], expected sines"),
    ("moving gradient", {}, "the waveform is"),
]


@pytest.mark.parametrize(("name", "changes", "message"), NOT_DESCRIBED)
def test_files_that_describe_no_lissajous_scanner_say_why(copy, name, changes, message):
    path = stranger(copy, name, **changes)
    with pytest.raises(ValueError, match=re.escape(message)) as raised:
        read_scanner(path)
    assert str(raised.value).startswith(f"{path} does not describe a mpifast.LissajousScanner: ")


def test_several_frequencies_of_a_channel_are_no_lissajous_scanner(copy):
    twice = {"strength": np.ones((1, 3, 2)), "phase": np.zeros((1, 3, 2)), "divider": np.full((3, 2), 60)}
    path = stranger(copy, "cosines", **{f"acquisition__drivefield__{name}": value for name, value in twice.items()})
    with pytest.raises(ValueError, match="a channel of its drive field has several frequencies"):
        read_scanner(path)


# ----- damaged files


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("cosines", {"_mpifast__scanner__type": "Betatron"}, "of the type 'Betatron', which this version of mpifast"),
        ("cosines", {"_mpifast__scanner__type": np.array([1.0, 2.0])}, "the scanner is of the type"),
        ("cosines", {"_mpifast__scanner__phase": np.full(3, np.nan)}, r"_mpifast/scanner: phase\[0\]=.*nan"),
        ("cosines", {"_mpifast__scanner__grid__shape": None}, "missing 1 required positional argument: 'shape'"),
        ("cosines", {"_mpifast__scanner__grid__center": np.zeros(5)}, "center has 5 entries, expected 2"),
        ("cosines", {"_mpifast__scanner__channels": 3.0}, "channels must be a sequence"),
        ("cosines", {"_mpifast__scanner__divider": None}, "drivefield/divider is not that of the scanner"),
        ("cosines", {"acquisition__gradient": np.diag([1.0, 1.0, -2.0])}, "/acquisition/gradient is not that of"),
        ("turning line", {"_mpifast__scanner__rotation": np.int64(16_777_210)}, "customWaveform is not that of"),
        ("turning line", {"_mpifast__scanner__rotation": np.int64(2**40)}, "rotation=1099511627776 is out of range"),
        ("sampled", {"_mpifast__scanner__drive_field": np.zeros((80, 2))}, "drive_field has 2 components"),
        ("sampled", {"acquisition__drivefield__customWaveform": None}, "customWaveform is not that of the scanner"),
        ("cosines", {"_mpifast__system": "0123456789abcdef"}, "a system that this version of mpifast does not compute"),
        ("cosines", {"calibration___tolerance": None}, "has no /calibration/_tolerance"),
        ("cosines", {"calibration___tolerance": 3.0}, "tolerance=3.0 is out of range"),
        ("cosines", {"calibration___error": 3.0}, "error=3.0 is out of range"),
        ("cosines", {"calibration___error": np.zeros(2)}, "error must be a real number"),
        ("cosines", {"acquisition__receiver___rows": np.array([[0, 12], [1, 10]])}, "does not compute"),
        ("cosines", {"acquisition__receiver___rows": np.array([[0, 12], [0, 10]])}, "with rising numbers"),
        ("cosines", {"acquisition__receiver___rows": np.array([[7, 12]])}, "does not list channels and frequency"),
        ("cosines", {"acquisition__receiver___rows": None}, "the rows are not within the channels 0 to 2"),
        ("cosines", {"tracer___temperature": -1.0}, "temperature=-1.0 is out of range"),
    ],
)
def test_what_was_changed_is_found(copy, name, changes, message):
    path = copy(name, **changes)
    with mpifast.read_mdf(path) as file, pytest.raises(ValueError, match=message):
        file.system_matrix()


@pytest.mark.parametrize("axes", [0, 1, 4, np.nan, "two"])
def test_a_wrong_number_of_axes_is_refused(copy, axes):
    with mpifast.read_mdf(copy("cosines", calibration___axes=axes)) as file, pytest.raises(ValueError, match="_axes"):
        file.system()


VALUES = ["text", np.int64(-1), np.int64(2**62), np.nan, 1 + 2j, np.zeros(0), np.full(3, 2**62), h5py.Empty("f8"), None]


@pytest.mark.parametrize("name", ["turning line", "moving gradient"])
def test_any_value_under_a_name_of_ours_is_read_or_refused(copy, name):
    names = []
    with h5py.File(copy(name)) as file:
        file.visititems(lambda path, item: names.append(path) if isinstance(item, h5py.Dataset) else None)
    ours = [path for path in names if "/_" in f"/{path}"]
    assert len(ours) > 12
    for turn, path in enumerate(ours):
        for value in (VALUES[turn % 9], VALUES[(turn + 4 + len(name) % 3) % 9]):
            with mpifast.read_mdf(copy(name, **{path.replace("/", "__"): value})) as file:
                for read in (lambda: file.scanner, lambda: file.particle, file.system, file.system_matrix):
                    with contextlib.suppress(ValueError):
                        read()
