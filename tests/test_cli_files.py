"""The commands that tell of files, or turn one into another: info, verify, predict, export."""

import json
import shutil

import h5py
import numpy as np
import pytest

import mpifast
from mpifast.cli import main
from mpifast.cli._system import SCALINGS, SOLVERS

SMALL = ["--voxels", "11", "--harmonics", "14"]


@pytest.fixture(scope="module")
def made(tmp_path_factory, small_system):
    """One file of each kind."""
    folder = tmp_path_factory.mktemp("files")
    spectra = mpifast.Spectra(small_system, seed=4)
    spectra.save(folder / "data.h5", 300, chunks=100)
    spectra.save(folder / "data.zarr", 300, chunks=100, compression=1)
    u, c = spectra[:200]
    network = mpifast.Network(system=small_system, seed=1)
    network.fit(u, c, epochs=2, checkpoint=folder / "run.npz")
    network.save(folder / "net.npz")
    mpifast.write_mdf(folder / "system.mdf", small_system)
    mpifast.write_mdf(folder / "measured.mdf", u[:5], small_system)
    np.save(folder / "spectra.npy", u)
    return folder


@pytest.fixture
def files(made, tmp_path, monkeypatch):
    """A copy of them in the working directory."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path


def run(capsys, *arguments):
    code = main(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_info_knows_every_kind_of_file(capsys, files, small_system):
    assert run(capsys, "reproduce", "fig2", "--out", "results")[0] == 0
    shutil.copy("data.h5", "unnamed")
    kinds = {
        "data.h5": "store of spectra and phantoms",
        "unnamed": "store of spectra and phantoms",
        "data.zarr": "store of spectra and phantoms",
        "net.npz": "network",
        "run.npz": "checkpoint of a training",
        "system.mdf": "MDF calibration file",
        "measured.mdf": "MDF measurement file",
        "spectra.npy": "array",
        "results": "results of mpifast reproduce",
        "results/results.json": "results of mpifast reproduce",
    }
    code, out, err = run(capsys, "info", *kinds, "--json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert {name: facts["kind"] for name, facts in found.items()} == kinds
    for name in ("data.h5", "data.zarr", "net.npz", "run.npz", "system.mdf", "measured.mdf"):
        assert found[name]["fingerprint"] == small_system.fingerprint, name
    assert (found["data.zarr"]["count"], found["data.zarr"]["compression"]) == (300, 1)
    assert found["run.npz"]["training"]["batch_size"] == 1
    assert found["net.npz"]["units"] == [14, 11]
    assert found["spectra.npy"]["shape"] == [200, 14]
    assert found["system.mdf"]["gradient"][0][0] == [[2.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, -1.0]]
    assert found["results"]["numbers"]["fig2"] > 3
    assert found["data.h5"]["bytes"] == (files / "data.h5").stat().st_size
    code, out, _ = run(capsys, "info", *kinds)
    assert code == 0
    assert "particle.diameter                  4e-08" in out
    assert "np." not in out


def test_info_goes_on_after_a_file_that_it_does_not_know(capsys, files):
    (files / "text.txt").write_text("no file of mpifast")
    (files / "empty").mkdir()
    code, out, err = run(capsys, "info", "text.txt", "empty", "none.h5", "net.npz")
    assert code == 2
    assert out.startswith("net.npz: network\n")
    assert [line.startswith("mpifast: error: ") for line in err.splitlines()] == [True] * 3
    assert "text.txt is no file that mpifast knows: give a store" in err


def test_verify_says_good_or_where_a_store_is_damaged(capsys, files):
    code, out, err = run(capsys, "verify", "data.h5", "data.zarr")
    assert (code, out, err) == (0, "data.h5: good, 300 samples\ndata.zarr: good, 300 samples\n", "")
    with h5py.File("data.h5", "r+") as file:
        for sample in (120, 250):
            file["spectra"][sample, 3] += 1.0
    code, out, err = run(capsys, "verify", "data.h5", "data.zarr")
    assert (code, err) == (1, "")
    assert out.splitlines()[0].startswith("data.h5: damaged in samples 100 to 199, 200 to 299; remove it and save")
    code, out, _ = run(capsys, "verify", "data.h5", "--json")
    assert (code, json.loads(out)) == (1, {"data.h5": {"samples": 300, "damaged": [[100, 199], [200, 299]]}})
    code, out, err = run(capsys, "verify", "none.h5", "net.npz", "data.h5")
    assert code == 2
    assert out.startswith("data.h5: damaged")
    assert err.count("mpifast: error: ") == err.count("\n") == 2


@pytest.mark.parametrize("data", ["data.h5", "data.zarr", "spectra.npy", "measured.mdf"])
def test_predict_gives_the_images_of_the_network(capsys, files, monkeypatch, small_system, data):
    from mpifast.cli import predict

    monkeypatch.setattr(predict, "BATCH", 70)
    count = {"spectra.npy": 200, "measured.mdf": 5}.get(data, 300)
    code, out, err = run(capsys, "predict", "net.npz", data, "--json")
    summary = json.loads(out)
    assert (code, err) == (0, "")
    assert (summary["images"], summary["voxels"], summary["file"]) == (count, 11, f"{data.split('.')[0]}-images.npy")
    u, c = mpifast.Spectra(small_system, seed=4)[:count]
    expected = mpifast.Network.load("net.npz").predict(u)
    images = np.load(summary["file"], allow_pickle=False)
    np.testing.assert_array_equal(images, expected)
    if data.startswith("data"):
        assert summary["mse"] == pytest.approx(mpifast.metrics.mse(expected, c), rel=1e-12)
    else:
        assert summary["mse"] is None


def test_predict_takes_a_part(capsys, files):
    code, out, _ = run(capsys, "predict", "run.npz", "data.h5", "--start", "290", "--count", "5", "--out", "a.npy")
    assert code == 0
    assert out.startswith("a.npy: 5 images of 11 voxels by run.npz, MSE ")
    expected = mpifast.Network.load("net.npz").predict(mpifast.open_spectra("data.h5")[290:295][0])
    np.testing.assert_array_equal(np.load("a.npy"), expected)
    assert run(capsys, "predict", "run.npz", "data.h5", "--start", "300", "--out", "b.npy")[0] == 0
    assert np.load("b.npy").shape == (0, 11)


def test_export_writes_what_the_library_writes(capsys, files, small_system):
    onnxruntime = pytest.importorskip("onnxruntime")
    u, c = mpifast.Spectra(small_system, seed=4)[:300]
    assert run(capsys, "export", "net.npz", "net.onnx")[0] == 0
    session = onnxruntime.InferenceSession("net.onnx", providers=["CPUExecutionProvider"])
    images = session.run(None, {"spectra": u})[0]
    np.testing.assert_allclose(images, mpifast.Network.load("net.npz").predict(u), atol=1e-6)
    code, out, _ = run(capsys, "export", "data.zarr", "some.mdf", "--start", "50", "--count", "1e2", "--json")
    assert (code, json.loads(out)["content"]) == (0, "100 spectra and phantoms of data.zarr")
    with mpifast.read_mdf("some.mdf") as file:
        np.testing.assert_array_equal(file.spectra(), u[50:150])
        np.testing.assert_array_equal(file["/measurement/_phantoms"], c[50:150])
    assert mpifast.check_mdf("some.mdf") == []
    assert run(capsys, "export", "system.mdf", "system.npy")[0] == 0
    np.testing.assert_allclose(np.load("system.npy"), small_system.matrix, rtol=1e-12)
    assert run(capsys, "reconstruct", "measured.mdf", "--matrix", "system.mdf", "--solver", "nnls")[0] == 0
    assert run(capsys, "export", "measured-reconstruction.mdf", "images.npy")[0] == 0
    np.testing.assert_allclose(np.load("images.npy")[:, :, 0], c[:5], atol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("predict net.npz data.h5 --start 301", "--start=301 is out of range: give an integer from 0 to 300"),
        ("predict net.npz data.h5 --start 299 --count 2", "--count=2 is out of range: give an integer from 0 to 1"),
        ("predict net.npz data.h5 --out images.txt", "the suffix of --out='.txt' is unknown"),
        ("predict net.npz spectra.npy --out spectra.npy", "would overwrite spectra.npy"),
        ("predict net.npz data.h5 --out none/images.npy", "make the folder first"),
        ("predict net.npz other.h5", "net.npz was trained for the system"),
        ("predict net.npz wide.npy", "spectra has 15 inputs, expected 14"),
        ("predict net.npz broken.npy", "DATA='broken.npy' is not a NumPy array or is damaged"),
        ("predict net.npz system.mdf", "use mpifast reconstruct system.mdf --matrix FILE --solver net.npz"),
        ("predict net.npz net.npz", "net.npz holds no spectra"),
        ("predict data.h5 data.h5", "data.h5 is not a mpifast network"),
        ("export net.npz net.mdf", "net.npz cannot be exported to 'net.mdf': mpifast exports a network to .onnx"),
        ("export measured.mdf a.npy", "measured.mdf is a measurement file"),
        ("export spectra.npy a.npy", "spectra.npy cannot be exported"),
        ("export net.npz a.onnx --count 3", "--start and --count choose samples of a store"),
        ("export data.h5 a.mdf --count 301", "--count=301 is out of range"),
        ("export data.h5 none/a.mdf", "make the folder first"),
    ],
)
def test_mistakes_write_nothing(capsys, files, arguments, message):
    other = mpifast.system_matrix(mpifast.Scanner(voxels=11), mpifast.Particle(30e-9), harmonics=14)
    mpifast.Spectra(other).save("other.h5", 3)
    np.save("wide.npy", np.zeros((3, 15)))
    (files / "broken.npy").write_bytes(b"\x93NUMPY\x01\x00\x76\x00{'descr': (")
    before = {path: path.read_bytes() for path in files.rglob("*") if path.is_file()}
    code, out, err = run(capsys, *arguments.split())
    assert (code, out) == (2, "")
    assert err.startswith("mpifast: error: ")
    assert message in err
    assert err.count("\n") == 1
    assert {path: path.read_bytes() for path in files.rglob("*") if path.is_file()} == before


def test_the_names_that_the_parser_knows_are_those_of_the_library():
    from mpifast.io.mdf import reconstruct
    from mpifast.networks import scaling

    assert tuple(name for name in reconstruct.SOLVERS if name != "plug-and-play") == SOLVERS  # that needs a denoiser
    assert scaling.MODES == SCALINGS
