"""Every part of a tracer in stores and MDF files, and on the command line; what is unknown or damaged is refused."""

import json

import h5py
import numpy as np
import pytest

import mpifast
from mpifast.cli import main
from mpifast.cli._parser import parser
from mpifast.cli._system import computed_system
from mpifast.io.store import layout
from mpifast.physics.tracer import description
from mpifast.physics.tracer.description import particle_facts, particle_from, particle_of_text, particle_text

pytestmark = pytest.mark.filterwarnings("ignore::mpifast.PrecisionWarning")
PARTICLES = {
    "sizes": mpifast.Particle(20e-9, 474e3, 293.0, sizes=mpifast.LogNormal(0.1, "volume")),
    "mixture": mpifast.Particle(20e-9, sizes=mpifast.SizeMixture((0.5, 1.0), (1.0, 2.0))),
    "relaxation": mpifast.Particle(20e-9, relaxation=mpifast.Debye(1e-6)),
    "both": mpifast.Particle(20e-9, sizes=mpifast.SizeMixture((0.8, 1.2), (1.0, 2.0)), relaxation=mpifast.Debye(3e-7)),
}
EVERY = {**PARTICLES, "anisotropy": mpifast.Particle(20e-9, anisotropy=mpifast.Uniaxial(1400.0, (1.0, 2.0, 0.0)))}
GRID = mpifast.LissajousScanner(mpifast.Grid((3, 4), (15e-3, 18e-3)), (-2, -2, 4), (18e-3, 20e-3, 0.0), (6, 5, 4))
LINE = mpifast.Scanner(voxels=5)


def systems(particle):
    return mpifast.system_matrix(LINE, particle, harmonics=6), mpifast.system_matrix(GRID, particle, level=1e-2)


@pytest.mark.parametrize("particle", EVERY.values(), ids=EVERY)
def test_facts_and_text_give_the_particle_back(particle):
    facts = json.loads(json.dumps(particle_facts(particle)))
    assert particle_from(facts) == particle_of_text(particle_text(particle)) == particle
    assert hash(particle_from(facts)) == hash(particle)


@pytest.mark.parametrize("suffix", [".h5", ".zarr"])
@pytest.mark.parametrize("particle", PARTICLES.values(), ids=PARTICLES)
def test_stores_rebuild_the_system(particle, suffix, tmp_path):
    for number, system in enumerate(systems(particle)):
        path = tmp_path / f"{number}{suffix}"
        spectra = mpifast.Spectra(system, seed=7, dtype="float64")
        spectra.save(path, 4)
        stored = mpifast.open_spectra(path)
        assert stored.system.particle == particle
        assert stored.system.fingerprint == stored.fingerprint == system.fingerprint
        np.testing.assert_array_equal(stored.system.matrix, system.matrix)
        np.testing.assert_array_equal(stored[:][0], spectra[:4][0])


@pytest.mark.parametrize("particle", PARTICLES.values(), ids=PARTICLES)
@pytest.mark.parametrize("domain", ["fourier", "time"])
def test_mdf_files_rebuild_the_system_and_the_spectra(particle, domain, tmp_path):
    for system in systems(particle):
        u, _ = mpifast.Spectra(system, seed=7, dtype="float64")[:3]
        mpifast.write_mdf(tmp_path / "system.mdf", system)
        mpifast.write_mdf(tmp_path / "spectra.mdf", u, system, domain=domain)
        assert mpifast.check_mdf(tmp_path / "system.mdf") == mpifast.check_mdf(tmp_path / "spectra.mdf") == []
        with mpifast.read_mdf(tmp_path / "system.mdf") as file:
            assert file.particle == particle
            again = file.system_matrix()
            assert again.fingerprint == system.fingerprint
            np.testing.assert_array_equal(again.matrix, system.matrix)
            assert again.parts == system.parts
            read = file.system()
        with mpifast.read_mdf(tmp_path / "spectra.mdf") as file:
            assert file.particle == particle
            expected = u if not np.iscomplexobj(file.spectra()) else system.to_complex(u)
            np.testing.assert_allclose(file.spectra(), expected, rtol=0, atol=1e-14 * np.abs(u).max())
            found = read.to_complex(read.spectra(file))
        np.testing.assert_allclose(found, system.to_complex(u), rtol=0, atol=1e-14 * np.abs(u).max())


def test_complex_spectra_of_a_line_that_relaxes(tmp_path):
    system = systems(PARTICLES["both"])[0]
    u = system.to_complex(mpifast.Spectra(system, seed=7)[:3][0]).astype(np.complex64)
    mpifast.write_mdf(tmp_path / "spectra.mdf", u, system, background=0 * u[:1])
    with mpifast.read_mdf(tmp_path / "spectra.mdf") as file:
        assert file.spectra().dtype == np.complex64
        np.testing.assert_array_equal(file.spectra(), u)
    with pytest.raises(ValueError, match=r"6 columns, expected 12|real and imaginary parts of the harmonics"):
        mpifast.write_mdf(tmp_path / "spectra.mdf", u.imag, system)


def test_files_of_plain_particles_are_those_of_version_1(tmp_path):
    system = mpifast.system_matrix(LINE, mpifast.Particle(40e-9), harmonics=6)
    mpifast.write_mdf(tmp_path / "plain.mdf", system)
    mpifast.write_mdf(tmp_path / "sizes.mdf", systems(PARTICLES["sizes"])[0])
    with h5py.File(tmp_path / "plain.mdf") as plain, h5py.File(tmp_path / "sizes.mdf") as sizes:
        numbers = {"_diameters", "_saturationMagnetization", "_temperature"}
        assert numbers < set(plain["tracer"])
        assert "_particle" not in plain["tracer"]
        assert not numbers & set(sizes["tracer"])  # an older mpifast finds no particle, not a wrong one
    with mpifast.read_mdf(tmp_path / "plain.mdf") as file:
        assert file.particle == system.particle


BAD = {
    "an unknown part": ('{"diameter": 2e-8, "sizes": {"type": "Gamma", "k": 2}}', "sizes 'Gamma'.*does not know"),
    "an unknown field": ('{"diameter": 2e-8, "sizes": {"type": "LogNormal", "sigma": 0.1, "skew": 1}}', "skew"),
    "an unknown parameter": ('{"diameter": 2e-8, "coating": "dextran"}', "coating.*upgrade mpifast"),
    "no diameter": ("{}", "diameter"),
    "no JSON": ("{", "no JSON"),
    "deep JSON": ("[" * 100_000, "no JSON"),
    "a list": ("[1, 2]", "expected parameters by name"),
    "a part that is text": ('{"diameter": 2e-8, "sizes": "LogNormal"}', "sizes of the particle is 'LogNormal'"),
    "a type that is a list": ('{"diameter": 2e-8, "relaxation": {"type": [1]}}', "does not know"),
    "out of range": ('{"diameter": 2e-8, "sizes": {"type": "LogNormal", "sigma": 7}}', "sigma"),
    "not a number": ('{"diameter": NaN}', "diameter"),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD)
def test_unknown_and_damaged_particles_are_refused(text, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        particle_of_text(text)
    for system in systems(PARTICLES["mixture"]):
        mpifast.write_mdf(tmp_path / "file.mdf", system)
        with h5py.File(tmp_path / "file.mdf", "r+") as file:
            del file["tracer/_particle"]
            file["tracer/_particle"] = text
        with mpifast.read_mdf(tmp_path / "file.mdf") as file:
            for ask in (lambda file=file: file.particle, file.system_matrix):
                with pytest.raises(ValueError, match=rf"(?s)file\.mdf: /tracer/_particle: .*{message}"):
                    ask()


def test_a_text_that_is_a_number_or_too_long():
    for text in (3.0, None, "1" * (description.LONGEST + 1)):
        with pytest.raises(ValueError, match="no JSON text"):
            particle_of_text(text)


@pytest.mark.parametrize("part", ['"sizes": {"type": "Gamma"}', '"coating": 1'])
def test_a_store_of_a_newer_tracer_is_refused(part, tmp_path):
    for number, system in enumerate(systems(PARTICLES["mixture"])):
        path = tmp_path / f"{number}.h5"
        mpifast.Spectra(system, seed=7).save(path, 4)
        with h5py.File(path, "r+") as file:
            settings = json.loads(file.attrs["settings"])
            settings["particle"] |= json.loads("{" + part + "}")
            file.attrs["settings"] = np.bytes_(json.dumps(settings, sort_keys=True))
            stated = {key: file.attrs[key].item() for key in layout.ARRAYS if key != "dtype"}
            stated |= {key: file.attrs[key].decode() for key in ("dtype", "settings")}
            file.attrs["digest"] = np.bytes_(layout._digest(stated))
        stored = mpifast.open_spectra(path)
        assert stored[:][0].shape == (4, len(system.equations))  # the samples are there all the same
        with pytest.raises(ValueError, match="does not know"):
            _ = stored.system


def test_metadata_do_not_override_the_particle(tmp_path):
    system = systems(PARTICLES["sizes"])[0]
    with pytest.raises(ValueError, match="/tracer/_particle is mpifast's own"):
        mpifast.write_mdf(tmp_path / "a.mdf", system, metadata={"/tracer/_particle": "{}"})


def options(*words):
    return computed_system(parser().parse_args(["matrix", "out.npy", "--voxels", "5", "--harmonics", "6", *words]))


def test_options_of_the_command_line():
    words = ["--diameter", "2e-8", "--size-sigma", "0.1", "--size-weighting", "volume", "--relaxation-time", "1e-6"]
    expected = mpifast.Particle(2e-8, sizes=mpifast.LogNormal(0.1, "volume"), relaxation=mpifast.Debye(1e-6))
    assert options(*words).particle == expected
    assert options("--size-sigma", "0.1").particle == mpifast.Particle(40e-9, sizes=mpifast.LogNormal(0.1))
    assert options().particle == mpifast.Particle(40e-9)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--size-weighting", "volume"], "--size-weighting needs --size-sigma"),
        (["--easy-axis", "1,0,0"], "--easy-axis needs --anisotropy"),
        (["--anisotropy", "1400", "--easy-axis", "1,0"], "--easy-axis=.*axis"),
        (["--size-sigma", "2"], "--size-sigma=2.0: sigma"),
        (["--size-sigma", "0.1", "--size-weighting", "mass"], "weighting='mass'"),
        (["--relaxation-time", "-1"], "--relaxation-time=-1.0: tau"),
    ],
)
def test_mistakes_on_the_command_line(words, message):
    with pytest.raises(ValueError, match=message):
        options(*words)


def test_info_says_the_particle(tmp_path, capsys):
    mpifast.write_mdf(tmp_path / "system.mdf", systems(PARTICLES["both"])[0])
    assert main(["info", str(tmp_path / "system.mdf")]) == 0
    assert '"tau": 3e-07' in capsys.readouterr().out


def test_width_of_the_mean():
    line, plain = mpifast.Scanner(), mpifast.Particle(30e-9)
    one = mpifast.Particle(15e-9, sizes=mpifast.SizeMixture((2.0,), (1.0,)))
    assert mpifast.analysis.fwhm(one, line) == pytest.approx(mpifast.analysis.fwhm(plain, line), rel=1e-12)
    wide = mpifast.Particle(30e-9, sizes=mpifast.LogNormal(0.3, "volume"))
    half = 0.5 * mpifast.analysis.fwhm(wide, line) * line.gradient * np.array([1e-7, 1.0])
    step = 1e-7
    slopes = [wide.magnetization([b + step, 0, 0])[0] - wide.magnetization([b - step, 0, 0])[0] for b in half]
    assert slopes[1] / slopes[0] == pytest.approx(0.5, rel=1e-5)
