"""Scanners on a grid on the command line: what is computed, files of all kinds, mistakes."""

import json
import os

import numpy as np
import pytest

import mpifast
from mpifast.cli import main
from mpifast.cli._parser import parser
from mpifast.cli._system import computed_system

GRID = ["--grid", "4x6", "--field-of-view", "15e-3,18e-3"]
# Negative numbers may follow an option without "=".
POINT = ["--scanner", "lissajous", *GRID, "--gradient", "-2,-2,4", "--drive-amplitude=18e-3,20e-3,0", "--divider=6,5,1"]
LINE = ["--scanner", "field-free-line", *GRID, "--gradient", "2", "--drive-amplitude=20e-3", "--divider=10"]
SAMPLED = ["--scanner", "sampled", *GRID, "--waveform", "drive.npy", "--period", "1e-3"]
PARTICLE = mpifast.Particle(40e-9)


@pytest.fixture(autouse=True)
def waveform(tmp_path, monkeypatch):
    """A working directory with a drive field: 24 samples of a figure of eight."""
    monkeypatch.chdir(tmp_path)
    turn = 2 * np.pi * np.arange(24) / 24
    drive = 12e-3 * np.stack([np.cos(turn), np.sin(2 * turn), 0 * turn], axis=1)
    np.save("drive.npy", drive)
    return drive


def run(capsys, *arguments):
    try:
        code = main(list(arguments))
    except SystemExit as stop:  # argparse
        code = stop.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def grid(**options):
    return mpifast.Grid((4, 6), (15e-3, 18e-3), **options)


def test_options_are_the_parameters_of_each_scanner(waveform):
    point = mpifast.LissajousScanner(grid(), (-2, -2, 4), (18e-3, 20e-3, 0), (6, 5, 1))
    off = mpifast.LissajousScanner(
        grid(center=(-1e-3, 0)),
        ((-2, 0.5, 0), (0.5, -2, 0), (0, 0, 4)),
        (18e-3, 20e-3, 0),
        (6, 5, 1),
        1e6,
        (0.0, 0.5, 1.0),
        (-1e-3, 0, 0),
        ("x", "z"),
    )
    line = mpifast.FieldFreeLineScanner(grid(), 2.0, 20e-3, 10)
    turning = mpifast.FieldFreeLineScanner(grid(), 2.0, 20e-3, 10, angle=0.3, rotation=40, phase=-0.5)
    sampled = mpifast.SampledScanner(grid(), waveform, 1e-3, (-2, -2, 4), ("y",))
    placed = ["--center", "-1e-3,0", "--offset-field", "-1e-3,0,0", "--channels", "xz"]
    sines = ["--base-frequency", "1e6", "--phase", "0,0.5,1", "--gradient=-2,.5,0,.5,-2,0,0,0,4"]
    turn = ["--angle", "0.3", "--rotation", "40", "--phase", "-0.5", "--tolerance", "1e-6"]
    cases = [
        (POINT, point, {}),
        ([*POINT, "--band", "5e5", "inf", "--mixing-order", "5"], point, {"band": (5e5, None), "mixing_order": 5}),
        ([*POINT, *placed, *sines, "--level=1e-2"], off, {"level": 1e-2}),
        (LINE, line, {}),
        ([*LINE, *turn], turning, {"tolerance": 1e-6}),
        ([*SAMPLED, "--gradient", "-2,-2,4", "--channels", "y", "--level", "0.1"], sampled, {"level": 0.1}),
    ]
    for options, scanner, limits in cases:
        found = computed_system(parser().parse_args(["matrix", "system.npy", *options]))
        expected = mpifast.system_matrix(scanner, PARTICLE, **limits)
        assert (found.scanner, found.particle, found.tolerance) == (scanner, PARTICLE, expected.tolerance)
        np.testing.assert_array_equal(found.rows, expected.rows)


def test_matrix_writes_real_equations(capsys):
    expected = mpifast.system_matrix(mpifast.FieldFreeLineScanner(grid(), 2.0, 20e-3, 10), PARTICLE)
    code, out, err = run(capsys, "matrix", "system.npy", *LINE, "--json")
    assert (code, err) == (0, "")
    np.testing.assert_array_equal(np.load("system.npy"), expected.real)
    sizes = {"rows": len(expected.rows), "equations": len(expected.real), "voxels": 24, "grid": [4, 6]}
    assert json.loads(out) == {"file": "system.npy", **sizes, "fingerprint": expected.fingerprint}
    _, out, _ = run(capsys, "matrix", "system.npy", *LINE)
    assert out == f"system.npy: {len(expected.rows)} rows, grid 4 x 6, fingerprint {expected.fingerprint}\n"


def test_help_has_the_defaults_of_the_classes(capsys):
    _, out, _ = run(capsys, "matrix", "--help")
    text = " ".join(out.split())
    point, line, one = mpifast.LissajousScanner, mpifast.FieldFreeLineScanner, mpifast.Scanner
    for values in (point.gradient, point.drive_amplitude, point.divider):
        assert f"(default: {','.join(f'{value:g}' for value in values)})" in text
    for value in (line.gradient, line.drive_amplitude, line.divider, point.base_frequency, one().gradient):
        assert f"(default: {value:g})" in text
    for value in (one().drive_amplitude, one().drive_frequency, one().voxels, PARTICLE.temperature):
        assert f"(default: {value:g})" in text
    titles = [line for line in out.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert titles[-7:] == [
        "the system (SI units; x, y and z with commas between them, as in -1,-1,2):",
        "the tracer, where it is more than its diameter:",
        "of --scanner 1d:",
        "of --scanner lissajous, field-free-line and sampled:",
        "of --scanner lissajous and field-free-line:",
        "of --scanner sampled:",
        "examples:",
    ]


@pytest.mark.parametrize("options", [POINT, LINE, SAMPLED], ids=["lissajous", "field-free-line", "sampled"])
def test_from_a_scanner_to_a_network(capsys, options):
    assert run(capsys, "matrix", "system.mdf", *options)[0] == 0
    assert run(capsys, "generate", "data.h5", *options, "--count", "60", "--snr-db", "30")[0] == 0
    code, _, err = run(capsys, "train", "net.npz", *options, "--count", "50", "--epochs", "1", "--snr-db", "30")
    assert (code, err) == (0, "")
    train = ["train", "net2.npz", "--data", "data.h5", "--count", "50", "--epochs", "1"]
    assert run(capsys, *train, "--matrix", "system.mdf")[0] == 0
    one, other = (mpifast.Network.load(name) for name in ("net.npz", "net2.npz"))
    np.testing.assert_array_equal(one.weights[0], other.weights[0])
    np.save("other.npy", np.eye(24))
    code, _, err = run(capsys, *train, "--matrix", "other.npy")
    assert (code, "--matrix=other.npy is the system " in err, err.endswith(": give its own\n")) == (2, True, True)
    code, out, _ = run(capsys, "info", "system.mdf", "data.h5", "net.npz", "--json")
    found = json.loads(out)
    assert code == 0
    store, rows = found["data.h5"], found["data.h5"]["rows"]
    assert (store["model"], store["scanner"]["grid"]["shape"]) == ("vector langevin", [4, 6])
    assert found["system.mdf"]["grid"] == [4, 6, 1]
    assert found["system.mdf"]["rows"] == rows
    assert found["net.npz"]["rows"] == {name: rows[name] for name in ("count", "channels", "numbers")}
    assert len({facts["fingerprint"] for facts in found.values()}) == 1
    assert "rows.numbers" in run(capsys, "info", "system.mdf")[1]


def test_reconstruct_reads_what_matrix_wrote(capsys):
    assert run(capsys, "matrix", "system.mdf", *POINT)[0] == 0
    with mpifast.read_mdf("system.mdf") as file:
        system = file.system_matrix()
    phantom = np.zeros((1, 24))
    phantom[0, 14] = 1.0
    mpifast.write_mdf("measured.mdf", system.forward(phantom), system)
    arguments = [
        "reconstruct",
        "measured.mdf",
        "--matrix",
        "system.mdf",
        "--solver",
        "nnls",
        "--out",
        "images",
        "--json",
    ]
    code, out, err = run(capsys, *arguments)
    assert (code, err) == (0, "")
    with mpifast.read_mdf("images.mdf") as file:
        assert file.images()[0, :, 0].argmax() == np.arange(24).reshape(4, 6).T.reshape(-1).tolist().index(14)
    code, out, _ = run(capsys, *arguments, "--band", "3e5", "inf")
    assert json.loads(out)["equations"] == 2 * sum(system.rows["frequency"] >= 3e5) // (3 - len(system.parts))


def test_train_with_patience(capsys):
    small = ["--voxels", "11", "--harmonics", "14", "--count", "200", "--snr-db", "10", "--validation", "50"]
    code, out, err = run(capsys, "train", "net.npz", *small, "--epochs", "200", "--patience", "2", "--json")
    facts = json.loads(out)
    assert (code, err, facts["stopped"]) == (0, "", "patience")
    assert facts["epochs"] - facts["best_epoch"] == 3
    assert facts["validation_mse"][facts["best_epoch"]] == min(facts["validation_mse"])
    assert mpifast.Network.load("net.npz").epochs_trained == facts["best_epoch"] + 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--scanner", "spiral"], "argument --scanner: invalid choice: 'spiral' (choose from "),
        (["--grid", "4x6"], "--grid=4x6 does not go with --scanner 1d: leave it out, or give --scanner lissajous or"),
        (["--band", "1", "inf"], "--band=1 inf does not go with --scanner 1d"),
        (["--gradient", "-1,-1,2"], "--gradient=-1,-1,2 has 3 numbers: --scanner 1d takes one"),
        (
            [*POINT, "--harmonics", "9"],
            "--harmonics=9 does not go with --scanner lissajous: leave it out, or give --scan",
        ),
        (["--scanner", "lissajous"], "--scanner lissajous needs --grid: give e.g. --grid 40x40"),
        (["--scanner", "lissajous", "--grid", "4x6"], "needs --field-of-view: give e.g. --field-of-view 24e-3,24e-3"),
        (
            [*GRID, "--scanner", "sampled", "--period", "1"],
            "--scanner sampled needs --waveform: give e.g. --waveform d",
        ),
        ([*POINT, "--grid", "4,6"], "--grid='4,6' is not whole numbers with 'x' between them: give e.g. 40x40"),
        ([*POINT, "--grid", "0x6"], "--grid=0x6 --field-of-view=15e-3,18e-3: shape[0]=0 is out of range: give an"),
        ([*POINT, "--field-of-view", "1"], "field_of_view has 1 entries, expected 2"),
        ([*POINT, "--gradient", "a,b"], "--gradient='a,b' is not numbers with ',' between them: give e.g. -1,-1,2"),
        ([*POINT, "--gradient", "1,1,1"], "--scanner lissajous: gradient has trace 3 T/m"),
        ([*POINT, "--divider", "1.5,1,1"], "--divider='1.5,1,1' is not whole numbers with ',' between them"),
        ([*POINT, "--divider", "9"], "--scanner lissajous: divider has 1 entries, expected 3: along x, y and z"),
        ([*POINT, "--drive-amplitude", "0,0,0"], "drives no axis: give at least one above zero"),
        ([*POINT, "--channels", "xw"], "channels[1]='w' is unknown: choose one of 'x', 'y', 'z'"),
        ([*POINT, "--band", "nan", "1"], "band=nan is out of range"),
        ([*POINT, "--band", "1e9", "inf"], "leave no row of the"),
        ([*POINT, "--level", "2"], "level=2.0 is out of range"),
        ([*POINT, "--tolerance", "1"], "tolerance=1.0 is out of range"),
        ([*LINE, "--mixing-order", "3"], "mixing_order=3 belongs to a LissajousScanner"),
        ([*SAMPLED, "--period", "-1"], "--scanner sampled --waveform=drive.npy: period=-1.0 is out of range"),
        ([*SAMPLED, "--waveform", "none.npy"], "No such file or directory: 'none.npy'"),
        ([*SAMPLED, "--waveform", "flat.npy"], "--waveform=flat.npy: drive_field must have two dimensions"),
        (["--data", "data.h5", "--scanner", "lissajous"], "--scanner=lissajous does not go with --data data.h5, which"),
        (["--matrix", "s.mdf", "--grid", "4x6"], "--grid=4x6 does not go with --matrix s.mdf, which decides: leave it"),
        (["--patience", "3", "--validation", "0"], "--patience=3 needs samples that validate: give --validation 1000"),
        (["--patience", "0"], "patience=0 is out of range"),
    ],
)
def test_mistakes_are_one_line_and_write_nothing(capsys, arguments, message):
    np.save("flat.npy", np.zeros(5))
    before = sorted(os.listdir())
    code, out, err = run(capsys, "train", "net.npz", *arguments, "--count", "20")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err
    assert sorted(os.listdir()) == before
