"""Background frames of measurement and calibration files, as noise of the system they belong to."""

import numpy as np
import pytest
from mdf_by_hand import BACKGROUNDS, write_measurement, write_system_matrix

import mpifast
from mpifast.cli import main


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory):
    """A folder with a calibration file and a measurement that mpifast has not written."""
    folder = tmp_path_factory.mktemp("background")
    write_system_matrix(folder / "system.mdf", np.random.default_rng(1))
    write_measurement(folder / "scan.mdf", np.random.default_rng(2), frames=30)
    return folder


@pytest.fixture(scope="module")
def measured(by_hand):
    with mpifast.read_mdf(by_hand / "system.mdf") as file:
        return file.system(snr=20.0, band=(30e3, 300e3))


@pytest.fixture(scope="module")
def planar():
    """A scanner of two channels, twelve rows."""
    scanner = mpifast.LissajousScanner(mpifast.Grid((6, 5), (20e-3, 20e-3)), phase=(1.0, 2.0, 0.5), channels=("x", "y"))
    whole = mpifast.system_matrix(scanner, mpifast.Particle(20e-9), mixing_order=3)
    return whole.select(np.flatnonzero(whole.rows["number"] > 0)[:12])


def frames_of(random, count, system):
    shape = count, len(system.rows)
    return random.normal(size=shape) + 1j * random.normal(size=shape)


@pytest.mark.parametrize("domain", ["fourier", "time"])
def test_frames_come_back_at_the_rows_of_the_system(planar, random, domain, tmp_path):
    u, empty = frames_of(random, 3, planar), frames_of(random, 8, planar)
    mpifast.write_mdf(tmp_path / "scan.mdf", u, planar, background=empty, domain=domain)
    with mpifast.read_mdf(tmp_path / "scan.mdf") as file:
        found = file.background(planar)
        few = planar.select([2, 5, 9])
        np.testing.assert_allclose(found, empty, atol=1e-6)
        np.testing.assert_array_equal(file.background(few), found[:, [2, 5, 9]])
        np.testing.assert_array_equal(file.background(planar.rows[[5, 2, 9]]), found[:, [5, 2, 9]])
        np.testing.assert_allclose(file.background(planar, frames=[0, 1]), u[:2], atol=1e-6)
        np.testing.assert_allclose(file.background(planar, slice(None)), np.concatenate([u, empty]), atol=1e-6)


def test_of_one_dimension(small_system, random, tmp_path):
    empty = random.normal(size=(20, 14))
    mpifast.write_mdf(tmp_path / "scan.mdf", np.zeros((1, 14)), small_system, background=empty)
    mpifast.write_mdf(tmp_path / "system.mdf", small_system)
    with mpifast.read_mdf(tmp_path / "scan.mdf") as file, mpifast.read_mdf(tmp_path / "system.mdf") as calibration:
        for system in (small_system, calibration.system(), calibration.system(band=(50e3, None))):
            found = system.to_real(file.background(system))
            np.testing.assert_allclose(found, empty[:, system.rows["number"] - 1], atol=1e-12)


def test_files_of_others(by_hand, measured):
    """The scaling is that of the spectra of a measurement, and the empty calibration frames are those of the file."""
    with mpifast.read_mdf(by_hand / "scan.mdf") as file:
        empty = file.background(measured)
        assert empty.shape == (10, len(measured.rows))
        spectra = measured.to_complex(measured.spectra(file, frames=[2, 5], background="keep"))
        np.testing.assert_allclose(empty[:2], spectra, rtol=1e-12)
        np.testing.assert_allclose(file.background(measured.rows), empty, rtol=1e-12)
    with mpifast.read_mdf(by_hand / "system.mdf") as file:
        own = file.background(measured)
        raw = np.asarray(file.frames(slice(-BACKGROUNDS, None)))[:, 0] / file.data.points
    assert len(own) == BACKGROUNDS
    k = 3
    row = measured.rows[k]
    np.testing.assert_allclose(own[:, k], raw[:, row["channel"], row["number"]], rtol=1e-12)


def test_spectra_of_a_measured_system_with_its_own_noise(by_hand, measured):
    with mpifast.read_mdf(by_hand / "scan.mdf") as file:
        frames = file.background(measured)
    spectra = mpifast.Spectra(measured, seed=7, noise=mpifast.noise.measured(frames, shrinkage=0.2), dtype="float64")
    u, c = spectra[:3000]
    n = u - measured.spectra(c, "float64")
    np.testing.assert_allclose(n.std(axis=0), measured.to_real(frames).std(axis=0, ddof=1), rtol=0.15)
    picked = mpifast.noise.measured(frames, "bootstrap", mean="keep").draw(measured, 7, range(20))
    distance = np.abs(picked[:, None] - measured.to_real(frames)).max(axis=2)
    assert distance.min(axis=1).max() <= 1e-6 * np.abs(picked).max()


def test_generate_and_train_with_the_noise_of_a_file(by_hand, measured, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    files = ["--matrix", str(by_hand / "system.mdf"), "--noise-from"]
    assert main(["generate", "data.h5", "--count", "50", *files, str(by_hand / "scan.mdf")]) == 0
    assert "noise=measured(" in capsys.readouterr().out
    kept = mpifast.open_spectra("data.h5").settings["noise"]["terms"][0]
    assert kept["name"] == "measured"
    assert kept["shrinkage"] == 0.2
    own = [*files, str(by_hand / "system.mdf"), "--snr-db", "30", "--shrinkage", "0.5"]
    assert main(["generate", "own.h5", "--count", "50", *own]) == 0
    with mpifast.read_mdf(by_hand / "system.mdf") as file:
        system = file.system()
        noise = mpifast.noise.measured(file.background(system), shrinkage=0.5, snr_db=30.0)
    expected = mpifast.Spectra(system, noise=noise)
    np.testing.assert_array_equal(mpifast.open_spectra("own.h5")[:][0], expected[:50][0])
    training = ["train", "net.npz", "--count", "60", "--validation", "0", "--epochs", "1"]
    assert main([*training, *files, str(by_hand / "scan.mdf")]) == 0
    capsys.readouterr()
    for wrong, message in (
        (["--shrinkage", "0.1"], "--shrinkage=0.1 is of --noise-from"),
        (["--noise-from", "nothing.mdf"], "nothing.mdf"),
        (["--noise-from", str(by_hand / "scan.mdf"), "--data", "data.h5"], "does not go with --data"),
    ):
        assert main([*training, *wrong]) != 0
        assert message in capsys.readouterr().err


def test_errors(planar, small_system, measured, by_hand, random, tmp_path):
    mpifast.write_mdf(tmp_path / "plain.mdf", frames_of(random, 3, planar), planar)
    mpifast.write_mdf(tmp_path / "one.mdf", frames_of(random, 3, planar), planar, background=np.ones((1, 12)) + 0j)
    with mpifast.read_mdf(tmp_path / "plain.mdf") as file:
        with pytest.raises(ValueError, match=r"has no background frames.*frames=slice"):
            file.background(planar)
        with pytest.raises(ValueError, match=r"does not have the frequency .* Hz of row"):
            file.background(small_system)
        with pytest.raises(TypeError, match="system must be a system or its rows, got 3"):
            file.background(3)
        with pytest.raises(ValueError, match="is out of range"):
            file.background(planar, frames=[99])
        rows = planar.rows.copy()
        rows["channel"] = 2
        with pytest.raises(ValueError, match="has 2 receive channels, the rows of the system channels up to 2"):
            file.background(rows)
        with pytest.raises(ValueError, match="does not fit"):
            file.background(measured)
    with mpifast.read_mdf(tmp_path / "one.mdf") as file:
        frames = file.background(planar)
    with pytest.raises(ValueError, match=r"background_frames has shape \(1, 12\): give at least 2"):
        mpifast.noise.measured(frames)
    with pytest.raises(ValueError, match="12 complex columns, the system 14 rows"):
        mpifast.Spectra(small_system, noise=mpifast.noise.measured(np.repeat(frames, 2, axis=0)))
    with mpifast.read_mdf(by_hand / "scan.mdf") as file:
        unknown = measured.rows.copy()
        unknown["frequency"] = np.nan  # then by number
        np.testing.assert_array_equal(file.background(unknown), file.background(measured.rows))
