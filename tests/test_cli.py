"""The command line: output, exit codes, one-line errors."""

import json
import os
import sys

import h5py
import numpy as np
import pytest

import mpifast
from mpifast import cli
from mpifast.cli._parser import COMMANDS, parser


def run(capsys, *arguments):
    """Exit code, output and errors of a command."""
    try:
        code = cli.main(list(arguments))
    except SystemExit as stop:  # argparse
        code = stop.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_reproduce_prints_the_table_and_writes_the_files(capsys, tmp_path):
    code, out, err = run(capsys, "reproduce", "fig2", "--out", str(tmp_path / "results"))
    assert code == 0
    assert "fwhm_mm_50nm" in out
    assert "0.25" in out
    assert err == "fig2 ...\n"
    assert sorted(os.listdir(tmp_path / "results")) == ["fig2.png", "report.html", "results.json"]


def test_only_is_the_same_as_naming_figures(capsys, tmp_path):
    code, out, _ = run(capsys, "reproduce", "--only", "fig2", "fig3", "--out", str(tmp_path))
    assert code == 0
    assert {line.split()[0] for line in out.splitlines() if line.startswith("fig")} == {
        "figure",
        "fig2",
        "fig3",
    }  # and the head


def test_version(capsys):
    assert run(capsys, "--version")[:2] == (0, f"mpifast {mpifast.__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "COMMAND"),
        (["draw"], "invalid choice: 'draw'"),
        (["reproduce", "fig99"], "mpifast: error: figure='fig99' is unknown: choose one of 'fig1'"),
        (["reproduce", "--only", "fig99"], "mpifast: error: figure='fig99' is unknown"),
        (["reproduce", "fig2", "--seed", "-1"], "mpifast: error: --seed=-1 is out of range"),
        (["reproduce", "fig2", "--seed", "x"], "argument --seed: invalid int value"),
        (["reproduce", "fig2", "--threads", "0"], "mpifast: error: --threads=0 is out of range"),
        (["reproduce", "--size", "3"], "unrecognized arguments"),
    ],
)
def test_mistakes_exit_with_2_and_say_why(capsys, arguments, message):
    code, out, err = run(capsys, *arguments)
    assert code == 2
    assert out == ""
    assert message in err
    assert "Traceback" not in err


def test_a_folder_that_cannot_be_made_is_one_line(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = run(capsys, "reproduce", "fig2", "--out", str(tmp_path / "file" / "results"))
    assert code == 2
    assert err.count("\n") == 1
    assert "file" in err


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0,
    reason="the superuser may write anywhere, and Windows has other rights",
)
def test_a_folder_that_cannot_be_written_is_one_line(capsys, tmp_path):
    tmp_path.chmod(0o500)
    code, _, err = run(capsys, "reproduce", "fig2", "--out", str(tmp_path))
    assert code == 2
    assert err.count("\n") == 1


def test_ctrl_c_exits_with_130(capsys, monkeypatch, tmp_path):
    from mpifast.paper.figures import fig2

    def interrupted(options, outcomes):
        raise KeyboardInterrupt

    monkeypatch.setattr(fig2, "measure", interrupted)
    code, _, err = run(capsys, "reproduce", "fig2", "--out", str(tmp_path))
    assert code == 130
    assert "interrupted" in err


@pytest.fixture
def files(small_system, tmp_path, monkeypatch):
    """A system matrix and a measurement, in the working directory."""
    monkeypatch.chdir(tmp_path)
    mpifast.write_mdf("system.mdf", small_system)
    mpifast.write_mdf("measurement.mdf", small_system.spectra(np.eye(11), dtype="float64"), small_system)
    return tmp_path


def test_mdf_check_goes_on_after_a_file_that_cannot_be_read(capsys, files):
    (files / "text.mdf").write_text("no HDF5")
    with h5py.File("system.mdf", "r+") as file:
        del file["study/name"]
    code, out, err = run(capsys, "mdf", "check", "text.mdf", "none.mdf", "system.mdf")
    assert code == 2
    assert out.startswith("system.mdf: /study/name: ")
    assert [line.startswith("mpifast: error: ") for line in err.splitlines()] == [True, True]
    code, out, _ = run(capsys, "mdf", "check", "text.mdf", "system.mdf", "--json")
    found = json.loads(out)
    assert code == 2
    assert "not HDF5" in found["text.mdf"]["error"]
    assert found["system.mdf"][0]["dataset"] == "/study/name"


def test_mdf_check_is_quiet_or_names_breaches(capsys, files):
    assert run(capsys, "mdf", "check", "system.mdf", "measurement.mdf") == (0, "", "")
    with h5py.File("system.mdf", "r+") as file:
        del file["calibration/order"], file["uuid"]
    code, out, err = run(capsys, "mdf", "check", "system.mdf")
    assert (code, err) == (1, "")
    assert [line.split(": ")[0] for line in out.splitlines()] == ["/uuid", "/calibration/order"]
    assert run(capsys, "mdf", "check", "system.mdf", "measurement.mdf")[1].startswith(
        "system.mdf: /uuid: missing; add it"
    )
    code, out, _ = run(capsys, "mdf", "check", "--json", "system.mdf", "measurement.mdf")
    found = json.loads(out)
    assert (code, found["measurement.mdf"], found["system.mdf"][0]["dataset"]) == (1, [], "/uuid")


def test_reconstruct_writes_a_picture_and_a_file(capsys, files):
    code, out, err = run(
        capsys, "reconstruct", "measurement.mdf", "--matrix", "system.mdf", "--solver", "tsvd", "--rank", "11"
    )
    assert (code, err) == (0, "")
    first, *_, last = out.splitlines()
    assert first == "11 images of 11 voxels by tsvd from 14 equations, weights: none"
    assert last == "measurement-reconstruction.png, measurement-reconstruction.mdf"
    assert "rank 11, relative residual " in out
    with mpifast.read_mdf("measurement-reconstruction.mdf") as file:
        np.testing.assert_allclose(file.images()[:, :, 0], np.eye(11), atol=1e-6)
    assert (files / "measurement-reconstruction.png").read_bytes().startswith(b"\x89PNG")


def test_reconstruct_takes_all_options(capsys, files):
    chosen = [
        "--snr-threshold",
        "1",
        "--band",
        "30e3",
        "200e3",
        "--channels",
        "1",
        "--frames",
        "2",
        "9",
        "--average",
        "4",
        "--background",
        "keep",
    ]
    options = [
        "--alpha",
        "0.1",
        "--no-relative",
        "--iterations",
        "50",
        "--tolerance",
        "1e-9",
        "--nonnegative",
        "--json",
    ]
    code, out, err = run(
        capsys, "reconstruct", "measurement.mdf", "--matrix", "system.mdf", "--out", "a.b", *chosen, *options
    )
    summary = json.loads(out)
    assert code == 0
    assert (summary["images"], summary["voxels"], summary["equations"], summary["breaches"]) == (2, 11, 9, [])
    assert summary["files"] == ["a.b.png", "a.b.mdf"]
    assert summary["parameter"] == [0.1, 0.1]
    assert (summary["iterations"], summary["converged"]) == ([50, 50], [False, False])
    assert err.startswith("mpifast: warning: kaczmarz: 2 of 2 spectra have not converged after 50 iterations")


def test_reconstruct_with_a_relative_alpha(capsys, files, small_system):
    options = ["--solver", "tikhonov", "--alpha", "0.1", "--relative", "--json"]
    code, out, err = run(capsys, "reconstruct", "measurement.mdf", "--matrix", "system.mdf", *options)
    assert (code, err) == (0, "")
    summary = json.loads(out)
    np.testing.assert_allclose(summary["parameter"], 0.1 * np.square(small_system.real).sum() / 11)
    assert (summary["iterations"], summary["converged"]) == ([0] * 11, [True] * 11)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("mdf check text.mdf", "text.mdf: not HDF5"),
        ("mdf check none.mdf", "No such file"),
        ("mdf", "ACTION"),
        ("reconstruct measurement.mdf", "--matrix"),
        (
            "reconstruct measurement.mdf --matrix measurement.mdf",
            "measurement.mdf has no system matrix: it is a measurement file",
        ),
        (
            "reconstruct measurement.mdf --matrix other.mdf",
            "measurement.mdf does not fit other.mdf: /acquisition/_voxels is 11, in the matrix 12",
        ),
        ("reconstruct text.mdf --matrix system.mdf", "text.mdf: not HDF5"),
        (
            "reconstruct measurement.mdf --matrix system.mdf --solver net.npz",
            "net.npz does not fit system.mdf: the network is for 20 inputs",
        ),
        ("reconstruct measurement.mdf --matrix system.mdf --solver text.npz", "text.npz is not a mpifast network"),
        (
            "reconstruct measurement.mdf --matrix system.mdf --rank 3",
            "rank=3 (int) is not an option of solver='kaczmarz'",
        ),
        ("reconstruct measurement.mdf --matrix system.mdf --frames 0 3", "--frames FIRST=0 is out of range"),
        (
            "reconstruct measurement.mdf --matrix system.mdf --frames 9 12",
            "--frames LAST=12 is out of range: give an integer from 9 to 11",
        ),
        ("reconstruct measurement.mdf --matrix system.mdf --frames 12 12", "--frames FIRST=12 is out of range"),
        ("reconstruct measurement.mdf --matrix system.mdf --frames 3 2", "--frames LAST=2 is out of range: give"),
        (
            "reconstruct measurement.mdf --matrix system.mdf --solver nnls --weights energy",
            "weights='energy' (str) is not an option",
        ),
        ("reconstruct measurement.mdf --matrix system.mdf --weights text.npz", "--weights='text.npz' is not a NumPy"),
        (
            "reconstruct measurement.mdf --matrix system.mdf --out measurement",
            "--out=measurement would overwrite measurement.mdf",
        ),
        (
            "reconstruct measurement.mdf --matrix system.mdf --channels 1 --band 1 2",
            "band=[1.0, 2.0], channels=[1] leave no frequency of system.mdf",
        ),
        ("reconstruct measurement.mdf --matrix system.mdf --channels 0", "channels=0 is out of range"),
        ("reconstruct measurement.mdf --matrix system.mdf --out none/images", "No such file"),
    ],
)
def test_mistakes_with_files_overwrite_nothing(capsys, files, arguments, message):
    (files / "text.mdf").write_text("no HDF5")
    (files / "text.npz").write_text("no network")
    mpifast.Network(20, 11, scaling="none").save("net.npz")
    mpifast.write_mdf(
        "other.mdf", mpifast.system_matrix(mpifast.Scanner(voxels=12), mpifast.Particle(40e-9), harmonics=14)
    )
    for name in ("measurement-reconstruction.mdf", "measurement-reconstruction.png"):
        (files / name).write_text("old")
    before = {path.name: path.read_bytes() for path in files.iterdir()}
    code, out, err = run(capsys, *arguments.split())
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err
    assert {path.name: path.read_bytes() for path in files.iterdir()} == before


def test_a_missing_h5py_names_the_extra(run_python):
    done = run_python(
        "-c",
        "import sys; sys.modules['h5py'] = None; from mpifast.cli import main; sys.exit(main(['mdf', 'check', "
        "'x.mdf']))",
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert 'pip install "mpifast[mdf]"' in done.stderr


def test_a_missing_matplotlib_names_the_extra(run_python):
    done = run_python(
        "-c",
        "import sys; sys.modules['matplotlib'] = None; from mpifast.cli import main; sys.exit(main(['reproduce', "
        "'fig2']))",
    )
    assert done.returncode == 2
    assert 'pip install "mpifast[paper]"' in done.stderr


def test_python_m_mpifast_is_the_same_command(run_python):
    assert run_python("-m", "mpifast", "--version").stdout == f"mpifast {mpifast.__version__}\n"


SMALL = ["--voxels", "11", "--harmonics", "14"]


def test_a_matrix_becomes_an_mdf_file_or_an_array(capsys, tmp_path):
    for name in ("system.mdf", "system.npy"):
        code, out, err = run(capsys, "matrix", str(tmp_path / name), *SMALL, "--diameter", "35e-9")
        assert (code, err) == (0, "")
        assert "14 harmonics, 11 voxels" in out
    system = mpifast.system_matrix(mpifast.Scanner(voxels=11), mpifast.Particle(35e-9), harmonics=14)
    np.testing.assert_array_equal(np.load(tmp_path / "system.npy"), system.real)
    assert mpifast.check_mdf(tmp_path / "system.mdf") == []
    facts = json.loads(run(capsys, "matrix", str(tmp_path / "system.npy"), *SMALL, "--json")[1])
    assert facts["condition_number"] == pytest.approx(
        mpifast.analysis.condition_number(np.load(tmp_path / "system.npy"))
    )


@pytest.mark.parametrize("suffix", [".h5", ".zarr"])
def test_generate_then_train_on_the_store(capsys, tmp_path, suffix):
    store, network = str(tmp_path / f"data{suffix}"), str(tmp_path / "net.npz")
    code, out, _ = run(capsys, "generate", store, "--count", "300", *SMALL, "--seed", "4", "--snr-db", "30")
    assert code == 0
    assert "300 samples" in out
    code, out, _ = run(
        capsys,
        "train",
        network,
        "--data",
        store,
        "--count",
        "250",
        "--validation",
        "50",
        "--hidden",
        "9",
        "--epochs",
        "2",
        "--json",
    )
    assert code == 0
    system = mpifast.system_matrix(mpifast.Scanner(voxels=11), mpifast.Particle(40e-9), harmonics=14)
    spectra, expected = mpifast.Spectra(system, seed=4, snr_db=30.0), mpifast.Network(14, 11, (9,), seed=1)
    history = expected.fit(*spectra[:250], epochs=2, validation=spectra[250:300])
    assert json.loads(out)["validation_mse"] == history.validation_mse
    loaded = mpifast.Network.load(network)
    assert loaded.system == system.fingerprint
    np.testing.assert_array_equal(loaded.weights[0], expected.weights[0])


def test_train_on_the_virtual_data_set_with_the_fast_recipe(capsys, tmp_path):
    code, out, err = run(capsys, "train", str(tmp_path / "net.npz"), *SMALL, "--count", "500", "--recipe", "fast")
    assert (code, err) == (0, "")
    assert "epochs trained" in out
    assert "validation MSE" in out


def test_a_checkpoint_with_more_epochs_than_asked_for_is_refused(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    train = ["train", "net.npz", *SMALL, "--count", "50", "--checkpoint", "run.npz"]
    assert run(capsys, *train, "--epochs", "6")[0] == 0
    before = (tmp_path / "run.npz").read_bytes(), (tmp_path / "net.npz").read_bytes()
    code, out, err = run(capsys, *train, "--epochs", "2")
    assert (code, out) == (2, "")
    assert "--epochs 2: run.npz has 6 epochs already; give --epochs 6 or more, or another file" in err
    assert before == ((tmp_path / "run.npz").read_bytes(), (tmp_path / "net.npz").read_bytes())
    code, out, _ = run(capsys, *train, "--epochs", "8", "--json")
    assert (code, json.loads(out)["epochs"]) == (0, 8)


def test_the_tolerance_of_the_matrix_is_an_option(capsys, tmp_path):
    nodes = []
    for tolerance in ("1e-12", "1e-3"):
        arguments = ["matrix", str(tmp_path / "system.npy"), *SMALL, "--tolerance", tolerance, "--json"]
        code, out, _ = run(capsys, *arguments)
        assert code == 0
        nodes.append(json.loads(out)["nodes"])
    assert nodes[0] > nodes[1]


def test_counts_may_be_written_as_1e2(capsys, tmp_path):
    code, out, _ = run(capsys, "generate", str(tmp_path / "data.h5"), *SMALL, "--count", "1e2", "--json")
    assert (code, json.loads(out)["count"]) == (0, 100)


@pytest.mark.parametrize("weights", ["energy", "weights.npy"])
def test_reconstruct_weights_the_equations(capsys, files, weights):
    np.save("weights.npy", np.linspace(1.0, 2.0, 14))
    options = ["--alpha", "0.1", "--json", "--out", "images"]
    arguments = ["reconstruct", "measurement.mdf", "--matrix", "system.mdf", *options]
    code, out, _ = run(capsys, *arguments, "--weights", weights)
    assert code == 0
    weighted = json.loads(out)
    assert weighted["residual"] != json.loads(run(capsys, *arguments)[1])["residual"]
    with mpifast.read_mdf("system.mdf") as matrix, mpifast.read_mdf("measurement.mdf") as file:
        system = matrix.system()
        given = weights if weights == "energy" else np.load(weights)
        expected = mpifast.reconstruct(system, file, alpha=0.1, weights=given)
    np.testing.assert_array_equal(weighted["residual"], expected.residual)


def test_reconstruct_by_nnls_and_by_a_tolerance(capsys, files):
    arguments = ["reconstruct", "measurement.mdf", "--matrix", "system.mdf", "--json"]
    code, out, _ = run(capsys, *arguments, "--solver", "nnls")
    assert (code, json.loads(out)["parameter"]) == (0, [0.0] * 11)
    with mpifast.read_mdf("measurement-reconstruction.mdf") as file:
        assert file.images().min() >= 0.0
        np.testing.assert_allclose(file.images()[:, :, 0], np.eye(11), atol=1e-6)
    code, out, _ = run(capsys, *arguments, "--solver", "tsvd", "--tolerance", "0.5")
    assert code == 0
    assert 0 < max(json.loads(out)["parameter"]) < 11


@pytest.mark.parametrize("name", ["system.npy", "system.mdf", "net.npz", "data.h5", "data.zarr"])
def test_errors_name_the_file_and_no_temporary_one(capsys, tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "file").write_text("")
    rest = {"system": [], "net": ["--count", "9"], "data": ["--count", "9"]}[name.split(".")[0]]
    command = {"system": "matrix", "net": "train", "data": "generate"}[name.split(".")[0]]
    code, _, err = run(capsys, command, str(tmp_path / name), *SMALL, *rest)
    assert code == 2
    assert str(tmp_path / name) in err
    assert ".tmp" not in err
    assert ".lock" not in err


def test_bench_compares_with_numpy(capsys, monkeypatch):
    from mpifast.cli import bench

    monkeypatch.setattr(bench, "SAMPLES", 300)
    monkeypatch.setattr(bench, "ROUNDS", 1)
    code, out, _ = run(capsys, "bench", "--json")
    assert code == 0
    assert all(value["products"] > 0 for value in json.loads(out)["work"].values())


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion_knows_the_commands(capsys, shell):
    code, out, _ = run(capsys, "--completion", shell)
    assert code == 0
    assert "reproduce" in out
    assert "generate" in out


@pytest.mark.parametrize("command", ["", "mdf check", *(command.__name__.rpartition(".")[2] for command in COMMANDS)])
def test_help_has_examples_and_fits_a_terminal(capsys, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "100")
    code, out, _ = run(capsys, *command.split(), "--help")
    assert code == 0
    assert [line for line in out.splitlines() if len(line) > 100] == []
    lines = [line.partition("mpifast ")[2] for line in ("example" + out.rpartition("\nexample")[2]).splitlines()]
    examples = [line.split() for line in lines if line]
    assert examples
    for words in examples:
        parser().parse_args(words)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["matrix", "system.txt"], "the suffix of FILE='.txt' is unknown: choose one of '.mdf', '.npy'"),
        (["matrix", "system.npy", "--diameter", "-1"], "diameter=-1.0 is out of range"),
        (["generate", "data.h5"], "--count"),
        (["generate", "data.csv", "--count", "3"], "data.csv"),
        (["generate", "data.h5", "--count", "-3"], "count=-3"),
        (["train", "net.h5"], "the suffix of NETWORK"),
        (["train", "net.npz", "--data", "none.h5"], "none.h5"),
        (["train", "net.npz", "--hidden", "9", "--recipe", "fast", "--count", "9"], "one layer of sigmoid units"),
        (["bench", "--threads", "0"], "threads=0"),
        (
            ["matrix", "system.npy", "--tolerance", "1e-14"],
            "tolerance=1e-14 is out of range: give a number between 2e-13 and 0.1",
        ),
        (
            ["generate", "data.h5", "--count", "3", "--matrix", "s.mdf", "--tolerance", "1e-9"],
            "--tolerance=1e-09 does not",
        ),
        (["matrix", "none/system.npy"], "make the folder first"),
    ],
)
def test_mistakes_write_nothing(capsys, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert os.listdir(tmp_path) == []
